"""`RegularizationPath` and `MLPFeatureSelector`: on tables whose key features are known."""

import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.stats import spearmanr
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from sknn import MLPFeatureSelector, RegularizationPath, ScratchMLPClassifier
from sknn.backprop import OPTIMIZERS
from sknn.feature_selection._path import OF_CHOICE
from sknn.feature_selection._strengths import best_index

N = 240


@pytest.fixture(autouse=True, scope="module")
def one_blas_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def table():
    """Columns 2 and 5 of 8 make the class together; neither says anything of it alone."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 8))
    y = np.where(X[:, 2] * X[:, 5] + 0.1 * rng.normal(size=N) > 0, "yes", "no")
    return X, y


@pytest.fixture(scope="module")
def path(table):
    return RegularizationPath(n_lambdas=20, cv=3, random_state=0).fit(*table)


def quick(**params):
    """A path of a few epochs."""
    network = ScratchMLPClassifier(
        (6,), l2=0.01, learning_rate_init=0.02, max_iter=8, n_iter_no_change=np.inf
    )
    defaults = {
        "estimator": network, "n_lambdas": 4, "epochs_per_lambda": 3, "cv": 2, "random_state": 0
    }  # fmt: skip
    return RegularizationPath(**(defaults | params))


# Where it does not matter what is found.
SHORT = {
    "estimator": ScratchMLPClassifier((3,), max_iter=2, n_iter_no_change=np.inf),
    "lambdas": [0.01, 0.1],
    "epochs_per_lambda": 2,
    "relax": False,
}
# The same with all that a path does of itself: it looks for strengths, and trains on without them.
WHOLE = SHORT | {"lambdas": None, "n_lambdas": 2, "relax": True}


class TestThePath:
    def test_goes_from_dense_to_empty(self, path):
        assert path.lambdas_[0] == 0 and path.n_alive_[0] == 8
        assert path.n_alive_[-1] == 0 and (path.n_alive_[:-1] > 0).all()
        assert (np.diff(path.lambdas_) > 0).all()

    def test_the_number_of_features_falls_as_the_penalty_grows(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(300, 25))
        y = X @ np.geomspace(2, 0.02, 25) + 0.3 * rng.normal(size=300) > 0
        path = RegularizationPath(n_lambdas=30, selection=None, random_state=0).fit(X, y)
        assert (path.n_alive_[0], path.n_alive_[-1]) == (25, 0)
        assert spearmanr(path.lambdas_, path.n_alive_).statistic <= -0.95
        assert spearmanr(path.exit_lambdas_, np.arange(25)).statistic <= -0.5

    def test_finds_what_no_linear_method_sees(self, path, table):
        assert np.flatnonzero(path.support_).tolist() == [2, 5]
        assert set(np.argsort(path.exit_lambdas_)[-2:]) == {2, 5}
        strength = {"l1_ratio": 1, "solver": "saga", "C": 0.1, "max_iter": 2000}
        linear = LogisticRegression(**strength).fit(*table)
        assert cross_val_score(linear, *table).mean() < 0.6

    def test_figures_agree_with_each_other(self, path):
        n = len(path.lambdas_)
        assert path.norms_.shape == path.alive_.shape == (n, 8)
        assert path.valid_losses_.shape == (n, 3)
        assert_array_equal(path.alive_, path.norms_ > 0)
        assert_array_equal(path.n_alive_, path.alive_.sum(axis=1))
        assert_allclose(path.valid_loss_means_, path.valid_losses_.mean(axis=1))
        errors = path.valid_losses_.std(axis=1, ddof=1) / np.sqrt(3)
        assert_allclose(path.valid_loss_errors_, errors)
        for feature, left in enumerate(path.exit_lambdas_):
            alive = path.lambdas_[path.alive_[:, feature]]
            assert left == path.lambdas_[path.lambdas_ > alive[-1]][0]
        assert path.best_lambda_ == path.lambdas_[path.best_index_]
        assert_array_equal(path.support_, path.alive_[path.best_index_])
        least = path.valid_loss_means_.argmin()
        assert path.best_index_ >= least
        within = path.valid_loss_means_ <= path.valid_loss_means_[least] + errors[least]
        assert within[path.best_index_] and not within[path.best_index_ + 1 : -1].any()

    def test_the_best_network_is_that_of_its_step(self, path, table):
        best = path.best_estimator_
        assert best.group_l1 == path.best_lambda_
        assert_array_equal(best.selected_features_, path.support_)
        norms = np.linalg.norm(best.coefs_[0], axis=1)
        assert_allclose(norms, path.norms_[path.best_index_])
        assert best.n_iter_ == 100 + 20 * path.best_index_
        assert best.history_["train_loss"][-1] == path.train_losses_[path.best_index_]
        assert best.score(*table) > 0.8
        assert best.classes_.tolist() == path.classes_.tolist() == ["no", "yes"]

    def test_without_a_hidden_layer_the_last_strength_is_the_largest_gradient(self, table):
        """There zero is best as soon as λ is above every feature's gradient at zero."""
        X, y = table[0], np.where(table[0][:, 0] + table[0][:, 3] > 0, 1, 0)
        network = ScratchMLPClassifier(
            (), l2=0.0, solver="sgd", learning_rate_init=0.3, batch_size="full", max_iter=200,
            n_iter_no_change=np.inf,
        )  # fmt: skip
        gradient = np.abs(X.T @ (y.mean() - y) / N).max()
        lambdas = gradient * np.array([0.5, 0.98, 1.02])
        path = RegularizationPath(
            network, lambdas=lambdas, epochs_per_lambda=400, cv=2, random_state=0
        ).fit(X, y)
        assert path.n_alive_[1] == 2 and path.n_alive_[2] == 1 and path.n_alive_[3] == 0

    def test_relaxed_losses_are_of_networks_without_the_penalty(self, path, table):
        shrunken = clone(path).set_params(relax=False).fit(*table)
        assert_array_equal(shrunken.norms_, path.norms_)
        assert (shrunken.valid_loss_means_ - path.valid_loss_means_)[path.best_index_] > 0.02

    def test_only_pays_for_what_is_chosen(self, path, table):
        alone = clone(path).set_params(selection=None).fit(*table)
        assert_array_equal(alone.norms_, path.norms_)
        again = quick().fit(*table).set_params(selection=None).fit(*table)
        for name in OF_CHOICE:
            assert hasattr(path, name) and not hasattr(alone, name) and not hasattr(again, name)

    def test_validation_rows_take_the_place_of_folds(self, table):
        X, y = table
        path = quick(relax=False).fit(X[:160], y[:160], X_val=X[160:], y_val=y[160:])
        proba = path.best_estimator_.predict_proba(X[160:])
        assert path.valid_losses_.shape[1] == 1
        assert path.valid_loss_means_[path.best_index_] == pytest.approx(log_loss(y[160:], proba))
        losses = -np.log(proba[np.arange(80), (y[160:] == "yes").astype(int)])
        error = np.sqrt(((losses - losses.mean()) ** 2).sum()) / 80
        assert path.valid_loss_errors_[path.best_index_] == pytest.approx(error)
        weight = np.r_[np.ones(40), np.zeros(40)]
        some = quick(relax=False).fit(
            X[:160], y[:160], X_val=X[160:], y_val=y[160:], sample_weight_val=weight
        )
        other = quick(relax=False).fit(X[:160], y[:160], X_val=X[160:200], y_val=y[160:200])
        assert_allclose(some.valid_losses_, other.valid_losses_, rtol=1e-12)

    def test_a_row_that_weighs_two_is_there_twice(self, table):
        X, y = table[0][:90], table[1][:90]
        weight = np.random.default_rng(0).integers(1, 4, 90)
        lambdas, network = [0.02, 0.1], quick().estimator.set_params(batch_size="full")
        settings = {"lambdas": lambdas, "selection": None, "random_state": 0}
        once = RegularizationPath(network, **settings).fit(X, y, weight)
        often = RegularizationPath(network, **settings).fit(X.repeat(weight, 0), y.repeat(weight))
        assert_allclose(once.norms_, often.norms_, rtol=1e-6, atol=1e-9)

    @pytest.mark.parametrize("relax", [False, True])
    def test_sparse_rows(self, table, relax):
        X = np.where(np.abs(table[0]) < 0.5, 0, table[0])
        dense, compressed = (
            quick(relax=relax).fit(convert(X), table[1])
            for convert in (np.asarray, sparse.csr_array)
        )
        assert_allclose(dense.norms_, compressed.norms_, rtol=1e-6, atol=1e-9)
        assert_allclose(dense.valid_losses_, compressed.valid_losses_, rtol=1e-6)

    def test_the_other_penalty(self, table):
        path = quick(penalty="l1", lambdas=[1e-4, 10.0]).fit(*table)
        assert path.n_alive_.tolist() == [8, 8, 0]
        assert path.best_estimator_.l1 == path.best_lambda_

    def test_strengths_in_any_order(self, table):
        path = quick(lambdas=[0.1, 0.01, 0.1]).fit(*table)
        assert path.lambdas_.tolist() == [0, 0.01, 0.1]

    def test_columns_of_any_scale(self, table):
        """The search for the last strength goes up, or down."""
        for scale in (1e-3, 30.0):
            path = quick().fit(table[0] * scale, table[1])
            assert path.n_alive_[0] == 8 and path.n_alive_[-1] == 0

    def test_a_walk_is_repeatable_and_pickles(self, table):
        one, other = (quick().fit(*table) for _ in range(2))
        assert_array_equal(one.norms_, other.norms_)
        copy = pickle.loads(pickle.dumps(one))
        assert_array_equal(
            copy.best_estimator_.predict(table[0]), one.best_estimator_.predict(table[0])
        )

    def test_splits_may_be_masks(self, table):
        rows = np.arange(N)
        one, other = (
            quick(**SHORT | {"cv": [cv]}).fit(*table)
            for cv in ((rows < 9, rows >= 9), (rows[:9].tolist(), rows[9:]))
        )
        assert_array_equal(one.valid_losses_, other.valid_losses_)

    def test_names_of_the_features_go_along(self, table):
        X = pd.DataFrame(table[0], columns=list("abcdefgh"))
        path = quick(**SHORT).fit(X, table[1])
        assert_array_equal(path.best_estimator_.feature_names_in_, path.feature_names_in_)
        expected = path.best_estimator_.predict(X)  # would warn of other names
        assert_array_equal(quick(**SHORT).fit(*table).best_estimator_.predict(table[0]), expected)
        chosen = selector(**SHORT).fit(X, table[1])
        assert chosen.path_.feature_names_in_.tolist() == list("abcdefgh")

    @pytest.mark.parametrize("make", [quick, lambda **params: selector(**params)])
    def test_one_that_was_interrupted_is_not_fitted(self, table, make, monkeypatch):
        """Though it has learnt how many features there are."""

        def interrupt(*args):
            raise KeyboardInterrupt

        monkeypatch.setattr("sknn.feature_selection._walk.train", interrupt)
        model = make()
        with pytest.raises(KeyboardInterrupt):
            model.fit(*table)
        with pytest.raises(NotFittedError):
            model.transform(table[0]) if hasattr(model, "transform") else check_is_fitted(model)

    def test_threads_find_the_same(self, table):
        search = GridSearchCV(
            make_pipeline(selector(**SHORT), KNeighborsClassifier()),
            {"mlpfeatureselector__n_features_to_select": [1, 2, None]},
            cv=2,
        )
        with joblib.parallel_config("threading"):
            together = clone(search).set_params(n_jobs=2).fit(*table)
        alone = search.fit(*table)
        scores = "mean_test_score"
        assert_array_equal(together.cv_results_[scores], alone.cv_results_[scores])

    def test_weights_are_routed(self, table):
        weight = np.r_[np.zeros(N // 2), np.ones(N // 2)]
        asked = selector(**SHORT, n_features_to_select=1)
        with config_context(enable_metadata_routing=True):
            model = make_pipeline(
                clone(asked).set_fit_request(sample_weight=True),
                LogisticRegression().set_fit_request(sample_weight=True),
            ).fit(*table, sample_weight=weight)
        assert_array_equal(model[0].path_.norms_, asked.fit(*table, weight).path_.norms_)
        assert not np.array_equal(model[0].path_.norms_, asked.fit(*table).path_.norms_)

    def test_folds_of_other_sizes_and_classes(self, table):
        X, y = table[0][:50], np.sort(table[1][:50])
        assert quick(cv=KFold(3)).fit(X, y).valid_losses_.shape[1] == 3


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"estimator": ScratchMLPClassifier(solver="lbfgs")},
            "`solver` of the estimator must be one of",
        ),
        ({"estimator": ScratchMLPClassifier(learning_rate="cosine")}, "`learning_rate` of the est"),
        ({"estimator": ScratchMLPClassifier(early_stopping=True)}, "`early_stopping` of the estim"),
        (
            {"estimator": ScratchMLPClassifier(l1_method="subgradient"), "penalty": "l1"},
            "`l1_method` of the estimator must be 'prox', got 'subgradient'",
        ),
        ({"lambdas": [0.1, -1]}, "`lambdas` must be finite strengths above 0, got [0.1, -1]"),
        ({"lambdas": ["a"]}, "`lambdas` must be finite strengths above 0, got ['a']"),
        ({"lambdas": [1.0, 1e39], "estimator": ScratchMLPClassifier(dtype="float32")},
         "`group_l1` must be finite in float32, got 1e+39"),
        ({"estimator": ScratchMLPClassifier(solver="sgd", momentum=1.0)}, "`momentum` must be bel"),
        ({"estimator": ScratchMLPClassifier((3,), l1=50.0, max_iter=9, n_iter_no_change=np.inf)},
         "`l1` of the estimator must leave some features, got 50.0, which leaves none"),
        ({"cv": []}, "`cv` must have at least one split, got none"),
        ({"cv": [(range(4), [])]},
         "`cv` must leave rows to train on and rows to validate on in every split, got 4 and 0"),
        ({"cv": [(np.zeros(N, bool), np.ones(N, bool))]}, f"in every split, got 0 and {N}"),
        ({"lambdas": []}, "`lambdas` must be finite strengths above 0, got []"),
        ({"min_features": 9}, "`min_features` must be at most the number of features, 8, got 9"),
    ],
)  # fmt: skip
def test_what_cannot_be_says_why(params, message, table):
    with pytest.raises(ValueError, match=re.escape(message)):
        quick().set_params(**params).fit(*table)


def test_every_fold_needs_weights(table):
    weight = np.r_[np.zeros(N // 2), np.ones(N // 2)]
    halves = [(np.arange(N // 2), np.arange(N // 2, N))]
    with pytest.raises(ValueError, match="above zero in every fold of `cv`, got only zeros"):
        quick(cv=halves).fit(*table, weight)


def test_divergence_is_named(table):
    network = ScratchMLPClassifier((3,), solver="sgd", learning_rate_init=1e200)
    with pytest.raises(ValueError, match=r"Training diverged: .*`learning_rate_init`=1e\+200"):
        quick(estimator=network).fit(*table)


def test_ctrl_c_inside_the_training_reaches_the_caller(table, monkeypatch):
    """The engine turns it into an outcome; what is half-way along a path is of no use."""
    step = OPTIMIZERS["adam"].step

    calls = []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return step(self, *args)

    monkeypatch.setattr(OPTIMIZERS["adam"], "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        quick().fit(*table)


def test_a_search_for_the_largest_strength_that_finds_none(table, monkeypatch):
    monkeypatch.setattr("sknn.feature_selection._walk.MOST_GUESSES", 1)
    with pytest.raises(ValueError, match=r"no strength of `group_l1` was found .* 0\.2: scale"):
        quick().fit(table[0] * 1e4, table[1])


def test_features_that_never_leave_are_warned_of(table, monkeypatch):
    monkeypatch.setattr("sknn.feature_selection._path.MOST_EXTRA", 0)
    monkeypatch.setattr("sknn.feature_selection._walk.Walk.find_largest", lambda *_: 1e-6)
    with pytest.warns(ConvergenceWarning, match=r"features are left at .* was tried, 1e-06"):
        path = quick().fit(*table)
    assert path.n_alive_[-1] == 8


def test_the_rule_of_one_standard_error():
    means, errors = np.array([0.5, 0.3, 0.32, 0.38, 0.31]), np.full(5, 0.03)
    everywhere = np.full(5, True)
    assert best_index(means, errors, everywhere) == 4
    assert best_index(means, errors, np.array([True] * 4 + [False])) == 2
    assert best_index(means, None, everywhere) == 1
    assert best_index(means, errors, np.full(5, False)) == 0


def selector(**params):
    return MLPFeatureSelector(**(quick().get_params(deep=False) | params))


class TestTheSelector:
    def test_in_a_pipeline(self, table):
        model = make_pipeline(
            StandardScaler(),
            MLPFeatureSelector(n_lambdas=15, cv=3, random_state=0),
            KNeighborsClassifier(),
        ).set_output(transform="pandas")
        X = pd.DataFrame(table[0], columns=list("abcdefgh"))
        model.fit(X, table[1])
        assert model[:-1].get_feature_names_out().tolist() == ["c", "f"]
        assert model[:-1].transform(X).columns.tolist() == ["c", "f"]
        assert model.score(X, table[1]) > 0.85 > cross_val_score(model[-1], *table).mean()

    @pytest.mark.parametrize(("asked", "kept"), [(3, 3), (1, 1), (0.5, 4), (8, 8)])
    def test_as_many_as_asked_for(self, table, asked, kept):
        model = selector(n_features_to_select=asked).fit(*table)
        assert model.support_.sum() == kept
        assert_array_equal(np.sort(model.ranking_), range(1, 9))
        stays = model.path_.exit_lambdas_
        assert stays[model.support_].min() >= np.max(stays[~model.support_], initial=0)
        assert model.transform(table[0]).shape == (N, kept)

    def test_without_a_number_they_are_the_paths(self, table):
        model = selector().fit(*table)
        assert_array_equal(model.support_, model.path_.support_)

    def test_validation_rows_are_the_paths(self, table):
        X, y = table
        rows = {"X_val": X[160:], "y_val": y[160:]}
        model = selector(**SHORT).fit(X[:160], y[:160], **rows)
        path = quick(**SHORT).fit(X[:160], y[:160], **rows)
        assert_array_equal(model.path_.valid_losses_, path.valid_losses_)

    def test_too_many(self, table):
        with pytest.raises(ValueError, match="at most the number of features, 8, got 9"):
            selector(n_features_to_select=9).fit(*table)

    def test_callbacks_are_told(self, table, capsys):
        selector().set_callbacks(ProgressBar()).fit(*table)
        assert "100%" in capsys.readouterr().out


# What is good enough for the checks of classifiers, which a path passes as well.
GOOD = WHOLE | {
    "estimator": ScratchMLPClassifier(
        (8,), learning_rate_init=0.05, batch_size="full", max_iter=30, n_iter_no_change=np.inf
    ),
    "selection": "best",
}


@pytest.mark.filterwarnings("ignore:`batch_size`=:UserWarning")
@parametrize_with_checks(
    [
        quick(**GOOD),
        quick(**WHOLE | {"selection": None}),
        selector(**WHOLE),
        selector(**SHORT, n_features_to_select=1),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
