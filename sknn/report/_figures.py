"""The figures of a study: what goes on which page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sknn.inspection import OneVsRestRocDisplay, TrainingHistoryDisplay, VolatilityDisplay
from sknn.inspection._curves import trend_window
from sknn.inspection._fitted import count, describe
from sknn.inspection._style import write_title
from sknn.report._seeds import plot_seeds
from sknn.report._style import colors, page, panels, report_style
from sknn.training import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName
    from sknn.studies import ProducersModel, ProducersResult


# The validation rows of the study's fits are its test rows.
SUBSET_NAMES = {"valid": "test rows"}
MEASURES = ("loss", "accuracy")


def producers_figures(result: ProducersResult, theme: ThemeName = "light") -> dict[str, Figure]:
    """Draw the figures of the producers study.

    Figures are made without pyplot: nothing pops up, and no setting of matplotlib is changed.

    Parameters
    ----------
    result : ProducersResult
        What :func:`sknn.studies.producers` returned.

    theme : {"light", "dark"}, default="light"
        Colours of the figures.

    Returns
    -------
    figures : dict of str to Figure
        By name: ``training_none``, ``training_l2`` and ``training_l1`` with loss, accuracy and
        their volatility for each epoch; ``batches_none`` and so on with loss and accuracy of each
        batch; ``roc`` with each class against the rest; ``seeds`` with the accuracies of all seeds;
        ``validation`` with loss and accuracy on the test rows over all seeds.

    Examples
    --------
    >>> from sknn.report import producers_figures
    >>> from sknn.studies import producers
    >>> figures = producers_figures(producers(seeds=1, epochs=3), theme="dark")
    >>> figures["roc"].savefig(getfixture("tmp_path") / "roc.png")
    """
    with report_style():
        figures = {f"training_{model.name}": _training(model, theme) for model in result.models}
        figures |= {f"batches_{model.name}": _batches(model, theme) for model in result.models}
        figures["roc"] = _roc(result, theme)
        figures["seeds"] = _seeds(result, theme)
        figures["validation"] = _validation(result, theme)
    return figures


def _training(model: ProducersModel, theme: ThemeName) -> Figure:
    caption = _caption(model) + _trend_note(model)
    figure = page(10, 7, f"Training with {model.title}", caption, theme)
    axes = panels(figure, 2, 2, theme, sharex=True)
    look: dict[str, Any] = {"subset_names": SUBSET_NAMES, "theme": theme}
    TrainingHistoryDisplay(model.history).plot(axes[0], mark_best=False, **look)
    volatility = VolatilityDisplay(model.history).plot(axes[1], **look)
    volatility.legend_.remove()
    for one in axes[0]:
        one.set_xlabel("")
    return figure


def _batches(model: ProducersModel, theme: ThemeName) -> Figure:
    caption = _caption(model) + _trend_note(model)
    figure = page(10, 7, f"Every batch, with {model.title}", caption, theme)
    axes = panels(figure, 2, 2, theme, sharex=True, sharey="row")
    for column, (subset, name) in enumerate((("train", "training"), ("valid", "test rows"))):
        TrainingHistoryDisplay(model.history).plot(
            axes[:, column],
            subset=subset,  # type: ignore[arg-type]
            level="batch",
            mark_best=False,
            subset_names=SUBSET_NAMES,
            legend_kws={"loc": "lower left"},
            theme=theme,
        )
        for one, measure in zip(axes[:, column], MEASURES, strict=True):
            write_title(one, f"{measure.capitalize()}, {name}", colors(theme))
        axes[0, column].set_xlabel("")
    return figure


def _roc(result: ProducersResult, theme: ThemeName) -> Figure:
    figure = page(
        13,
        5.2,
        "Each producer against the rest (ROC on the 45 test rows)",
        f"models of seed {result.seeds[0]}, {count(result.epochs, 'epoch')}",
        theme,
    )
    axes = panels(figure, 1, len(result.models), theme)[0]
    split = result.split
    for one, model in zip(axes, result.models, strict=True):
        OneVsRestRocDisplay.from_predictions(
            split.y_test,
            model.probabilities,
            classes=model.pipeline.classes_,
            class_names=split.target_names,
            average="macro",
            ax=one,
            corner=True,
            theme=theme,
        )
        write_title(one, model.title, colors(theme))
    return figure


def _seeds(result: ProducersResult, theme: ThemeName) -> Figure:
    figure = page(
        9,
        5.5,
        f"Accuracy over {count(len(result.seeds), 'seed')}",
        "dots: a run each; line: their mean; diamond: the document's single run; "
        "square: mean and range of an independent re-run",
        theme,
    )
    plot_seeds(panels(figure, 1, 1, theme)[0, 0], result.models, theme)
    return figure


def _validation(result: ProducersResult, theme: ThemeName) -> Figure:
    figure = page(
        11,
        4.8,
        "Loss and accuracy on the test rows",
        f"median over {count(len(result.seeds), 'seed')}, and the middle 80 % of them"
        + _trend_note(result.models[0]),
        theme,
    )
    axes = panels(figure, 1, 2, theme)[0]
    histories = {model.title: _histories(model) for model in result.models}
    TrainingHistoryDisplay(histories).plot(
        axes,
        subset="valid",
        subset_names=SUBSET_NAMES,
        mark_best=False,
        theme=theme,
    )
    for one, measure in zip(axes, MEASURES, strict=True):
        write_title(one, measure.capitalize(), colors(theme))
    return figure


def _histories(model: ProducersModel) -> list[History]:
    """The curves of every seed as histories, of which they are what the study keeps."""
    n_seeds = len(next(iter(model.curves.values())))
    return [
        History({column: runs[seed].tolist() for column, runs in model.curves.items()})
        for seed in range(n_seeds)
    ]


def _caption(model: ProducersModel) -> str:
    """The parameters of a training."""
    return " · ".join(describe(model.pipeline[-1]))


def _trend_note(model: ProducersModel) -> str:
    window = trend_window(len(model.history))
    if window == 1:
        return ""
    return f"\ntrend: running median (loss) and mean (accuracy) of {window} epochs"
