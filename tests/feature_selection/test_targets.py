"""Selectors and the path with every kind of target: against warm starts, the lasso, plain fits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, MultiTaskLasso, lasso_path
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    check_cv,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn import (
    MLPFeatureSelector,
    RankStabilitySelector,
    RegularizationPath,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:`batch_size`=:UserWarning"),
]

LAMBDAS = [0.01, 0.05, 0.2]


@pytest.fixture(scope="module")
def table():
    """Columns 1 and 4 of 6 multiply to the number; neither says anything of it alone."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 6))
    return X, 500 + 100 * X[:, 1] * X[:, 4] + 10 * rng.normal(size=240)


def quick(**params):
    network = ScratchMLPRegressor(
        (16,), l2=0.01, learning_rate_init=0.02, max_iter=60, n_iter_no_change=np.inf
    )
    defaults = {
        "estimator": network, "n_lambdas": 10, "epochs_per_lambda": 10, "cv": 3, "random_state": 0
    }  # fmt: skip
    return RegularizationPath(**(defaults | params))


def seeds(n):
    return np.random.RandomState(0).randint(np.iinfo(np.int32).max, size=n)


# ---------------------------------------------------------------------------------------
# the walk against fits that go on


@pytest.mark.parametrize("penalty", ["group_l1", "l1"])
def test_a_path_is_a_series_of_warm_starts(task, penalty):
    path = RegularizationPath(
        task.network(), penalty=penalty, lambdas=LAMBDAS, epochs_per_lambda=4, selection=None,
        random_state=0,
    ).fit(task.X, task.y)  # fmt: skip
    network = task.network(warm_start=True, random_state=int(seeds(1)[0]))
    for i, strength in enumerate([0.0, *LAMBDAS]):
        network.set_params(**{penalty: strength, "max_iter": 4 if i else 6}).fit(task.X, task.y)
        assert_allclose(path.norms_[i], np.linalg.norm(network.coefs_[0], axis=1), rtol=1e-12)
        assert_array_equal(path.alive_[i], network.selected_features_)
        assert path.train_losses_[i] == network.history_["train_loss"][-1]


def test_folds_are_series_of_warm_starts_too(task):
    """On the scale of all rows, which is here that of the target itself."""
    params = {} if task.loss is None else {"scale_target": False}
    cv = KFold(3)
    path = RegularizationPath(
        task.network(**params), lambdas=LAMBDAS, epochs_per_lambda=4, cv=cv, relax=False,
        random_state=0,
    ).fit(task.X, task.y)  # fmt: skip
    draws = np.random.RandomState(0)
    draws.randint(np.iinfo(np.int32).max)  # the seed of the network of all rows
    for fold, (rows, others) in enumerate(cv.split(task.X)):
        network = task.network(warm_start=True, random_state=draws, **params)
        for i, strength in enumerate([0.0, *LAMBDAS]):
            network.set_params(group_l1=strength, max_iter=4 if i else 6)
            network.fit(task.X[rows], task.y[rows], X_val=task.X[others], y_val=task.y[others])
            found = network.history_["valid_loss"][-1]
            assert path.valid_losses_[i, fold] == pytest.approx(found, rel=1e-12)
        assert len(network.history_) == 6 + 3 * 4


def test_the_best_network_predicts_and_scores(task):
    path = RegularizationPath(
        task.network(), lambdas=LAMBDAS, epochs_per_lambda=4, cv=3, random_state=0
    ).fit(task.X, task.y)
    best = path.best_estimator_
    assert (path.predict(task.X) != best.predict(task.X)).sum() == 0
    assert path.score(task.X, task.y) == best.score(task.X, task.y)
    weight = np.linspace(0, 1, 72)
    assert path.score(task.X, task.y, weight) == best.score(task.X, task.y, weight)
    assert hasattr(path, "classes_") == hasattr(path, "predict_proba") == (task.loss is None)
    assert hasattr(path, "predict_quantiles") == (task.loss == "quantile")
    if task.loss is None:
        assert_array_equal(path.predict_proba(task.X), best.predict_proba(task.X))
        assert_array_equal(path.predict_log_proba(task.X), best.predict_log_proba(task.X))
    if task.loss == "quantile":
        assert_array_equal(path.predict_quantiles(task.X), best.predict_quantiles(task.X))
    if task.loss == "gaussian":
        for one, other in zip(
            path.predict(task.X, return_std=True),
            best.predict(task.X, return_std=True),
            strict=True,
        ):
            assert_array_equal(one, other)


# ---------------------------------------------------------------------------------------
# closed forms


def linear(**params):
    """A linear model, by proximal gradient descent on all rows."""
    return ScratchMLPRegressor(
        (), l2=0.0, solver="sgd", momentum=0.9, learning_rate_init=0.1, batch_size="full",
        max_iter=3000, n_iter_no_change=np.inf, **params,
    )  # fmt: skip


@pytest.fixture(scope="module")
def correlated():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(150, 6)) @ (np.eye(6) + 0.3 * rng.normal(size=(6, 6)))
    return (X - X.mean(axis=0)) / X.std(axis=0), rng


def test_a_linear_path_is_that_of_the_lasso(correlated):
    X, rng = correlated
    y = X @ [3.0, -2.0, 1.0, 0.5, 0.0, 0.0] + rng.normal(size=150)
    y -= y.mean()
    lambdas = np.geomspace(0.02, 1.1 * np.abs(X.T @ y / 150).max(), 8)
    path = RegularizationPath(
        linear(scale_target=False), penalty="l1", lambdas=lambdas, epochs_per_lambda=400,
        selection=None, random_state=0,
    ).fit(X, y)  # fmt: skip
    _, coefs, _ = lasso_path(X, y, alphas=lambdas[::-1], tol=1e-12)
    assert_allclose(path.norms_[1:], np.abs(coefs.T[::-1]), atol=1e-6)
    assert_array_equal(path.alive_[1:], coefs.T[::-1] != 0)
    assert path.n_alive_[0] == 6 and path.n_alive_[-1] == 0
    assert_allclose(path.norms_[0], np.abs(LinearRegression().fit(X, y).coef_), atol=1e-6)


def test_a_linear_path_of_several_numbers_is_that_of_the_multi_task_lasso(correlated):
    X, rng = correlated
    Y = X @ rng.normal(size=(6, 3)) * [1, 1, 0.5] + rng.normal(size=(150, 3))
    Y -= Y.mean(axis=0)
    largest = np.linalg.norm(X.T @ Y / 150, axis=1).max()
    lambdas = np.geomspace(0.1, 1.05, 5) * largest
    path = RegularizationPath(
        linear(scale_target=False), lambdas=lambdas, epochs_per_lambda=400, random_state=0,
        cv=2, selection="best", relax=False,
    ).fit(X, Y)  # fmt: skip
    for i, strength in enumerate(lambdas, start=1):
        coefs = MultiTaskLasso(alpha=strength, tol=1e-10, max_iter=5000).fit(X, Y).coef_
        assert_allclose(path.norms_[i], np.linalg.norm(coefs, axis=0), atol=1e-6)
    best = MultiTaskLasso(alpha=path.best_lambda_ or 1e-12, tol=1e-10, max_iter=5000).fit(X, Y)
    assert_allclose(path.best_estimator_.coefs_[0], best.coef_.T, atol=1e-5)
    assert_allclose(path.predict(X), best.predict(X), atol=1e-4)


# ---------------------------------------------------------------------------------------
# numbers


def test_a_path_finds_what_no_linear_method_sees(table):
    path = quick().fit(*table)
    assert np.flatnonzero(path.support_).tolist() == [1, 4]
    assert set(np.argsort(path.exit_lambdas_)[-2:]) == {1, 4}
    assert cross_val_score(LinearRegression(), *table).mean() < 0.1
    assert path.score(*table) > 0.5


def test_the_unit_of_the_target_does_not_matter(table):
    X, y = table
    one, other = (quick(n_lambdas=4).fit(X, y * unit) for unit in (1.0, 1e9))
    assert_allclose(other.lambdas_, one.lambdas_)
    assert_array_equal(other.alive_, one.alive_)
    assert_allclose(other.valid_losses_, one.valid_losses_, rtol=1e-6)
    assert_allclose(other.predict(X), 1e9 * one.predict(X), rtol=1e-6)


def test_validation_rows_are_scaled_as_the_others(table):
    X, y = table
    path = quick(lambdas=[0.01], relax=False, selection="best")
    path.fit(X[:160], y[:160], X_val=X[160:], y_val=y[160:])
    error = (path.predict(X[160:]) - y[160:]) / y[:160].std()
    assert path.valid_loss_means_[path.best_index_] == pytest.approx(np.mean(error**2) / 2)


def test_folds_are_those_of_scikit_learn(table):
    X, y = table
    short = {"lambdas": [0.01], "epochs_per_lambda": 2}
    for labels, kind, network in (
        (y, KFold, ScratchMLPRegressor),
        ((y > 500).astype(int), KFold, ScratchMLPRegressor),
        ((y > 500).astype(int), StratifiedKFold, ScratchMLPClassifier),
        ((X[:, :3] > 0).astype(int), KFold, ScratchMLPClassifier),
    ):
        estimator = network((3,), max_iter=3, n_iter_no_change=np.inf)
        one = quick(estimator=estimator, cv=3, **short).fit(X, labels)
        splits = list(kind(3).split(X, labels if kind is StratifiedKFold else None))
        other = quick(estimator=estimator, cv=splits, **short).fit(X, labels)
        assert_array_equal(one.valid_losses_, other.valid_losses_)
        assert type(check_cv(3, labels, classifier=network is ScratchMLPClassifier)) is kind


@pytest.mark.parametrize("params", [{}, {"subsample": 0.5}, {"importance": "gradients"}])
def test_rank_stability_of_plain_fits(task, params):
    model = RankStabilitySelector(task.network(l1=1e-3), n_refits=3, random_state=0, **params)
    model.fit(task.X, task.y)
    assert_array_equal(np.sort(model.ranking_), range(1, 6))
    if not params:
        for seed, found in zip(seeds(3), model.importances_, strict=True):
            fitted = task.network(l1=1e-3, random_state=int(seed)).fit(task.X, task.y)
            assert_array_equal(found, np.abs(fitted.coefs_[0]).sum(axis=1))
    assert model.transform(task.X).shape == (72, 2)


def test_subsamples_of_numbers_are_plain(table, monkeypatch):
    seen, take = [], RankStabilitySelector._some_rows
    monkeypatch.setattr(
        RankStabilitySelector, "_some_rows", lambda *args: seen.append(take(*args)) or seen[-1]
    )
    network = ScratchMLPRegressor((4,), max_iter=3, n_iter_no_change=np.inf)
    selector = RankStabilitySelector(network, n_refits=4, subsample=0.25, random_state=0)
    found = selector.fit(*table).importances_
    for rows, seed, importances in zip(seen, seeds(4), found, strict=True):
        assert len(set(rows.tolist())) == 60
        fitted = clone(network).set_params(random_state=int(seed))
        fitted.fit(table[0][rows], table[1][rows])
        assert_array_equal(importances, np.abs(fitted.coefs_[0]).sum(axis=1))


def test_selectors_keep_the_features_of_an_interaction(table):
    X, y = table
    by_path = MLPFeatureSelector(**quick().get_params(deep=False), n_features_to_select=2)
    network = quick().estimator.set_params(l1=1e-3, max_iter=100)
    by_rank = RankStabilitySelector(network, n_refits=8, n_features_to_select=2, random_state=0)
    for selector in (by_path, by_rank):
        assert np.flatnonzero(selector.fit(X, y).support_).tolist() == [1, 4]
    model = make_pipeline(StandardScaler(), by_path, ScratchMLPRegressor(random_state=0))
    assert model.fit(X, y).score(X, y) > 0.5


# ---------------------------------------------------------------------------------------
# what a path is


def test_a_path_is_the_kind_of_estimator_that_it_trains(table):
    classifier = quick(estimator=ScratchMLPClassifier())
    assert is_classifier(RegularizationPath()) and is_classifier(classifier)
    assert is_regressor(quick()) and not is_classifier(quick())
    for path in (quick(selection=None), classifier.set_params(selection=None)):
        assert not is_regressor(path) and not is_classifier(path)
        assert not hasattr(path, "predict") and not hasattr(path, "score")
    assert hasattr(RegularizationPath(), "predict_proba") and not hasattr(quick(), "predict_proba")
    quantiles = quick(estimator=ScratchMLPRegressor(loss="quantile"))
    assert hasattr(quantiles, "predict_quantiles") and not hasattr(quick(), "predict_quantiles")
    assert not hasattr(quick(selection=None).fit(*table).set_params(selection="best"), "predict")


def test_another_kind_of_target_leaves_nothing_behind(table):
    X, y = table
    path = quick(estimator=ScratchMLPClassifier((3,), max_iter=2), lambdas=[0.1])
    assert path.fit(X, y > 500).classes_.tolist() == [False, True]
    assert not hasattr(path.set_params(estimator=quick().estimator).fit(X, y), "classes_")


def test_in_searches_and_cross_validation(table):
    path = make_pipeline(StandardScaler(), quick(n_lambdas=3, epochs_per_lambda=3, cv=2))
    assert cross_val_score(path, *table, cv=2).shape == (2,)
    assert cross_val_predict(path, *table, cv=2).shape == (240,)
    grid = {"regularizationpath__selection": ["best", "one_se"]}
    search = GridSearchCV(path, grid, cv=2).fit(*table)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# ---------------------------------------------------------------------------------------
# wrong input


@pytest.mark.parametrize("make", [RegularizationPath, MLPFeatureSelector, RankStabilitySelector])
class TestWhatIsRefused:
    def test_numbers_without_a_regressor(self, make, table):
        X, y = table
        advice = r"Pass `estimator=ScratchMLPRegressor\(\)` for numbers, or `estimator=Scratch"
        with pytest.raises(ValueError, match=r"Unknown label type: continuous\. " + advice):
            make().fit(X, y)
        with pytest.raises(ValueError, match=r"Unknown label type: unknown\. " + advice):
            make().fit(X, y.astype(object))
        with pytest.raises(ValueError, match=r"Unknown label type: continuous-multioutput\. "):
            make().fit(X, np.column_stack([y, y]))
        with pytest.raises(ValueError, match=r"`y` must hold class .* got 214 different floats"):
            make().fit(*load_diabetes(return_X_y=True))
        given = make(ScratchMLPClassifier())
        with pytest.raises(ValueError, match=r"continuous\. Pass `estimator=.*` for numbers\.$"):
            given.fit(X, y)

    def test_many_classes_of_whole_numbers_are_classes_to_a_classifier(self, make):
        X = np.random.default_rng(0).normal(size=(75, 3))
        y = np.repeat(np.arange(25.0), 3)
        params = {"n_refits": 2} if make is RankStabilitySelector else {"lambdas": [0.1], "cv": 2}
        network = ScratchMLPClassifier((3,), max_iter=2, n_iter_no_change=np.inf)
        assert make(network, **params).fit(X, y).n_features_in_ == 3
        assert make(None, **params).fit(X, y.astype(int)).n_features_in_ == 3

    @pytest.mark.parametrize(
        ("network", "y", "message"),
        [
            (ScratchMLPRegressor(), np.full(240, 3.5), r"2 different values .* got \[3\.5\] in ea"),
            (ScratchMLPRegressor(), np.full((240, 2), 1), r"2 different values .* \[1\.0, 1\.0\]"),
            (ScratchMLPClassifier(), np.ones((240, 2), int), r"2 different values .* \[1, 1\] in"),
            (None, csr_array(np.eye(240, 2, dtype=int) * 0), r"2 different values|2 classes"),
            (ScratchMLPRegressor(), np.r_[np.zeros(239), np.nan], "contains NaN"),
            (ScratchMLPRegressor(), csr_array(np.eye(240, 2)), "`y` must be an array of numbers"),
            (ScratchMLPRegressor(loss="gamma"), np.arange(240), r"`y` must be above 0 .* got 0\.0"),
            (ScratchMLPRegressor(loss="quantile"), np.eye(240, 2), "one number per row with loss="),
            (
                ScratchMLPRegressor(loss="cross"),
                np.arange(240),
                "'loss' parameter of ScratchMLPReg",
            ),
            (ScratchMLPRegressor(), ["a", "b"] * 120, "could not convert|must hold numbers"),
            (LinearRegression(), np.arange(240), "'estimator' parameter .* Got LinearRegression"),
        ],
    )
    def test_targets(self, make, network, y, message, table):
        with pytest.raises(ValueError, match=message):
            make(network).fit(table[0], y)


NETWORK = ScratchMLPRegressor((3,), max_iter=2, n_iter_no_change=np.inf)
LEARNS = ScratchMLPRegressor(
    (12,), learning_rate_init=0.05, batch_size="full", max_iter=60, n_iter_no_change=np.inf
)
SHORT = {"lambdas": [0.001, 0.1], "epochs_per_lambda": 2, "cv": 2, "random_state": 0}


@parametrize_with_checks(
    [
        RegularizationPath(LEARNS, selection="best", **SHORT),
        RegularizationPath(clone(LEARNS).set_params(loss="quantile"), selection="best", **SHORT),
        RegularizationPath(NETWORK, selection=None, **SHORT),
        MLPFeatureSelector(NETWORK, relax=False, **SHORT),
        MLPFeatureSelector(NETWORK, n_features_to_select=1, **SHORT),
        RankStabilitySelector(NETWORK, n_refits=3),
        RankStabilitySelector(NETWORK, n_refits=3, importance="gradients", threshold=0.3),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
