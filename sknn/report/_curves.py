"""Training curves: what a history says, drawn into axes that someone else has made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sknn.report._style import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sknn.backprop import History

SIDES = (("train", "training", BLUE, "-"), ("valid", "test rows", ORANGE, "--"))


def plot_epochs(axes: Axes, history: History, measure: str) -> None:
    """Draw ``"loss"`` or ``"accuracy"`` of every epoch, training and validation."""
    for side, label, color, dashes in SIDES:
        _plot_with_trend(axes, history[f"{side}_{measure}"], label, color, dashes)
    _finish(axes, measure)


def plot_volatility(axes: Axes, history: History, measure: str) -> None:
    """Draw the volatility of ``"loss"`` or ``"accuracy"``: highest minus lowest of an epoch."""
    for side, label, color, dashes in SIDES:
        _plot_with_trend(axes, history.volatility(f"{side}_{measure}"), label, color, dashes)
    _finish(axes, measure)


def plot_batches(axes: Axes, history: History, measure: str, side: str) -> None:
    """Draw ``"loss"`` or ``"accuracy"`` of every batch of one side, and of the epochs over it."""
    column = f"{side}_{measure}"
    label, color = next((label, color) for name, label, color, _ in SIDES if name == side)
    epochs = np.arange(1, len(history) + 1)
    batches = history.batches[column]
    # Batches of an epoch lie between its start and its end, in their order.
    where = [n - 1 + np.arange(1, len(b) + 1) / len(b) for n, b in zip(epochs, batches, strict=True)]
    axes.plot(
        np.concatenate(where),
        np.concatenate(batches),
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
    axes.plot(epochs, history[column], color="#222222", linewidth=0.8, label="the epoch")
    _finish(axes, measure)


def plot_band(
    axes: Axes, curves: NDArray[np.float64], label: str, color: str, dashes: str
) -> None:
    """Draw the median of many runs' curves (n_runs, n_epochs), and the middle 80 % of them."""
    epochs = np.arange(1, curves.shape[1] + 1)
    low, middle, high = np.quantile(curves, [0.1, 0.5, 0.9], axis=0)
    axes.fill_between(epochs, low, high, color=color, alpha=0.18, linewidth=0)
    axes.plot(epochs, middle, color=color, linestyle=dashes, label=label)


def running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Mean over `window` epochs around each one, over fewer at both ends."""
    window = max(1, min(window, len(values)))
    ones = np.ones(window)
    return np.convolve(values, ones, "same") / np.convolve(np.ones(len(values)), ones, "same")


def trend_window(n_epochs: int) -> int:
    """Epochs that a trend line averages over: odd, and none for a short training."""
    return n_epochs // 40 * 2 + 1


def _plot_with_trend(
    axes: Axes, values: NDArray[np.float64], label: str, color: str, dashes: str
) -> None:
    epochs = np.arange(1, len(values) + 1)
    window = trend_window(len(values))
    axes.plot(epochs, values, color=color, linewidth=0.6, alpha=0.4, label=f"_{label}")
    axes.plot(epochs, running_mean(values, window), color=color, linestyle=dashes, label=label)


def _finish(axes: Axes, measure: str) -> None:
    axes.set_xlabel("epoch")
    if measure == "loss":
        axes.set_yscale("log")
    axes.margins(x=0.01)
