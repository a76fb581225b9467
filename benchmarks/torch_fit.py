"""`fit` of `TorchMLPClassifier` against a loop by hand and against plain skorch, at equal work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from sknn import TorchMLPClassifier

from ._by_hand import train_by_hand, train_by_skorch
from ._cases import DTYPES, Case, cases, synthetic
from ._harness import Ratio, Report, Settings, interleave

PEERS = {"hand": train_by_hand, "skorch": train_by_skorch}

# Skorch takes many seconds to fetch a million rows one by one.
MOST_REPEATS_OF_A_MILLION = 3


@dataclass(frozen=True)
class Comparison:
    """A fit, its peers, and how many times as long as theirs it may take; None for no aim."""

    case: Case
    at_most: Mapping[str, float | None]
    dtypes: tuple[str, ...] = DTYPES
    most_repeats: int | None = None


def comparisons(smoke: bool) -> list[Comparison]:
    """All fits, or tiny ones of the same kinds to see that everything runs."""
    usual = {case.key: replace(case, l2=0.0, targets={}) for case in cases(smoke)}

    def epochs(number: int) -> int:
        return 2 if smoke else number

    def many() -> tuple[np.ndarray, np.ndarray]:
        return synthetic(n_rows=3_000 if smoke else 200_000, n_features=50, n_classes=5)

    def million() -> tuple[np.ndarray, np.ndarray]:
        return synthetic(n_rows=1_000 if smoke else 1_000_000, n_features=5, n_classes=2)

    many_rows = Case(
        "h",
        "200,000 × 50, 5 classes, (100,), batch 1024, Adam",
        many,
        (16,) if smoke else (100,),
        batch_size=1024,
        epochs=epochs(5),
        l2=0.0,
        settings={"solver": "adam"},
    )
    full_batch = replace(
        many_rows,
        key="i",
        title="1,000,000 × 5, 2 classes, (32,), one full batch, Adam",
        load=million,
        hidden=(8,) if smoke else (32,),
        batch_size=1_000 if smoke else 1_000_000,
        epochs=1,
    )
    # Nearly all of its time goes into products and passes over activations, as in any loop.
    wider = replace(
        full_batch,
        key="i+",
        title="the same with (100,)",
        hidden=(16,) if smoke else (100,),
    )
    once, few = ("float32",), MOST_REPEATS_OF_A_MILLION
    return [
        Comparison(replace(usual["a"], epochs=epochs(300)), {"hand": 1.15, "skorch": 0.55}),
        Comparison(replace(usual["b"], epochs=epochs(100)), {"hand": 1.15, "skorch": 0.55}),
        Comparison(many_rows, {"hand": 1.05}),
        Comparison(full_batch, {"hand": None, "skorch": 0.2}, once, few),
        Comparison(wider, {"hand": None, "skorch": None}, once, few),
    ]


def run(settings: Settings) -> list[Report]:
    """Time every case in both precisions."""
    headers = ("case", "dtype", "updates", "ms", "ratio (range)", "at most")
    reports = {
        "hand": Report("fit: times as long as a PyTorch loop by hand, one thread", headers),
        "skorch": Report("fit: times as long as skorch as it comes, one thread", headers),
    }
    for comparison in comparisons(settings.smoke):
        X, labels = comparison.case.load()
        y = np.unique(labels, return_inverse=True)[1].astype(np.int64)
        for dtype in comparison.dtypes:
            _compare(comparison, X.astype(dtype), y, settings, reports)
    return list(reports.values())


def _compare(
    comparison: Comparison,
    X: np.ndarray,
    y: np.ndarray,
    settings: Settings,
    reports: Mapping[str, Report],
) -> None:
    case, dtype = comparison.case, X.dtype.name
    ours = TorchMLPClassifier(l2=case.l2, device="cpu", **case.common)
    tasks = {
        "ours": lambda: ours.fit(X, y).net_.module_,
        **{name: partial(PEERS[name], case, X, y) for name in comparison.at_most},
    }
    updates = _count_updates(case, tasks, X)
    if comparison.most_repeats is not None:
        settings = replace(settings, repeats=min(settings.repeats, comparison.most_repeats))
    seconds = interleave(tasks, settings, one_call=True)
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    for name, limit in comparison.at_most.items():
        ratio = Ratio.of(seconds["ours"], seconds[name])
        # The targets are for the whole work, not for a taste of it.
        target = None if settings.smoke else limit
        reports[name].add(
            (
                f"({case.key}) {case.title}",
                dtype,
                f"{updates:,}",
                f"{medians['ours'] * 1e3:,.0f}",
                str(ratio),
                "" if target is None else f"{target:.2f}",
            ),
            case=case.key,
            dtype=dtype,
            updates=updates,
            ratio=vars(ratio),
            target=target,
            seconds={"ours": medians["ours"], name: medians[name]},
        )


def _count_updates(case: Case, tasks: Mapping[str, Callable[[], nn.Module]], X: np.ndarray) -> int:
    """Train by every way once, and see that all do the same number of updates.

    Raises
    ------
    RuntimeError
        If they do not, so that their times would not compare.
    """
    numbers: dict[str, int] = {}
    for name, task in tasks.items():
        with _count_steps() as steps:
            module = task()
        numbers[name] = len(steps)
        if {parameter.dtype for parameter in module.parameters()} != {torch.from_numpy(X).dtype}:
            raise RuntimeError(f"case {case.key}, {name}: was not trained in {X.dtype}")
    expected = case.epochs * -(-len(X) // case.batch_size)
    if {*numbers.values()} != {expected}:
        raise RuntimeError(f"case {case.key}: not {expected} updates but {numbers}")
    return expected


@contextmanager
def _count_steps() -> Iterator[list[None]]:
    """Grow the list that this yields by one item per step of any optimizer of PyTorch's."""
    steps: list[None] = []

    def count(*args: Any) -> None:
        steps.append(None)

    handle = register_optimizer_step_post_hook(count)
    try:
        yield steps
    finally:
        handle.remove()
