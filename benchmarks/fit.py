"""`fit` against scikit-learn's `MLPClassifier` and `MLPRegressor`, at equal work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from sknn.backprop import OPTIMIZERS

from ._cases import DTYPES, Case, cases, regression_cases
from ._harness import Ratio, Report, Settings, interleave


def run(settings: Settings) -> list[Report]:
    """Time every case in both precisions."""
    report = Report(
        "fit: how many times as fast as scikit-learn's class, one thread",
        ("case", "dtype", "updates", "ratio (range)", "at least"),
    )
    for case in (*cases(settings.smoke), *regression_cases(settings.smoke)):
        X, y = case.load()
        for dtype in DTYPES:
            _compare(case, X.astype(dtype), y, settings, report)
    return [report]


def _compare(case: Case, X: np.ndarray, y: np.ndarray, settings: Settings, report: Report) -> None:
    updates = _count_updates(case, X, y)
    ours, theirs = case.ours(), case.theirs()
    tasks = {"ours": lambda: ours.fit(X, y), "theirs": lambda: theirs.fit(X, y)}
    seconds = interleave(tasks, settings, one_call=True)
    ratio = Ratio.of(seconds["theirs"], seconds["ours"])
    dtype = X.dtype.name
    # The targets are for the whole work, not for a taste of it.
    target = None if settings.smoke else case.targets.get(dtype)
    report.add(
        (
            f"({case.key}) {case.title}",
            dtype,
            f"{updates:,}",
            str(ratio),
            "" if target is None else f"{target:.2f}",
        ),
        case=case.key,
        dtype=dtype,
        updates=updates,
        ratio=vars(ratio),
        target=target,
        seconds={name: float(np.median(times)) for name, times in seconds.items()},
    )


def _count_updates(case: Case, X: np.ndarray, y: np.ndarray) -> int:
    """Fit both once, and see that they do the same number of updates.

    Raises
    ------
    RuntimeError
        If they do not, so that their times would not compare.
    """
    # The class of scikit-learn's optimizer is known once it has fitted.
    theirs = case.theirs().set_params(max_iter=1).fit(X, y)
    with (
        _count_calls(type(theirs._optimizer), "update_params") as their_calls,
        _count_calls(OPTIMIZERS[case.settings["solver"]], "step") as our_calls,
    ):
        ours, theirs = case.ours().fit(X, y), case.theirs().fit(X, y)
    if len(our_calls) != len(their_calls) or not our_calls:
        raise RuntimeError(f"case {case.key}: {len(our_calls)} ≠ {len(their_calls)} updates")
    if X.dtype not in {*(W.dtype for W in (*ours.coefs_, *theirs.coefs_))}:
        raise RuntimeError(f"case {case.key} was not trained in {X.dtype}")
    return len(our_calls)


@contextmanager
def _count_calls(owner: type, name: str) -> Iterator[list[None]]:
    """Grow the list that this yields by one item per call of a method."""
    calls: list[None] = []
    method = getattr(owner, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        return method(*args, **kwargs)

    with patch.object(owner, name, counted):
        yield calls
