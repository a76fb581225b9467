"""What a fit remembers: random streams, taking models apart and together, falling back."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import sknn.backprop
from sknn.backprop import OPTIMIZERS, train
from sknn.training import Checkpoint, Outcome, Parameters, Streams, TrainState

SOLVERS = [*OPTIMIZERS, "lbfgs"]


# ---------------------------------------------------------------------------------------
# random streams


def test_streams_are_spawned_from_four_words():
    streams = Streams([1, 2, 3, 4])
    children = np.random.SeedSequence([1, 2, 3, 4]).spawn(4)
    weights, split, order, dropout = (np.random.Generator(np.random.PCG64(c)) for c in children)
    assert_array_equal(streams.weights.random(5), weights.random(5))
    assert_array_equal(streams.order.random(5), order.random(5))
    assert_array_equal(streams.dropout.random(5), dropout.random(5))
    assert streams.split_seed == split.integers(2**32)
    assert 0 <= streams.split_seed < 2**32


def test_streams_differ_from_each_other_and_from_word_to_word():
    found = [Streams([1, 2, 3, 4]), Streams([1, 2, 3, 5])]
    draws = [
        tuple(generator.random(3))
        for streams in found
        for generator in (streams.weights, streams.order, streams.dropout)
    ]
    assert len(set(draws)) == 6


# ---------------------------------------------------------------------------------------
# the start


@pytest.mark.parametrize("solver", SOLVERS)
def test_start(solver, make_plan):
    plans = [make_plan(solver=solver, learning_rate="adaptive"), make_plan(solver=solver, tol=0.5)]
    state = sknn.backprop.start(plans, [Streams([k, 0, 0, 0]) for k in (0, 1)])
    assert state.n_models == 2
    assert state.n_updates.tolist() == [0, 0]
    assert state.outcomes == [Outcome.RUNNING] * 2
    assert [len(history) for history in state.histories] == [0, 0]
    assert state.best is None
    assert [(rule.adaptive, rule.tol) for rule in state.stopping] == [(True, 1e-4), (False, 0.5)]
    names = {"sgd": 1, "rmsprop": 1, "adam": 2, "adamw": 2, "lbfgs": 0}
    assert len(state.slots) == names[solver]
    for slot in state.slots.values():
        assert slot.shape == state.parameters.values.shape
        assert not slot.any()
    # Weights come from their own stream, so that no other draw moves them.
    bound = np.sqrt(6 / 12)
    generator = Streams([1, 0, 0, 0]).weights
    assert_array_equal(state.parameters.weights[0][1], generator.uniform(-bound, bound, (5, 7)))


def test_it_starts_from_given_parameters(make_plan, random_parameters):
    plan = make_plan()
    parameters = random_parameters(1, plan.spec.layer_sizes)
    state = sknn.backprop.start([plan], [Streams([0, 0, 0, 0])], parameters)
    assert state.parameters is parameters
    assert not any(slot.any() for slot in state.slots.values())


# ---------------------------------------------------------------------------------------
# take and join


@pytest.fixture
def trained(make_plan, make_problem, fit) -> TrainState:
    """Three models after 3 epochs, with validation and best weights."""
    plans = [
        make_plan(learning_rate_init=rate, restore_best=True, monitor="valid_loss", max_iter=3)
        for rate in (1.0, 0.1, 0.01)
    ]
    return fit(make_problem(n_valid=10), plans)


def test_take_and_join_are_each_others_inverse(trained, assert_same_state):
    parts = [trained.take([2]), trained.take([0, 1])]
    back = TrainState.join(parts).take([1, 2, 0])
    assert_same_state(back, trained)
    assert back.parameters.layout == trained.parameters.layout
    assert_array_equal(back.parameters.weights[1], trained.parameters.weights[1])


def test_take_copies_arrays(trained):
    before = deepcopy(trained)
    taken = trained.take([0, 1, 2])
    taken.parameters.values += 1
    taken.n_updates += 1
    taken.best += 1
    for slot in taken.slots.values():
        slot += 1
    assert_array_equal(trained.parameters.values, before.parameters.values)
    assert_array_equal(trained.best, before.best)
    assert_array_equal(trained.n_updates, before.n_updates)
    for name, slot in trained.slots.items():
        assert_array_equal(slot, before.slots[name])


def test_models_may_be_taken_out_and_trained_on(
    trained, make_problem, make_plan, assert_same_state
):
    """A model that goes on alone goes on as it would have in the stack."""
    plans = [
        make_plan(learning_rate_init=rate, restore_best=True, monitor="valid_loss", max_iter=2)
        for rate in (1.0, 0.1, 0.01)
    ]
    alone = deepcopy(trained).take([1])
    problem = make_problem(n_valid=10)
    together = train(problem, plans, trained)
    assert_same_state(train(problem, plans[1:2], alone), together.take([1]))


def test_result_is_the_best_where_that_is_kept(trained):
    assert_array_equal(trained.result()[0].values, trained.best)
    assert (trained.best != trained.parameters.values).any()
    trained.best = None
    assert_array_equal(trained.result()[0].values, trained.parameters.values)


# ---------------------------------------------------------------------------------------
# going on


def test_resume_makes_all_models_run(trained, make_plan):
    assert trained.outcomes == [Outcome.REACHED_MAX_ITER] * 3
    plan = make_plan(tol=0.25, n_iter_no_change=7, restore_best=True, monitor="valid_loss")
    plans = [plan] * 3
    best = trained.best.copy()
    trained.resume(plans)
    assert trained.outcomes == [Outcome.RUNNING] * 3
    assert [(rule.tol, rule.n_iter_no_change) for rule in trained.stopping] == [(0.25, 7)] * 3
    assert_array_equal(trained.best, best)


def test_resume_with_another_monitor_begins_the_record_anew(trained, make_plan):
    assert (trained.best != trained.parameters.values).any()
    trained.resume([make_plan(restore_best=True, monitor="valid_accuracy")] * 3)
    assert_array_equal(trained.best, trained.parameters.values)
    assert [rule.best for rule in trained.stopping] == [np.inf] * 3


def test_resume_drops_or_begins_the_record_of_best_weights(trained, make_plan):
    plan = make_plan()
    trained.resume([plan] * 3)
    assert trained.best is None
    trained.resume([replace(plan, restore_best=True)] * 3)
    assert_array_equal(trained.best, trained.parameters.values)
    assert not np.shares_memory(trained.best, trained.parameters.values)


@pytest.mark.parametrize("monitor", ["objective", "valid_loss", "valid_accuracy"])
def test_best_is_of_the_best_epoch(monitor, make_plan, make_problem, fit):
    """The weights of epoch n are those of a fit that ends with it."""
    problem = make_problem(n_valid=15)
    plan = make_plan(
        monitor=monitor,
        restore_best=True,
        max_iter=12,
        solver="sgd",
        activation="tanh",
        learning_rate_init=0.1,
        l2=0.01,
    )
    state = fit(problem, plan)
    history = state.histories[0]
    column = {
        "objective": history["train_loss"] + history["penalty"],
        "valid_loss": history["valid_loss"],
        "valid_accuracy": -history["valid_accuracy"],
    }[monitor]
    epoch = 1 + int(column.argmin())
    assert 1 < epoch < 12
    until_best = fit(problem, replace(plan, max_iter=epoch, restore_best=False))
    assert_array_equal(state.best, until_best.parameters.values)
    assert state.stopping[0].best_epoch == epoch
    assert state.stopping[0].best == column.min()


# ---------------------------------------------------------------------------------------
# falling back


def test_checkpoint_restores_everything(trained, assert_same_state):
    before = deepcopy(trained)
    checkpoint = Checkpoint(trained)
    arrays = [trained.parameters.values, *trained.slots.values()]
    for array in arrays:
        array += 1
    trained.n_updates += 5
    for streams in trained.streams:
        streams.order.permutation(7)
        streams.dropout.random(3, dtype=np.float32)
    for rule in trained.stopping:
        rule.update(-1e9, 4, 0.1)
    for history in trained.histories:
        history.append(dict.fromkeys(history.epochs, 0.0))
    checkpoint.restore(trained)
    assert_same_state(trained, before)
    # The layers' views and the optimizer's pieces are on the arrays themselves.
    restored = [trained.parameters.values, *trained.slots.values()]
    assert all(one is other for one, other in zip(arrays, restored, strict=True))
    # A second restore finds the same again.
    trained.parameters.values += 1
    trained.stopping[0].update(-1e9, 4, 0.1)
    checkpoint.restore(trained)
    assert_same_state(trained, before)


def test_checkpoint_falls_back_to_the_last_save(trained):
    checkpoint = Checkpoint(trained)
    trained.parameters.values[...] = 1
    checkpoint.save(trained)
    trained.parameters.values[...] = 2
    checkpoint.restore(trained)
    assert_array_equal(trained.parameters.values, 1)


def test_views_of_taken_parameters_are_their_own(trained):
    taken = trained.take([1])
    assert isinstance(taken.parameters, Parameters)
    taken.parameters.weights[0][...] = 0
    assert not taken.parameters.values[:, :35].any()
    assert trained.parameters.weights[0][1].any()
