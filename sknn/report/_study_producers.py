"""The page of the producers study."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.report._blocks import Block, Headline, Picture, Section, Table, Text
from sknn.report._canvas import canvas, label
from sknn.report._class_data import ClassData, encode
from sknn.report._evaluation import Evaluation
from sknn.report._metrics import engines_metrics, producers_metrics
from sknn.report._open_questions import open_questions_section, title_of
from sknn.report._overview import overview_section
from sknn.report._pairs import pair_picture
from sknn.report._performance import confusion_table, roc_picture
from sknn.report._seeds import plot_seeds
from sknn.report._study_parts import (
    beside_blocks,
    comparison_section,
    engines_section,
    histories_of,
    history_picture,
    networks_section,
    notes_section,
    share,
    spread_range,
)
from sknn.report._words import count, points, signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName
    from sknn.report._beside_tables import StudyResult
    from sknn.studies import ComparisonResult, KeyFeaturesResult, ProducersModel, ProducersResult

MEASURES = ("precision", "recall", "f1-score")
SUBSET_NAMES = {"valid": "test rows"}


def producers_report(
    result: ProducersResult,
    key_features: KeyFeaturesResult | None,
    comparison: ComparisonResult | None,
    other: StudyResult | None,
) -> dict[str, Any]:
    """What :class:`Report` is made with."""
    sections = [
        _accuracies(result),
        _table(result),
        _single_runs(result),
        _training(result),
        open_questions_section(result),
        _probabilities(result),
    ]
    if key_features is not None:
        sections.append(_key_features(key_features))
    if comparison is not None:
        sections.append(comparison_section(comparison))
    networks = {model.title: model.parameters for model in (*result.models, *result.alternatives)}
    sections += engines_section(result, other)
    sections.append(networks_section(networks, result.engine))
    titles = {model.name: model.title for model in result.models}
    beside = beside_blocks(result.beside_document(), titles, digits=0)
    sections.append(Section("The document, figure by figure", beside))
    notes = [*result.notes, *(key_features.notes if key_features is not None else ())]
    notes += comparison.notes if comparison is not None else ()
    return {
        "title": "Which of three companies made this product?",
        "subtitle": f"Networks on the producers table, {count(len(result.seeds), 'seed')} "
        f"each, {count(result.epochs, 'epoch')}: a published study, done again.",
        "headlines": [_headline(model) for model in result.models],
        "sections": [*sections, *notes_section(notes)],
        "created": date.today().isoformat(),
        "data": producers_metrics(result) | engines_metrics(result, other),
    }


def _headline(model: ProducersModel) -> Headline:
    return Headline(
        f"Accuracy, {model.title}",
        f"{points(model.accuracy.mean)} %",
        f"{spread_range(model.accuracy)} % over seeds; document "
        f"{100 * model.published.accuracy:.0f} %",
    )


def _accuracies(result: ProducersResult) -> Section:
    header = ["network", "mean ± sd", "range", "document", "re-run", "its range", "other splits"]
    rows = []
    for model in (*result.models, *result.alternatives):
        published, rerun = getattr(model, "published", None), getattr(model, "rerun", None)
        others = model.other_splits["accuracy"]
        rows.append(
            [
                title_of(model, result),
                share(model.accuracy),
                spread_range(model.accuracy),
                f"{100 * published.accuracy:.0f}" if published else "–",
                points(rerun.mean) if rerun else "–",
                f"{points(rerun.lowest)} to {points(rerun.highest)}" if rerun else "–",
                f"{points(others.mean())} ± {points(others.std())}" if len(others) else "–",
            ]
        )
    n_test = len(result.split.y_test)
    table = Table(
        f"Accuracy in % on the {n_test} test rows after the last epoch, over "
        f"{count(len(result.seeds), 'seed')}; beside it the document's single run and an "
        "independent re-run of its protocol with 20 seeds",
        header,
        rows,
    )
    return Section("The accuracies", [table, _seeds(result), _course(result)])


def _seeds(result: ProducersResult) -> Picture:
    def draw(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, 5.4, 4.2)
        plot_seeds(axes, result.models, theme)
        return figure

    means = "; ".join(f"{model.title} {points(model.accuracy.mean)} %" for model in result.models)
    return Picture(
        "Every run",
        f"The test accuracy of every run, by model. Means: {means}.",
        draw,
        "Dots: a run each; line: their mean; diamond: the document's run; square: mean and range "
        "of the re-run.",
    )


def _course(result: ProducersResult) -> Picture:
    histories = {model.title: histories_of(model.curves) for model in result.models}
    return history_picture(
        histories,
        "loss",
        "Loss on the test rows, all seeds",
        f"Median over {count(len(result.seeds), 'seed')}, and the middle 80 % of them.",
        subset="valid",
        subset_names=SUBSET_NAMES,
    )


def _table(result: ProducersResult) -> Section:
    split, model = result.split, result.models[0]
    classes = model.pipeline.classes_
    found = Evaluation.from_predictions(
        split.y_test, model.predictions, model.probabilities, classes
    )
    data = ClassData(
        target="producer",
        classes=list(split.target_names),
        X=split.X_test.reset_index(drop=True),
        y=found.y_true,
        X_train=split.X_train.reset_index(drop=True),
        y_train=encode(split.y_train, classes),
    )
    section = overview_section(data, found)
    pairs = pair_picture(data.described, data.described_y, data.classes)
    return replace(section, blocks=[*section.blocks, pairs])


def _single_runs(result: ProducersResult) -> Section:
    seed = result.seeds[0]
    blocks: list[Block] = []
    for model in result.models:
        rows = []
        for name, theirs in model.published.report.items():
            ours = model.report[name]
            cells = [
                f"{figures[measure]:.2f}" for measure in MEASURES for figures in (ours, theirs)
            ]
            rows.append([name, *cells, f"{ours['support']:.0f}"])
        header = [""]
        for measure in ("precision", "recall", "F1"):
            header += [measure, "document"]
        caption = f"{model.title.capitalize()}, seed {seed}, beside the document's run"
        blocks.append(Table(caption, [*header, "rows"], rows))
    for model in result.models:
        found = _evaluation(model, result)
        caption = f"Confusion matrix, {model.title}, seed {seed}"
        blocks.append(confusion_table(caption, found.confusion, found.names))
    return Section("Single runs, class by class", blocks)


def _training(result: ProducersResult) -> Section:
    seed = result.seeds[0]
    options: dict[str, Any] = {"subset_names": SUBSET_NAMES}
    pictures: list[Block] = [
        Text(
            f"The trainings with seed {seed}. Volatility is the highest minus the lowest batch "
            "value within an epoch.",
            for_pictures=True,
        )
    ]
    for model in result.models:
        history = {model.title: model.history}
        for measure in ("loss", "accuracy"):
            title = f"{measure.capitalize()}, {model.title}"
            pictures.append(history_picture(history, measure, title, **options))
        for measure in ("loss", "accuracy"):
            title = f"Volatility of the {measure}, {model.title}"
            pictures.append(history_picture(history, measure, title, volatility=True, **options))
        for measure in ("loss", "accuracy"):
            title = f"{measure.capitalize()} of every training batch, {model.title}"
            pictures.append(
                history_picture(history, measure, title, level="batch", subset="train", **options)
            )
    return Section("The training", pictures)


def _probabilities(result: ProducersResult) -> Section:
    pictures = [
        roc_picture(_evaluation(model, result), f"Each producer against the rest, {model.title}")
        for model in result.models
    ]
    return Section("ROC curves", pictures)


def _evaluation(model: ProducersModel, result: ProducersResult) -> Evaluation:
    """The run of the first seed, its classes called as the study calls them."""
    found = Evaluation.from_predictions(
        result.split.y_test, model.predictions, model.probabilities, model.pipeline.classes_
    )
    return replace(found, classes=np.array(result.split.target_names))


def _key_features(result: KeyFeaturesResult) -> Section:
    frame = result.to_frame()
    header = ["feature", "mean rank by weights", "first 3, %", "by gradients", "first 3, %"]
    header += ["accuracy lost, points", "log loss added", "document"]
    rows = [
        [
            str(feature),
            f"{row['mean_rank_by_weights']:.2f}",
            f"{100 * row['first_3_by_weights']:.0f}",
            f"{row['mean_rank_by_gradients']:.2f}",
            f"{100 * row['first_3_by_gradients']:.0f}",
            signed(100 * row["accuracy_drop"], 1),
            signed(row["loss_rise"]),
            "first" if row["key_in_document"] else "",
        ]
        for feature, row in frame.iterrows()
    ]
    table = Table(
        f"Ranks of the features in {count(result.n_refits, 'refit')} by each importance, and what "
        f"a shuffle of a feature does on the {len(result.split.y_test)} test rows",
        header,
        rows,
    )
    highlight = list(frame.index[frame["key_in_document"]])
    pictures = [
        _ranks(result, importance, words, highlight)
        for importance, words in (("weights", "weights, Σ|w|"), ("gradients", "gradients, Σ|g|"))
    ]
    return Section("The key features", [table, *pictures, *_distributions(result)])


def _ranks(result: KeyFeaturesResult, importance: str, words: str, highlight: list[str]) -> Picture:
    from sknn.inspection import FeatureRankDisplay

    selector = result.selectors[importance]

    def draw(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, 6.2, 4.8)
        FeatureRankDisplay.from_estimator(
            selector, ax=axes, highlight=highlight, colorbar=False, theme=theme
        )
        axes.set_title("", loc="left")
        return figure

    order = selector.feature_names_in_[selector.ranking_.argsort()]
    return Picture(
        f"Ranks by {words}",
        f"Heat map of how often each feature had each rank. The first three by mean rank: "
        f"{', '.join(order[:3])}.",
        draw,
        "In brackets the mean rank; bold: first in the document.",
    )


def _distributions(result: KeyFeaturesResult) -> list[Block]:
    """What each feature shows, in the order of their ranks by weights."""
    import pandas as pd

    split = result.split
    X = pd.concat([split.X_train, split.X_test])
    y = pd.concat([split.y_train, split.y_test]).to_numpy()
    blocks: list[Block] = [
        Text(
            "How each feature is distributed by producer, the most important first:",
            for_pictures=True,
        )
    ]
    return blocks + [_distribution(X[name], y, split.target_names) for name in result.features]


def _distribution(values: Any, y: Any, names: list[str]) -> Picture:
    from sknn.inspection import FeatureDistributionDisplay

    def draw(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, 2.9, 2.1)
        FeatureDistributionDisplay.from_data(
            values.to_frame(),
            y,
            class_names=[label(name) for name in names],
            ax=[axes],
            theme=theme,
        )
        # Room for the legend above the curves.
        low, high = axes.get_ylim()
        axes.set_ylim(low, low + 1.45 * (high - low))
        axes.set_title("", loc="left")
        return figure

    medians = values.groupby(y).median()
    words = ", ".join(f"{name} {m:.3g}" for name, m in zip(names, medians, strict=True))
    name = str(values.name)
    return Picture(name, f"Density of {name} by producer. Medians: {words}.", draw, size="small")
