"""The panels of a display of histories: which axes are for whom, and how they look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sknn.inspection._style import Dashes, Theme

# What a history may have beside its losses, and what to call it.
SCORES = {"accuracy": "Accuracy", "r2": "R²"}
SUBSETS = ("train", "valid")
SUBSET_NAMES = {"train": "training", "valid": "validation"}


@dataclass(frozen=True)
class Panels:
    """The axes for each name and measure, and how to draw on them."""

    where: dict[tuple[str, str], Any]
    theme: Theme
    is_new: bool

    @property
    def measures(self) -> list[str]:
        """The measures, in the order of the panels."""
        return list(dict.fromkeys(measure for _, measure in self.where))

    @property
    def shared(self) -> bool:
        """Whether several names are drawn on the same axes."""
        return len(set(self.where.values())) < len(self.where)

    def of(self, measure: str) -> list[Any]:
        """The axes of a measure."""
        return list(dict.fromkeys(axes for (_, own), axes in self.where.items() if own == measure))

    @property
    def first(self) -> Any:
        """The first axes."""
        return next(iter(self.where.values()))


def look_of(panels: Panels, place: int, side: str, n_subsets: int) -> tuple[str, Dashes]:
    """Where names share axes, colours tell them apart, and dashes tell rows to validate on."""
    if not panels.shared:
        return panels.theme.line(SUBSETS.index(side))
    if n_subsets == 1:
        return panels.theme.line(place)
    return panels.theme.line(place)[0], "-" if side == "train" else "--"


def share_limits(panels: Panels) -> None:
    """Give side by side panels of a measure one scale, so that they can be compared."""
    for measure in panels.measures:
        row = panels.of(measure)
        limits = [axes.get_ylim() for axes in row]
        low, high = min(low for low, _ in limits), max(high for _, high in limits)
        for axes in row:
            axes.set_ylim(low, high)
