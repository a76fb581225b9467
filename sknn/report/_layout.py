"""Text that is laid out: tables, paragraphs, percentages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill

WIDTH = 96


def percent(value: float) -> str:
    """A share as a percentage with one decimal, without the sign; a dash where there is none."""
    return "–" if math.isnan(value) else f"{100 * value:.1f}"


def layout(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table: the first column to the left, the others to the right, each as wide as needed."""
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    lines = [
        "   ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    rule = "─" * max(map(len, lines))
    return "\n".join([title, rule, lines[0], rule, *lines[1:], rule])


def notes(texts: Sequence[str]) -> str:
    """Paragraphs of what to know when reading tables."""
    paragraphs = [fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ") for text in texts]
    return "\n".join(["What to know when reading them", *paragraphs])
