"""What a report is made of: sections, and in them text, facts, tables and pictures.

Blocks hold plain data and know nothing of HTML or Markdown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

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

    Examples
    --------
    >>> from sknn.report import Report, Section, Text
    >>> quay = Section("Lengths", [Text("Measured on the quay.")])
    >>> print(Report("Fish", [quay]).to_markdown(sections=["Lengths"]))
    # Fish
    <BLANKLINE>
    ## Lengths
    <BLANKLINE>
    Measured on the quay.
    <BLANKLINE>
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

    Examples
    --------
    >>> from sknn.report import Notes, Report, Section
    >>> notes = Notes(["Perch are measured to the fork.", "Roach are not."])
    >>> print(Report("Fish", [Section("To know", [notes])]).to_markdown())
    # Fish
    <BLANKLINE>
    ## To know
    <BLANKLINE>
    - Perch are measured to the fork.
    - Roach are not.
    <BLANKLINE>
    """

    texts: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names and what they stand for.

    Parameters
    ----------
    pairs : sequence of (str, str)
        In order.

    Examples
    --------
    >>> from sknn.report import Facts, Report, Section
    >>> catch = Facts([("boats", "3"), ("days", "12")])
    >>> page = Report("Fish", [Section("The catch", [catch])]).to_html()
    >>> "<dt>boats</dt><dd>3</dd>" in page
    True
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

    Examples
    --------
    >>> from sknn.report import Report, Section, Table
    >>> rows = [["perch", "23.2"], ["roach", "17.9"]]
    >>> lengths = Table("Length in cm", ["", "mean"], rows, shades=[[1.0], [0.2]])
    >>> page = Report("Fish", [Section("Lengths", [lengths])]).to_html()
    >>> page.count("<td style=")
    2
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

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sknn.report import Picture, Report, Section
    >>> def draw(theme):
    ...     figure = Figure(figsize=(3, 2), facecolor="none")
    ...     figure.subplots().bar(["perch", "roach"], [23.2, 17.9])
    ...     return figure
    >>> lengths = Picture("Lengths", "Bars: perch 23.2 cm, roach 17.9 cm.", draw)
    >>> page = Report("Fish", [Section("Lengths", [lengths])]).to_html()
    >>> 'aria-label="Bars: perch 23.2 cm, roach 17.9 cm."' in page
    True
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

    Examples
    --------
    >>> from sknn.report import Report, Section, Text
    >>> lengths = Section("Lengths", [Text("Measured on the quay.")])
    >>> weights = Section("Weights", [Text("Not measured.")])
    >>> [section.title for section in Report("Fish", [lengths, weights]).sections]
    ['Lengths', 'Weights']
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

    Examples
    --------
    >>> from sknn.report import Headline, Report
    >>> Report("Fish", [], headlines=[Headline("fish", "159", "of 3 boats")]).to_dict()
    {'fish': '159'}
    """

    name: str
    value: str
    remark: str = ""


class Page(Protocol):
    """What a report has to say, whatever it is written as."""

    title: str
    subtitle: str
    created: str

    @property
    def headlines(self) -> Sequence[Headline]:
        """The figures that it begins with."""

    @property
    def sections(self) -> Sequence[Section]:
        """Its parts."""
