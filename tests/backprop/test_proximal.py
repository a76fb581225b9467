"""Proximal steps against a numerical minimiser of what defines them, and against KKT."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

from sknn.backprop import OPTIMIZERS, GroupL1, ProximalStep, make_penalties
from sknn.training import Parameters

SIZES = (3, 4, 2)
N_FIRST, N_WEIGHTS = 12, 20

# Training runs with these ignored: a row that is zero needs no shares, whatever they are.
pytestmark = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")


def prox(plans, values, metric, reach):
    """The proximal step from parameters (K, P), in a metric (K, P) or in the plain one."""
    parameters = Parameters(values.copy(), plans[0].spec.layout)
    step = ProximalStep(plans, parameters, scales=metric is not None)
    step.begin_epoch(np.atleast_2d(reach))
    metric = None if metric is None else metric.copy()
    step.after_piece(0, 0, parameters.values, metric, np.empty_like(values))
    step.after_step(0)
    return parameters


def objective(w, u, d, l1, group_l1):
    return 0.5 * np.sum(d * (w - u) ** 2) + l1 * np.abs(w).sum() + group_l1 * np.linalg.norm(w)


def least_found(u, d, l1, group_l1):
    """The least of `objective` that SciPy finds from several starts.

    No weight changes its sign, and without signs |w| is smooth. The norm has its corner at zero,
    near which a search may stick: another start does better.
    """
    size = np.abs(u)

    def smooth(w):
        gradient = d * (w - size) + l1 + group_l1 * w / (np.linalg.norm(w) or 1.0)
        return objective(w, size, d, l1, group_l1), gradient

    search = {
        "jac": True,
        "method": "L-BFGS-B",
        "bounds": [(0, s) for s in size],
        "options": {"ftol": 1e-15, "gtol": 1e-12, "maxiter": 500},
    }
    return min(
        objective(np.zeros_like(u), u, d, l1, group_l1),
        *(minimize(smooth, size * share, **search).fun for share in (1.0, 0.3, 0.01)),
    )


NUMBERS = arrays(np.float64, N_WEIGHTS + 6, elements=st.floats(-3, 3).map(lambda x: round(x, 3)))
EXPONENTS = arrays(np.float64, N_WEIGHTS + 6, elements=st.floats(-2, 2))
STRENGTHS = st.sampled_from([0.0, 1e-3, 0.1, 1.0, 7.0])


@given(NUMBERS, EXPONENTS, STRENGTHS, STRENGTHS, st.floats(0.01, 2), st.booleans())
@settings(max_examples=40)
def test_a_step_is_the_minimum_that_defines_it(
    make_plan, values, exponents, l1, group_l1, reach, scales
):
    plan = make_plan(layer_sizes=SIZES, l1=l1, group_l1=group_l1)
    metric = 10.0**exponents if scales else np.ones_like(exponents)
    found = prox([plan], values[None], metric[None] if scales else None, reach)
    d = metric / reach
    for j in range(3):
        row = slice(4 * j, 4 * j + 4)
        u, w = values[row], found.weights[0][0, j]
        least = least_found(u, d[row], l1, group_l1)
        assert objective(w, u, d[row], l1, group_l1) <= least + 1e-11 * (1 + least)
    for i in range(N_FIRST, N_WEIGHTS):  # of the other layers, l1 alone
        one = values[i : i + 1], d[i : i + 1], l1, 0.0
        least = least_found(*one)
        assert objective(found.values[0, i : i + 1], *one) <= least + 1e-11 * (1 + least)
    assert_array_equal(found.values[0, N_WEIGHTS:], values[N_WEIGHTS:])


@pytest.mark.parametrize("spread", [1, 3, 6])
@pytest.mark.parametrize("l1", [0.0, 0.02])
def test_optimality_holds_to_rounding_in_any_metric(make_plan, spread, l1):
    """At the minimum, d (w - u) + λ w / ‖w‖ + l1 sign(w) is 0 where w is not."""
    rng = np.random.default_rng(0)
    plan = make_plan((400, 30, 2), l1=l1, group_l1=1.0)
    values = rng.normal(size=(1, 400 * 30 + 30 * 2 + 32))
    d = 10.0 ** rng.uniform(-spread / 2, spread / 2, values.shape)
    # Strengths from far too small to just about enough to remove the row.
    d[:, : 400 * 30] *= np.repeat(10.0 ** rng.uniform(-5, 1, 400), 30)
    W = prox([plan], values, d, 1.0).weights[0][0]
    u, d = (a[0, : 400 * 30].reshape(400, 30) for a in (values, d))
    soft = np.sign(u) * np.maximum(np.abs(u) - l1 / d, 0)
    is_zero = np.linalg.norm(d * soft, axis=1) <= 1.0
    assert 20 < is_zero.sum() < 380
    assert_array_equal((W == 0).all(axis=1), is_zero)
    u, d, soft, W = u[~is_zero], d[~is_zero], soft[~is_zero], W[~is_zero]
    norms = np.linalg.norm(W, axis=1, keepdims=True)
    residual = np.where(W != 0, d * (W - u) + W / norms + l1 * np.sign(W), 0)
    assert (np.abs(residual) <= 1e-11 * (1 + d * np.abs(u))).all()
    assert_array_equal(W == 0, soft == 0)


def test_with_equal_metrics_both_forms_are_one(make_plan, random_parameters):
    plans = [make_plan(layer_sizes=SIZES, l1=0.1, group_l1=0.3)]
    values = random_parameters(1, SIZES).values
    plain, scaled = (prox(plans, values, metric, 0.5) for metric in (None, np.ones_like(values)))
    assert 0 < (plain.values == 0).mean() < 1
    assert_allclose(plain.values, scaled.values, rtol=1e-13)


@pytest.mark.parametrize("scales", [False, True])
def test_who_has_no_penalty_keeps_every_bit(make_plan, random_parameters, scales):
    """Down to the sign of a zero."""
    settings_ = [{}, {"l1": 0.3}, {"group_l1": 0.3}, {"l1": 0.1, "group_l1": 0.3}]
    plans = [make_plan(layer_sizes=SIZES, **s) for s in settings_]
    values = random_parameters(4, SIZES).values
    values[:, ::3] = -0.0
    metric = np.full_like(values, 0.5) if scales else None
    found = prox(plans, values, metric, np.full(4, 0.7))
    assert found.values[0].tobytes() == values[0].tobytes()
    assert found.values[2, N_FIRST:].tobytes() == values[2, N_FIRST:].tobytes()
    for k in (1, 2, 3):
        some = slice(k, k + 1)
        alone = prox(plans[some], values[some], metric if metric is None else metric[some], 0.7)
        assert found.values[k].tobytes() == alone.values[0].tobytes()


@pytest.mark.parametrize("scales", [False, True])
@pytest.mark.parametrize("penalty", ["l1", "group_l1"])
def test_a_broken_weight_is_not_hidden(make_plan, scales, penalty):
    plan = make_plan(layer_sizes=SIZES, **{penalty: 1e6})
    values = np.ones((1, N_WEIGHTS + 6))
    values[0, 5] = np.nan
    found = prox([plan], values, np.ones_like(values) if scales else None, 1.0)
    assert np.isnan(found.values[0, 5])
    assert_array_equal(found.values[0, :4], 0)


@pytest.mark.parametrize("solver", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pieces_of_any_width_give_the_same_bits(
    solver, dtype, make_plan, random_parameters, monkeypatch
):
    """Pieces may end within a row, a layer, or the biases."""
    plans = [
        make_plan(solver=solver, layer_sizes=SIZES, dtype=np.dtype(dtype), **penalties)
        for penalties in ({"l1": 0.4, "group_l1": 0.9}, {"group_l1": 1.5}, {})
    ]
    results = []
    for piece in (65536, 21, 15, 3):
        monkeypatch.setattr("sknn.backprop._optimizer_base.PIECE", piece)
        parameters = random_parameters(3, SIZES, dtype)
        gradients = random_parameters(3, SIZES, dtype, seed=1)
        slots = OPTIMIZERS[solver].zero_slots(parameters.values)
        optimizer = OPTIMIZERS[solver](plans, parameters, gradients, slots)
        optimizer.begin_epoch(np.full((30, 3), 0.02), np.zeros(3, int))
        for step in range(30):
            optimizer.step(step)
        results.append(parameters.values)
    zeros = (results[0] == 0).sum(axis=1)
    assert zeros[0] > zeros[1] >= 4 and zeros[2] == 0, zeros
    for other in results[1:]:
        assert other.dtype == dtype
        assert_array_equal(results[0], other)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_solves_the_problem_that_was_asked(make_plan, momentum, nesterov):
    """Minimise ½ h (w - c)² + λ |w| per weight: the minimum is known, whatever the momentum."""
    h, c, strength = np.array([1.0, 2.0, 4.0, 1.0]), np.array([1.0, -0.7, 0.02, 0.3]), 0.3
    plan = make_plan(
        solver="sgd",
        momentum=momentum,
        nesterovs_momentum=nesterov,
        layer_sizes=(2, 2),
        l1=strength,
    )
    parameters, gradients = (Parameters.zeros(1, plan.spec.layout, np.float64) for _ in range(2))
    optimizer = OPTIMIZERS["sgd"](
        [plan], parameters, gradients, OPTIMIZERS["sgd"].zero_slots(parameters.values)
    )
    optimizer.begin_epoch(np.full((2000, 1), 0.02), np.zeros(1, int))
    for step in range(2000):
        gradients.values[0, :4] = h * (parameters.values[0, :4] - c)
        optimizer.step(step)
    expected = np.sign(c) * np.maximum(np.abs(c) - strength / h, 0)
    assert_allclose(parameters.values[0, :4], expected, atol=1e-12)


def test_the_groups_value_by_hand(make_plan):
    penalty = GroupL1(np.array([[2.0], [0.5], [0.0]]), 2, 2)
    weights = np.array(
        [[3.0, 4.0, 0.0, 0.0, 9.0], [0.0, -1.0, 6.0, 8.0, 9.0], [1e200, 1e200, 0.0, 0.0, 9.0]]
    )
    assert penalty.value(weights).tolist() == [[10.0], [5.5], [0.0]]
    plans = [make_plan((2, 2, 1), group_l1=s) for s in (2.0, 0.5)]
    (made,) = make_penalties(plans)
    assert isinstance(made, GroupL1)
    assert made.value(weights[:2]).tolist() == [[10.0], [5.5]]
