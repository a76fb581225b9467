"""The list that the API reference is made from: every public name, in reading order.

`tests/docs/test_api_reference.py` asserts that it has all of them and none twice.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """A subpackage and its names, in groups with a title each."""

    module: str
    groups: dict[str, tuple[str, ...]]

    @property
    def names(self) -> list[str]:
        """All names."""
        return [name for names in self.groups.values() for name in names]


ROOMS = (
    Room(
        "sknn.estimators",
        {
            "Estimators": (
                "ScratchMLPClassifier",
                "TorchMLPClassifier",
                "ScratchMLPRegressor",
                "TorchMLPRegressor",
                "ScratchMLPEnsembleClassifier",
                "ScratchMLPEnsembleRegressor",
            ),
            "Many at once": ("fit_many",),
        },
    ),
    Room(
        "sknn.model_selection",
        {"Searches": ("StackedGridSearchCV", "StackedRandomizedSearchCV")},
    ),
    Room(
        "sknn.preprocessing",
        {
            "Transformers": (
                "ColumnNormScaler",
                "RobustSmoothScaler",
                "PiecewiseLinearEncoder",
                "PlainFrame",
            ),
            "Tables": ("make_table_transformer", "choose_columns", "TableColumns"),
        },
    ),
    Room(
        "sknn.feature_selection",
        {"Selectors": ("MLPFeatureSelector", "RankStabilitySelector", "RegularizationPath")},
    ),
    Room(
        "sknn.inspection",
        {
            "Training": ("TrainingHistoryDisplay", "VolatilityDisplay"),
            "The learning rate": ("learning_rate_range", "LearningRateRange", "ConvergenceDisplay"),
            "A classifier": ("OneVsRestRocDisplay", "RocCurve"),
            "A regressor": (
                "PredictionIntervalDisplay",
                "IntervalCalibrationDisplay",
                "QuantilePredictions",
            ),
            "A network": ("NetworkDisplay",),
            "Features": (
                "FeatureRankDisplay",
                "FeatureDistributionDisplay",
                "RegularizationPathDisplay",
            ),
            "A table": ("FeatureHistogramDisplay", "ClassBalanceDisplay", "CorrelationDisplay"),
        },
    ),
    Room("sknn.io", {"Functions": ("save", "load", "to_onnx", "register_onnx_converters")}),
    Room(
        "sknn.datasets",
        {"Tables of the studies": ("load_producers", "load_yeast"), "Files": ("read_table",)},
    ),
    Room(
        "sknn.studies",
        {
            "Studies": ("producers", "producers_key_features", "yeast"),
            "Comparisons": ("compare", "producers_comparison", "yeast_comparison"),
            "What the producers study returns": (
                "ProducersResult",
                "ProducersModel",
                "ProducersRuns",
                "ProducersSplit",
                "KeyFeaturesResult",
                "Published",
                "Rerun",
            ),
            "What the yeast study returns": (
                "YeastResult",
                "YeastModel",
                "YeastArchitectures",
                "YeastTable",
                "YeastSplit",
                "PublishedYeast",
                "RerunYeast",
            ),
            "What comparisons return": ("ComparisonResult", "Attainable"),
            "Parts of all": ("Spread", "FitProgress"),
        },
    ),
    Room(
        "sknn.report",
        {
            "Reports": ("Report", "Evaluation", "RegressionEvaluation"),
            "Parts of a report": (
                "Section",
                "Headline",
                "Text",
                "Table",
                "Picture",
                "Facts",
                "Notes",
            ),
            "The producers study": ("producers_tables", "producers_figures", "write_producers"),
            "Key features": ("key_features_table", "key_features_figures", "write_key_features"),
            "The yeast study and comparisons": (
                "yeast_tables",
                "yeast_figures",
                "write_yeast",
                "comparison_tables",
                "engines_table",
            ),
            "Files": ("output_directory",),
        },
    ),
    Room(
        "sknn.backprop",
        {
            "Layers": ("Layer", "Linear", "SparseLinear", "Dropout", "SparseDropout"),
            "Activations": (
                "Activation",
                "ReLU",
                "LeakyReLU",
                "Tanh",
                "Logistic",
                "Identity",
                "SiLU",
                "GELU",
                "Mish",
                "ELU",
                "SELU",
                "Softplus",
                "ACTIVATIONS",
            ),
            "Deeper networks": ("BatchNorm", "LayerNorm", "Residual"),
            "Embeddings": ("InputScale", "PeriodicEmbedding"),
            "Losses": (
                "LOSSES",
                "Loss",
                "SoftmaxCrossEntropy",
                "SigmoidCrossEntropy",
                "SquaredError",
                "AbsoluteError",
                "Huber",
                "Poisson",
                "Gamma",
                "Quantile",
                "GaussianNLL",
                "softmax",
                "log_softmax",
                "cross_entropy",
                "r2_of_rows",
            ),
            "Network": ("Sequential", "build_network", "predict"),
            "Initial weights": ("draw_parameters", "glorot_uniform"),
            "Penalties": (
                "Penalty",
                "Differentiable",
                "L1",
                "L2",
                "GroupL1",
                "make_penalties",
                "in_the_gradient",
                "add_gradients",
                "penalty_values",
            ),
            "Proximal steps": ("ProximalStep", "GroupThreshold", "NEWTON_STEPS"),
            "Optimizers": ("Optimizer", "SGD", "Adam", "AdamW", "RMSprop", "OPTIMIZERS"),
            "Batches": ("RowStack", "Batches", "Block", "Batch"),
            "Training": ("start", "train", "Run", "Update", "Validation"),
            "L-BFGS": ("NetworkObjective", "Objective"),
            "The engine of estimators": ("NumPyEngine",),
        },
    ),
    Room(
        "sknn.training",
        {
            "Network": ("NetworkSpec", "LayerSpec", "Layout", "Parameters"),
            "Inputs of a fit": (
                "Problem",
                "Rows",
                "Plan",
                "PER_MODEL",
                "stack_key",
                "check_stackable",
            ),
            "Learning rates": ("learning_rates", "constant", "invscaling", "cosine", "onecycle"),
            "Batches": ("batch_sizes", "draw_orders"),
            "Epochs": ("Epoch", "EpochHook", "note_epoch", "Tally"),
            "When to stop": ("EarlyStopping",),
            "Record and state": ("History", "TrainState", "Streams", "Outcome", "Checkpoint"),
            "Engines": ("Engine", "minimize_lbfgs", "FlatObjective"),
        },
    ),
)
