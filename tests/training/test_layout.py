"""One flat array: its layout is public, since persistence and the optimizers build on it."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn.training import Layout, NetworkSpec, Parameters

SIZES = (2, 3, 2)


@pytest.fixture
def counted() -> Parameters:
    """Two models whose numbers count on from 0 and from 100."""
    return Parameters(np.array([[0.0], [100.0]]) + np.arange(20.0), NetworkSpec(SIZES).layout)


def test_all_weights_come_first_then_all_biases(counted):
    assert counted.n_weights == 12
    assert_array_equal(counted.weights[0][0], [[0, 1, 2], [3, 4, 5]])
    assert_array_equal(counted.weights[1][0], [[6, 7], [8, 9], [10, 11]])
    assert_array_equal(counted.biases[0][0], [[12, 13, 14]])
    assert_array_equal(counted.biases[1][0], [[15, 16]])
    assert_array_equal(counted.weights[1][1], [[106, 107], [108, 109], [110, 111]])
    assert_array_equal(counted.biases[1][1], [[115, 116]])


@pytest.mark.parametrize("n_models", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(4, 3), (4, 1, 2), (1, 5, 6, 2)])
def test_zeros(n_models, dtype, sizes):
    parameters = Parameters.zeros(n_models, NetworkSpec(sizes).layout, dtype)
    n_params = sum((a + 1) * b for a, b in pairwise(sizes))
    assert parameters.values.shape == (n_models, n_params)
    assert parameters.values.dtype == dtype
    assert not parameters.values.any()
    assert parameters.n_models == n_models
    assert [W.shape for W in parameters.weights] == [(n_models, a, b) for a, b in pairwise(sizes)]
    assert [b.shape for b in parameters.biases] == [(n_models, 1, b) for b in sizes[1:]]


def test_views_and_flat_array_share_memory(counted):
    counted.weights[1][1, 2, 0] = -1
    counted.biases[0][0, 0, 2] = -2
    assert counted.values[1, 10] == -1
    assert counted.values[0, 14] == -2
    counted.values[...] = 5
    assert all((part == 5).all() for part in counted.weights + counted.biases)


def test_every_number_is_in_exactly_one_view():
    parameters = Parameters.zeros(3, NetworkSpec((4, 3, 2)).layout, np.float64)
    for part in parameters.weights + parameters.biases:
        part += 1
    assert_array_equal(parameters.values, 1)


def test_take_copies_models_in_the_given_order(counted):
    taken = counted.take([1, 0, 1])
    assert_array_equal(taken.values[:, 0], [100, 0, 100])
    taken.values[...] = 7
    assert counted.values[0, 0] == 0
    assert_array_equal(taken.weights[1], np.full((3, 3, 2), 7.0))
    assert counted.take([]).n_models == 0


def test_what_is_penalised_comes_first():
    layout = NetworkSpec(SIZES).layout
    names = [name for name, _ in layout.shapes]
    assert names == ["weights.0", "weights.1", "biases.0", "biases.1"]
    views = layout.views(np.arange(float(layout.n_params))[None])
    penalised = np.concatenate([views[name].ravel() for name in names[:2]])
    assert_array_equal(np.sort(penalised), np.arange(layout.n_penalized))


def test_views_by_name_share_the_memory_of_the_row():
    layout = Layout((("weights.0", (2, 3)), ("biases.0", (1, 3)), ("more", (2,))), n_penalized=6)
    values = np.zeros((2, layout.n_params), np.float32)
    views = layout.views(values)
    assert {name: view.shape for name, view in views.items()} == {
        "weights.0": (2, 2, 3),
        "biases.0": (2, 1, 3),
        "more": (2, 2),
    }
    for number, view in enumerate(views.values(), start=1):
        assert view.base is not None
        assert np.shares_memory(view, values)
        view[1] = number
    assert_array_equal(values, [[0] * 11, [1] * 6 + [2] * 3 + [3] * 2])


def test_parameters_of_a_view_share_and_those_of_a_copy_do_not(counted):
    counted.view(slice(1, 2)).weights[0][0, 0, 0] = -1
    assert counted.values[1, 0] == -1
    twin = pickle.loads(pickle.dumps(counted))
    twin.biases[1][0, 0, 0] = -2
    assert twin.values[0, 15] == -2
    assert counted.values[0, 15] == 15
