"""Stacks of fits: which fits train together, in pieces of what size, and what becomes of each."""

from __future__ import annotations

import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.parallel import Parallel, delayed

from sknn._sklearn_compat import has_callbacks
from sknn._warnings import warn
from sknn.backprop import ONE_BLAS_THREAD
from sknn.training import Outcome, Plan, TrainState, stack_key

from ._fit import TrainableMLP
from ._inputs import Inputs
from ._prepare import Job, Memo, Terms, prepare
from ._results import report_outcome

# What the arrays of a stack may take: they should stay in the second-level cache from one update
# to the next. More than 64 models gain nothing, since the overhead of a call is spread thin by
# then.
STACK_BYTES = 2 * 1024**2
MOST_MODELS = 64
# What fits that are ready to begin may take together. Those of small tables are all made ready
# at once, so that they fall into the best of stacks; large tables gain little from a stack.
LOT_BYTES = 256 * 1024**2


def trains_in_stacks(estimator: Any) -> bool:
    """Whether a fit of this estimator can be a part of a stack.

    Not one whose `fit` somebody has overridden, of one that prints or calls back after each epoch,
    or of one that goes on from an earlier fit.
    """
    return (
        isinstance(estimator, TrainableMLP)
        and estimator._engine.stacks
        and type(estimator).fit is TrainableMLP.fit
        and not estimator.verbose
        and not has_callbacks(estimator)
        and not (estimator.warm_start and estimator.__sklearn_is_fitted__())
    )


def prepare_job(estimator: TrainableMLP, inputs: Inputs, memo: Memo) -> Job:
    """The training that `estimator.fit` would do."""
    estimator._validate_params()
    return prepare(
        estimator, inputs, resume=False, max_iter=estimator.max_iter, partial=False, memo=memo
    )


def lots(
    numbers: Iterable[int], make_ready: Callable[[int, Memo], Job | None]
) -> Iterator[dict[int, Job]]:
    """Jobs by their numbers, no more at a time than memory has room for.

    `make_ready` makes one of them, or None; what it leaves in the memo lasts for a lot.
    """
    memo, lot, n_bytes, seen = Memo(), dict[int, Job](), 0, set[int]()
    for number in numbers:
        job = make_ready(number, memo)
        if job is None:
            continue
        lot[number] = job
        n_bytes += job.state.n_bytes
        for rows in (job.problem.train, job.problem.valid):
            if rows is not None and id(rows.X) not in seen:
                seen.add(id(rows.X))
                n_bytes += rows.n_bytes
        if n_bytes >= LOT_BYTES:
            yield lot
            memo, lot, n_bytes, seen = Memo(), {}, 0, set()
    if lot:
        yield lot


def stacks_of(jobs: Mapping[int, Job], n_workers: int = 1) -> list[list[int]]:
    """The keys of the jobs, in stacks that can train and that leave no worker without one."""
    alike = defaultdict(list)
    for i, job in jobs.items():
        alike[job.engine, *stack_key(job.plan, job.problem).items()].append(i)
    stacks = []
    for members in alike.values():
        most = min(most_models(jobs[i].plan) for i in members)
        n_stacks = max(-(-len(members) // most), n_workers)
        size = -(-len(members) // n_stacks)  # of nearly equal stacks, so that none is a rest
        # Neighbours have rows of about equal number, and as a rule the same rows.
        members.sort(key=lambda i: (-len(jobs[i].problem.train), id(jobs[i].problem)))
        stacks += [members[start : start + size] for start in range(0, len(members), size)]
    return stacks


def most_models(plan: Plan) -> int:
    """How many models of this plan fit into a stack.

    Counted is what every update touches again and again: the parameters, and for each row of a
    batch its features, two numbers per hidden unit, two more if units are dropped, and three per
    output.
    """
    n_features, *hidden, n_outputs = plan.spec.layer_sizes
    per_unit = 4 if any(plan.dropout_rates) else 2
    per_row = n_features + per_unit * sum(hidden) + 3 * n_outputs
    n_bytes = plan.dtype.itemsize * (plan.spec.layout.n_params + plan.batch_size * per_row)
    return max(1, min(MOST_MODELS, STACK_BYTES // n_bytes))


def train_stack(jobs: Sequence[Job]) -> list[TrainState]:
    """Train jobs together; the states that they end in.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C.
    """
    state = jobs[0].engine.train(
        [job.problem for job in jobs],
        [job.plan for job in jobs],
        TrainState.join([job.state for job in jobs]),
    )
    if Outcome.INTERRUPTED in state.outcomes:
        raise KeyboardInterrupt
    return [state.take([k]) for k in range(len(jobs))]


def train_in_stacks(
    numbers: Iterable[int],
    make_ready: Callable[[int, Memo], Job | None],
    train_stack: Callable[[list[Job]], Sequence[Any]],
    n_jobs: int | None,
) -> Iterator[list[tuple[int, Terms, Any]]]:
    """Train jobs in stacks through joblib, made ready as they are needed.

    Yields the numbers of a stack's jobs with their terms and with what `train_stack` returned of
    each, as soon as the stack has ended.
    """
    config, begun = get_config(), deque[list[tuple[int, Terms]]]()

    def with_config(number: int, memo: Memo) -> Job | None:
        with config_context(**config):  # joblib may call this in another thread
            return make_ready(number, memo)

    def calls() -> Iterator[Any]:
        for lot in lots(numbers, with_config):
            for stack in stacks_of(lot, effective_n_jobs(n_jobs)):
                begun.append([(i, lot[i].terms) for i in stack])
                yield delayed(train_stack)([lot[i] for i in stack])

    with blas_of_workers(n_jobs):
        for results in results_of(Parallel(n_jobs=n_jobs, return_as=return_as()), calls()):
            stack = begun.popleft()
            yield [(i, terms, result) for (i, terms), result in zip(stack, results, strict=True)]


def blas_of_workers(n_jobs: int | None) -> AbstractContextManager[None]:
    """One BLAS thread, where stacks are to train in several threads of this process.

    OpenBLAS obeys the first thread that asks, and no other while that one lives.
    """
    backend, _ = get_active_backend()
    if getattr(backend, "uses_threads", False) and effective_n_jobs(n_jobs) > 1:
        return ONE_BLAS_THREAD
    return nullcontext()


def results_of(parallel: Parallel, calls: Iterable[Any]) -> Iterator[Any]:
    """The results of delayed calls in their order, each as soon as may be.

    `parallel` is made with ``return_as=return_as()``. Who stops early has the rest called off.
    """
    results = parallel(calls)
    try:
        yield from results
    finally:
        if not isinstance(results, list):
            with warnings.catch_warnings():
                # joblib tells whoever stops early that work was in vain.
                warnings.simplefilter("ignore", UserWarning)
                results.close()


def return_as() -> str:
    """How `joblib.Parallel` should return results: one by one, where its backend can."""
    backend, _ = get_active_backend()
    return "generator" if backend.supports_return_generator else "list"


def settle(estimator: TrainableMLP, terms: Terms, state: TrainState) -> bool:
    """Make of `estimator` what its training has come to; whether it has not converged.

    Raises
    ------
    ValueError
        If the training diverged.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        report_outcome(state, terms.plan, estimator.n_iter_no_change < float("inf"))
    estimator._take_over(state, terms)
    return bool(caught)


def warn_of_unfinished(n_unfinished: int, n_fits: int) -> None:
    """Say once how many fits have not converged."""
    if n_unfinished:
        warn(
            f"{n_unfinished} of {n_fits} fits have not converged: they reached `max_iter`, or "
            "L-BFGS could not go on.",
            ConvergenceWarning,
        )
