"""The page that a report's figures are drawn on: the same whatever the user's settings are."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from sknn.inspection._style import Theme, ThemeName, dress, find_theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_SIZES: dict[str, Any] = {"font.size": 10, "axes.titlesize": 11, "legend.fontsize": 9}


def report_style() -> AbstractContextManager[None]:
    """The settings of a report's figures, for the length of a ``with`` block.

    They are matplotlib's own defaults, so a report looks the same whatever the user's settings
    are, and it leaves them as they were. Colours are not among them: those are a theme's.
    """
    from matplotlib import style

    return style.context(["default", _SIZES])


def page(
    width: float, height: float, title: str, caption: str, theme: ThemeName = "light"
) -> Figure:
    """An empty figure with a title above and a line of small print below."""
    from matplotlib.figure import Figure

    look = find_theme(theme)
    figure = Figure(figsize=(width, height), layout="constrained", facecolor=look.background)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold", color=look.text)
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=8.5, color=look.muted)
    return figure


def panels(
    figure: Figure, rows: int, columns: int, theme: ThemeName = "light", **subplots: Any
) -> NDArray[Any]:
    """Axes on a page, shape (rows, columns)."""
    axes = figure.subplots(rows, columns, squeeze=False, **subplots)
    for one in axes.flat:
        dress(one, find_theme(theme))
    return axes


def colors(theme: ThemeName) -> Theme:
    """The colours of a theme."""
    return find_theme(theme)
