"""A report as Markdown whose tables can be read as they stand, in a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import fill

from sknn._text import printable
from sknn.report._blocks import Block, Facts, Notes, Page, Picture, Section, Table, Text

WIDTH = 96
# What begins a tag, a link or emphasis. An underscore within a word does nothing.
_MARKUP = re.compile(r"[\\*<\[]")


def to_markdown(report: Page, sections: Sequence[Section]) -> str:
    """The headlines of a report and some of its sections, without their figures."""
    parts = [f"# {_line(report.title)}"]
    if report.subtitle:
        parts.append(fill(_line(report.subtitle), WIDTH))
    if report.headlines:
        rows = [[h.name, h.value, h.remark] for h in report.headlines]
        parts.append(_table(["", "figure", "beside it"], rows, text_columns=(2,)))
    for section in sections:
        blocks = [_block(block) for block in section.blocks if not _is_visual(block)]
        if blocks:
            parts += [f"## {_line(section.title)}", *blocks]
    return "\n\n".join(parts) + "\n"


def _is_visual(block: Block) -> bool:
    return isinstance(block, Picture) or (isinstance(block, Text) and block.for_pictures)


def _block(block: Block) -> str:
    if isinstance(block, Table):
        table = _table(block.header, block.rows, block.text_columns)
        return f"{fill(f'**{_line(block.caption)}**', WIDTH)}\n\n{table}"
    if isinstance(block, Facts):
        return _table(["", ""], block.pairs, text_columns=(1,))
    if isinstance(block, Notes):
        return "\n".join(
            fill(_line(text), WIDTH, initial_indent="- ", subsequent_indent="  ")
            for text in block.texts
        )
    assert isinstance(block, Text)
    return fill(_line(block.text), WIDTH)


def _table(
    header: Sequence[str], rows: Sequence[Sequence[str]], text_columns: Sequence[int] = ()
) -> str:
    cells = [[_cell(text) for text in row] for row in [header, *rows]]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(header))]
    to_left = {0, *text_columns}
    lines = [
        "| "
        + " | ".join(
            text.ljust(width) if column in to_left else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in cells
    ]
    rule = "|".join(
        f":{'-' * (width + 1)}" if column in to_left else f"{'-' * (width + 1)}:"
        for column, width in enumerate(widths)
    )
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _cell(text: str) -> str:
    return _line(text).replace("|", r"\|")


def _line(text: str) -> str:
    """Text that ends no line and is no markup."""
    return _MARKUP.sub(r"\\\g<0>", printable(" ".join(text.split())))
