"""Receiver operating characteristics, each class against the rest, and averages of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import auc, roc_curve

from sknn._warnings import warn


@dataclass(frozen=True)
class RocCurve:
    """One curve, from (0, 0) to (1, 1), and the area under it.

    Parameters
    ----------
    name : str
        What it is of: a class, or an average.
    false_positive_rate, true_positive_rate : ndarray of shape (n_thresholds,)
        Its points.
    """

    name: str
    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve."""
        return float(auc(self.false_positive_rate, self.true_positive_rate))


def one_vs_rest_curves(
    y: ArrayLike,
    probabilities: NDArray[np.float64],
    classes: ArrayLike,
    names: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> list[RocCurve]:
    """The curve of each class against the rest.

    A class that no row or every row is of has no curve: it is left out, with a warning.

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
    sample_weight : array-like of shape (n_rows,), default=None
        Weights of the rows.
    """
    y = np.asarray(y)
    weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
    curves, left_out = [], []
    for column, label in enumerate(np.asarray(classes)):
        is_class = y == label
        if not weights[is_class].sum() or not weights[~is_class].sum():
            left_out.append(names[column])
            continue
        fpr, tpr, _ = roc_curve(is_class, probabilities[:, column], sample_weight=sample_weight)
        curves.append(RocCurve(names[column], fpr, tpr))
    if not curves:
        raise ValueError("`y` must hold rows of two classes at least: no curve is defined")
    if left_out:
        warn(
            f"No curve for {', '.join(left_out)}: among these rows there are none of it, or no "
            "others."
        )
    return curves


def micro_average(
    y: ArrayLike,
    probabilities: NDArray[np.float64],
    classes: ArrayLike,
    sample_weight: ArrayLike | None = None,
) -> RocCurve:
    """The curve of all decisions together: is this row of this class, for every row and class."""
    is_class = np.asarray(y)[:, None] == np.asarray(classes)
    weights = (
        None if sample_weight is None else np.repeat(np.asarray(sample_weight), len(is_class.T))
    )
    fpr, tpr, _ = roc_curve(is_class.ravel(), probabilities.ravel(), sample_weight=weights)
    return RocCurve("micro average", fpr, tpr)


def macro_average(curves: Sequence[RocCurve], name: str = "macro average") -> RocCurve:
    """The mean of curves at every false positive rate; its area is the mean of theirs."""
    rates, heights = heights_of(curves)
    return RocCurve(name, rates, heights.mean(axis=0))


def heights_of(curves: Sequence[RocCurve]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Curves at all their false positive rates.

    A curve rises vertically where a threshold lets in positives only, so it has two values there,
    the one coming from the left and the one going on to the right. Each rate comes twice, once
    with each.

    Returns
    -------
    rates : ndarray of shape (n_rates,)
    heights : ndarray of shape (n_curves, n_rates)
    """
    rates = np.unique(np.concatenate([curve.false_positive_rate for curve in curves]))
    below = np.stack([_from_the_left(curve, rates) for curve in curves])
    above = np.stack([_to_the_right(curve, rates) for curve in curves])
    return np.repeat(rates, 2), np.stack([below, above], axis=2).reshape(len(curves), -1)


def _to_the_right(curve: RocCurve, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    # Of several points at one rate, interpolation takes the last, which is the highest.
    return np.interp(rates, curve.false_positive_rate, curve.true_positive_rate)


def _from_the_left(curve: RocCurve, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    # Read backwards, the last is the lowest.
    return np.interp(-rates, -curve.false_positive_rate[::-1], curve.true_positive_rate[::-1])
