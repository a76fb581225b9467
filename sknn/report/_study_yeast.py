"""The page of the yeast study."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.report._beside_tables import LOSSES
from sknn.report._blocks import Block, Facts, Headline, Notes, Picture, Section, Table, Text
from sknn.report._class_data import ClassData, encode
from sknn.report._metrics import engines_metrics, plain, versions
from sknn.report._model import search_facts
from sknn.report._overview import overview_blocks
from sknn.report._performance import confusion_table
from sknn.report._study_parts import (
    beside_blocks,
    comparison_section,
    engines_section,
    history_picture,
    networks_section,
    notes_section,
    share,
    spread_range,
)
from sknn.report._words import count, decimal, number, percent, points
from sknn.report._yeast_architectures import architecture_blocks

if TYPE_CHECKING:
    from sknn.report._beside_tables import StudyResult
    from sknn.studies import ComparisonResult, YeastModel, YeastResult
    from sknn.studies._published_yeast import PublishedYeast, RerunYeast

# Where the document compared the ways of gradient descent on one figure.
GRADIENT_DESCENTS = ("full_batch", "per_sample", "mini_batch")


def yeast_report(
    result: YeastResult, comparison: ComparisonResult | None, other: StudyResult | None
) -> dict[str, Any]:
    """What :class:`Report` is made with."""
    sections = [_table(result), _optimizers(result), _regularizers(result)]
    if result.architectures is not None or result.tuned is not None:
        sections.append(_questions(result))
    if comparison is not None:
        sections.append(comparison_section(comparison))
    sections += engines_section(result, other)
    sections.append(
        networks_section({model.title: model.parameters for model in result}, result.engine)
    )
    titles = {model.name: model.title for model in result}
    beside = beside_blocks(result.beside_document(), titles, digits=2)
    sections.append(Section("The document, figure by figure", beside))
    notes = [*result.notes, *(comparison.notes if comparison is not None else ())]
    n_seeds = count(len(result.seeds), "seed")
    return {
        "title": "Where in the cell does this protein sit?",
        "subtitle": f"Networks on the yeast table, {n_seeds} each: a published study, done again.",
        "headlines": _headlines(result),
        "sections": [*sections, *notes_section(notes)],
        "created": date.today().isoformat(),
        "data": yeast_metrics(result) | engines_metrics(result, other),
    }


def yeast_metrics(result: YeastResult) -> dict[str, Any]:
    """The yeast study as a tree of dicts, lists, strings and finite numbers."""
    frame = result.to_frame()
    models = {}
    for model in result:
        figures: dict[str, dict[str, float]] = {}
        row: Any = frame.loc[model.name]
        for (figure, statistic), value in zip(row.index.tolist(), row.tolist(), strict=True):
            figures.setdefault(figure, {})[statistic] = value
        models[model.name] = {
            "title": model.title,
            "parameters": model.parameters,
            **figures,
            "by_seed": model.scores.to_dict(orient="list"),
        }
    architectures = []
    if result.architectures is not None:
        architectures = result.architectures.runs.reset_index().to_dict(orient="records")
    return plain(
        {
            "study": "yeast",
            "versions": versions(),
            "engine": result.engine,
            "seeds": result.seeds,
            "models": models,
            "architectures": architectures,
            "best": result.best.name,
            "untrained_accuracies": result.untrained_accuracies,
            "notes": result.notes,
        }
    )


def _headlines(result: YeastResult) -> list[Headline]:
    best = result.best
    shown = [*result.optimizers[:1], best]
    return [
        Headline(
            f"Accuracy, {model.title}",
            f"{points(model.accuracy.mean)} %",
            f"{spread_range(model.accuracy)} % over seeds{_document(model)}",
        )
        for model in shown
    ] + [
        Headline(f"Macro F1, {best.title}", decimal(best.macro_f1.mean), "lowest validation loss"),
        Headline(
            "Without a model",
            percent(result.table.class_counts.max() / len(result.table.y)),
            "always the most frequent site",
        ),
    ]


def _document(model: YeastModel) -> str:
    published = model.published
    return "" if published is None else f"; document {number(100 * published.accuracy)} %"


def _table(result: YeastResult) -> Section:
    table = result.table
    classes = np.unique(table.y)
    data = ClassData(
        target="localization site",
        classes=classes.tolist(),
        X=table.X,
        y=encode(table.y, classes),
        X_train=None,
        y_train=None,
    )
    remark = Text(
        f"{table.n_twins} rows have features that another row has too. Of an ordinary split, some "
        "test rows have a twin among the training rows."
    )
    return Section("The table", [*overview_blocks(data), remark])


def _optimizers(result: YeastResult) -> Section:
    models = result.optimizers
    n_rows = len(models[0].split.y_test)
    header = ["way to train", "training loss", "document", "training accuracy", "document"]
    header += ["test accuracy", "range", "document", "re-run", "other splits", "macro F1"]
    rows = []
    for model in models:
        theirs = model.published
        train_loss, train_accuracy = model.last("train_loss"), model.last("train_accuracy")
        rows.append(
            [
                model.title,
                f"{decimal(train_loss.mean)} ± {decimal(train_loss.sd)}",
                _or_dash(theirs, "train_loss"),
                share(train_accuracy),
                _or_dash(theirs, "train_accuracy"),
                share(model.accuracy),
                spread_range(model.accuracy),
                _or_dash(theirs, "accuracy"),
                points(model.rerun.accuracy) if model.rerun else "–",
                _others(model, "accuracy"),
                share(model.macro_f1),
            ]
        )
    caption = f"After the last epoch; shares in %, on {n_rows} test rows of the first split"
    untrained = result.untrained_accuracies
    remarks = []
    if len(untrained):
        remarks.append(
            "Networks that were never trained have an accuracy of "
            f"{points(untrained.min())} to {points(untrained.max())} % on these rows: the "
            "document's figure for full-batch gradient descent is that of such a one, which it "
            "evaluated by mistake."
        )
    histories = {model.title: list(model.histories) for model in models}
    descents = {m.title: list(m.histories) for m in models if m.name in GRADIENT_DESCENTS}
    pictures = [
        history_picture(
            shown,
            measure,
            f"{measure.capitalize()}, {words}",
            f"Training rows; median over {count(len(result.seeds), 'seed')}, and the middle 80 %.",
            subset="train",
        )
        for shown, words in ((descents, "three ways of gradient descent"), (histories, "all four"))
        for measure in ("loss", "accuracy")
    ]
    blocks: list[Block] = [Table(caption, header, rows), Notes(remarks), *pictures]
    blocks += [_confusion(model) for model in models]
    return Section("Four ways to train", blocks)


def _regularizers(result: YeastResult) -> Section:
    models = result.regularizers
    blocks: list[Block] = [_split_in_three_table(models)]
    for model in models:
        blocks.append(_losses(model))
    blocks += [_confusion(model) for model in models]
    return Section("Four ways to regularise", blocks)


def _questions(result: YeastResult) -> Section:
    blocks = architecture_blocks(result)
    if result.tuned is not None:
        blocks.append(_split_in_three_table([result.tuned]))
    if result.search is not None:
        blocks.append(Facts(search_facts(result.search)))
    best = result.best
    blocks.append(
        Text(
            f"The lowest loss on the validation rows, on average over seeds, has {best.title}: "
            f"{decimal(best.last('valid_loss').mean)}; its accuracy on the test rows is "
            f"{share(best.accuracy)} %, its macro F1 {share(best.macro_f1)} %. The document "
            "chooses by the test rows, whose figures then say too much."
        )
    )
    return Section("What the document asks at its end", blocks)


def _split_in_three_table(models: Sequence[YeastModel]) -> Table:
    knows = any(model.published for model in models)
    header = ["network", "training loss", "validation loss", "test accuracy", "macro F1"]
    if knows:
        header = ["network"]
        for name in ("training loss", "validation loss", "test accuracy", "macro F1"):
            header += [name, "document"]
        header += ["re-run: accuracy", "macro F1"]
    header += ["other splits: accuracy", "macro F1"]
    rows = []
    for model in models:
        train, valid = model.last("train_loss"), model.last("valid_loss")
        theirs, rerun = model.published, model.rerun
        cells = [
            (f"{decimal(train.mean)} ± {decimal(train.sd)}", "train_loss"),
            (f"{decimal(valid.mean)} ± {decimal(valid.sd)}", "valid_loss"),
            (share(model.accuracy), "accuracy"),
            (share(model.macro_f1), "macro_f1"),
        ]
        row = [model.title]
        for ours, figure in cells:
            row += [ours, _or_dash(theirs, figure)] if knows else [ours]
        if knows:
            row += [_or_dash(rerun, "accuracy"), _or_dash(rerun, "macro_f1")]
        rows.append([*row, _others(model, "accuracy"), _others(model, "macro_f1")])
    n_rows = len(models[0].split.y_test)
    caption = f"After the last epoch; shares in %, on {n_rows} test rows of the second split"
    return Table(caption, header, rows)


def _losses(model: YeastModel) -> Picture:
    return history_picture(
        {model.title: list(model.histories)},
        "loss",
        f"Loss, {model.title}",
        f"Median over {count(len(model.seeds), 'seed')}, and the middle 80 % of them.",
    )


def _confusion(model: YeastModel) -> Table:
    counts = np.round(model.mean_confusion, 1)
    caption = f"Confusion matrix, {model.title}: mean over {count(len(model.seeds), 'seed')}"
    return confusion_table(caption, counts, list(model.classes))


def _others(model: YeastModel, figure: str) -> str:
    if not len(model.other_splits):
        return "–"
    values = model.other_splits[figure]
    return f"{points(values.mean())} ± {points(values.std())}"


def _or_dash(source: PublishedYeast | RerunYeast | None, figure: str) -> str:
    """A figure of someone else's, shares in percent; a dash where they have none."""
    value = None if source is None else getattr(source, figure)
    if value is None:
        return "–"
    return number(value if figure in LOSSES else 100 * value)
