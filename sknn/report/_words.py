"""Numbers as they are read."""

from __future__ import annotations

import math


def percent(value: float, digits: int = 1) -> str:
    """A share as a percentage; a dash where there is none."""
    return "–" if math.isnan(value) else f"{100 * value:.{digits}f} %"


def decimal(value: float, digits: int = 3) -> str:
    """A number with so many decimals; a dash where there is none."""
    # Adding zero takes the sign from what rounds to nothing.
    return "–" if math.isnan(value) else f"{round(float(value), digits) + 0.0:.{digits}f}"


def signed(value: float, digits: int = 3) -> str:
    """The same, with its sign."""
    return "–" if math.isnan(value) else f"{round(float(value), digits) + 0.0:+.{digits}f}"


def number(value: float) -> str:
    """A number of whatever size, in few digits."""
    if math.isnan(value):
        return "–"
    if float(value).is_integer() and abs(value) < 1e7:
        return f"{value:.0f}"
    return f"{value:.4g}"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun, in the plural where there are several."""
    return f"{n} {noun}" if n == 1 else f"{n:,} {plural or noun + 's'}"


def points(value: float) -> str:
    """A share in percent, without the sign; a dash where there is none."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}"
