"""Penalties on numbers that can be checked by hand."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn.backprop import L1, L2, make_penalties, penalty_values
from sknn.training import NetworkSpec, Parameters

# Powers of two and small integers: every product below is exact.
WEIGHTS = np.array([[1.0, -2.0, 0.0, 4.0], [0.5, 0.5, -3.0, 0.0]])
STRENGTH = np.array([[0.5], [4.0]])


def test_l1_value_and_gradient():
    assert L1(STRENGTH).value(WEIGHTS).tolist() == [[3.5], [16.0]]
    out = np.full_like(WEIGHTS, np.nan)
    gradient = L1(STRENGTH).gradient(WEIGHTS, out=out)
    assert gradient is out
    assert_array_equal(gradient, [[0.5, -0.5, 0, 0.5], [4, 4, -4, 0]])


def test_l2_value_and_gradient():
    assert L2(STRENGTH).value(WEIGHTS).tolist() == [[5.25], [19.0]]
    out = np.full_like(WEIGHTS, np.nan)
    gradient = L2(STRENGTH).gradient(WEIGHTS, out=out)
    assert gradient is out
    assert_array_equal(gradient, [[0.5, -1, 0, 2], [2, 2, -12, 0]])


@pytest.mark.parametrize("penalty", [L1, L2])
def test_float32_stays_float32(penalty):
    weights, strength = WEIGHTS.astype(np.float32), STRENGTH.astype(np.float32)
    assert penalty(strength).value(weights).dtype == np.float32
    assert penalty(strength).gradient(weights, np.empty_like(weights)).dtype == np.float32


def test_the_weights_are_left_alone():
    weights = WEIGHTS.copy()
    for penalty in (L1(STRENGTH), L2(STRENGTH)):
        penalty.value(weights)
        penalty.gradient(weights, np.empty_like(weights))
    assert_array_equal(weights, WEIGHTS)


def test_sum_of_penalties_leaves_out_the_biases():
    parameters = Parameters.zeros(2, NetworkSpec((2, 2)).layout, np.float64)
    parameters.values[:, :4] = WEIGHTS
    parameters.values[:, 4:] = 1e6
    total = penalty_values([L1(STRENGTH), L2(STRENGTH)], parameters)
    assert total.dtype == np.float64
    assert total.tolist() == [8.75, 35.0]
    assert penalty_values([], parameters).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        ([{}, {}], []),
        ([{"l1": 0.1}, {}], [L1]),
        ([{}, {"l2": 0.1}], [L2]),
        ([{"l1": 0.1, "l2": 0.2}, {"l1": 0.3}], [L1, L2]),
    ],
)
def test_a_penalty_stands_for_all_models_where_one_has_it(make_plan, settings, kinds):
    penalties = make_penalties([make_plan(**changes) for changes in settings])
    assert [type(penalty) for penalty in penalties] == kinds
    for penalty, name in zip(penalties, [kind.__name__.lower() for kind in kinds], strict=True):
        assert penalty.strength.tolist() == [[changes.get(name, 0.0)] for changes in settings]


def test_adamw_decays_outside_the_objective(make_plan):
    plans = [make_plan(solver="adamw", l1=0.1, l2=0.2)]
    assert [type(penalty) for penalty in make_penalties(plans)] == [L1]
