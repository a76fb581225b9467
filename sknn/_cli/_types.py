"""What an argument of the command must be, and what becomes of it."""

from __future__ import annotations

import argparse
from itertools import pairwise


def splits(text: str) -> int:
    """A number of splits that are not the document's."""
    value = _whole(text)
    if value is None or not 0 <= value <= 42:
        raise argparse.ArgumentTypeError(f"must be an int from 0 to 42, got {text!r}")
    return value


def count(text: str) -> int:
    """A whole number of at least 1."""
    value = _whole(text)
    if value is None or value < 1:
        raise argparse.ArgumentTypeError(f"must be an int of at least 1, got {text!r}")
    return value


def seed(text: str) -> int:
    """A seed of NumPy's."""
    value = _whole(text)
    if value is None or not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"must be an int from 0 to 2**32 - 1, got {text!r}")
    return value


def layers(text: str) -> tuple[int, ...]:
    """Sizes of hidden layers."""
    values = [_whole(part) for part in text.split(",")]
    if any(value is None or value < 1 for value in values):
        raise argparse.ArgumentTypeError(f"must be ints of at least 1, as in 100,50, got {text!r}")
    return tuple(value for value in values if value is not None)


def levels(text: str) -> tuple[float, ...]:
    """Levels of quantiles."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    rising = all(low < high for low, high in pairwise(values))
    if not values or not rising or not all(0 < value < 1 for value in values):
        raise argparse.ArgumentTypeError(
            f"must be rising numbers between 0 and 1, as in 0.1,0.5,0.9, got {text!r}"
        )
    return values


def share(text: str) -> float:
    """A share of the rows."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, got {text!r}")
    return value


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
