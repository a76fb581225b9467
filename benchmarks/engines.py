"""`TorchMLPClassifier` beside `ScratchMLPClassifier`: which engine is faster where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from sknn import TorchMLPClassifier
from sknn._torch._make import make_net

from ._by_hand import train_by_hand
from ._cases import DTYPES, Case, cases
from ._harness import Ratio, Report, Settings, interleave


def run(settings: Settings) -> list[Report]:
    """Time the same fits by both engines, and what a fit of one update costs."""
    fits = Report(
        "fit: Torch's time over Scratch's, one thread",
        ("case", "dtype", "Scratch ms", "Torch ms", "ratio (range)"),
    )
    found = cases(settings.smoke)
    for case in found:
        X, y = case.load()
        for dtype in DTYPES:
            _compare(case, X.astype(dtype), y, settings, fits)
    return [fits, _fixed_costs(found[0], settings)]


def _torch_fit(case: Case) -> TorchMLPClassifier:
    return TorchMLPClassifier(l2=case.l2, device="cpu", **case.common)


def _compare(case: Case, X: np.ndarray, y: np.ndarray, settings: Settings, report: Report) -> None:
    engines = {"Scratch": case.ours(), "Torch": _torch_fit(case)}
    tasks = {name: lambda model=model: model.fit(X, y) for name, model in engines.items()}
    seconds = interleave(tasks, settings, one_call=True)
    ratio = Ratio.of(seconds["Torch"], seconds["Scratch"])
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    report.add(
        (
            f"({case.key}) {case.title}",
            X.dtype.name,
            *(f"{median * 1e3:,.0f}" for median in medians.values()),
            str(ratio),
        ),
        case=case.key,
        dtype=X.dtype.name,
        ratio=vars(ratio),
        seconds=medians,
    )


def _fixed_costs(case: Case, settings: Settings) -> Report:
    """Time fits of a single update, which are all fixed cost, and the making of a net."""
    X, y = case.load()
    X, y = X.astype(np.float32), np.unique(y, return_inverse=True)[1].astype(np.int64)
    case = replace(case, epochs=1, batch_size=len(X), l2=0.0)
    scratch, model = case.ours(), _torch_fit(case).fit(X, y)
    tasks = {
        "Scratch: fit of one update": lambda: scratch.fit(X, y),
        "Torch: fit of one update": lambda: model.fit(X, y),
        "Torch: making the skorch net of it": lambda: make_net(model._plan, torch.device("cpu")),
        "by hand: module, optimizer, one update": lambda: train_by_hand(case, X, y),
    }
    seconds = interleave(tasks, settings)
    report = Report(f"what a fit costs at least: {case.title}", ("float32", "ms"))
    for name, times in seconds.items():
        median = float(np.median(times))
        report.add((name, f"{median * 1e3:.2f}"), task=name, seconds=median)
    return report
