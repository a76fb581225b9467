"""Stacked searches: the results of scikit-learn's, to the last bit."""

import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.callback import ProgressBar
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneGroupOut,
    RandomizedSearchCV,
    ShuffleSplit,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from threadpoolctl import threadpool_limits

from sknn import (
    ColumnNormScaler,
    ScratchMLPClassifier,
    StackedGridSearchCV,
    StackedRandomizedSearchCV,
    TorchMLPClassifier,
)
from sknn.datasets import load_producers
from sknn.model_selection import _tasks

X, Y = load_producers(return_X_y=True)
N_ROWS = len(X)


@pytest.fixture(autouse=True)
def one_blas_thread():
    with threadpool_limits(1):
        yield


def mlp(**settings):
    defaults = {"batch_size": 16, "max_iter": 5, "n_iter_no_change": np.inf, "random_state": 0}
    return ScratchMLPClassifier((8,), **{**defaults, **settings})


def pipeline(scaler=None, **settings):
    return Pipeline([("s", scaler or StandardScaler()), ("m", mlp(**settings))])


RATES = {"m__learning_rate_init": [1e-3, 1e-2]}


def assert_same_results(one, other):
    assert one.cv_results_.keys() == other.cv_results_.keys()
    for name, column in one.cv_results_.items():
        twin = other.cv_results_[name]
        if "time" in name:
            assert np.shape(column) == np.shape(twin)
        elif name.startswith("param"):
            assert repr(column) == repr(twin), name
        else:
            assert_array_equal(column, twin, err_msg=name)
    for name in ("best_index_", "best_score_", "n_splits_", "multimetric_"):
        assert getattr(one, name, None) == getattr(other, name, None)
    assert repr(getattr(one, "best_params_", None)) == repr(getattr(other, "best_params_", None))
    if one.refit:
        assert_array_equal(one.predict_proba(X), other.predict_proba(X))


def assert_equal_searches(estimator, grid, fit_params=None, **options):
    stacked = StackedGridSearchCV(clone(estimator), grid, **options)
    plain = GridSearchCV(clone(estimator), grid, **options)
    for search in (stacked, plain):
        search.fit(X, Y, **(fit_params or {}))
    assert_same_results(stacked, plain)
    return stacked


GRIDS = {
    "rates and dropout": (pipeline(), {**RATES, "m__dropout": [0, 0.5]}, {}),
    "norms": (pipeline(ColumnNormScaler()), {"m__l1": [0, 0.01], "m__l2": [0, 0.1]}, {}),
    "shapes and solvers": (
        pipeline(),
        {"m__hidden_layer_sizes": [(4,), ()], "m__solver": ["sgd", "adamw", "lbfgs"]},
        {},
    ),
    "early stopping": (
        pipeline(early_stopping=True, n_iter_no_change=1, max_iter=20),
        {**RATES, "m__monitor": ["valid_loss", "valid_accuracy"]},
        {},
    ),
    "scalers": (
        pipeline(),
        {"s": [StandardScaler(), MinMaxScaler(), "passthrough"], "m__l2": [0, 0.1]},
        {},
    ),
    "a longer pipeline, and scores of the training rows": (
        Pipeline([("s", StandardScaler()), ("p", PCA(random_state=0)), ("m", mlp())]),
        {"p__n_components": [2, 5], "m__random_state": [0, 1]},
        {"return_train_score": True},
    ),
    "no pipeline": (mlp(), {"class_weight": [None, "balanced"], "dtype": ["float32"]}, {}),
    "several scores": (
        pipeline(),
        RATES,
        {"scoring": ["accuracy", "f1_macro", "neg_log_loss"], "refit": "f1_macro"},
    ),
    "scores by a function": (
        pipeline(),
        RATES,
        {"scoring": {"f1": make_scorer(f1_score, average="macro")}, "refit": False},
    ),
    "shuffled folds": (pipeline(), RATES, {"cv": ShuffleSplit(3, random_state=1, test_size=0.3)}),
    "odd folds": (
        pipeline(),
        RATES,
        {
            "cv": [
                (np.arange(120), np.arange(120, N_ROWS)),
                (np.arange(N_ROWS), np.arange(20)),
                (np.r_[60:N_ROWS, 60:90], np.arange(60)),
            ]
        },
    ),
    "seeds that are objects": (
        pipeline(),
        {"m__random_state": [np.random.RandomState(0), np.random.RandomState(1)]},
        {},
    ),
    "other classifiers too": (
        pipeline(),
        {"m": [mlp(), LogisticRegression(), TorchMLPClassifier((4,), max_iter=2, random_state=0)]},
        {},
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", GRIDS)
def test_results_are_those_of_grid_search(case):
    estimator, grid, options = GRIDS[case]
    assert_equal_searches(estimator, grid, **options)


@pytest.mark.parametrize("case", ["rates and dropout", "scalers"])
def test_workers_change_nothing(case):
    estimator, grid, options = GRIDS[case]
    one, two = (
        StackedGridSearchCV(clone(estimator), grid, n_jobs=n, **options).fit(X, Y) for n in (1, 2)
    )
    assert_same_results(one, two)


def test_results_are_those_of_randomized_search():
    draws = {"m__learning_rate_init": loguniform(1e-4, 1e-1), "m__l1": [0, 0.01]}
    searches = [
        cls(pipeline(), draws, n_iter=7, random_state=3).fit(X, Y)
        for cls in (StackedRandomizedSearchCV, RandomizedSearchCV)
    ]
    assert_same_results(*searches)


@pytest.mark.parametrize(
    "fit_params",
    [{"m__sample_weight": np.linspace(0.1, 2.0, N_ROWS)}, {"groups": np.arange(N_ROWS) % 3}],
    ids=["weights", "groups"],
)
def test_what_goes_with_the_rows_is_split_with_them(fit_params):
    options = {"cv": LeaveOneGroupOut()} if "groups" in fit_params else {"cv": 3}
    assert_equal_searches(pipeline(), RATES, fit_params, **options)


def test_metadata_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        model = Pipeline(
            [
                ("s", StandardScaler().set_fit_request(sample_weight=False)),
                (
                    "m",
                    mlp()
                    .set_fit_request(sample_weight=True, X_val=True, y_val=True)
                    .set_score_request(sample_weight=True),
                ),
            ],
            transform_input=["X_val"],
        )
        weight = np.linspace(0.1, 1.0, N_ROWS)
        fit_params = {"sample_weight": weight, "X_val": X[:30], "y_val": Y[:30]}
        search = assert_equal_searches(model, RATES, fit_params, cv=3)
    assert not np.isnan(search.best_estimator_["m"].history_["valid_loss"]).any()


def test_a_candidate_that_diverges_gets_the_error_score():
    grid = {"m__learning_rate_init": [1e-2, 1e200, -1.0]}
    options = {"error_score": -5.0, "cv": 3}
    with pytest.warns(FitFailedWarning, match="6 fits failed out of a total of 9"):
        search = StackedGridSearchCV(pipeline(solver="sgd"), grid, **options).fit(X, Y)
    with pytest.warns(FitFailedWarning):
        plain = GridSearchCV(pipeline(solver="sgd"), grid, **options).fit(X, Y)
    assert_same_results(search, plain)
    assert search.cv_results_["mean_test_score"].tolist()[1:] == [-5.0, -5.0]


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"m__learning_rate_init": [1e-2, 1e200, -1.0]}, "diverged"),
        ({"m__learning_rate_init": [1e-2, -1.0, 1e200]}, "must be a float in the range"),
        ({"m__nonsense": [1]}, "Invalid parameter 'nonsense'"),
    ],
)
def test_the_first_error_is_raised(grid, message):
    for cls in (StackedGridSearchCV, GridSearchCV):
        with pytest.raises(ValueError, match=message):
            cls(pipeline(solver="sgd"), grid, error_score="raise").fit(X, Y)


@pytest.mark.parametrize(
    ("grid", "options", "begun"),
    [
        # The first call of all fails: nothing else is tried.
        ({"m__no_such_thing": [1, 2, 3]}, {}, 0),
        ({"m__l2": [-1.0, 0.1, 0.2]}, {"error_score": "raise"}, 0),
        # What comes before it may fail too, and has to run; nothing after.
        ({"m__l2": [0.0, 0.1, -1.0, 0.2, 0.3]}, {"error_score": "raise"}, 6),
    ],
)
def test_a_search_ends_with_the_first_error(grid, options, begun, monkeypatch):
    stacks = []
    train_stack = _tasks.train_stack
    monkeypatch.setattr(_tasks, "MOST_MODELS", 1)
    monkeypatch.setattr(_tasks, "train_stack", lambda jobs: stacks.append(1) or train_stack(jobs))
    with pytest.raises(ValueError, match=r"Invalid parameter|'l2' parameter"):
        StackedGridSearchCV(pipeline(max_iter=1), grid, cv=3, **options).fit(X, Y)
    assert len(stacks) == begun


class Broken(TransformerMixin, BaseEstimator):
    """Cannot be fitted, and counts how often that was tried."""

    fits = 0

    def fit(self, X, y=None):
        type(self).fits += 1
        raise ValueError("broken")

    def transform(self, X):
        return X


def test_a_step_that_cannot_be_fitted(monkeypatch):
    """Tried once more than by scikit-learn, for all of a fold's candidates."""
    monkeypatch.setattr(Broken, "fits", 0)
    model = Pipeline([("s", Broken()), ("m", mlp(max_iter=1))])
    with pytest.raises(ValueError, match="All the 12 fits failed"):
        StackedGridSearchCV(model, {"m__l2": [0, 0.1, 0.2, 0.3]}, cv=3).fit(X, Y)
    assert Broken.fits == 12 + 3


class CountingScaler(TransformerMixin, BaseEstimator):
    """Counts the fits of all its instances."""

    fits = 0

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None):
        type(self).fits += 1
        self.scale_ = self.factor / X.max(axis=0)
        return self

    def transform(self, X):
        return X * self.scale_


def test_steps_before_the_network_are_fitted_once_per_fold_and_setting(monkeypatch):
    monkeypatch.setattr(_tasks, "MOST_MODELS", 4)  # several stacks per fold
    monkeypatch.setattr(CountingScaler, "fits", 0)
    model = Pipeline([("s", CountingScaler()), ("m", mlp(max_iter=1))])
    grid = {"s__factor": [1.0, 2.0], "m__l2": np.linspace(0, 0.1, 10)}
    StackedGridSearchCV(model, grid, cv=3, refit=False).fit(X, Y)
    assert CountingScaler.fits == 3 * 2


class NoisyScaler(CountingScaler):
    def __init__(self, random_state=None):
        self.random_state = random_state
        self.factor = 1.0


@pytest.mark.parametrize(("seed", "fits"), [(None, 3 * 4), (0, 3)])
def test_steps_that_draw_anew_are_fitted_per_candidate(seed, fits, monkeypatch):
    monkeypatch.setattr(NoisyScaler, "fits", 0)
    model = Pipeline([("s", NoisyScaler(seed)), ("m", mlp(max_iter=1))])
    grid = {"m__l2": np.linspace(0, 0.1, 4)}
    StackedGridSearchCV(model, grid, cv=3, refit=False).fit(X, Y)
    assert NoisyScaler.fits == fits


def test_scorers_get_the_fitted_estimator():
    seen = []

    def scorer(estimator, X, y):
        seen.append((type(estimator), type(estimator["m"]), "fit" in vars(estimator)))
        assert estimator["s"].n_samples_seen_ + len(X) == N_ROWS
        return estimator.score(X, y)

    StackedGridSearchCV(pipeline(), RATES, scoring=scorer, cv=3).fit(X, Y)
    assert seen == [(Pipeline, ScratchMLPClassifier, False)] * 6


def test_one_warning_for_a_search():
    model = pipeline(n_iter_no_change=3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        StackedGridSearchCV(model, RATES, cv=3, refit=False).fit(X, Y)
    (warning,) = caught
    assert warning.category is ConvergenceWarning
    assert str(warning.message).startswith("6 of 6 fits")


def test_fit_times_are_shares_of_the_stack():
    search = StackedGridSearchCV(pipeline(max_iter=50), {"m__l2": np.zeros(10)}, cv=2).fit(X, Y)
    times = search.cv_results_["mean_fit_time"]
    assert (times > 0).all()
    assert times.max() < 3 * times.min()


def test_candidates_with_callbacks_are_fitted_singly(capsys):
    model = pipeline()
    model["m"].set_params(verbose=True)
    StackedGridSearchCV(model, RATES, cv=2, refit=False).fit(X, Y)
    assert capsys.readouterr().out.count("epoch 5") == 4


def test_a_progress_bar_is_shown(capsys):
    search = StackedGridSearchCV(pipeline(), RATES, cv=2)
    search.set_callbacks(ProgressBar()).fit(X, Y)
    assert "StackedGridSearchCV" in capsys.readouterr().out


def test_many_candidates_stream(monkeypatch):
    """No more calls wait than are allowed, and nothing is lost or doubled."""
    monkeypatch.setattr(_tasks, "MOST_WAITING", 7)
    monkeypatch.setattr(_tasks, "MOST_MODELS", 5)
    assert_equal_searches(
        pipeline(max_iter=1), {"m__hidden_layer_sizes": [(2,), (3,), (4,)] * 3}, cv=3
    )


def test_transformed_rows_are_kept_while_there_is_room_for_them(monkeypatch):
    monkeypatch.setattr(_tasks, "TRANSFORMED_BYTES", 1)
    estimator, grid, options = GRIDS["scalers"]
    assert_equal_searches(estimator, grid, **options)


def test_a_search_can_be_cloned_and_shown():
    search = StackedGridSearchCV(pipeline(), RATES, cv=4, n_jobs=2)
    assert clone(search).get_params()["cv"] == 4
    assert "StackedGridSearchCV" in repr(search)
    assert search.set_params(cv=2).fit(X, Y).n_splits_ == 2


class InPlaceScaler(TransformerMixin, BaseEstimator):
    """Changes the rows that it is given."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None):
        self.scale_ = np.abs(X).max(axis=0) / self.factor
        return self

    def transform(self, X):
        X /= self.scale_
        return X


@pytest.mark.parametrize(
    ("step", "grid"),
    [
        (StandardScaler(copy=False), {"s__with_mean": [False, True]}),
        (InPlaceScaler(), {"s__factor": [1.0, 2.0]}),
    ],
    ids=["scikit-learn's", "a user's"],
)
def test_steps_may_work_in_place(step, grid):
    def model():
        return Pipeline([("s", step), ("m", mlp())])

    searches = [
        cls(model(), {**grid, **RATES}, cv=3, refit=False).fit(X.copy(), Y)
        for cls in (StackedGridSearchCV, GridSearchCV)
    ]
    assert_same_results(*searches)


def test_what_a_scorer_does_to_a_candidate_does_not_reach_another():
    def scorer(estimator, X, y):
        estimator["s"].mean_ += 1
        estimator.classes_[:] = estimator.classes_
        return estimator.score(X, y)

    assert_equal_searches(pipeline(), RATES, scoring=scorer, cv=3)


def test_a_scorer_may_fit_the_estimator_again():
    def scorer(estimator, X, y):
        return clone(estimator).fit(X, y).score(X, y)

    seeds = {"m__random_state": [np.random.RandomState(1), np.random.RandomState(2)]}
    assert_equal_searches(pipeline(), seeds, scoring=scorer, cv=3)


def test_steps_that_cannot_be_compared_are_fitted_per_candidate():
    from sklearn.preprocessing import FunctionTransformer

    model = Pipeline([("s", FunctionTransformer(lambda X: X / 100)), ("m", mlp())])
    assert_equal_searches(model, {**RATES, "s__func": [lambda X: X / 10, None]}, cv=3)
