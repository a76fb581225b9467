"""The fits of a search, carried out in stacks.

A search of scikit-learn hands its fits to a `Parallel`, as calls of one function that fits and
scores one candidate on one fold. `StackedParallel` takes its place. It gathers calls that can share
a stack, fits them together, and then lets every call run as it would have, on an estimator whose
`fit` has its result at hand. Scores, errors and messages are therefore scikit-learn's own.
"""

from __future__ import annotations

import copy
import math
import time
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from joblib import effective_n_jobs
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from sknn._sklearn_compat import check_method_params, has_callbacks, safe_indexing
from sknn.estimators._inputs import Inputs
from sknn.estimators._prepare import Job, Memo
from sknn.estimators._stacks import (
    MOST_MODELS,
    blas_of_workers,
    lots,
    prepare_job,
    results_of,
    return_as,
    settle,
    stacks_of,
    train_stack,
    trains_in_stacks,
    warn_of_unfinished,
)
from sknn.training import PER_MODEL, TrainState

# Parameters that may differ within a stack.
FREE = PER_MODEL | {"random_state", "class_weight"}
# With several workers, stacks are smaller, so that none of them waits long for the last one.
MOST_MODELS_OF_WORKERS = 32
# What the rows may take that steps before the network have transformed, and that are kept for
# candidates to come.
TRANSFORMED_BYTES = 256 * 1024**2
# Calls that wait for others to share a stack with; beyond, the oldest go.
MOST_WAITING = 4096

# A call as joblib knows it: function, arguments, keyword arguments.
Call = tuple[Any, tuple[Any, ...], dict[str, Any]]


class StackedParallel:
    """Carries out the calls of a search, those that can in stacks.

    Parameters
    ----------
    n_jobs, pre_dispatch
        As for `joblib.Parallel`.
    """

    def __init__(self, n_jobs: int | None = None, pre_dispatch: Any = "2*n_jobs") -> None:
        self.n_jobs = n_jobs
        self.parallel = Parallel(n_jobs=n_jobs, pre_dispatch=pre_dispatch, return_as=return_as())

    def __enter__(self) -> StackedParallel:
        self.parallel.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.parallel.__exit__(*exception)

    def __call__(self, calls: Iterable[Call]) -> list[Any]:
        """The results of the calls, in their order.

        Raises
        ------
        Exception
            The first, in that order, that a call has raised. Calls that come after it and have
            not begun are called off.
        """
        n_workers = effective_n_jobs(self.n_jobs)
        # Within one process, what is fitted before the network is fitted once for all chunks.
        known = FoldInputs() if n_workers == 1 else None
        most = MOST_MODELS if n_workers == 1 else MOST_MODELS_OF_WORKERS
        results: dict[int, Any] = {}
        failed: list[int] = []

        def chunks() -> Iterator[Any]:
            for numbers, chunk in gather(calls, most):
                n = bisect(numbers, min(failed, default=numbers[-1]))
                if n:
                    yield delayed(carry_out)(numbers[:n], chunk[:n], known)

        n_unfinished = n_stacked = 0
        with blas_of_workers(self.n_jobs):
            for numbers, outcomes, unfinished, stacked in results_of(self.parallel, chunks()):
                results |= dict(zip(numbers, outcomes, strict=True))
                failed += [number for number in numbers if isinstance(results[number], Failed)]
                n_unfinished += unfinished
                n_stacked += stacked
        if failed:
            raise results[min(failed)].error
        warn_of_unfinished(n_unfinished, n_stacked)
        return [results[number] for number in sorted(results)]


@dataclass(frozen=True)
class Failed:
    """An error that a call has raised."""

    error: Exception


def gather(calls: Iterable[Call], most: int) -> Iterator[tuple[list[int], list[Call]]]:
    """Chunks of calls, with their numbers, that may share stacks: of one fold and alike."""
    waiting: dict[Any, tuple[list[int], list[Call]]] = {}
    n_waiting = 0
    for number, call in enumerate(calls):
        key = _kind(call)
        numbers, chunk = waiting.setdefault(key, ([], []))
        numbers.append(number)
        chunk.append(call)
        n_waiting += 1
        if len(chunk) == most or n_waiting > MOST_WAITING:
            full = key if len(chunk) == most else next(iter(waiting))
            n_waiting -= len(waiting[full][0])
            yield waiting.pop(full)
    yield from waiting.values()


def _kind(call: Call) -> tuple[Any, ...]:
    """Equal for calls that may share a stack."""
    _, _, options = call
    parameters = options["parameters"] or {}
    fixed = (
        (name, repr(value))
        for name, value in sorted(parameters.items())
        if name.rpartition("__")[2] not in FREE
    )
    return options["split_progress"], *fixed


@dataclass
class _Candidate:
    """A call's estimator, ready to be fitted in a stack.

    `steps` are those of a pipeline, fitted but for the last; `seconds` what came before training.
    """

    estimator: BaseEstimator
    steps: list[Any] | None
    job: Job
    seconds: float


def carry_out(
    numbers: list[int], calls: list[Call], known: FoldInputs | None = None
) -> tuple[list[int], list[Any], int, int]:
    """Carry out calls, in stacks where that is possible.

    Returns
    -------
    numbers : list of int
        As they were given.
    outcomes : list of dict or Failed
        What each call returned, or raised.
    n_unfinished, n_stacked : int
        How many fits in stacks did not converge, of how many.
    """
    inputs = known or FoldInputs()
    candidates: dict[int, _Candidate] = {}

    def make_ready(i: int, memo: Memo) -> Job | None:
        try:
            candidate = _prepare_candidate(calls[i], inputs, memo)
        except Exception:
            return None  # the call itself will raise it
        if candidate is None:
            return None
        candidates[i] = candidate
        return candidate.job

    outcomes: dict[int, Any] = {}
    n_unfinished = n_stacked = 0
    for lot in lots(range(len(calls)), make_ready):
        for i, (state, seconds) in _train(lot).items():
            replay = _Replay(candidates.pop(i), state)
            outcomes[i] = replay.outcome_of(calls[i], seconds)
            n_unfinished += replay.is_unfinished
        n_stacked += len(lot)
    for i in sorted(set(range(len(calls))) - set(outcomes)):
        outcomes[i] = _outcome(calls[i])
    return numbers, [outcomes[i] for i in range(len(calls))], n_unfinished, n_stacked


def _train(jobs: dict[int, Job]) -> dict[int, tuple[TrainState, float]]:
    """How each training ends, and the seconds that are its share."""
    ended: dict[int, tuple[TrainState, float]] = {}
    for stack in stacks_of(jobs):
        started = time.perf_counter()
        states = train_stack([jobs[i] for i in stack])
        seconds = (time.perf_counter() - started) / len(stack)
        ended |= {i: (state, seconds) for i, state in zip(stack, states, strict=True)}
    return ended


def _outcome(call: Call) -> Any:
    function, arguments, options = call
    try:
        return function.function(*arguments, **options)
    except Exception as error:
        return Failed(error)


class _Replay:
    """In place of an estimator's `fit`: makes it what the fit in the stack has come to."""

    def __init__(self, candidate: _Candidate, state: TrainState) -> None:
        self.candidate, self.state = candidate, state
        self.is_unfinished = False

    def outcome_of(self, call: Call, seconds: float) -> Any:
        """What a call returns, or raises, whose training took so many seconds."""
        self.candidate.estimator.fit = self  # on this one object, under the name of the method
        function, arguments, options = call
        if options["verbose"] <= 1:  # else they are printed
            options = {**options, "parameters": None}  # they are set already
        outcome = _outcome((function, arguments, options))
        if not isinstance(outcome, Failed):
            outcome["fit_time"] += self.candidate.seconds + seconds
        return outcome

    def __call__(self, X: Any, y: Any = None, **fit_params: Any) -> BaseEstimator:
        estimator, candidate = self.candidate.estimator, self.candidate
        del estimator.fit  # from here on it is an estimator like any other
        if isinstance(estimator, Pipeline):
            estimator.steps = candidate.steps
        self.is_unfinished = settle(last_step(estimator), candidate.job.terms, self.state)
        return estimator


def _prepare_candidate(call: Call, inputs: FoldInputs, memo: Memo) -> _Candidate | None:
    """The candidate of a call with its network's data at hand; None if it takes no part."""
    _, (estimator, X, y), options = call
    estimator.set_params(**clone(options["parameters"] or {}, safe=False))
    classifier = last_step(estimator)
    is_plain = (type(estimator) is Pipeline and not estimator.verbose) or estimator is classifier
    if not (is_plain and trains_in_stacks(classifier)) or has_callbacks(estimator):
        return None
    given, seconds = inputs.of_network(estimator, X, y, options)
    started = time.perf_counter()
    job = prepare_job(classifier, given, memo)
    steps = list(estimator.steps) if isinstance(estimator, Pipeline) else None
    return _Candidate(estimator, steps, job, seconds + time.perf_counter() - started)


def last_step(estimator: BaseEstimator) -> Any:
    """The estimator at the end of a pipeline, or the estimator itself."""
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


class FoldInputs:
    """What reaches the networks of candidates: rows that the steps before have transformed.

    Steps with equal settings are fitted once per fold.
    """

    def __init__(self) -> None:
        self._folds: dict[int, tuple[Any, Inputs]] = {}
        self._transformed: dict[Any, tuple[Any, list[Any], Inputs]] = {}
        self._failed: dict[Any, Any] = {}

    def of_network(
        self, estimator: BaseEstimator, X: Any, y: Any, options: dict[str, Any]
    ) -> tuple[Inputs, float]:
        """What the last step of `estimator` is to be fitted on, and the seconds that it took.

        The steps before it are fitted.
        """
        train = options["train"]
        if not isinstance(estimator, Pipeline):
            if id(train) not in self._folds:
                # With `train`, so that no other array takes its place.
                self._folds[id(train)] = train, Inputs(**_rows_of_fold(X, y, options))
            return self._folds[id(train)][1], 0.0
        started = time.perf_counter()
        key = _key_of_steps_before(estimator, options)
        if key in self._transformed:
            _, steps, given = self._transformed[key]
            estimator.steps[:-1] = steps
        elif key in self._failed:
            raise ValueError("steps with these settings cannot be fitted on this fold")
        else:
            # Rows of their own: a step may work in place.
            try:
                given = _fit_steps_before(estimator, _rows_of_fold(X, y, options))
            except Exception:
                if key is not None:
                    self._failed[key] = train
                raise
            if key is not None:
                self._keep(key, (train, estimator.steps[:-1], given))
        # Copies, so that what a scorer does to one candidate's does not change another's.
        estimator.steps[:-1] = copy.deepcopy(estimator.steps[:-1])
        return given, time.perf_counter() - started

    def _keep(self, key: Any, what: tuple[Any, list[Any], Inputs]) -> None:
        self._transformed[key] = what
        n_bytes = [_n_bytes(given.X) for _, _, given in self._transformed.values()]
        while sum(n_bytes) > TRANSFORMED_BYTES and len(n_bytes) > 1:
            del self._transformed[next(iter(self._transformed))], n_bytes[0]


def _n_bytes(X: Any) -> int:
    """About how much memory a table takes."""
    stored = getattr(X, "data", None) if issparse(X) else None
    return 8 * (math.prod(np.shape(X)) if stored is None else len(stored))


def _rows_of_fold(X: Any, y: Any, options: dict[str, Any]) -> dict[str, Any]:
    """What `fit` of a candidate is given on a fold, by name."""
    train = options["train"]
    params = check_method_params(X, params=options["fit_params"] or {}, indices=train)
    return {"X": safe_indexing(X, train), "y": safe_indexing(y, train), **params}


def _key_of_steps_before(pipeline: Pipeline, options: dict[str, Any]) -> tuple[int, str] | None:
    """Equal where the steps before the last are fitted alike; None where no two are.

    All candidates begin as clones of one estimator: they differ by the call's parameters.
    """
    last = pipeline.steps[-1][0]
    parameters = options["parameters"] or {}
    before = {name: value for name, value in parameters.items() if name.partition("__")[0] != last}
    if not _is_repeatable(pipeline):
        return None
    try:
        return id(options["train"]), joblib.hash(before)
    except Exception:  # such as a lambda, which has no bytes to compare
        return None


def _fit_steps_before(pipeline: Pipeline, arguments: dict[str, Any]) -> Inputs:
    """Fit all steps but the last, which is only asked what it would have been fitted on."""
    classifier = last_step(pipeline)
    asked: list[Inputs] = []
    # The pipeline itself does the transforming and the routing of metadata.
    classifier.fit = lambda X, y=None, **metadata: asked.append(Inputs(X, y, **metadata))
    try:
        pipeline.fit(**arguments)
    finally:
        del classifier.fit
    return asked[0]


def _is_repeatable(pipeline: Pipeline) -> bool:
    """Whether the steps before the last would be fitted alike a second time."""
    return all(
        value is not None
        for _, step in pipeline.steps[:-1]
        if hasattr(step, "get_params")
        for name, value in step.get_params().items()
        if name.rpartition("__")[2] == "random_state"
    )
