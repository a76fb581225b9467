"""The training loop: epochs of updates, for K models at once.

`train` is the way in. It lays out a `Run` for the models that are still training, lets it make
one epoch after the other, and takes models out as they finish.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sknn.training import (
    Checkpoint,
    Epoch,
    EpochHook,
    Outcome,
    Parameters,
    Plan,
    Problem,
    Tally,
    TrainState,
    check_stackable,
    draw_orders,
    learning_rates,
    minimize_lbfgs,
    note_epoch,
)

from ._batches import Batches
from ._objective import NetworkObjective
from ._penalties import make_penalties, penalty_values
from ._row_stack import RowStack
from ._update import Update
from ._validation import Validation


def train(
    problems: Problem | Sequence[Problem],
    plans: Sequence[Plan],
    state: TrainState,
    on_epoch: EpochHook | None = None,
) -> TrainState:
    """Train K models for at most `max_iter` epochs each.

    Parameters
    ----------
    problems : Problem or sequence of Problem of length K
        The data: of all models, or of each. What several have in common, down to the same
        arrays, is kept once.
    plans : sequence of Plan of length K
        The settings of each; see `check_stackable` for what must be equal.
    state : TrainState of K models
        Where to go on from. It is used up: go on with the one that is returned, or, if a hook
        raises and there is one model, with this one, which is as after the last complete epoch.
    on_epoch : EpochHook, optional
        Told of every epoch, with the state of the models still training.

    Returns
    -------
    state : TrainState
        Of the same models in the same order; ``state.outcomes`` says how each one ended.
        Ctrl-C ends the training of all with the last complete epoch.

    Examples
    --------
    `plan` is that of `Plan`'s example. From zero weights p is ½, and it rises:

    >>> import numpy as np
    >>> from sknn.backprop import start, train
    >>> from sknn.training import Parameters, Problem, Rows, Streams
    >>> problem = Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> parameters = Parameters.zeros(1, plan.spec.layout, float)
    >>> state = start([plan], [Streams([1, 2, 3, 4])], parameters)
    >>> state = train(problem, [plan], state)
    >>> state.outcomes
    [<Outcome.REACHED_MAX_ITER: 'reached max_iter'>]
    >>> np.exp(-state.histories[0]["train_loss"]).round(3)
    array([0.5  , 0.525, 0.549])
    """
    problems = [problems] * state.n_models if isinstance(problems, Problem) else problems
    if not len(problems) == len(plans) == state.n_models:
        raise ValueError(
            f"`problems` and `plans` must be one for each of the {state.n_models} models, got "
            f"{len(problems)} and {len(plans)}"
        )
    check_stackable(plans, problems)
    state.resume(plans)
    with np.errstate(all="ignore"):  # whatever the caller has set
        if plans[0].solver == "lbfgs":
            return minimize_lbfgs(problems, plans, state, NetworkObjective, on_epoch)
        # Most rows first: those who have batches left are always the first models of the stack.
        sizes = [len(problem.train) for problem in problems]
        order = np.argsort(sizes, kind="stable")[::-1].tolist()
        if sizes != sorted(sizes, reverse=True):
            problems, plans = [problems[k] for k in order], [plans[k] for k in order]
            state = _train_stack(problems, plans, state.take(order), on_epoch)
            return state.take(np.argsort(order).tolist())
        return _train_stack(problems, plans, state, on_epoch)


def _train_stack(
    problems: Sequence[Problem],
    plans: Sequence[Plan],
    state: TrainState,
    on_epoch: EpochHook | None,
) -> TrainState:
    places = list(range(state.n_models))
    finished: list[tuple[list[int], TrainState]] = []
    rows = RowStack.of([problem.train for problem in problems])
    run = Run(problems, plans, state, rows)
    for n_epochs in range(1, plans[0].max_iter + 1):
        try:
            if on_epoch is not None:
                on_epoch.begin(state)
            run.epoch()
            # Of a model that is broken, nobody wants to know more than that.
            broken = all(outcome is Outcome.DIVERGED for outcome in state.outcomes)
            if on_epoch is not None and not broken and on_epoch.end(state):
                state.end(Outcome.STOPPED_BY_CALLBACK)
        except BaseException as error:
            run.checkpoint.restore(state)
            if not isinstance(error, KeyboardInterrupt):
                raise
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
            state, rows = state.take(running), rows.take(running)
            problems, plans = [problems[k] for k in running], [plans[k] for k in running]
            places = [places[k] for k in running]
            run = Run(problems, plans, state, rows)
    if not finished:
        return state
    finished.append((places, state))
    joined = TrainState.join([part for _, part in finished])
    return joined.take([int(k) for k in np.argsort([k for where, _ in finished for k in where])])


class Run:
    """K models in training, with all the buffers that their epochs need.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> import numpy as np
    >>> from sknn.backprop import RowStack, Run, start
    >>> from sknn.training import Parameters, Problem, Rows, Streams
    >>> problem = Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> parameters = Parameters.zeros(1, plan.spec.layout, float)
    >>> state = start([plan], [Streams([1, 2, 3, 4])], parameters)
    >>> run = Run([problem], [plan], state, RowStack.of([problem.train]))
    >>> run.epoch()
    >>> state.parameters.weights[0][0], state.n_updates, state.rows_seen
    (array([[-0.05,  0.05]]), array([1]), array([2]))
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        plans: Sequence[Plan],
        state: TrainState,
        rows: RowStack,
    ) -> None:
        plan = plans[0]
        self.plans, self.state = plans, state
        self.gradients = Parameters.zeros(state.n_models, plan.spec.layout, plan.dtype)
        self.batches = Batches(rows, plans)
        # One batch of all rows needs no order.
        self.shuffles = plan.shuffle and plan.batch_size < len(problems[0].train)
        self.penalties = make_penalties(plans)
        valid = [problem.valid for problem in problems if problem.valid is not None]
        self.validation = Validation(valid, plans) if valid else None
        self.updates = {
            (models.start, models.stop): Update(
                models, plans, state, self.gradients, rows.is_sparse
            )
            for models in self.batches.runs_of_models(self.shuffles)
        }
        self.checkpoint = Checkpoint(state)

    def epoch(self) -> None:
        """Let every model see every row once, and note what came of it."""
        started = time.perf_counter()
        state = self.state
        tally = Tally(state.n_models, keep_rows=self.plans[0].record == "batch")

        # 1. What depends on the step alone: learning rates and the optimizer's coefficients.
        rates = self._learning_rates()
        for update in self.updates.values():
            update.begin_epoch(rates, state.n_updates)

        # 2. An update per batch.
        orders = None
        if self.shuffles:
            orders = draw_orders([s.order for s in state.streams], self.batches.rows.sizes)
        for block in self.batches.epoch(orders):
            update = self.updates[block.models.start, block.models.stop]
            for step, batch in enumerate(block.batches, block.first_step):
                update.make(step, batch)
            tally.add_rows(*block.rows(), block.weights, block.models)
        for update in self.updates.values():
            update.end_epoch()

        # 3. The epoch's figures, the stopping rule, the best weights so far.
        n_steps = self.batches.n_steps
        state.n_updates += n_steps
        state.rows_seen += self.batches.rows.sizes
        epoch = Epoch(
            train=tally,
            valid=None if self.validation is None else self.validation.evaluate(state.arrays),
            penalty=penalty_values(self.penalties, state.parameters),
            learning_rates=rates[n_steps - 1, np.arange(state.n_models)],
            seconds=time.perf_counter() - started,
            train_sizes=self.batches.sizes,
            valid_sizes=[] if self.validation is None else self.validation.sizes,
        )
        note_epoch(state, self.plans, epoch)
        self.checkpoint.save(state)

    def _learning_rates(self) -> NDArray[np.float64]:
        """Rates of every update of the coming epoch, shape (most updates, K)."""
        state, n_steps = self.state, self.batches.n_steps
        rates = np.zeros((int(n_steps.max()), len(self.plans)))
        for k, (plan, rule) in enumerate(zip(self.plans, state.stopping, strict=True)):
            first, rows_seen = int(state.n_updates[k]), int(state.rows_seen[k])
            rates[: n_steps[k], k] = learning_rates(plan, first, int(n_steps[k]), rows_seen)
            rates[:, k] *= rule.learning_rate_factor
        return rates
