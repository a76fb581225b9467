"""What holds for every display: no setting is changed, nothing is cut off, all can be read."""

import inspect
import sys
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text

import sknn.inspection
from sknn.inspection import (
    ClassBalanceDisplay,
    ConvergenceDisplay,
    CorrelationDisplay,
    FeatureDistributionDisplay,
    FeatureHistogramDisplay,
    FeatureRankDisplay,
    IntervalCalibrationDisplay,
    LearningRateRange,
    NetworkDisplay,
    OneVsRestRocDisplay,
    PredictionIntervalDisplay,
    RegularizationPathDisplay,
    TrainingHistoryDisplay,
    VolatilityDisplay,
)
from sknn.inspection._style import DARK, LIGHT, contrast

# Long, and with what would be a formula that cannot be read.
LONG = [f"{k}th of a $ row {{ of_$ features with long names" for k in range(10)]
RNG = np.random.default_rng(0)
Y = np.concatenate([np.arange(10), RNG.integers(0, 10, 60)])
X = RNG.normal(size=(70, 10))

# By name: what draws it, and how many axes it needs.
DISPLAYS = {
    "balance": (lambda net, **kws: ClassBalanceDisplay.from_labels(Y, class_names=LONG, **kws), 1),
    "convergence": (
        lambda net, **kws: ConvergenceDisplay.from_range(
            LearningRateRange(np.geomspace(1e-4, 1, 20), X[0:2].ravel() ** 2 + 1,
                              np.linspace(2, 1, 20), 0.01, False), **kws),
        1,
    ),
    "correlation": (
        lambda net, **kws: CorrelationDisplay.from_data(X, feature_names=LONG, **kws), 1
    ),
    "distribution": (
        lambda net, **kws: FeatureDistributionDisplay.from_data(
            X[:, :5], Y, feature_names=LONG[:5], class_names=LONG, **kws), 5,
    ),
    "densities": (
        lambda net, **kws: FeatureDistributionDisplay.from_data(
            X[:, :3], Y % 2, feature_names=LONG[:3], **kws), 3,
    ),
    "histogram": (
        lambda net, **kws: FeatureHistogramDisplay.from_data(
            X[:, :4], feature_names=LONG[:4], **kws), 4,
    ),
    "rank": (
        lambda net, **kws: FeatureRankDisplay(np.eye(10) + 1, LONG).plot(**kws), 1
    ),
    "network": (
        lambda net, **kws: NetworkDisplay.from_estimator(net, class_names=LONG[:3], **kws), 2
    ),
    "roc": (
        lambda net, **kws: OneVsRestRocDisplay.from_predictions(
            Y, np.eye(10)[Y] + X, class_names=LONG, **kws), 1,
    ),
    "path": (
        lambda net, **kws: RegularizationPathDisplay(
            np.geomspace(0.01, 1, 7), X[:7] ** 2, valid_loss=np.ones(7), best_lambda=0.1,
            feature_names=LONG).plot(**kws), 3,
    ),
    "intervals": (
        lambda net, **kws: PredictionIntervalDisplay.from_predictions(
            X[:, 0], np.sort(X, axis=1), levels=np.arange(1, 11) / 11, x=X[:, 1], x_name=LONG[0],
            **kws), 1,
    ),
    "calibration": (
        lambda net, **kws: IntervalCalibrationDisplay.from_predictions(
            X[:, 0], {name: np.sort(X, axis=1) for name in LONG[:2]}, levels=np.arange(1, 11) / 11,
            **kws), 1,
    ),
    "history": (
        lambda net, **kws: TrainingHistoryDisplay.from_estimator(
            {"a $x_$": net, "b": net}, **kws), 2,
    ),
    "volatility": (lambda net, **kws: VolatilityDisplay.from_estimator(net, **kws), 2),
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", DISPLAYS)


def test_no_display_is_forgotten():
    public = {name for name in sknn.inspection.__all__ if name.endswith("Display")}
    source = inspect.getsource(sys.modules[__name__])
    assert {name for name in public if f"{name}." in source or f"{name}(" in source} == public
    for name in public:
        display = getattr(sknn.inspection, name)
        assert any(method.startswith("from_") for method in vars(display) | vars(display.__base__))
        assert list(inspect.signature(display.plot).parameters)[:2] == ["self", "ax"]


@EVERY
def test_on_the_users_axes_nothing_else_is_touched(network, name, monkeypatch):
    draw, n_axes = DISPLAYS[name]
    # Loading pyplot would choose a backend, which is a setting too.
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    before = dict(matplotlib.rcParams)
    figure = Figure(facecolor="#123456", layout="none")
    axes = figure.subplots(1, n_axes)
    looks = [(one.get_facecolor(), one.xaxis.label.get_color()) for one in np.ravel(axes)]
    display = draw(network, ax=axes)
    assert dict(matplotlib.rcParams) == before
    assert display.figure_ is figure and display.ax_ is np.ravel(axes)[0]
    assert figure.get_facecolor() == to_rgba("#123456")
    assert figure.get_layout_engine() is None or "NoLayout" not in str(figure.get_layout_engine())
    assert figure.get_supxlabel() == "" and figure.get_suptitle() == ""
    after = [(one.get_facecolor(), one.xaxis.label.get_color()) for one in np.ravel(axes)]
    assert after == looks
    assert any(one.has_data() for one in np.ravel(axes))


@pytest.fixture
def drawn(monkeypatch):
    """Every text that is drawn: ticks beyond the limits of their axes have labels that are not."""
    texts = []

    def draw(text, renderer):
        texts.append(text)
        return original(text, renderer)

    original = Text.draw
    monkeypatch.setattr(Text, "draw", draw)
    return texts


@EVERY
def test_a_new_figure_is_drawn_whole(network, drawn, name):
    before = dict(matplotlib.rcParams)
    display = DISPLAYS[name][0](network, theme="dark")
    assert dict(matplotlib.rcParams) == before
    figure = display.figure_
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    boxes = {
        text: text.get_window_extent(renderer)
        for text in drawn
        if text.get_visible() and text.get_text().strip()
    }
    assert boxes
    assert_readable(display, boxes, DARK)
    width, height = figure.bbox.size
    for text, box in boxes.items():
        assert min(box.x0, box.y0) > -1 and box.x1 < width + 1 and box.y1 < height + 1, text
    for axes in figure.axes:
        assert_apart([boxes[one] for one in axes.get_yticklabels() if one in boxes], "y")
        labels = [one for one in axes.get_xticklabels() if one in boxes]
        # Boxes around leaning words overlap where the words do not.
        if not any(label.get_rotation() % 90 for label in labels):
            assert_apart([boxes[label] for label in labels], "x")


@EVERY
def test_a_light_figure_can_be_read(network, name):
    display = DISPLAYS[name][0](network, theme="light")
    texts = [text for text in display.figure_.findobj(Text) if text.get_text().strip()]
    assert_readable(display, texts, LIGHT)


def assert_readable(display, texts, theme):
    """Every text has contrast to what is behind it."""
    assert to_hex(display.figure_.get_facecolor()).upper() == theme.background
    on_images = set(getattr(display, "text_", []))
    for text in texts:
        assert text in on_images or contrast(text.get_color(), theme.background) > 4, text
    for text in on_images:
        column, row = text.get_position()
        behind = display.im_.cmap(display.im_.norm(display.im_.get_array()[row, column]))
        assert contrast(text.get_color(), behind) > 4, text


def assert_apart(boxes, side):
    """No box begins before the one before it ends."""
    ends = sorted((getattr(box, f"{side}0"), getattr(box, f"{side}1")) for box in boxes)
    for (_, end), (start, _) in pairwise(ends):
        assert end <= start + 2
