"""Figures of a table: how many rows of each class, and what the columns hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sknn.report._blocks import Picture

if TYPE_CHECKING:
    from sknn.report._overview import Data


def overview_pictures(data: Data) -> list[Picture]:
    """Those that the table gives something to draw for."""
    return []
