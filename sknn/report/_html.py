"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import count, groupby
from typing import TYPE_CHECKING

from sknn._text import printable
from sknn._version import __version__
from sknn.report._blocks import Block, Page, Picture, Table
from sknn.report._svg import theme_css, to_svgs

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def to_html(report: Page) -> str:
    """The page, with figures for light and for dark screens."""
    from markupsafe import Markup

    numbers = count(1)

    def drawn(picture: Picture) -> dict[str, Markup]:
        # What matplotlib has written, with the labels in it escaped. No two elements have one id.
        svgs = to_svgs(picture.draw, f"f{next(numbers)}")
        return {theme: Markup(svg) for theme, svg in svgs.items()}

    page = _environment().get_template("page.html.jinja")
    text = page.render(
        report=report,
        version=__version__,
        css=Markup(_css()),
        theme_css=theme_css,
        drawn=drawn,
        grouped=_grouped,
        kind=lambda block: type(block).__name__,
    )
    # HTML has no place for control characters either.
    return printable(text)


def _grouped(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks that follow each other and stand side by side: pictures, tables, text."""
    return [list(group) for _, group in groupby(blocks, key=_kind)]


def _kind(block: Block) -> tuple[str, bool]:
    if isinstance(block, Table) and block.beside:
        return Picture.__name__, False
    return type(block).__name__, isinstance(block, Picture) and block.size == "small"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sknn.report"),
        # Whatever a table calls its columns and classes, it is text and never markup.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["with_code"] = _with_code
    environment.filters["breakable"] = _breakable
    return environment


def _with_code(text: str) -> Markup:
    """Text whose words between backticks are names of code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _breakable(text: str) -> Markup:
    """Text that may be broken after an underscore, as names of parameters are."""
    from markupsafe import Markup, escape

    return Markup(str(escape(text)).replace("_", "_<wbr>").replace("_<wbr>_<wbr>", "__<wbr>"))


@cache
def _css() -> str:
    return files("sknn.report").joinpath("templates", "page.css").read_text(encoding="utf-8")
