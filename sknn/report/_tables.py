"""The tables of a study, as text for a terminal or a text file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sknn.studies import ProducersModel, ProducersResult, Spread

WIDTH = 96
MEASURES = ("precision", "recall", "f1-score")


def producers_tables(result: ProducersResult) -> str:
    """Lay out what the producers study found.

    Parameters
    ----------
    result : ProducersResult
        What :func:`sknn.studies.producers` returned.

    Returns
    -------
    text : str
        The classification report of each model with the first seed, beside the document's; the
        accuracies over all seeds, beside the document's and an independent re-run's; the course
        of training; and what to know when reading them.
    """
    parts = [_classification(model) for model in result.models]
    parts += [_accuracies(result), _course(result), notes(result.notes)]
    return "\n\n".join(parts) + "\n"


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


def _classification(model: ProducersModel) -> str:
    header = ["", *MEASURES, "support", *(f"document: {measure}" for measure in MEASURES)]
    rows = []
    for name, theirs in model.published.report.items():
        ours = model.report[name]
        rows.append(
            [
                name,
                *(f"{ours[measure]:.2f}" for measure in MEASURES),
                f"{ours['support']:.0f}",
                *(f"{theirs[measure]:.2f}" for measure in MEASURES),
            ]
        )
    accuracy = ["accuracy", "", "", f"{model.report['accuracy']:.2f}", f"{rows[-1][4]}", "", ""]
    rows.insert(3, [*accuracy, f"{model.published.accuracy:.2f}"])
    header[5:] = ["document: precision", "recall", "f1-score"]
    return layout(f"{_heading(model)}: test rows, seed {model.seeds[0]}", header, rows)


def _accuracies(result: ProducersResult) -> str:
    header = ["", "mean ± sd", "lowest – highest", "document", "independent re-run, 20 seeds"]
    rows = [
        [
            _heading(model),
            f"{percent(model.accuracy.mean)} ± {percent(model.accuracy.sd)}",
            f"{percent(model.accuracy.lowest)} – {percent(model.accuracy.highest)}",
            f"{100 * model.published.accuracy:.0f}",
            f"{percent(model.rerun.mean)} ({percent(model.rerun.lowest)} – "
            f"{percent(model.rerun.highest)})",
        ]
        for model in result.models
    ]
    seeds = "1 seed" if len(result.seeds) == 1 else f"{len(result.seeds)} seeds"
    title = f"Accuracy in % on the {len(result.split.y_test)} test rows, {seeds}, epoch"
    return layout(f"{title} {result.epochs}", header, rows)


def _course(result: ProducersResult) -> str:
    header = [
        "",
        "sd of accuracy, 2nd half",
        "re-run",
        "epoch of lowest test loss",
        "last loss / lowest",
    ]
    rows = [
        [
            _heading(model),
            _mean_sd_percent(model.wobble),
            percent(model.rerun.wobble),
            f"{model.turning_epoch:.0f}",
            f"{model.overfit.mean:.2f}",
        ]
        for model in result.models
    ]
    return layout("Within a run (means over seeds; the epoch is a median)", header, rows)


def _mean_sd_percent(spread: Spread) -> str:
    return f"{percent(spread.mean)} ± {percent(spread.sd)}"


def notes(texts: Sequence[str]) -> str:
    """Paragraphs of what to know when reading tables."""
    paragraphs = [fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ") for text in texts]
    return "\n".join(["What to know when reading them", *paragraphs])


def _heading(model: ProducersModel) -> str:
    return model.title[0].upper() + model.title[1:]
