"""The figures of a study: what goes on which page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sknn.report._curves import (
    plot_band,
    plot_batches,
    plot_epochs,
    plot_volatility,
    scale_loss,
    trend_window,
)
from sknn.report._roc import one_vs_rest_curves, plot_roc
from sknn.report._seeds import plot_seeds
from sknn.report._style import BLACK, CYCLE, GREY, report_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.studies import ProducersModel, ProducersResult


def producers_figures(result: ProducersResult) -> dict[str, Figure]:
    """Draw the figures of the producers study.

    Figures are made without pyplot: nothing pops up, and no setting of matplotlib is changed.

    Parameters
    ----------
    result : ProducersResult
        What :func:`sknn.studies.producers` returned.

    Returns
    -------
    figures : dict of str to Figure
        By name: ``training_none``, ``training_l2`` and ``training_l1`` with loss, accuracy and
        their volatility for each epoch; ``batches_none`` and so on with loss and accuracy of each
        batch; ``roc`` with each class against the rest; ``seeds`` with the accuracies of all seeds;
        ``validation`` with loss and accuracy on the test rows over all seeds.
    """
    with report_style():
        figures = {f"training_{model.name}": _training(model) for model in result.models}
        figures |= {f"batches_{model.name}": _batches(model) for model in result.models}
        figures["roc"] = _roc(result)
        figures["seeds"] = _seeds(result)
        figures["validation"] = _validation(result)
    return figures


def _training(model: ProducersModel) -> Figure:
    figure = page(10, 7, f"Training with {model.title}", _caption(model) + _trend_note(model))
    panels = figure.subplots(2, 2, sharex=True)
    titles = (
        ("Loss (cross-entropy)", "Accuracy"),
        ("Volatility of the loss", "Volatility of the accuracy"),
    )
    for column, measure in enumerate(("loss", "accuracy")):
        plot_epochs(panels[0, column], model.history, measure)
        plot_volatility(panels[1, column], model.history, measure)
        for row in range(2):
            panels[row, column].set_title(titles[row][column])
        panels[0, column].set_xlabel("")
    panels[0, 0].legend()
    return figure


def _batches(model: ProducersModel) -> Figure:
    figure = page(10, 7, f"Every batch, with {model.title}", _caption(model) + _trend_note(model))
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    for row, measure in enumerate(("loss", "accuracy")):
        for column, (side, name) in enumerate((("train", "training"), ("valid", "test rows"))):
            plot_batches(panels[row, column], model.history, measure, side)
            panels[row, column].set_title(f"{measure.capitalize()}, {name}")
    for axes in panels[0]:
        axes.set_xlabel("")
        axes.legend(loc="lower left", markerscale=4)
    return figure


def _roc(result: ProducersResult) -> Figure:
    figure = page(
        13,
        5.2,
        "Each producer against the rest (ROC on the 45 test rows)",
        f"models of seed {result.seeds[0]}, {count(result.epochs, 'epoch')}",
    )
    panels = figure.subplots(1, len(result.models), squeeze=False)[0]
    split = result.split
    for axes, model in zip(panels, result.models, strict=True):
        classes = model.pipeline.classes_
        plot_roc(
            axes,
            one_vs_rest_curves(split.y_test, model.probabilities, classes, split.target_names),
        )
        axes.set_title(model.title)
    return figure


def _seeds(result: ProducersResult) -> Figure:
    figure = page(
        9,
        5.5,
        f"Accuracy over {count(len(result.seeds), 'seed')}",
        "dots: a run each; line: their mean; diamond: the document's single run; "
        "square: mean and range of an independent re-run",
    )
    plot_seeds(figure.subplots(), result.models)
    return figure


def _validation(result: ProducersResult) -> Figure:
    figure = page(
        11,
        4.8,
        "Loss and accuracy on the test rows",
        f"median over {count(len(result.seeds), 'seed')}, and the middle 80 % of them"
        + _trend_note(result.models[0]),
    )
    panels = figure.subplots(1, 2)
    for axes, measure in zip(panels, ("loss", "accuracy"), strict=True):
        for model, (color, dashes) in zip(result.models, CYCLE, strict=True):
            plot_band(axes, model.curves[f"valid_{measure}"], measure, model.title, color, dashes)
        axes.set(title=measure.capitalize(), xlabel="epoch")
    scale_loss(panels[0])
    panels[0].legend()
    return figure


def page(width: float, height: float, title: str, caption: str) -> Figure:
    """An empty figure with a title above and a line of small print below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold", color=BLACK)
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=8.5, color=GREY)
    return figure


def _caption(model: ProducersModel) -> str:
    """The parameters of a training."""
    parameters = model.parameters
    layers = "-".join(str(size) for size in parameters["hidden_layer_sizes"])
    penalties = f"l1 = {parameters['l1']:g}, l2 = {parameters['l2']:g}"
    return (
        f"hidden layers {layers}, {parameters['activation']} · {parameters['solver']}, learning "
        f"rate {parameters['learning_rate_init']:g} · batches of {parameters['batch_size']} · "
        f"{count(len(model.history), 'epoch')} · {penalties} · "
        f"seed {model.seeds[0]}"
    )


def _trend_note(model: ProducersModel) -> str:
    window = trend_window(len(model.history))
    if window == 1:
        return ""
    return f"\ntrend: running median (loss) and mean (accuracy) of {window} epochs"


def count(n: int, noun: str) -> str:
    """A number and its noun, in the plural where there are several."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
