"""ROC curves against scikit-learn's scores and a curve drawn by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from sknn.inspection._roc_curves import (
    RocCurve,
    macro_average,
    micro_average,
    one_vs_rest_curves,
)

NAMES = ["a", "b", "c"]


def random_case(seed, n=40, levels=7):
    rng = np.random.default_rng(seed)
    y = np.concatenate([[0, 1, 2], rng.integers(0, 3, n)])
    # Few levels, so that many scores are tied.
    scores = rng.integers(1, levels, (len(y), 3)).astype(float)
    return y, scores / scores.sum(axis=1, keepdims=True)


@settings(max_examples=25)
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


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_micro_average_is_scikit_learns(seed):
    y, probabilities = random_case(seed)
    weights = np.random.default_rng(seed).uniform(0.1, 3, len(y))
    curve = micro_average(y, probabilities, [0, 1, 2], weights)
    expected = roc_auc_score(np.eye(3)[y], probabilities, average="micro", sample_weight=weights)
    assert curve.area == pytest.approx(expected, rel=1e-12)


def test_weights_are_counts():
    y, probabilities = random_case(1)
    weights = np.random.default_rng(0).integers(1, 4, len(y))
    weighted = one_vs_rest_curves(y, probabilities, [0, 1, 2], NAMES, weights)
    repeated = one_vs_rest_curves(
        np.repeat(y, weights), np.repeat(probabilities, weights, axis=0), [0, 1, 2], NAMES
    )
    for one, other in zip(weighted, repeated, strict=True):
        assert one.area == pytest.approx(other.area)


def test_a_class_without_rows_has_no_curve():
    y, probabilities = random_case(2)
    with pytest.warns(UserWarning, match="No curve for c: among these rows there are none of it"):
        curves = one_vs_rest_curves(np.minimum(y, 1), probabilities, [0, 1, 2], NAMES)
    assert [curve.name for curve in curves] == ["a", "b"]
    with pytest.raises(ValueError, match="`y` must hold rows of two classes at least"):
        one_vs_rest_curves(np.zeros(5), probabilities[:5], [0, 1, 2], NAMES)
