"""Normalization, residuals, embeddings and scaled inputs through the estimators of both engines."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import get_tags

from sknn import (
    MLPFeatureSelector,
    RankStabilitySelector,
    RegularizationPath,
    ScratchMLPClassifier,
    ScratchMLPEnsembleClassifier,
    ScratchMLPRegressor,
    StackedGridSearchCV,
    TorchMLPRegressor,
    fit_many,
)

ARRAYS = (
    "coefs_",
    "intercepts_",
    "norm_scales_",
    "norm_shifts_",
    "norm_means_",
    "norm_variances_",
    "input_scale_",
    "embedding_frequencies_",
    "embedding_phases_",
    "embedding_coefs_",
    "embedding_intercepts_",
)
EVERY_PART = {
    "hidden_layer_sizes": (6, 6),
    "activation": "silu",
    "normalization": "batch",
    "residual": True,
    "embedding": "periodic",
    "input_scale": True,
}
# Any two values of two parts meet in one of these.
NETWORKS = [
    {"activation": a, "normalization": n, "residual": r, "embedding": e, "input_scale": s}
    | {"solver": solver, "learning_rate": schedule}
    for a, n, r, e, s, solver, schedule in [
        ("silu", "batch", True, "periodic", True, "adam", "constant"),
        ("gelu", "layer", False, None, False, "sgd", "cosine"),
        ("mish", None, True, "periodic", False, "adamw", "onecycle"),
        ("selu", "batch", False, None, True, "rmsprop", "constant"),
        ("elu", "layer", True, "periodic", False, "adam", "invscaling"),
        ("leaky_relu", "batch", False, "periodic", True, "sgd", "onecycle"),
        ("softplus", None, False, None, True, "adam", "cosine"),
        (("tanh", "mish"), "layer", False, "periodic", True, "rmsprop", "adaptive"),
        ("relu", "batch", True, None, False, "adamw", "adaptive"),
        (("selu", "logistic"), "layer", True, None, True, "adamw", "constant"),
        ("identity", None, True, None, False, "rmsprop", "invscaling"),
    ]
]


def arrays_of(estimator):
    """All arrays of a network, in one list."""
    found = []
    for name in ARRAYS:
        value = getattr(estimator, name, [])
        found += value if isinstance(value, list) else [value]
    return found


def largest_difference(one, other):
    pairs = list(zip(arrays_of(one), arrays_of(other), strict=True))
    assert all(a.shape == b.shape and a.dtype == b.dtype for a, b in pairs)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def assert_equal_bits(one, other):
    assert vars(one).keys() & set(ARRAYS) == vars(other).keys() & set(ARRAYS)
    for left, right in zip(arrays_of(one), arrays_of(other), strict=True):
        assert left.dtype == right.dtype
        assert_array_equal(left, right)
    for column in one.history_.epochs:
        if column != "seconds":
            assert_array_equal(one.history_[column], other.history_[column], err_msg=column)


# ---------------------------------------------------------------------------------------
# both engines


@pytest.mark.parametrize("parts", NETWORKS, ids=str)
def test_engines_agree_after_a_hundred_updates(make_scratch, make_torch, table, held_out, parts):
    """At the default learning rate, running statistics included; ragged batches, validation."""
    X_val, y_val = held_out
    settings = {"hidden_layer_sizes": (6, 6), "learning_rate_init": 0.001, "batch_size": 35}
    ours, theirs = (
        make(max_iter=26, **settings | parts).fit(*table, X_val=X_val, y_val=y_val)
        for make in (make_scratch, make_torch)
    )
    assert ours.t_ == 26 * 120
    assert largest_difference(ours, theirs) <= 1e-10
    for column in ours.history_.epochs:
        if column != "seconds":
            assert_allclose(ours.history_[column], theirs.history_[column], rtol=1e-9, atol=1e-9)
    assert_allclose(ours.predict_proba(X_val), theirs.predict_proba(X_val), rtol=0, atol=1e-9)


@pytest.mark.parametrize("parts", NETWORKS[::3], ids=str)
@pytest.mark.parametrize("loss", ["gaussian", "huber"])
def test_engines_agree_on_regression_with_penalties(table, parts, loss):
    X, _ = table
    y = 5 + X[:, 0] + np.sin(2 * X[:, 1])
    settings = {"hidden_layer_sizes": (6, 6), "batch_size": 35, "max_iter": 10, "random_state": 0}
    settings |= {"n_iter_no_change": np.inf, "loss": loss, "l2": 0.01}
    settings |= {"l1": 1e-3, "group_l1": 5e-3, "max_grad_norm": 0.5}
    ours = ScratchMLPRegressor(**settings | parts).fit(X, y)
    theirs = TorchMLPRegressor(device="cpu", **settings | parts).fit(X, y)
    assert largest_difference(ours, theirs) <= 1e-10
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)


def test_engines_agree_on_lbfgs(make_scratch, make_torch, table):
    parts = EVERY_PART | {"normalization": "layer", "solver": "lbfgs", "max_iter": 15}
    ours, theirs = (make(**parts).fit(*table) for make in (make_scratch, make_torch))
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-7)
    assert largest_difference(ours, theirs) <= 1e-5
    assert ours.loss_ < ours.loss_curve_[0] / 2


def test_lbfgs_refuses_batch_normalization(make, table):
    with pytest.raises(ValueError, match=r"`normalization` must be None or 'layer' .* got 'batch'"):
        make(solver="lbfgs", normalization="batch").fit(*table)


@pytest.mark.parametrize("parts", NETWORKS[:3], ids=str)
def test_float32(make, table, parts):
    single = make(**EVERY_PART | parts, dtype="float32").fit(*table)
    double = make(**EVERY_PART | parts).fit(*table)
    assert all(array.dtype == np.float32 for array in arrays_of(single))
    assert single.predict_proba(table[0]).dtype == np.float32
    assert_allclose(single.predict_proba(table[0]), double.predict_proba(table[0]), atol=2e-3)


def test_statistics_of_the_last_update_are_those_of_pytorchs_batch_norm(make, table):
    """One hidden layer whose weights hardly move: means of its own outputs, batch by batch."""
    X, y = table
    still = {"learning_rate_init": 1e-30, "solver": "sgd", "momentum": 0.0, "l2": 0.0}
    fitted = make(
        hidden_layer_sizes=(5,), normalization="batch", batch_size=40, max_iter=2, shuffle=False
    ).set_params(**still)
    fitted.fit(X, y)
    Z = X @ fitted.coefs_[0] + fitted.intercepts_[0]
    mean, variance = np.zeros(5), np.ones(5)
    for batch in np.split(Z, 3) * 2:
        mean = 0.9 * mean + 0.1 * batch.mean(axis=0)
        variance = 0.9 * variance + 0.1 * batch.var(axis=0, ddof=1)
    assert_allclose(fitted.norm_means_[0], mean, rtol=1e-12)
    assert_allclose(fitted.norm_variances_[0], variance, rtol=1e-12)


def test_prediction_goes_by_running_statistics_and_row_by_row(make, table):
    X, y = table
    fitted = make(**EVERY_PART).fit(X, y)
    whole = fitted.predict_proba(X)
    rows = np.concatenate([fitted.predict_proba(X[i : i + 1]) for i in range(len(X))])
    assert_allclose(rows, whole, rtol=1e-12)


@pytest.mark.parametrize("size", [1, 7, 119])
def test_a_last_batch_of_a_single_row(make, table, size):
    """120 rows: a batch of one, as `batch_size=1` or as what is left, goes by the statistics."""
    X, y = table
    X, y = (X[:50], y[:50]) if size == 7 else (X, y)
    fitted = make(hidden_layer_sizes=(4,), normalization="batch", batch_size=size).fit(X, y)
    assert np.isfinite(fitted.loss_curve_).all()
    if size == 1:  # no batch has had a variance
        assert_array_equal(fitted.norm_means_[0], 0)
        assert_array_equal(fitted.norm_variances_[0], 1)
    else:
        assert (fitted.norm_means_[0] != 0).all()


# ---------------------------------------------------------------------------------------
# stacks


@pytest.mark.parametrize("parts", NETWORKS[::2], ids=str)
@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_stacks_give_the_bits_of_loops(make_scratch, table, parts, n_jobs):
    """Different rates, penalties and rows; one stops early."""
    X, y = table
    rng = np.random.default_rng(0)
    settings = {"early_stopping": True, "n_iter_no_change": 4, "max_iter": 12}
    models = [
        make_scratch(**EVERY_PART | parts | settings, random_state=0),
        make_scratch(**EVERY_PART | parts | settings, random_state=1).set_params(
            learning_rate_init=0.05, l2=0.1, dropout=0.2, input_dropout=0.1
        ),
        make_scratch(**EVERY_PART | parts | settings, random_state=2).set_params(tol=10.0),
        make_scratch(**EVERY_PART | parts | settings, random_state=3).set_params(group_l1=0.05),
    ]
    splits = [np.arange(120), rng.permutation(120)[:77], np.arange(90), np.arange(30, 120)]
    alone = [clone(m).fit(X[rows], y[rows]) for m, rows in zip(models, splits, strict=True)]
    fit_many(models, X, y, splits=splits, n_jobs=n_jobs)
    for together, one in zip(models, alone, strict=True):
        assert_equal_bits(together, one)
    if parts["learning_rate"] not in ("adaptive",):
        assert models[2].n_iter_ < 12


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_neighbour_that_diverges_changes_no_bit(make_scratch, table):
    parts = EVERY_PART | {"solver": "sgd", "normalization": "batch", "activation": "elu"}
    good = make_scratch(**parts)
    wild = make_scratch(**parts).set_params(learning_rate_init=1e200, random_state=1)
    alone = clone(good).fit(*table)
    with pytest.raises(ValueError, match="diverged"):
        fit_many([wild, good], *table)
    assert_equal_bits(good, alone)


def test_an_ensemble_and_a_search_over_parts(make_scratch, table):
    X, y = table
    network = make_scratch(**EVERY_PART, max_iter=4)
    ensemble = ScratchMLPEnsembleClassifier(network, 3, random_state=0).fit(X, y)
    each = [member.predict_proba(X) for member in ensemble.estimators_]
    assert_allclose(ensemble.predict_proba(X), np.mean(each, axis=0), rtol=1e-12)
    grid = {
        "normalization": [None, "batch", "layer"],
        "activation": ["gelu", ["tanh", "relu"]],
        "embedding": [None, "periodic"],
    }
    search = StackedGridSearchCV(network, grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 12
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_sparse_and_embedded_networks_in_one_call(make_scratch, table):
    """What one has validated is no word on what another takes."""
    X, y = sparse.csr_array(table[0]), table[1]
    plain, embedded = make_scratch(max_iter=1), make_scratch(max_iter=1, embedding="periodic")
    for models in ([plain, embedded], [embedded, plain]):
        with pytest.raises(TypeError, match="Sparse data was passed"):
            fit_many([clone(model) for model in models], X, y)


# ---------------------------------------------------------------------------------------
# going on


@pytest.mark.parametrize("parts", NETWORKS[:2] + NETWORKS[5:6], ids=str)
def test_two_fits_are_one(make, table, parts):
    parts = EVERY_PART | parts | {"learning_rate": "constant"}
    whole = make(**parts, max_iter=8).fit(*table)
    halves = make(**parts, max_iter=3, warm_start=True).fit(*table)
    halves = pickle.loads(pickle.dumps(halves))  # what went through a file goes on as well
    halves.set_params(max_iter=5).fit(*table)
    assert_equal_bits(halves, whole)


def test_partial_fit_is_an_epoch(make, table):
    X, y = table
    whole = make(**EVERY_PART, max_iter=3).fit(X, y)
    epochs = make(**EVERY_PART)
    for _ in range(3):
        epochs.partial_fit(X, y, classes=np.unique(y))
    assert_equal_bits(epochs, whole)


def test_early_stopping_restores_the_statistics_of_the_best_epoch(make, table, held_out):
    """A twin that stops after that epoch has the same weights, means and variances."""
    X_val, y_val = held_out
    valid = {"X_val": X_val, "y_val": y_val}
    params = EVERY_PART | {"learning_rate_init": 0.05, "early_stopping": True}
    fitted = make(**params, max_iter=25).fit(*table, **valid)
    best = fitted.history_.best_epoch("valid_loss")
    assert best < 25
    twin = make(**params | {"early_stopping": False}, max_iter=best).fit(*table, **valid)
    for left, right in zip(arrays_of(fitted), arrays_of(twin), strict=True):
        assert_array_equal(left, right)
    # and goes on from the last one
    again = make(**params, max_iter=35).fit(*table, **valid)
    fitted.set_params(warm_start=True, max_iter=10).fit(*table, **valid)
    assert_equal_bits(fitted, again)


def test_ctrl_c_leaves_the_statistics_of_a_whole_epoch(make, table, monkeypatch):
    """Interrupted amidst the fourth epoch of six updates."""
    fitted = make(**EVERY_PART, max_iter=9)
    calls = []
    if hasattr(fitted, "device"):
        import torch

        owner, name = torch.nn.functional, "batch_norm"
    else:
        from sknn.backprop import BatchNorm

        owner, name = BatchNorm, "forward"
    function = getattr(owner, name)

    def interrupt(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2 * 6 * 3 + 5:
            raise KeyboardInterrupt
        return function(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupt)
        with pytest.warns(UserWarning, match="interrupted"):
            fitted.fit(*table)
    assert len(calls) == 2 * 6 * 3 + 5
    assert_equal_bits(fitted, make(**EVERY_PART, max_iter=3).fit(*table))


def test_arrays_set_by_the_user_count(make, table):
    X, y = table
    fitted = make(**EVERY_PART, max_iter=2, warm_start=True).fit(X, y)
    other = make(**EVERY_PART, max_iter=2).set_params(random_state=7).fit(X, y)
    for name in ARRAYS:
        setattr(fitted, name, getattr(other, name))
    assert_array_equal(fitted.predict_proba(X), other.predict_proba(X))
    fitted.norm_means_ = [mean + 1.0 for mean in fitted.norm_means_]
    assert (fitted.predict_proba(X) != other.predict_proba(X)).any()
    before = fitted.norm_means_[0].copy()
    fitted.set_params(max_iter=1, learning_rate_init=1e-30, batch_size=120).fit(X, y)
    moved = fitted.norm_means_[0] - 0.9 * before  # a tenth of the batch's
    assert (np.abs(moved - (other.norm_means_[0] - 0.9 * (before - 1.0))) < 1.0).all()
    fitted.norm_variances_ = [np.full(6, np.nan)] * 2
    with pytest.raises(ValueError, match="`norm_variances_` must be finite"):
        fitted.predict(X)
    with pytest.raises(ValueError, match="`norm_variances_` must be finite"):
        fitted.fit(X, y)
    fitted.norm_variances_ = [np.ones(5)] * 2
    with pytest.raises(ValueError, match=r"`norm_variances_` must have the shapes .* got \(5,\)"):
        fitted.predict(X)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation", "relu"),
        ("normalization", "layer"),
        ("residual", False),
        ("embedding", None),
        ("input_scale", False),
    ],
)
def test_a_fit_that_goes_on_keeps_its_parts(make, table, name, value):
    fitted = make(**EVERY_PART, max_iter=1, warm_start=True).fit(*table)
    with pytest.raises(ValueError, match=f"The `{name}` must stay as in the fit"):
        fitted.set_params(**{name: value}).fit(*table)


def test_clones_and_equal_lists_of_activations(make, table):
    """A list of equal names is one name."""
    listed = make(activation=["gelu", "gelu"], max_iter=2)
    assert clone(listed).activation == ["gelu", "gelu"]
    assert_equal_bits(listed.fit(*table), make(activation="gelu", max_iter=2).fit(*table))


def test_attributes_of_an_earlier_fit_go(make, table):
    fitted = make(**EVERY_PART, max_iter=1).fit(*table)
    fitted.set_params(normalization="layer", embedding=None, input_scale=False).fit(*table)
    left = [name for name in ARRAYS if hasattr(fitted, name)]
    assert left == ["coefs_", "intercepts_", "norm_scales_", "norm_shifts_"]


# ---------------------------------------------------------------------------------------
# rows


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_rows_with_normalization_and_residuals(make, table, container):
    parts = EVERY_PART | {"embedding": None, "input_scale": False}
    X, y = np.where(np.abs(table[0]) < 0.5, 0, table[0]), table[1]
    dense, thin = make(**parts).fit(X, y), make(**parts).fit(container(X), y)
    assert get_tags(thin).input_tags.sparse
    assert largest_difference(dense, thin) < 1e-9
    assert_allclose(thin.predict_proba(container(X)), dense.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("part", [{"embedding": "periodic"}, {"input_scale": True}])
def test_sparse_rows_are_refused_by_layers_before_the_first_linear_one(make, table, part):
    X, y = table
    thin, estimator = sparse.csr_array(X), make(max_iter=1, **part)
    assert not get_tags(estimator).input_tags.sparse
    message = "dense data is required"
    with pytest.raises(TypeError, match=message):
        estimator.fit(thin, y)
    with pytest.raises(TypeError, match=message):
        estimator.partial_fit(thin, y, classes=np.unique(y))
    estimator.fit(X, y)
    with pytest.raises(TypeError, match=message):
        estimator.predict(thin)
    with pytest.raises(TypeError, match=f"`X_val`, `y_val` must be like .*{message}"):
        estimator.fit(X, y, X_val=thin, y_val=y)


def test_those_around_a_network_take_the_rows_that_it_takes(make_scratch, table):
    X, y = sparse.csr_array(table[0]), table[1]
    for network, takes in ((make_scratch(), True), (make_scratch(embedding="periodic"), False)):
        for around in (
            ScratchMLPEnsembleClassifier(network, 2),
            MLPFeatureSelector(network),
            RankStabilitySelector(network),
            RegularizationPath(network),
            StackedGridSearchCV(network, {"l2": [0.0]}),
        ):
            assert get_tags(around).input_tags.sparse == takes, around
            if not takes and not isinstance(around, StackedGridSearchCV):
                with pytest.raises(TypeError, match="dense data is required"):
                    around.fit(X, y)
    ensemble = ScratchMLPEnsembleClassifier(make_scratch(input_scale=True, max_iter=1), 2)
    with pytest.raises(TypeError, match="dense data is required"):
        ensemble.fit(*table).predict(X)


# ---------------------------------------------------------------------------------------
# features


@pytest.mark.parametrize("part", [{}, {"input_scale": True}], ids=str)
def test_a_feature_leaves_with_all_its_columns(make, table, part):
    X, y = table
    fitted = make(
        hidden_layer_sizes=(6,), embedding="periodic", group_l1=0.2, max_iter=40, **part
    ).fit(X, y)
    selected = fitted.selected_features_
    assert selected.shape == (6,)
    assert 0 < selected.sum() < 6
    columns = (fitted.coefs_[0] != 0).any(axis=1).reshape(6, 4)
    assert_array_equal(columns.any(axis=1), selected)
    assert columns[selected].all(), "none of its columns leaves alone"
    other = np.where(selected, X, 1e3 * np.random.default_rng(0).normal(size=X.shape))
    assert_array_equal(fitted.predict_proba(other), fitted.predict_proba(X))


@pytest.mark.parametrize("part", [{"embedding": "periodic"}, {"normalization": "batch"}])
@pytest.mark.parametrize("relax", [False, True])
def test_a_path_of_such_networks(make_scratch, table, part, relax):
    """Features are judged, not columns; the best step has its own running statistics."""
    X, y = table
    network = make_scratch(hidden_layer_sizes=(6,), max_iter=15, **part)
    walk = {"n_lambdas": 6, "epochs_per_lambda": 5, "cv": 2, "random_state": 0}
    path = RegularizationPath(network, relax=relax, selection="best", **walk).fit(X, y)
    assert path.norms_.shape == (len(path.lambdas_), 6)
    assert path.n_alive_[0] == 6
    assert path.n_alive_[-1] == 0
    best = path.best_estimator_
    assert_array_equal(best.selected_features_, path.support_)
    n_units = 4 if "embedding" in part else 1
    lengths = np.linalg.norm(best.coefs_[0].reshape(6, -1), axis=1)
    assert len(best.coefs_[0]) == 6 * n_units
    assert_allclose(path.norms_[path.best_index_], lengths, rtol=1e-12)
    # Small on the rows that it was trained on, which it is not with another step's means.
    proba = best.predict_proba(X)[np.arange(len(y)), y]
    assert -np.log(proba).mean() < 1.5 * path.train_losses_[path.best_index_] + 0.1
    assert MLPFeatureSelector(network, **walk).fit(X, y).transform(X).shape[0] == 120


@pytest.mark.parametrize("importance", ["weights", "gradients"])
def test_ranks_of_features_that_are_embedded(make_scratch, importance):
    """Only the first of five columns tells the class, and it does so in waves."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 5))
    y = (np.sin(4 * X[:, 0]) > 0).astype(int)
    network = make_scratch(
        hidden_layer_sizes=(8,), embedding="periodic", normalization="layer", max_iter=40, l1=1e-3
    )
    selector = RankStabilitySelector(
        network, n_refits=3, importance=importance, n_features_to_select=1, random_state=0
    ).fit(X, y)
    assert selector.importances_.shape == (3, 5)
    assert_array_equal(selector.get_support(), [True, False, False, False, False])


# ---------------------------------------------------------------------------------------
# what the parts are for


def test_an_embedding_follows_a_wave_that_a_plain_network_does_not():
    """On rows that neither has seen."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(400, 1))
    y = np.sin(6 * X[:, 0])
    settings = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.01, "max_iter": 60}
    settings |= {"n_iter_no_change": np.inf, "random_state": 0, "batch_size": 20}
    plain, embedded = (
        ScratchMLPRegressor(**settings, embedding=e).fit(X[:300], y[:300]).score(X[300:], y[300:])
        for e in (None, "periodic")
    )
    assert embedded > 0.95
    assert plain < 0.85


def test_residuals_let_gradients_through_many_layers():
    """Of a network of 20 logistic layers the first one learns, or it does not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    settings = {"hidden_layer_sizes": (4,) * 20, "activation": "logistic", "solver": "sgd"}
    settings |= {"max_iter": 1, "n_iter_no_change": np.inf, "random_state": 0, "momentum": 0.0}
    settings |= {"batch_size": "full", "l2": 0.0, "learning_rate_init": 1.0}
    moved = []
    for residual in (False, True):
        one = ScratchMLPClassifier(**settings, residual=residual, shuffle=False)
        start = clone(one).set_params(learning_rate_init=1e-30).fit(X, y)
        moved.append(np.abs(one.fit(X, y).coefs_[0] - start.coefs_[0]).max())
    assert moved[1] > 1e6 * moved[0]


def test_all_pairs_meet():
    """The list above covers what it says."""
    names = ("normalization", "residual", "embedding", "input_scale")
    for one, other in pairwise((*names, names[0])):
        wanted = {(a[one], b[other]) for a in NETWORKS for b in NETWORKS}
        assert {(n[one], n[other]) for n in NETWORKS} == wanted
