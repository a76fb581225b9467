"""The classes of a table: how many rows each has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknn.report._blocks import Picture, Table
from sknn.report._canvas import canvas, label
from sknn.report._data import Data
from sknn.report._words import count, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName

# What is predicted, where nobody has said.
UNNAMED = "class"
# Classes that a figure has room for.
MOST_BARS = 20


@dataclass(frozen=True)
class ClassData(Data):
    """Rows of classes; `y` and `y_train` are places in `classes`."""

    classes: list[str]

    @property
    def classes_name(self) -> str:
        """What to call the classes; a target that is called class says nothing more."""
        return "classes" if self.target == UNNAMED else f"classes of {self.target}"

    @property
    def predicted(self) -> str:
        """How many classes there are."""
        predicted = count(len(self.classes), "class", "classes")
        return predicted if self.target == UNNAMED else f"{self.target}, {predicted}"

    def target_table(self) -> Table:
        """Rows of each class."""
        n_classes = len(self.classes)
        measured = np.bincount(self.y, minlength=n_classes)
        columns = {"rows": measured}
        if self.y_train is not None:
            trained = np.bincount(self.y_train, minlength=n_classes)
            columns = {"trained on": trained, "held out": measured}
        total = np.sum(list(columns.values()), axis=0)
        shares = total / total.sum()
        rows = [
            [name, *(f"{column[k]:,}" for column in columns.values()), percent(shares[k])]
            for k, name in enumerate(self.classes)
        ]
        of_target = "" if self.target == UNNAMED else f" of {self.target}"
        return Table(f"Rows of each class{of_target}", ["class", *columns, "share of all"], rows)

    def target_pictures(self) -> list[Picture]:
        """The same as bars."""
        from sknn.inspection import ClassBalanceDisplay

        counts = np.bincount(self.described_y, minlength=len(self.classes))
        n_bars = min(len(counts), MOST_BARS)

        def draw(theme: ThemeName) -> Figure:
            figure, axes, _ = canvas(
                theme, 5.4, 0.9 + 0.3 * max(3, n_bars + (n_bars < len(counts)))
            )
            display = ClassBalanceDisplay({"rows": counts}, [label(name) for name in self.classes])
            display.plot(axes, max_classes=n_bars, theme=theme)
            axes.set_title("", loc="left")
            return figure

        most, least = counts.argmax(), counts.argmin()
        share = counts / counts.sum()
        return [
            Picture(
                f"How many rows each class has, of the {self.described_name}",
                f"Bars of the rows of each of {count(len(counts), 'class', 'classes')}. The "
                f"largest is {self.classes[most]} with {percent(share[most])}, the smallest "
                f"{self.classes[least]} with {percent(share[least])}.",
                draw,
            )
        ]


def encode(labels: ArrayLike, classes: NDArray[Any]) -> NDArray[np.intp]:
    """Places of labels in `classes`; those that are not there are left out."""
    known = {label: place for place, label in enumerate(classes.tolist())}
    values = np.asarray(labels).tolist()
    return np.array([known[value] for value in values if value in known], dtype=np.intp)
