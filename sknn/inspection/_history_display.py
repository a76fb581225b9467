"""What the displays of histories share: where histories come from, and panels of curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sknn.inspection._checks import check_count
from sknn.inspection._curves import draw_curve, limit_r2, scale_loss, whole_epochs
from sknn.inspection._fitted import caption_of, history_of, loss_name, named, networks_of
from sknn.inspection._histories import check_histories, describe_all, estimators_of, score_of
from sknn.inspection._history_panels import (
    SUBSET_NAMES,
    SUBSETS,
    Panels,
    look_of,
    share_limits,
)
from sknn.inspection._panels import LETTERS
from sknn.inspection._style import (
    add_legend,
    despine,
    open_axes,
    write_caption,
    write_title,
)
from sknn.training import History


class HistoryDisplay:
    """Histories by name, each of one training or of several, and curves of them in panels."""

    histories: dict[str, tuple[History, ...]]
    axes_: NDArray[Any]
    plot: Callable[..., Any]  # what a display draws is its own
    lines_: dict[tuple[str, str, str], Any]
    _called: Mapping[str, str] = SUBSET_NAMES
    _single: str | None = None  # what the user calls the only one there is

    def __init__(
        self,
        histories: History | Mapping[str, History | Sequence[History]],
        *,
        descriptions: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.histories = check_histories(histories)
        self.score = score_of(self.histories)
        self.loss_name = "cross-entropy" if self.score == "accuracy" else ""
        self.descriptions = {name: list(parts) for name, parts in (descriptions or {}).items()}

    @property
    def caption(self) -> str:
        """What is known of the trainings, shared parameters first; empty if nothing is."""
        return caption_of(self.descriptions)

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, name: str | None = None, ax: Any = None, **plot_kws: Any
    ) -> Self:
        """Draw the history of one or several fitted estimators.

        Parameters
        ----------
        estimator : estimator, list of estimators or dict of str to either
            Fitted: a classifier or regressor of `sknn.estimators`, a Pipeline or a search that
            ends in one. The networks of an ensemble, or of a list of such estimators, become a
            curve with a band. Several, by name, are drawn on one figure: all of them classifiers,
            or all of them regressors.
        name : str, default=None
            What to call a single estimator; None for the name of its type.
        ax : matplotlib Axes or array-like of them, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : Display
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no network in an estimator.
        sklearn.exceptions.NotFittedError
            If an estimator is not fitted.
        ValueError
            If what is asked for was not recorded.
        """
        networks = {key: networks_of(one) for key, one in named(estimator, name).items()}
        is_named = name is not None or isinstance(estimator, Mapping)
        return cls._of_networks(networks, is_named).plot(ax, **plot_kws)

    @classmethod
    def from_cv_results(
        cls, cv_results: Mapping[str, Any], *, name: str | None = None, ax: Any = None,
        **plot_kws: Any,
    ) -> Self:  # fmt: skip
        """Draw the histories of a cross-validation's fits as a curve with a band.

        Parameters
        ----------
        cv_results : dict
            What :func:`sklearn.model_selection.cross_validate` returned with
            ``return_estimator=True``; or a dict of such dicts by name.
        name : str, default=None
            What to call the curve of a single cross-validation; None for the type of estimator.
        ax : matplotlib Axes or array-like of them, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : Display
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimators were not kept, or what is asked for was not recorded.
        """
        several = (
            isinstance(cv_results, Mapping)
            and len(cv_results) > 0
            and all(isinstance(one, Mapping) for one in cv_results.values())
        )
        results = cv_results if several else {"": cv_results}
        fits = {key: estimators_of(one) for key, one in results.items()}
        if not several:
            ((_, folds),) = fits.items()
            fits = {next(iter(named(folds[0], name))): folds}
        networks = {
            key: tuple(net for fold in folds for net in networks_of(fold))
            for key, folds in fits.items()
        }
        return cls._of_networks(networks, several or name is not None).plot(ax, **plot_kws)

    @classmethod
    def _of_networks(cls, networks: Mapping[str, Sequence[Any]], is_named: bool) -> Self:
        display = cls(
            {name: [history_of(net) for net in nets] for name, nets in networks.items()},
            descriptions={name: describe_all(nets) for name, nets in networks.items()},
        )
        losses = {loss_name(net) for nets in networks.values() for net in nets}
        display.loss_name = losses.pop() if len(losses) == 1 else ""
        if is_named and len(networks) == 1:
            (display._single,) = display.histories
        return display

    # -----------------------------------------------------------------------------------
    # what is asked for

    def _call(self, subset_names: Mapping[str, str] | None) -> None:
        """Take the user's names of the subsets."""
        unknown = set(subset_names or {}) - set(SUBSETS)
        if unknown:
            raise ValueError(
                f"`subset_names` must have keys of {list(SUBSETS)}, got {sorted(unknown)}"
            )
        called = {**SUBSET_NAMES, **(subset_names or {})}
        before = "" if self._single is None else f"{self._single}, "
        self._called = {side: f"{before}{words}" for side, words in called.items()}

    def _measures(self, measure: str | Sequence[str] | None) -> list[str]:
        known = ["loss", self.score]
        if measure is None:
            return known
        measures = list(measure) if isinstance(measure, list | tuple) else [str(measure)]
        if not set(measures) <= set(known) or not 0 < len(measures) == len(set(measures)):
            raise ValueError(f"`measure` must be of {known}, got {measure!r}")
        return measures

    def _subsets(self, subset: str | None, column: str = "loss") -> list[str]:
        """Which rows to draw curves of: those asked for, or those that every history has."""
        recorded = [
            side
            for side in SUBSETS
            if all(
                np.isfinite(history[f"{side}_{column}"]).any()
                for runs in self.histories.values()
                for history in runs
            )
        ]
        if subset is None:
            return recorded
        if subset not in SUBSETS:
            raise ValueError(f"`subset` must be one of {list(SUBSETS)} or None, got {subset!r}")
        if subset not in recorded:
            raise ValueError(
                f"`subset`={subset!r} needs validation rows in every training, and there are none "
                "in some: fit with `X_val` and `y_val`, or with `early_stopping=True`"
            )
        return [subset]

    # -----------------------------------------------------------------------------------
    # drawing

    def _open(
        self, ax: Any, theme: str | None, measures: Sequence[str], side_by_side: bool
    ) -> Panels:
        names = list(self.histories)
        rows, columns = (len(measures), len(names)) if side_by_side else (1, len(measures))
        width = max(4.8, 4.3 * columns)
        longest = max(map(len, names))
        self._is_beside = (
            ax is None and not side_by_side and (len(names) > 3 or len(names) * longest > 48)
        )
        size = (width + (0.7 + 0.085 * longest) * self._is_beside, 3.7 * rows + 0.3)
        axes, found, is_new = open_axes(
            ax, theme, rows=rows, columns=columns, size=size, sharex="col"
        )
        self.axes_, self.ax_, self.figure_ = axes, axes.flat[0], axes.flat[0].get_figure()
        where = {
            (name, measure): axes[row, column] if side_by_side else axes[0, row]
            for column, name in enumerate(names)
            for row, measure in enumerate(measures)
        }
        return Panels(where, found, is_new)

    def _draw_all(
        self,
        panels: Panels,
        subsets: Sequence[str],
        values: Callable[[History, str], NDArray[np.float64]],
        **how: Any,
    ) -> None:
        """Draw a curve for every name, measure and subset; remember its line."""
        self.lines_ = {}
        for place, name in enumerate(self.histories):
            for measure in panels.measures:
                for side in subsets:
                    color, dashes = look_of(panels, place, side, len(subsets))
                    words = [name] if panels.shared else []
                    if not panels.shared or len(subsets) > 1:
                        words.append(self._called[side])
                    self.lines_[name, measure, side] = draw_curve(
                        panels.where[name, measure],
                        [values(run, f"{side}_{measure}") for run in self.histories[name]],
                        measure,
                        label=", ".join(words),
                        color=color,
                        dashes=dashes,
                        **how,
                    )

    def _finish(
        self,
        panels: Panels,
        *,
        titles: Mapping[str, str],
        subset: str | None,
        loss_scale: str,
        caption: bool,
        despines: bool,
        legend_kws: dict[str, Any] | None,
    ) -> None:
        """Label the axes, give the first a legend, and write the caption."""
        side_by_side = len(self.histories) > 1 and not panels.shared
        measures = panels.measures
        if subset is not None:
            titles = {key: f"{title}, {self._called[subset]}" for key, title in titles.items()}
        if loss_scale == "log" and "loss" in measures:
            scale_loss(panels.of("loss"))
        if "r2" in measures:
            limit_r2(panels.of("r2"))
        for (name, measure), axes in panels.where.items():
            whole_epochs(axes)
            if not side_by_side:
                write_title(axes, titles[measure], panels.theme)
            else:
                # On a new figure the outer panels speak for all in their row or column.
                if name == next(iter(self.histories)) or not panels.is_new:
                    axes.set_ylabel(titles[measure])
                if measure == measures[0]:
                    title = self._title(name)
                    title = fill(title, LETTERS) if panels.is_new else title
                    write_title(axes, title, panels.theme)
                if measure != measures[-1] and panels.is_new:
                    axes.set_xlabel("")
            if despines:
                despine(axes)
        if side_by_side:
            share_limits(panels)
        self.legend_ = self._legend(panels, legend_kws)
        if caption and panels.is_new and self.caption:
            write_caption(self.figure_, self.caption, panels.theme)

    def _title(self, name: str) -> str:
        """What stands over the panels of a name."""
        return name

    def _legend(self, panels: Panels, legend_kws: dict[str, Any] | None) -> Any:
        """Where names share axes: a line for each name, and one for each subset."""
        from matplotlib.lines import Line2D

        axes = panels.first
        handles, labels = axes.get_legend_handles_labels()
        if panels.shared and len({side for *_, side in self.lines_}) > 1:
            curves = set(self.lines_.values())
            others = [pair for pair in zip(handles, labels, strict=True) if pair[0] not in curves]
            pairs: list[tuple[Any, str]] = []
            for (name, measure, _), line in self.lines_.items():
                if measure == panels.measures[0] and name not in [label for _, label in pairs]:
                    pairs.append((Line2D([], [], color=line.get_color()), name))
            for side in dict.fromkeys(side for *_, side in self.lines_):
                look: dict[str, Any] = {"linestyle": "-" if side == "train" else "--"}
                proxy = Line2D([], [], color=panels.theme.muted, **look)
                pairs.append((proxy, self._called[side]))
            pairs += others
            handles, labels = [handle for handle, _ in pairs], [label for _, label in pairs]
        place: dict[str, Any] = {}
        if self._is_beside:
            axes = panels.of(panels.measures[-1])[0]
            place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
        return add_legend(axes, panels.theme, legend_kws, handles=handles, labels=labels, **place)


def check_smooth(smooth: Any) -> None:
    """Raise ValueError if it is no number of epochs."""
    if smooth is not None:
        check_count("smooth", smooth, " or None")
