"""Stacked searches with every kind of target: the results of scikit-learn's, to the last bit."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPRegressor, StackedGridSearchCV, StackedRandomizedSearchCV
from sknn.model_selection import _tasks

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def sizes(monkeypatch):
    """How many networks each stack had."""
    seen, train = [], _tasks.train_stack
    monkeypatch.setattr(_tasks, "train_stack", lambda jobs: seen.append(len(jobs)) or train(jobs))
    return seen


def assert_same_searches(searches, X, y):
    one, other = (search.fit(X, y) for search in searches)
    assert one.cv_results_.keys() == other.cv_results_.keys()
    for name, column in one.cv_results_.items():
        if not name.startswith("param") and "time" not in name:
            assert_array_equal(column, other.cv_results_[name], err_msg=name)
    assert repr(one.best_params_) == repr(other.best_params_)
    assert (one.predict(X) != other.predict(X)).sum() == 0
    return one


@pytest.mark.parametrize("early_stopping", [False, True])
def test_grids(task, early_stopping, sizes):
    pipeline = Pipeline(
        [
            ("s", StandardScaler()),
            ("m", task.network(random_state=0, early_stopping=early_stopping)),
        ]
    )
    grid = {"m__learning_rate_init": [0.01, 0.05], "m__l2": [0, 0.1], "m__dropout": [0, 0.3]}
    kinds = (StackedGridSearchCV, GridSearchCV)
    search = assert_same_searches(
        [kind(clone(pipeline), grid, cv=3) for kind in kinds], task.X, task.y
    )
    assert sizes == [8, 8, 8]
    assert np.isfinite(search.best_score_)


def test_draws(task, sizes):
    draws = {"learning_rate_init": loguniform(1e-3, 1e-1), "l1": [0, 1e-3]}
    kinds = (StackedRandomizedSearchCV, RandomizedSearchCV)
    assert_same_searches(
        [
            kind(task.network(random_state=0), draws, n_iter=5, cv=2, random_state=0)
            for kind in kinds
        ],
        task.X,
        task.y,
    )
    assert sizes == [5, 5]


LOSSES_AND_SCALES = {
    "loss": ["squared_error", "gaussian", "quantile"],
    "quantiles": [(0.1, 0.5), 0.5],
    "scale_target": [True, False],
    "l2": [0, 0.1],
}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_belongs_to_the_target_begins_another_stack(n_jobs):
    X = np.random.default_rng(0).normal(size=(60, 4))
    network = ScratchMLPRegressor((5,), max_iter=4, n_iter_no_change=np.inf, random_state=0)
    scores = {"scoring": ["r2", "neg_mean_absolute_error"], "refit": "r2", "cv": 2}
    search = assert_same_searches(
        [
            StackedGridSearchCV(clone(network), LOSSES_AND_SCALES, n_jobs=n_jobs, **scores),
            GridSearchCV(clone(network), LOSSES_AND_SCALES, **scores),
        ],
        X,
        np.exp(X[:, 0]),
    )
    assert len(search.cv_results_["params"]) == 24


def test_a_candidate_that_cannot_have_the_target_fails_alone():
    X = np.random.default_rng(0).normal(size=(60, 4))
    network = ScratchMLPRegressor((5,), max_iter=4, n_iter_no_change=np.inf, random_state=0)
    grid = {"loss": ["squared_error", "gamma"], "l2": [0, 0.1]}
    with (
        pytest.warns(FitFailedWarning, match="4 fits failed out of a total of 8"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search = StackedGridSearchCV(network, grid, cv=2).fit(X, X[:, 0])
    assert_array_equal(np.isnan(search.cv_results_["mean_test_score"]), [False, True] * 2)


def test_other_regressors_are_fitted_as_scikit_learn_does(sizes):
    X = np.random.default_rng(0).normal(size=(60, 4))
    network = ScratchMLPRegressor((5,), max_iter=4, n_iter_no_change=np.inf, random_state=0)
    model = TransformedTargetRegressor(network, func=np.log, inverse_func=np.exp)
    grid = {"regressor__l2": [0, 0.1]}
    kinds = (StackedGridSearchCV, GridSearchCV)
    assert_same_searches([kind(clone(model), grid, cv=2) for kind in kinds], X, np.exp(X[:, 0]))
    assert not sizes
