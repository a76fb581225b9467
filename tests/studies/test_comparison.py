"""Comparisons against scikit-learn's own cross-validation."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import sem, ttest_1samp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_wine
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedStratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sknn import ScratchMLPClassifier, ScratchMLPEnsembleClassifier
from sknn.model_selection import StackedGridSearchCV
from sknn.studies import _comparison, compare, producers_comparison, yeast_comparison
from sknn.studies._contenders import (
    Contender,
    Follower,
    TunedSVC,
    ensemble_of,
    inner_folds,
    most_accurate_of,
    other_contenders,
    our_contenders,
)

SIZES = {"n_splits": 3, "n_repeats": 2}
MODELS = {
    "bayes": GaussianNB(),
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    "neighbours": KNeighborsClassifier(),
}


@pytest.fixture(scope="module")
def wine():
    bunch = load_wine()
    return bunch.data, bunch.target_names[bunch.target]


@pytest.fixture(scope="module")
def result(wine):
    return compare(*wine, MODELS, **SIZES)


@pytest.fixture(scope="module")
def cv():
    return RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)


@pytest.mark.parametrize("name", MODELS)
def test_scores_are_those_of_cross_validate(result, wine, cv, name):
    scoring = {"accuracy": "accuracy", "macro_f1": "f1_macro", "log_loss": "neg_log_loss"}
    theirs = cross_validate(MODELS[name], *wine, scoring=scoring, cv=cv)
    ours = result.scores.loc[name, "all"]
    assert_allclose(ours["accuracy"], theirs["test_accuracy"])
    assert_allclose(ours["macro_f1"], theirs["test_macro_f1"])
    assert_allclose(ours["log_loss"], -theirs["test_log_loss"])
    frame = result.to_frame()
    assert frame.loc[name, ("accuracy", "mean")] == pytest.approx(theirs["test_accuracy"].mean())
    assert frame.loc[name, ("accuracy", "se_naive")] == pytest.approx(sem(theirs["test_accuracy"]))
    # Nadeau and Bengio: the variance of a mean of J scores, plus n₂/n₁ of one score's.
    variance = np.var(theirs["test_log_loss"], ddof=1)
    expected = np.sqrt(variance / 6 + variance * (1 / 3) / (2 / 3))
    assert frame.loc[name, ("log_loss", "se")] == pytest.approx(expected)


def test_folds_are_scikit_learns(result, wine, cv):
    for i, (_, test) in enumerate(cv.split(*wine)):
        assert_array_equal(np.flatnonzero(result.folds[i // 3] == i % 3), test)
    assert (result.n_repeats, result.n_folds) == (2, 3)
    assert all(p.shape == (2, 178, 3) for p in result.probabilities.values())
    assert_array_equal(result.classes, ["class_0", "class_1", "class_2"])
    assert all(seconds.shape == (2, 3) for seconds in result.seconds.values())


def test_differences_are_fold_by_fold(result):
    forth = result.differences("bayes")
    back = result.differences("neighbours").loc["bayes"]
    assert forth.index.tolist() == ["logistic", "neighbours"]
    for metric in ("accuracy", "macro_f1", "log_loss"):
        ours = forth.loc["neighbours", metric]
        assert ours["mean"] == pytest.approx(-back[metric, "mean"])
        assert ours["p"] == pytest.approx(back[metric, "p"])
        scores = result.scores[metric]
        difference = scores.loc["neighbours"].to_numpy() - scores.loc["bayes"].to_numpy()
        assert ours["mean"] == pytest.approx(difference.mean())
        # A test that corrects nothing finds more than there is.
        naive = ttest_1samp(difference, 0)
        assert naive.pvalue < ours["p"] < 1
        factor = np.sqrt(1 + 6 / 2)
        assert ours["mean"] / ours["se"] == pytest.approx(naive.statistic / factor)
    with pytest.raises(KeyError, match=r"one of \['bayes', .*\], got 'bay'"):
        result.differences("bay")


def test_classifiers_that_never_differ(wine):
    result = compare(*wine, {"a": DummyClassifier(), "b": DummyClassifier()}, n_repeats=1)
    assert (result.differences("a").loc["b"].xs("p", level="statistic") == 1).all()


def test_rows_with_a_twin_in_training_are_told_apart(wine):
    X, y = wine
    X, y = X[::2].copy(), y[::2]
    X[1:41:2], y[1:41:2] = X[:40:2], y[:40:2]
    nearest = {"nearest": KNeighborsClassifier(1)}
    result = compare(X, y, nearest, **SIZES)
    for repeat in range(2):
        for fold in range(3):
            test = result.folds[repeat] == fold
            known = set(map(tuple, X[~test]))
            expected = [tuple(row) in known for row in X[test]]
            assert_array_equal(result.twins[repeat, test], expected)
    # Who learns by heart is right on all of them.
    winners = result.classes[result.probabilities["nearest"].argmax(axis=2)]
    assert (winners[result.twins] == np.stack([y, y])[result.twins]).all()
    means = [result.to_frame(rows)["accuracy", "mean"].item() for rows in ("all", "without twins")]
    assert means[0] > means[1] + 0.05
    with pytest.raises(ValueError, match=r"one of \['all', 'without twins'\], got 'twins'"):
        result.to_frame("twins")


def test_without_twins_there_is_nothing_to_leave_out(result):
    assert not result.twins.any()
    with pytest.raises(ValueError, match=r"one of \['all'\], got 'without twins'"):
        result.to_frame("without twins")


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers what it was fitted on, and what for."""

    seen: list = []  # noqa: RUF012 -- of all clones

    def fit(self, X, y):
        self.classes_, self.best_params_ = np.unique(y), {"rows": len(y)}
        self.seen.append({row.tobytes() for row in X})
        return self

    def predict_proba(self, X):
        assert not {row.tobytes() for row in X} & self.seen[-1]
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_test_rows_are_not_seen_and_settings_are_kept(wine):
    Spy.seen.clear()
    result = compare(*wine, {"spy": Spy()}, **SIZES)
    assert [len(rows) for rows in Spy.seen] == [(result.folds != k)[0].sum() for k in range(3)] * 2
    assert [chosen["rows"] for chosen in result.chosen["spy"]] == [len(r) for r in Spy.seen]


def test_a_class_may_be_missing_from_the_training_rows():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(31, 2)), np.array(["a"] * 15 + ["b"] * 15 + ["c"])
    with pytest.warns(UserWarning, match="least populated class"):
        result = compare(X, y, {"bayes": GaussianNB()}, n_splits=3, n_repeats=1)
    p = result.probabilities["bayes"][0]
    assert_allclose(p.sum(axis=1), 1)
    assert p[30, 2] == 0
    assert np.isfinite(result.scores).all(axis=None)


@pytest.fixture(scope="module")
def small_default(wine):
    """The default comparison, but for its size."""
    mlp = make_pipeline(
        StandardScaler(),
        ScratchMLPClassifier((8,), max_iter=5, n_iter_no_change=np.inf, random_state=0),
    )
    grid = {"scratchmlpclassifier__learning_rate_init": [1e-3, 1e-1]}
    ours = Contender(
        "tuned",
        "ours",
        StackedGridSearchCV(
            mlp,
            grid,
            scoring={"neg_log_loss": "neg_log_loss", "accuracy": "accuracy"},
            refit="neg_log_loss",
            cv=2,
        ),
        (
            Follower("tuned_accuracy", "by accuracy", most_accurate_of),
            Follower("ensemble", "ten of ours", ensemble_of),
        ),
    )
    forest = Contender("forest", "no forest", GaussianNB())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_comparison, "our_contenders", lambda: [ours])
        patch.setattr(_comparison, "other_contenders", lambda: [forest])
        told = []
        return compare(*wine, n_splits=2, n_repeats=1, progress=told.append), told


def test_an_ensemble_follows_a_search(small_default, wine):
    result, told = small_default
    assert list(result.titles) == [
        "tuned",
        "tuned_accuracy",
        "ensemble",
        "forest",
        "blend",
        "blend_accuracy",
        "blend_ensemble",
    ]
    X, y = wine
    test = result.folds[0] == 0
    chosen = result.chosen["tuned"][0]["scratchmlpclassifier__learning_rate_init"]
    network = ScratchMLPClassifier(
        (8,), max_iter=5, n_iter_no_change=np.inf, learning_rate_init=chosen
    )
    by_hand = make_pipeline(
        StandardScaler(), ScratchMLPEnsembleClassifier(network, random_state=0)
    ).fit(X[~test], y[~test])
    assert_allclose(result.probabilities["ensemble"][0, test], by_hand.predict_proba(X[test]))
    assert "ensemble" not in result.chosen
    assert [(fit.done, fit.total, fit.model) for fit in told] == [
        (1, 4, "ours"),
        (2, 4, "no forest"),
        (3, 4, "ours"),
        (4, 4, "no forest"),
    ]


def test_the_most_accurate_settings_of_a_search(wine):
    """They need not be those that the search itself has chosen."""
    X, y = wine

    def wary(estimator, X, y):
        return -estimator.get_params()["C"]

    search = GridSearchCV(
        LogisticRegression(solver="newton-cg"),
        {"C": [1e-4, 1.0]},
        scoring={"neg_log_loss": wary, "accuracy": "accuracy"},
        refit="neg_log_loss",
    ).fit(X / X.max(axis=0), y)
    assert search.best_params_ == {"C": 1e-4}
    assert most_accurate_of(search).C == 1.0


def test_blends_are_means_of_probabilities(small_default):
    p = small_default[0].probabilities
    assert_allclose(p["blend"], (p["tuned"] + p["forest"]) / 2)
    assert_allclose(p["blend_accuracy"], (p["tuned_accuracy"] + p["forest"]) / 2)
    assert_allclose(p["blend_ensemble"], (p["ensemble"] + p["forest"]) / 2)


def test_who_takes_part():
    contenders = [*our_contenders(), *other_contenders()]
    names = [name for each in contenders for name in each.titles]
    assert len(set(names)) == len(names) == 14
    assert {"scratch", "torch", "tuned", "ensemble", "sklearn", "svc", "boosting"} <= set(names)
    for each in contenders:
        searches = isinstance(each.estimator, GridSearchCV | TunedSVC)
        tuned = {"tuned", "logistic", "svc", "forest_tuned", "boosting"}
        assert searches == (each.name in tuned)


def test_n_jobs_does_not_change_a_bit(wine, result):
    again = compare(*wine, MODELS, **SIZES, n_jobs=2)
    for name, p in result.probabilities.items():
        assert_array_equal(again.probabilities[name], p)


def test_data_frames_and_the_studies_tables(invented_yeast, wine, result):
    frame = pd.DataFrame(wine[0])
    again = compare(frame, pd.Series(wine[1]), {"bayes": GaussianNB()}, **SIZES)
    assert_array_equal(again.probabilities["bayes"], result.probabilities["bayes"])
    models = {"sklearn": DummyClassifier()}
    yeasts = yeast_comparison(invented_yeast, models=models, **SIZES)
    assert yeasts.to_frame().loc["sklearn", ("log_loss", "attainable")] == 1.063
    assert yeasts.twins.any()
    producers = producers_comparison(models=models, n_repeats=1)
    assert producers.to_frame().loc["sklearn", ("accuracy", "attainable")] == 0.9762
    assert np.isnan(result.to_frame().loc["bayes", ("accuracy", "attainable")])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_splits": 1}, "'n_splits' parameter .* Got 1"),
        ({"n_repeats": 0}, "'n_repeats' parameter .* Got 0"),
        ({"random_state": None}, "'random_state' parameter .* Got None"),
        ({"models": ["a"]}, "'models' parameter .* Got"),
        ({"models": {}}, "`models` must name at least one classifier"),
        ({"models": {"a": StandardScaler()}}, "`models` must be .* `predict_proba`, got .* 'a'"),
    ],
)
def test_bad_arguments(wine, arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(*wine, **{"models": {"dummy": DummyClassifier()}, **arguments})


def test_missing_values_are_refused(wine):
    X = wine[0].copy()
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        compare(X, wine[1])


@pytest.mark.slow
def test_ours_beside_scikit_learns_on_the_producers():
    names = {"scratch", "scratch_stopping", "torch", "sklearn", "sklearn_stopping"}
    contenders = [c for c in (*our_contenders(), *other_contenders()) if c.name in names]
    result = producers_comparison(models={c.name: c.estimator for c in contenders}, n_repeats=1)
    mean = result.to_frame()["accuracy", "mean"]
    assert set(mean.index) == names
    assert mean["scratch"] == pytest.approx(mean["torch"], abs=1e-9)
    assert mean["scratch"] >= mean["sklearn"] - 0.012
    # To hold rows out costs little here, and scikit-learn's network a tenth of its accuracy.
    assert mean["scratch_stopping"] >= mean["scratch"] - 0.02
    assert mean["sklearn_stopping"] < mean["sklearn"] - 0.1
    assert mean["sklearn"] == pytest.approx(result.attainable["sklearn"].accuracy, abs=0.03)


def test_a_tuned_svc_is_the_most_accurate_and_calibrated(wine):
    X, y = wine
    tuned = TunedSVC({"C": [1e-3, 1.0], "gamma": [1e-2]}).fit(X, y)
    scores = {
        C: cross_val_score(
            make_pipeline(StandardScaler(), SVC(C=C, gamma=1e-2)), X, y, cv=inner_folds()
        ).mean()
        for C in (1e-3, 1.0)
    }
    assert tuned.best_params_ == {"svc__C": max(scores, key=scores.get), "svc__gamma": 1e-2}
    p = tuned.predict_proba(X)
    assert_allclose(p.sum(axis=1), 1)
    assert_array_equal(tuned.predict(X), tuned.classes_[p.argmax(axis=1)])
    assert log_loss(y, p) < 0.2
