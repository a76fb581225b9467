"""`PredictionIntervalDisplay`: predicted intervals, and the values that were observed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import column_or_1d

from sknn._frames import plain_frame
from sknn.backprop import Quantile
from sknn.inspection._checks import how_many
from sknn.inspection._quantile_predictions import QuantilePredictions, percent_of
from sknn.inspection._style import Theme, add_legend, merge, open_axes, write_title
from sknn.inspection._style import despine as remove_frame

BY_PREDICTION = "rows, in the order of the predicted median"


class PredictionIntervalDisplay:
    """Predicted intervals, with the values that were observed.

    Make one with `from_estimator` or `from_predictions`. Rows stand in the order of their
    predictions, or along a feature. An interval is between two predicted quantiles; the legend says
    which share of the observed values lies inside. Intervals are drawn as bands; along a feature on
    which the predictions do not depend alone, as a bar for each row.

    Parameters
    ----------
    predictions : QuantilePredictions
        Quantiles of at least two levels, and the observed values.
    x : array-like of shape (n_rows,), default=None
        Where each row stands; None for the order of the predictions.
    x_name : str, default=None
        What `x` is.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What is drawn on.
    figure_ : matplotlib Figure
        The figure that it is part of.
    bands_ : dict of float to matplotlib Collection
        The intervals, by the share that they should hold, the widest first.
    line_ : matplotlib Line2D or None
        The medians; None if they were not predicted.
    points_ : dict of str to matplotlib Line2D
        The observed values ``"inside"`` and ``"outside"`` of the widest interval.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    IntervalCalibrationDisplay : Whether intervals hold what they should.
    sklearn.metrics.PredictionErrorDisplay : Predicted against observed values, or residuals.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn.estimators import ScratchMLPRegressor
    >>> from sknn.inspection import PredictionIntervalDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ScratchMLPRegressor(
    ...     (16,), loss="quantile", max_iter=50, n_iter_no_change=float("inf"), random_state=0
    ... )
    >>> model = model.fit(20 * X[:300], y[:300])
    >>> display = PredictionIntervalDisplay.from_estimator(model, 20 * X[300:], y[300:])
    >>> list(display.bands_)
    [0.8]
    """

    def __init__(
        self,
        predictions: QuantilePredictions,
        *,
        x: ArrayLike | None = None,
        x_name: str | None = None,
    ) -> None:
        if not isinstance(predictions, QuantilePredictions):
            raise TypeError(
                f"`predictions` must be QuantilePredictions, got {type(predictions).__name__}"
            )
        if len(predictions.levels) < 2:
            raise ValueError(
                "`predictions` must have quantiles of at least two levels, which an interval is "
                f"between, got {predictions.levels.tolist()}"
            )
        self.predictions = predictions
        self.x = None if x is None else _numbers(x, "x", predictions.n_rows)
        self.x_name = BY_PREDICTION if x is None else str(x_name or "x")

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        levels: Sequence[float] | None = None,
        feature: int | str | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the intervals that a fitted regressor predicts.

        Parameters
        ----------
        estimator : regressor, or Pipeline or search that ends in one
            Fitted, with ``loss="quantile"`` or ``loss="gaussian"``; or any other that has
            ``predict(X, return_std=True)``.
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            Rows that it has not been trained on.
        y : array-like of shape (n_rows,)
            What was observed.
        levels : sequence of float, default=None
            As in `QuantilePredictions.from_estimator`.
        feature : int or str, default=None
            The column of `X` to draw over; None for the order of the predictions.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : PredictionIntervalDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator predicts neither quantiles nor standard deviations.
        ValueError
            If a parameter is invalid.
        """
        x, name = (None, None) if feature is None else _column(X, feature)
        predictions = QuantilePredictions.from_estimator(estimator, X, y, levels=levels)
        return cls(predictions, x=x, x_name=name).plot(ax, **plot_kws)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        quantiles: ArrayLike,
        *,
        levels: Sequence[float],
        x: ArrayLike | None = None,
        x_name: str | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw intervals that were predicted by any model.

        Parameters
        ----------
        y_true : array-like of shape (n_rows,)
            What was observed.
        quantiles : array-like of shape (n_rows, n_levels)
            The predicted quantiles of each row.
        levels : sequence of float
            Their levels, rising, above 0 and below 1.
        x : array-like of shape (n_rows,), default=None
            Where each row stands; None for the order of the predictions.
        x_name : str, default=None
            What `x` is.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : PredictionIntervalDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        predictions = QuantilePredictions.from_predictions(y_true, quantiles, levels=levels)
        return cls(predictions, x=x, x_name=x_name).plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        max_rows: int | None = 200,
        band_kws: dict[str, Any] | None = None,
        line_kws: dict[str, Any] | None = None,
        point_kws: dict[str, Any] | None = None,
        legend_kws: dict[str, Any] | None = None,
        despine: bool = True,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw bands, median and points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None for a new figure.
        max_rows : int, default=200
            Rows to draw, at most, evenly spaced in their order; None for all. The shares in the
            legend are of all rows.
        band_kws, line_kws, point_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `fill_between` or `vlines` of the intervals, `plot` of the
            medians, `plot` of the observed values, and `legend`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : PredictionIntervalDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        shown = self._shown(max_rows)
        axes, found, is_new = open_axes(ax, theme, size=(8.6, 4.0))
        self.ax_, self.figure_ = axes[0, 0], axes[0, 0].get_figure()
        where = np.arange(1, len(shown) + 1) if self.x is None else self.x[shown]
        self._draw_bands(where, shown, found, band_kws)
        self._draw_median(where, shown, found, line_kws)
        self._draw_points(where, shown, found, point_kws)
        n_rows = self.predictions.n_rows
        few = "" if len(shown) == n_rows else f" ({len(shown)} of {n_rows:,} rows)"
        self.ax_.set_xlabel(f"{self.x_name}{few}", parse_math=False)
        self.ax_.set_ylabel("target")
        self.ax_.margins(x=0.01)
        write_title(self.ax_, "Predicted intervals and observed values", found)
        place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if is_new else {}
        self.legend_ = add_legend(self.ax_, found, legend_kws, **place)
        self._shade_legend()
        if despine:
            remove_frame(self.ax_)
        return self

    def _shown(self, max_rows: int | None) -> NDArray[np.intp]:
        """The rows to draw, by number, in their order."""
        n = how_many("max_rows", max_rows, self.predictions.n_rows)
        order = np.argsort(self.predictions.middle if self.x is None else self.x, kind="stable")
        return order[np.linspace(0, len(order) - 1, n).round().astype(np.intp)]

    def _is_rough(self, shown: NDArray[np.intp]) -> bool:
        """Whether the predictions jump from row to row, as those of a model of more features do."""
        middle = self.predictions.middle[shown]
        return self.x is not None and bool(np.abs(np.diff(middle)).sum() > 4 * np.ptp(middle))

    def _draw_bands(
        self, where: Any, shown: Any, theme: Theme, band_kws: dict[str, Any] | None
    ) -> None:
        self.bands_ = {}
        coverages = self.predictions.coverages
        # Rows side by side are no function of anything: each has a step of its own.
        style: dict[str, Any] = {"linewidth": 0, "step": "mid" if self.x is None else None}
        draw = self.ax_.fill_between
        if self._is_rough(shown):
            draw = self.ax_.vlines
            style = {"linewidth": float(np.clip(420 / len(shown), 1, 5)), "capstyle": "butt"}
        for nominal, (low, high) in self.predictions.intervals.items():
            inside = percent_of(round(coverages[nominal], 3))
            look = {"color": theme.line(0)[0], "alpha": 0.25, **style}
            look["label"] = f"{percent_of(nominal)} interval: {inside} inside"
            self.bands_[nominal] = draw(where, low[shown], high[shown], **merge(look, band_kws))

    def _shade_legend(self) -> None:
        """Let the legend show intervals as they are seen, one upon the other."""
        labels = {text.get_text(): k for k, text in enumerate(self.legend_.get_texts())}
        seen_through = 1.0
        for band in self.bands_.values():
            seen_through *= 1 - (1.0 if band.get_alpha() is None else band.get_alpha())
            if band.get_label() in labels:
                handle = self.legend_.legend_handles[labels[band.get_label()]]
                handle.set_alpha(1 - seen_through)

    def _draw_median(
        self, where: Any, shown: Any, theme: Theme, line_kws: dict[str, Any] | None
    ) -> None:
        self.line_ = None
        place = Quantile.nearest_to_median(self.predictions.levels)
        if abs(self.predictions.levels[place] - 0.5) < 1e-9:
            look = {"color": theme.line(0)[0], "linewidth": 1.6, "label": "predicted median"}
            if self._is_rough(shown):
                look |= {"linestyle": "none", "marker": "_", "markersize": 5}
            (self.line_,) = self.ax_.plot(
                where, self.predictions.middle[shown], **merge(look, line_kws)
            )

    def _draw_points(
        self, where: Any, shown: Any, theme: Theme, point_kws: dict[str, Any] | None
    ) -> None:
        """Those outside differ in shape, too."""
        low, high = next(iter(self.predictions.intervals.values()))
        values = self.predictions.y_true[shown]
        inside = (low[shown] <= values) & (values <= high[shown])
        looks = {
            "inside": (inside, {"marker": "o", "color": theme.text, "markersize": 3.2}),
            "outside": (~inside, {"marker": "D", "color": theme.line(1)[0], "markersize": 4.0}),
        }
        self.points_ = {}
        for name, (those, look) in looks.items():
            look |= {"linestyle": "none", "markeredgewidth": 0, "alpha": 0.85, "zorder": 3}
            look["label"] = f"observed, {name}"
            (self.points_[name],) = self.ax_.plot(
                where[those], values[those], **merge(look, point_kws)
            )


def _column(X: Any, feature: int | str) -> tuple[NDArray[np.float64], str]:
    """The values of a column of a table, and its name."""
    X = plain_frame(X)
    names = [str(name) for name in getattr(X, "columns", ())]
    n_columns = np.shape(X)[1]
    if isinstance(feature, str):
        if feature not in names:
            raise ValueError(f"`feature` must be one of the columns {names}, got {feature!r}")
        place = names.index(feature)
    elif isinstance(feature, bool) or not 0 <= feature < n_columns:
        raise ValueError(f"`feature` must be a column from 0 to {n_columns - 1}, got {feature!r}")
    else:
        place = feature
    values = X.iloc[:, place] if names else X[:, [place]]
    if hasattr(values, "toarray"):
        values = values.toarray()
    name = names[place] if names else f"x{place}"
    return _numbers(np.asarray(values).reshape(-1), "feature", len(values)), name


def _numbers(values: Any, name: str, n_rows: int) -> NDArray[np.float64]:
    try:
        numbers = column_or_1d(values).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` must hold a number for each row: {error}") from error
    if len(numbers) != n_rows or not np.isfinite(numbers).all():
        raise ValueError(
            f"`{name}` must hold a finite number for each of {n_rows} rows, got {len(numbers)}"
            + ("" if np.isfinite(numbers).all() else " with NaN or infinity")
        )
    return numbers
