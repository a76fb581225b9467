"""The training loop: epochs of updates, for K models at once.

`train` is the way in. It lays out a `Run` for the models that are still training, lets it make
one epoch after the other, and takes models out as they finish.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._batches import Batches, draw_orders
from ._epoch import Epoch, EpochHook, note_epoch
from ._figures import Figures, Validation
from ._lbfgs import minimize_lbfgs
from ._losses import SoftmaxCrossEntropy
from ._network import Sequential, build_network
from ._optimizers import OPTIMIZERS
from ._parameters import Parameters
from ._penalties import add_gradients, make_penalties, penalty_values
from ._plan import Plan, Problem, check_stackable, column
from ._schedules import learning_rates
from ._state import Checkpoint, Outcome, TrainState


def train(
    problem: Problem,
    plans: Sequence[Plan],
    state: TrainState,
    on_epoch: EpochHook | None = None,
) -> TrainState:
    """Train K models for at most `max_iter` epochs each.

    Parameters
    ----------
    problem : Problem
        The data, shared by all models.
    plans : sequence of Plan of length K
        The settings of each; see `check_stackable` for what must be equal.
    state : TrainState of K models
        Where to go on from. It is used up: go on with the one that is returned.
    on_epoch : EpochHook, optional
        Told of every epoch, with the state of the models still training.

    Returns
    -------
    state : TrainState
        Of the same models in the same order; ``state.outcomes`` says how each one ended.
        Ctrl-C ends the training of all with the last complete epoch.
    """
    if len(plans) != state.n_models:
        raise ValueError(
            f"`plans` must be one for each of the {state.n_models} models, got {len(plans)} plans"
        )
    check_stackable(plans)
    state.resume(plans)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if plans[0].solver == "lbfgs":
            return minimize_lbfgs(problem, plans, state, on_epoch)
        return _train_stack(problem, plans, state, on_epoch)


def _train_stack(
    problem: Problem, plans: Sequence[Plan], state: TrainState, on_epoch: EpochHook | None
) -> TrainState:
    places = list(range(state.n_models))
    finished: list[tuple[list[int], TrainState]] = []
    run = Run(problem, plans, state)
    for n_epochs in range(1, plans[0].max_iter + 1):
        try:
            if on_epoch is not None:
                on_epoch.begin(state)
            run.epoch()
            # Of a model that is broken, nobody wants to know more than that.
            broken = all(outcome is Outcome.DIVERGED for outcome in state.outcomes)
            if on_epoch is not None and not broken and on_epoch.end(state):
                state.end(Outcome.STOPPED_BY_CALLBACK)
        except KeyboardInterrupt:
            run.checkpoint.restore(state)
            state.outcomes = [Outcome.INTERRUPTED] * state.n_models
            break
        if n_epochs == plans[0].max_iter:
            state.end(Outcome.REACHED_MAX_ITER)
        running = [k for k, outcome in enumerate(state.outcomes) if outcome is Outcome.RUNNING]
        if not running:
            break
        if len(running) < state.n_models:
            done = [k for k in range(state.n_models) if k not in set(running)]
            finished.append(([places[k] for k in done], state.take(done)))
            state = state.take(running)
            plans, places = [plans[k] for k in running], [places[k] for k in running]
            run = Run(problem, plans, state)
    if not finished:
        return state
    finished.append((places, state))
    joined = TrainState.join([part for _, part in finished])
    return joined.take([int(k) for k in np.argsort([k for where, _ in finished for k in where])])


class Run:
    """K models in training, with all the buffers that their epochs need."""

    def __init__(self, problem: Problem, plans: Sequence[Plan], state: TrainState) -> None:
        plan = plans[0]
        self.problem, self.plans, self.state = problem, plans, state
        self.gradients = Parameters.zeros(state.n_models, plan.layer_sizes, plan.dtype)
        self.batches = Batches(
            problem.train,
            plan.batch_size,
            problem.n_classes,
            column(plans, "label_smoothing"),
        )
        self.networks = {size: self._network(size) for size in set(self.batches.sizes)}
        self.losses = {
            size: SoftmaxCrossEntropy(
                state.n_models, size, problem.n_classes, plan.dtype, plan.divisor
            )
            for size in self.networks
        }
        self.optimizer = OPTIMIZERS[plan.solver](
            plans, state.parameters, self.gradients, state.slots
        )
        self.penalties = make_penalties(plans)
        self.max_grad_norm = column(plans, "max_grad_norm")
        self.is_clipped = np.isfinite(self.max_grad_norm)
        self.clips = bool(self.is_clipped.any())
        self.scratch = np.empty_like(state.parameters.values)
        weights_only = slice(0, self.gradients.n_weights)
        self.weights, self.grad_weights, self.scratch_weights = (
            array[:, weights_only]
            for array in (state.parameters.values, self.gradients.values, self.scratch)
        )
        self.validation = None if problem.valid is None else Validation(problem, plans)
        self.checkpoint = Checkpoint(state)

    def _network(self, n_rows: int) -> Sequential:
        rates = zip(*(plan.dropout_rates for plan in self.plans), strict=True)
        return build_network(
            self.state.parameters,
            self.gradients,
            n_rows,
            self.plans[0].activation,
            list(rates),
            [streams.dropout for streams in self.state.streams],
            sparse=self.problem.train.is_sparse,
        )

    def epoch(self) -> None:
        """Let every model see every row once, and note what came of it."""
        started = time.perf_counter()
        state, plan = self.state, self.plans[0]
        figures = Figures(state.n_models, keep_rows=plan.record == "batch")

        # 1. What depends on the step alone: learning rates and the optimizer's coefficients.
        rates = self._learning_rates()
        self.optimizer.begin_epoch(rates, state.n_updates)

        # 2. The order of the rows. One batch of all rows needs none.
        one_batch = plan.batch_size >= len(self.problem.train)
        orders = None
        if plan.shuffle and not one_batch:
            orders = draw_orders([s.order for s in state.streams], len(self.problem.train))

        # 3. An update per batch.
        step = 0
        for block in self.batches.epoch(orders):
            for batch in block.batches:
                network, loss = self.networks[batch.n_rows], self.losses[batch.n_rows]
                logits = network.forward(batch.X)
                batch.kept[...] = logits
                loss.forward(logits)
                network.backward(loss.backward(batch.targets, batch.weights))
                add_gradients(self.penalties, self.weights, self.grad_weights, self.scratch_weights)
                self._clip()
                self.optimizer.step(step)
                step += 1
            figures.add(block.logits, block.labels, block.weights, self.batches.smoothing)

        self.optimizer.end_epoch()

        # 4. The epoch's figures, the stopping rule, the best weights so far.
        state.n_updates += step
        state.rows_seen += len(self.problem.train)
        epoch = Epoch(
            train=figures,
            valid=None if self.validation is None else self.validation.evaluate(state.parameters),
            penalty=penalty_values(self.penalties, state.parameters),
            learning_rates=rates[-1],
            seconds=time.perf_counter() - started,
            train_sizes=self.batches.sizes,
            valid_sizes=[] if self.validation is None else self.validation.sizes,
        )
        note_epoch(state, self.plans, epoch)
        self.checkpoint.save(state)

    def _learning_rates(self) -> NDArray[np.float64]:
        """Rates of every update of the coming epoch, shape (n_updates, K)."""
        n_steps, state = len(self.batches.sizes), self.state
        rates = np.empty((n_steps, len(self.plans)))
        for k, (plan, rule) in enumerate(zip(self.plans, state.stopping, strict=True)):
            first, rows_seen = int(state.n_updates[k]), int(state.rows_seen[k])
            rates[:, k] = learning_rates(plan, first, n_steps, rows_seen)
            rates[:, k] *= rule.learning_rate_factor
        return rates

    def _clip(self) -> None:
        """Shorten each model's gradient to `max_grad_norm`, where it is longer."""
        if self.clips:
            gradient = self.gradients.values
            np.multiply(gradient, gradient, out=self.scratch)
            norm = np.sqrt(np.add.reduce(self.scratch, axis=1, keepdims=True))
            # The small number is torch's, against a norm of zero.
            scale = np.minimum(self.max_grad_norm / (norm + 1e-6), 1.0)
            # A norm that overflows would stop the training without a word.
            scale[~np.isfinite(norm)] = np.nan
            np.multiply(gradient, scale, out=gradient, where=self.is_clipped)
