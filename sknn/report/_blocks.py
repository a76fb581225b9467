"""What a report is made of: sections, and in them text, facts, tables and pictures.

Blocks hold plain data and know nothing of HTML or Markdown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Parameters
    ----------
    text : str
        Plain text; nothing in it is markup.
    for_pictures : bool, default=False
        Whether it introduces pictures, and is left out where they are.
    """

    text: str
    for_pictures: bool = False


@dataclass(frozen=True)
class Notes:
    """A list of remarks.

    Parameters
    ----------
    texts : sequence of str
        Plain text each.
    """

    texts: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names and what they stand for.

    Parameters
    ----------
    pairs : sequence of (str, str)
        In order.
    """

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Parameters
    ----------
    caption : str
        What it shows.
    header : sequence of str of length n_columns
        Names of the columns.
    rows : sequence of sequences of str, of shape (n_rows, n_columns)
        The cells, as they are to be read.
    shades : sequence of sequences of float or None, of shape (n_rows, n_columns - 1), default=None
        How strongly each cell but those of the first column is coloured: 0 is not at all, 1 is
        most. They only repeat what the cells say.
    text_columns : sequence of int, default=()
        Columns, beside the first, that hold words: they begin at the left, and may be broken.
    beside : bool, default=False
        Whether it stands beside the picture before it, where there is room.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    shades: Sequence[Sequence[float | None]] | None = None
    text_columns: Sequence[int] = ()
    beside: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure, which is drawn when a page is made.

    Parameters
    ----------
    title : str
        What stands above it.
    alt : str
        What it shows, for those who do not see it: a sentence or two, with its main figures.
    draw : callable
        Takes "light" or "dark", and returns a :class:`matplotlib.figure.Figure` for such a
        background.
    caption : str, default=""
        What stands below it.
    size : {"half", "wide", "small"}, default="half"
        "wide" takes the whole width of a page, and can be scrolled on a narrow screen; of the
        others, two or four stand side by side where there is room.
    """

    title: str
    alt: str
    draw: Callable[[ThemeName], Figure]
    caption: str = ""
    size: Literal["half", "wide", "small"] = "half"


Block = Text | Notes | Facts | Table | Picture


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Parameters
    ----------
    title : str
        Its heading.
    blocks : sequence of Text, Notes, Facts, Table or Picture
        What stands in it.
    """

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Headline:
    """One of the few figures that a report begins with.

    Parameters
    ----------
    name : str
        What it is.
    value : str
        The figure, as it is to be read.
    remark : str, default=""
        What to compare it with, or how sure it is.
    """

    name: str
    value: str
    remark: str = ""
