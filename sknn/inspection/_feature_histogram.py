"""`FeatureHistogramDisplay`: how the values of each feature are spread."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any, Literal, Self

import numpy as np

from sknn.inspection._checks import check_count, how_many
from sknn.inspection._panels import LETTERS, grid_of, hide_rest
from sknn.inspection._style import despine as remove_frame
from sknn.inspection._style import merge, open_axes, write_title
from sknn.inspection._tables import read_table

# Of a column with few bins one sees too little, of one with many, noise.
MOST_BINS = 60


class FeatureHistogramDisplay:
    """A histogram of each feature of a table.

    Make one with `from_data`. Missing values are counted in the title of their panel.

    Parameters
    ----------
    values : array-like of shape (n_samples, n_features)
        The table; NaN where a value is missing.
    feature_names : sequence of str
        Names of the features.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_shown,)
        The panels, one for each feature.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        The figure that they are part of.
    counts_, edges_ : list of ndarray
        Rows in each bin, and the bins' edges, of each feature.

    See Also
    --------
    FeatureDistributionDisplay : The features class by class.

    Examples
    --------
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import FeatureHistogramDisplay
    >>> X, _ = load_producers(return_X_y=True, as_frame=True)
    >>> display = FeatureHistogramDisplay.from_data(X[["hue", "proline"]], bins=8)
    >>> int(display.counts_[0].sum())
    178
    """

    def __init__(self, values: Any, feature_names: Sequence[str]) -> None:
        self.values, self.feature_names = read_table(values, feature_names)

    @classmethod
    def from_data(
        cls,
        X: Any,
        *,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the features of a table.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The table, of numbers; NaN where a value is missing.
        feature_names : sequence of str, default=None
            Names of the features; None for those of the columns.
        ax : array-like of matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : FeatureHistogramDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a column holds anything but numbers.
        """
        return cls(*read_table(X, feature_names)).plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        bins: int | Literal["auto"] = "auto",
        max_features: int | None = None,
        n_columns: int = 4,
        bar_kws: dict[str, Any] | None = None,
        despine: bool = True,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw a panel for each feature.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            What to draw on, one for each feature that is shown; None for a new figure.
        bins : int or 'auto', default='auto'
            How many; 'auto' for numpy's choice by the spread of each feature, 60 at most.
        max_features : int, default=None
            How many features to show, from the first on; None for all.
        n_columns : int, default=4
            Panels side by side, at most, on a new figure.
        bar_kws : dict, default=None
            Keywords for matplotlib's `stairs`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : FeatureHistogramDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        n = how_many("max_features", max_features, len(self.feature_names))
        if bins != "auto":
            check_count("bins", bins, " or 'auto'")
        rows, columns = grid_of(n, n_columns)
        if ax is not None:
            rows, columns = 1, n
        size = (max(5.0, 2.9 * columns), 2.0 * rows + 0.3)
        axes, found, _ = open_axes(ax, theme, rows=rows, columns=columns, size=size)
        self.axes_, self.counts_, self.edges_ = axes.ravel()[:n], [], []
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].get_figure()
        for one, values, name in zip(self.axes_, self.values.T, self.feature_names, strict=False):
            known = values[np.isfinite(values)]
            counts, edges = np.histogram(known, bins=_bins(known, bins))
            look = {"fill": True, "color": found.line(0)[0], "alpha": 0.85}
            one.stairs(counts, edges, **merge(look, bar_kws))
            one.grid(visible=False, axis="x")
            one.margins(x=0.02)
            missing = len(values) - len(known)
            title = f"{name} ({missing} missing)" if missing else name
            write_title(one, fill(title, LETTERS), found)
            if despine:
                remove_frame(one)
            self.counts_.append(counts)
            self.edges_.append(edges)
        for one in self.axes_[::columns]:
            one.set_ylabel("rows")
        hide_rest(axes.ravel()[n:])
        return self


def _bins(known: np.ndarray, bins: int | str) -> Any:
    if bins != "auto" or not len(known):
        return 1 if bins == "auto" else bins
    return min(MOST_BINS, max(5, len(np.histogram_bin_edges(known, "sturges")) - 1, _auto(known)))


def _auto(known: np.ndarray) -> int:
    """numpy's own choice, but for spreads so narrow that it would ask for millions of bins."""
    first, third = np.quantile(known, [0.25, 0.75])
    width = 2 * (third - first) / len(known) ** (1 / 3)
    return 1 if width <= 0 else int(min(MOST_BINS, np.ptp(known) / width))
