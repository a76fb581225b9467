"""How times are taken, and how they are shown.

Machines are noisy, and what disturbs one measurement disturbs its neighbour too. So the tasks
that are compared run in turn, A B A B …, in one process, and every figure is a ratio of two
times that were taken side by side. All run on one thread, so the processor time of the process
is what a quiet machine's wall clock would show, less the turns of other processes.
"""

from __future__ import annotations

import gc
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

Times = Mapping[str, NDArray[np.float64]]
Record = dict[str, Any]

# A task that takes less is called several times, so that the clock's steps and the cost of
# reading it do not count.
LEAST_SECONDS = 0.02

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch")

CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}


@dataclass(frozen=True)
class Settings:
    """What the user asked for."""

    repeats: int = 7
    smoke: bool = False
    clock: str = "cpu"

    @property
    def least_seconds(self) -> float:
        """The shortest measurement worth taking."""
        return 0.0 if self.smoke else LEAST_SECONDS


@dataclass(frozen=True)
class Ratio:
    """How many times as long one task took as another: the median over pairs, and their range."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, above: NDArray[np.float64], below: NDArray[np.float64]) -> Ratio:
        """The ratios of times taken side by side."""
        pairs = above / below
        return cls(float(np.median(pairs)), float(pairs.min()), float(pairs.max()))

    def __str__(self) -> str:
        return f"{self.median:5.2f} ({self.low:.2f}–{self.high:.2f})"


@dataclass
class Report:
    """A table of results; `records` hold the same as plain numbers."""

    title: str
    headers: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    notes: Sequence[str] = ()

    def add(self, row: Sequence[str], **record: Any) -> None:
        """Append a line, and what a machine is to read of it."""
        self.rows.append(row)
        self.records.append(record)


def interleave(
    tasks: Mapping[str, Callable[[], object]],
    settings: Settings,
    *,
    one_call: bool = False,
    clock: Callable[[], float] | None = None,
    threads: int | None = 1,
) -> Times:
    """Seconds per call of every task, in `settings.repeats` rounds of all tasks in turn.

    Parameters
    ----------
    tasks : dict of str to callable
        What to time. Each is called once before, to warm up.
    settings : Settings
    one_call : bool
        Whether a measurement is one call, however short.
    clock : callable
        Returns seconds; the one that `settings` names if not given.
    threads : int or None
        How many the libraries may use; None for as many as they like.
    """
    clock = clock or CLOCKS[settings.clock]
    seconds = np.empty((len(tasks), settings.repeats))
    with _limit_threads(threads), _no_garbage_collection():
        least = 0.0 if one_call else settings.least_seconds
        numbers = [_calls_that_take(task, least) for task in tasks.values()]
        for i in range(settings.repeats):
            # A thousand collections would take longer than the calls, as those of a taste would.
            if settings.repeats < 100 and not settings.smoke:
                gc.collect()
            for task, number, times in zip(tasks.values(), numbers, seconds, strict=True):
                times[i] = _seconds(task, number, clock) / number
    return dict(zip(tasks, seconds, strict=True))


def _calls_that_take(task: Callable[[], object], least_seconds: float) -> int:
    task()
    number = 1
    # By the clock on the wall, which never shows 0.
    while (seconds := _seconds(task, number, time.perf_counter)) < least_seconds:
        number = int(np.ceil(number * min(10, 1.2 * least_seconds / seconds)))
    return number


def _seconds(task: Callable[[], object], number: int, clock: Callable[[], float]) -> float:
    calls = range(number)
    start = clock()
    for _ in calls:
        task()
    return clock() - start


@contextmanager
def _limit_threads(number: int | None) -> Iterator[None]:
    """Let BLAS, OpenMP and, where it is loaded, PyTorch use so many threads."""
    torch = sys.modules.get("torch")
    if torch is None or number is None:
        with threadpool_limits(number):
            yield
        return
    # `threadpool_limits` reaches PyTorch's OpenMP, by which it counts its threads. What PyTorch
    # tells its MKL, only PyTorch takes back: it goes first and is restored last, or else MKL would
    # be told of the limited number for good.
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        with threadpool_limits(number):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def describe_machine() -> dict[str, str]:
    """The machine and the libraries that decide about times."""
    blas = {
        f"{info['internal_api']} {info['version']}": info.get("architecture", "?")
        for info in threadpool_info()
        if info["user_api"] == "blas"
    }
    simd = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, NumPy finds {', '.join(simd)}",
        "BLAS": ", ".join(f"{name} ({kernels})" for name, kernels in blas.items()),
        "Python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "load": f"{os.getloadavg()[0]:.1f} jobs waiting or running when this began",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def show(report: Report) -> None:
    """Print a table with its columns aligned, the first to the left."""
    lines = [list(report.headers), *map(list, report.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print(f"\n{report.title}")
    for i, line in enumerate(lines):
        first, *rest = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join([line[0].ljust(len(first)), *rest]).rstrip())
        if i == 0:
            print("  ".join("─" * width for width in widths))
    for note in report.notes:
        print(f"  {note}")
