"""Stacks of fits: which fits train together, in pieces of what size, and what becomes of each."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sknn._sklearn_compat import has_callbacks
from sknn.backprop import Outcome, Plan, TrainState, stack_key, train

from ._prepare import Given, Job, Memo, prepare
from ._results import report_outcome
from ._scratch import ScratchMLPClassifier

# What the arrays of a stack may take: they should stay in the second-level cache from one update
# to the next. More than 64 models gain nothing, since the overhead of a call is spread thin by
# then.
STACK_BYTES = 2 * 1024**2
MOST_MODELS = 64


class _OneBlasThread:
    """One BLAS thread for every thread of this process that trains a stack.

    Some libraries keep their number of threads for the whole process, some for each thread that
    calls them. So all who enter set it, and the last to leave puts back what the first had found.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_inside = 0
        self._found: Any = None

    def __enter__(self) -> None:
        with self._lock:
            limits = threadpool_limits(1)
            if self._n_inside == 0:
                self._found = limits
            self._n_inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._found.restore_original_limits()


ONE_BLAS_THREAD = _OneBlasThread()


def trains_in_stacks(estimator: Any) -> bool:
    """Whether a fit of this estimator can be a part of a stack.

    Not one of a class that somebody derived, of one that prints or calls back after each epoch,
    or of one that goes on from an earlier fit.
    """
    return (
        type(estimator) is ScratchMLPClassifier
        and not estimator.verbose
        and not has_callbacks(estimator)
        and not (estimator.warm_start and estimator.__sklearn_is_fitted__())
    )


def prepare_job(estimator: ScratchMLPClassifier, given: Given, memo: Memo) -> Job:
    """The training that `estimator.fit` would do."""
    estimator._validate_params()
    return prepare(
        estimator, given, resume=False, max_iter=estimator.max_iter, partial=False, memo=memo
    )


def stacks_of(jobs: Mapping[int, Job], n_workers: int = 1) -> list[list[int]]:
    """The keys of the jobs, in stacks that can train and that leave no worker without one."""
    alike = defaultdict(list)
    for i, job in jobs.items():
        alike[tuple(stack_key(job.plan, job.problem).items())].append(i)
    stacks = []
    for members in alike.values():
        size = min(most_models(jobs[members[0]].plan), -(-len(members) // n_workers))
        # Neighbours have rows of about equal number, and as a rule the same rows.
        members.sort(key=lambda i: (-len(jobs[i].problem.train), id(jobs[i].problem)))
        stacks += [members[start : start + size] for start in range(0, len(members), size)]
    return stacks


def most_models(plan: Plan) -> int:
    """How many models of this plan fit into a stack.

    Counted are what every update touches: weights and gradients, and for each row of a batch its
    features, two numbers per hidden unit and three per class.
    """
    n_features, *hidden, n_classes = plan.layer_sizes
    n_params = sum(a * b + b for a, b in zip(plan.layer_sizes, plan.layer_sizes[1:], strict=False))
    per_row = n_features + 2 * sum(hidden) + 3 * n_classes
    n_bytes = plan.dtype.itemsize * (2 * n_params + plan.batch_size * per_row)
    return max(1, min(MOST_MODELS, STACK_BYTES // n_bytes))


def train_stack(jobs: Sequence[Job]) -> list[TrainState]:
    """Train jobs together, on one BLAS thread; the states that they end in.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C.
    """
    with ONE_BLAS_THREAD:
        state = train(
            [job.problem for job in jobs],
            [job.plan for job in jobs],
            TrainState.join([job.state for job in jobs]),
        )
    if Outcome.INTERRUPTED in state.outcomes:
        raise KeyboardInterrupt
    return [state.take([k]) for k in range(len(jobs))]


def settle(estimator: ScratchMLPClassifier, job: Job, state: TrainState) -> bool:
    """Make of `estimator` what its training has come to; whether it has not converged.

    Raises
    ------
    ValueError
        If the training diverged.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        report_outcome(state, job.plan, estimator.n_iter_no_change < float("inf"))
    estimator._take_over(state, job)
    return bool(caught)


def warn_of_unfinished(n_unfinished: int, n_fits: int, stacklevel: int = 3) -> None:
    """Say once how many fits have not converged."""
    if n_unfinished:
        warnings.warn(
            f"{n_unfinished} of {n_fits} fits reached their limit, `max_iter`, and have not "
            "converged yet.",
            ConvergenceWarning,
            stacklevel=stacklevel,
        )
