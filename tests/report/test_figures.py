"""Figures by what their artists hold, not by pixels."""

import io
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from sknn.inspection._curves import trend
from sknn.inspection._style import luminance
from sknn.report import producers_figures
from sknn.report._seeds import spread_ties

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


def test_equal_values_lie_side_by_side():
    values = np.array([0.5, 0.7, 0.5, 0.5])
    np.testing.assert_allclose(spread_ties(values, width=0.5), [-0.04, 0, 0, 0.04])
    crowd = spread_ties(np.zeros(50), width=0.5)
    assert crowd.max() - crowd.min() == pytest.approx(0.5)


def test_settings_of_matplotlib_are_left_alone_and_do_not_matter(result):
    mine = {"axes.grid": False, "lines.linewidth": 9.0, "font.size": 30.0}
    with matplotlib.rc_context(mine):
        figure = producers_figures(result)["seeds"]
        assert {name: matplotlib.rcParams[name] for name in mine} == mine
    assert isinstance(figure, Figure)
    assert figure.axes[0].yaxis.get_label().get_fontsize() < 15


@pytest.fixture
def _without_pyplot(monkeypatch):
    """Make every import of pyplot fail, wherever it stands."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)


@pytest.mark.usefixtures("_without_pyplot")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_pyplot(result, theme):
    figures = producers_figures(result, theme)
    with pytest.raises(ImportError):
        import matplotlib.pyplot  # noqa: F401
    figures["seeds"].savefig(io.BytesIO(), dpi=10)
    assert {luminance(figure.get_facecolor()) > 0.5 for figure in figures.values()} == {
        theme == "light"
    }
