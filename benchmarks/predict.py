"""`predict_proba` of one row and of many, against scikit-learn's `MLPClassifier`."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from sklearn.datasets import make_classification
from sklearn.neural_network import MLPClassifier

from sknn import ScratchMLPClassifier

from ._cases import DTYPES
from ._harness import Ratio, Report, Settings, interleave

NETWORKS = ((100,), (256, 256))
TARGETS = {("one", "float32"): 1.0, ("one", "float64"): 1.0, ("many", "float32"): 1.3}


def run(settings: Settings) -> list[Report]:
    """Time nets of equal shape, in both precisions."""
    report = Report(
        "predict_proba: how many times as fast as MLPClassifier, one thread",
        ("(d) network", "dtype", "rows", "ratio (range)", "at least"),
    )
    n_rows = {"one": 1, "many": 1_000 if settings.smoke else 100_000}
    X, y = make_classification(n_rows["many"], 50, n_informative=20, n_classes=5, random_state=0)
    for hidden in NETWORKS:
        for dtype in DTYPES:
            rows = X.astype(dtype)
            models = _fitted(hidden, rows, y)
            for which, number in n_rows.items():
                _compare(models, hidden, which, rows[:number], settings, report)
    return [report]


def _fitted(
    hidden: tuple[int, ...], X: np.ndarray, y: np.ndarray
) -> tuple[ScratchMLPClassifier, MLPClassifier]:
    ours = ScratchMLPClassifier(hidden, max_iter=1, random_state=0)
    theirs = MLPClassifier(hidden, max_iter=1, random_state=0)
    models = ours.fit(X[:1_000], y[:1_000]), theirs.fit(X[:1_000], y[:1_000])
    shapes = [[(W.shape, W.dtype) for W in model.coefs_] for model in models]
    if shapes[0] != shapes[1]:
        raise RuntimeError(f"networks differ in shape or dtype: {shapes[0]} and {shapes[1]}")
    return models


def _compare(
    models: tuple[ScratchMLPClassifier, MLPClassifier],
    hidden: tuple[int, ...],
    which: str,
    rows: np.ndarray,
    settings: Settings,
    report: Report,
) -> None:
    ours, theirs = models
    tasks = {
        "ours": lambda: ours.predict_proba(rows),
        "theirs": lambda: theirs.predict_proba(rows),
    }
    if which == "one":
        # A call of a tenth of a millisecond: what disturbs it must disturb its partner too.
        pairs = replace(settings, repeats=20 if settings.smoke else 1_000)
        seconds = interleave(tasks, pairs, one_call=True, clock=time.perf_counter)
    else:
        seconds = interleave(tasks, settings)
    ratio = Ratio.of(seconds["theirs"], seconds["ours"])
    dtype = rows.dtype.name
    network = "-".join(map(str, (rows.shape[1], *hidden, len(ours.classes_))))
    target = None if settings.smoke else TARGETS.get((which, dtype))
    report.add(
        (
            network,
            dtype,
            f"{len(rows):,}",
            str(ratio),
            "" if target is None else f"{target:.2f}",
        ),
        network=network,
        dtype=dtype,
        rows=len(rows),
        ratio=vars(ratio),
        target=target,
        seconds={name: float(np.median(times)) for name, times in seconds.items()},
    )
