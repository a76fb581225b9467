"""`IntervalCalibrationDisplay`: whether predicted quantiles and intervals hold what they should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknn.inspection._checks import check_choice
from sknn.inspection._fitted import named
from sknn.inspection._quantile_predictions import QuantilePredictions, share_interval
from sknn.inspection._style import add_legend, merge, open_axes, write_title
from sknn.inspection._style import despine as remove_frame

# Levels of normal distributions: as many as a curve needs.
LEVELS = tuple(round(0.05 * k, 2) for k in range(1, 20))
LABELS = {
    "quantiles": ("level of the predicted quantile", "share of observed values below it"),
    "intervals": ("share that the interval should hold", "share of observed values inside"),
}
TITLES = {"quantiles": "Calibration of quantiles", "intervals": "Coverage of intervals"}


class IntervalCalibrationDisplay:
    """Observed against nominal shares, of quantiles or of the intervals between them.

    Make one with `from_estimator` or `from_predictions`. On the dashed diagonal, nine of ten
    observed values lie below the 90 % quantile, and so on. Bars are Wilson's 95 % intervals for a
    share of so many rows: where one does not reach the diagonal, chance does not explain the
    distance.

    Parameters
    ----------
    predictions : QuantilePredictions or dict of str to QuantilePredictions
        Quantiles and observed values; of several models by name.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What is drawn on.
    figure_ : matplotlib Figure
        The figure that it is part of.
    errorbars_ : dict of str to matplotlib ErrorbarContainer
        The points of each model and their bars.
    legend_ : matplotlib Legend or None
        The names of the models, if there are several.

    See Also
    --------
    PredictionIntervalDisplay : The intervals themselves.
    sklearn.calibration.CalibrationDisplay : The same for the probabilities of a classifier.

    Notes
    -----
    Calibration is judged over all rows together: intervals can be too wide for some rows and too
    narrow for others, and be calibrated. The pinball loss sees that.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.stats import norm
    >>> from sknn.inspection import IntervalCalibrationDisplay
    >>> y = np.random.default_rng(0).normal(size=400)
    >>> levels = [0.1, 0.5, 0.9]
    >>> quantiles = np.tile(norm.ppf(levels), (400, 1))
    >>> display = IntervalCalibrationDisplay.from_predictions(y, quantiles, levels=levels)
    >>> nominal, observed = display.errorbars_["predictions"].lines[0].get_data()
    >>> bool(abs(observed - nominal).max() < 0.05)
    True
    """

    def __init__(self, predictions: QuantilePredictions | Mapping[str, QuantilePredictions]):
        if isinstance(predictions, QuantilePredictions):
            predictions = {"predictions": predictions}
        self.predictions = dict(predictions) if isinstance(predictions, Mapping) else {}
        if not self.predictions or not all(
            isinstance(one, QuantilePredictions) for one in self.predictions.values()
        ):
            raise TypeError(
                "`predictions` must be QuantilePredictions or a dict of str to them, got "
                f"{predictions!r}"
            )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        levels: Sequence[float] | None = None,
        name: str | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw how the predictions of one or several fitted regressors are calibrated.

        Parameters
        ----------
        estimator : regressor or dict of str to regressor
            Fitted, with ``loss="quantile"`` or ``loss="gaussian"``, or a Pipeline or search that
            ends in one; or any other that has ``predict(X, return_std=True)``.
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            Rows that it has not been trained on.
        y : array-like of shape (n_rows,)
            What was observed.
        levels : sequence of float, default=None
            Which quantiles to judge; None for those that an estimator was fitted for, or, of normal
            distributions, for 0.05, 0.1 and so on up to 0.95.
        name : str, default=None
            What to call a single estimator; None for the name of its type.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : IntervalCalibrationDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If an estimator predicts neither quantiles nor standard deviations.
        ValueError
            If a parameter is invalid.
        """
        found = {
            key: QuantilePredictions.from_estimator(one, X, y, levels=levels, normal_levels=LEVELS)
            for key, one in named(estimator, name).items()
        }
        return cls(found).plot(ax, **plot_kws)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        quantiles: ArrayLike | Mapping[str, ArrayLike],
        *,
        levels: Sequence[float],
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw how quantiles that were predicted by any model are calibrated.

        Parameters
        ----------
        y_true : array-like of shape (n_rows,)
            What was observed.
        quantiles : array-like of shape (n_rows, n_levels) or dict of str to array-like
            The predicted quantiles of each row; of several models by name.
        levels : sequence of float
            Their levels, rising, above 0 and below 1.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : IntervalCalibrationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        several = quantiles if isinstance(quantiles, Mapping) else {"predictions": quantiles}
        found = {
            str(name): QuantilePredictions.from_predictions(y_true, values, levels=levels)
            for name, values in several.items()
        }
        return cls(found).plot(ax, **plot_kws)

    def shares(self, name: str, kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Nominal and observed shares of a model, rising.

        Parameters
        ----------
        name : str
            Which of the models.
        kind : {'quantiles', 'intervals'}
            Of what.

        Returns
        -------
        nominal, observed : ndarray of shape (n_levels,) or (n_intervals,)
            The shares.
        """
        found = self.predictions[name]
        if kind == "quantiles":
            return found.levels, found.shares_below
        coverages = dict(sorted(found.coverages.items()))
        return np.array(list(coverages)), np.array(list(coverages.values()))

    def plot(
        self,
        ax: Any = None,
        *,
        kind: Literal["quantiles", "intervals"] = "quantiles",
        errorbar_kws: dict[str, Any] | None = None,
        legend_kws: dict[str, Any] | None = None,
        despine: bool = True,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw observed over nominal shares.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None for a new figure.
        kind : {'quantiles', 'intervals'}, default='quantiles'
            Whether to judge each quantile by the share of observed values at or below it, or each
            interval by the share inside.
        errorbar_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `errorbar` and `legend`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : IntervalCalibrationDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid, or there is no interval to judge.
        """
        check_choice("kind", kind, tuple(LABELS))
        drawn = {name: self.shares(name, kind) for name in self.predictions}
        for name, (nominal, _) in drawn.items():
            if not len(nominal):
                raise ValueError(
                    "`kind`='intervals' needs quantiles of at least two levels, got "
                    f"{self.predictions[name].levels.tolist()} for {name!r}"
                )
        axes, found, _ = open_axes(ax, theme, size=(4.8, 4.9))
        self.ax_, self.figure_, self.errorbars_ = axes[0, 0], axes[0, 0].get_figure(), {}
        self.ax_.plot([0, 1], [0, 1], color=found.muted, linewidth=0.9, linestyle="--", zorder=1)
        for k, (name, (nominal, observed)) in enumerate(drawn.items()):
            n_rows = self.predictions[name].n_rows
            ends = np.array([share_interval(share, n_rows) for share in observed]).T
            color, dashes = found.line(k)
            look = {"color": color, "linestyle": dashes, "linewidth": 1.4, "marker": "osD^v"[k % 5]}
            look |= {"markersize": 4.5, "elinewidth": 1.1, "capsize": 2.5, "label": name}
            # Bars of several models would hide each other.
            shift = 0.008 * (k - (len(drawn) - 1) / 2)
            self.errorbars_[name] = self.ax_.errorbar(
                nominal + shift, observed, np.abs(ends - observed), **merge(look, errorbar_kws)
            )
        self.ax_.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        across, up = LABELS[kind]
        self.ax_.set(xlabel=across, ylabel=up)
        write_title(self.ax_, TITLES[kind], found)
        self.legend_ = None
        if len(drawn) > 1:
            self.legend_ = add_legend(self.ax_, found, legend_kws, loc="upper left")
        if despine:
            remove_frame(self.ax_)
        return self
