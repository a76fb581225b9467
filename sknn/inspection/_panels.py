"""Panels of a figure, one for each feature."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sknn.inspection._checks import check_count

# Of a title, as many as fit over a panel of a new figure.
LETTERS = 28


def grid_of(n: int, n_columns: Any) -> tuple[int, int]:
    """Rows and columns for n panels, with as few empty ones as may be."""
    check_count("n_columns", n_columns)
    columns = min(n, int(n_columns))
    return -(-n // columns), columns


def hide_rest(axes: Iterable[Any]) -> None:
    """Leave panels empty that nothing is drawn in."""
    for one in axes:
        one.axis("off")
