"""to_onnx against onnxruntime, which knows nothing of sknn."""

import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import Birch
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler

import sknn.io
from sknn import ColumnNormScaler, PiecewiseLinearEncoder, RobustSmoothScaler

TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.fixture
def run(path):
    """Writes a model, checks it, and lets onnxruntime predict with it."""

    def predict(estimator, inputs, **options):
        sknn.io.to_onnx(estimator, path, **options)
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        assert [output.name for output in session.get_outputs()] == ["label", "probabilities"]
        if not isinstance(inputs, dict):
            assert [given.name for given in session.get_inputs()] == ["X"]
            inputs = {"X": inputs}
        return session.run(["label", "probabilities"], inputs)

    return predict


@pytest.fixture
def assert_agrees(run):
    """Asserts that onnxruntime predicts what the estimator does."""

    def check(estimator, X, inputs=None, dtype="float64", **options):
        given = X.astype(dtype) if inputs is None else inputs
        labels, probabilities = run(estimator, given, **options)
        ours = estimator.predict_proba(X if inputs is not None else given)
        assert probabilities.shape == ours.shape
        assert labels.shape == (len(ours),)
        assert_allclose(probabilities, ours, rtol=0, atol=TOLERANCE[dtype])
        expected = estimator.predict(X if inputs is not None else given)
        assert labels.tolist() == expected.tolist()
        return labels, probabilities

    return check


# ---------------------------------------------------------------------------------------
# the classifiers alone


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("hidden", [(), (7,), (6, 5, 4)], ids=str)
def test_onnxruntime_predicts_the_same(
    make, table, assert_agrees, activation, dtype, n_classes, hidden
):
    X, y = table
    estimator = make(activation=activation, dtype=dtype, hidden_layer_sizes=hidden, max_iter=3)
    estimator.fit(X, y % n_classes)
    _, probabilities = assert_agrees(estimator, X, dtype=dtype)
    assert probabilities.dtype == dtype
    assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "lbfgs", "n_iter_no_change": 10, "max_iter": 50},
        {"dropout": 0.5, "input_dropout": 0.5},
        {"early_stopping": True},
        {"warm_start": True},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_training_leaves_no_trace(make, table, assert_agrees, params):
    assert_agrees(make(**params).fit(*table), table[0])


def test_parameters_that_were_set_after_the_fit_have_no_effect(make, table, assert_agrees):
    estimator = make().fit(*table).set_params(activation="tanh", hidden_layer_sizes=())
    assert_agrees(estimator, table[0])


def test_a_loaded_model_is_written_as_the_one_that_was_saved(
    make, Other, table, there_and_back, assert_agrees
):
    saved = make().fit(*table)
    for cls in (None, Other):
        assert_agrees(there_and_back(saved, cls=cls), table[0])


@pytest.mark.parametrize("n_rows", [1, 2, 1000])
def test_any_number_of_rows(make, table, assert_agrees, n_rows):
    assert_agrees(make().fit(*table), np.resize(table[0], (n_rows, 5)))


def test_logits_that_overflow_an_exponential(make, table, run):
    estimator = make(hidden_layer_sizes=()).fit(*table)
    labels, probabilities = run(estimator, table[0] * 1e6)
    assert np.isfinite(probabilities).all()
    assert labels.tolist() == estimator.predict(table[0] * 1e6).tolist()


def test_equal_logits_have_the_label_of_the_first(make, table, run):
    estimator = make(hidden_layer_sizes=()).fit(*table)
    estimator.coefs_[0][:] = 0
    estimator.intercepts_[0][:] = 0
    labels, _ = run(estimator, table[0])
    assert set(labels.tolist()) == set(estimator.predict(table[0]).tolist()) == {0}


LABELS = [
    *(np.array([-3, 0, 100], dtype=f"i{size}") for size in (1, 2, 4, 8)),
    *(np.array([7, 8, 200], dtype=f"u{size}") for size in (1, 2, 4, 8)),
    np.array([-(2**63), 0, 2**63 - 1]),
    np.array(["a", "bc", "def"]),
    np.array(["", "é", "\N{SNOWMAN}\U0001f600"]),
    np.array(["low", "middle", "top"], dtype=object),
    np.array(["1", "2", "10"]),
]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("labels", LABELS, ids=lambda labels: f"{labels.dtype}-{labels.tolist()}")
def test_labels_of_every_kind(make, table, assert_agrees, labels, n_classes):
    X, y = table
    found, _ = assert_agrees(make().fit(X, labels[y % n_classes]), X)
    assert {type(label) for label in found.tolist()} == {type(labels.tolist()[0])}


def test_labels_that_are_true_and_false_become_one_and_zero(make, table, run):
    X, y = table
    estimator = make().fit(X, y > 0)
    labels, _ = run(estimator, X)
    assert labels.dtype == np.int64
    assert labels.tolist() == estimator.predict(X).astype(int).tolist()


def test_labels_beyond_the_integers_of_onnx_are_refused_or_kept(make, table, run):
    X, y = table
    estimator = make().fit(X, np.array([1, 2**63, 2**64 - 1], dtype=np.uint64)[y])
    try:
        labels, _ = run(estimator, X)
    except ValueError:
        return
    assert labels.tolist() == estimator.predict(X).tolist()


def test_a_frame_with_names_is_one_input(make, table, run):
    X, y = table
    frame = pd.DataFrame(X, columns=list("abcde"))
    estimator = make().fit(frame, y)
    _, probabilities = run(estimator, X)
    assert_allclose(probabilities, estimator.predict_proba(frame), atol=1e-12)


def test_inputs_of_another_type_are_cast(make, table, assert_agrees):
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

    X, y = table
    X = np.rint(3 * X)
    estimator = make().fit(X, y)
    for kind, dtype in ((FloatTensorType, "float32"), (Int64TensorType, "int64")):
        types = [("rows", kind([None, 5]))]
        inputs = {"rows": X.astype(dtype)}
        assert_agrees(estimator, X, inputs, dtype="float32", initial_types=types)


# ---------------------------------------------------------------------------------------
# pipelines

PIPELINES = {
    "StandardScaler": lambda: [StandardScaler()],
    "ColumnNormScaler": lambda: [ColumnNormScaler()],
    "RobustSmoothScaler": lambda: [RobustSmoothScaler()],
    "both": lambda: [ColumnNormScaler("max"), StandardScaler(with_mean=False)],
    "PCA": lambda: [StandardScaler(), PCA(3)],
    "nested": lambda: [make_pipeline(MinMaxScaler(), make_pipeline(ColumnNormScaler("l1")))],
    "passthrough": lambda: ["passthrough", StandardScaler()],
    "union": lambda: [FeatureUnion([("one", StandardScaler()), ("two", ColumnNormScaler())])],
    "identity": lambda: [FunctionTransformer()],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_predict_the_same(make, table, assert_agrees, name, dtype):
    X, y = (table[0] * [1, 10, 1e3, 1, 0.1]).astype(dtype), table[1]
    pipeline = make_pipeline(*PIPELINES[name](), make(dtype=dtype)).fit(X, y)
    assert_agrees(pipeline, X, dtype=dtype)


def test_a_pipeline_is_not_changed(make, table, path):
    scaler, net = StandardScaler(), make()
    pipeline = make_pipeline(scaler, net).fit(*table)
    names = list(vars(net))
    sknn.io.to_onnx(pipeline, path)
    assert [step for _, step in pipeline.steps] == [scaler, net]
    assert pipeline[0] is scaler
    assert list(vars(net)) == names


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "transformer",
    [
        RobustSmoothScaler(),
        PiecewiseLinearEncoder(4),
        PiecewiseLinearEncoder(4, strategy="tree", sparse_output=True),
    ],
    ids=["robust", "quantile", "tree"],
)
def test_transformers_of_columns(table, path, dtype, transformer):
    """With missing values, a constant column, and rows far from those of the training set."""
    X, y = (table[0] * [1, 10, 1e3, 0, 0.1]).astype(dtype), table[1]
    X[::5, 1] = np.nan
    sknn.io.to_onnx(transformer.fit(X, y), path, X=X)
    rows = np.concatenate([X, 30 * X, np.full((2, 5), [[3e30], [-3e30]])]).astype(dtype)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"X": rows})
    expected = transformer.transform(rows)
    expected = expected.toarray() if sparse.issparse(expected) else expected
    assert found.dtype == dtype
    assert_allclose(found, expected, rtol=1e-6 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_encoder_in_front_of_a_network(make, table, run, dtype):
    X, y = (table[0] * [1, 10, 1e3, 1, 0.1]).astype(dtype), table[1]
    pipeline = make_pipeline(PiecewiseLinearEncoder(4), StandardScaler(), make(dtype=dtype))
    labels, probabilities = run(pipeline.fit(X, y), X, X=X)
    assert_allclose(probabilities, pipeline.predict_proba(X), rtol=0, atol=TOLERANCE[dtype])
    assert labels.tolist() == pipeline.predict(X).tolist()


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_a_column_norm_scaler_by_itself(make, table, assert_agrees, norm):
    """A linear net of given weights shows its columns."""
    X, y = table
    pipeline = make_pipeline(ColumnNormScaler(norm), make(hidden_layer_sizes=())).fit(X, y)
    pipeline[-1].coefs_[0][:] = np.eye(5)[:, :3] * 10
    _, probabilities = assert_agrees(pipeline, X)
    logits = 10 * (X / np.linalg.norm(X, ord={"l1": 1, "l2": 2, "max": np.inf}[norm], axis=0))
    odds = np.exp(logits[:, :3] + pipeline[-1].intercepts_[0])
    assert_allclose(probabilities, odds / odds.sum(axis=1, keepdims=True), rtol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_columns_of_many_kinds(make, assert_agrees, dtype):
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "height": rng.normal(170, 10, 60),
            "weight": np.where(rng.random(60) < 0.2, np.nan, rng.normal(70, 9, 60)),
            "colour": rng.choice(["red", "green", "blue"], 60),
        }
    ).astype({"height": dtype, "weight": dtype})
    y = np.where(frame["height"] > 170, "tall", "short")
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["height", "weight"]),
            ("norm", ColumnNormScaler(), ["height"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["colour"]),
        ]
    )
    pipeline = make_pipeline(columns, make(dtype=dtype)).fit(frame, y)
    number = {"float32": FloatTensorType, "float64": DoubleTensorType}[dtype]([None, 1])
    types = [("height", number), ("weight", number), ("colour", StringTensorType([None, 1]))]
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    inputs["colour"] = inputs["colour"].astype(object)
    assert_agrees(pipeline, frame, inputs, dtype=dtype, initial_types=types)
    frame["colour"] = "never seen"
    inputs["colour"][:] = "never seen"
    assert_agrees(pipeline, frame, inputs, dtype=dtype, initial_types=types)


# ---------------------------------------------------------------------------------------
# what is refused


class Doubling(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return 2 * X


@pytest.mark.parametrize(
    "transformer",
    [
        Doubling(),
        FunctionTransformer(np.log1p),
        Birch(n_clusters=2),
        make_pipeline(StandardScaler(), Doubling()),
    ],
    ids=str,
)
def test_a_transformer_that_cannot_be_converted(make, table, path, transformer):
    X = np.abs(table[0])
    pipeline = make_pipeline(transformer, make()).fit(X, table[1])
    with pytest.raises(ValueError, match="`estimator` cannot be converted to ONNX"):
        sknn.io.to_onnx(pipeline, path)
    assert not path.exists()


def test_columns_of_words_without_their_types(make, assert_agrees):
    frame = pd.DataFrame({"a": [0.0, 1.0] * 10, "b": ["x", "y"] * 10})
    columns = ColumnTransformer([("a", "passthrough", ["a"]), ("b", OneHotEncoder(), ["b"])])
    pipeline = make_pipeline(columns, make()).fit(frame, [0, 1] * 10)
    inputs = {"a": frame[["a"]].to_numpy(), "b": frame[["b"]].to_numpy(object)}
    assert_agrees(pipeline, frame, inputs)


@pytest.mark.parametrize("types", [[], [("X", "float")], "X", [("X", None)], 3], ids=str)
def test_initial_types_that_are_none(make, table, path, types):
    with pytest.raises(ValueError, match=r"cannot be converted to ONNX|`initial_types`"):
        sknn.io.to_onnx(make().fit(*table), path, initial_types=types)
    assert not path.exists()


def test_labels_that_are_floats(make, table, path):
    X, y = table
    for labels in (np.array([0.0, 1.0, 2.0]), np.array([0, 1, 2], dtype=np.float32)):
        with pytest.raises(ValueError, match="must have class labels that are strings, integers"):
            sknn.io.to_onnx(make().fit(X, labels[y]), path)
    assert not path.exists()


def test_what_is_not_fitted(make, path):
    for estimator in (make(), make_pipeline(StandardScaler(), make())):
        with pytest.raises(NotFittedError):
            sknn.io.to_onnx(estimator, path)


@pytest.mark.parametrize("missing", ["skl2onnx", "onnx", "onnxruntime"])
def test_without_the_extra(make_scratch, table, path, monkeypatch, missing):
    estimator = make_scratch().fit(*table)
    for name in list(sys.modules):
        if name.partition(".")[0] == "skl2onnx" or name.startswith("sknn.io._onnx_"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r"pip install 'sknn\[onnx\]'"):
        sknn.io.to_onnx(estimator, path)
    assert not path.exists()


def test_the_extra_is_not_needed_to_save(make_scratch, table, there_and_back, monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    monkeypatch.setitem(sys.modules, "onnx", None)
    there_and_back(make_scratch().fit(*table))
