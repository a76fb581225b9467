"""What a long past costs: `partial_fit`, pickles, files and callbacks after many epochs."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sknn import ScratchMLPClassifier, TorchMLPClassifier
from sknn.io import save

from ._harness import Ratio, Report, Settings, interleave

# Epochs of a short past and of a long one; those of a fit with a callback.
PASTS = (10, 100_000)
WATCHED = (100, 1_000)
SMOKE_PASTS, SMOKE_WATCHED = (10, 200), (10, 40)

# An epoch's record has seven numbers of eight bytes each.
BYTES_OF_AN_EPOCH = 56

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 4))
Y = np.arange(10) % 2


class Watcher:
    """A callback that looks at the fitted estimator after every epoch."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing is prepared."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing is done before an epoch."""

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> bool:
        """Look at it, and go on."""
        return len(fitted_estimator.history_) < 0

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing is left behind."""


def make(kind: type[Any], epochs: int, **params: Any) -> Any:
    """A tiny network that trains for so many epochs, and can be gone on from."""
    if kind is TorchMLPClassifier:
        params["device"] = "cpu"
    return kind((8,), max_iter=epochs, n_iter_no_change=np.inf, random_state=0, **params)


def run(settings: Settings) -> list[Report]:
    """Compare a short past with a long one."""
    short, long = SMOKE_PASTS if settings.smoke else PASTS
    few, many = SMOKE_WATCHED if settings.smoke else WATCHED
    times = Report(
        f"partial_fit after {long:,} epochs over after {short:,}, and an epoch of a watched fit "
        f"of {many:,} over of {few:,}; 1 where the past costs nothing",
        ("", "ms, short", "ms, long", "ratio"),
    )
    sizes = Report(
        f"size after {long:,} epochs, kB",
        ("", f"after {short:,}", f"after {long:,}", "ratio", "bytes an epoch", "recorded"),
        notes=["a fit with warm_start=True, and the same after one partial_fit"],
    )
    for kind in (ScratchMLPClassifier, TorchMLPClassifier):
        pasts = {epochs: make(kind, epochs, warm_start=True).fit(X, Y) for epochs in (short, long)}
        _sizes(kind.__name__, pasts, sizes)
        tasks = {f"{n}": lambda model=model: model.partial_fit(X, Y) for n, model in pasts.items()}
        _compare(f"{kind.__name__}.partial_fit", tasks, (1, 1), settings, times)
        watched = {f"{n}": _watched(kind, n) for n in (few, many)}
        rounds = replace(settings, repeats=min(3, settings.repeats))
        _compare(f"{kind.__name__}.fit, watched", watched, (few, many), rounds, times)
        _sizes(f"{kind.__name__}, partial_fit", pasts, sizes)
    return [times, sizes]


def _watched(kind: type[Any], epochs: int) -> Callable[[], Any]:
    model = make(kind, epochs).set_callbacks(Watcher())
    return lambda: model.fit(X, Y)


def _compare(
    name: str, tasks: dict[str, Any], calls: tuple[int, int], settings: Settings, report: Report
) -> None:
    seconds = interleave(tasks, settings)
    short, long = (taken / n for taken, n in zip(seconds.values(), calls, strict=True))
    ratio = Ratio.of(long, short)
    ms = [float(np.median(taken)) * 1000 for taken in (short, long)]
    report.add((name, *(f"{m:.3f}" for m in ms), str(ratio)), task=name, ms=ms, ratio=ratio.median)


def _sizes(name: str, pasts: dict[int, Any], report: Report) -> None:
    (short, one), (long, other) = pasts.items()
    for what, size in (("pickle", _pickled), ("file", _saved)):
        small, large = size(one), size(other)
        by_epoch = (large - small) / (long - short)
        cells = (f"{small / 1e3:.1f}", f"{large / 1e3:.1f}", f"{large / small:.1f}")
        report.add(
            (f"{name}: {what}", *cells, f"{by_epoch:.0f}", f"{BYTES_OF_AN_EPOCH}"),
            model=name,
            what=what,
            bytes=[small, large],
            bytes_of_an_epoch=by_epoch,
        )


def _pickled(model: Any) -> int:
    return len(pickle.dumps(model))


def _saved(model: Any) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.sknn"
        save(model, path)
        return path.stat().st_size
