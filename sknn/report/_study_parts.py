"""What the pages of all studies have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sknn.report._beside_tables import (
    ENGINES,
    LOSSES,
    NAMES,
    engine_rows,
    outside_in_words,
    rows_beside,
)
from sknn.report._blocks import Block, Facts, Notes, Picture, Section, Table, Text
from sknn.report._canvas import canvas, label
from sknn.report._metrics import versions
from sknn.report._words import count, decimal, points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName
    from sknn.report._beside_tables import StudyResult
    from sknn.studies import ComparisonResult, Spread
    from sknn.training import History

METRICS = {"accuracy": "accuracy", "macro_f1": "macro F1", "log_loss": "log loss"}


def share(spread: Spread) -> str:
    """Mean and standard deviation of a share, in percent."""
    return f"{points(spread.mean)} ± {points(spread.sd)}"


def spread_range(spread: Spread) -> str:
    """Lowest and highest share, in percent."""
    return f"{points(spread.lowest)} to {points(spread.highest)}"


def beside_blocks(frame: pd.DataFrame, titles: Mapping[str, str], digits: int) -> list[Block]:
    """Every figure of a document beside ours, as ``beside_document()`` of a result lays them out.

    Parameters
    ----------
    frame : DataFrame
        The figures.
    titles : dict of str to str
        Names for people, by the models' short names.
    digits : int
        Decimals of the document's percentages.
    """
    header = ["model", "figure", "document", "ours: mean", "± sd", "range", "re-run", "inside"]
    rows = []
    for model, figure, row in rows_beside(frame):
        is_loss, name = figure in LOSSES, NAMES.get(figure, figure)

        def show(value: float, places: int = 1, is_loss: bool = is_loss) -> str:
            return decimal(value) if is_loss else decimal(100 * value, places)

        rows.append(
            [
                titles[model],
                name,
                show(row["document"], digits),
                show(row["mean"]),
                show(row["sd"]),
                f"{show(row['lowest'])} to {show(row['highest'])}",
                show(row["rerun"]),
                "yes" if row["inside"] else "no",
            ]
        )
    caption = "Every figure of the document beside ours; losses, and shares in %"
    table = Table(caption, header, rows, text_columns=(1,))
    words = outside_in_words(frame, titles)
    if not words:
        return [table]
    return [table, Text("Where the document's lies outside the range of ours:"), Notes(words)]


def histories_of(curves: Mapping[str, NDArray[np.float64]]) -> list[History]:
    """Arrays of shape (n_seeds, n_epochs) as a history for each seed."""
    from sknn.training import History

    n_seeds = len(next(iter(curves.values())))
    return [
        History({column: runs[seed].tolist() for column, runs in curves.items()})
        for seed in range(n_seeds)
    ]


def history_picture(
    histories: Mapping[str, History | Sequence[History]],
    measure: str,
    title: str,
    caption: str = "",
    *,
    volatility: bool = False,
    **options: Any,
) -> Picture:
    """The course of a measure in some trainings."""
    from sknn.inspection import TrainingHistoryDisplay, VolatilityDisplay

    def draw(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, 5.4, 3.8)
        if volatility:
            display: Any = VolatilityDisplay(_labelled(histories))
        else:
            display = TrainingHistoryDisplay(_labelled(histories))
            options.setdefault("mark_best", False)
        display.plot(axes, measure=measure, theme=theme, **options)
        axes.set_title("", loc="left")
        return figure

    name = f"Volatility of the {measure}" if volatility else measure.capitalize()
    lines = "" if volatility else f" {_course(histories, measure)}"
    return Picture(title, f"{name} over the epochs: {title}.{lines}", draw, caption)


def _labelled(histories: Mapping[str, Any]) -> dict[str, Any]:
    return {label(name): value for name, value in histories.items()}


def _course(histories: Mapping[str, Any], measure: str) -> str:
    """Where the curves end, in words."""
    parts = []
    for name, value in histories.items():
        runs = list(value) if isinstance(value, list | tuple) else [value]
        for subset, words in (("train", "training rows"), ("valid", "held-out rows")):
            last = [run[f"{subset}_{measure}"][-1] for run in runs]
            if not np.isnan(last).all():
                parts.append(f"{name}, {words} {np.mean(last):.3f}")
    return f"In the last epoch: {'; '.join(parts)}."


def comparison_section(result: ComparisonResult) -> Section:
    """Our classifiers beside others on the same folds."""
    n_scores = result.n_repeats * result.n_folds
    blocks: list[Block] = [
        Text(
            f"{count(result.n_repeats, 'repeat')} of stratified cross-validation with "
            f"{result.n_folds} folds; settings are chosen within the training rows only. After ± "
            "stands the standard error, corrected for what the folds share (Nadeau and Bengio, "
            "2003)."
        )
    ]
    for rows in result.scores.index.unique("rows"):
        frame = result.to_frame(rows)
        header = ["model"]
        for name in METRICS.values():
            header += [name, "± se", "others"]
        cells = [[result.titles[name], *_comparison_cells(frame.loc[name])] for name in frame.index]
        where = "all rows" if rows == "all" else "rows without a twin among the training rows"
        caption = f"Means of {n_scores} scores on {where}; 'others' is an independent comparison's"
        blocks.append(Table(caption, header, cells))
    return Section("Beside the strongest simple alternatives", blocks)


def _comparison_cells(row: Any) -> Iterable[str]:
    for metric in METRICS:
        digits = 3 if metric == "log_loss" else 4
        for statistic in ("mean", "se", "attainable"):
            yield decimal(row[metric, statistic], digits)


def engines_section(result: StudyResult, other: StudyResult | None) -> list[Section]:
    """The figures with one engine beside those with the other; nothing without another run."""
    if other is None:
        return []
    header, rows = engine_rows(result, other)
    n_seeds = count(len(result.seeds), "seed")
    caption = (
        f"Mean ± sd over {n_seeds}; losses, and shares in %. The largest difference is that of a "
        "seed's two values, 1 being 100 %"
    )
    return [Section("Both engines", [Table(caption, header, rows)])]


def networks_section(parameters: Mapping[str, Mapping[str, Any]], engine: str) -> Section:
    """The parameters of a study's networks: those that are all equal, and those that differ."""
    names = list(next(iter(parameters.values())))
    by_name = {
        name: [repr(own.get(name)) for own in parameters.values()]
        for name in names
        if all(name in own for own in parameters.values())
    }
    differing = {name: values for name, values in by_name.items() if len(set(values)) > 1}
    rows = [
        [title, *(values[k] for values in differing.values())] for k, title in enumerate(parameters)
    ]
    made_with = ", ".join(f"{name} {v}" for name, v in versions().items())
    facts = Facts(
        [
            ("Engine", ENGINES[engine]),
            ("Made with", made_with),
        ]
    )
    table = Table("Parameters in which the networks differ", ["network", *differing], rows)
    return Section("The networks", [facts, table] if differing else [facts])


def notes_section(texts: Sequence[str]) -> list[Section]:
    """What to know when reading; nothing where there is nothing."""
    return [Section("What to know when reading it", [Notes(tuple(texts))])] if texts else []
