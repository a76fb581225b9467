"""Training curves: what a history says, drawn into axes that someone else has made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from sknn.report._style import BLACK, BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sknn.backprop import History

SIDES = (("train", "training", BLUE, "-"), ("valid", "test rows", ORANGE, "--"))


def plot_epochs(axes: Axes, history: History, measure: str) -> None:
    """Draw ``"loss"`` or ``"accuracy"`` of every epoch, training and validation."""
    for side, label, color, dashes in SIDES:
        _plot_with_trend(axes, history[f"{side}_{measure}"], measure, label, color, dashes)
    _finish(axes, measure)


def plot_volatility(axes: Axes, history: History, measure: str) -> None:
    """Draw the volatility of ``"loss"`` or ``"accuracy"``: highest minus lowest of an epoch."""
    for side, label, color, dashes in SIDES:
        values = history.volatility(f"{side}_{measure}")
        _plot_with_trend(axes, values, measure, label, color, dashes)
    _finish(axes, measure)


def plot_batches(axes: Axes, history: History, measure: str, side: str) -> None:
    """Draw ``"loss"`` or ``"accuracy"`` of every batch of one side, and the epochs' trend."""
    column = f"{side}_{measure}"
    label, color = next((label, color) for name, label, color, _ in SIDES if name == side)
    batches = history.batches[column]
    # Batches of an epoch lie between its start and its end, in their order.
    where = [
        epoch - 1 + np.arange(1, len(values) + 1) / len(values) for epoch, values in batches.items()
    ]
    axes.plot(
        np.concatenate(where),
        np.concatenate(list(batches.values())),
        linestyle="none",
        marker=".",
        markersize=2.0,
        markeredgewidth=0,
        alpha=0.35,
        color=color,
        # Fourteen thousand dots would make a vector file of megabytes.
        rasterized=True,
        label=f"a batch, {label}",
    )
    epochs = np.arange(1, len(history) + 1)
    axes.plot(epochs, trend(history[column], measure), color=BLACK, label="trend of the epochs")
    _finish(axes, measure)


def plot_band(
    axes: Axes, curves: NDArray[np.float64], measure: str, label: str, color: str, dashes: str
) -> None:
    """Draw the median of many runs' trends (n_runs, n_epochs), and the middle 80 % of them."""
    epochs = np.arange(1, curves.shape[1] + 1)
    trends = np.stack([trend(curve, measure) for curve in curves])
    low, middle, high = np.quantile(trends, [0.1, 0.5, 0.9], axis=0)
    axes.fill_between(epochs, low, high, color=color, alpha=0.18, linewidth=0)
    axes.plot(epochs, middle, color=color, linestyle=dashes, label=label)


def trend(values: NDArray[np.float64], measure: str) -> NDArray[np.float64]:
    """The course of a curve: the running median of a loss, the running mean of an accuracy.

    A median leaves out the spikes of a loss; that of an accuracy, which takes few values, would
    jump between two of them.
    """
    window = trend_window(len(values))
    if measure == "loss":
        return median_filter(values, size=window)
    return uniform_filter1d(values, size=window)


def trend_window(n_epochs: int) -> int:
    """Epochs that a trend runs over: an odd number, and 1, which is no trend, if there are few."""
    return n_epochs // 50 * 2 + 1


def scale_loss(axes: Axes) -> None:
    """Make the y axis logarithmic, with labels that people read: 0.2, 0.5, 1."""
    from matplotlib.ticker import LogLocator

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    within_few_decades = high / low < 300
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if within_few_decades else (1,)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")


def _plot_with_trend(
    axes: Axes, values: NDArray[np.float64], measure: str, label: str, color: str, dashes: str
) -> None:
    epochs = np.arange(1, len(values) + 1)
    axes.plot(epochs, values, color=color, linewidth=0.6, alpha=0.35, label=f"_{label}")
    (line,) = axes.plot(epochs, trend(values, measure), dashes, color=color, label=label)
    # Above the curves of both sides.
    line.set_zorder(3)


def _finish(axes: Axes, measure: str) -> None:
    axes.set_xlabel("epoch")
    if measure == "loss":
        scale_loss(axes)
    axes.margins(x=0.01)
