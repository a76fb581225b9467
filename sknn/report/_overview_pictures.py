"""Figures of a table: what is predicted, and what the columns hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.inspection._tables import LARGEST
from sknn.report._blocks import Picture, Text
from sknn.report._canvas import canvas, label
from sknn.report._data import Data
from sknn.report._words import number, signed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName

# Columns, and numbers in a row of a matrix, that a figure has room for.
MOST_CORRELATED, MOST_HISTOGRAMS, MOST_NUMBERS = 16, 15, 9


def overview_pictures(data: Data) -> list[Picture | Text]:
    """Those that the table gives something to draw for."""
    frame = data.described
    numbers = frame.select_dtypes("number").astype(np.float64).replace([np.inf, -np.inf], np.nan)
    # Without spread there is nothing to see, and of the largest numbers none can be computed.
    drawable = (numbers.nunique() > 1) & (numbers.abs().max() <= LARGEST)
    numbers = numbers.loc[:, drawable]
    pictures: list[Picture | Text] = [*data.target_pictures()]
    if numbers.shape[1] > 1:
        pictures.append(_correlation(numbers))
    shown = numbers.columns[:MOST_HISTOGRAMS]
    if len(shown):
        few = "" if len(shown) == numbers.shape[1] else f", the first {len(shown)} of them"
        text = f"How the values of the columns of numbers are spread{few}, in the "
        pictures.append(Text(f"{text}{data.described_name}:", for_pictures=True))
    return pictures + [_histogram(numbers[name]) for name in shown]


def _correlation(numbers: pd.DataFrame) -> Picture:
    from sknn.inspection import CorrelationDisplay

    shown = numbers.iloc[:, :MOST_CORRELATED]
    matrix: Any = shown.corr().to_numpy()

    def draw(theme: ThemeName) -> Figure:
        side = 2.4 + 0.28 * shown.shape[1]
        figure, axes, _ = canvas(theme, 5.4, min(4.5, side))
        is_large = shown.shape[1] > MOST_NUMBERS
        names = [label(_short(str(name), 12 if is_large else 16)) for name in shown.columns]
        CorrelationDisplay(matrix, names).plot(axes, show_values=not is_large, theme=theme)
        if is_large:
            axes.tick_params(labelsize=8)
        axes.set_title("", loc="left")
        return figure

    pairs = np.abs(np.triu(np.nan_to_num(matrix), 1))
    i, j = np.unravel_index(pairs.argmax(), pairs.shape)
    caption = "Correlation (Pearson's) of the columns of numbers"
    if shown.shape[1] < numbers.shape[1]:
        caption += f", the first {shown.shape[1]} of {numbers.shape[1]}"
    return Picture(
        "Which columns go together",
        f"{caption}, as a matrix of colours and numbers. The strongest is {signed(matrix[i, j], 2)}"
        f", between {shown.columns[i]} and {shown.columns[j]}.",
        draw,
        f"{caption}.",
    )


def _histogram(values: pd.Series) -> Picture:
    from sknn.inspection import FeatureHistogramDisplay

    name = str(values.name)

    def draw(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, 2.9, 1.9)
        FeatureHistogramDisplay(values.to_numpy()[:, None], [""]).plot([axes], theme=theme)
        axes.set_title("", loc="left")
        axes.set_ylabel("")
        return figure

    low, middle, high = map(number, np.nanpercentile(values.to_numpy(), (25, 50, 75)))
    return Picture(
        name,
        f"Histogram of {name}: half of its values lie between {low} and {high}, the median is "
        f"{middle}.",
        draw,
        size="small",
    )


def _short(text: str, most: int = 16) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
