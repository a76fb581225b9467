"""`ConvergenceDisplay`: the loss while the learning rate rises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from sknn.inspection._fitted import named
from sknn.inspection._learning_rate_range import LearningRateRange, learning_rate_range
from sknn.inspection._style import add_legend, merge, open_axes, write_title
from sknn.inspection._style import despine as remove_frame


class ConvergenceDisplay:
    """The loss of a network whose learning rate rises with every update: a range test.

    Make one with `from_estimator`, or `from_range` with what `learning_rate_range` returned.
    Left of the suggestion training is slow; where the curve turns up, steps are too long.

    Parameters
    ----------
    ranges : LearningRateRange or dict of str to LearningRateRange
        The tests, by name.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What is drawn on.
    figure_ : matplotlib Figure
        The figure that it is part of.
    lines_ : dict of str to matplotlib Line2D
        The smoothed losses, by name.
    suggestions_ : dict of str to matplotlib Line2D
        The marks of the suggested rates, of the tests that have one.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    learning_rate_range : The test itself.

    Examples
    --------
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import ConvergenceDisplay
    >>> X, y = load_producers(return_X_y=True)
    >>> display = ConvergenceDisplay.from_estimator(
    ...     ScratchMLPClassifier(random_state=0), X / X.max(axis=0), y, n_updates=100
    ... )
    >>> display.ax_.get_xscale()
    'log'
    """

    def __init__(self, ranges: LearningRateRange | Mapping[str, LearningRateRange]) -> None:
        if isinstance(ranges, LearningRateRange):
            ranges = {"loss": ranges}
        self.ranges = dict(ranges) if isinstance(ranges, Mapping) else {}
        if not self.ranges:
            raise ValueError(f"`ranges` must hold at least one LearningRateRange, got {ranges!r}")
        for name, one in self.ranges.items():
            if not isinstance(one, LearningRateRange):
                raise ValueError(
                    f"`ranges` must hold LearningRateRange objects, got {one!r} for {name!r}"
                )

    @classmethod
    def from_range(
        cls,
        ranges: LearningRateRange | Mapping[str, LearningRateRange],
        *,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw tests that have been made.

        Parameters
        ----------
        ranges : LearningRateRange or dict of str to LearningRateRange
            The tests, by name.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : ConvergenceDisplay
            The display, drawn.
        """
        return cls(ranges).plot(ax, **plot_kws)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        lowest: float = 1e-6,
        highest: float = 10.0,
        n_updates: int = 250,
        random_state: Any = None,
        name: str | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Test one or several networks, and draw what was found.

        Parameters
        ----------
        estimator : estimator or dict of str to estimator
            As in `learning_rate_range`; several, by name, to compare them. They are left as they
            are.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their classes, or the numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.
        lowest : float, default=1e-06
            The first learning rate.
        highest : float, default=10.0
            The last learning rate.
        n_updates : int, default=250
            Updates from the first to the last.
        random_state : int, RandomState instance or None, default=None
            Source of the order of the rows; None for that of the estimator.
        name : str, default=None
            What to call a single estimator; None for the name of its type.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : ConvergenceDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no network in an estimator.
        ValueError
            If a parameter or the data are invalid.
        """
        ranges = {
            key: learning_rate_range(
                one,
                X,
                y,
                sample_weight=sample_weight,
                lowest=lowest,
                highest=highest,
                n_updates=n_updates,
                random_state=random_state,
            )
            for key, one in named(estimator, name).items()
        }
        return cls(ranges).plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        show_losses: bool = True,
        line_kws: dict[str, Any] | None = None,
        suggestion_kws: dict[str, Any] | None = None,
        legend_kws: dict[str, Any] | None = None,
        despine: bool = True,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw the losses over the rates.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None for a new figure.
        show_losses : bool, default=True
            Whether to draw the loss of every batch, thin, below the smoothed ones.
        line_kws, suggestion_kws, legend_kws : dict, default=None
            Keywords for matplotlib's `plot` of the smoothed losses and of the suggestion, and
            `legend`.
        despine : bool, default=True
            Whether to remove the frame on top and on the right.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : ConvergenceDisplay
            The display itself.
        """
        axes, found, _ = open_axes(ax, theme, size=(6.8, 4.2))
        self.ax_, self.figure_ = axes[0, 0], axes[0, 0].get_figure()
        self.lines_, self.suggestions_ = {}, {}
        # Drawn first, so that all marks lie above all curves.
        for k, (name, test) in enumerate(self.ranges.items()):
            color, dashes = found.line(k)
            look = {"color": color, "linestyle": dashes, "linewidth": 1.8, "label": name}
            look = merge({**look, "zorder": 3}, line_kws)
            if show_losses:
                raw = {"color": look["color"], "linewidth": 0.6, "alpha": 0.45}
                self.ax_.plot(test.rates, test.losses, label=f"_{name}", **raw)
            (self.lines_[name],) = self.ax_.plot(test.rates, test.smoothed_losses, **look)
        for name, test in self.ranges.items():
            if test.suggestion is None:
                continue
            place = int(np.argmin(np.abs(test.rates - test.suggestion)))
            mark = {"linestyle": "none", "marker": "o", "markersize": 8, "zorder": 4}
            mark |= {"color": self.lines_[name].get_color(), "markeredgecolor": found.background}
            mark["label"] = f"suggested for {name}: {test.suggestion:.2g}"
            if len(self.ranges) == 1:
                mark["label"] = f"suggested: {test.suggestion:.2g}"
            (self.suggestions_[name],) = self.ax_.plot(
                [test.suggestion], [test.smoothed_losses[place]], **merge(mark, suggestion_kws)
            )
        self.ax_.set_xscale("log")
        self.ax_.set(xlabel="learning rate", ylabel="loss of a batch", ylim=self._limits())
        write_title(self.ax_, "Loss while the learning rate rises", found)
        self.legend_ = add_legend(self.ax_, found, legend_kws)
        if despine:
            remove_frame(self.ax_)
        return self

    def _limits(self) -> tuple[float, float]:
        """From below the least loss to above where the losses began: what is higher diverges."""
        smoothed = [test.smoothed_losses for test in self.ranges.values()]
        low = min(float(one.min()) for one in smoothed)
        high = max(float(one[: max(3, len(one) // 4)].max()) for one in smoothed)
        room = 0.25 * (high - low) or 0.5
        # Most losses are never below 0.
        return low - room if low < 0 else max(low - room, -0.04 * high), high + room
