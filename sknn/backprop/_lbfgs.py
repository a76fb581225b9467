"""L-BFGS: the whole objective of one model, handed to SciPy's minimiser as a flat vector."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ._batches import Batches
from ._figures import Figures, Validation
from ._losses import SoftmaxCrossEntropy
from ._network import build_network
from ._parameters import Parameters
from ._penalties import make_penalties, penalty_values
from ._plan import Plan, Problem, column
from ._state import Outcome, TrainState

if TYPE_CHECKING:
    from ._trainer import EpochHook


def minimize_lbfgs(
    problem: Problem, plans: Sequence[Plan], state: TrainState, on_epoch: EpochHook | None
) -> TrainState:
    """Minimise the objective of every model, one after the other, in float64.

    An "epoch" is an iteration of L-BFGS-B (Byrd et al., 1995), which may evaluate the objective
    several times.
    """
    for k, plan in enumerate(plans):
        search = _Search(problem, plan, state, k, on_epoch)
        search.run()
        if state.outcomes[k] is Outcome.INTERRUPTED:
            state.outcomes[k:] = [Outcome.INTERRUPTED] * (len(plans) - k)
            break
    return state


class Objective:
    """Value and gradient of mean loss plus penalties, as functions of a flat vector."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        n_rows = len(problem.train)
        self.parameters = Parameters.zeros(1, plan.layer_sizes, plan.dtype)
        self.gradients = Parameters.zeros(1, plan.layer_sizes, plan.dtype)
        batches = Batches(
            problem.train, n_rows, problem.n_classes, column([plan], "label_smoothing")
        )
        self.smoothing = batches.smoothing
        self.block = next(batches.epoch(None))
        self.batch = self.block.batches[0]
        self.network = build_network(
            self.parameters,
            self.gradients,
            n_rows,
            plan.activation,
            sparse=not isinstance(problem.train.X, np.ndarray),
        )
        self.loss = SoftmaxCrossEntropy(1, n_rows, problem.n_classes, plan.dtype)
        self.penalties = make_penalties([plan])
        self.figures = Figures(1)
        self.penalty = 0.0

    def __call__(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Objective and gradient, shapes () and (P,), at `values` (P,)."""
        self.parameters.values[0] = values
        logits = self.network.forward(self.batch.X)
        self.loss.forward(logits)
        self.network.backward(self.loss.backward(self.batch.targets, self.batch.weights))
        n_weights = self.parameters.n_weights
        weights = self.parameters.values[:, :n_weights]
        for penalty in self.penalties:
            gradient = penalty.gradient(weights, out=np.empty_like(weights))
            self.gradients.values[:, :n_weights] += gradient
        self.batch.kept[...] = logits
        self.figures = Figures(1)
        self.figures.add(self.block.logits, self.block.labels, self.block.weights, self.smoothing)
        self.penalty = float(penalty_values(self.penalties, self.parameters)[0])
        value = float(self.figures.mean_loss[0]) + self.penalty
        return value, self.gradients.values[0].astype(np.float64)


class _Search:
    """The minimisation of one model's objective, reported iteration by iteration."""

    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        state: TrainState,
        k: int,
        on_epoch: EpochHook | None,
    ) -> None:
        self.plan, self.state, self.k, self.on_epoch = plan, state, k, on_epoch
        self.objective = Objective(problem, plan)
        self.validation = None if problem.valid is None else Validation(problem, [plan])
        self.model = Parameters(state.parameters.values[k : k + 1], plan.layer_sizes)
        self.begun = False
        self.started = time.perf_counter()

    def run(self) -> None:
        state, k = self.state, self.k
        first: NDArray[np.float64] = self.model.values[0].astype(np.float64)
        options: Any = {
            "maxiter": self.plan.max_iter,
            "maxfun": self.plan.max_fun,
            "gtol": self.plan.tol,
        }
        n_epochs = len(state.histories[k])
        if not np.isfinite(self.evaluate(first)[0]):
            self.note(first)
            return
        try:
            found = minimize(  # type: ignore[call-overload]  # the stubs lack jac=True with it
                self.evaluate,
                first,
                jac=True,
                method="L-BFGS-B",
                callback=self.iteration_ends,
                options=options,
            )
        except KeyboardInterrupt:
            state.outcomes[k] = Outcome.INTERRUPTED
            return
        if len(state.histories[k]) == n_epochs:
            self.evaluate(found.x)
            self.note(found.x)
        if self.begun:
            self.begun = False
            if self.on_epoch is not None:
                self.on_epoch.end(state)
        if state.outcomes[k] is Outcome.RUNNING:
            state.message[k] = str(found.message)
            by_status = {0: Outcome.CONVERGED, 1: Outcome.REACHED_MAX_ITER}
            state.outcomes[k] = by_status.get(found.status, Outcome.STALLED)

    def evaluate(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The objective; the first evaluation of an iteration begins its epoch."""
        if not self.begun and self.on_epoch is not None:
            self.on_epoch.begin(self.state)
        self.begun = True
        return self.objective(values)

    def iteration_ends(self, values: NDArray[np.float64]) -> None:
        """Take in an accepted point; raise StopIteration where training is to end."""
        if not np.array_equal(values, self.objective.parameters.values[0]):
            self.objective(values)
        self.note(values)
        if self.state.outcomes[self.k] is not Outcome.RUNNING:
            raise StopIteration

    def note(self, values: NDArray[np.float64]) -> None:
        """Write an iteration into the history, and tell who wants to know."""
        state, k, figures = self.state, self.k, self.objective.figures
        self.model.values[0] = values
        state.n_updates[k] += 1
        loss, accuracy = float(figures.mean_loss[0]), float(figures.accuracy[0])
        row = {
            "train_loss": loss,
            "penalty": self.objective.penalty,
            "train_accuracy": accuracy,
            "valid_loss": np.nan,
            "valid_accuracy": np.nan,
            "learning_rate": np.nan,
            "seconds": time.perf_counter() - self.started,
        }
        self.started = time.perf_counter()
        batches = {"train_loss": np.array([loss]), "train_accuracy": np.array([accuracy])}
        finite = bool(np.isfinite(loss + self.objective.penalty) and np.isfinite(values).all())
        if self.validation is not None:
            valid = self.validation.evaluate(self.model)
            row["valid_loss"] = float(valid.weighted_loss[0])
            row["valid_accuracy"] = float(valid.accuracy[0])
            batches |= {name: np.array([row[name]]) for name in ("valid_loss", "valid_accuracy")}
        state.note_epoch(k, self.plan, row, finite)
        if self.plan.record == "batch":
            state.histories[k].append_batches(batches)
        self.begun = False
        if self.on_epoch is not None and self.on_epoch.end(state):
            state.outcomes[k] = Outcome.STOPPED_BY_CALLBACK
