"""`predict_proba` of `TorchMLPClassifier` against the forward pass of a module by hand."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import chain

import numpy as np
import torch
from torch import nn

from sknn import TorchMLPClassifier

from ._by_hand import make_module
from ._cases import DTYPES, synthetic
from ._harness import Ratio, Report, Settings, interleave

NETWORKS = ((100,), (256, 256))


def run(settings: Settings) -> list[Report]:
    """Time nets of equal weights, in both precisions."""
    report = Report(
        "predict_proba: times as long as a module by hand in inference mode, one thread",
        ("network", "dtype", "rows", "ours µs", "by hand µs", "ratio (range)"),
        notes=(
            "one row: about half of it is scikit-learn's validation, which a module leaves out",
        ),
    )
    n_many = 1_000 if settings.smoke else 100_000
    X, y = synthetic(n_rows=n_many, n_features=50, n_classes=5)
    for hidden in NETWORKS:
        for dtype in DTYPES:
            rows = X.astype(dtype)
            ours = TorchMLPClassifier(hidden, max_iter=1, random_state=0, device="cpu")
            ours.fit(rows[:1_000], y[:1_000])
            for number in (1, n_many):
                _compare(ours, _same_by_hand(ours), rows[:number], settings, report)
    return [report]


def _same_by_hand(ours: TorchMLPClassifier) -> nn.Sequential:
    sizes = (ours.n_features_in_, *(len(bias) for bias in ours.intercepts_))
    module = make_module(sizes, torch.from_numpy(ours.coefs_[0]).dtype)
    arrays = chain.from_iterable(zip((W.T for W in ours.coefs_), ours.intercepts_, strict=True))
    with torch.no_grad():
        for parameter, array in zip(module.parameters(), arrays, strict=True):
            parameter.copy_(torch.from_numpy(array))
    return module.eval()


def _compare(
    ours: TorchMLPClassifier,
    module: nn.Sequential,
    rows: np.ndarray,
    settings: Settings,
    report: Report,
) -> None:
    def by_hand() -> np.ndarray:
        with torch.inference_mode():
            return module(torch.from_numpy(rows)).softmax(dim=1).numpy()

    np.testing.assert_allclose(ours.predict_proba(rows), by_hand(), rtol=1e-3, atol=1e-5)
    tasks = {"ours": lambda: ours.predict_proba(rows), "by hand": by_hand}
    if len(rows) == 1:
        # A call of a tenth of a millisecond: what disturbs it must disturb its partner too.
        pairs = replace(settings, repeats=20 if settings.smoke else 1_000)
        seconds = interleave(tasks, pairs, one_call=True, clock=time.perf_counter)
    else:
        seconds = interleave(tasks, settings)
    ratio = Ratio.of(seconds["ours"], seconds["by hand"])
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    network = "-".join(map(str, (rows.shape[1], *map(len, ours.intercepts_))))
    report.add(
        (
            network,
            rows.dtype.name,
            f"{len(rows):,}",
            *(f"{median * 1e6:,.0f}" for median in medians.values()),
            str(ratio),
        ),
        network=network,
        dtype=rows.dtype.name,
        rows=len(rows),
        ratio=vars(ratio),
        seconds=medians,
    )
