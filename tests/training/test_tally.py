"""Sums of losses and hits on numbers that can be checked by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn.backprop._cross_entropy import losses_and_hits
from sknn.training import Tally

LOG2 = np.log(2)
# Two classes, four rows: rows 0 and 1 undecided (loss log 2, the first class wins), rows 2 and 3
# certain of the second class.
LOGITS = np.array([[[0.0, 0.0, -500.0, -500.0], [0.0, 0.0, 500.0, 500.0]]])
LABELS = np.array([[0, 1, 1, 0]])  # right, wrong, right, wrong by 1000
WEIGHTS = np.array([[1.0, 0.0, 2.0, 3.0]])


def add_in_two_blocks(tally, weights=None, smoothing=None):
    """All rows of one model, class by class, the last row in a block of its own."""
    for part in (slice(0, 3), slice(3, 4)):
        row_weights = None if weights is None else weights[:, part]
        # Less the largest of each row, which is 0 or 500.
        shifted = LOGITS[:, :, part] - LOGITS[:, 1:, part]
        shifted -= np.maximum(shifted[:, :1], 0)
        sums = np.exp(shifted).sum(axis=1)
        tally.add_rows(*losses_and_hits(shifted, sums, LABELS[:, part], smoothing), row_weights)
    return tally


def test_without_weights():
    tally = add_in_two_blocks(Tally(1))
    assert_allclose(tally.mean_loss, [(2 * LOG2 + 1000) / 4])
    assert_allclose(tally.weighted_loss, [(2 * LOG2 + 1000) / 4])
    assert_array_equal(tally.score, [0.5])


def test_with_weights():
    """The training loss is a sum over n; the others are averages over the weight."""
    tally = add_in_two_blocks(Tally(1), WEIGHTS)
    assert_allclose(tally.mean_loss, [(LOG2 + 3 * 1000) / 4])
    assert_allclose(tally.weighted_loss, [(LOG2 + 3 * 1000) / 6])
    assert_allclose(tally.score, [3 / 6])


def test_with_label_smoothing():
    """Half of the target is spread evenly: a row certain of either class loses 250 or 750."""
    tally = add_in_two_blocks(Tally(1), smoothing=np.array([[[0.5]]]))
    assert_allclose(tally.mean_loss, [(2 * LOG2 + 250 + 750) / 4])


@pytest.mark.parametrize("weighted", [False, True])
def test_by_batch(weighted):
    weights = WEIGHTS if weighted else None
    tally = add_in_two_blocks(Tally(1, keep_rows=True), weights)
    loss, accuracy = tally.by_batch(0, [1, 1, 2])
    if weighted:
        assert_allclose(loss, [LOG2, 0, 1500])
        assert_array_equal(accuracy, [1, np.nan, 2 / 5])
    else:
        assert_allclose(loss, [LOG2, LOG2, 500])
        assert_array_equal(accuracy, [1, 0, 0.5])
