"""Ensembles, selectors and searches in files, by themselves and at the end of a pipeline."""

import pytest
from numpy.testing import assert_array_equal
from scipy import stats
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn.io
from sknn import (
    MLPFeatureSelector,
    RankStabilitySelector,
    RegularizationPath,
    ScratchMLPClassifier,
    ScratchMLPEnsembleClassifier,
    StackedGridSearchCV,
    TorchMLPClassifier,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def net(make_scratch):
    return make_scratch(hidden_layer_sizes=(4,), max_iter=2)


@pytest.mark.parametrize("bootstrap", [True, False])
@pytest.mark.parametrize("scaled", [True, False])
def test_an_ensemble(net, table, there_and_back, bootstrap, scaled):
    saved = ScratchMLPEnsembleClassifier(net, 3, bootstrap=bootstrap, n_jobs=2, random_state=0)
    saved = (make_pipeline(StandardScaler(), saved) if scaled else saved).fit(*table)
    loaded = there_and_back(saved)
    assert_array_equal(loaded.predict_proba(table[0]), saved.predict_proba(table[0]))
    ours, theirs = (model[-1] if scaled else model for model in (loaded, saved))
    assert [member.n_iter_ for member in ours.estimators_] == [2, 2, 2]
    assert str(ours.estimator) == str(theirs.estimator)
    assert ours.n_jobs is None  # is of the machine
    again = ours.fit(*table).predict_proba(table[0])
    assert_array_equal(again, theirs.fit(*table).predict_proba(table[0]))


SELECTORS = {
    "path": lambda net: MLPFeatureSelector(
        net, lambdas=[0.01, 0.1], epochs_per_lambda=1, cv=2, random_state=0
    ),
    "share": lambda net: MLPFeatureSelector(
        net, n_features_to_select=0.5, lambdas=[0.1], epochs_per_lambda=1, random_state=0
    ),
    "ranks": lambda net: RankStabilitySelector(net, n_refits=2, random_state=0),
    "default": lambda net: RankStabilitySelector(n_refits=1, random_state=0),
}


@pytest.mark.parametrize("name", SELECTORS)
def test_a_selector(net, table, there_and_back, name):
    saved = SELECTORS[name](net).fit(*table)
    loaded = there_and_back(saved)
    assert_array_equal(loaded.transform(table[0]), saved.transform(table[0]))
    assert_array_equal(loaded.ranking_, saved.ranking_)
    assert str(loaded) == str(saved)
    assert_array_equal(loaded.fit(*table).ranking_, saved.ranking_)


def test_a_path(net, table, there_and_back):
    saved = RegularizationPath(
        net, lambdas=[0.01, 0.1], epochs_per_lambda=1, cv=2, random_state=0
    ).fit(*table)
    loaded = there_and_back(saved)
    for name in ("lambdas_", "alive_", "norms_", "valid_losses_", "exit_lambdas_", "support_"):
        assert_array_equal(getattr(loaded, name), getattr(saved, name))
    X = table[0]
    expected = saved.best_estimator_.predict_proba(X)
    assert_array_equal(loaded.best_estimator_.predict_proba(X), expected)


SEARCHES = {
    "grid": lambda net: GridSearchCV(net, {"l2": [0.0, 1.0]}, cv=2),
    "stacked": lambda net: StackedGridSearchCV(net, {"l2": [0.0, 1.0]}, cv=2, n_jobs=2),
    "scores": lambda net: GridSearchCV(
        make_pipeline(StandardScaler(), net),
        [{"scratchmlpclassifier__hidden_layer_sizes": [(3,), (3, 3)]}],
        cv=StratifiedKFold(2, shuffle=True, random_state=0),
        scoring=["accuracy", "neg_log_loss"],
        refit="neg_log_loss",
    ),
    "random": lambda net: RandomizedSearchCV(
        net,
        {"l2": stats.loguniform(1e-3, 1.0), "batch_size": stats.randint(10, 20)},
        n_iter=2,
        cv=2,
        random_state=0,
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search(net, table, there_and_back, name):
    X, y = table
    saved = SEARCHES[name](net).fit(X, y)
    loaded = there_and_back(saved)
    assert type(loaded) is type(saved)
    assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))
    assert loaded.score(X, y) == saved.score(X, y)
    assert loaded.best_params_ == saved.best_params_
    assert list(loaded.cv_results_) == list(saved.cv_results_)
    for column, values in saved.cv_results_.items():
        assert type(loaded.cv_results_[column]) is type(values)
        assert str(loaded.cv_results_[column]) == str(values)
    ours, theirs = (search.fit(X, y).predict_proba(X) for search in (loaded, saved))
    assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "settings",
    [{"scoring": make_scorer(lambda y, found: 1.0)}, {"refit": lambda results: 0}],
    ids=["scorer", "refit"],
)
def test_a_search_that_a_file_cannot_hold_says_what_to_save(net, table, tmp_path, settings):
    search = GridSearchCV(net, {"l2": [0.0]}, cv=2, **settings).fit(*table)
    with pytest.raises(ValueError, match=r"save search\.best_estimator_"):
        sknn.io.save(search, tmp_path / "model.sknn")
    sknn.io.save(search.best_estimator_, tmp_path / "model.sknn")


def test_a_search_without_a_best_estimator(net, table, tmp_path):
    with pytest.raises(NotFittedError):
        sknn.io.save(GridSearchCV(net, {"l2": [0.0]}), tmp_path / "model.sknn")
    search = GridSearchCV(net, {"l2": [0.0]}, cv=2, refit=False).fit(*table)
    with pytest.raises(ValueError, match="`estimator` must be"):
        sknn.io.save(search, tmp_path / "model.sknn")


def test_a_pipeline_in_a_pipeline(net, table, there_and_back):
    saved = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), net)).fit(*table)
    loaded = there_and_back(saved)
    assert_array_equal(loaded.predict_proba(table[0]), saved.predict_proba(table[0]))


def test_an_estimator_of_scikit_learn_alone_is_refused(table, tmp_path):
    for model in (StandardScaler().fit(*table), LogisticRegression().fit(*table)):
        with pytest.raises(ValueError, match="`estimator` must be"):
            sknn.io.save(model, tmp_path / "model.sknn")


@pytest.mark.parametrize("name", ["ensemble", "selector", "search"])
def test_another_class_is_only_for_networks(net, table, there_and_back, name):
    model = {
        "ensemble": ScratchMLPEnsembleClassifier(net, 2, random_state=0),
        "selector": SELECTORS["ranks"](net),
        "search": SEARCHES["grid"](net),
    }[name].fit(*table)
    with pytest.raises(ValueError, match="`cls` is for networks, and pipelines that end in one"):
        there_and_back(model, cls=TorchMLPClassifier)


class TestServices:
    """`pipelines=False` is for those who want networks only."""

    def test_a_network_loads(self, fitted, table, tmp_path):
        sknn.io.save(fitted, tmp_path / "model.sknn")
        loaded = sknn.io.load(tmp_path / "model.sknn", pipelines=False)
        assert type(loaded) is ScratchMLPClassifier

    def test_all_else_is_refused(self, net, table, fitted_pipeline, tmp_path):
        ensemble = ScratchMLPEnsembleClassifier(net, 2, random_state=0).fit(*table)
        for model in (fitted_pipeline, ensemble):
            sknn.io.save(model, tmp_path / "model.sknn")
            with pytest.raises(ValueError, match="`pipelines` is False"):
                sknn.io.load(tmp_path / "model.sknn", pipelines=False)
