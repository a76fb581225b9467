"""The numbers to predict: how they are spread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.inspection._tables import LARGEST
from sknn.report._blocks import Picture, Table
from sknn.report._canvas import canvas
from sknn.report._data import Data
from sknn.report._words import count, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName

# What is predicted, where nobody has said, and targets of which there are figures.
UNNAMED, MOST_PICTURES = "the target", 3
FIGURES: dict[str, Callable[[Any], Any]] = {
    "mean": np.mean,
    "sd": np.std,
    "lowest": np.min,
    "median": np.median,
    "highest": np.max,
}


@dataclass(frozen=True)
class NumberData(Data):
    """Rows of numbers; `y` and `y_train` have a column for each of `names`."""

    names: list[str]

    @property
    def predicted(self) -> str:
        """What the numbers are called, and how many each row has."""
        if len(self.names) == 1:
            return f"{self.target}, a number" if self.target != UNNAMED else "a number"
        return f"{self.target}, {count(len(self.names), 'number')} for each row"

    def target_table(self) -> Table:
        """Mean, spread and range of each target."""
        parts = {"": self.y}
        if self.y_train is not None:
            parts = {", trained on": self.y_train, ", held out": self.y}
        rows = [
            [f"{name}{part}", *(number(figure(y[:, k])) for figure in FIGURES.values())]
            for k, name in enumerate(self.names)
            for part, y in parts.items()
        ]
        return Table("What is predicted", ["", *FIGURES], rows)

    def target_pictures(self) -> list[Picture]:
        """Histograms of the targets."""
        shown = self.described_y[:, :MOST_PICTURES]
        return [
            self._histogram(k)
            for k in range(shown.shape[1])
            if np.ptp(shown[:, k]) > 0 and np.abs(shown[:, k]).max() <= LARGEST
        ]

    def _histogram(self, k: int) -> Picture:
        from sknn.inspection import FeatureHistogramDisplay

        values = self.described_y[:, k]

        def draw(theme: ThemeName) -> Figure:
            figure, axes, _ = canvas(theme, 5.4, 3.2)
            FeatureHistogramDisplay(values[:, None], [""]).plot([axes], theme=theme)
            axes.set_title("", loc="left")
            return figure

        low, middle, high = map(number, np.percentile(values, (25, 50, 75)))
        return Picture(
            f"How {self.names[k]} is spread, in the {self.described_name}",
            f"Histogram of {self.names[k]}: half of its values lie between {low} and {high}, the "
            f"median is {middle}.",
            draw,
        )
