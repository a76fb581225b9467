"""warm_start goes on as if training had never stopped."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

CONFIGURATIONS = {
    "sgd": {"solver": "sgd", "momentum": 0.9},
    "sgd invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    "sgd adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "n_iter_no_change": 3,
        "tol": 0.02,
    },
    "adam": {"solver": "adam"},
    "adam invscaling": {"solver": "adam", "learning_rate": "invscaling", "power_t": 0.1},
    "adamw": {"solver": "adamw", "l2": 0.1},
    "rmsprop": {"solver": "rmsprop"},
    "dropout": {"dropout": 0.3, "input_dropout": 0.2},
    "ragged": {"batch_size": 35, "dropout": 0.1},
    "full batch": {"batch_size": "full"},
    "early stopping": {"early_stopping": True, "monitor": "valid_accuracy"},
    "float32": {"dtype": "float32", "l1": 1e-3},
    "group_l1": {"group_l1": 0.02, "l1": 1e-3, "learning_rate": "invscaling"},
    "record": {"record": "batch", "class_weight": "balanced"},
}


@pytest.mark.parametrize("params", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_20_and_20_epochs_are_40(make, table, assert_same_fit, params):
    parts = make(**params, max_iter=20, warm_start=True).fit(*table)
    once = make(**params, max_iter=40).fit(*table)
    if params.get("learning_rate") == "adaptive":
        assert 1 < len(np.unique(once.history_["learning_rate"]))
    assert parts.n_iter_ == 20
    parts.fit(*table)
    assert once.n_iter_ == 40
    assert_same_fit(parts, once)
    assert_array_equal(parts.loss_curve_, once.loss_curve_)
    assert parts.best_validation_score_ == once.best_validation_score_


def test_many_parts_and_a_pickle_between(make, table, assert_same_fit):
    params = {"dropout": 0.2, "record": "batch"}
    estimator = make(**params, max_iter=3, warm_start=True)
    for _ in range(5):
        estimator = pickle.loads(pickle.dumps(estimator.fit(*table)))
    once = make(**params, max_iter=15).fit(*table)
    assert_same_fit(estimator, once)
    assert_array_equal(estimator.history_.volatility(), once.history_.volatility())


def test_a_copy_goes_its_own_way(make, table, assert_same_fit):
    estimator = make(max_iter=5, warm_start=True).fit(*table)
    twin = copy.deepcopy(estimator)
    twin.fit(*table)
    estimator.fit(*table)
    assert_same_fit(estimator, twin)


def test_fitted_attributes_are_not_views_of_what_goes_on(make, table):
    estimator = make(max_iter=3, warm_start=True).fit(*table)
    coefs, history = [coef.copy() for coef in estimator.coefs_], estimator.history_
    kept = estimator.coefs_
    estimator.fit(*table)
    assert len(history) == 3
    for before, now in zip(kept, coefs, strict=True):
        assert_array_equal(before, now)


def test_without_warm_start_every_fit_is_the_first(make, table, assert_same_fit):
    estimator = make().fit(*table)
    assert_same_fit(copy.deepcopy(estimator).fit(*table), estimator)


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate_init": 0.1},
        {"l2": 1.0},
        {"l1": 0.1},
        {"group_l1": 1.0},
        {"dropout": 0.5},
        {"momentum": 0.1},
    ],
    ids=str,
)
def test_changed_rates_take_effect(make, table, change):
    start = make(solver="sgd", max_iter=3, warm_start=True).fit(*table)
    same, changed = copy.deepcopy(start).fit(*table), copy.deepcopy(start)
    changed.set_params(**change).fit(*table)
    assert not np.array_equal(same.coefs_[0], changed.coefs_[0])
    if "learning_rate_init" in change:
        assert_array_equal(changed.history_["learning_rate"], [0.01] * 3 + [0.1] * 3)


def test_changed_max_iter_takes_effect(make, table, assert_same_fit):
    estimator = make(max_iter=4, warm_start=True).fit(*table)
    assert estimator.set_params(max_iter=6).fit(*table).n_iter_ == 10
    assert_same_fit(estimator, make(max_iter=10).fit(*table))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_layer_sizes": (8, 6)}, r"`hidden_layer_sizes` must stay .*\(8, 5\).*\(8, 6\)"),
        ({"hidden_layer_sizes": (8,)}, r"`hidden_layer_sizes` must stay"),
        ({"dtype": "float32"}, r"`dtype` must stay .*'float64', got 'float32'"),
        ({"learning_rate": "cosine"}, r"`learning_rate` must be .*got 'cosine'"),
    ],
    ids=str,
)
def test_changed_shape_is_an_error_and_leaves_the_fit_usable(make, table, change, message):
    estimator = make(solver="sgd", warm_start=True).fit(*table)
    before = estimator.predict_proba(table[0])
    estimator.set_params(**change)
    with pytest.raises(ValueError, match=message):
        estimator.fit(*table)
    assert_array_equal(estimator.predict_proba(table[0]), before)


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
def test_schedules_over_max_iter_are_refused(make, table, schedule):
    with pytest.raises(ValueError, match=rf"`learning_rate` must be .*got '{schedule}'"):
        make(learning_rate=schedule, warm_start=True).fit(*table)


@pytest.mark.parametrize("classes", [["a", "b"], ["a", "b", "d"], ["a", "b", "c", "d"]], ids=str)
def test_other_classes_are_an_error(make, table, classes):
    y = np.array(["a", "b", "c"])[table[1]]
    estimator = make(warm_start=True).fit(table[0], y)
    other = np.array(classes)[np.arange(len(y)) % len(classes)]
    with pytest.raises(ValueError, match=r"`y` .*\['a', 'b', 'c'\]"):
        estimator.fit(table[0], other)


def test_other_columns_are_an_error(make, table):
    estimator = make(warm_start=True).fit(*table)
    with pytest.raises(ValueError, match=r"5 features.*expecting 6"):
        estimator.fit(table[0][:, 1:], table[1])


@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_other_rows_and_another_batch_size(make, table, schedule):
    """The learning rate goes by the rows that were seen, however they were cut."""
    estimator = make(
        solver="sgd",
        learning_rate=schedule,
        power_t=0.5,
        warm_start=True,
        batch_size=10,
        max_iter=2,
    ).fit(*table)
    estimator.set_params(batch_size=30).fit(table[0][:60], table[1][:60])
    estimator.set_params(batch_size=60).fit(*table)
    seen = np.cumsum([0, 120, 120, 60, 60, 120])
    expected = 0.01 * (1.0 + seen) ** -0.5 if schedule == "invscaling" else [0.01] * 6
    assert_allclose(estimator.history_["learning_rate"], expected, rtol=1e-12)


def test_float32_rows_do_not_change_a_float64_fit(make, table):
    estimator = make(warm_start=True).fit(*table)
    estimator.fit(table[0].astype(np.float32), table[1])
    assert estimator.coefs_[0].dtype == np.float64
    assert estimator.n_iter_ == 20


def test_a_fit_that_failed_is_forgotten(make, table, assert_same_fit):
    """Going on after an error starts from the fitted weights alone, not from the wreck."""
    estimator = make(solver="sgd", max_iter=5, warm_start=True).fit(*table)
    proba = estimator.predict_proba(table[0])
    estimator.set_params(learning_rate_init=1e100)
    with pytest.raises(ValueError, match="diverged"):
        estimator.fit(*table)
    assert estimator.n_iter_ == 5
    assert_array_equal(estimator.predict_proba(table[0]), proba)
    estimator.set_params(learning_rate_init=0.01).fit(*table)
    assert estimator.n_iter_ == 10
    assert np.isfinite(estimator.loss_curve_).all()
    weights_alone = make(solver="sgd", max_iter=5).fit(*table).set_params(warm_start=True)
    assert_same_fit(estimator, weights_alone.fit(*table))


def test_turning_early_stopping_on_judges_the_validation_loss_afresh(make, table, held_out):
    valid = {"X_val": held_out[0], "y_val": held_out[1]}
    estimator = make(max_iter=150, warm_start=True, hidden_layer_sizes=(30,)).fit(*table)
    estimator.set_params(early_stopping=True, max_iter=20).fit(*table, **valid)
    losses = estimator.history_["valid_loss"]
    assert np.isnan(losses[:150]).all()
    assert losses[150:].min() > estimator.history_["train_loss"][:150].min()
    proba = estimator.predict_proba(held_out[0])[np.arange(len(held_out[1])), held_out[1]]
    assert_allclose(-np.log(proba).mean(), losses[150:].min(), rtol=1e-9)
    assert estimator.best_validation_score_ == estimator.score(*held_out)


def test_another_monitor_judges_afresh(make, table, held_out):
    valid = {"X_val": held_out[0], "y_val": held_out[1]}
    estimator = make(
        max_iter=10,
        warm_start=True,
        early_stopping=True,
        monitor="valid_accuracy",
        learning_rate_init=1e-3,
    ).fit(*table, **valid)
    estimator.set_params(monitor="valid_loss").fit(*table, **valid)
    proba = estimator.predict_proba(held_out[0])[np.arange(len(held_out[1])), held_out[1]]
    losses = estimator.history_["valid_loss"]
    assert losses[10:].min() < losses[:10].min()
    assert_allclose(-np.log(proba).mean(), losses.min(), rtol=1e-9)
