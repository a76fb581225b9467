"""Many fits at once: stacked searches and refits against one fit after the other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier, StackedGridSearchCV, fit_many
from sknn.estimators import _stacks

from ._cases import Case, cases
from ._harness import Ratio, Report, Settings, interleave

FIGURE = Path("output/benchmarks/cost_per_model.png")
RATES = [1e-3, 3e-3, 1e-2, 3e-2]
STRENGTHS = [0.0, 1e-4, 1e-3, 1e-2]
DROPOUTS = [0.0, 0.1, 0.3]
# A search over scikit-learn's estimator takes about a minute, refits of it half of one.
MOST_REPEATS = 3


def run(settings: Settings) -> Iterator[Report]:
    """Time searches, refits, stacks of every size, and see what memory they take."""
    few = Settings(min(settings.repeats, MOST_REPEATS), settings.smoke, settings.clock)
    yield _searches(few)
    yield _refits(few)
    yield _sizes(few)
    yield _memory(settings)


def _searches(settings: Settings) -> Report:
    report = Report(
        "search: how many times as fast, 240 fits, one thread",
        (
            "yeast in Pipeline(StandardScaler, 8-32-10), Adam, batch 32",
            "dtype",
            "ratio",
            "at least",
        ),
        notes=[
            "the peer's third parameter is beta_1, since it has no dropout: equal numbers of fits"
        ],
    )
    (case,) = (case for case in cases(settings.smoke) if case.key == "b")
    X, y = case.load()
    epochs, folds = (2, 2) if settings.smoke else (30, 5)
    shared = {"hidden_layer_sizes": (32,), "batch_size": 32, "max_iter": epochs}
    shared |= {"n_iter_no_change": np.inf, "random_state": 0}

    def search(cls: type, model: Any, **grid: Any) -> Callable[[], object]:
        pipeline = Pipeline([("scale", StandardScaler()), ("mlp", model)])
        named = {f"mlp__{name}": values for name, values in grid.items()}
        named["mlp__learning_rate_init"] = RATES[:2] if settings.smoke else RATES
        return partial(cls(pipeline, named, cv=folds, refit=False).fit, *data)

    data = X, y
    ours = ScratchMLPClassifier(**shared)
    dropped, whole = ({"l2": STRENGTHS, "dropout": rates} for rates in (DROPOUTS, [0.0] * 3))
    theirs = {"alpha": [32 * l2 for l2 in STRENGTHS], "beta_1": [0.9, 0.9, 0.9]}
    tasks = {
        "stacked": search(StackedGridSearchCV, ours, **dropped),
        "stacked, no dropout": search(StackedGridSearchCV, ours, **whole),
        "one by one": search(GridSearchCV, ours, **dropped),
        "one by one, no dropout": search(GridSearchCV, ours, **whole),
        "MLPClassifier": search(GridSearchCV, MLPClassifier(**shared), **theirs),
    }
    seconds = interleave(tasks, settings, one_call=True)
    for above, below, aim in (
        ("MLPClassifier", "stacked", 10.0),
        ("MLPClassifier", "stacked, no dropout", None),
        ("one by one", "stacked", 2.8),
        ("one by one, no dropout", "stacked, no dropout", None),
    ):
        ratio = Ratio.of(seconds[above], seconds[below])
        _add(report, f"{below}, over GridSearchCV of {above}", "float64", ratio, aim, settings)
    return report


def _refits(settings: Settings) -> Report:
    report = Report(
        "refits: how many times as fast as MLPClassifier, per model, one thread",
        (
            "producers, batch 10, plain SGD, 250 epochs, by fit_many",
            "dtype",
            "ratio",
            "at least",
        ),
    )
    (case,) = (case for case in cases(settings.smoke) if case.key == "a")
    X, y = case.load()
    n_theirs, epochs = (2, 2) if settings.smoke else (20, 250)
    # A stack of the larger network holds six: more of them only take longer.
    for hidden, n_ours, aim in (((32,), 300, 25.0), ((128, 128), 60, 5.0)):
        n_ours = 6 if settings.smoke else n_ours
        for dtype in ("float32", "float64"):
            rows = X.astype(dtype)
            shared = {**case.common, "hidden_layer_sizes": hidden, "max_iter": epochs}
            ours = ScratchMLPClassifier(**{**shared, "l2": 0.0})
            theirs = MLPClassifier(**{**shared, "alpha": 0.0})
            tasks = {
                "ours": partial(_fit_together, ours, n_ours, rows, y),
                "theirs": partial(_fit_in_turn, theirs, n_theirs, rows, y),
            }
            seconds = interleave(tasks, settings, one_call=True)
            ratio = Ratio.of(seconds["theirs"] / n_theirs, seconds["ours"] / n_ours)
            name = f"{'-'.join(map(str, (13, *hidden, 3)))}, {n_ours} beside {n_theirs}"
            _add(report, name, dtype, ratio, aim, settings)
    return report


def _add(
    report: Report, name: str, dtype: str, ratio: Ratio, aim: float | None, settings: Settings
) -> None:
    aim = None if settings.smoke else aim
    row = (name, dtype, str(ratio), "" if aim is None else f"{aim:g}")
    report.add(row, name=name, dtype=dtype, ratio=vars(ratio), at_least=aim)


def _fit_together(model: ScratchMLPClassifier, n: int, X: np.ndarray, y: np.ndarray) -> None:
    fit_many([clone(model).set_params(random_state=seed) for seed in range(n)], X, y)


def _fit_in_turn(model: MLPClassifier, n: int, X: np.ndarray, y: np.ndarray) -> None:
    for seed in range(n):
        clone(model).set_params(random_state=seed).fit(X, y)


def _sizes(settings: Settings) -> Report:
    """How the cost of a model falls with the number of models in its stack."""
    numbers = (1, 2, 4) if settings.smoke else (1, 2, 4, 8, 16, 32, 64, 128, 256, 1000)
    report = Report(
        "stacks: milliseconds per model and epoch, by the number of models K, float64, one thread",
        ("network", *map(str, numbers)),
    )
    by_key = {case.key: case for case in cases(settings.smoke)}
    small = Case(
        "",
        "producers 13-32-3, batch 10, plain SGD",
        by_key["a"].load,
        (32,),
        10,
        1,
        0.0,
        by_key["a"].settings,
    )
    curves = {}
    for case in (small, by_key["a"], by_key["b"]):
        X, y = case.load()
        epochs = 1 if settings.smoke else (20 if case.key != "b" else 4)
        model = case.ours().set_params(max_iter=epochs)
        times = []
        for n in numbers:
            rounds = max(1, min(16, 64 // n))
            fit = partial(_fit_one_stack, model, n, rounds, X, y)
            (seconds,) = interleave({"": fit}, settings, one_call=True).values()
            times.append(1e3 * float(np.median(seconds)) / n / rounds / epochs)
        curves[case.title] = times
        report.add((case.title, *(f"{t:.3f}" for t in times)), network=case.title, ms=times)
    if not settings.smoke:
        _draw(numbers, curves)
        report.notes = [f"drawn in {FIGURE}"]
    return report


def _fit_one_stack(
    model: ScratchMLPClassifier, n: int, rounds: int, X: np.ndarray, y: np.ndarray
) -> None:
    with patch.multiple(_stacks, MOST_MODELS=n, STACK_BYTES=2**60):
        for _ in range(rounds):
            _fit_together(model, n, X, y)


def _draw(numbers: tuple[int, ...], curves: dict[str, list[float]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for (name, times), marker in zip(curves.items(), "os^", strict=True):
        axes.plot(numbers, times, marker=marker, label=name)
    axes.set(xscale="log", yscale="log", xlabel="models in a stack, K")
    axes.set_ylabel("milliseconds per model and epoch")
    axes.set_title("What a model costs in a stack")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, dpi=150)


SEARCHES = {
    "240 fits of yeast, as above": (48, 1187, 8, 10, 30),
    "10,000 candidates × 5 folds, 178 × 13, one epoch": (10_000, 178, 13, 3, 1),
}


def _memory(settings: Settings) -> Report:
    """Peak memory of whole processes: a stacked search, and one that only imports and loads."""
    if not Path("/proc/self/status").exists():
        return Report("memory: skipped, since only Linux tells", ("search",))
    report = Report("memory: peak of a process", ("search", "MiB", "beyond imports and data"))
    for name, (n_candidates, *shape) in SEARCHES.items():
        n = min(n_candidates, 20) if settings.smoke else n_candidates
        peak, least = (_peak(number, *shape) for number in (n, 0))
        report.add(
            (name, f"{peak:.0f}", f"{peak - least:.0f}"), search=name, peak=peak, least=least
        )
    return report


def _peak(*arguments: int) -> float:
    """MiB that a fresh process takes for `search_of_size`."""
    code = f"from benchmarks.stacks import search_of_size; search_of_size{arguments}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def search_of_size(n: int, n_rows: int, n_features: int, n_classes: int, epochs: int) -> None:
    """Search over n candidates, and print the peak memory of this process in MiB."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n_rows, n_features)), np.arange(n_rows) % n_classes
    mlp = ScratchMLPClassifier(
        (32,), batch_size=32, max_iter=epochs, n_iter_no_change=np.inf, random_state=0
    )
    model = Pipeline([("scale", StandardScaler()), ("mlp", mlp)])
    if n:
        StackedGridSearchCV(model, {"mlp__l2": np.linspace(0, 0.1, n)}, refit=False).fit(X, y)
    # Of `resource`, the peak would be that of the parent process, if that is larger.
    (line,) = (line for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
    print(int(line.split()[1]) / 1024)
