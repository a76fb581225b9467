"""All figures of a study as one tree of plain values, ready for JSON."""

from __future__ import annotations

import math
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn._version import __version__
from sknn.inspection._roc_curves import macro_average, one_vs_rest_curves
from sknn.report._beside_tables import rows_beside

if TYPE_CHECKING:
    from sknn.report._beside_tables import StudyResult
    from sknn.studies import ProducersModel, ProducersResult, ProducersRuns, ProducersSplit

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "matplotlib")


def producers_metrics(result: ProducersResult) -> dict[str, Any]:
    """The producers study as a tree of dicts, lists, strings and finite numbers."""
    split = result.split
    support = split.y_test.value_counts().sort_index()
    tree = {
        "study": "producers",
        "versions": versions(),
        "engine": result.engine,
        "epochs": result.epochs,
        "seeds": result.seeds,
        "split": {
            "train_rows": len(split.y_train),
            "test_rows": len(split.y_test),
            "test_support": dict(zip(split.target_names, support, strict=True)),
        },
        "models": {model.name: _model(model, split) for model in result.models},
        "alternatives": {model.name: _runs(model, split) for model in result.alternatives},
        "notes": result.notes,
    }
    return plain(tree)


def versions() -> dict[str, str]:
    """Versions of what the figures were made with."""
    packages = {name: version(name) for name in PACKAGES}
    return {"sknn": __version__, "python": platform.python_version(), **packages}


def plain(value: Any) -> Any:
    """`value` in types that JSON knows; NaN becomes None, and an infinity its name."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def engines_metrics(result: StudyResult, other: StudyResult | None) -> dict[str, Any]:
    """Figures with one engine beside those with the other; nothing without another run."""
    if other is None:
        return {}
    models: dict[str, Any] = {}
    for model, figure, row in rows_beside(result.beside(other)):  # type: ignore[arg-type]
        models.setdefault(model, {})[figure] = row
    return {"beside_other_engine": plain({"engine": other.engine, "models": models})}


def _model(model: ProducersModel, split: ProducersSplit) -> dict[str, Any]:
    return {
        **_runs(model, split),
        "document": asdict(model.published),
        "independent_rerun": asdict(model.rerun),
    }


def _runs(model: ProducersRuns, split: ProducersSplit) -> dict[str, Any]:
    curves = one_vs_rest_curves(
        split.y_test, model.probabilities, model.pipeline.classes_, split.target_names
    )
    return {
        "title": model.title,
        "parameters": model.parameters,
        "accuracy": {**asdict(model.accuracy), "by_seed": model.accuracies},
        "within_a_run": {
            "accuracy_sd_over_second_half": asdict(model.wobble),
            "median_epoch_of_lowest_test_loss": model.turning_epoch,
            "last_test_loss_over_lowest": asdict(model.overfit),
            "spikes_in_second_half": asdict(model.spikes),
        },
        "first_seed": {
            "seed": model.seeds[0],
            "classification_report": model.report,
            "roc_auc": {curve.name: curve.area for curve in [*curves, macro_average(curves)]},
            "predictions": model.predictions,
            "probabilities": model.probabilities,
            "share_of_zero_weights_by_layer": model.zeros,
        },
    }
