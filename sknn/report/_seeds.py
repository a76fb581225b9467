"""A figure over seeds: every run as a dot, their mean, and what others reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sknn.report._style import colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sknn.inspection._style import ThemeName
    from sknn.studies import ProducersModel


def plot_seeds(axes: Axes, models: tuple[ProducersModel, ...], theme: ThemeName = "light") -> None:
    """Draw each model's test accuracies, beside the document's and the independent re-run's."""
    look = colors(theme)
    for place, model in enumerate(models):
        color, _ = look.line(place)
        # Equal accuracies are laid side by side: with 45 rows there are few different ones.
        axes.plot(
            place + spread_ties(model.accuracies, width=0.52),
            model.accuracies,
            "o",
            color=color,
            markersize=5,
            alpha=0.75,
            label=f"_{model.name}",
        )
        axes.plot(
            [place - 0.28, place + 0.28],
            [model.accuracy.mean] * 2,
            color=color,
            linewidth=1.6,
            label="_mean",
        )
        axes.plot(place + 0.42, model.published.accuracy, "D", color=look.text, label="_document")
        axes.errorbar(
            place + 0.35,
            model.rerun.mean,
            yerr=[
                [model.rerun.mean - model.rerun.lowest],
                [model.rerun.highest - model.rerun.mean],
            ],
            color=look.muted,
            marker="s",
            capsize=3,
        )
    axes.set_xticks(range(len(models)), [model.title for model in models])
    axes.set(xlim=(-0.55, len(models) - 0.45), ylabel="accuracy on the 45 test rows")
    axes.grid(visible=False, axis="x")


def spread_ties(values: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Offsets that put equal values side by side, centred on zero and within `width`."""
    offsets = np.zeros(len(values))
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    step = min(0.04, width / max(1, counts.max() - 1))
    for value, count in enumerate(counts):
        offsets[which == value] = (np.arange(count) - (count - 1) / 2) * step
    return offsets
