"""to_onnx with regressors and several labels per row, against onnxruntime and the closed forms."""

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn
import sknn.io
from sknn import (
    ScratchMLPClassifier,
    ScratchMLPRegressor,
    StackedGridSearchCV,
    TorchMLPClassifier,
    TorchMLPRegressor,
)
from sknn.io import _onnx_layers, _onnx_networks
from sknn.preprocessing import choose_columns, make_table_transformer

LOSSES = [
    "squared_error", "absolute_error", "huber", "poisson", "gamma", "quantile", "gaussian",
]  # fmt: skip
needs_ensembles = pytest.mark.skipif(
    not hasattr(sknn, "ScratchMLPEnsembleRegressor"), reason="there is no such ensemble"
)
SECOND = {"gaussian": ["std"], "quantile": ["quantiles"]}


@pytest.fixture(scope="module")
def rows():
    """70 rows of 4 columns, and numbers around 1,000 with a standard deviation of about 40."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(70, 4))
    return X, 1000 + 50 * np.tanh(X[:, 0]) + 5 * rng.normal(size=70)


@pytest.fixture(scope="module")
def labels(rows):
    X = rows[0]
    return (X[:, :3] + X[:, [3]] > 0.5).astype(int)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.fixture
def run(path):
    """Writes a model, and returns the outputs of onnxruntime by name."""

    def predict(estimator, inputs, **options):
        sknn.io.to_onnx(estimator, path, **options)
        onnx.checker.check_model(onnx.load(path), full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        for output, found in zip(
            session.get_outputs(), outputs := session.run(None, inputs), strict=True
        ):
            assert output.shape[1:] == list(found.shape[1:])
        return dict(zip(names, outputs, strict=True))

    return predict


def net(cls=ScratchMLPRegressor, **params):
    defaults = {
        "hidden_layer_sizes": (6, 5),
        "max_iter": 4,
        "learning_rate_init": 0.01,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    if "Torch" in cls.__name__:
        defaults["device"] = "cpu"
    return cls(**(defaults | params))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cls", [ScratchMLPRegressor, TorchMLPRegressor])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_regressors(rows, run, loss, dtype, cls, scaled, n_targets):
    if loss == "quantile" and n_targets > 1:
        pytest.skip("has one number per row")
    X, y = rows
    y = y if scaled else y / 1000  # which a network that does not scale can reach
    y = y if n_targets == 1 else np.column_stack([y, y[::-1] * 2])
    quantiles = (0.1, 0.25, 0.6, 0.9) if scaled else 0.7
    model = net(cls, loss=loss, dtype=dtype, scale_target=scaled, quantiles=quantiles).fit(X, y)
    X = X.astype(dtype)
    found = run(model, {"X": X})
    assert list(found) == ["variable", *SECOND.get(loss, [])]
    rtol = 2e-6 if dtype == "float32" else 1e-13
    expected = [model.predict(X)]
    if loss == "gaussian":
        expected.append(model.predict(X, return_std=True)[1])
    if loss == "quantile":
        expected.append(model.predict_quantiles(X))
    for ours, theirs in zip(expected, found.values(), strict=True):
        assert theirs.dtype == np.float64  # as y is
        ours = ours.reshape(len(X), -1)
        assert_allclose(theirs, ours, rtol=rtol, atol=rtol * np.abs(ours).max())


def test_the_closed_forms_of_all_outputs(rows, run):
    """Without hidden layer, from the weights by hand."""
    X, y = rows
    models = {loss: net(loss=loss, hidden_layer_sizes=()).fit(X, y) for loss in LOSSES}
    for loss, model in models.items():
        z = X @ model.coefs_[0] + model.intercepts_[0]
        found = run(model, {"X": X})
        if loss in ("poisson", "gamma"):
            assert_allclose(found["variable"], y.mean() * np.exp(z), rtol=1e-12)
            continue
        mean = y.mean() + y.std() * z[:, :1]
        if loss == "gaussian":
            assert_allclose(found["std"], y.std() * np.exp(z[:, 1:]), rtol=1e-12)
        if loss == "quantile":
            steps = np.cumsum(y.std() * np.log1p(np.exp(z[:, 1:])), axis=1)
            assert_allclose(found["quantiles"], np.hstack([mean, mean + steps]), rtol=1e-12)
            mean = mean + steps[:, :1]
        assert_allclose(found["variable"], mean, rtol=1e-12)


@pytest.mark.parametrize("factor", [1e-300, 1e-12, 1e12, 1e300])
def test_units_of_any_size(rows, run, factor):
    X, y = rows
    model = net().fit(X, (y - 1000) * factor)
    assert_allclose(
        run(model, {"X": X})["variable"][:, 0] / factor, model.predict(X) / factor, atol=1e-9
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_numbers_that_hardly_differ(rows, run, dtype):
    """In single precision a number of this size has steps of 64."""
    X, y = rows[0].astype(dtype), 1e9 + rows[1]
    model = net().fit(X, y)
    found = run(model, {"X": X}, X=X)["variable"][:, 0]
    assert_allclose(found - 1e9, model.predict(X) - 1e9, atol=1e-3)
    assert found.std() > 1


def test_a_target_in_single_precision(rows, run):
    X, y = (array.astype(np.float32) for array in rows)
    for loss in ("squared_error", "gaussian", "quantile"):
        model = net(loss=loss).fit(X, y)
        found = run(model, {"X": X})
        assert all(output.dtype == np.float32 for output in found.values())
        assert_allclose(found["variable"][:, 0], model.predict(X), rtol=1e-6)


def test_a_constant_target(rows, run):
    model = net().fit(rows[0], np.full(70, 7.5))
    assert_array_equal(run(model, {"X": rows[0]})["variable"], np.full((70, 1), 7.5))


def test_parameters_that_were_set_after_the_fit_have_no_effect(rows, run):
    model = net(loss="quantile").fit(*rows)
    expected = model.predict_quantiles(rows[0])
    model.set_params(loss="gaussian", quantiles=0.9, activation="tanh", scale_target=False)
    assert_allclose(run(model, {"X": rows[0]})["quantiles"], expected, rtol=1e-12)


# ---------------------------------------------------------------------------------------
# around them


@pytest.mark.parametrize("loss", LOSSES)
def test_in_a_pipeline_in_a_search(rows, run, loss):
    X, y = rows
    pipeline = make_pipeline(StandardScaler(), net(loss=loss))
    for search in (GridSearchCV, StackedGridSearchCV):
        model = search(pipeline, {"scratchmlpregressor__l2": [0.0, 0.1]}, cv=2).fit(X, y)
        found = run(model, {"X": X})
        assert list(found) == ["variable", *SECOND.get(loss, [])]
        assert_allclose(found["variable"][:, 0], model.predict(X), rtol=1e-12)


def test_a_table_with_text_and_missing_values(rows, run):
    table = pd.DataFrame(rows[0][:, :1], columns=["size"]).assign(
        site=["a", "b", "c", None, "a"] * 14
    )
    table.loc[3, "size"] = np.nan
    model = make_pipeline(make_table_transformer(choose_columns(table)), net(loss="quantile"))
    model.fit(table, rows[1])
    inputs = {
        "size": table[["size"]].to_numpy(),
        "site": table[["site"]].fillna("").to_numpy(object),
    }
    found = run(model, inputs, X=table)
    assert_allclose(found["variable"][:, 0], model.predict(table), rtol=1e-12)
    quantiles = model[-1].predict_quantiles(model[:-1].transform(table))
    assert_allclose(found["quantiles"], quantiles, rtol=1e-12)


def test_regressors_of_scikit_learn(rows, run):
    X, y = rows
    model = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    with pytest.raises(ValueError, match=r"`X` must be rows .* Ridge\(\)"):
        sknn.io.to_onnx(model, "nowhere")
    assert_allclose(run(model, {"X": X}, X=X)["variable"][:, 0], model.predict(X), rtol=1e-6)
    voting = VotingRegressor([("a", net(loss="gaussian")), ("b", Ridge())]).fit(X, y)
    found = run(voting, {"X": X}, X=X)
    assert list(found) == ["variable"]
    assert_allclose(found["variable"][:, 0], voting.predict(X), rtol=1e-6)


@needs_ensembles
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bootstrap", [False, True])
def test_ensembles(rows, run, loss, bootstrap):
    X, y = rows
    model = sknn.ScratchMLPEnsembleRegressor(
        net(loss=loss), 3, bootstrap=bootstrap, random_state=0
    ).fit(X, y)
    found = run(make_pipeline(StandardScaler(), model).fit(X, y), {"X": X})
    X = StandardScaler().fit_transform(X)
    assert_allclose(found["variable"][:, 0], model.predict(X), rtol=1e-12)
    if loss == "quantile":
        assert_allclose(found["quantiles"], model.predict_quantiles(X), rtol=1e-12)
    else:
        assert_allclose(found["std"][:, 0], model.predict(X, return_std=True)[1], rtol=1e-9)


# ---------------------------------------------------------------------------------------
# several labels per row


@pytest.mark.parametrize("cls", [ScratchMLPClassifier, TorchMLPClassifier])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_several_labels_per_row(rows, labels, run, cls, dtype, form):
    X = rows[0].astype(dtype)
    model = make_pipeline(StandardScaler(), net(cls, dtype=dtype)).fit(X, form(labels))
    found = run(model, {"X": X})
    assert list(found) == ["label", "probabilities"]
    assert found["label"].dtype == np.int64
    assert found["probabilities"].dtype == dtype
    expected = model.predict_proba(X)
    assert_allclose(found["probabilities"], expected, atol=1e-6 if dtype == "float32" else 1e-13)
    assert_array_equal(found["label"], expected > 0.5)
    assert 0 < found["label"].mean() < 1


def test_labels_as_likely_as_not_are_left_out(rows, labels, run):
    model = net(ScratchMLPClassifier, hidden_layer_sizes=()).fit(rows[0], labels)
    model.coefs_[0][:] = 0
    model.intercepts_[0][:] = 0
    found = run(model, {"X": rows[0]})
    assert_array_equal(found["label"], model.predict(rows[0]))
    assert not found["label"].any()


@needs_ensembles
def test_an_ensemble_of_several_labels(rows, labels, run):
    X = rows[0]
    base = net(ScratchMLPClassifier)
    model = sknn.ScratchMLPEnsembleClassifier(base, 3, random_state=0).fit(X, labels)
    found = run(model, {"X": X})
    assert_allclose(found["probabilities"], model.predict_proba(X), atol=1e-13)
    assert_array_equal(found["label"], model.predict(X))


# ---------------------------------------------------------------------------------------
# what is refused


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("loss", ["squared_error", "gaussian", "quantile", "poisson"])
def test_predictions_that_differ_are_not_left_behind(rows, path, monkeypatch, factor, loss):
    """In units of any size, and where the mean is far larger than the difference."""
    model = net(loss=loss).fit(rows[0], rows[1] * factor)
    right = _onnx_layers.OnnxMatMul
    monkeypatch.setattr(
        _onnx_layers, "OnnxMatMul", lambda x, W, **opset: right(x, W * 1.001, **opset)
    )
    path.write_bytes(b"former")
    for options in ({}, {"X": rows[0]}):
        with pytest.raises(ValueError, match=r"predictions in onnxruntime differ from its own"):
            sknn.io.to_onnx(model, path, **options)
    assert path.read_bytes() == b"former"
    sknn.io.to_onnx(model, path, tolerance=1.0)


@pytest.mark.parametrize("loss", ["gaussian", "quantile"])
def test_a_second_output_that_differs(rows, path, monkeypatch, loss):
    model = net(loss=loss, quantiles=(0.2, 0.9)).fit(*rows)
    right = _onnx_networks.OnnxExp
    monkeypatch.setattr(
        _onnx_networks, "OnnxExp", lambda x, **opset: right(right(x, **opset), **opset)
    )
    with pytest.raises(ValueError, match=r"predictions in onnxruntime differ from its own"):
        sknn.io.to_onnx(model, path)
    assert not path.exists()


def test_labels_that_differ_are_not_left_behind(rows, labels, path, monkeypatch):
    model = net(ScratchMLPClassifier).fit(rows[0], labels)
    right = _onnx_networks.OnnxGreater
    monkeypatch.setattr(
        _onnx_networks, "OnnxGreater", lambda x, zero, **opset: right(x, zero - 1, **opset)
    )
    with pytest.raises(ValueError, match=r"differ from its own, .* in the label or NaN"):
        sknn.io.to_onnx(model, path, X=rows[0])
    assert not path.exists()


def test_what_is_refused_is_named(rows, path):
    X, y = rows
    model = TransformedTargetRegressor(net(), func=np.log, inverse_func=np.exp).fit(X, y)
    with pytest.raises(ValueError, match="converter for TransformedTargetRegressor"):
        sknn.io.to_onnx(model, path, X=X)
    assert not path.exists()
