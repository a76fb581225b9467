"""`TrainingHistoryDisplay`: loss and score of a training, epoch by epoch or batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from sknn.inspection._checks import check_choice, check_share
from sknn.inspection._curves import trend
from sknn.inspection._history_display import HistoryDisplay, check_smooth
from sknn.inspection._history_panels import SCORES, SUBSETS, Panels
from sknn.inspection._style import merge
from sknn.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class TrainingHistoryDisplay(HistoryDisplay):
    """Loss and accuracy, or R², in the course of training.

    Make one with `from_estimator` or `from_cv_results`. A curve whose epochs are many is drawn
    thin, with its trend over it: the running median of a loss or an R², the running mean of an
    accuracy.

    Parameters
    ----------
    histories : History or dict of str to History or to list of History
        The records of training. Several under one name, of other seeds or folds, become a curve
        with a band.
    descriptions : dict of str to list of str, default=None
        What to say of each in the caption.
    monitor : {'train_loss', 'valid_loss', 'valid_accuracy', 'valid_r2'}, default='valid_loss'
        What the best epoch is best at.

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
    best_epochs_ : dict of str to int
        The epochs that are marked as the best, counted from 1, by name.
    legend_ : matplotlib Legend
        The legend of the first panel.

    See Also
    --------
    VolatilityDisplay : How much the batches of an epoch differ.
    sknn.training.History : What is drawn.

    Notes
    -----
    Losses are those without penalties. A training loss is the mean over the batches of its epoch,
    each taken before its update, so that it lags half an epoch behind the validation loss, and
    with dropout it is that of the thinned network. Losses of a regressor that scales its target are
    on the scale that it learns. An R² below -1 lies below the axis.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import TrainingHistoryDisplay
    >>> X, y = load_producers(return_X_y=True)
    >>> models = {
    ...     solver: make_pipeline(
    ...         StandardScaler(),
    ...         ScratchMLPClassifier(
    ...             solver=solver, learning_rate_init=0.01, early_stopping=True, random_state=0
    ...         ),
    ...     ).fit(X, y)
    ...     for solver in ("adam", "rmsprop")
    ... }
    >>> display = TrainingHistoryDisplay.from_estimator(models)
    >>> sorted(display.best_epochs_)
    ['adam', 'rmsprop']
    """

    best_epochs_: dict[str, int]

    def __init__(
        self,
        histories: History | Mapping[str, History | Sequence[History]],
        *,
        descriptions: Mapping[str, Sequence[str]] | None = None,
        monitor: str = "valid_loss",
    ) -> None:
        super().__init__(histories, descriptions=descriptions)
        check_choice("monitor", monitor, ("train_loss", "valid_loss", f"valid_{self.score}"))
        self.monitor = monitor

    @classmethod
    def _of_networks(cls, networks: Mapping[str, Sequence[Any]], is_named: bool) -> Self:
        display = super()._of_networks(networks, is_named)
        monitors = {net.monitor for nets in networks.values() for net in nets if net.early_stopping}
        if len(monitors) == 1:
            display.monitor = monitors.pop()
        return display

    def plot(
        self,
        ax: Any = None,
        *,
        measure: str | Sequence[str] | None = None,
        subset: Literal["train", "valid"] | None = None,
        level: Literal["epoch", "batch"] = "epoch",
        side_by_side: bool = False,
        mark_best: bool = True,
        smooth: int | None = None,
        band: float = 0.8,
        loss_scale: Literal["log", "linear"] = "log",
        caption: bool = True,
        subset_names: Mapping[str, str] | None = None,
        line_kws: dict[str, Any] | None = None,
        batch_kws: dict[str, Any] | None = None,
        band_kws: dict[str, Any] | None = None,
        best_kws: dict[str, Any] | None = None,
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
            What to draw, each in a panel of its own: loss and accuracy for classifiers, loss
            and R² for regressors; None for both.
        subset : {'train', 'valid'}, default=None
            The rows to draw it for; None for both, if validation rows were recorded.
        level : {'epoch', 'batch'}, default='epoch'
            A value an epoch, or a dot for each batch under the trend of the epochs. Needs
            ``record="batch"``.
        side_by_side : bool, default=False
            Whether each name gets panels of its own, in one scale, or all are drawn over each
            other.
        mark_best : bool, default=True
            Whether to mark the best epoch of each training: by `monitor`, where there is one
            training under a name and validation rows were recorded.
        smooth : int, default=None
            Epochs that a trend runs over; 1 for none. None for about a 25th of them.
        band : float, default=0.8
            Share of several trainings that the band holds, in [0, 1]; the curve is their median.
        loss_scale : {'log', 'linear'}, default='log'
            Scale of the losses; linear in any case where one is negative.
        caption : bool, default=True
            Whether to write the parameters below a new figure.
        subset_names : dict of str to str, default=None
            What to call ``"train"`` and ``"valid"`` instead of training and validation.
        line_kws, batch_kws, band_kws, best_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `plot` of curves, of batches, `fill_between`, `plot` of the
            best epoch, and `legend`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : TrainingHistoryDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid, or what is asked for was not recorded.
        """
        measures, subsets = self._measures(measure), self._subsets(subset)
        check_share("band", band)
        check_smooth(smooth)
        check_choice("loss_scale", loss_scale, ("log", "linear"))
        check_choice("level", level, ("epoch", "batch"))
        side_by_side = side_by_side and len(self.histories) > 1
        if level == "batch":
            self._check_batches(subsets, side_by_side)
        self._call(subset_names)
        panels = self._open(ax, theme, measures, side_by_side)
        if level == "batch":
            self._draw_batches(panels, subsets, smooth, line_kws, batch_kws)
        else:
            self._draw_all(
                panels,
                subsets,
                lambda history, column: history[column],
                window=smooth,
                band=band,
                line_kws=line_kws,
                band_kws=band_kws,
            )
        self.best_epochs_ = self._best_epochs() if mark_best and "valid" in subsets else {}
        self._mark_best(panels, best_kws)
        self._finish(
            panels,
            titles={
                "loss": f"Loss ({self.loss_name})" if self.loss_name else "Loss",
                self.score: SCORES[self.score],
            },
            subset=subset,
            loss_scale=loss_scale,
            caption=caption,
            despines=despine,
            legend_kws=legend_kws,
        )
        return self

    def _best_epochs(self) -> dict[str, int]:
        return {
            name: runs[0].best_epoch(self.monitor)  # type: ignore[arg-type]
            for name, runs in self.histories.items()
            if len(runs) == 1
        }

    def _mark_best(self, panels: Panels, best_kws: dict[str, Any] | None) -> None:
        """A ring on the value of the validation rows; its epoch in words where it is alone."""
        labelled = set()
        for (name, measure), axes in panels.where.items():
            if name not in self.best_epochs_:
                continue
            epoch = self.best_epochs_[name]
            (history,) = self.histories[name]
            color = panels.theme.text
            if panels.shared:
                color = self.lines_[name, measure, "valid"].get_color()
            label = "best epoch" if len(self.histories) > 1 else f"best epoch: {epoch}"
            ring = {"marker": "o", "markersize": 7, "markerfacecolor": "none"}
            ring |= {"markeredgewidth": 1.4, "linestyle": "none", "zorder": 4}
            # The last epoch is at the edge.
            look = {
                **ring,
                "markeredgecolor": color,
                "clip_on": False,
                "label": f"_{label}",
            }
            axes.plot([epoch], [history[f"valid_{measure}"][epoch - 1]], **merge(look, best_kws))
            if axes not in labelled:
                # The legend's ring is of no curve.
                look = {**ring, "markeredgecolor": panels.theme.text, "label": label}
                axes.plot([], [], **merge(look, best_kws))
                labelled.add(axes)

    def _title(self, name: str) -> str:
        epoch = self.best_epochs_.get(name)
        return name if epoch is None else f"{name}, best at {epoch}"

    def _check_batches(self, subsets: Sequence[str], side_by_side: bool) -> None:
        if len(self.histories) > 1 and not side_by_side:
            raise ValueError(
                "`level`='batch' shows a training in a panel: pass side_by_side=True to see "
                f"{list(self.histories)}"
            )
        for name, runs in self.histories.items():
            if len(runs) > 1:
                raise ValueError(
                    f"`level`='batch' shows one training, and {len(runs)} are called {name!r}"
                )
            for side in subsets:
                runs[0].volatility(
                    f"{side}_loss"
                )  # says how to record batches where there are none

    def _draw_batches(
        self,
        panels: Panels,
        subsets: Sequence[str],
        smooth: int | None,
        line_kws: dict[str, Any] | None,
        batch_kws: dict[str, Any] | None,
    ) -> None:
        self.lines_ = {}
        alone = len(subsets) == 1
        for (name, measure), axes in panels.where.items():
            (history,) = self.histories[name]
            for side in subsets:
                color, dashes = panels.theme.line(SUBSETS.index(side))
                called = self._called[side]
                _draw_dots(axes, history, f"{side}_{measure}", called, color, batch_kws)
                look = {
                    "color": panels.theme.text if alone else color,
                    "linestyle": "-" if alone else dashes,
                    "linewidth": 1.6,
                    "label": "trend of the epochs" if alone else f"epochs, {called}",
                    "zorder": 3,
                }
                epochs = np.arange(1, len(history) + 1)
                values = trend(history[f"{side}_{measure}"], measure, smooth)
                (self.lines_[name, measure, side],) = axes.plot(
                    epochs, values, **merge(look, line_kws)
                )


def _draw_dots(
    axes: Axes,
    history: History,
    column: str,
    called: str,
    color: str,
    batch_kws: dict[str, Any] | None,
) -> None:
    """A dot for every batch, between the start and the end of its epoch."""
    batches = history.batches[column]
    where = np.concatenate(
        [epoch - 1 + np.arange(1, len(own) + 1) / len(own) for epoch, own in batches.items()]
    )
    look: dict[str, Any] = {
        "linestyle": "none",
        "marker": ".",
        # A few dots must be seen, many must not hide each other.
        "markersize": float(np.clip(100 / np.sqrt(len(where)), 2.0, 6.0)),
        "markeredgewidth": 0,
        "alpha": 0.35,
        "color": color,
        # Fourteen thousand dots would make a vector file of megabytes.
        "rasterized": True,
        "label": f"_a batch, {called}",
    }
    look = merge(look, batch_kws)
    axes.plot(where, np.concatenate(list(batches.values())), **look)
    # In the legend, a dot that can be seen.
    axes.plot([], [], "o", color=look["color"], markersize=4, label=f"a batch, {called}")
