"""How figures look: one palette and one style, applied without touching anyone's settings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

# Okabe and Ito's palette: told apart with any colour vision, and in grey by its lightness.
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
BLACK, GREY, LIGHT = "#222222", "#6F6F6F", "#D9D9D9"

# Colours say what a line is: training or validation, a class, a model. Dashes say it again.
CYCLE = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."))

_STYLE: dict[str, Any] = {
    "figure.facecolor": "white",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.labelcolor": BLACK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LIGHT,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": BLACK,
    "ytick.labelcolor": BLACK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
}


def report_style() -> AbstractContextManager[None]:
    """The style of a report's figures, for the length of a ``with`` block.

    It starts from matplotlib's own defaults, so a report looks the same whatever the user's
    settings are, and it leaves them as they were.
    """
    from matplotlib import style

    return style.context(["default", _STYLE])
