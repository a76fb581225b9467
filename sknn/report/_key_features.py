"""Which features give a producer away: a table, a heat map of ranks, and what the features show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import gaussian_kde

from sknn.report._figures import count, page
from sknn.report._layout import layout, notes
from sknn.report._style import BLACK, CYCLE, GREY, report_style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

    from sknn.studies import KeyFeaturesResult

# One hue from light to dark, which any colour vision reads; each count is written out besides.
COLORS = "Blues"


def key_features_table(result: KeyFeaturesResult) -> str:
    """Lay out what the producers study found of the features.

    Parameters
    ----------
    result : KeyFeaturesResult
        What :func:`sknn.studies.producers_key_features` returned.

    Returns
    -------
    text : str
        By feature: mean rank and share of the refits in which it is among the first three, by both
        importances; permutation importance on the test rows; the document's claim; and what to know
        when reading them.
    """
    header = ["mean rank by", "weights", "first 3", "gradients", "first 3"]
    header += ["accuracy", "log loss", "claim"]
    rows = [
        [
            str(feature),
            f"{row['mean_rank_by_weights']:.2f}",
            f"{100 * row['first_3_by_weights']:.0f} %",
            f"{row['mean_rank_by_gradients']:.2f}",
            f"{100 * row['first_3_by_gradients']:.0f} %",
            # To plain zeros: there is nothing in a sign of what rounds to nothing.
            f"{round(-100 * row['accuracy_drop'], 1) + 0.0:+.1f}",
            f"{round(row['loss_rise'], 3) + 0.0:+.3f}",
            "first" if row["key_in_document"] else "",
        ]
        for feature, row in result.to_frame().iterrows()
    ]
    title = (
        f"Key features: {count(result.n_refits, 'refit')} × {_epochs(result)} with L1. What a "
        f"shuffle does to accuracy\n(points) and log loss on the {len(result.split.y_test)} test "
        f"rows, mean of {count(len(result.test_accuracies), 'network')}. What the document claims"
    )
    return f"{layout(title, header, rows)}\n\n{notes(result.notes)}\n"


def key_features_figures(result: KeyFeaturesResult) -> dict[str, Figure]:
    """Draw the figures of the producers study's features.

    Figures are made without pyplot: nothing pops up, and no setting of matplotlib is changed.

    Parameters
    ----------
    result : KeyFeaturesResult
        What :func:`sknn.studies.producers_key_features` returned.

    Returns
    -------
    figures : dict of str to Figure
        By name: ``key_feature_ranks``, heat maps of how often each feature had each rank, by
        weights and by gradients; ``key_feature_values``, the distribution of each feature by
        producer, in order of importance by weights.
    """
    with report_style():
        return {"key_feature_ranks": _ranks(result), "key_feature_values": _values(result)}


def _ranks(result: KeyFeaturesResult) -> Figure:
    network = result.network
    figure = page(
        14,
        6.2,
        f"How often each feature had each rank in {count(result.n_refits, 'refit')}",
        f"L1 network with l1 = {network.l1:g}, {_epochs(result)} · in brackets the mean rank · "
        "bold: first in the document",
    )
    panels = figure.subplots(1, 2)
    counts = result.rank_counts()
    frame = result.to_frame()
    titles = {
        "weights": "by the size of their weights, Σ|w|",
        "gradients": "by the sizes of their gradients, Σ|g|",
    }
    for axes, (importance, title) in zip(panels, titles.items(), strict=True):
        shown = counts.loc[[importance]].droplevel("importance")
        image = _heat_map(axes, shown, result.n_refits)
        means = frame[f"mean_rank_by_{importance}"]
        labels = [f"{feature} ({means[feature]:.1f})" for feature in shown.index]
        axes.set_yticks(range(len(labels)), labels)
        for label, feature in zip(axes.get_yticklabels(), shown.index, strict=True):
            label.set_fontweight("bold" if frame.loc[feature, "key_in_document"] else "normal")
        axes.set_title(title)
    figure.colorbar(image, ax=panels, label="refits", shrink=0.8)
    return figure


def _heat_map(axes: Axes, counts: pd.DataFrame, most: int) -> AxesImage:
    """Counts as colours, and as numbers where there are any."""
    values = counts.to_numpy()
    image = axes.imshow(values, cmap=COLORS, vmin=0, vmax=most, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if value:
            color = "white" if value > 0.68 * most else BLACK
            axes.text(column, row, f"{value}", ha="center", va="center", fontsize=8, color=color)
    axes.set_xticks(range(values.shape[1]), [str(rank) for rank in counts.columns])
    axes.set_xlabel("rank")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def _values(result: KeyFeaturesResult) -> Figure:
    split = result.split
    X = np.concatenate([split.X_train, split.X_test])
    y = np.concatenate([split.y_train, split.y_test])
    figure = page(
        13,
        10,
        "The features by producer, in order of their ranks by weights",
        f"density of all {len(y)} products, each producer's smoothed by itself (Gaussian kernel, "
        "Scott's rule); a tick is a product",
    )
    panels = figure.subplots(4, 4).ravel()
    columns = list(split.X_train.columns)
    for place, feature in enumerate(result.features):
        axes = panels[place]
        _densities(axes, X[:, columns.index(feature)], y, split.target_names)
        axes.set_title(f"{place + 1}. {feature}")
    for axes in panels[len(columns) :]:
        axes.axis("off")
    handles, labels = panels[0].get_legend_handles_labels()
    panels[len(columns)].legend(handles, labels, loc="center left", fontsize=11)
    return figure


def _densities(axes: Axes, values: np.ndarray, y: np.ndarray, names: list[str]) -> None:
    """The distribution of one feature in each class, and the values themselves below."""
    margin = 0.08 * np.ptp(values)
    where = np.linspace(values.min() - margin, values.max() + margin, 200)
    curves = [gaussian_kde(values[y == label])(where) for label in np.unique(y)]
    step = 0.07 * np.max(curves)
    for k, (label, curve) in enumerate(zip(np.unique(y), curves, strict=True)):
        color, dashes = CYCLE[k % len(CYCLE)]
        axes.fill_between(where, curve, color=color, alpha=0.15, linewidth=0)
        axes.plot(where, curve, color=color, linestyle=dashes, label=names[k])
        own = values[y == label]
        axes.plot(own, np.full(len(own), -(k + 1) * step), "|", color=color, markersize=5)
    axes.set_ylim(bottom=-4 * step)
    axes.set_yticks([])
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)


def _epochs(result: KeyFeaturesResult) -> str:
    return count(result.network.max_iter, "epoch")
