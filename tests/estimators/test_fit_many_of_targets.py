"""`fit_many` with every kind of target: each network as its own `fit` would leave it."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sknn import ScratchMLPClassifier, ScratchMLPRegressor, fit_many

KINDS = (ScratchMLPClassifier, ScratchMLPRegressor)


def take(array, rows):
    return None if array is None else array[rows]


def assert_same(one, other, X):
    for name in ("coefs_", "intercepts_"):
        for left, right in zip(getattr(one, name), getattr(other, name), strict=True):
            assert_array_equal(left, right, err_msg=name)
    assert one.history_.epochs.keys() == other.history_.epochs.keys()
    for column in one.history_.epochs:
        if column != "seconds":
            assert_array_equal(one.history_[column], other.history_[column], err_msg=column)
    left, right = one.predict(X), other.predict(X)
    assert (left != right).sum() == 0 and left.dtype == right.dtype


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_stacks_are_loops(task, weighted, n_jobs):
    weight = np.linspace(0.1, 2.0, 72) if weighted else None
    models = [
        task.network(
            random_state=seed, l2=0.1 * seed, dropout=0.2 * (seed % 2), early_stopping=seed > 2
        )
        for seed in range(5)
    ]
    odd, all_but_some = np.r_[0:40, 0:10], np.arange(60)
    splits = [all_but_some, all_but_some, odd, odd, np.arange(72) > 6]
    alone = [
        clone(model).fit(task.X[rows], task.y[rows], take(weight, rows))
        for model, rows in zip(models, splits, strict=True)
    ]
    fit_many(models, task.X, task.y, weight, splits=splits, n_jobs=n_jobs)
    for one, other in zip(alone, models, strict=True):
        assert_same(one, other, task.X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_lbfgs(task):
    models = [task.network(solver="lbfgs", random_state=seed) for seed in range(3)]
    alone = [clone(model).fit(task.X, task.y) for model in models]
    for one, other in zip(alone, fit_many(models, task.X, task.y), strict=True):
        assert_same(one, other, task.X)


def test_losses_side_by_side():
    """Losses, scales and levels differ: these networks share rows and no stack."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = np.exp(X[:, 0])
    models = [
        ScratchMLPRegressor((5,), max_iter=4, n_iter_no_change=np.inf, random_state=0, **params)
        for params in (
            {},
            {"loss": "huber"},
            {"scale_target": False},
            {"loss": "gaussian"},
            {"loss": "quantile", "quantiles": (0.1, 0.9)},
            {"loss": "quantile", "quantiles": (0.2, 0.8)},
            {"loss": "poisson"},
        )
    ]
    alone = [clone(model).fit(X, y) for model in models]
    for one, other in zip(alone, fit_many(models, X, y), strict=True):
        assert_same(one, other, X)
    assert len({model.predict(X[:1]).item() for model in models}) == 7


def test_a_target_that_one_of_them_cannot_have():
    X = np.random.default_rng(0).normal(size=(40, 3))
    models = [
        ScratchMLPRegressor((4,), loss=loss, max_iter=3, n_iter_no_change=np.inf, random_state=0)
        for loss in ("squared_error", "gamma", "gaussian")
    ]
    with pytest.raises(ValueError, match="`y` must be above 0 with loss='gamma'"):
        fit_many(models, X, X[:, 0])
    for model in (models[0], models[2]):
        assert_same(model, clone(model).fit(X, X[:, 0]), X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("kinds", [KINDS, KINDS[::-1]], ids=["classifier first", "last"])
@pytest.mark.parametrize("convert", [list, lambda y: y[:, None], lambda y: np.c_[y, 1 - y]])
def test_a_classifier_among_regressors(convert, kinds):
    """Whole numbers are numbers to one of them, and classes to the other."""
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = convert((X[:, 0] > 0).astype(int))
    params = {"max_iter": 3, "n_iter_no_change": np.inf, "random_state": 0}
    models = [kind((4,), **params) for kind in kinds]
    alone = [clone(model).fit(X, y) for model in models]
    for one, other in zip(alone, fit_many(models, X, y), strict=True):
        assert_same(one, other, X)
