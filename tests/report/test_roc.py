"""ROC curves against scikit-learn's scores and a curve drawn by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

from sknn.report._roc import RocCurve, macro_average, one_vs_rest_curves, plot_roc

NAMES = ["a", "b", "c"]


def random_case(seed, n=40, levels=7):
    rng = np.random.default_rng(seed)
    y = np.concatenate([[0, 1, 2], rng.integers(0, 3, n)])
    # Few levels, so that many scores are tied.
    scores = rng.integers(1, levels, (len(y), 3)).astype(float)
    return y, scores / scores.sum(axis=1, keepdims=True)


@given(st.integers(0, 2**32 - 1))
def test_areas_are_scikit_learns(seed):
    y, probabilities = random_case(seed)
    curves = one_vs_rest_curves(y, probabilities, [0, 1, 2], NAMES)
    by_class = roc_auc_score(y, probabilities, multi_class="ovr", average=None)
    np.testing.assert_allclose([curve.area for curve in curves], by_class, rtol=1e-12)
    macro = roc_auc_score(y, probabilities, multi_class="ovr", average="macro")
    assert macro_average(curves).area == pytest.approx(macro, rel=1e-12)


def test_average_of_two_steps():
    early = RocCurve("early", np.array([0, 0, 1.0]), np.array([0, 1, 1.0]))
    late = RocCurve("late", np.array([0, 0.5, 0.5, 1]), np.array([0, 0, 1, 1.0]))
    average = macro_average([early, late])
    points = list(zip(average.false_positive_rate, average.true_positive_rate, strict=True))
    assert points == [(0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1), (1, 1)]
    assert average.area == pytest.approx(0.75)


def test_lines_are_the_curves():
    y, probabilities = random_case(0)
    curves = one_vs_rest_curves(y, probabilities, [0, 1, 2], NAMES)
    axes = Figure().subplots()
    plot_roc(axes, curves)
    lines = axes.get_lines()
    for line, curve in zip(lines[:4], [*curves, macro_average(curves)], strict=True):
        np.testing.assert_array_equal(line.get_xdata(), curve.false_positive_rate)
        np.testing.assert_array_equal(line.get_ydata(), curve.true_positive_rate)
        assert line.get_label() == f"{curve.name}: AUC {curve.area:.3f}"
    assert len({(line.get_color(), line.get_linestyle()) for line in lines[:4]}) == 4
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [text.partition(":")[0] for text in texts] == [*NAMES, "macro average"]
