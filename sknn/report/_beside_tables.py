"""Tables that lay every figure of a document beside ours, with a word on each that differs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

from sknn.report._layout import WIDTH, layout
from sknn.report._words import count

if TYPE_CHECKING:
    import pandas as pd

    from sknn.studies import ProducersResult, YeastResult

    StudyResult = ProducersResult | YeastResult

# Figures that are losses are printed as they are, all others in percent.
ENGINES = {"scratch": "NumPy", "torch": "PyTorch"}
LOSSES = frozenset({"train_loss", "valid_loss", "log_loss"})
NAMES = {
    "macro_f1": "macro F1",
    "train_loss": "train loss",
    "train_accuracy": "train accuracy",
    "valid_loss": "valid loss",
}


def beside_table(frame: pd.DataFrame, titles: Mapping[str, str], title: str, digits: int) -> str:
    """Lay out what ``beside_document()`` of a study's result returned.

    Parameters
    ----------
    frame : DataFrame
        The figures.
    titles : dict of str to str
        Names for people, by the models' short names.
    title : str
        What stands above.
    digits : int
        Decimals of the document's percentages.

    Returns
    -------
    text : str
        A row for each figure; below, why some of the document's lie outside the range of ours.
    """
    header = ["", "document", "mean ± sd", "range", "re-run", "inside"]
    rows = []
    for model, figure, row in rows_beside(frame):
        name = f"{titles[model]}: {NAMES.get(figure, figure)}"
        shown = {column: show(figure, row[column]) for column in frame.columns[:6]}
        rows.append(
            [
                name,
                _printed(figure, row["document"], digits),
                f"{shown['mean']} ± {shown['sd']}",
                f"{shown['lowest']} – {shown['highest']}",
                shown["rerun"],
                "yes" if row["inside"] else "no",
            ]
        )
    table = layout(title, header, rows)
    words = outside_in_words(frame, titles)
    if not words:
        return table
    lines = [fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ") for text in words]
    return "\n".join([table, "Outside the range of ours:", *lines])


def rows_beside(frame: pd.DataFrame) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Model, figure and columns of each row of a frame that they index."""
    for (model, figure), row in zip(frame.index.tolist(), frame.to_dict("records"), strict=True):
        yield model, figure, {str(column): value for column, value in row.items()}


def outside_in_words(frame: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """Which of the document's figures lie outside the range of ours, a line for each reason."""
    figures: dict[str, dict[str, list[str]]] = {}
    for model, figure, row in rows_beside(frame):
        if not row["inside"]:
            by_model = figures.setdefault(row["explanation"], {})
            by_model.setdefault(titles[model], []).append(NAMES.get(figure, figure))
    return [
        "; ".join(f"{title} ({', '.join(names)})" for title, names in by_model.items())
        + f": {reason}."
        for reason, by_model in figures.items()
    ]


def engines_table(result: StudyResult, other: StudyResult) -> str:
    """Lay out a study's figures with one engine beside those with the other.

    Parameters
    ----------
    result, other : ProducersResult or YeastResult
        What :func:`sknn.studies.producers` or :func:`sknn.studies.yeast` returned for the same
        seeds, with ``engine="scratch"`` and with ``engine="torch"``.

    Returns
    -------
    text : str
        A row for each model and figure: mean and standard deviation of both, and the largest
        difference between the two values of a seed.

    Raises
    ------
    TypeError
        If they are of different studies.
    ValueError
        If they are of different seeds.

    Examples
    --------
    >>> from sknn.report import engines_table
    >>> from sknn.studies import producers
    >>> runs = [producers(seeds=2, epochs=2, engine=each) for each in ("scratch", "torch")]
    >>> print(engines_table(*runs))  # doctest: +ELLIPSIS, +NORMALIZE_WHITESPACE
    Both engines, mean ± sd over 2 seeds (% where not a loss)
    ───...
                                NumPy         PyTorch   largest difference
    ...
    """
    header, rows = engine_rows(result, other)
    title = f"Both engines, mean ± sd over {count(len(result.seeds), 'seed')} (% where not a loss)"
    return layout(title, header, rows)


def engine_rows(result: StudyResult, other: StudyResult) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table that lays figures with one engine beside those with the other."""
    titles = {model.name: model.title[0].upper() + model.title[1:] for model in result}
    rows = []
    for model, figure, row in rows_beside(result.beside(other)):  # type: ignore[arg-type]
        shown = {column: show(figure, value) for column, value in row.items()}
        rows.append(
            [
                f"{titles[model]}: {NAMES.get(figure, figure)}",
                f"{shown['mean']} ± {shown['sd']}",
                f"{shown['other_mean']} ± {shown['other_sd']}",
                f"{row['largest_difference']:.0e}" if row["largest_difference"] else "0",
            ]
        )
    engines = [ENGINES[each.engine] for each in (result, other)]
    return ["", *engines, "largest difference"], rows


def show(figure: str, value: float) -> str:
    """A figure for people: a loss with three digits, a share in percent; a dash for none."""
    if math.isnan(value):
        return "–"
    return f"{value:.3f}" if figure in LOSSES else f"{100 * value:.1f}"


def _printed(figure: str, value: float, digits: int) -> str:
    return f"{value:.3f}" if figure in LOSSES else f"{100 * value:.{digits}f}"
