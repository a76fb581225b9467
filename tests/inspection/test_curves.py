"""Trends and scales of curves."""

import numpy as np
import pytest

from sknn.inspection._curves import trend, trend_window


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
