"""A figure as SVG that may stand among others in one HTML page, on a light or a dark ground."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING

from sknn.inspection._style import THEMES, Theme, ThemeName
from sknn.report._canvas import page_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r'(\bid="|url\(#|href="#)')
_COLOR = re.compile(r"#[0-9a-f]{6}\b")


def to_svgs(draw: Callable[[ThemeName], Figure], prefix: str) -> dict[str, str]:
    """A figure as ``svg`` elements without label or height, by the theme that they are for.

    Where all colours of a figure are those of a theme, one element is enough, for ``"both"``: its
    colours are variables of the page. Others, with a colour map or dots in an image, are drawn
    for ``"light"`` and for ``"dark"``.

    Parameters
    ----------
    draw : callable
        Draws the figure for a theme.
    prefix : str
        What the ids in it begin with; no two figures of a page share one.

    Returns
    -------
    svgs : dict of str to str
        They refer to nothing outside themselves, and are as wide as their container, up to their
        own width.
    """
    light = _to_svg(draw, "light", f"{prefix}l-")
    colors = {color for tag in _TAG.findall(light) for color in _COLOR.findall(tag)}
    variables = _variables()
    if colors <= variables.keys() and "<image" not in light:
        return {"both": _TAG.sub(lambda tag: _COLOR.sub(_variable, tag.group()), light)}
    return {"light": light, "dark": _to_svg(draw, "dark", f"{prefix}d-")}


def theme_css(name: ThemeName) -> str:
    """The colours of a theme as variables of a page."""
    return "; ".join(f"--figure-{role}: {color}" for role, color in _roles(THEMES[name]).items())


def _to_svg(draw: Callable[[ThemeName], Figure], theme: ThemeName, prefix: str) -> str:
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


def _roles(theme: Theme) -> dict[str, str]:
    """The colours that lines, areas and text are drawn with, in small letters."""
    roles = {name: getattr(theme, name) for name in ("background", "text", "muted", "faint")}
    roles |= {f"line-{k}": color for k, color in enumerate(theme.lines)}
    return {role: color.lower() for role, color in roles.items()}


@cache
def _variables() -> dict[str, str]:
    return {color: f"var(--figure-{role})" for role, color in _roles(THEMES["light"]).items()}


def _variable(color: re.Match[str]) -> str:
    return _variables()[color.group()]
