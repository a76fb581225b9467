"""Regressors with every loss, and several labels per row, in files."""

import json
import re
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import MultiOutputRegressor
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
from sknn.io import _container

CLASSES = {"scratch": ScratchMLPRegressor, "torch": TorchMLPRegressor}
OTHER = {"scratch": TorchMLPRegressor, "torch": ScratchMLPRegressor}
SETTINGS = [
    {"loss": "squared_error"},
    {"loss": "squared_error", "scale_target": False, "dtype": "float32"},
    {"loss": "absolute_error", "solver": "sgd"},
    {"loss": "huber", "record": "batch"},
    {"loss": "poisson"},
    {"loss": "gamma", "dtype": "float32"},
    {"loss": "quantile", "quantiles": (0.1, 0.5, 0.9)},
    {"loss": "quantile", "quantiles": 0.3, "early_stopping": True},
    {"loss": "gaussian", "early_stopping": True, "monitor": "valid_r2"},
    {"loss": "squared_error", "solver": "lbfgs"},
]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def rows():
    """60 rows of 4 columns, and amounts around 500."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    return X, 500 + 100 * np.tanh(X[:, 0]) + 10 * rng.normal(size=60)


@pytest.fixture(scope="module")
def label_rows(rows):
    return rows[0], (rows[0][:, :3] + rows[0][:, [3]] > 0.5).astype(int)


@pytest.fixture(params=CLASSES)
def engine(request):
    return request.param


def net(cls: Any, **params: Any) -> Any:
    defaults = {
        "hidden_layer_sizes": (5,),
        "batch_size": 20,
        "max_iter": 3,
        "learning_rate_init": 0.01,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    if "Torch" in cls.__name__:
        defaults["device"] = "cpu"
    return cls(**(defaults | params))


def all_predictions(model: Any, X: Any) -> list[np.ndarray]:
    found = [model.predict(X)]
    if model.loss == "quantile":
        found.append(model.predict_quantiles(X))
    if model.loss == "gaussian":
        found.append(model.predict(X, return_std=True)[1])
    return found


def assert_equal_models(one: Any, other: Any, X: Any) -> None:
    for ours, theirs in zip(all_predictions(one, X), all_predictions(other, X), strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        assert_array_equal(ours, theirs)
    for name in ("loss_curve_", "validation_scores_", "n_iter_", "n_outputs_", "out_activation_"):
        assert getattr(one, name) == getattr(other, name), name
    assert list(one.history_.epochs) == list(other.history_.epochs)


# ---------------------------------------------------------------------------------------
# there and back


@pytest.mark.parametrize("params", SETTINGS, ids=str)
@pytest.mark.parametrize("columns", ["one", "two", "float32"])
def test_a_regressor_predicts_the_same(rows, engine, params, columns, there_and_back):
    X, y = rows
    if columns == "two" and params["loss"] == "quantile":
        pytest.skip("has one number per row")
    y = {"one": y, "two": np.column_stack([y, 3 * y]), "float32": y.astype(np.float32)}[columns]
    saved = net(CLASSES[engine], **params).fit(X, y)
    loaded = there_and_back(saved)
    assert type(loaded) is type(saved)
    assert_equal_models(loaded, saved, X)
    assert loaded.score(X, y) == saved.score(X, y)
    twin = there_and_back(saved, cls=OTHER[engine])
    assert type(twin) is OTHER[engine]
    np.testing.assert_allclose(twin.predict(X), saved.predict(X), rtol=1e-5)


@pytest.mark.parametrize("params", SETTINGS, ids=str)
def test_a_warm_start_goes_on(rows, engine, params, there_and_back):
    kept = net(CLASSES[engine], warm_start=True, **params).fit(*rows)
    loaded = there_and_back(kept)
    for _ in range(2):
        kept.fit(*rows)
        loaded = there_and_back(loaded.fit(*rows))
    assert_equal_models(loaded, kept, rows[0])
    for name in ("coefs_", "intercepts_"):
        for ours, theirs in zip(getattr(loaded, name), getattr(kept, name), strict=True):
            assert_array_equal(ours, theirs)


@pytest.mark.parametrize("loss", ["squared_error", "gamma", "quantile", "gaussian"])
def test_partial_fit_goes_on(rows, engine, loss, there_and_back):
    """With the scale of the rows of the first call, which the file has."""
    X, y = rows
    kept = net(CLASSES[engine], loss=loss).partial_fit(X[:30], y[:30])
    loaded = there_and_back(kept)
    for some in (slice(30, 60), slice(10, 40)):
        kept.partial_fit(X[some], 2 * y[some])
        loaded = there_and_back(loaded.partial_fit(X[some], 2 * y[some]))
    assert_equal_models(loaded, kept, X)


def test_extreme_scales(rows, there_and_back):
    X, y = rows
    for target in (y * 1e300, y * 1e-300, np.full(60, 7.0), y.astype(np.longdouble)):
        saved = net(ScratchMLPRegressor).fit(X, target)
        assert_equal_models(there_and_back(saved), saved, X)


@pytest.mark.parametrize("cls", [ScratchMLPClassifier, TorchMLPClassifier])
@pytest.mark.parametrize("form", [np.asarray, csr_matrix, csr_array])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_several_labels_per_row(label_rows, cls, form, dtype, there_and_back):
    X, y = label_rows
    kept = net(cls, dtype=dtype, warm_start=True).fit(X, form(y))
    loaded = there_and_back(kept)
    for _ in range(2):
        assert issparse(loaded.predict(X)) == issparse(kept.predict(X)) == issparse(form(y))
        ours, theirs = (csr_matrix(model.predict(X)).toarray() for model in (loaded, kept))
        assert_array_equal(ours, theirs)
        assert_array_equal(loaded.predict_proba(X), kept.predict_proba(X))
        assert_array_equal(loaded.predict_log_proba(X), kept.predict_log_proba(X))
        assert_array_equal(loaded.classes_, [0, 1, 2])
        loaded, kept = loaded.fit(X, form(y)), kept.fit(X, form(y))


def test_labels_go_on_in_parts(label_rows, there_and_back):
    X, y = label_rows
    kept = net(ScratchMLPClassifier).partial_fit(X, y, classes=[0, 1, 2])
    loaded = there_and_back(kept)
    assert_array_equal(
        loaded.partial_fit(X[:20], y[:20]).predict_proba(X),
        kept.partial_fit(X[:20], y[:20]).predict_proba(X),
    )


WRAPPED = {
    "pipeline": lambda model: make_pipeline(StandardScaler(), model),
    "search": lambda model: GridSearchCV(model, {"l2": [0.0, 0.1]}, cv=KFold(2)),
    "stacked search": lambda model: StackedGridSearchCV(model, {"l2": [0.0, 0.1]}, cv=KFold(2)),
    "search of pipelines": lambda model: GridSearchCV(
        make_pipeline(StandardScaler(), model), {"scratchmlpregressor__l2": [0.0, 0.1]}, cv=2
    ),
}


@pytest.mark.parametrize("wrap", WRAPPED)
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_around_a_regressor(rows, wrap, loss, there_and_back):
    saved = WRAPPED[wrap](net(ScratchMLPRegressor, loss=loss)).fit(*rows)
    loaded = there_and_back(saved)
    assert_array_equal(loaded.predict(rows[0]), saved.predict(rows[0]))
    assert loaded.score(*rows) == saved.score(*rows)
    again = loaded.fit(*rows).predict(rows[0])
    assert_array_equal(again, saved.predict(rows[0]))


@pytest.mark.parametrize("wrap", ["pipeline", "search", "stacked search"])
def test_around_several_labels(label_rows, wrap, there_and_back):
    X, y = label_rows
    saved = WRAPPED[wrap](net(ScratchMLPClassifier)).fit(X, y)
    assert_array_equal(there_and_back(saved).predict_proba(X), saved.predict_proba(X))


@pytest.mark.skipif(
    not hasattr(sknn, "ScratchMLPEnsembleRegressor"), reason="there is no such ensemble"
)
@pytest.mark.parametrize("loss", ["squared_error", "quantile", "gaussian"])
def test_an_ensemble_of_regressors(rows, loss, there_and_back):
    X, y = rows
    base = net(ScratchMLPRegressor, loss=loss)
    saved = sknn.ScratchMLPEnsembleRegressor(base, 2, bootstrap=True, random_state=0).fit(X, y)
    loaded = there_and_back(saved)
    for ours, theirs in zip(
        loaded.predict(X, return_std=True), saved.predict(X, return_std=True), strict=True
    ):
        assert_array_equal(ours, theirs)


# ---------------------------------------------------------------------------------------
# names


def test_files_hold_no_subpackage_of_sknn(rows, label_rows, tmp_path):
    """So that a module can move, whatever the file is of."""
    X, y = rows
    base = net(ScratchMLPRegressor)
    classifier = net(ScratchMLPClassifier)
    labels = (y > 500).astype(int)
    models = [
        base.fit(X, y),
        make_pipeline(sknn.PlainFrame(), sknn.ColumnNormScaler(), classifier).fit(*label_rows),
        StackedGridSearchCV(base, {"l2": [0.1]}, cv=2).fit(X, y),
        sknn.StackedRandomizedSearchCV(classifier, {"l2": [0.1]}, n_iter=1, cv=2).fit(X, labels),
        sknn.ScratchMLPEnsembleClassifier(classifier, 2).fit(X, labels),
        sknn.RankStabilitySelector(classifier, n_refits=1).fit(X, labels),
        sknn.MLPFeatureSelector(
            classifier, n_features_to_select=2, n_lambdas=2, epochs_per_lambda=1
        ).fit(X, labels),
        sknn.RegularizationPath(classifier, n_lambdas=2, epochs_per_lambda=1, cv=2).fit(X, labels),
    ]
    path = tmp_path / "model.sknn"
    for model in models:
        sknn.io.save(model, path)
        content = path.read_bytes()
        for name in re.findall(rb"sknn\.[\w.]+", content):
            assert re.fullmatch(rb"sknn\.[A-Z]\w+", name), (model, name)
        assert not re.search(rb"\b(sklearn|numpy|scipy|torch|skorch)(\.\w+)*\._", content), model


# ---------------------------------------------------------------------------------------
# what is refused


@pytest.fixture(scope="module")
def parts(rows, label_rows, tmp_path_factory):
    """Headers and arrays of files, by what they are of."""
    path = tmp_path_factory.mktemp("parts") / "model.sknn"
    X, y = rows
    models = {
        loss: net(ScratchMLPRegressor, loss=loss).fit(X, y)
        for loss in ("squared_error", "gamma", "quantile", "gaussian")
    }
    models["two"] = net(ScratchMLPRegressor).fit(X, np.column_stack([y, y]))
    models["unscaled"] = net(ScratchMLPRegressor, scale_target=False).fit(X, y)
    models["labels"] = net(ScratchMLPClassifier).fit(*label_rows)
    models["classes"] = net(ScratchMLPClassifier).fit(X, y > 500)
    found = {}
    for name, model in models.items():
        sknn.io.save(model, path)
        with _container.reading(path) as (header, arrays):
            found[name] = header, dict(arrays)
    return found


@pytest.fixture
def refuses(parts, tmp_path):
    """Asserts that a file with another value in one place is refused, and why."""

    def check(name: str, part: str, key: str, value: Any, why: str) -> None:
        header, arrays = json.loads(json.dumps(parts[name][0])), parts[name][1]
        if value is ...:
            del header[part][key]
        else:
            header[part][key] = value
        path = tmp_path / "model.sknn"
        _container.write(path, header, arrays)
        with pytest.raises(ValueError, match=f"(?s)model.sknn' cannot be loaded: .*{why}"):
            sknn.io.load(path)

    return check


def floats(*values: Any) -> dict[str, Any]:
    return {"$array": ["<f8", [len(values)], list(values)]}


NAN, INFINITY = {"$float": "nan"}, {"$float": "inf"}


@pytest.mark.parametrize("levels", [[0.5, 0.1, 0.9], [0.1, 0.1, 0.9], [0.0, 0.5, 0.9]], ids=str)
def test_quantiles_that_do_not_rise(refuses, levels):
    refuses("quantile", "plan", "quantiles", {"$tuple": levels}, "each larger than the one before")


@pytest.mark.parametrize("levels", [[], [0.5, 0.9], [NAN, 0.5, 0.9], ["a", "b", "c"]], ids=str)
def test_quantiles_that_are_none(refuses, levels):
    refuses("quantile", "plan", "quantiles", {"$tuple": levels}, "`quantiles` must|needs 2 outputs")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("squared_error", floats(-1.0), "scale of its target must be at least 0"),
        ("squared_error", floats(NAN), "must be 1 finite floats"),
        ("squared_error", floats(INFINITY), "must be 1 finite floats"),
        ("squared_error", floats(1.0, 1.0), "must be 1 finite floats"),
        ("squared_error", floats(), "must be 1 finite floats"),
        ("squared_error", {"$array": ["<f4", [1], [1.0]]}, "must be 1 finite floats"),
        ("squared_error", {"$array": ["<U1", [1], ["1"]]}, "must be 1 finite floats"),
        ("squared_error", [1.0], "must be 1 finite floats"),
        ("squared_error", None, "must be 1 finite floats"),
        ("squared_error", ..., "its target must have .*'scale'"),
        ("two", floats(1.0), "must be 2 finite floats"),
        ("gamma", floats(0.0), "scale of its target must be above 0"),
        ("unscaled", floats(2.0), "scale of its target must be 1"),
    ],
    ids=str,
)
def test_scales_that_no_fit_leaves(refuses, name, value, why):
    refuses(name, "target", "scale", value, why)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("squared_error", ..., "its target must have .*'center'"),
        ("squared_error", None, "the center of its target must be 1 finite"),
        ("squared_error", floats(NAN), "the center of its target must be 1 finite"),
        ("gamma", floats(5.0), "the center of its target must be 0"),
        ("unscaled", floats(5.0), "the center of its target must be 0"),
    ],
    ids=str,
)
def test_centers_that_no_fit_leaves(refuses, name, value, why):
    refuses(name, "target", "center", value, why)


@pytest.mark.parametrize("n_targets", [0, -1, 2, 10**15, True, 1.0, "1", None, []], ids=str)
@pytest.mark.parametrize("name", ["squared_error", "quantile", "gaussian"])
def test_numbers_of_columns(refuses, name, n_targets):
    refuses(name, "target", "n_targets", n_targets, "columns|finite floats")


@pytest.mark.parametrize(
    ("name", "part", "key", "value", "why"),
    [
        ("two", "target", "is_column", True, "cannot be of 2 columns"),
        ("squared_error", "target", "is_column", False, "cannot be of 1 columns"),
        ("squared_error", "target", "is_column", 1, "must be true or false"),
        ("squared_error", "target", "scales", None, "must be true or false"),
        ("squared_error", "target", "dtype", "int64", "unknown dtype 'int64'"),
        ("squared_error", "target", "dtype", "O", "unknown dtype 'O'"),
        ("squared_error", "target", "kind", "classes", "its target must have"),
        ("squared_error", "target", "kind", "os.system", "unknown kind 'os.system'"),
        ("squared_error", "target", "kind", ..., "it lacks 'kind'"),
        ("squared_error", "target", "extra", 1, "its target must have"),
        ("squared_error", "plan", "loss", "gaussian", "needs 2 outputs with loss='gaussian'"),
        ("squared_error", "plan", "loss", "softmax_cross_entropy", "is none for number of col"),
        ("squared_error", "plan", "loss", "x", "its loss is 'x'"),
        ("squared_error", "plan", "loss", ["x"], "its loss is "),
        ("squared_error", "plan", "quantiles", {"$tuple": [0.5]}, r"its quantiles must be \(\)"),
        ("gaussian", "plan", "loss", "squared_error", "needs 1 outputs"),
        ("labels", "target", "n_labels", 4, "needs 4 outputs"),
        ("labels", "target", "n_labels", 0, "must be an int of at least 1"),
        ("labels", "target", "is_sparse", "no", "must be true or false"),
        ("labels", "plan", "loss", "softmax_cross_entropy", "is none for several labels"),
        ("labels", "plan", "loss", "squared_error", "is none for number of labels"),
        ("classes", "target", "classes", {"$array": ["<i8", [3], [1, 2, 3]]}, "must be 2 in an"),
    ],
    ids=str,
)
def test_targets_that_do_not_fit(refuses, name, part, key, value, why):
    refuses(name, part, key, value, why)


@pytest.mark.parametrize("pair", [("squared_error", "classes"), ("labels", "squared_error")])
def test_a_class_of_another_kind_of_target(parts, tmp_path, pair):
    (header, arrays), (other, _) = (parts[name] for name in pair)
    path = tmp_path / "model.sknn"
    edited = header | {name: other[name] for name in ("class", "parameters")}
    _container.write(path, edited, arrays)
    with pytest.raises(ValueError, match=r"a ScratchMLP\w+ cannot predict the (numbers|labels)"):
        sknn.io.load(path)
    _container.write(path, header, arrays)
    cls = ScratchMLPClassifier if pair[0] == "squared_error" else TorchMLPRegressor
    with pytest.raises(ValueError, match=r"`cls` must be of the kind of the ScratchMLP"):
        sknn.io.load(path, cls=cls)


def test_regressors_of_others_are_refused_by_name(rows, tmp_path):
    model = MultiOutputRegressor(net(ScratchMLPRegressor)).fit(rows[0], rows[1][:, None])
    with pytest.raises(ValueError, match=r"must be one of .*ScratchMLPRegressor.*got MultiOutput"):
        sknn.io.save(model, tmp_path / "model.sknn")


@pytest.mark.parametrize(
    "change",
    [
        lambda nodes, other: nodes.update({"estimators_": []}),
        lambda nodes, other: nodes.update({"estimators_": ["x"]}),
        lambda nodes, other: nodes["estimators_"].__setitem__(1, nodes["estimator"]),
        lambda nodes, other: nodes["estimators_"].__setitem__(1, other),
        lambda nodes, other: nodes.update({"n_features_in_": 3}),
        lambda nodes, other: nodes.pop("classes_"),
        lambda nodes, other: nodes.update({"classes_": {"$objects": [[1], ["a"]]}}),
    ],
)
def test_ensembles_whose_networks_do_not_fit(rows, tmp_path, change):
    """Their arrays are stacked without a look."""
    X, y = rows
    path = tmp_path / "model.sknn"
    base = net(ScratchMLPClassifier)
    ensemble = sknn.ScratchMLPEnsembleClassifier(base, 2).fit(X, y > 500)
    wider = net(ScratchMLPClassifier, hidden_layer_sizes=(6,)).fit(X, y > 500)
    sknn.io.save(
        make_pipeline(sknn.RankStabilitySelector(base, n_refits=1), wider).fit(X, y > 500), path
    )
    with _container.reading(path) as (header, arrays):
        other = header["model"]["$object"][1]["steps"][1]["$tuple"][1]
        more = dict(arrays)
    sknn.io.save(ensemble, path)
    with _container.reading(path) as (header, arrays):
        arrays = dict(arrays) | more
    change(header["model"]["$object"][1], other)
    _container.write(path, header, arrays)
    with pytest.raises(ValueError, match=r"`(estimators_|n_features_in_|classes_)` is not what"):
        sknn.io.load(path)
