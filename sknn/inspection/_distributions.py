"""The distribution of one feature in each class, drawn into axes that someone else has made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from sknn.inspection._style import Theme, merge

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Keywords = dict[str, Any]


def draw_densities(
    axes: Axes,
    by_class: Sequence[NDArray[np.float64]],
    class_names: Sequence[str],
    theme: Theme,
    line_kws: Keywords | None,
    fill_kws: Keywords | None,
) -> None:
    """Draw a smooth curve for each class, and the values themselves below."""
    known = np.concatenate(list(by_class))
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    margin = 0.08 * (high - low) or 0.5
    where = np.linspace(low - margin, high + margin, 200)
    curves = [density(own, where) for own in by_class]
    peaks = [curve.max() for curve in curves if curve is not None]
    # A class of nearly equal values would press all others flat.
    top = min(max(peaks), 5 * float(np.median(peaks))) if peaks else 1.0
    step = 0.07 * top
    for k, (own, curve) in enumerate(zip(by_class, curves, strict=True)):
        color, dashes = theme.line(k)
        look: Keywords = {"color": color, "linestyle": dashes, "linewidth": 1.6}
        look = merge({**look, "label": class_names[k]}, line_kws)
        if curve is not None:
            area = {"color": color, "alpha": 0.15, "linewidth": 0}
            axes.fill_between(where, curve, **merge(area, fill_kws))
            axes.plot(where, curve, **look)
        else:
            # One value has no density; a class without any keeps its entry in the legend.
            spike = [own[0]] * 2 if len(own) else []
            axes.plot(spike, [0, top] if len(own) else [], **look)
        ticks: Keywords = {"linestyle": "none", "marker": "|", "markersize": 5}
        axes.plot(own, np.full(len(own), -(k + 1) * step), color=color, **ticks)
    axes.set_ylim(-(len(by_class) + 1) * step, 1.08 * top)
    axes.set_yticks([])
    axes.axhline(0, color=theme.muted, linewidth=0.6)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)


def draw_boxes(
    axes: Axes,
    by_class: Sequence[NDArray[np.float64]],
    class_names: Sequence[str],
    theme: Theme,
    line_kws: Keywords | None,
    fill_kws: Keywords | None,
) -> None:
    """Draw a box for each class, the first on top."""
    color, _ = theme.line(0)
    for k, own in enumerate(by_class):
        if not len(own):
            continue
        low, first, middle, third, high = np.quantile(own, [0.05, 0.25, 0.5, 0.75, 0.95])
        axes.plot([low, high], [k, k], color=theme.muted, linewidth=1.0)
        area = {"height": 0.62, "color": color, "alpha": 0.45, "linewidth": 0, "zorder": 2}
        axes.barh(k, third - first, left=first, **merge(area, fill_kws))
        look = {"color": theme.text, "linewidth": 1.8, "label": f"_{class_names[k]}"}
        axes.plot([middle] * 2, [k - 0.31, k + 0.31], **merge({**look, "zorder": 3}, line_kws))
        outside = own[(own < low) | (own > high)]
        dots: Keywords = {"marker": ".", "markersize": 3, "linestyle": "none"}
        axes.plot(outside, np.full(len(outside), k), color=theme.muted, alpha=0.6, **dots)
    axes.set_ylim(len(by_class) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def known_values(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those that are not missing."""
    return values[np.isfinite(values)]


def density(values: NDArray[np.float64], where: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Their density at some places; None if they are fewer than two different ones."""
    if len(values) < 2 or np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    return gaussian_kde(values)(where)
