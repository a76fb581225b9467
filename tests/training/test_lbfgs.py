"""L-BFGS: its values against PyTorch's, its optimum against scikit-learn's; hooks and Ctrl-C."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import OptimizeResult, approx_fprime
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from sknn.backprop import NetworkObjective, predict, train
from sknn.training import History, Outcome


def replace_weights(parameters, W, b):
    """Parameters of a linear network with the weights and biases of scikit-learn's model."""
    found = deepcopy(parameters)
    found.weights[0][0] = W
    found.biases[0][0] = b if len(b) > 1 else np.array([-0.5, 0.5]) * b
    return found


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_linear_network_finds_the_optimum_of_logistic_regression(
    is_sparse, weighted, n_classes, lbfgs_plan, make_problem, fit, torch_objective
):
    problem = make_problem(200, n_classes=n_classes, weighted=weighted, is_sparse=is_sparse)
    rows, l2 = problem.train, 0.01
    plan = lbfgs_plan(layer_sizes=(5, n_classes), l2=l2, tol=1e-9, max_iter=2000, batch_size=200)
    state = fit(problem, plan)
    assert state.outcomes == [Outcome.CONVERGED]
    # C weighs the summed loss. Two classes share one vector there, and so half of the penalty.
    C = (2 if n_classes == 2 else 1) / (l2 * 200)
    peer = LogisticRegression(C=C, tol=1e-9, max_iter=2000)
    peer.fit(rows.X, rows.y, sample_weight=rows.weights)
    logits = predict(plan.spec, state.parameters.arrays, rows.X)
    assert_allclose(softmax(logits[0], axis=1), peer.predict_proba(rows.X), atol=1e-3)
    W = state.parameters.weights[0][0]
    expected = np.outer(peer.coef_[0], [-0.5, 0.5]) if n_classes == 2 else peer.coef_.T
    assert_allclose(W, expected, atol=1e-2)
    # Where both stop short of the optimum, ours must not be the higher point.
    best = replace_weights(state.parameters, expected, peer.intercept_)
    ours = torch_objective(problem, plan, state.parameters)
    assert ours <= torch_objective(problem, plan, best) + 1e-7


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
def test_the_objective_falls_from_iteration_to_iteration(
    activation, lbfgs_plan, make_problem, fit, start, torch_objective
):
    problem, plan = make_problem(weighted=True), lbfgs_plan(activation=activation, max_iter=60)
    first = torch_objective(problem, plan, start([plan]).parameters)
    state = fit(problem, plan)
    history = state.histories[0]
    values = history["train_loss"] + history["penalty"]
    assert len(values) > 10
    assert values[0] < first
    assert (np.diff(values) <= 0).all()
    assert_allclose(values[-1], torch_objective(problem, plan, state.parameters), rtol=1e-12)
    assert np.isnan(history["learning_rate"]).all()
    assert state.n_updates.tolist() == [len(values)]


@pytest.mark.parametrize("max_iter", [1, 2, 7])
def test_every_row_of_the_history_is_of_its_iteration(
    max_iter, lbfgs_plan, make_problem, fit, torch_objective
):
    """The figures of iteration n are those of the weights that a search of n iterations finds."""
    problem = make_problem(weighted=True, n_valid=20)
    history = fit(problem, lbfgs_plan(max_iter=12)).histories[0]
    plan = lbfgs_plan(max_iter=max_iter)
    state = fit(problem, plan)
    assert state.outcomes == [Outcome.REACHED_MAX_ITER]
    assert "ITERATIONS" in state.message[0].upper()
    found, i = state.parameters, max_iter - 1
    value = torch_objective(problem, plan, found)
    assert_allclose(history["train_loss"][i] + history["penalty"][i], value, rtol=1e-12)
    train_rows, valid = problem.train, problem.valid
    for rows, column in ((train_rows, "train_accuracy"), (valid, "valid_accuracy")):
        logits = predict(plan.spec, found.arrays, rows.X)[0]
        hits = np.average(logits.argmax(axis=1) == rows.y, weights=rows.weights)
        assert_allclose(history[column][i], hits, rtol=1e-12)


@pytest.mark.parametrize("record", ["epoch", "batch"])
def test_batches_of_lbfgs_are_all_rows(record, lbfgs_plan, make_problem, fit):
    history = fit(make_problem(n_valid=9), lbfgs_plan(max_iter=5, record=record)).histories[0]
    for name in ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy"):
        if record == "batch":
            values = list(history.batches[name].values())
            assert_allclose(np.concatenate(values), history[name], rtol=1e-14)
        else:
            assert history.batches[name] == {}


def test_a_stack_equals_its_models(lbfgs_plan, make_problem, fit, assert_same_state):
    problem = make_problem(weighted=True, n_valid=60)
    common = {"restore_best": True, "monitor": "valid_loss", "record": "batch", "max_iter": 30}
    plans = [
        lbfgs_plan(**common),
        lbfgs_plan(**common, l2=0.1, label_smoothing=0.1),
        lbfgs_plan(**common, l2=0.0, n_iter_no_change=1, tol=1e-3),
    ]
    stack = fit(problem, plans)
    for k, plan in enumerate(plans):
        assert_same_state(stack.take([k]), fit(problem, plan, [k]))
    assert_same_state(stack, fit(problem, plans))


def test_a_validation_set_may_end_the_search(lbfgs_plan, make_problem, fit):
    """After the second iteration in a row that does not improve by tol, best weights kept."""
    problem = make_problem(n_valid=20)
    plan = lbfgs_plan(l2=0.0, monitor="valid_loss", restore_best=True, n_iter_no_change=1, tol=1e-4)
    state = fit(problem, plan)
    assert state.outcomes == [Outcome.CONVERGED]
    column = state.histories[0]["valid_loss"]
    epoch = 1 + int(column.argmin())
    assert 1 < epoch < len(column) < 200
    until_best = fit(problem, replace(plan, max_iter=epoch, restore_best=False))
    assert_array_equal(state.best, until_best.parameters.values)


def test_max_fun(lbfgs_plan, make_problem, fit):
    state = fit(make_problem(), lbfgs_plan(max_fun=3))
    assert state.outcomes == [Outcome.REACHED_MAX_ITER]
    assert len(state.histories[0]) <= 3


def test_tol_is_the_gradients(lbfgs_plan, make_problem, fit):
    """The search ends where no number of the gradient is above tol."""
    problem = make_problem()
    plan = lbfgs_plan(layer_sizes=(5, 3), tol=0.02)
    state = fit(problem, plan)
    objective = NetworkObjective(problem, plan)
    slopes = approx_fprime(state.parameters.values[0], lambda x: objective(x)[0])
    assert state.outcomes == [Outcome.CONVERGED]
    assert 1e-3 < np.abs(slopes).max() <= 0.02 + 1e-6


def test_a_search_that_starts_at_the_optimum_says_so(lbfgs_plan, make_problem, fit):
    problem, plan = make_problem(), lbfgs_plan(layer_sizes=(5, 3), tol=1e-3)
    state = fit(problem, plan)
    n_epochs, values = len(state.histories[0]), state.parameters.values.copy()
    hook = Recorder()
    state = train(problem, [plan], state, hook)
    assert state.outcomes == [Outcome.CONVERGED]
    assert len(state.histories[0]) == n_epochs + 1
    assert (hook.begun, hook.ended) == (1, 1)
    assert_array_equal(state.parameters.values, values)


# ---------------------------------------------------------------------------------------
# hooks, outcomes, Ctrl-C


class Recorder:
    """Counts what it is told, and stops the search where it is asked to."""

    def __init__(self, stop_at=None):
        self.stop_at, self.begun, self.ended = stop_at, 0, 0

    def begin(self, state):
        assert self.begun == self.ended
        self.begun += 1

    def end(self, state):
        self.ended += 1
        assert self.begun == self.ended
        return self.ended == self.stop_at


def test_a_line_search_that_fails(lbfgs_plan, make_problem, start, monkeypatch, torch_objective):
    """What was accepted is noted down, not what was evaluated last; and its epoch is ended."""
    seen = []

    def minimize(evaluate, x, callback, **_):
        _, gradient = evaluate(x)
        seen.append(x - 0.1 * gradient)
        evaluate(seen[0])
        evaluate(x - 100 * gradient)
        callback(seen[0])
        evaluate(x + gradient)
        return OptimizeResult(x=seen[0], status=2, message="ABNORMAL: ")

    monkeypatch.setattr("sknn.training._lbfgs.minimize", minimize)
    problem, plan, hook = make_problem(weighted=True), lbfgs_plan(), Recorder()
    state = train(problem, [plan], start([plan]), hook)
    assert (state.outcomes, state.message) == ([Outcome.STALLED], ["ABNORMAL: "])
    assert (hook.begun, hook.ended) == (2, 2)
    (history,) = state.histories
    assert len(history) == 1
    assert_array_equal(state.parameters.values[0], seen[0])
    value = torch_objective(problem, plan, state.parameters)
    assert_allclose(history["train_loss"][0] + history["penalty"][0], value, rtol=1e-12)


@pytest.mark.parametrize("n_models", [1, 3])
def test_hooks_are_told_of_every_iteration(n_models, lbfgs_plan, make_problem, fit):
    hook = Recorder()
    state = fit(make_problem(), [lbfgs_plan(max_iter=5)] * n_models, on_epoch=hook)
    assert hook.begun == hook.ended == 5 * n_models
    assert [len(history) for history in state.histories] == [5] * n_models


def test_a_hook_may_end_the_search(lbfgs_plan, make_problem, fit):
    hook = Recorder(stop_at=3)
    state = fit(make_problem(), lbfgs_plan(), on_epoch=hook)
    assert state.outcomes == [Outcome.STOPPED_BY_CALLBACK]
    assert len(state.histories[0]) == hook.ended == 3
    expected = fit(make_problem(), lbfgs_plan(max_iter=3))
    assert_array_equal(state.parameters.values, expected.parameters.values)


def test_a_start_that_is_not_finite_has_diverged(lbfgs_plan, make_problem, start):
    state = start([lbfgs_plan()])
    state.parameters.values[0, 0] = np.inf
    state = train(make_problem(), [lbfgs_plan()], state, Recorder(stop_at=1))
    assert state.outcomes == [Outcome.DIVERGED]
    assert len(state.histories[0]) == 1


def test_a_hook_does_not_hide_that_a_model_has_converged(lbfgs_plan, make_problem, fit):
    """Both at the iteration at which the validation set ends the search."""
    plan = lbfgs_plan(l2=0.0, monitor="valid_loss", n_iter_no_change=1)
    problem = make_problem(n_valid=20)
    n_epochs = len(fit(problem, plan).histories[0])
    state = fit(problem, plan, on_epoch=Recorder(stop_at=n_epochs))
    assert state.outcomes == [Outcome.CONVERGED]
    assert len(state.histories[0]) == n_epochs


def interrupted(monkeypatch, problem, plans, state, at):
    """A training that Ctrl-C meets in the `at`-th evaluation of the objective."""
    evaluate, calls = NetworkObjective.__call__, []

    def call(self, values):
        calls.append(1)
        result = evaluate(self, values)
        if len(calls) == at:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(NetworkObjective, "__call__", call)
        return train(problem, plans, state)


@pytest.mark.parametrize("at", [1, 2, 10, 11])
def test_ctrl_c_keeps_the_last_iteration(at, lbfgs_plan, make_problem, start, fit, monkeypatch):
    problem, plan = make_problem(), lbfgs_plan()
    first = start([plan])
    before = deepcopy(first.parameters.values)
    state = interrupted(monkeypatch, problem, [plan], first, at)
    assert state.outcomes == [Outcome.INTERRUPTED]
    n_complete = len(state.histories[0])
    assert n_complete < at
    if n_complete:
        before = fit(problem, replace(plan, max_iter=n_complete)).parameters.values
    assert_array_equal(state.parameters.values, before)


@pytest.mark.parametrize("when", ["before", "after"])
def test_ctrl_c_while_an_iteration_is_noted_down(when, lbfgs_plan, make_problem, fit, monkeypatch):
    """The third iteration has happened, or it has not."""
    problem = make_problem(n_valid=20)
    plan = lbfgs_plan(restore_best=True, monitor="valid_loss")
    append = History.append

    def interrupted_append(self, row):
        if len(self) == 2 and when == "before":
            raise KeyboardInterrupt
        append(self, row)
        if len(self) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(History, "append", interrupted_append)
        state = fit(problem, plan)
    assert state.outcomes == [Outcome.INTERRUPTED]
    n_complete = len(state.histories[0])
    shorter = fit(problem, replace(plan, max_iter=n_complete))
    assert_array_equal(state.parameters.values, shorter.parameters.values)
    assert_array_equal(state.best, shorter.best)
    assert state.stopping == shorter.stopping
    assert state.n_updates.tolist() == [n_complete]


@pytest.mark.parametrize(
    "which",
    [0, 1, 2],
)
def test_ctrl_c_ends_the_search_of_all_models_that_are_left(
    which, lbfgs_plan, make_problem, start, fit, monkeypatch
):
    problem, plans = make_problem(), [lbfgs_plan(max_iter=5)] * 3
    counts, evaluate = [], NetworkObjective.__call__

    def count(self, values):
        counts[-1] += 1
        return evaluate(self, values)

    with monkeypatch.context() as patch:
        patch.setattr(NetworkObjective, "__call__", count)
        for k in range(3):
            counts.append(0)
            fit(problem, plans[k], [k])
    state = interrupted(
        monkeypatch, problem, plans, start(plans), sum(counts[:which]) + counts[which] - 1
    )
    before = [Outcome.REACHED_MAX_ITER] * which
    assert state.outcomes == before + [Outcome.INTERRUPTED] * (3 - which)
    lengths = [len(history) for history in state.histories]
    assert lengths[:which] == [5] * which
    assert lengths[which] < 5
    assert lengths[which + 1 :] == [0] * (2 - which)


@pytest.mark.parametrize("penalty", ["l1", "group_l1"])
def test_it_refuses_penalties_with_a_corner(penalty, lbfgs_plan, make_problem, fit):
    with pytest.raises(ValueError, match="`l1` and `group_l1` must be 0 with solver='lbfgs'"):
        fit(make_problem(), lbfgs_plan(**{penalty: 0.1}))
