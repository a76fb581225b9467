"""`FeatureDistributionDisplay`: the values of each feature, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from sknn._frames import plain_frame
from sknn.inspection._checks import check_choice, how_many
from sknn.inspection._distributions import draw_boxes, draw_densities, known_values
from sknn.inspection._fitted import last_step, names_of
from sknn.inspection._panels import LETTERS, grid_of, hide_rest
from sknn.inspection._style import Theme, add_legend, merge, open_axes, write_title
from sknn.inspection._tables import name_classes, read_table

# More curves than this over each other cannot be told apart.
MOST_DENSITIES = 4


class FeatureDistributionDisplay:
    """The distribution of each feature in each class, in order of importance.

    Make one with `from_data` or `from_estimator`. A feature whose classes lie apart tells them
    apart by itself; one whose classes coincide may still do so together with others.

    Parameters
    ----------
    values : array-like of shape (n_samples, n_features)
        The features; NaN where a value is missing.
    y : array-like of shape (n_samples,)
        The classes of the rows.
    feature_names : sequence of str
        Names of the features.
    class_names : sequence of str, default=None
        What to call the classes, in the order of their sorted labels; None for their labels.
    importances : array-like of shape (n_features,), default=None
        By which to order the features, the highest first; None for the order of the columns.

    Attributes
    ----------
    order : ndarray of int of shape (n_features,)
        The features, by number, in the order of the panels.
    axes_ : ndarray of matplotlib Axes of shape (n_shown,)
        The panels, one for each feature.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        The figure that they are part of.
    legend_ : matplotlib Legend or None
        The names of the classes, where the rows of a panel do not have them.

    See Also
    --------
    FeatureRankDisplay : How often each feature had each rank.
    FeatureHistogramDisplay : The features without classes.

    Notes
    -----
    A density is that of its class alone, smoothed with a Gaussian kernel whose width follows
    Scott's rule; each tick below is a row. A class that has one value only is drawn as a spike. A
    box holds the middle half of its class, the line in it is the median, the whiskers end at the
    5th and the 95th percentile, and what lies outside is a dot.

    Examples
    --------
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import FeatureDistributionDisplay
    >>> X, y = load_producers(return_X_y=True, as_frame=True)
    >>> display = FeatureDistributionDisplay.from_data(X[["hue", "proline"]], y)
    >>> [ax.get_title(loc="left") for ax in display.axes_]
    ['hue', 'proline']
    """

    def __init__(
        self,
        values: ArrayLike,
        y: ArrayLike,
        feature_names: Sequence[str],
        *,
        class_names: Sequence[str] | None = None,
        importances: ArrayLike | None = None,
    ) -> None:
        self.values, self.feature_names = read_table(values, feature_names)
        check_consistent_length(self.values, y)
        self.classes, self.numbers, self.class_names = name_classes(y, class_names)
        n_features = self.values.shape[1]
        self.importances = None if importances is None else np.asarray(importances, np.float64)
        self.order = np.arange(n_features)
        if self.importances is not None:
            if self.importances.shape != (n_features,) or np.isnan(self.importances).any():
                raise ValueError(
                    f"`importances` must be {n_features} numbers, one for each feature, got "
                    f"{importances!r}"
                )
            self.order = np.argsort(-self.importances, kind="stable")

    @classmethod
    def from_data(
        cls,
        X: Any,
        y: ArrayLike,
        *,
        importances: ArrayLike | None = None,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the features of a table.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The table; NaN where a value is missing.
        y : array-like of shape (n_samples,)
            The classes of the rows.
        importances : array-like of shape (n_features,), default=None
            By which to order the features, the highest first; None for the order of the columns.
        feature_names : sequence of str, default=None
            Names of the features; None for those of the columns.
        class_names : sequence of str, default=None
            What to call the classes, in the order of their sorted labels; None for their labels.
        ax : array-like of matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : FeatureDistributionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a column holds anything but numbers, or lengths do not agree.
        """
        values, names = read_table(X, feature_names)
        display = cls(values, y, names, class_names=class_names, importances=importances)
        return display.plot(ax, **plot_kws)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the features of a table in the order in which a fitted estimator ranks them.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``ranking_`` (1 being the first), as a `RankStabilitySelector` has it, or
            with ``feature_importances_``; or a Pipeline that ends in one.
        X : array-like of shape (n_samples, n_features)
            The table, in the units that it is to be seen in.
        y : array-like of shape (n_samples,)
            The classes of the rows.
        feature_names : sequence of str, default=None
            Names of the features; None for those that it was fitted with, or of the columns.
        class_names : sequence of str, default=None
            What to call the classes, in the order of their sorted labels; None for their labels.
        ax : array-like of matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : FeatureDistributionDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If it does not rank features.
        ValueError
            If the table is not of the features that it was fitted on.
        """
        X = plain_frame(X)
        ranker = last_step(estimator)
        if hasattr(ranker, "ranking_"):
            importances = -np.asarray(ranker.ranking_, dtype=np.float64)
        elif hasattr(ranker, "feature_importances_"):
            importances = np.asarray(ranker.feature_importances_)
        else:
            raise TypeError(
                "`estimator` must have ranking_ or feature_importances_, got "
                f"{type(ranker).__name__}"
            )
        if feature_names is None and not hasattr(X, "columns"):
            feature_names = names_of(estimator, len(importances))
        values, names = read_table(X, feature_names)
        if values.shape[1] != len(importances):
            raise ValueError(
                f"`X` must have the {len(importances)} features that the estimator was fitted on, "
                f"got {values.shape[1]}"
            )
        fitted_on = getattr(estimator, "feature_names_in_", None)
        if fitted_on is not None and list(getattr(X, "columns", fitted_on)) != list(fitted_on):
            raise ValueError(
                "`X` must have the columns that the estimator was fitted on, in that order: "
                f"{list(fitted_on)}, got {list(X.columns)}"
            )
        display = cls(values, y, names, class_names=class_names, importances=importances)
        return display.plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        kind: Literal["auto", "density", "box"] = "auto",
        max_features: int | None = None,
        n_columns: int = 4,
        line_kws: dict[str, Any] | None = None,
        fill_kws: dict[str, Any] | None = None,
        legend_kws: dict[str, Any] | None = None,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw a panel for each feature.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            What to draw on, one for each feature that is shown; None for a new figure.
        kind : {'auto', 'density', 'box'}, default='auto'
            Densities over each other, or a box for each class under each other; 'auto' for
            densities if there are four classes at most.
        max_features : int, default=None
            How many features to show, from the first on; None for all.
        n_columns : int, default=4
            Panels side by side, at most, on a new figure.
        line_kws, fill_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `plot` of densities or of medians, `fill_between` or `barh`,
            and `legend`.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : FeatureDistributionDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        check_choice("kind", kind, ("auto", "density", "box"))
        if kind == "auto":
            kind = "density" if len(self.classes) <= MOST_DENSITIES else "box"
        order = self.order[: how_many("max_features", max_features, len(self.order))]
        height = 2.0 if kind == "density" else 0.7 + 0.22 * len(self.classes)
        rows, columns = grid_of(len(order), n_columns)
        if ax is None:
            beside = 0.085 * max(map(len, self.class_names)) if kind == "box" else 0.0
            size = (max(5.5, 3.1 * columns) + beside, height * rows + 0.7)
            axes, found, is_new = open_axes(None, theme, rows=rows, columns=columns, size=size)
        else:
            axes, found, is_new = open_axes(ax, theme, rows=1, columns=len(order), size=(0, 0))
        self.axes_, spare = axes.ravel()[: len(order)], axes.ravel()[len(order) :]
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].get_figure()
        draw = draw_densities if kind == "density" else draw_boxes
        n_classes = len(self.classes)
        for place, (one, feature) in enumerate(zip(self.axes_, order, strict=True)):
            values = self.values[:, feature]
            by_class = [known_values(values[self.numbers == k]) for k in range(n_classes)]
            draw(one, by_class, self.class_names, found, line_kws, fill_kws)
            ranked = f"{place + 1}. " if self.importances is not None else ""
            title = f"{ranked}{self.feature_names[feature]}"
            write_title(one, fill(title, LETTERS) if is_new else title, found)
            if kind == "box":
                # The names of the rows stand at the left edge of a figure only.
                is_named = not is_new or place % columns == 0
                names = self.class_names if is_named else [""] * n_classes
                one.set_yticks(range(n_classes), names, parse_math=False)
        hide_rest(spare)
        self.legend_ = self._legend(spare, found, is_new, legend_kws) if kind == "density" else None
        return self

    def _legend(
        self, spare: Any, theme: Theme, is_new: bool, legend_kws: dict[str, Any] | None
    ) -> Any:
        """In the first panel that is left over, else below; on the user's axes, in the first."""
        handles, labels = self.ax_.get_legend_handles_labels()
        if len(spare):
            kws = merge({"loc": "center left", "fontsize": "medium"}, legend_kws)
            return add_legend(spare[0], theme, kws, handles=handles, labels=labels)
        if not is_new:
            return add_legend(self.ax_, theme, legend_kws)
        look = {"loc": "outside lower left", "ncols": len(labels), "frameon": False}
        look |= {"labelcolor": theme.text, "fontsize": "small"}
        legend = self.figure_.legend(handles, labels, **merge(look, legend_kws))
        for text in legend.get_texts():
            text.set_parse_math(False)
        return legend
