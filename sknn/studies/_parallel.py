"""Many fits at a time, in processes that leave Ctrl-C to the one that started them."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

Result = TypeVar("Result")


def run_in_parallel(
    function: Callable[..., Result], arguments: Sequence[tuple[Any, ...]], n_jobs: int | None
) -> Iterator[Result]:
    """Call `function` with each tuple of `arguments`; yield the results in their order.

    Parameters
    ----------
    function : callable
        What to call; it and its arguments must be picklable.
    arguments : sequence of tuple
        Its positional arguments.
    n_jobs : int or None
        Calls at a time, as everywhere in scikit-learn.
    """
    # A process for which there is no call is not worth starting.
    n_jobs = min(effective_n_jobs(n_jobs), len(arguments))
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    with _started_processes_ignore_interrupts():
        results = parallel(delayed(function)(*each) for each in arguments)
    try:
        for result in results:  # noqa: UP028, so that whoever stops early stops here
            yield result
    finally:
        with warnings.catch_warnings():
            # joblib tells whoever stops early that calls were in vain.
            warnings.simplefilter("ignore", UserWarning)
            results.close()


def start_processes(n_jobs: int | None) -> None:
    """Start the processes that joblib keeps for what follows, so that they leave Ctrl-C alone.

    Parameters
    ----------
    n_jobs : int or None
        Calls at a time of what follows.
    """
    n_processes = effective_n_jobs(n_jobs)
    if n_processes > 1:
        for _ in run_in_parallel(abs, [(k,) for k in range(n_processes)], n_processes):
            pass


@contextmanager
def _started_processes_ignore_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C for the moment in which processes are started.

    A terminal sends Ctrl-C to all of them, and each would print a traceback of its own. They
    inherit that it is ignored; this process heeds it again, and ends them when it ends.
    """
    # Python lets no other thread change this, and cannot restore a handler that is not its own.
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is None:
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
