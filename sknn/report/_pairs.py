"""Pairs of columns against each other, by class."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
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
# Of a line of a name beside an axis.
MOST_LETTERS = 18


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
            for one in axes[i, i + 1 :]:
                # The same pair the other way round.
                one.set_visible(False)
            for j, across in enumerate(names[: i + 1]):
                one = axes[i, j]
                for k, name in enumerate(classes):
                    color, _ = look.line(k)
                    own = X[y == k]
                    if i == j:
                        bins = np.histogram_bin_edges(X[down], 20)
                        style = {"histtype": "step", "color": color, "linewidth": 1.4}
                        one.hist(own[down], bins, label=label(name), **style)
                        one.set_yticks([])
                    else:
                        marker = MARKERS[k % len(MARKERS)]
                        one.plot(own[across], own[down], marker, color=color, ms=2.5, alpha=0.7)
                if i == n - 1:
                    one.set_xlabel(label(fill(across, MOST_LETTERS)))
                if j == 0:
                    one.set_ylabel(label(fill(down, MOST_LETTERS)))
                one.tick_params(labelleft=j == 0)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="upper right",
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
