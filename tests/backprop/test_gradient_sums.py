"""The sizes of the first layer's gradients, added up over all updates where a plan asks for it."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn.backprop import train
from sknn.training import Checkpoint, Outcome, TrainState

RATE = 0.05


@pytest.fixture
def descent(make_plan):
    """Plain full-batch gradient descent: an update says what the gradient was."""

    def build(**settings):
        defaults = {
            "solver": "sgd",
            "momentum": 0.0,
            "nesterovs_momentum": False,
            "learning_rate_init": RATE,
            "batch_size": 47,
            "sums_gradients": True,
        }
        return make_plan(**(defaults | settings))

    return build


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_sums_are_those_of_the_updates(descent, make_problem, start, fit, l2):
    """ΔW = −rate · (∂L/∂W + l2 · W), and the penalty's part is left out."""
    problem, plans = make_problem(), [descent(l2=l2), descent(l2=l2 / 2)]
    state, expected = start(plans), np.zeros((2, 5))
    for _ in range(4):
        before = state.parameters.weights[0].copy()
        state = train(problem, [replace(plan, max_iter=1) for plan in plans], state)
        weight = np.array([l2, l2 / 2])[:, None, None]
        gradient = (before - state.parameters.weights[0]) / RATE - weight * before
        expected += np.abs(gradient).sum(axis=2)
    assert_allclose(state.gradient_sums, expected, rtol=1e-9)
    # Four epochs at once come to the same, to the last bit.
    assert_array_equal(fit(problem, plans).gradient_sums, state.gradient_sums)


def test_sums_are_those_before_the_gradient_is_clipped(descent, make_problem, fit):
    free, clipped = (
        fit(make_problem(), descent(max_iter=1, max_grad_norm=norm)) for norm in (np.inf, 1e-3)
    )
    assert_array_equal(free.gradient_sums, clipped.gradient_sums)
    assert (free.parameters.values != clipped.parameters.values).any()


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_asking_changes_nothing_else(solver, make_plan, make_problem, fit, assert_same_state):
    plan = make_plan(solver=solver, l1=0.01, batch_size=10)
    plain, asked = (
        fit(make_problem(), replace(plan, sums_gradients=asks)) for asks in (False, True)
    )
    assert plain.gradient_sums is None
    assert asked.gradient_sums.shape == (1, 5)
    assert (asked.gradient_sums > 0).all()
    assert_same_state(replace(asked, gradient_sums=None), plain)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_stack_sums_what_each_model_sums_alone(
    dtype, is_sparse, make_plan, make_problem, start, assert_same_state
):
    """Of unequal rows, so that some updates are of a few models; some models stop early."""
    problems = [
        make_problem(n, n_valid=9, dtype=dtype, is_sparse=is_sparse, seed=n) for n in (31, 47, 40)
    ]
    plans = [
        make_plan(
            dtype=np.dtype(dtype),
            sums_gradients=True,
            dropout=(rate, 0.0),
            learning_rate_init=learning_rate,
            monitor="valid_loss",
            n_iter_no_change=patience,
            max_iter=12,
        )
        for rate, learning_rate, patience in ((0.0, 0.3, 0), (0.5, 0.01, np.inf), (0.2, 0.2, 1))
    ]
    stacked = train(problems, plans, start(plans))
    assert {Outcome.CONVERGED, Outcome.REACHED_MAX_ITER} <= set(stacked.outcomes)
    assert stacked.gradient_sums.dtype == dtype
    for k in range(3):
        alone = train(problems[k], [plans[k]], start([plans[k]], [k]))
        assert_same_state(stacked.take([k]), alone)


def test_a_model_that_diverges_leaves_the_others_sums_alone(descent, make_problem, fit):
    plans = [descent(), descent(learning_rate_init=1e200), descent(l1=0.01)]
    together = fit(make_problem(), plans)
    assert together.outcomes[1] is Outcome.DIVERGED
    for k in (0, 2):
        alone = fit(make_problem(), plans[k], [k])
        assert_array_equal(together.gradient_sums[[k]], alone.gradient_sums)


@pytest.fixture
def trained(descent, make_problem, fit) -> TrainState:
    return fit(make_problem(), [descent(), descent(batch_size=47), descent(l2=0.1)])


def test_take_copies_and_join_is_its_inverse(trained):
    before = trained.gradient_sums.copy()
    parts = [trained.take([2]), trained.take([0, 1])]
    assert_array_equal(TrainState.join(parts).take([1, 2, 0]).gradient_sums, before)
    parts[0].gradient_sums += 1
    assert_array_equal(trained.gradient_sums, before)


def test_a_state_without_sums_stays_without(make_plan, make_problem, fit):
    state = fit(make_problem(), [make_plan()] * 2)
    assert state.take([0]).gradient_sums is None
    assert TrainState.join([state.take([0]), state.take([1])]).gradient_sums is None


def test_a_checkpoint_restores_the_sums_in_place(trained):
    before, array = deepcopy(trained.gradient_sums), trained.gradient_sums
    checkpoint = Checkpoint(trained)
    array += 1
    checkpoint.restore(trained)
    assert trained.gradient_sums is array
    assert_array_equal(array, before)


def test_an_interrupted_epoch_is_not_in_the_sums(descent, make_problem, fit):
    class Interrupts:
        def begin(self, state):
            pass

        def end(self, state):
            # After the epoch's end is saved, in the next one.
            if len(state.histories[0]) == 2:
                state.gradient_sums += 1e6
                raise KeyboardInterrupt

    stopped = fit(make_problem(), descent(), on_epoch=Interrupts())
    assert stopped.outcomes == [Outcome.INTERRUPTED]
    assert_array_equal(
        stopped.gradient_sums, fit(make_problem(), descent(max_iter=2)).gradient_sums
    )
