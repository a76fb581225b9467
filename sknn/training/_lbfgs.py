"""L-BFGS: the whole objective of one model, handed to SciPy's minimiser as a flat vector."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ._epoch import Epoch, EpochHook, note_epoch
from ._layout import Parameters
from ._orders import batch_sizes
from ._plan import Plan
from ._problem import Problem
from ._state import Checkpoint, Outcome, TrainState
from ._tally import Tally


class FlatObjective(Protocol):
    """An objective as a function of a flat vector; remembers what it saw at the last call.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from sknn.backprop import NetworkObjective
    >>> from sknn.training import FlatObjective, Problem, Rows
    >>> problem = Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> objective: FlatObjective = NetworkObjective(problem, replace(plan, l2=1.0))
    >>> value, gradient = objective(np.array([3.0, 4.0, 0.0, 0.0]))
    >>> objective.penalty, objective.tally.score
    (12.5, array([1.]))
    >>> bool(value == objective.tally.mean_loss[0] + objective.penalty)
    True
    """

    values: NDArray[np.float64]
    tally: Tally
    penalty: float

    def __call__(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Objective and gradient, shapes () and (P,), at `values` (P,)."""

    def validate(self, parameters: Parameters) -> Tally | None:
        """Losses and scores of the validation rows, if there are any."""


def minimize_lbfgs(
    problems: Sequence[Problem],
    plans: Sequence[Plan],
    state: TrainState,
    make_objective: Callable[[Problem, Plan], FlatObjective],
    on_epoch: EpochHook | None = None,
) -> TrainState:
    """Minimise the objective of every model, one after the other, in float64.

    An "epoch" is an iteration of L-BFGS-B (Byrd et al., 1995), which may evaluate the objective
    several times. `make_objective` makes what is minimised.

    Examples
    --------
    `plan` is that of `Plan`'s example. Without a penalty the weights would grow for ever. With L2
    of strength 1 / log 9 the objective is least where p is ¾:

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from sknn.backprop import NetworkObjective, predict, softmax, start
    >>> from sknn.training import Problem, Rows, Streams, minimize_lbfgs
    >>> problem = Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> lbfgs = replace(plan, solver="lbfgs", max_iter=50, l2=1 / np.log(9))
    >>> state = start([lbfgs], [Streams([1, 2, 3, 4])])
    >>> state = minimize_lbfgs([problem], [lbfgs], state, NetworkObjective)
    >>> state.outcomes
    [<Outcome.CONVERGED: 'converged'>]
    >>> softmax(predict(plan.spec, state.parameters.arrays, problem.train.X)).round(2)
    array([[[0.75, 0.25],
            [0.25, 0.75]]])
    """
    if any(plan.l1 or plan.group_l1 for plan in plans):
        raise ValueError("`l1` and `group_l1` must be 0 with solver='lbfgs', which needs gradients")
    parts = [state] if len(plans) == 1 else [state.take([k]) for k in range(len(plans))]
    interrupted = False
    for problem, plan, part in zip(problems, plans, parts, strict=True):
        if interrupted:
            part.outcomes = [Outcome.INTERRUPTED]
        else:
            _Search(problem, plan, part, make_objective(problem, plan), on_epoch).run()
            interrupted = part.outcomes[0] is Outcome.INTERRUPTED
    return TrainState.join(parts) if len(parts) > 1 else parts[0]


class _Search:
    """The minimisation of one model's objective, reported iteration by iteration."""

    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        state: TrainState,
        objective: FlatObjective,
        on_epoch: EpochHook | None,
    ) -> None:
        self.plan, self.state, self.on_epoch = plan, state, on_epoch
        self.objective = objective
        self.n_rows = len(problem.train)
        self.valid_sizes = []
        if problem.valid is not None:
            self.valid_sizes = [batch_sizes(len(problem.valid), plan.batch_size)]
        self.checkpoint = Checkpoint(state)
        self.begun = False
        self.started = time.perf_counter()

    def run(self) -> None:
        """Search until an outcome is known."""
        state = self.state
        first: NDArray[np.float64] = state.parameters.values[0].astype(np.float64)
        options: Any = {
            "maxiter": self.plan.max_iter,
            "maxfun": self.plan.max_fun,
            "gtol": self.plan.tol,
        }
        n_epochs = len(state.histories[0])
        try:
            if not np.isfinite(self.evaluate(first)[0]):
                self.note(first)
                return
            found = minimize(  # type: ignore[call-overload]  # the stubs lack jac=True with it
                self.evaluate,
                first,
                jac=True,
                method="L-BFGS-B",
                callback=self.iteration_ends,
                options=options,
            )
            if len(state.histories[0]) == n_epochs:
                self.evaluate(found.x)
                self.note(found.x)
            elif self.begun and self.on_epoch is not None:
                self.on_epoch.end(state)
        except BaseException as error:
            self.checkpoint.restore(state)
            if not isinstance(error, KeyboardInterrupt):
                raise
            state.outcomes = [Outcome.INTERRUPTED]
            return
        if state.outcomes[0] is Outcome.RUNNING:
            state.message = [str(found.message)]
            by_status = {0: Outcome.CONVERGED, 1: Outcome.REACHED_MAX_ITER}
            state.outcomes = [by_status.get(found.status, Outcome.STALLED)]

    def evaluate(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The objective; the first evaluation of an iteration begins its epoch."""
        if not self.begun and self.on_epoch is not None:
            self.on_epoch.begin(self.state)
        self.begun = True
        return self.objective(values)

    def iteration_ends(self, values: NDArray[np.float64]) -> None:
        """Take in an accepted point; raise StopIteration where training is to end."""
        if not np.array_equal(values, self.objective.values):
            self.objective(values)
        self.note(values)
        if self.state.outcomes[0] is not Outcome.RUNNING:
            raise StopIteration

    def note(self, values: NDArray[np.float64]) -> None:
        """Write an iteration into the history, and tell who wants to know."""
        state = self.state
        state.parameters.values[0] = values
        state.n_updates += 1
        state.rows_seen += self.n_rows
        epoch = Epoch(
            train=self.objective.tally,
            valid=self.objective.validate(state.parameters),
            penalty=np.array([self.objective.penalty]),
            learning_rates=np.array([np.nan]),
            seconds=time.perf_counter() - self.started,
            train_sizes=[[self.n_rows]],
            valid_sizes=self.valid_sizes,
        )
        self.started = time.perf_counter()
        note_epoch(state, [self.plan], epoch)
        self.checkpoint.save(state)
        self.begun = False
        broken = state.outcomes[0] is Outcome.DIVERGED
        if self.on_epoch is not None and not broken and self.on_epoch.end(state):
            state.end(Outcome.STOPPED_BY_CALLBACK)
