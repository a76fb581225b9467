"""Figures by what their artists hold, not by pixels."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sknn.report import producers_figures
from sknn.report._curves import trend, trend_window
from sknn.report._seeds import spread_ties
from sknn.report._style import CYCLE

NAMES = ("none", "l2", "l1")


@pytest.fixture(scope="module")
def figures(result):
    return producers_figures(result)


def line_labelled(axes, label):
    (line,) = [line for line in axes.get_lines() if line.get_label() == label]
    return line


def test_every_figure_is_there(figures):
    per_model = [f"{kind}_{name}" for kind in ("training", "batches") for name in NAMES]
    assert sorted(figures) == sorted([*per_model, "roc", "seeds", "validation"])


@pytest.mark.parametrize("name", NAMES)
def test_training_curves_are_the_history(result, figures, name):
    history = result[name].history
    panels = figures[f"training_{name}"].axes
    expected = {
        "Loss (cross-entropy)": (history["train_loss"], history["valid_loss"]),
        "Accuracy": (history["train_accuracy"], history["valid_accuracy"]),
        "Volatility of the loss": (
            [max(b) - min(b) for b in history.batches["train_loss"].values()],
            [max(b) - min(b) for b in history.batches["valid_loss"].values()],
        ),
        "Volatility of the accuracy": (
            [max(b) - min(b) for b in history.batches["train_accuracy"].values()],
            [max(b) - min(b) for b in history.batches["valid_accuracy"].values()],
        ),
    }
    assert {axes.get_title(loc="left") for axes in panels} == set(expected)
    for axes in panels:
        for label, values in zip(
            ("training", "test rows"), expected[axes.get_title(loc="left")], strict=True
        ):
            line = line_labelled(axes, f"_{label}")
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 61))
            np.testing.assert_array_equal(line.get_ydata(), values)
            assert line_labelled(axes, label).get_color() == line.get_color()
        assert axes.get_yscale() == ("log" if "oss" in axes.get_title(loc="left") else "linear")


@pytest.mark.parametrize("name", NAMES)
def test_parameters_stand_on_the_figure(result, figures, name):
    text = figures[f"training_{name}"].get_supxlabel()
    parameters = result[name].parameters
    for part in (
        "hidden layers 128-128",
        "learning rate 0.1",
        "batches of 10",
        "60 epochs",
        f"l1 = {parameters['l1']:g}, l2 = {parameters['l2']:g}",
        "seed 0",
    ):
        assert part in text
    assert result[name].title in figures[f"training_{name}"].get_suptitle()


def test_batches_are_the_history(result, figures):
    history = result["l1"].history
    panels = figures["batches_l1"].axes
    columns = ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy")
    for axes, column in zip(panels, columns, strict=True):
        dots = axes.get_lines()[0]
        np.testing.assert_array_equal(
            dots.get_ydata(), np.concatenate([*history.batches[column].values()])
        )
        # The last batch of an epoch stands where its epoch ends.
        per_epoch = len(history.batches[column][1])
        np.testing.assert_allclose(dots.get_xdata()[per_epoch - 1 :: per_epoch], range(1, 61))


def test_seeds_figure_holds_every_accuracy(result, figures):
    (axes,) = figures["seeds"].axes
    for place, model in enumerate(result.models):
        dots = line_labelled(axes, f"_{model.name}")
        np.testing.assert_array_equal(dots.get_ydata(), model.accuracies)
        assert (abs(dots.get_xdata() - place) < 0.3).all()
    documents = [line for line in axes.get_lines() if line.get_label() == "_document"]
    assert [line.get_ydata()[0] for line in documents] == [0.96, 0.93, 0.96]
    means = [line.get_ydata()[0] for line in axes.get_lines() if line.get_label() == "_mean"]
    np.testing.assert_allclose(means, [model.accuracies.mean() for model in result.models])


def test_validation_figure_is_the_median_over_seeds(result, figures):
    loss, accuracy = figures["validation"].axes
    for model in result.models:
        both = [trend(run, "loss") for run in model.curves["valid_loss"]]
        line = line_labelled(loss, model.title)
        np.testing.assert_allclose(line.get_ydata(), np.median(both, axis=0))
        assert line_labelled(accuracy, model.title).get_linestyle() == line.get_linestyle()


def test_trend_against_numpy():
    values = np.random.default_rng(0).normal(size=100)
    assert trend_window(100) == 5
    middle = np.lib.stride_tricks.sliding_window_view(values, 5)
    np.testing.assert_allclose(trend(values, "loss")[2:-2], np.median(middle, axis=1))
    np.testing.assert_allclose(trend(values, "accuracy")[2:-2], middle.mean(axis=1))
    assert len(trend(values, "loss")) == len(trend(values, "accuracy")) == 100


@pytest.mark.parametrize("n_epochs", [1, 2, 49])
def test_a_short_training_has_no_trend(n_epochs):
    values = np.arange(float(n_epochs))
    np.testing.assert_array_equal(trend(values, "loss"), values)
    np.testing.assert_array_equal(trend(values, "accuracy"), values)


def test_equal_values_lie_side_by_side():
    values = np.array([0.5, 0.7, 0.5, 0.5])
    np.testing.assert_allclose(spread_ties(values, width=0.5), [-0.04, 0, 0, 0.04])
    crowd = spread_ties(np.zeros(50), width=0.5)
    assert crowd.max() - crowd.min() == pytest.approx(0.5)


def test_lines_differ_in_lightness_and_in_dashes():
    lightness = sorted(
        0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (to_rgb(color) for color, _ in CYCLE)
    )
    assert len({dashes for _, dashes in CYCLE}) == len(CYCLE)
    assert min(np.diff(lightness)) > 0.02


def test_settings_of_matplotlib_are_left_alone_and_do_not_matter(result):
    mine = {"axes.grid": False, "lines.linewidth": 9.0, "font.size": 30.0}
    with matplotlib.rc_context(mine):
        figure = producers_figures(result)["seeds"]
        assert {name: matplotlib.rcParams[name] for name in mine} == mine
    assert isinstance(figure, Figure)
    assert figure.axes[0].yaxis.get_label().get_fontsize() < 15


def test_no_pyplot():
    code = (
        "import sys; from sknn.studies import producers; from sknn.report import write_producers;"
        "import tempfile; write_producers(producers(seeds=1, epochs=1), tempfile.mkdtemp());"
        "assert 'matplotlib' in sys.modules; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
