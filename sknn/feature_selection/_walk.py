"""A walk along the strengths of a penalty: networks that go on from strength to strength.

The network of all rows and those of the folds are trained by the engine of `sknn.backprop`, all
that can train together in one stack.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import diags_array

from sknn.backprop import LOSSES, predict, train
from sknn.estimators._fit import TrainableMLP
from sknn.estimators._prepare import Job
from sknn.estimators._resolve import SCHEDULES_OVER_MAX_ITER
from sknn.estimators._results import report_outcome
from sknn.training import Outcome, Plan, Problem, Rows, TrainState, stack_key, stopping_rule

# A strength that is a good guess, by how much the search for the largest one widens its steps,
# and how often at most.
FIRST_GUESS, WIDER, MOST_GUESSES = 0.1, 2.0, 60


@dataclass
class Stack:
    """Networks that train together: their places among all, and what they train on."""

    places: list[int]
    problems: list[Problem]
    plans: list[Plan]
    state: TrainState

    def train(self, penalty: str, strength: float, max_iter: int) -> None:
        """Go on with this strength of the penalty, for at most `max_iter` epochs.

        Raises
        ------
        ValueError
            If a network diverges.
        KeyboardInterrupt
            On Ctrl-C.
        """
        setting: dict[str, Any] = {penalty: strength, "max_iter": max_iter}
        self.plans = [replace(plan, **setting) for plan in self.plans]
        # Another strength is another objective: the best value so far says nothing of it.
        self.state.stopping = [stopping_rule(plan) for plan in self.plans]
        self.state = train(self.problems, self.plans, self.state)
        outcomes = self.state.outcomes
        if Outcome.INTERRUPTED in outcomes:
            raise KeyboardInterrupt
        for k in range(len(outcomes)):
            if outcomes[k] is Outcome.DIVERGED:
                report_outcome(self.state.take([k]), self.plans[k], asks_convergence=False)

    def relaxed(self, penalty: str, max_iter: int) -> Stack:
        """A copy that has gone on without the penalty, on the features that are left."""
        by_feature = self.plans[0].spec.by_feature(self.state.parameters.weights[0])
        is_left = (by_feature != 0).any(axis=2)
        copy = self.copy()
        copy.problems = [
            replace(problem, train=_only(problem.train, mask), valid=_only(problem.valid, mask))
            for problem, mask in zip(self.problems, is_left, strict=True)
        ]
        copy.train(penalty, 0.0, max_iter)
        return copy

    def copy(self) -> Stack:
        """A copy that may train without this one's knowing."""
        return replace(self, state=deepcopy(self.state))


@dataclass(frozen=True)
class Step:
    """What the networks have come to at one strength.

    `values` are the parameters of the network of all rows, `buffers` what it carries along, `norms`
    the lengths of each feature's weights in it, `n_epochs` the epochs that it has had and
    `train_loss` the loss in the last one.
    `valid_losses` are those of all networks with validation rows, `valid_errors` their standard
    errors over the rows.
    """

    strength: float
    values: NDArray
    buffers: NDArray
    n_epochs: int
    norms: NDArray[np.float64]
    train_loss: float
    valid_losses: NDArray[np.float64]
    valid_errors: NDArray[np.float64]


class Walk:
    """Networks on their way from dense to empty; the first one is that of all rows.

    Parameters
    ----------
    jobs : sequence of Job
    penalty : str
        Name of the setting that grows.
    relaxes : bool
        Whether networks are validated after as many more epochs without the penalty, on the
        features that are left to them.
    """

    def __init__(self, jobs: Sequence[Job], penalty: str, relaxes: bool) -> None:
        self.penalty, self.relaxes = penalty, relaxes
        self.max_iter = jobs[0].plan.max_iter
        alike = defaultdict(list)
        for place, job in enumerate(jobs):
            alike[tuple(stack_key(job.plan, job.problem).items())].append(place)
        self.stacks = [
            Stack(
                places,
                [jobs[k].problem for k in places],
                [jobs[k].plan for k in places],
                TrainState.join([jobs[k].state for k in places]),
            )
            for places in alike.values()
        ]

    def step(self, strength: float, max_iter: int) -> Step:
        """Let all networks go on with this strength, for at most `max_iter` epochs."""
        validated = {}
        for stack in self.stacks:
            stack.train(self.penalty, strength, max_iter)
            if stack.problems[0].valid is not None:
                judged = stack.relaxed(self.penalty, max_iter) if self.relaxes else stack
                for k, place in enumerate(stack.places):
                    validated[place] = _validate(judged, k)
        pairs = np.array([validated[place] for place in sorted(validated)]).reshape(-1, 2)
        state = self.stacks[0].state
        history = state.histories[0]
        return Step(
            strength=strength,
            values=state.parameters.values[0].copy(),
            buffers=state.buffers.values[0].copy(),
            n_epochs=len(history),
            norms=_norms(self.stacks[0]),
            train_loss=float(history["train_loss"][-1]),
            valid_losses=pairs[:, 0],
            valid_errors=pairs[:, 1],
        )

    def network_at(self, step: Step) -> tuple[TrainState, Plan]:
        """State and plan of the network of all rows as they were at a step."""
        whole = self.stacks[0]
        state = whole.state.take([0])
        state.parameters.values[0], state.buffers.values[0] = step.values, step.buffers
        state.histories = [state.histories[0].copy()]
        state.histories[0].truncate(step.n_epochs)
        state.outcomes = [Outcome.CONVERGED]
        setting: dict[str, Any] = {self.penalty: step.strength}
        return state, replace(whole.plans[0], **setting)

    def find_largest(self, max_iter: int) -> float:
        """A strength at which no feature is left, and half of which leaves some.

        Found with a copy of the network of all rows.
        """
        whole = self.stacks[0]
        if not _norms(whole).any():
            other = "l1" if self.penalty == "group_l1" else "group_l1"
            raise ValueError(
                f"`{other}` of the estimator must leave some features, got "
                f"{getattr(whole.plans[0], other)!r}, which leaves none"
            )
        start = Stack([0], whole.problems[:1], whole.plans[:1], whole.state.take([0]))
        strength, probe = FIRST_GUESS, start.copy()
        probe.train(self.penalty, strength, max_iter)
        if not _norms(probe).any():
            for _ in range(MOST_GUESSES):
                probe = start.copy()
                probe.train(self.penalty, strength / WIDER, max_iter)
                if _norms(probe).any():
                    return strength
                strength /= WIDER
        else:
            for _ in range(MOST_GUESSES):
                strength *= WIDER
                probe.train(self.penalty, strength, max_iter)
                if not _norms(probe).any():
                    return strength
        raise ValueError(
            f"no strength of `{self.penalty}` was found at which the features leave, down or up to "
            f"{strength:.3g}: scale the columns of X, or pass `lambdas`"
        )


def check_network(network: TrainableMLP, penalty: str) -> None:
    """Raise ValueError if a parameter of the network is in the way of a walk."""
    for name, refused, accepted in (
        ("solver", ("lbfgs",), "one of 'sgd', 'adam', 'adamw', 'rmsprop'"),
        ("learning_rate", SCHEDULES_OVER_MAX_ITER, "a schedule without an end"),
        ("early_stopping", (True,), "False: the path has validation rows of its own"),
        ("l1_method", ("subgradient",) if penalty == "l1" else (), "'prox'"),
    ):
        if getattr(network, name) in refused:
            raise ValueError(
                f"`{name}` of the estimator must be {accepted}, got {getattr(network, name)!r}"
            )


def fold_jobs(whole: Job, splits: Sequence[tuple[NDArray, NDArray]], starts: list) -> list[Job]:
    """The job of every fold: that of all rows, on a part of them, validated on the other.

    Parameters
    ----------
    whole : Job
    splits : sequence of (train, test)
        Numbers of rows, or masks.
    starts : list of TrainState
        Where each begins.

    Raises
    ------
    ValueError
        If there are no splits, or one has no rows to train on or none to validate on.
    """
    if not splits:
        raise ValueError("`cv` must have at least one split, got none")
    rows, plan = whole.problem.train, whole.plan
    numbers, jobs = np.arange(len(rows)), []
    for split, state in zip(splits, starts, strict=True):
        inside, outside = (numbers[part] for part in split)  # from masks, too
        if not len(inside) or not len(outside):
            raise ValueError(
                "`cv` must leave rows to train on and rows to validate on in every split, got "
                f"{len(inside)} and {len(outside)}"
            )
        problem = Problem(_part(rows, inside), _part(rows, outside))
        size = min(plan.batch_size, len(inside))
        jobs.append(
            replace(whole, problem=problem, plan=replace(plan, batch_size=size), state=state)
        )
    return jobs


def _part(rows: Rows, index: NDArray) -> Rows:
    weights = None if rows.weights is None else rows.weights[index]
    if weights is not None:
        if not weights.any():
            raise ValueError(
                "`sample_weight` must have weights above zero in every fold of `cv`, got only zeros"
            )
        weights = weights / weights.mean()
    return Rows(rows.X[index], rows.y[index], weights)


def _norms(stack: Stack) -> NDArray[np.float64]:
    by_feature = stack.plans[0].spec.by_feature(stack.state.parameters.weights[0])
    first = by_feature[0].astype(np.float64)
    # By the largest one, since the square of a small number may be zero.
    largest = np.abs(first).max(axis=1)
    scaled = first / np.where(largest > 0, largest, 1.0)[:, None]
    return np.asarray(largest * np.sqrt((scaled * scaled).sum(axis=1)))


def _only(rows: Rows | None, mask: NDArray[np.bool_]) -> Any:
    """Rows whose features are all 0 but for some."""
    assert rows is not None
    mask = mask.astype(rows.X.dtype)
    X = (rows.X @ diags_array(mask)).tocsr() if rows.is_sparse else rows.X * mask
    return replace(rows, X=X)


def _validate(stack: Stack, k: int) -> tuple[float, float]:
    """Mean loss of a model on its validation rows, and its standard error."""
    rows, plan = stack.problems[k].valid, stack.plans[k]
    assert rows is not None
    arrays = {name: array[k : k + 1] for name, array in stack.state.arrays.items()}
    outputs = predict(plan.spec, arrays, rows.X)
    # Without smoothing, as it always was: networks are compared by what they predict.
    loss = LOSSES[plan.loss]([replace(plan, label_smoothing=0.0)], len(rows))
    losses = loss.row_losses(outputs, rows.y[None])[0].astype(np.float64)
    weights = np.ones(len(losses)) if rows.weights is None else rows.weights.astype(np.float64)
    total = weights.sum()
    mean = weights @ losses / total
    return float(mean), float(np.sqrt(np.square(weights * (losses - mean)).sum()) / total)
