"""Losses and scores of validation rows on numbers that can be checked by hand."""

import numpy as np
from numpy.testing import assert_allclose

from sknn.backprop import Validation
from sknn.training import NetworkSpec, Parameters, Rows

LOG2 = np.log(2)


def test_weighted_rows_of_two_models(make_plan):
    """Rows of one feature that are their own logits, weighed; nothing is dropped."""
    rows = Rows(np.array([[0.0], [0.0], [500.0]]), np.array([0, 1, 0]), np.array([1.0, 2.0, 0.5]))
    parameters = Parameters.zeros(2, NetworkSpec((1, 2)).layout, np.float64)
    parameters.weights[0][0] = [[-1.0, 1.0]]
    plans = [make_plan((1, 2), batch_size=2, record="batch", input_dropout=0.5)] * 2
    validation = Validation([rows] * 2, plans)
    tally = validation.evaluate(parameters.arrays)
    assert_allclose(tally.weighted_loss, [(3 * LOG2 + 500) / 3.5, LOG2], rtol=1e-14)
    assert_allclose(tally.score, [1 / 3.5, 1.5 / 3.5], rtol=1e-14)
    assert validation.sizes == [[2, 1]] * 2
    expected = [([1.5 * LOG2, 500], [1 / 3, 0]), ([1.5 * LOG2, 0.5 * LOG2], [1 / 3, 1])]
    for model, (losses, accuracies) in enumerate(expected):
        loss, accuracy = tally.by_batch(model, validation.sizes[model])
        assert_allclose(loss, losses, rtol=1e-14)
        assert_allclose(accuracy, accuracies, rtol=1e-14)
