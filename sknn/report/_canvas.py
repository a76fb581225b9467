"""Empty figures for a page, on a light or a dark ground."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from sknn._text import printable
from sknn.inspection._style import THEMES, Theme, ThemeName, despine, dress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SETTINGS: dict[str, Any] = {
    # Text stays text: small, sharp, and found by a search in the page.
    "svg.fonttype": "none",
    # Ids that do not change from run to run.
    "svg.hashsalt": "sknn",
    "font.size": 10,
}


def page_style() -> AbstractContextManager[None]:
    """Settings for the length of a ``with`` block: matplotlib's own, whatever the user's are."""
    from matplotlib import style

    return style.context(["default", _SETTINGS])


def canvas(
    theme: ThemeName,
    width: float,
    height: float,
    *,
    rows: int = 1,
    columns: int = 1,
    **subplots: Any,
) -> tuple[Figure, Any, Theme]:
    """A figure of so many inches, its axes, and the colours to draw with.

    Made without pyplot: it belongs to nobody else. A single Axes is handed over as such, several
    as an array.
    """
    from matplotlib.figure import Figure

    look = THEMES[theme]
    figure = Figure(figsize=(width, height), layout="constrained", facecolor=look.background)
    axes = figure.subplots(rows, columns, squeeze=False, **subplots)
    for one in axes.flat:
        dress(one, look)
        despine(one)
    return figure, axes[0, 0] if axes.size == 1 else axes, look


def label(text: str) -> str:
    """A user's text for matplotlib, to which dollars would be the ends of a formula."""
    return printable(text).replace("$", r"\$")
