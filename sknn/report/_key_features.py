"""Which features give a producer away: a table, a heat map of ranks, and what the features show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sknn.inspection import FeatureDistributionDisplay, FeatureRankDisplay
from sknn.inspection._fitted import count
from sknn.inspection._style import add_legend, dress_colorbar, write_title
from sknn.report._layout import layout, notes
from sknn.report._style import colors, page, panels, report_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName
    from sknn.studies import KeyFeaturesResult


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

    Examples
    --------
    >>> from sknn.report import key_features_table
    >>> from sknn.studies import producers_key_features
    >>> result = producers_key_features(n_refits=2, epochs=2)
    >>> print(key_features_table(result).partition(" with L1")[0])
    Key features: 2 refits × 2 epochs
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


def key_features_figures(
    result: KeyFeaturesResult, theme: ThemeName = "light"
) -> dict[str, Figure]:
    """Draw the figures of the producers study's features.

    Figures are made without pyplot: nothing pops up, and no setting of matplotlib is changed.

    Parameters
    ----------
    result : KeyFeaturesResult
        What :func:`sknn.studies.producers_key_features` returned.

    theme : {"light", "dark"}, default="light"
        Colours of the figures.

    Returns
    -------
    figures : dict of str to Figure
        By name: ``key_feature_ranks``, heat maps of how often each feature had each rank, by
        weights and by gradients; ``key_feature_values``, the distribution of each feature by
        producer, in order of importance by weights.

    Examples
    --------
    >>> from sknn.report import key_features_figures
    >>> from sknn.studies import producers_key_features
    >>> figures = key_features_figures(producers_key_features(n_refits=2, epochs=2))
    >>> list(figures)
    ['key_feature_ranks', 'key_feature_values']
    """
    with report_style():
        return {
            "key_feature_ranks": _ranks(result, theme),
            "key_feature_values": _values(result, theme),
        }


def _ranks(result: KeyFeaturesResult, theme: ThemeName) -> Figure:
    network = result.network
    figure = page(
        14,
        6.2,
        f"How often each feature had each rank in {count(result.n_refits, 'refit')}",
        f"L1 network with l1 = {network.l1:g}, {_epochs(result)} · in brackets the mean rank · "
        "bold: first in the document",
        theme,
    )
    axes = panels(figure, 1, 2, theme)[0]
    frame = result.to_frame()
    titles = {
        "weights": "by the size of their weights, Σ|w|",
        "gradients": "by the sizes of their gradients, Σ|g|",
    }
    for one, (importance, title) in zip(axes, titles.items(), strict=True):
        display = FeatureRankDisplay.from_estimator(
            result.selectors[importance],
            ax=one,
            highlight=frame.index[frame["key_in_document"]],
            colorbar=False,
            theme=theme,
        )
        write_title(one, title, colors(theme))
    colorbar = figure.colorbar(display.im_, ax=axes, shrink=0.8)
    dress_colorbar(colorbar, "refits", colors(theme))
    return figure


def _values(result: KeyFeaturesResult, theme: ThemeName) -> Figure:
    split = result.split
    y = np.concatenate([split.y_train, split.y_test])
    figure = page(
        13,
        10,
        "The features by producer, in order of their ranks by weights",
        f"density of all {len(y)} products, each producer's smoothed by itself (Gaussian kernel, "
        "Scott's rule); a tick is a product",
        theme,
    )
    axes = panels(figure, 4, 4, theme).ravel()
    n_features = split.X_train.shape[1]
    display = FeatureDistributionDisplay.from_estimator(
        result.by_weights,
        np.concatenate([split.X_train, split.X_test]),
        y,
        class_names=split.target_names,
        ax=axes[:n_features],
        theme=theme,
    )
    for one in axes[n_features:]:
        one.axis("off")
    handles, labels = display.ax_.get_legend_handles_labels()
    display.legend_.remove()  # type: ignore[union-attr]
    add_legend(
        axes[n_features],
        colors(theme),
        {"loc": "center left", "fontsize": 11},
        handles=handles,
        labels=labels,
    )
    return figure


def _epochs(result: KeyFeaturesResult) -> str:
    return count(result.network.max_iter, "epoch")
