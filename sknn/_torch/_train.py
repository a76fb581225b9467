"""Training by skorch and PyTorch, in step with a `TrainState` of `sknn.backprop`.

What decides a training (first weights, order of rows, learning rates, figures, the stopping rule,
history) are the objects that the NumPy engine uses too. Networks, gradients and update rules are
PyTorch's; epochs and callbacks are skorch's.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback
from skorch.helper import predefined_split

from sknn.backprop import Objective, make_penalties, penalty_values
from sknn.training import (
    Checkpoint,
    Epoch,
    EpochHook,
    Outcome,
    Parameters,
    Plan,
    Problem,
    Rows,
    Tally,
    TrainState,
    batch_sizes,
    learning_rates,
    minimize_lbfgs,
    note_epoch,
)

from ._history import last_row, skorch_history
from ._make import SLOTS, pull, push, push_slots, views
from ._net import TableNet
from ._rows import TensorBatches, TensorRows, unpack

# Numbers of one layer's activations that L-BFGS holds at a time.
OBJECTIVE_NUMBERS = 4_000_000


def train_net(
    net: TableNet, problem: Problem, plan: Plan, state: TrainState, on_epoch: EpochHook | None
) -> TrainState:
    """Train one model for at most `max_iter` epochs, from `state` on.

    Parameters
    ----------
    net : TableNet
        From `make_net`, as this call inside `own_modes`. Left with the weights that training
        arrives at.
    problem : Problem
    plan : Plan
    state : TrainState of one model
        Where to go on from; used up.
    on_epoch : EpochHook or None

    Returns
    -------
    state : TrainState
        As `sknn.backprop.train` returns it.
    """
    state.resume([plan])
    if plan.solver == "lbfgs":
        state = minimize_lbfgs(
            [problem], [plan], state, lambda *job: TorchObjective(net, *job), on_epoch
        )
        push(state.result(), net.module_)
        net.history = skorch_history(state.histories[0])
        net.find_best()
        return state
    return Training(net, problem, plan, state, on_epoch).run()


def tensor_rows(rows: Rows, net: TableNet) -> TensorRows:
    """Rows on the device of a net."""
    return TensorRows.of(rows.X, rows.y, rows.weights, net.device, net.module__dtype)


class _Internal(Callback):
    """A callback of ours: nothing about it is a parameter of the net."""

    def _get_param_names(self) -> list[str]:
        return []


class Training(_Internal):
    """One model's training by skorch, noted down epoch by epoch.

    It is the first of the net's callbacks, so that it takes in an epoch before those of the user
    look at it; a `Stopper` is the last.
    """

    def __init__(
        self,
        net: TableNet,
        problem: Problem,
        plan: Plan,
        state: TrainState,
        on_epoch: EpochHook | None,
    ) -> None:
        self.net, self.plan, self.state, self.on_epoch = net, plan, state, on_epoch
        self.rows = tensor_rows(problem.train, net)
        self.valid_rows = None if problem.valid is None else tensor_rows(problem.valid, net)
        self.sizes = batch_sizes(len(self.rows), plan.batch_size)
        self.valid_sizes = batch_sizes(len(self.valid_rows or ()), plan.batch_size)
        self.penalties = make_penalties([plan])
        parameters = list(net.module_.parameters())
        self.weights = list(zip(views(state.parameters), parameters, strict=True))
        remembers = plan.solver != "sgd" or plan.momentum > 0
        if not remembers:
            state.slots["velocity"][...] = 0.0
        self.slots = [
            (view, parameter, torch_name)
            for name, torch_name in (SLOTS[plan.solver].items() if remembers else ())
            for view, parameter in zip(
                views(Parameters(state.slots[name], plan.spec.layout)), parameters, strict=True
            )
        ]
        self.dropout = torch.Generator(net.device) if any(plan.dropout_rates) else None
        self.checkpoint = Checkpoint(state)
        self.n_noted = len(net.history)
        self.has_callbacks = bool(net.callbacks_)
        self.asks_user = False  # whether the callbacks of the user are being told of an epoch
        self.started = 0.0

    def run(self) -> TrainState:
        """Train; leave the net as it was but for its weights, history and optimizer."""
        net, state = self.net, self.state
        push(state.parameters, net.module_)
        push_slots(state, self.plan, net)
        callbacks = net.callbacks_
        net.callbacks_ = [("sknn", self), *callbacks, ("sknn_stop", Stopper(self))]
        net._order, net._keep_rows = state.streams[0].order, self.plan.record == "batch"
        if self.valid_rows is not None:
            net.train_split = predefined_split(self.valid_rows)
        net.module_.draw_masks_from(self.dropout)
        try:
            net.partial_fit(self.rows)
        except BaseException:
            self.checkpoint.restore(state)
            raise
        finally:
            net.callbacks_, net.train_split = callbacks, None
            net._order = net._rates = None
            net.figures_ = {}
            net.module_.draw_masks_from(None)
        # The user's callbacks have the last word: a `Checkpoint` may have loaded other weights.
        pull(net.module_.parameters(), state.result())
        return state

    def on_epoch_begin(self, net: TableNet, **kwargs: Any) -> None:
        """Settle what depends on the step alone."""
        state = self.state
        if self.on_epoch is not None:
            self.on_epoch.begin(state)
        self.started = time.perf_counter()
        if self.dropout is not None:
            self.dropout.manual_seed(int(state.streams[0].dropout.integers(2**63)))
        if self.plan.learning_rate != "constant":
            n_updates, rows_seen = int(state.n_updates[0]), int(state.rows_seen[0])
            rates = learning_rates(self.plan, n_updates, len(self.sizes), rows_seen)
            net._rates = iter((rates * state.stopping[0].learning_rate_factor).tolist())

    def on_epoch_end(self, net: TableNet, **kwargs: Any) -> None:
        """Take in what the epoch has come to."""
        state = self.state
        self.copy_weights()
        for view, parameter, name in self.slots:
            memory = net.optimizer_.state[parameter].get(name)
            view.zero_() if memory is None else view.copy_(memory)
        state.n_updates += len(self.sizes)
        state.rows_seen += sum(self.sizes)
        epoch = Epoch(
            train=net.figures_["train"],
            valid=net.figures_.get("valid"),
            penalty=penalty_values(self.penalties, state.parameters),
            learning_rates=np.array([net._rate_used]),
            seconds=time.perf_counter() - self.started,
            train_sizes=[self.sizes],
            valid_sizes=[self.valid_sizes],
        )
        note_epoch(state, [self.plan], epoch)
        self.checkpoint.save(state)
        last_row(net.history)["dur"] = epoch.seconds
        self.n_noted = len(net.history)
        if state.outcomes[0] is Outcome.DIVERGED:
            raise KeyboardInterrupt  # nobody wants to know more of a model that is broken
        self.asks_user = self.has_callbacks

    def copy_weights(self) -> None:
        """Note down the weights of the module."""
        for view, parameter in self.weights:
            view.copy_(parameter.detach())

    def end_epoch(self) -> None:
        """Take in what the user's callbacks have done, and tell the hook of the epoch."""
        if self.has_callbacks:  # who may have changed the weights
            self.copy_weights()
            self.checkpoint.save(self.state)
        self.asks_user = False
        if self.on_epoch is not None and self.on_epoch.end(self.state):
            self.state.end(Outcome.STOPPED_BY_CALLBACK)

    def on_train_end(self, net: TableNet, **kwargs: Any) -> None:
        """Find out how training ended, and give the net the weights that it arrived at."""
        state = self.state
        if state.outcomes[0] is Outcome.RUNNING:
            # Skorch's callbacks stop a training in the way that Ctrl-C does.
            if self.asks_user:
                self.end_epoch()
                state.end(Outcome.STOPPED_BY_CALLBACK)
            else:
                self.checkpoint.restore(state)
                del net.history[self.n_noted :]
                state.end(Outcome.INTERRUPTED)
        push(state.result(), net.module_)


class Stopper(_Internal):
    """The rules that end a training, after everybody has been told of an epoch."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.n_left = training.plan.max_iter

    def on_epoch_end(self, net: TableNet, **kwargs: Any) -> None:
        """Stop where the stopping rule or a hook says so, or no epoch is left."""
        state = self.training.state
        self.n_left -= 1
        self.training.end_epoch()
        if self.n_left == 0:
            state.end(Outcome.REACHED_MAX_ITER)
        if state.outcomes[0] is not Outcome.RUNNING:
            raise KeyboardInterrupt


class TorchObjective(Objective):
    """The objective of a net, with gradients by PyTorch."""

    def __init__(self, net: TableNet, problem: Problem, plan: Plan) -> None:
        super().__init__(problem, plan)
        self.net = net
        rows = tensor_rows(problem.train, net)
        # Each batch costs a gradient of all weights, which for sparse rows is most of the cost.
        widths = plan.spec.layer_sizes[1:] if rows.stays_sparse else plan.spec.layer_sizes
        self.batches = TensorBatches(rows, max(1, OBJECTIVE_NUMBERS // max(widths)))

    def differentiate(self) -> Tally:
        """Losses and scores of the training rows; fills `gradients` with that of the mean loss."""
        net, module = self.net, self.net.module_
        push(self.parameters, module)
        module.train()
        module.zero_grad()
        tally = net.new_tally()
        n_rows = len(self.batches.dataset)
        for X, y in self.batches:
            outputs = net.infer(X)
            (net.get_loss(outputs, y, X=X) * (len(y) / n_rows)).backward()
            tally.add(outputs.detach(), y, unpack(X)[1])
        pull((parameter.grad for parameter in module.parameters()), self.gradients)
        return tally.figures(keep_rows=self.plan.record == "batch")
