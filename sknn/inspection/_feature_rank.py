"""`FeatureRankDisplay`: how often each feature had each rank."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from sknn.inspection._checks import check_names, how_many
from sknn.inspection._fitted import count, last_step, names_of
from sknn.inspection._style import as_image, dress_colorbar, merge, open_axes, write_title

# More columns than this leave no room for numbers.
MOST_NUMBERS = 26


class FeatureRankDisplay:
    """Heat map of features and ranks: how often each had each, the most important on top.

    Make one with `from_estimator`. A feature that matters keeps to the left in all refits; one
    whose row is spread out owes its rank to chance.

    Parameters
    ----------
    rank_counts : array-like of int of shape (n_features, n_ranks)
        How often a feature (row) had a rank (column, from rank 1 on).
    feature_names : sequence of str
        Names of the features.
    mean_rank : array-like of shape (n_features,), default=None
        Their mean ranks, by which they are ordered; None to compute them from the counts.

    Attributes
    ----------
    order : ndarray of int of shape (n_features,)
        The features, by number, in the order of their mean ranks.
    ax_ : matplotlib Axes
        What is drawn on.
    figure_ : matplotlib Figure
        The figure that it is part of.
    im_ : matplotlib AxesImage
        The heat map.
    text_ : list of matplotlib Text
        The counts.
    colorbar_ : matplotlib Colorbar or None
        What the colours mean, if wanted.

    See Also
    --------
    sknn.feature_selection.RankStabilitySelector : Finds the ranks.
    FeatureDistributionDisplay : What the features show.

    Examples
    --------
    >>> from sknn.datasets import load_producers
    >>> from sknn.feature_selection import RankStabilitySelector
    >>> from sknn.inspection import FeatureRankDisplay
    >>> X, y = load_producers(return_X_y=True, as_frame=True)
    >>> selector = RankStabilitySelector(n_refits=10, random_state=0).fit(X / X.max(), y)
    >>> display = FeatureRankDisplay.from_estimator(selector)
    >>> display.im_.get_array().sum()
    np.int64(130)
    """

    def __init__(
        self,
        rank_counts: ArrayLike,
        feature_names: Sequence[str],
        *,
        mean_rank: ArrayLike | None = None,
    ) -> None:
        self.rank_counts = np.asarray(rank_counts)
        if self.rank_counts.ndim != 2:
            raise ValueError(
                "`rank_counts` must have a row for each feature and a column for each rank, got "
                f"an array of shape {self.rank_counts.shape}"
            )
        n = len(self.rank_counts)
        self.feature_names = check_names(
            "feature_names", feature_names, n, ", one for each row of `rank_counts`"
        )
        totals = self.rank_counts.sum(axis=1)
        if not (totals > 0).all():
            raise ValueError("`rank_counts` must count a rank of every feature, got a row of zeros")
        if mean_rank is None:
            mean_rank = self.rank_counts @ np.arange(1, self.rank_counts.shape[1] + 1) / totals
        self.mean_rank = np.asarray(mean_rank, dtype=np.float64)
        if self.mean_rank.shape != (n,):
            raise ValueError(
                f"`mean_rank` must be of shape ({n},), got an array of shape {self.mean_rank.shape}"
            )
        self.order = np.argsort(self.mean_rank, kind="stable")

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kws: Any,
    ) -> Self:
        """Draw the ranks that a selector found.

        Parameters
        ----------
        estimator : RankStabilitySelector, or Pipeline that ends in one
            Fitted.
        feature_names : sequence of str, default=None
            Names of the features; None for those that it was fitted with.
        ax : matplotlib Axes, default=None
            As in `plot`.
        **plot_kws : dict
            As in `plot`.

        Returns
        -------
        display : FeatureRankDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        TypeError
            If it has no ranks.
        """
        selector = last_step(estimator)
        if not hasattr(selector, "rank_counts_"):
            raise TypeError(
                f"`estimator` must be a RankStabilitySelector, got {type(selector).__name__}"
            )
        names = feature_names
        if names is None:
            names = names_of(estimator, len(selector.rank_counts_))
        display = cls(selector.rank_counts_, names, mean_rank=selector.mean_rank_)
        return display.plot(ax, **plot_kws)

    def plot(
        self,
        ax: Any = None,
        *,
        max_features: int | None = None,
        highlight: str | Collection[str] = (),
        show_counts: bool | None = None,
        colorbar: bool = True,
        im_kws: dict[str, Any] | None = None,
        text_kws: dict[str, Any] | None = None,
        theme: Literal["light", "dark"] | None = None,
    ) -> Self:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None for a new figure.
        max_features : int, default=None
            How many features to show, from the most important on; None for all.
        highlight : str or sequence of str, default=()
            Features whose names are written in bold.
        show_counts : bool, default=None
            Whether to write the counts on the map; None if there is room.
        colorbar : bool, default=True
            Whether to draw what the colours mean.
        im_kws, text_kws : dict, default=None
            Keywords for matplotlib's `imshow` and `text`.
        theme : {'light', 'dark'}, default=None
            Colours; None for those that fit the background.

        Returns
        -------
        display : FeatureRankDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a parameter is invalid.
        """
        from matplotlib.ticker import MaxNLocator

        highlight = {highlight} if isinstance(highlight, str) else set(highlight)
        unknown = highlight - set(self.feature_names)
        if unknown:
            raise ValueError(
                f"`highlight` must be of {self.feature_names}, got {sorted(map(str, unknown))}"
            )
        order = self.order[: how_many("max_features", max_features, len(self.order))]
        shown = self.rank_counts[order]
        n_refits = int(self.rank_counts.sum(axis=1).max())
        if show_counts is None:
            show_counts = shown.shape[1] <= MOST_NUMBERS
        size = (min(14.0, 3.2 + 0.42 * shown.shape[1]), min(16.0, 1.5 + 0.36 * len(shown)))
        axes, found, _ = open_axes(ax, theme, size=size)
        self.ax_, self.figure_ = axes[0, 0], axes[0, 0].get_figure()
        look = {"cmap": found.sequential, "vmin": 0, "vmax": n_refits, "aspect": "auto"}
        self.im_ = self.ax_.imshow(shown, **merge(look, im_kws))
        self.text_ = []
        for (row, column), value in np.ndenumerate(shown) if show_counts else ():
            if value:
                color = found.readable_on(self.im_.cmap(self.im_.norm(value)))
                words = {"ha": "center", "va": "center", "fontsize": 8, "color": color}
                text = self.ax_.text(column, row, f"{value}", **merge(words, text_kws))
                self.text_.append(text)
        self._label(order, shown.shape[1], highlight)
        as_image(self.ax_)
        write_title(self.ax_, f"Ranks in {count(n_refits, 'refit')}", found)
        self.colorbar_ = None
        if colorbar:
            ticks = MaxNLocator(integer=True)
            self.colorbar_ = self.figure_.colorbar(self.im_, ax=self.ax_, shrink=0.8, ticks=ticks)
            dress_colorbar(self.colorbar_, "refits", found)
        return self

    def _label(self, order: Any, n_ranks: int, highlight: set[str]) -> None:
        labels = [f"{self.feature_names[k]} ({self.mean_rank[k]:.1f})" for k in order]
        self.ax_.set_yticks(range(len(order)), labels, parse_math=False)
        for label, k in zip(self.ax_.get_yticklabels(), order, strict=True):
            label.set_fontweight("bold" if self.feature_names[k] in highlight else "normal")
        # Of many ranks, every fifth or so is named.
        step = max(1, -(-n_ranks // MOST_NUMBERS))
        ranks = range(0, n_ranks, step)
        self.ax_.set_xticks(ranks, [str(rank + 1) for rank in ranks])
        self.ax_.set_xlabel("rank")
