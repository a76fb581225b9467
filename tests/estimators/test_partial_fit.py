"""partial_fit: an epoch a call, on whatever rows are at hand."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier

CLASSES = [0, 1, 2]


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd"},
        {"solver": "adam", "dropout": 0.2},
        {"solver": "adamw", "l2": 0.1},
        {"solver": "rmsprop", "learning_rate": "invscaling"},
        {"record": "batch", "batch_size": 35, "dtype": "float32"},
    ],
    ids=str,
)
def test_calls_on_the_same_rows_are_epochs_of_a_fit(make, table, assert_same_fit, params):
    parts = make(**params)
    for call in range(7):
        parts.partial_fit(*table, classes=CLASSES if call == 0 else None)
        assert parts.n_iter_ == call + 1
    assert_same_fit(parts, make(**params, max_iter=7).fit(*table))


@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_chunks_against_mlpclassifier(make, table, schedule, initial_weights):
    """Chunks of any size: the rate goes by the rows that were seen."""
    X, y = table
    shared = {
        "hidden_layer_sizes": (8, 5),
        "batch_size": 10,
        "solver": "sgd",
        "momentum": 0.0,
        "learning_rate": schedule,
        "learning_rate_init": 0.1,
        "power_t": 0.3,
        "shuffle": False,
        "random_state": 0,
    }
    theirs, ours = MLPClassifier(**shared, alpha=0.0), make(**shared, l2=0.0)
    still = {"learning_rate_init": 1e-300, "learning_rate": "constant"}
    theirs.set_params(**still).partial_fit(X, y, classes=CLASSES)
    ours.set_params(**still).fit(X, y)
    ours.t_ = 0
    ours.coefs_ = [coef.copy() for coef in theirs.coefs_]
    ours.intercepts_ = [intercept.copy() for intercept in theirs.intercepts_]
    # Theirs has its optimizer since the first call, and only a new one takes the new rate.
    theirs.set_params(warm_start=True, max_iter=1, **shared)
    theirs.t_ = 0
    with pytest.warns(UserWarning, match="Maximum iterations"):
        theirs.fit(X[:30], y[:30])
    ours.set_params(**shared).partial_fit(X[:30], y[:30])
    for rows in (slice(30, 100), slice(100, 120), slice(0, 60), slice(60, 75), slice(75, 120)):
        theirs.partial_fit(X[rows], y[rows])
        ours.partial_fit(X[rows], y[rows])
    for left, right in zip(ours.coefs_, theirs.coefs_, strict=True):
        assert_allclose(left, right, rtol=0, atol=1e-10)


def test_a_call_need_not_bring_every_class(make, table):
    X, y = table
    estimator = make().partial_fit(X[y == 1], y[y == 1], classes=CLASSES)
    assert estimator.classes_.tolist() == CLASSES
    assert estimator.predict_proba(X).shape == (len(X), 3)
    estimator.partial_fit(X[y != 1], y[y != 1])


def test_a_call_may_bring_one_row(make, table):
    X, y = table
    estimator = make(batch_size=1)
    for row in range(20):
        estimator.partial_fit(X[row : row + 1], y[row : row + 1], classes=CLASSES)
    assert estimator.n_iter_ == 20


def test_it_learns(make, table):
    estimator = make(learning_rate_init=0.02)
    for _ in range(100):
        for chunk in np.array_split(np.arange(120), 3):
            estimator.partial_fit(table[0][chunk], table[1][chunk], classes=CLASSES)
    assert estimator.score(*table) > 0.85


def test_after_fit_it_goes_on_from_the_weights(make, table):
    estimator = make(learning_rate_init=0.02, max_iter=40).fit(*table)
    before, loss = [coef.copy() for coef in estimator.coefs_], estimator.loss_
    estimator.set_params(learning_rate_init=1e-300, l2=0.0, solver="sgd").partial_fit(*table)
    for left, right in zip(estimator.coefs_, before, strict=True):
        assert_array_equal(left, right)
    assert abs(estimator.history_["train_loss"][-1] - loss) < 0.2
    assert estimator.n_iter_ == 41


def test_after_a_warm_start_fit_it_is_one_more_epoch(make, table, assert_same_fit):
    estimator = make(max_iter=5, warm_start=True).fit(*table).partial_fit(*table)
    assert_same_fit(estimator, make(max_iter=6).fit(*table))


def test_fit_starts_afresh(make, table, assert_same_fit):
    estimator = make().partial_fit(*table, classes=CLASSES).fit(*table)
    assert_same_fit(estimator, make().fit(*table))


def test_goes_on_after_pickling(make, table, assert_same_fit):
    estimator = make(solver="adam", dropout=0.1).partial_fit(*table, classes=CLASSES)
    for _ in range(3):
        estimator = pickle.loads(pickle.dumps(estimator)).partial_fit(*table)
    assert_same_fit(estimator, make(solver="adam", dropout=0.1, max_iter=4).fit(*table))


def test_sample_weight(make, table):
    weight = np.random.default_rng(0).uniform(0, 2, 120)
    plain = make().partial_fit(*table, classes=CLASSES)
    weighted = make().partial_fit(*table, sample_weight=weight, classes=CLASSES)
    alike = make().partial_fit(*table, sample_weight=np.full(120, 7.0), classes=CLASSES)
    assert not np.allclose(plain.coefs_[0], weighted.coefs_[0])
    assert_allclose(plain.coefs_[0], alike.coefs_[0], atol=1e-12)


@pytest.mark.parametrize("class_weight", [{0: 1.0, 1: 2.0, 2: 3.0}, {2: 5.0}], ids=str)
def test_class_weight_where_a_call_lacks_a_class(make, table, class_weight):
    X, y = table
    estimator = make(class_weight=class_weight, batch_size="full")
    estimator.partial_fit(X, y, classes=CLASSES)
    twin = make(batch_size="full").partial_fit(
        X, y, classes=CLASSES, sample_weight=[class_weight.get(label, 1.0) for label in y]
    )
    rows = y != 2
    estimator.partial_fit(X[rows], y[rows])
    twin.partial_fit(
        X[rows], y[rows], sample_weight=[class_weight.get(label, 1.0) for label in y[rows]]
    )
    assert_allclose(estimator.coefs_[0], twin.coefs_[0], atol=1e-12)


def test_never_warns_of_convergence(make, table):
    estimator = make(n_iter_no_change=1, tol=1.0)
    for _ in range(6):  # warnings are errors here
        estimator.partial_fit(*table, classes=CLASSES)
    assert estimator.n_iter_ == 6


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"early_stopping": True}, r"partial_fit does not support early_stopping=True"),
        ({"class_weight": "balanced"}, r"partial_fit does not support class_weight='balanced'"),
        ({"learning_rate": "cosine"}, r"partial_fit does not support learning_rate='cosine'"),
        ({"learning_rate": "onecycle"}, r"partial_fit does not support learning_rate='onecycle'"),
    ],
    ids=str,
)
def test_refuses(make, table, params, message):
    with pytest.raises(ValueError, match=message):
        make(**params).partial_fit(*table, classes=CLASSES)


def test_is_not_there_with_lbfgs(make, table):
    assert hasattr(make(), "partial_fit")
    assert not hasattr(make(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        make(solver="lbfgs").partial_fit(*table, classes=CLASSES)


def test_needs_classes_at_first(make, table):
    with pytest.raises(ValueError, match="classes"):
        make().partial_fit(*table)


def test_refuses_other_classes_later(make, table):
    estimator = make().partial_fit(*table, classes=CLASSES)
    with pytest.raises(ValueError, match=r"classes.*not the same"):
        estimator.partial_fit(*table, classes=[0, 1, 2, 3])
    estimator.partial_fit(*table, classes=CLASSES)


@pytest.mark.parametrize("when", ["first", "later"])
def test_refuses_a_class_that_was_not_announced(make, table, when):
    X, y = table
    estimator = make()
    if when == "later":
        estimator.partial_fit(X[y < 2], y[y < 2], classes=[0, 1])
    with pytest.raises(ValueError, match=r"got \[2\].*\[0, 1\]"):
        estimator.partial_fit(X, y, classes=[0, 1])
    if when == "later":
        assert estimator.n_iter_ == 1


def test_a_first_call_that_was_refused_leaves_nothing(make, table):
    X, y = table
    estimator = make()
    with pytest.raises(ValueError):
        estimator.partial_fit(X, np.where(y == 2, 7, y), classes=CLASSES)
    with pytest.raises(NotFittedError):
        estimator.predict(X)
    estimator.partial_fit(X, np.array(list("abc"))[y], classes=["a", "b", "c"])
    assert estimator.classes_.tolist() == ["a", "b", "c"]


def test_changed_rates_take_effect(make, table):
    estimator = make(solver="sgd").partial_fit(*table, classes=CLASSES)
    same, changed = copy.deepcopy(estimator), copy.deepcopy(estimator)
    same.partial_fit(*table)
    changed.set_params(learning_rate_init=0.5).partial_fit(*table)
    assert not np.allclose(same.coefs_[0], changed.coefs_[0])
    assert changed.history_["learning_rate"].tolist() == [0.01, 0.5]


def test_an_error_tells_of_what_partial_fit_can_do(make, table):
    """The way out that it names must be one: to set `warm_start` does nothing to partial_fit."""
    estimator = make().partial_fit(*table, classes=CLASSES)
    with pytest.raises(ValueError, match="hidden_layer_sizes") as caught:
        estimator.set_params(hidden_layer_sizes=(3,)).partial_fit(*table)
    assert "set warm_start=False" not in str(caught.value)
