"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from sknn import __version__
from sknn.report._blocks import Block, Picture
from sknn.report._svg import to_svg

if TYPE_CHECKING:
    from jinja2 import Environment

    from sknn.report._report import Report


def to_html(report: Report) -> str:
    """The page, with every figure drawn twice: for a light and for a dark screen."""
    from markupsafe import Markup

    numbers: dict[tuple[int, str], int] = {}

    def drawn(picture: Picture, theme: str) -> Markup:
        # No two elements of a page have one id.
        number = numbers.setdefault((id(picture), theme), len(numbers) + 1)
        # What matplotlib has written, with the labels in it escaped.
        return Markup(to_svg(picture.draw, theme, f"f{number}-"))

    page = _environment().get_template("page.html.jinja")
    return page.render(
        report=report,
        version=__version__,
        css=Markup(_css()),
        drawn=drawn,
        grouped=_grouped,
        kind=lambda block: type(block).__name__,
    )


def _grouped(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks of one kind that follow each other: pictures and tables stand side by side."""
    return [list(group) for _, group in groupby(blocks, key=_kind)]


def _kind(block: Block) -> tuple[str, bool]:
    return type(block).__name__, isinstance(block, Picture) and block.size == "small"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("sknn.report"),
        # Whatever a table calls its columns and classes, it is text and never markup.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _css() -> str:
    return files("sknn.report").joinpath("templates", "page.css").read_text(encoding="utf-8")
