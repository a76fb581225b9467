"""`CorrelationDisplay`: which features go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from sknn.inspection._checks import check_choice
from sknn.inspection._style import (
    as_image,
    dress_colorbar,
    merge,
    open_axes,
    write_title,
)
from sknn.inspection._tables import read_table

# More features than this leave no room for numbers.
MOST_NUMBERS = 16


class CorrelationDisplay:
    """The correlation matrix of a table's features, as colours and numbers.

    Make one with `from_data`. A feature without spread has no correlation: its row is grey.

    Parameters
    ----------
    correlations : array-like of shape (n_features, n_features)
        The correlations, NaN where one is not defined.
    feature_names : sequence of str
        Names of the features.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What is drawn on.
    figure_ : matplotlib Figure
        The figure that it is part of.
    im_ : matplotlib AxesImage
        The matrix.
    text_ : list of matplotlib Text
        The numbers.
    colorbar_ : matplotlib Colorbar or None
        What the colours mean, if wanted.

    Notes
    -----
    Each correlation is over the rows in which neither value is missing. Spearman's is Pearson's of
    the ranks: it sees any monotonous relation, and does not depend on scale or outliers.

    Examples
    --------
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import CorrelationDisplay
    >>> X, _ = load_producers(return_X_y=True, as_frame=True)
    >>> display = CorrelationDisplay.from_data(X)
    >>> float(display.correlations[5, 6].round(2))  # total phenols and flavanoids
    0.86
    """

    def __init__(self, correlations: ArrayLike, feature_names: Sequence[str]) -> None:
        self.correlations = np.asarray(correlations, dtype=np.float64)
        self.feature_names = [str(name) for name in feature_names]
        n = len(self.feature_names)
        if self.correlations.shape != (n, n):
            raise ValueError(
                f"`correlations` must be of shape ({n}, {n}), for {n} feature names, got an array "
                f"of shape {self.correlations.shape}"
            )

    @classmethod
    def from_data(
        cls,
        X: Any,
        *,
        method: Literal["pearson", "spearman"] = "pearson",
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Compute and draw the correlations of a table's features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The table, of numbers; NaN where a value is missing.
        method : {'pearson', 'spearman'}, default='pearson'
            Which correlation.
        feature_names : sequence of str, default=None
            Names of the features; None for those of the columns.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : CorrelationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a column holds anything but numbers, or a parameter is invalid.
        """
        import pandas as pd

        check_choice("method", method, ("pearson", "spearman"))
        values, names = read_table(X, feature_names)
        # The spread of equal values is 0 but for rounding errors, which may correlate.
        spread = np.where([_is_constant(column) for column in values.T], np.nan, values)
        correlations = pd.DataFrame(spread).corr(method=method).to_numpy()
        return cls(correlations, names).plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        show_values: bool | None = None,
        colorbar: bool = True,
        im_kws: dict[str, Any] | None = None,
        text_kws: dict[str, Any] | None = None,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None for a new figure.
        show_values : bool, default=None
            Whether to write the correlations on the matrix; None if there is room.
        colorbar : bool, default=True
            Whether to draw what the colours mean.
        im_kws, text_kws : dict, default=None
            Keywords for matplotlib's `imshow` and `text`.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : CorrelationDisplay
            The display itself.
        """
        n = len(self.feature_names)
        side = min(12.0, max(3.2, 0.52 * n)) + 0.055 * max(map(len, self.feature_names))
        axes, found, _ = open_axes(ax, theme, size=(side + 1.4, side + 0.4))
        self.ax_, self.figure_, self.text_ = axes[0, 0], axes[0, 0].get_figure(), []
        look = {"cmap": found.diverging, "vmin": -1, "vmax": 1}
        shown = np.ma.masked_invalid(self.correlations)
        self.im_ = self.ax_.imshow(shown, **merge(look, im_kws))
        if n <= MOST_NUMBERS if show_values is None else show_values:
            for (row, column), value in np.ndenumerate(self.correlations):
                is_defined = np.isfinite(value)
                color = self.im_.cmap(self.im_.norm(value)) if is_defined else found.zero
                # Without the leading zero, which says nothing of a number below 1.
                number = _short(value) if is_defined else "–"
                words = {"ha": "center", "va": "center", "fontsize": 8}
                words["color"] = found.readable_on(color)
                self.text_.append(self.ax_.text(column, row, number, **merge(words, text_kws)))
        self.ax_.set_yticks(range(n), self.feature_names, parse_math=False)
        leaning: dict[str, Any] = {"rotation": 45, "ha": "right", "parse_math": False}
        self.ax_.set_xticks(range(n), self.feature_names, **leaning)
        self.ax_.tick_params(axis="x", pad=1)
        for label in self.ax_.get_xticklabels():
            label.set_rotation_mode("anchor")
        as_image(self.ax_)
        write_title(self.ax_, "Correlation of the features", found)
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = self.figure_.colorbar(self.im_, ax=self.ax_, shrink=0.7)
            dress_colorbar(self.colorbar_, "correlation", found)
        return self


def _is_constant(column: np.ndarray) -> bool:
    known = column[np.isfinite(column)]
    return len(known) < 2 or bool(np.ptp(known) == 0)


def _short(value: float) -> str:
    rounded = round(value, 2) + 0.0  # a zero has no sign
    return f"{rounded:.2f}".replace("0.", ".", 1)
