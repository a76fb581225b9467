"""Pairs of columns against each other, by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_selection import f_classif

from sknn.report._blocks import Picture
from sknn.report._canvas import canvas, label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName

MOST_COLUMNS = 4
MARKERS = "os^Dv"


def pair_picture(X: pd.DataFrame, y: NDArray[np.intp], classes: Sequence[str]) -> Picture:
    """The columns that tell the classes apart best, each against each.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_features)
        Columns of numbers without gaps.
    y : ndarray of int of shape (n_rows,)
        Place of each row's class in `classes`; a handful of classes at most.
    classes : sequence of str
        Their names.
    """
    ratios = f_classif(X, y)[0]
    names = list(X.columns[np.argsort(-ratios, kind="stable")[:MOST_COLUMNS]])

    def draw(theme: ThemeName) -> Figure:
        n = len(names)
        figure, axes, look = canvas(theme, 10, 8, rows=n, columns=n, sharex="col")
        for i, down in enumerate(names):
            for j, across in enumerate(names):
                one = axes[i, j]
                for k, name in enumerate(classes):
                    color, _ = look.line(k)
                    own = X[y == k]
                    if i == j:
                        bins = np.histogram_bin_edges(X[down], 20)
                        style = {"histtype": "step", "color": color, "linewidth": 1.4}
                        one.hist(own[down], bins, label=label(name), **style)  # type: ignore[arg-type]
                        one.set_yticks([])
                    else:
                        marker = MARKERS[k % len(MARKERS)]
                        one.plot(own[across], own[down], marker, color=color, ms=2.5, alpha=0.7)
                if i == n - 1:
                    one.set_xlabel(label(across))
                if j == 0:
                    one.set_ylabel(label(down))
                elif i != j:
                    one.tick_params(labelleft=False)
        for row in axes:
            lows, highs = zip(*(one.get_ylim() for one in row if one.lines), strict=True)
            for one in row:
                if one.lines:
                    one.set_ylim(min(lows), max(highs))
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="outside upper left",
            ncols=len(classes),
            frameon=False,
            labelcolor=look.text,
        )
        return figure

    return Picture(
        "The columns that tell the classes apart best",
        f"Scatter plots of each pair of {', '.join(names)}, a colour and a marker for each class, "
        "and histograms of each of them.",
        draw,
        "By the ratio of variances between and within classes (F), on the training rows. On the "
        "diagonal how many rows of each class have a value.",
        size="wide",
    )
