"""`VolatilityDisplay`: how much the batches of an epoch differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from sknn.inspection._checks import check_choice, check_share
from sknn.inspection._history_display import HistoryDisplay, check_smooth
from sknn.training import History

TITLES = {
    "loss": "Volatility of the loss",
    "accuracy": "Volatility of the accuracy",
    "r2": "Volatility of R²",
}


class VolatilityDisplay(HistoryDisplay):
    """Volatility of loss and accuracy or R²: highest minus lowest batch value of each epoch.

    Make one with `from_estimator` or `from_cv_results`, from fits with ``record="batch"``. Large
    values say that the batches pull in different directions: that they are small, or the learning
    rate is high.

    Parameters
    ----------
    histories : History or dict of str to History or to list of History
        The records of training, with batches. Several under one name become a curve with a band.
    descriptions : dict of str to list of str, default=None
        What to say of each in the caption.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_rows, n_columns)
        The panels.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        The figure that they are part of.
    lines_ : dict of tuple to matplotlib Line2D
        The curves, by name, measure (``"loss"``, ``"accuracy"`` or ``"r2"``) and subset
        (``"train"``, ``"valid"``).
    legend_ : matplotlib Legend
        The legend of the first panel.

    See Also
    --------
    TrainingHistoryDisplay : Loss and score themselves.
    sknn.training.History.volatility : What is drawn.

    Examples
    --------
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import VolatilityDisplay
    >>> X, y = load_producers(return_X_y=True)
    >>> model = ScratchMLPClassifier(
    ...     batch_size=20, record="batch", max_iter=30, n_iter_no_change=float("inf")
    ... )
    >>> model = model.fit(X / X.max(axis=0), y)
    >>> display = VolatilityDisplay.from_estimator(model, measure="loss")
    >>> len(display.lines_["ScratchMLPClassifier", "loss", "train"].get_xdata())
    30
    """

    def __init__(
        self,
        histories: History | Mapping[str, History | Sequence[History]],
        *,
        descriptions: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(histories, descriptions=descriptions)

    def plot(
        self,
        ax: Any = None,
        *,
        measure: str | Sequence[str] | None = None,
        subset: Literal["train", "valid"] | None = None,
        side_by_side: bool = False,
        smooth: int | None = None,
        band: float = 0.8,
        loss_scale: Literal["log", "linear"] = "log",
        caption: bool = True,
        subset_names: Mapping[str, str] | None = None,
        line_kws: dict[str, Any] | None = None,
        band_kws: dict[str, Any] | None = None,
        legend_kws: dict[str, Any] | None = None,
        despine: bool = True,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            What to draw on: an Axes for each measure; with `side_by_side`, one for each measure
            and name, measures being rows. None for a new figure.
        measure : {'loss', 'accuracy', 'r2'} or list of them, default=None
            What to draw the volatility of, each in a panel of its own: loss and accuracy for
            classifiers, loss and R² for regressors; None for both.
        subset : {'train', 'valid'}, default=None
            The rows to draw it for; None for both, if validation rows were recorded.
        side_by_side : bool, default=False
            Whether each name gets panels of its own, in one scale, or all are drawn over each
            other.
        smooth : int, default=None
            Epochs that a trend runs over; 1 for none. None for about a 25th of them.
        band : float, default=0.8
            Share of several trainings that the band holds, in [0, 1]; the curve is their median.
        loss_scale : {'log', 'linear'}, default='log'
            Scale of the losses' volatility.
        caption : bool, default=True
            Whether to write the parameters below a new figure.
        subset_names : dict of str to str, default=None
            What to call ``"train"`` and ``"valid"`` instead of training and validation.
        line_kws, band_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `plot`, `fill_between` and `legend`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : VolatilityDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid, or batches were not recorded.
        """
        measures, subsets = self._measures(measure), self._subsets(subset)
        check_share("band", band)
        check_smooth(smooth)
        check_choice("loss_scale", loss_scale, ("log", "linear"))
        for runs in self.histories.values():
            for history in runs:
                history.volatility("train_loss")  # says how to record batches where there are none
        self._call(subset_names)
        panels = self._open(ax, theme, measures, side_by_side and len(self.histories) > 1)
        self._draw_all(
            panels,
            subsets,
            History.volatility,
            window=smooth,
            band=band,
            line_kws=line_kws,
            band_kws=band_kws,
        )
        self._finish(
            panels,
            titles=TITLES,
            subset=subset,
            loss_scale=loss_scale,
            caption=caption,
            despines=despine,
            legend_kws=legend_kws,
        )
        return self
