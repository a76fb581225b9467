"""What files may hold: classes, functions and types that are looked up by a name in a file.

A class is on the list if its instances are plain values and arrays, and if what it does with rows
is done by NumPy and SciPy on arrays whose bounds are checked. Trees, neighbours and clusterings are
not: compiled code follows their indices without a look.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

# Of sknn: models, with which a file may end, and the rest. Files hold names without a subpackage,
# so that modules can move; no two classes of sknn have one name.
NETWORKS = (
    "ScratchMLPClassifier",
    "ScratchMLPRegressor",
    "TorchMLPClassifier",
    "TorchMLPRegressor",
)
ENSEMBLES = ("ScratchMLPEnsembleClassifier", "ScratchMLPEnsembleRegressor")
SELECTORS = ("MLPFeatureSelector", "RankStabilitySelector", "RegularizationPath")
MODELS = (*NETWORKS, *ENSEMBLES, *SELECTORS)
HELPERS = (
    "ColumnNormScaler",
    "PiecewiseLinearEncoder",
    "PlainFrame",
    "RobustSmoothScaler",
    "StackedGridSearchCV",
    "StackedRandomizedSearchCV",
)
# Public module: names of its classes.
CLASSES = {
    "sklearn.compose": "ColumnTransformer make_column_selector",
    "sklearn.decomposition": "DictionaryLearning FactorAnalysis FastICA IncrementalPCA KernelPCA "
    "LatentDirichletAllocation MiniBatchDictionaryLearning MiniBatchNMF MiniBatchSparsePCA NMF PCA "
    "SparseCoder SparsePCA TruncatedSVD",
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis",
    "sklearn.feature_extraction": "DictVectorizer FeatureHasher",
    "sklearn.feature_extraction.text": "CountVectorizer HashingVectorizer TfidfTransformer "
    "TfidfVectorizer",
    "sklearn.feature_selection": "GenericUnivariateSelect RFE RFECV SelectFdr SelectFpr "
    "SelectFromModel SelectFwe SelectKBest SelectPercentile SequentialFeatureSelector "
    "VarianceThreshold",
    "sklearn.impute": "KNNImputer MissingIndicator SimpleImputer",
    "sklearn.kernel_approximation": "AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler "
    "SkewedChi2Sampler",
    "sklearn.linear_model": "ElasticNet ElasticNetCV Lasso LassoCV LinearRegression "
    "LogisticRegression LogisticRegressionCV Ridge RidgeClassifier",
    "sklearn.model_selection": "GridSearchCV GroupKFold KFold RandomizedSearchCV RepeatedKFold "
    "RepeatedStratifiedKFold ShuffleSplit StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit",
    "sklearn.neighbors": "NeighborhoodComponentsAnalysis",
    "sklearn.neural_network": "BernoulliRBM",
    "sklearn.pipeline": "FeatureUnion Pipeline",
    "sklearn.preprocessing": "Binarizer FunctionTransformer KBinsDiscretizer KernelCenterer "
    "LabelBinarizer LabelEncoder MaxAbsScaler MinMaxScaler Normalizer OneHotEncoder OrdinalEncoder "
    "PolynomialFeatures PowerTransformer QuantileTransformer RobustScaler SplineTransformer "
    "StandardScaler TargetEncoder",
    "sklearn.random_projection": "GaussianRandomProjection SparseRandomProjection",
    "sklearn.svm": "LinearSVC",
    "sknn": " ".join((*MODELS, *HELPERS)),
}
MODULES = {name: module for module, names in CLASSES.items() for name in names.split()}

# Attributes that are neither parameters nor end in an underscore, of any of these classes.
PRIVATE = frozenset(
    "_A _B _X_offset_ _algorithm _alphas_ _batch_size _beta_loss _centerer _checked_cv_orig "
    "_columns _components_denominator _components_numerator _counts "
    "_default_to_infrequent_mappings _drop_idx_after_grouping _encoder _ewa_cost _ewa_cost_min "
    "_feature_names_in _fill_dtype _fit_X _fit_algorithm _fit_dtype _fit_svd_solver _gamma "
    "_infrequent_enabled _infrequent_indices _is_fitted _label_encoder _mask_fit_X "
    "_max_components _max_degree _min_degree _missing_indices _n_components _n_features "
    "_n_features_out _n_features_outs _n_out_full _name_to_fitted_passthrough _no_improvement "
    "_precomputed _random_state _remainder _rho _scaler _sklearn_output_config _tfidf "
    "_transform_max_iter _transformer_to_input_indices _unmixing _valid_mask".split()
)
# Left out of files: what is set anew, what is of one process, and what is found when it is needed.
LEFT_OUT = frozenset({"_metadata_request", "_skl_callbacks", "_stop_words_id", "scorer_"})
# Parameters of the machine rather than of the model: a path that is written to, the number of
# processes, what listens to a training. They have these values in every file, and in whatever is
# loaded.
OF_THE_MACHINE = {
    "memory": None,
    "n_jobs": None,
    "pre_dispatch": "2*n_jobs",
    "skorch_callbacks": None,
}

SCORE_FUNCTIONS = (
    "chi2",
    "f_classif",
    "f_regression",
    "mutual_info_classif",
    "mutual_info_regression",
    "r_regression",
)
TYPES: dict[str, type] = {
    **{kind.__name__: kind for kind in (bool, float, int, object, str)},
    **{
        f"numpy.{kind.__name__}": kind
        for kind in (np.float16, np.float32, np.float64, np.bool_, np.str_, np.object_)
    },
    **{
        f"numpy.{sign}int{bits}": np.dtype(f"{sign}int{bits}").type
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}


def class_of(key: Any) -> type:
    """The class of a name on the list, such as ``"sklearn.preprocessing.StandardScaler"``.

    Raises
    ------
    ValueError
        If it is not on the list.
    """
    module, _, name = key.rpartition(".") if isinstance(key, str) else ("", "", "")
    if module.startswith("sknn."):  # in files of earlier versions
        module = "sknn"
    if not name or MODULES.get(name) != module:
        raise ValueError(f"it holds {key!r:.200}, which is not on the list of what files may hold")
    found: type = getattr(import_module(module), name)
    return found


def key_of(cls: type) -> str | None:
    """The name under which files know a class; None for one that is not on the list."""
    module = MODULES.get(cls.__name__)
    if module is None or cls.__module__.partition(".")[0] != module.partition(".")[0]:
        return None
    return (
        f"{module}.{cls.__name__}" if getattr(import_module(module), cls.__name__) is cls else None
    )


def is_one_of(cls: Any, names: Collection[str]) -> bool:
    """Whether `cls` is a class on the list with one of these names, and not a class like it."""
    return isinstance(cls, type) and cls.__name__ in names and key_of(cls) is not None


@cache
def _functions() -> dict[str, Any]:
    """Functions by name: those of one array in NumPy and SciPy, and scores of features."""
    from scipy import special
    from sklearn import feature_selection

    found = {
        f"{module.__name__}.{name}": function
        for module in (np, special)
        for name, function in vars(module).items()
        if isinstance(function, np.ufunc) and (function.nin, function.nout) == (1, 1)
    }
    found |= {f"numpy.{name}": getattr(np, name) for name in ("clip", "nan_to_num", "round")}
    module = "sklearn.feature_selection"
    return found | {
        f"{module}.{name}": getattr(feature_selection, name) for name in SCORE_FUNCTIONS
    }


@cache
def _names_of_functions() -> dict[int, str]:
    # The first name of several that one function has.
    return {id(function): name for name, function in reversed(_functions().items())}


def is_known_function(value: Any) -> bool:
    """Whether `value` is one of the functions that files know."""
    return callable(value) and id(value) in _names_of_functions()


def name_of_function(value: Any) -> str:
    """The name under which files know a function."""
    return _names_of_functions()[id(value)]


def known_function(name: Any) -> Any:
    """The function of that name, looked up and not called.

    Raises
    ------
    ValueError
        If it is not on the list.
    """
    if not isinstance(name, str) or name not in _functions():
        raise ValueError(f"it holds the function {name!r:.200}, which is not on the list")
    return _functions()[name]


def name_of_type(value: type) -> str:
    """The name under which files know a type of numbers or texts.

    Raises
    ------
    ValueError
        If it is not on the list.
    """
    for name, known in TYPES.items():
        if known is value:
            return name
    raise ValueError(f"`estimator` cannot be saved: a file cannot hold {value!r}")


def known_type(name: Any) -> type:
    """The type of that name.

    Raises
    ------
    ValueError
        If it is not on the list.
    """
    if not isinstance(name, str) or name not in TYPES:
        raise ValueError(f"it holds the type {name!r:.200}, which is not on the list")
    return TYPES[name]
