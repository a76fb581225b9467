"""Equal seeds give equal bits, and nobody else's random numbers are touched."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

CONFIGURATIONS = {
    "sgd": {"solver": "sgd", "learning_rate": "invscaling"},
    "adam": {"solver": "adam"},
    "adamw": {"solver": "adamw", "learning_rate": "onecycle"},
    "rmsprop": {"solver": "rmsprop", "max_grad_norm": 1.0},
    "lbfgs": {"solver": "lbfgs", "max_iter": 500, "tol": 1e-3, "l2": 0.05},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1, "batch_size": 35},
    "early_stopping": {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 2, "tol": 1.0},
    "float32": {"dtype": "float32"},
    "no shuffle": {"shuffle": False},
}


@pytest.mark.parametrize("params", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_repeated_fits_are_equal(make, table, assert_same_fit, params):
    first = make(**params).fit(*table)
    assert_same_fit(first, make(**params).fit(*table))
    assert_same_fit(first, clone(first).fit(*table))
    again = copy.deepcopy(first)
    assert_same_fit(first, again.fit(*table))
    other = make(**params, random_state=1).fit(*table)
    assert not np.array_equal(other.coefs_[0], first.coefs_[0])


@pytest.mark.parametrize("params", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_the_global_generator_is_left_alone(make, table, params):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()  # noqa: NPY002
    make(**params).fit(*table).predict(table[0])
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize("params", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_fit_draws_four_words_from_a_random_state(make, table, params):
    passed, twin = np.random.RandomState(7), np.random.RandomState(7)
    make(**params, random_state=passed).fit(*table)
    twin.randint(2**32, size=4, dtype=np.int64)
    assert_array_equal(passed.get_state()[1], twin.get_state()[1])
    assert passed.get_state()[2:] == twin.get_state()[2:]


def test_a_fit_that_is_refused_draws_nothing(make, table):
    passed, twin = np.random.RandomState(7), np.random.RandomState(7)
    with pytest.raises(ValueError):
        make(random_state=passed).fit(table[0], np.full(len(table[1]), np.nan))
    assert passed.randint(2**32, dtype=np.int64) == twin.randint(2**32, dtype=np.int64)


def test_random_states_go_on(make, table):
    shared = np.random.RandomState(0)
    first = make(random_state=shared).fit(*table)
    second = make(random_state=shared).fit(*table)
    assert not np.array_equal(first.coefs_[0], second.coefs_[0])


def test_without_a_seed_fits_differ(make, table):
    first, second = (make(random_state=None).fit(*table) for _ in range(2))
    assert not np.array_equal(first.coefs_[0], second.coefs_[0])


def test_held_out_split_does_not_depend_on_what_else_is_random(make, table):
    """The streams are separate: what one draws does not move another."""
    plain = make(early_stopping=True, max_iter=1, learning_rate_init=1e-300, l2=0.0).fit(*table)
    masked = make(
        early_stopping=True,
        max_iter=1,
        learning_rate_init=1e-300,
        l2=0.0,
        dropout=0.5,
        batch_size=7,
    ).fit(*table)
    assert plain.history_["valid_loss"] == masked.history_["valid_loss"]


@pytest.mark.parametrize("batch_size", ["full", 120])
def test_a_batch_of_all_rows_is_not_shuffled(make, table, assert_same_fit, batch_size):
    shuffled = make(batch_size=batch_size, shuffle=True).fit(*table)
    assert_same_fit(shuffled, make(batch_size=batch_size, shuffle=False).fit(*table))


def test_fit_leaves_data_and_parameters_alone(make, table):
    X, y = table[0].copy(), table[1].copy()
    weight = np.ones(len(y))
    estimator = make(dropout=[0.1, 0.2], hidden_layer_sizes=[4, 3], class_weight={0: 2, 1: 1, 2: 1})
    before = copy.deepcopy(estimator.get_params())
    estimator.fit(X, y, sample_weight=weight, X_val=X, y_val=y, sample_weight_val=weight)
    assert_array_equal(X, table[0])
    assert_array_equal(y, table[1])
    assert (weight == 1).all()
    assert estimator.get_params() == before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_predict_the_same_bits(make, table, dtype):
    fitted = make(dtype=dtype, hidden_layer_sizes=(64, 32)).fit(*table)
    X = np.random.default_rng(0).normal(size=(3000, 6))
    expected = fitted.predict_proba(X)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: fitted.predict_proba(X), range(32)))
        halves = list(pool.map(lambda i: fitted.predict(X[i::2]), [0, 1] * 8))
    for proba in found:
        assert_array_equal(proba, expected)
    labels = fitted.predict(X)
    for i, half in enumerate(halves):
        assert_array_equal(half, labels[i % 2 :: 2])


def test_fits_in_threads_are_the_same_fits(make, table, assert_same_fit):
    expected = make(dropout=0.2).fit(*table)
    with ThreadPoolExecutor(4) as pool:
        for fitted in pool.map(lambda _: make(dropout=0.2).fit(*table), range(8)):
            assert_same_fit(fitted, expected)


def test_predictions_do_not_depend_on_the_other_rows_of_a_batch(make, table):
    fitted = make().fit(*table)
    X = np.random.default_rng(0).normal(size=(1200, 6))
    np.testing.assert_allclose(
        fitted.predict_proba(X)[-7:], fitted.predict_proba(X[-7:]), rtol=1e-12
    )
