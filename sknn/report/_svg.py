"""A figure as SVG that may stand among others in one HTML page."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING

from sknn.report._canvas import page_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r'(\bid="|url\(#|href="#)')


def to_svg(draw: Callable[[str], Figure], theme: str, prefix: str) -> str:
    """A figure as an ``svg`` element without label or height.

    Parameters
    ----------
    draw : callable
        Draws the figure for a theme.
    theme : {"light", "dark"}
    prefix : str
        What the ids in it begin with; no two figures of a page share one.

    Returns
    -------
    svg : str
        It refers to nothing outside itself, and is as wide as its container, up to its own width.
    """
    file = StringIO()
    with page_style():
        figure = draw(theme)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing, facecolor=figure.get_facecolor())
    text = file.getvalue()
    # Prolog, document type and comments have no place within a page.
    text = re.sub(r"<!--.*?-->\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    # Its rules would hold for the whole page, which has them already.
    text = re.sub(r"<style.*?</style>\s*", "", text, count=1, flags=re.DOTALL)
    text = _TAG.sub(lambda tag: _ID.sub(rf"\g<1>{prefix}", tag.group()), text)
    for size in ("width", "height"):
        text = re.sub(rf'^(<svg[^>]*?) {size}="[^"]*"', r"\1", text)
    width, _ = figure.get_size_inches()
    opening = f'<svg style="max-width:{96 * width:.0f}px" aria-hidden="true" focusable="false"'
    return text.replace("<svg", opening, 1).strip()
