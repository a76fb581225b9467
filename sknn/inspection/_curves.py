"""Curves of one or many trainings, drawn into axes that someone else has made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from sknn.inspection._style import Dashes, merge

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


def trend(values: NDArray[np.float64], measure: str, window: int | None = None) -> NDArray[Any]:
    """The course of a curve: the running median of a loss or R², the running mean of an accuracy.

    A median leaves out the spikes of a loss; that of an accuracy, which takes few values, would
    jump between two of them.
    """
    size = trend_window(len(values)) if window is None else window
    if measure == "accuracy":
        return uniform_filter1d(values, size=size)
    return median_filter(values, size=size)


def trend_window(n_epochs: int) -> int:
    """Epochs that a trend runs over: an odd number, and 1, which is no trend, if there are few."""
    return n_epochs // 50 * 2 + 1


def stack_runs(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Curves of unequal lengths as rows, shape (n_runs, n_epochs): NaN where one has ended."""
    stacked = np.full((len(curves), max(map(len, curves))), np.nan)
    for row, curve in zip(stacked, curves, strict=True):
        row[: len(curve)] = curve
    return stacked


def draw_curve(
    axes: Axes,
    curves: Sequence[NDArray[np.float64]],
    measure: str,
    *,
    label: str,
    color: Any,
    dashes: Dashes,
    window: int | None,
    band: float,
    line_kws: dict[str, Any] | None,
    band_kws: dict[str, Any] | None,
) -> Line2D:
    """Draw one training's values and their trend, or the median and the band of many trends.

    An epoch of many runs is drawn as long as half of them have reached it.
    """
    if len(curves) == 1:
        return _draw_run(axes, curves[0], measure, label, color, dashes, window, line_kws)
    trends = [trend(curve, measure, window) for curve in curves]
    stacked = stack_runs(trends)
    stacked = stacked[:, np.isfinite(stacked).mean(axis=0) >= 0.5]
    epochs = np.arange(1, stacked.shape[1] + 1)
    tail = (1 - band) / 2
    low, middle, high = np.nanquantile(stacked, [tail, 0.5, 1 - tail], axis=0)
    area = {"color": color, "alpha": 0.18, "linewidth": 0}
    axes.fill_between(epochs, low, high, **merge(area, band_kws))
    look = {"color": color, "linestyle": dashes, "linewidth": 1.6, "label": label}
    (line,) = axes.plot(epochs, middle, **merge(look, line_kws))
    return line


def _draw_run(
    axes: Axes,
    values: NDArray[np.float64],
    measure: str,
    label: str,
    color: Any,
    dashes: Dashes,
    window: int | None,
    line_kws: dict[str, Any] | None,
) -> Line2D:
    epochs = np.arange(1, len(values) + 1)
    look = {"color": color, "linestyle": dashes, "linewidth": 1.6, "label": label, "zorder": 3}
    look = merge(look, line_kws)
    size = trend_window(len(values)) if window is None else window
    if size > 1:
        raw = {"color": look["color"], "linewidth": 0.6, "alpha": 0.45, "label": f"_{label}"}
        axes.plot(epochs, values, **raw)
    elif len(values) == 1:
        look.setdefault("marker", "o")  # a line from a point to itself is not seen
    # Above the values of every curve.
    (line,) = axes.plot(epochs, trend(values, measure, size), **look)
    return line


def scale_loss(panels: Sequence[Axes]) -> None:
    """Make y axes logarithmic, with labels that people read, equal in all: 0.2, 0.5, 1.

    They stay linear where a loss is negative, as a negative log likelihood may be.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator

    drawn = _drawn(panels)
    positive = drawn[drawn > 0]
    if not len(positive) or (drawn < 0).any():
        return
    low, high = float(positive.min()), float(positive.max())
    for axes in panels:
        axes.set_yscale("log")
        if high / low < 6:
            # Too few of 1, 2 and 5 lie in a range so small.
            axes.yaxis.set_major_locator(MaxNLocator(5))
        else:
            subs = (1, 2, 5) if high / low < 300 else (1,)
            axes.yaxis.set_major_locator(LogLocator(subs=subs))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")


def limit_r2(panels: Sequence[Axes]) -> None:
    """Let y axes end at -1, below which an R² says no more than that nothing was learnt."""
    for axes in panels:
        low, high = axes.get_ylim()
        if low < -1 and high > 0:
            axes.set_ylim(-1, high)


def _drawn(panels: Sequence[Axes]) -> NDArray[np.float64]:
    """All finite values of the curves."""
    lines = [line for axes in panels for line in axes.get_lines()]
    values = [np.asarray(line.get_ydata(), dtype=float) for line in lines]
    drawn = np.concatenate([*values, np.zeros(0)])
    return drawn[np.isfinite(drawn)]


def whole_epochs(axes: Axes) -> None:
    """Label the x axis with whole epochs, and let the curves begin at its edge."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(
        # Of a single epoch, too, no fraction is labelled.
        MaxNLocator(nbins="auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
    )
    axes.margins(x=0.01)
