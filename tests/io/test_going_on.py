"""A fit that was saved in its middle, loaded and gone on with is the fit that never stopped."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

CLASSES = [0, 1, 2]
SETTINGS = [
    {"solver": "sgd"},
    {"solver": "sgd", "nesterovs_momentum": False, "shuffle": False},
    {"solver": "adam"},
    {"solver": "adamw", "l2": 0.1},
    {"solver": "rmsprop", "l1": 1e-3, "group_l1": 0.02},
    {"solver": "adam", "dtype": "float32", "record": "batch"},
    {"solver": "sgd", "learning_rate": "invscaling"},
    {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 1.0},
    {"solver": "adam", "early_stopping": True},
    {"solver": "sgd", "early_stopping": True, "monitor": "valid_accuracy"},
    {"solver": "adam", "early_stopping": True, "learning_rate_init": 0.5, "max_iter": 9},
    {"solver": "adam", "max_grad_norm": 0.1, "label_smoothing": 0.1},
    {"solver": "adam", "class_weight": "balanced", "hidden_layer_sizes": ()},
    {"solver": "lbfgs"},
]
WITH_DROPOUT = [
    {"dropout": 0.3, "input_dropout": 0.2},
    {"dropout": (0.5, 0.0), "solver": "sgd", "dtype": "float32"},
]


@pytest.fixture
def halfway(make, table):
    """Builds an estimator that has had the first of two fits."""

    def fit(**params):
        return make(**params, warm_start=True).fit(*table)

    return fit


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("params", SETTINGS + WITH_DROPOUT, ids=str)
def test_a_warm_start_goes_on(halfway, table, there_and_back, assert_same_weights, params):
    kept = halfway(**params)
    loaded = there_and_back(kept)
    assert_same_weights(loaded.fit(*table), kept.fit(*table))
    # And once more, from what was loaded and gone on with.
    again = there_and_back(loaded)
    assert_same_weights(again.fit(*table), kept.fit(*table))
    assert again.n_iter_ == kept.n_iter_ > 5


@pytest.mark.parametrize(
    "params",
    [{"solver": solver} for solver in ("sgd", "adam", "adamw", "rmsprop")] + WITH_DROPOUT,
    ids=str,
)
def test_partial_fit_goes_on(make, table, there_and_back, assert_same_weights, params):
    X, y = table
    kept = make(**params).partial_fit(X[:50], y[:50], classes=CLASSES)
    loaded = there_and_back(kept)
    for rows in (slice(50, 90), slice(0, 30)):
        loaded.partial_fit(X[rows], y[rows])
        kept.partial_fit(X[rows], y[rows])
        loaded = there_and_back(loaded)
    assert_same_weights(loaded, kept)
    assert loaded.n_iter_ == 3


def test_the_best_weights_of_an_earlier_fit_are_restored(
    halfway, table, there_and_back, assert_same_weights
):
    """What comes after loading is worse: the best epoch is one before it was saved."""
    kept = halfway(early_stopping=True, max_iter=20)
    loaded = there_and_back(kept)
    best = [coef.copy() for coef in kept.coefs_]
    for estimator in (kept, loaded):
        estimator.set_params(solver="adam", learning_rate_init=5.0, max_iter=3).fit(*table)
    assert_same_weights(loaded, kept)
    assert all(map(np.array_equal, loaded.coefs_, best))


def test_held_out_rows_stay_the_same(halfway, table, there_and_back):
    loaded = there_and_back(halfway(early_stopping=True))
    assert loaded.fit(*table).n_iter_ == 10
    loaded = there_and_back(halfway())
    with pytest.raises(ValueError, match="`early_stopping` cannot hold rows out"):
        loaded.set_params(early_stopping=True).fit(*table)


def test_without_warm_start_there_is_nothing_to_go_on_with(
    make, table, there_and_back, assert_same_weights
):
    """As before saving, the weights are gone on from, and the optimizer remembers nothing."""
    kept = make().fit(*table)
    loaded = there_and_back(kept)
    for estimator in (kept, loaded):
        estimator.set_params(warm_start=True, solver="sgd").fit(*table)
    assert_same_weights(loaded, kept)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("params", [p for p in SETTINGS if p.get("dtype") is None], ids=str)
def test_the_other_class_goes_on(halfway, Other, table, there_and_back, params):
    kept = halfway(**params)
    loaded = there_and_back(kept, cls=Other).fit(*table)
    kept.fit(*table)
    assert type(loaded) is Other
    tolerance = 1e-10 if params["solver"] != "lbfgs" else 1e-5
    for name in ("coefs_", "intercepts_"):
        for left, right in zip(getattr(loaded, name), getattr(kept, name), strict=True):
            assert_allclose(left, right, rtol=0, atol=tolerance)
    assert loaded.n_iter_ == kept.n_iter_


def test_partial_fit_goes_on_in_the_other_class(make, Other, table, there_and_back):
    X, y = table
    kept = make().partial_fit(X, y, classes=CLASSES)
    loaded = there_and_back(kept, cls=Other).partial_fit(X[:40], y[:40])
    kept.partial_fit(X[:40], y[:40])
    for left, right in zip(loaded.coefs_, kept.coefs_, strict=True):
        assert_allclose(left, right, rtol=0, atol=1e-10)


def test_going_on_leaves_what_was_saved_alone(halfway, table, there_and_back, tmp_path):
    saved = halfway(early_stopping=True)
    before = [coef.copy() for coef in saved.coefs_]
    loaded = there_and_back(saved)
    content = (tmp_path / "there.sknn").read_bytes()
    loaded.fit(*table)
    assert all(map(np.array_equal, saved.coefs_, before))
    assert (tmp_path / "there.sknn").read_bytes() == content


def test_a_clone_of_what_was_loaded_starts_afresh(halfway, make, table, there_and_back):
    loaded = there_and_back(halfway())
    fresh = clone(loaded).fit(*table)
    assert np.array_equal(fresh.coefs_[0], make().fit(*table).coefs_[0])
