"""From classifiers or their scores to curves by name, one of each run, and how these are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sknn._sklearn_compat import safe_indexing
from sknn.inspection._checks import check_choice
from sknn.inspection._roc_curves import (
    RocCurve,
    heights_of,
    macro_average,
    micro_average,
    one_vs_rest_curves,
)
from sknn.inspection._style import Theme, dress, merge
from sknn.inspection._tables import check_class_names

MICRO, MACRO = "micro average", "macro average"


def averages_of(average: str | None, compares: bool) -> tuple[str, ...]:
    """The averages that are asked for: if models are compared, the macro average by itself."""
    if average is None:
        average = "macro" if compares else "both"
    check_choice("average", average, ("both", "macro", "micro", "none"))
    wanted = {"both": (MICRO, MACRO), "macro": (MACRO,), "micro": (MICRO,), "none": ()}
    return wanted[average]


def classes_of(estimators: Sequence[Any]) -> NDArray[Any]:
    """The classes that these classifiers know, all of them the same."""
    if not len(estimators):
        raise ValueError("`estimator` must hold at least one classifier for each name, got none")
    for estimator in estimators:
        check_is_fitted(estimator)
        if not hasattr(estimator, "predict_proba"):
            raise TypeError(
                f"`estimator` must have predict_proba, got {type(estimator).__name__}; pass its "
                "scores to from_predictions"
            )
        if not np.array_equal(estimator.classes_, estimators[0].classes_):
            raise ValueError(
                "the estimators must know the same classes, got "
                f"{estimators[0].classes_.tolist()} and {estimator.classes_.tolist()}"
            )
    return np.asarray(estimators[0].classes_)


def curves_of_runs(
    data: Sequence[tuple[ArrayLike, NDArray[np.float64], ArrayLike | None]],
    classes: NDArray[Any],
    class_names: Sequence[str] | None,
    averages: Sequence[str],
) -> dict[str, list[RocCurve]]:
    """The curves of every run, by name."""
    n_classes = len(classes)
    if len(np.unique(classes)) < n_classes:
        raise ValueError(f"`classes` must differ from each other, got {classes.tolist()}")
    names = check_class_names(class_names, classes)
    if len(set(names)) < n_classes:
        raise ValueError(f"`class_names` must be {n_classes} different names, got {names}")
    found: dict[str, list[RocCurve]] = {name: [] for name in (*names, *averages)}
    for y, scores, weights in data:
        labels = column_or_1d(y)
        _check_scores(scores, labels, classes)
        check_consistent_length(labels, scores, weights)
        curves = one_vs_rest_curves(labels, scores, classes, names, weights)
        if MACRO in averages:
            found[MACRO].append(macro_average(curves))
        if MICRO in averages:
            found[MICRO].append(micro_average(labels, scores, classes, weights))
        for curve in curves:
            found[curve.name].append(curve)
    return {name: runs for name, runs in found.items() if runs}


def folds_of(
    cv_results: Mapping[str, Any], X: Any, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[list[tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]], NDArray[Any]]:
    """Labels, scores and weights of the rows that each fold left out, and the classes."""
    kept = cv_results if isinstance(cv_results, Mapping) else {}
    if not {"estimator", "indices"} <= set(kept):
        raise ValueError(
            "`cv_results` must be what cross_validate returned with return_estimator=True and "
            f"return_indices=True, got a {type(cv_results).__name__} of {sorted(kept)}"
        )
    labels, indices = column_or_1d(y), kept["indices"]
    check_consistent_length(X, labels, sample_weight)
    n_rows = 1 + max(map(np.max, (*indices["train"], *indices["test"])))
    if len(labels) < n_rows:
        raise ValueError(
            f"`y` must be of the {n_rows} rows of the cross-validation, got {len(labels)}"
        )
    data = []
    for fold, rows in zip(kept["estimator"], indices["test"], strict=True):
        weights = None if sample_weight is None else np.asarray(sample_weight)[rows]
        scores = np.asarray(fold.predict_proba(safe_indexing(X, rows)))
        data.append((labels[rows], scores, weights))
    return data, classes_of(kept["estimator"])


def _check_scores(scores: NDArray[np.float64], y: NDArray[Any], classes: NDArray[Any]) -> None:
    if scores.ndim != 2 or scores.shape[1] != len(classes):
        raise ValueError(
            f"`y_score` must have a column for each of the {len(classes)} classes "
            f"{classes.tolist()}, got an array of shape {scores.shape}"
        )
    if not np.isfinite(scores).all():
        raise ValueError("`y_score` must be finite, got NaN or infinity")
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(
            f"`y` must hold classes of {classes.tolist()} only, got {unknown.tolist()}"
        )


def draw_runs(
    axes: Any,
    name: str,
    runs: Sequence[RocCurve],
    look: dict[str, Any],
    band: float | None,
    line_kws: dict[str, Any] | None,
    band_kws: dict[str, Any] | None,
) -> Any:
    """Draw the curve of a run, or the mean of several with the band that holds most of them."""
    areas = np.array([run.area for run in runs])
    label = f"{name}: AUC {areas.mean():.3f}"
    shown = runs[0]
    if len(runs) > 1:
        label += f" ± {areas.std(ddof=1):.3f}"
        shown = macro_average(runs, name)
    if len(runs) > 1 and band is not None:
        rates, heights = heights_of(runs)
        low, high = np.quantile(heights, [(1 - band) / 2, (1 + band) / 2], axis=0)
        area = {"color": look["color"], "alpha": 0.15, "linewidth": 0}
        axes.fill_between(rates, low, high, **merge(area, band_kws))
    # Curves lie on each other in the corner; none may hide another.
    look = merge({"label": label, "alpha": 0.85, "linewidth": 1.6, **look}, line_kws)
    (line,) = axes.plot(shown.false_positive_rate, shown.true_positive_rate, **look)
    return line


def look_of(theme: Theme, name: str, k: int) -> dict[str, Any]:
    """The look of the k-th curve, or of an average."""
    if name == MACRO:
        return {"color": theme.text, "linestyle": ":", "linewidth": 2.2}
    if name == MICRO:
        return {"color": theme.muted, "linestyle": (0, (6, 2)), "linewidth": 2.0}
    color, dashes = theme.line(k)
    return {"color": color, "linestyle": dashes}


def open_corner(axes: Any, low: float, theme: Theme) -> Any:
    """Axes inside the axes for the upper left corner, larger; `low` is where they begin."""
    corner = axes.inset_axes((0.42, low, 0.54, 0.46))
    dress(corner, theme)
    corner.set(xlim=(-0.01, 0.3), ylim=(0.7, 1.01))
    corner.set_title("upper left corner", fontsize=8, color=theme.text)
    corner.tick_params(labelsize=8)
    return corner
