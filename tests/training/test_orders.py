"""The order of rows, and the batches that they are cut into."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn.training import batch_sizes, draw_orders


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "sizes"),
    [(10, 3, [3, 3, 3, 1]), (9, 3, [3, 3, 3]), (2, 3, [2]), (1, 1, [1]), (3, 3, [3])],
)
def test_batch_sizes(n_rows, batch_size, sizes):
    assert batch_sizes(n_rows, batch_size) == sizes


def test_every_model_draws_from_its_own_generator():
    orders = draw_orders([np.random.default_rng(seed) for seed in (3, 4)], np.array([6, 4]))
    assert_array_equal(orders[0], np.random.default_rng(3).permutation(6))
    assert_array_equal(orders[1], [*np.random.default_rng(4).permutation(4), 0, 0])
