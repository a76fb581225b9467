"""Panels of a figure, one for each feature."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

# Of a title, as many as fit over a panel of a new figure.
LETTERS = 28


def grid_of(n: int, n_columns: Any) -> tuple[int, int]:
    """Rows and columns for n panels, with as few empty ones as may be."""
    if not isinstance(n_columns, Integral) or n_columns < 1:
        raise ValueError(f"`n_columns` must be an int of at least 1, got {n_columns!r}")
    columns = min(n, int(n_columns))
    return -(-n // columns), columns


def how_many(asked: Any, n: int, name: str) -> int:
    """How many of n to show."""
    if asked is None:
        return n
    if not isinstance(asked, Integral) or asked < 1:
        raise ValueError(f"`{name}` must be an int of at least 1 or None, got {asked!r}")
    return min(int(asked), n)


def hide_rest(axes: Iterable[Any]) -> None:
    """Leave panels empty that nothing is drawn in."""
    for one in axes:
        one.axis("off")
