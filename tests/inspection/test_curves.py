"""Trends and scales of curves."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sknn.inspection._curves import draw_curve, scale_loss, trend, trend_window


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


def test_a_curve_of_many_runs_goes_on_while_half_of_them_do():
    runs = [np.arange(1.0, n + 1) for n in (3, 5, 5, 9)]
    axes = Figure().subplots()
    how = {"color": "red", "dashes": "-", "line_kws": None, "band_kws": None}
    line = draw_curve(axes, runs, "loss", label="runs", window=1, band=1.0, **how)
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(line.get_ydata(), [1, 2, 3, 4, 5])


def test_the_band_holds_the_middle_of_the_runs():
    runs = np.random.default_rng(0).normal(size=(11, 20)) + 5
    axes = Figure().subplots()
    how = {"color": "red", "dashes": "-", "line_kws": None, "band_kws": None}
    line = draw_curve(axes, list(runs), "accuracy", label="r", window=1, band=0.8, **how)
    np.testing.assert_allclose(line.get_ydata(), np.median(runs, axis=0))
    (area,) = axes.collections
    corners = area.get_paths()[0].vertices
    assert corners[:, 1].max() == np.quantile(runs, 0.9, axis=0).max()
    assert corners[:, 1].min() == np.quantile(runs, 0.1, axis=0).min()


@pytest.mark.parametrize("values", [[0.0, 0.0], [1.0, 1.0], [0.9, 1.4], [1e-9, 3.0], [0.01, 0.9]])
def test_a_scale_of_losses_has_labels(values):
    figure = Figure()
    axes = figure.subplots()
    axes.plot(values)
    scale_loss([axes])
    figure.canvas.draw()
    low, high = axes.get_ylim()
    shown = [
        label.get_text()
        for label in axes.get_yticklabels()
        if label.get_text() and low <= label.get_position()[1] <= high
    ]
    assert len(shown) >= 2
