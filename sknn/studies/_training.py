"""Many fits of a study: in stacks with the one engine, a process each with the other."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from joblib import effective_n_jobs
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sknn.estimators import ScratchMLPClassifier
from sknn.estimators._inputs import Inputs
from sknn.estimators._prepare import Memo
from sknn.estimators._stacks import prepare_job, settle, stacks_of, train_stack
from sknn.studies._parallel import run_in_parallel

Engine = Literal["scratch", "torch"]


@dataclass(frozen=True)
class Rows:
    """What a network of a study is fitted on: scaled rows, and rows to record its course on."""

    X: Any
    y: Any
    X_val: Any = None
    y_val: Any = None


def classifier_of(engine: Engine) -> type[Any]:
    """The classifier of an engine; PyTorch is loaded for its own only."""
    if engine == "scratch":
        return ScratchMLPClassifier
    from sknn.estimators import TorchMLPClassifier

    return TorchMLPClassifier


def fit_each(
    networks: Sequence[Any], rows: Sequence[Rows], n_jobs: int | None
) -> Iterator[tuple[int, Any, float]]:
    """Fit each network on its rows; yield its place, itself and its seconds once it is fitted.

    The seconds of networks that train together are shared among them, epoch by epoch.

    Networks that may train together do. The result is the same bit for bit as if each was fitted
    by itself on one thread.

    Parameters
    ----------
    networks : sequence of ScratchMLPClassifier or of TorchMLPClassifier
        What to fit.
    rows : sequence of Rows
        The rows of each; the same object for networks with the same rows.
    n_jobs : int or None
        Stacks or fits at a time.
    """
    if all(network._engine.stacks for network in networks):
        yield from _fit_in_stacks(networks, rows, n_jobs)
        return
    jobs = list(zip(networks, rows, strict=True))
    for i, network in enumerate(run_in_parallel(fit_alone, jobs, n_jobs)):
        yield i, network, seconds_of([network])[0]


def _fit_in_stacks(
    networks: Sequence[Any], rows: Sequence[Rows], n_jobs: int | None
) -> Iterator[tuple[int, Any, float]]:
    memo = Memo()
    jobs = {
        i: prepare_job(network, Inputs(own.X, own.y, None, own.X_val, own.y_val), memo)
        for i, (network, own) in enumerate(zip(networks, rows, strict=True))
    }
    pieces = stacks_of(jobs, effective_n_jobs(n_jobs))
    trained = run_in_parallel(
        train_stack, [([jobs[i] for i in piece],) for piece in pieces], n_jobs
    )
    for piece, states in zip(pieces, trained, strict=True):
        for i, state in zip(piece, states, strict=True):
            settle(networks[i], jobs[i], state)
        stack = [networks[i] for i in piece]
        yield from zip(piece, stack, seconds_of(stack), strict=True)


def seconds_of(stack: Sequence[Any]) -> list[float]:
    """What each network of a stack took: the time of an epoch is shared by all that are in it.

    Parameters
    ----------
    stack : sequence of ScratchMLPClassifier or of TorchMLPClassifier
        Networks that have trained together, some perhaps for fewer epochs than others.
    """
    n_epochs = np.array([len(network.history_) for network in stack])
    longest = stack[int(n_epochs.argmax())].history_
    n_training = (n_epochs > np.arange(n_epochs.max())[:, np.newaxis]).sum(axis=1)
    shares = np.cumsum(np.asarray(longest["seconds"]) / n_training)
    return [float(shares[n - 1]) for n in n_epochs]


def fit_alone(network: Any, rows: Rows) -> Any:
    """Fit one network, in whatever process joblib has chosen."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(rows.X, rows.y, X_val=rows.X_val, y_val=rows.y_val)


def untrained(network: ScratchMLPClassifier, rows: Rows) -> ScratchMLPClassifier:
    """A network with the weights that its training would start from."""
    job = prepare_job(network, Inputs(rows.X, rows.y), Memo())
    settle(network, job, job.state)
    return network
