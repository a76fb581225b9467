"""Bins of columns: where they end, by quantiles or by a tree, and how they line up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

# Integers with more different values than these are quantities rather than classes.
MOST_CLASSES = 50


@dataclass(frozen=True)
class Bins:
    """The bins of all columns, one after the other: one for each encoded column.

    Parameters
    ----------
    columns : ndarray of int of shape (n_bins,)
        The place of the column that is encoded.
    starts : ndarray of shape (n_bins,)
        Where the bin begins.
    widths : ndarray of shape (n_bins,)
        How wide it is; 0 for the one bin of a constant column.
    lower, upper : ndarray of shape (n_bins,)
        Bounds of the encoded value.
    """

    columns: NDArray[np.intp]
    starts: NDArray[np.float64]
    widths: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    @classmethod
    def of(cls, bin_edges: NDArray[np.object_]) -> Self:
        """Line up the bins between the edges of each column."""
        columns = np.repeat(np.arange(len(bin_edges)), [len(edges) - 1 for edges in bin_edges])
        widths = np.concatenate([np.diff(edges) for edges in bin_edges])
        is_first, is_last = (
            np.diff(columns, **end) != 0 for end in ({"prepend": -1}, {"append": -1})
        )
        return cls(
            columns,
            np.concatenate([edges[:-1] for edges in bin_edges]),
            widths,
            np.where(is_first & (widths > 0), -np.inf, 0.0),
            np.where(widths > 0, np.where(is_last, np.inf, 1.0), 0.0),
        )


def quantile_edges(
    values: NDArray[np.float64], weights: NDArray[np.float64], n_bins: int
) -> NDArray[np.float64]:
    """The edges of bins that hold about the same weight each; equal ones are one."""
    levels = np.linspace(0, 1, n_bins + 1)
    return np.unique(np.quantile(values, levels, weights=weights, method="inverted_cdf"))


def make_tree(
    y: NDArray[Any], weights: NDArray[np.float64], target_type: str, **settings: Any
) -> tuple[Any, NDArray[Any]]:
    """A tree for any one column, not fitted, and the target that it is to predict.

    Raises
    ------
    ValueError
        If numbers are to be predicted, and `y` holds none.
    """
    are_numbers = target_type == "numbers"
    if target_type == "auto":
        is_count = y.dtype.kind in "iu" and len(np.unique(y)) > MOST_CLASSES
        are_numbers = y.dtype.kind == "f" or is_count
    if not are_numbers:
        return DecisionTreeClassifier(**settings), y
    try:
        y = y.reshape(len(y), -1).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`y` must be numbers for target_type='numbers': {error}") from error
    # So that none of several outputs decides alone, because its unit is small.
    y = StandardScaler().fit_transform(y, sample_weight=weights)
    return DecisionTreeRegressor(**settings), y


def tree_edges(
    values: NDArray[np.float64], tree: Any, y: NDArray[Any], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The edges of the bins of a column: its ends, and halfway where a tree splits its values."""
    different, ranks = np.unique(values, return_inverse=True)
    fitted = tree.fit(ranks[:, None], y, sample_weight=weights).tree_
    if fitted.n_leaves == len(different):
        return different  # all values are told apart: bins halfway would be one too many
    # Leaves have no threshold; ranks are 0, 1, 2 and so on, and thresholds halfway between them.
    below = np.floor(fitted.threshold[fitted.children_left >= 0]).astype(np.intp)
    middles = different[below] + (different[below + 1] - different[below]) / 2
    return np.unique(np.concatenate([different[[0, -1]], middles]))
