"""What the parameters of displays must be."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise ValueError if a parameter of a display is none of its choices."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"`{name}` must be one of {list(choices)}, got {value!r}")


def check_share(name: str, value: object) -> None:
    """Raise ValueError if a parameter of a display is not a share."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise ValueError(f"`{name}` must be a number in [0, 1], got {value!r}")


def check_count(name: str, value: object, or_else: str = "") -> None:
    """Raise ValueError if a parameter of a display does not say how many."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"`{name}` must be an int of at least 1{or_else}, got {value!r}")


def check_positive(name: str, value: object, or_else: str = "") -> None:
    """Raise ValueError if a parameter of a display is no number above 0."""
    if isinstance(value, bool) or not isinstance(value, Real) or not float(value) > 0:
        raise ValueError(f"`{name}` must be above 0{or_else}, got {value!r}")


def how_many(name: str, asked: Any, n: int) -> int:
    """How many of n to show; None for all."""
    if asked is None:
        return n
    check_count(name, asked, " or None")
    return min(int(asked), n)


def check_names(name: str, names: Any, n: int, what: str = "") -> list[str]:
    """The names as strings.

    Raises
    ------
    ValueError
        If they are not as many as there must be; `what` they are for is said then.
    """
    if isinstance(names, str) or not hasattr(names, "__len__") or len(names) != n:
        got = len(names) if hasattr(names, "__len__") and not isinstance(names, str) else names
        raise ValueError(f"`{name}` must be {n} names{what}, got {got!r}")
    return [str(one) for one in names]
