"""`fit` of `TorchMLPClassifier` on a CUDA device and on the CPU, where there is such a device."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from sknn import TorchMLPClassifier

from ._cases import DTYPES, synthetic
from ._harness import Ratio, Report, Settings, interleave

EPOCHS = 2

# On a CPU of few cores a fit takes half a minute.
MOST_REPEATS = 3


def run(settings: Settings) -> list[Report]:
    """Time both by the clock on the wall, the CPU with all its cores."""
    report = Report(
        "fit: how many times as fast on a GPU as on the CPU, all threads, by the wall clock",
        ("1,000,000 × 50, (512, 512), batch 4096, Adam", "dtype", "CPU s", "GPU s", "ratio"),
    )
    if not torch.cuda.is_available():
        report.add(("skipped: no CUDA device at hand", "", "", "", ""), skipped=True)
        return [report]
    _compare("cuda", settings, report)
    return [report]


def _compare(device: str, settings: Settings, report: Report) -> None:
    name = torch.cuda.get_device_name() if device == "cuda" else device
    X, y = synthetic(n_rows=5_000 if settings.smoke else 1_000_000, n_features=50, n_classes=5)
    hidden = (16, 16) if settings.smoke else (512, 512)
    settings = replace(settings, clock="wall", repeats=min(settings.repeats, MOST_REPEATS))
    for dtype in DTYPES:
        rows = X.astype(dtype)
        common = {"batch_size": 4096, "max_iter": EPOCHS, "n_iter_no_change": np.inf}
        models = {
            which: TorchMLPClassifier(hidden, random_state=0, device=which, **common)
            for which in ("cpu", device)
        }
        tasks = {
            which: lambda model=model, rows=rows: model.fit(rows, y)
            for which, model in models.items()
        }
        seconds = interleave(tasks, settings, one_call=True, threads=None)
        ratio = Ratio.of(seconds["cpu"], seconds[device])
        medians = {which: float(np.median(times)) for which, times in seconds.items()}
        report.add(
            (
                f"{name}, {EPOCHS} epochs, rows to the device included",
                dtype,
                *(f"{median:.2f}" for median in medians.values()),
                str(ratio),
            ),
            device=name,
            cpu_threads=torch.get_num_threads(),
            dtype=dtype,
            ratio=vars(ratio),
            seconds=medians,
        )
