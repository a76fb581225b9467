"""Files and ONNX models of networks with normalization, residuals, embeddings, scaled inputs."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import safetensors.numpy
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn.io
from sknn import (
    ScratchMLPEnsembleClassifier,
    ScratchMLPEnsembleRegressor,
    ScratchMLPRegressor,
    TorchMLPRegressor,
)
from sknn.io import _container

EVERY_PART = {
    "hidden_layer_sizes": (5, 5),
    "normalization": "batch",
    "residual": True,
    "embedding": "periodic",
    "input_scale": True,
    "activation": "mish",
}
PARTS = [
    {"normalization": "batch"},
    {"normalization": "layer", "residual": True, "hidden_layer_sizes": (5, 5, 5)},
    {"embedding": "periodic"},
    {"input_scale": True},
    {"activation": ["selu", "softplus"]},
    EVERY_PART,
    EVERY_PART | {"normalization": "layer", "activation": ["silu", "elu"]},
]
ACTIVATIONS = "silu gelu mish selu elu leaky_relu softplus".split()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


# ---------------------------------------------------------------------------------------
# files


@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_there_and_back(make, table, there_and_back, assert_same_model, parts):
    fitted = make(**parts, max_iter=2).fit(*table)
    assert_same_model(there_and_back(fitted), fitted, table[0])


@pytest.mark.parametrize("parts", [PARTS[1], *PARTS[5:]], ids=str)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_fit_goes_on_from_a_file(make, table, there_and_back, early_stopping, parts):
    """Statistics of the best epoch and of the last one are both in it."""
    rate = 0.1 if early_stopping else 0.01
    kept = make(
        **parts, warm_start=True, early_stopping=early_stopping, learning_rate_init=rate, max_iter=8
    ).fit(*table)
    loaded = there_and_back(kept)
    for _ in range(2):
        X = table[0]
        assert_array_equal(loaded.predict_proba(X), kept.predict_proba(X))
        loaded, kept = there_and_back(loaded.fit(*table)), kept.fit(*table)
    assert loaded.loss_curve_ == kept.loss_curve_


@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_into_the_other_engine(make, Other, table, there_and_back, parts):
    X, y = table
    fitted = make(**parts, max_iter=2, warm_start=True).fit(X, y)
    other = there_and_back(fitted, cls=Other)
    assert_allclose(other.predict_proba(X), fitted.predict_proba(X), rtol=0, atol=1e-12)
    fitted.fit(X, y)
    other.fit(X, y)
    assert_allclose(other.predict_proba(X), fitted.predict_proba(X), rtol=0, atol=1e-9)


def test_a_torch_module_has_the_statistics(make_torch, table, there_and_back):
    """What is loaded is a whole skorch net: it predicts by running means, too."""
    X, y = table
    fitted = make_torch(**EVERY_PART, max_iter=2).fit(X, y)
    loaded = there_and_back(fitted)
    assert_allclose(loaded.net_.predict_proba(X), fitted.net_.predict_proba(X), rtol=1e-12)
    assert_allclose(loaded.net_.predict_proba(X), fitted.predict_proba(X), rtol=0, atol=1e-12)


def test_ensembles_and_pipelines(make_scratch, table, there_and_back):
    X, y = table
    network = make_scratch(**EVERY_PART, max_iter=2)
    model = make_pipeline(StandardScaler(), ScratchMLPEnsembleClassifier(network, 3))
    model.fit(X, y)
    assert_array_equal(there_and_back(model).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("normalization", "layer"),
        ("activation", ["mish", "tanh"]),
        ("residual", False),
        ("embedding", None),
        ("input_scale", False),
    ],
)
def test_members_that_are_not_alike_are_refused(make_scratch, table, tmp_path, name, value):
    """One of them has another architecture: they would be stacked to predict."""
    X, y = table
    network = make_scratch(**EVERY_PART, max_iter=1)
    ensemble = ScratchMLPEnsembleClassifier(network, 2, random_state=0).fit(X, y)
    ensemble.estimators_[1] = make_scratch(**EVERY_PART | {name: value}, max_iter=1).fit(X, y)
    path = tmp_path / "ensemble.sknn"
    with pytest.raises(ValueError, match=r"estimators_|fit would have left|alike"):
        sknn.io.save(ensemble, path)
    assert not path.exists()


# ---------------------------------------------------------------------------------------
# files that somebody has made in order to do harm


@pytest.fixture(scope="module")
def header_and_arrays(make_scratch, table, tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "model.sknn"
    fitted = make_scratch(**EVERY_PART, warm_start=True, early_stopping=True).fit(*table)
    sknn.io.save(fitted, path)
    with _container.reading(path) as (header, arrays):
        return header, dict(arrays)


def write(path, header, arrays):
    text = json.dumps(header)
    metadata = {_container.HEADER: text, _container.CHECKSUM: _container._checksum(text, arrays)}
    path.write_bytes(safetensors.numpy.save(arrays, metadata=metadata))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("normalization", "x"),
        ("normalization", True),
        ("normalization", None),
        ("normalization", ["batch"]),
        ("normalization", "layer"),
        ("residual", 1),
        ("residual", None),
        ("residual", "yes"),
        ("embedding", "x"),
        ("embedding", None),
        ("embedding", {"$tuple": []}),
        ("input_scale", False),
        ("input_scale", 0.5),
        ("activation", {"$tuple": ["mish"]}),
        ("activation", {"$tuple": ["mish", "x"]}),
        ("activation", {"$tuple": ["mish", "mish", "mish"]}),
        ("activation", {"$tuple": [["mish"], ["tanh"]]}),
        ("activation", ["mish", "mish"]),
        ("activation", []),
        ("activation", "__class__"),
        ("layer_sizes", {"$tuple": [5, 5, 5, 5, 3]}),
        ("layer_sizes", {"$tuple": [2**40, 5, 5, 3]}),
    ],
    ids=str,
)
def test_headers_of_another_network_are_refused(header_and_arrays, path, name, value):
    header, arrays = header_and_arrays
    write(path, header | {"plan": header["plan"] | {name: value}}, arrays)
    with pytest.raises(ValueError, match=r"cannot be loaded"):
        sknn.io.load(path)


@pytest.mark.filterwarnings("ignore")
def test_every_array_is_needed_and_none_may_be_another(header_and_arrays, path):
    header, arrays = header_and_arrays
    new = [name for name in arrays if not name.startswith(("history.", "state.", "batches."))]
    assert {"means.0", "variances.1", "scales.0", "shifts.1", "input_scale", "frequencies"} < {*new}
    both = ["state.buffers", "state.best_buffers"]
    edits = {
        "missing": lambda name: {n: a for n, a in arrays.items() if n != name},
        "short": lambda name: arrays | {name: arrays[name].reshape(-1)[:-1]},
        "NaN": lambda name: arrays | {name: np.full_like(arrays[name], np.nan)},
        "dtype": lambda name: arrays | {name: arrays[name].astype(np.float32)},
        "deeper": lambda name: arrays | {name: arrays[name][None]},
    }
    for name in [*new, *both]:
        for what, edit in edits.items():
            if (name, what) == ("state.best_buffers", "missing"):
                continue  # the file is one of an earlier version
            write(path, header, edit(name))
            with pytest.raises(ValueError, match=r"cannot be loaded"):
                sknn.io.load(path)
                pytest.fail(f"{name}, {what}")


@pytest.mark.filterwarnings("ignore")
def test_variances_below_zero_are_refused(header_and_arrays, path):
    """They have no root."""
    header, arrays = header_and_arrays
    write(path, header, arrays | {"variances.0": -arrays["variances.0"]})
    with pytest.raises(ValueError, match="variances"):
        sknn.io.load(path)


# ---------------------------------------------------------------------------------------
# ONNX


@pytest.fixture
def run(path):
    """Writes a model, and lets onnxruntime predict with it."""

    def predict(estimator, X):
        sknn.io.to_onnx(estimator, path)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: X})

    return predict


@pytest.mark.parametrize(
    "parts", PARTS + [{"activation": name} for name in ACTIVATIONS], ids=lambda p: str(p)[:70]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_onnxruntime_predicts_the_same(make_scratch, table, run, parts, dtype):
    X, y = table[0].astype(dtype), table[1]
    fitted = make_scratch(**parts, max_iter=2).fit(X, y)
    # onnxruntime has the error function of GELU in single precision only.
    exact = dtype == np.float64 and "gelu" not in str(parts)
    for rows in (X, X[:1], 30 * X):  # large numbers saturate; one row is no batch
        _, probabilities = run(fitted, rows)
        expected = fitted.predict_proba(rows)
        assert_allclose(probabilities, expected, rtol=0, atol=1e-12 if exact else 3e-6)


@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_onnxruntime_predicts_what_ensembles_do(make_scratch, table, run, parts):
    X, y = table
    ensemble = ScratchMLPEnsembleClassifier(make_scratch(**parts, max_iter=2), 3).fit(X, y)
    _, probabilities = run(ensemble, X)
    assert_allclose(probabilities, ensemble.predict_proba(X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [ScratchMLPRegressor, TorchMLPRegressor])
def test_onnxruntime_predicts_what_regressors_do(table, run, kind):
    X = table[0]
    y = 100 + 10 * X[:, :2]
    settings = {"max_iter": 3, "n_iter_no_change": np.inf, "random_state": 0}
    fitted = kind(**EVERY_PART, **settings).fit(X, y)
    assert_allclose(run(fitted, X)[0], fitted.predict(X), rtol=1e-10)
    if kind is ScratchMLPRegressor:
        ensemble = ScratchMLPEnsembleRegressor(fitted, 2).fit(X, y)
        assert_allclose(run(ensemble, X)[0], ensemble.predict(X), rtol=1e-10)
