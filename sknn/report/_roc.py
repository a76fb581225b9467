"""Receiver operating characteristics, each class against the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import auc, roc_curve

from sknn.report._style import BLACK, CYCLE, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class RocCurve:
    """One curve: rates of shape (n_thresholds,), from (0, 0) to (1, 1), and the area under it."""

    name: str
    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve."""
        return float(auc(self.false_positive_rate, self.true_positive_rate))


def one_vs_rest_curves(
    y: ArrayLike, probabilities: NDArray[np.float64], classes: ArrayLike, names: list[str]
) -> list[RocCurve]:
    """The curve of each class against the rest.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        True labels.
    probabilities : ndarray of shape (n_rows, n_classes)
        Columns in the order of `classes`.
    classes : array-like of shape (n_classes,)
        The labels.
    names : list of str
        What to call them.
    """
    y = np.asarray(y)
    curves = []
    for column, label in enumerate(np.asarray(classes)):
        fpr, tpr, _ = roc_curve(y == label, probabilities[:, column])
        curves.append(RocCurve(names[column], fpr, tpr))
    return curves


def macro_average(curves: list[RocCurve]) -> RocCurve:
    """The mean of curves at every false positive rate; its area is the mean of theirs.

    A curve rises vertically where a threshold lets in positives only, so it has two values there,
    the one coming from the left and the one going on to the right. Both are averaged.
    """
    rates = np.unique(np.concatenate([curve.false_positive_rate for curve in curves]))
    below = np.mean([_from_the_left(curve, rates) for curve in curves], axis=0)
    above = np.mean([_to_the_right(curve, rates) for curve in curves], axis=0)
    heights = np.column_stack([below, above]).ravel()
    return RocCurve("macro average", np.repeat(rates, 2), heights)


def _to_the_right(curve: RocCurve, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    # Of several points at one rate, interpolation takes the last, which is the highest.
    return np.interp(rates, curve.false_positive_rate, curve.true_positive_rate)


def _from_the_left(curve: RocCurve, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    # Read backwards, the last is the lowest.
    return np.interp(-rates, -curve.false_positive_rate[::-1], curve.true_positive_rate[::-1])


def plot_roc(axes: Axes, curves: list[RocCurve]) -> None:
    """Draw the curves of the classes and their macro average, with the upper left corner again."""
    average = macro_average(curves)
    corner = axes.inset_axes((0.4, 0.36, 0.56, 0.46))
    for where in (axes, corner):
        for curve, (color, dashes) in zip(curves, _cycle(len(curves)), strict=True):
            _draw(where, curve, color=color, linestyle=dashes)
        _draw(where, average, color=BLACK, linestyle=":", linewidth=2.0)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, label="_chance")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    corner.set(xlim=(-0.01, 0.3), ylim=(0.7, 1.01))
    corner.set_title("upper left corner", fontsize=8)
    corner.tick_params(labelsize=8)
    axes.legend(loc="lower right")


def _draw(axes: Axes, curve: RocCurve, **style: object) -> None:
    axes.plot(
        curve.false_positive_rate,
        curve.true_positive_rate,
        label=f"{curve.name}: AUC {curve.area:.3f}",
        # Curves lie on each other in the corner; none may hide another.
        alpha=0.85,
        **style,  # type: ignore[arg-type]
    )


def _cycle(n: int) -> list[tuple[str, str]]:
    return [CYCLE[k % len(CYCLE)] for k in range(n)]
