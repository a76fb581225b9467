"""The tables of a study, as text for a terminal or a text file."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from sknn.report._beside_tables import beside_table
from sknn.report._layout import WIDTH, layout, notes, percent
from sknn.report._open_questions import course_table, title_of
from sknn.report._words import count

if TYPE_CHECKING:
    from sknn.studies import ProducersModel, ProducersResult, ProducersRuns, Spread

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
        accuracies over all seeds, beside the document's and an independent re-run's, and those on
        other splits; the course of training, with its spikes and the weights at zero; every figure
        of the document beside ours over all seeds; and what to know when reading them.

    Examples
    --------
    >>> from sknn.report import producers_tables
    >>> from sknn.studies import producers
    >>> text = producers_tables(producers(seeds=2, epochs=3))
    >>> print(text.splitlines()[0])
    No penalty: test rows, seed 0
    """
    parts = [_classification(model) for model in result.models]
    parts.append(_accuracies(result))
    if len(result.models[0].other_splits):
        parts.append(_other_splits(result))
    parts += [_course(result), _beside(result), notes(result.notes)]
    return "\n\n".join(parts) + "\n"


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
    rows += [
        [
            _capital(title_of(model, result)),
            _mean_sd_percent(model.accuracy),
            f"{percent(model.accuracy.lowest)} – {percent(model.accuracy.highest)}",
            "",
            "",
        ]
        for model in result.alternatives
    ]
    seeds = "1 seed" if len(result.seeds) == 1 else f"{len(result.seeds)} seeds"
    title = f"Accuracy in % on the {len(result.split.y_test)} test rows, {seeds}, epoch"
    return layout(f"{title} {result.epochs}", header, rows)


def _other_splits(result: ProducersResult) -> str:
    rows = []
    for model in (*result.models, *result.alternatives):
        accuracies = model.other_splits["accuracy"]
        rows.append(
            [
                _heading(model),
                f"{percent(accuracies.mean())} ± {percent(accuracies.std())}",
                f"{percent(accuracies.min())} – {percent(accuracies.max())}",
                f"{model.other_splits['log_loss'].mean():.3f}",
            ]
        )
    n_splits = len(result.models[0].other_splits)
    splits = "1 other split" if n_splits == 1 else f"{n_splits} other splits"
    header = ["", "mean ± sd", "lowest – highest", "log loss"]
    return layout(f"Accuracy in % on the test rows of {splits}, one seed each", header, rows)


def _beside(result: ProducersResult) -> str:
    return beside_table(
        result.beside_document(),
        {model.name: _heading(model) for model in result.models},
        f"Every figure of the document beside ours, in % over {count(len(result.seeds), 'seed')}",
        digits=0,
    )


def _course(result: ProducersResult) -> str:
    table = course_table(result)
    return layout(
        fill(table.caption, WIDTH),
        table.header,
        [[_capital(row[0]), *row[1:]] for row in table.rows],
    )


def _mean_sd_percent(spread: Spread) -> str:
    return f"{percent(spread.mean)} ± {percent(spread.sd)}"


def _heading(model: ProducersRuns) -> str:
    return _capital(model.title)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
