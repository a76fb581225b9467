"""Single layers; what they make of a whole network is tested in test_network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats

from sknn.backprop import Dropout, Linear, SparseDropout, SparseLinear

FLOAT64 = np.dtype(np.float64)


def linear(n_rows, *, is_first=False, kind=Linear):
    """A layer of two models, from 2 to 3, whose numbers are small integers."""
    weights = np.arange(12.0).reshape(2, 2, 3)
    bias = np.array([[[1.0, 2.0, 3.0]], [[-1.0, 0.0, 1.0]]])
    grads = np.full((2, 2, 3), np.nan), np.full((2, 1, 3), np.nan)
    extra = {"is_first": is_first} if kind is Linear else {}
    return kind(weights, bias, *grads, n_rows, **extra)


X = np.array([[[1.0, 0.0], [2.0, -1.0]], [[0.0, 1.0], [0.0, 3.0]]])
G = np.array([[[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]], [[1.0, 1.0, 1.0], [0.0, 0.0, 2.0]]])


def test_linear_on_known_numbers():
    layer = linear(2)
    assert_array_equal(layer.forward(X), [[[1, 3, 5], [-2, 0, 2]], [[8, 10, 12], [26, 30, 34]]])
    assert_array_equal(layer.backward(G), [[[4, 13], [1, 4]], [[21, 30], [16, 22]]])
    assert_array_equal(layer.grad_weights, [[[1, 2, 2], [0, -1, 0]], [[0, 0, 0], [1, 1, 7]]])
    assert_array_equal(layer.grad_bias, [[[1, 1, 2]], [[1, 1, 3]]])


def test_a_first_layer_hands_nothing_back():
    layer, other = linear(2, is_first=True), linear(2)
    layer.forward(X), other.forward(X)
    assert layer.backward(G) is None
    other.backward(G)
    assert_array_equal(layer.grad_weights, other.grad_weights)


def test_rows_that_all_models_share_need_no_copy():
    layer, copied = linear(2), linear(2)
    shared, repeated = X[:1], np.repeat(X[:1], 2, axis=0)
    assert_array_equal(layer.forward(shared), copied.forward(repeated))
    assert_array_equal(layer.backward(G), copied.backward(G))
    assert_array_equal(layer.grad_weights, copied.grad_weights)


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_linear_equals_linear(container):
    layer, dense = linear(2, kind=SparseLinear), linear(2)
    assert_array_equal(layer.forward([container(rows) for rows in X]), dense.forward(X))
    assert layer.backward(G) is None
    dense.backward(G)
    assert_array_equal(layer.grad_weights, dense.grad_weights)
    assert_array_equal(layer.grad_bias, dense.grad_bias)


@pytest.mark.parametrize("n_rows", [1, 2, 31, 32, 33])
@pytest.mark.parametrize(("fan_in", "fan_out"), [(100, 100), (99, 101), (300, 40), (50, 20)])
def test_gradient_of_the_input_for_large_matrices(n_rows, fan_in, fan_out):
    """Large matrices with few rows take another way to the same product."""
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(2, fan_in, fan_out)), np.zeros((2, 1, fan_out))
    gradient = rng.normal(size=(2, n_rows, fan_out))
    layer = Linear(W, b, np.empty_like(W), np.empty_like(b), n_rows)
    layer.forward(rng.normal(size=(2, n_rows, fan_in)))
    expected = np.einsum("kro,kio->kri", gradient, W, optimize=False)
    assert_allclose(layer.backward(gradient.copy()), expected, rtol=1e-12, atol=1e-12)
    # and once more, now that the buffers are not fresh
    assert_allclose(layer.backward(2 * gradient), 2 * expected, rtol=1e-12, atol=1e-12)


def dropout(rates, n_rows, width, dtype=FLOAT64, seed=0):
    generators = [np.random.default_rng(seed + k) for k in range(len(rates))]
    return Dropout(rates, generators, n_rows, width, dtype), generators


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_keeps_the_expectation(dtype):
    rates = (0.5, 0.2, 0.75)
    layer, _ = dropout(rates, 400, 100, np.dtype(dtype))
    mask = layer.forward(np.ones((3, 400, 100), dtype)).copy()
    assert mask.dtype == dtype
    for model, rate in enumerate(rates):
        values = np.unique(mask[model])
        assert_allclose(values, [0, 1 / (1 - rate)], rtol=1e-6)
        n_dropped = int((mask[model] == 0).sum())
        assert stats.binomtest(n_dropped, 40_000, rate).pvalue > 0.001


def test_dropout_sends_the_gradient_the_way_of_the_signal():
    layer, _ = dropout((0.5,), 6, 4)
    out = layer.forward(np.ones((1, 6, 4))).copy()
    assert_array_equal(layer.backward(np.full((1, 6, 4), 3.0)), 3 * out)


def test_dropout_draws_a_new_mask_for_every_batch_from_its_own_generator():
    layer, (generator, _) = dropout((0.5, 0.3), 6, 4)
    ones = np.ones((2, 6, 4))
    first, second = layer.forward(ones).copy(), layer.forward(ones).copy()
    assert (first != second).any()
    alone, (other,) = dropout((0.5,), 6, 4)
    assert_array_equal(alone.forward(ones[:1]), first[:1])
    assert_array_equal(alone.forward(ones[:1]), second[:1])
    assert generator.bit_generator.state == other.bit_generator.state
    uniform = np.random.default_rng(0).random((2, 6, 4))
    assert_array_equal(first[0] > 0, uniform[0] >= 0.5)
    assert_array_equal(second[0] > 0, uniform[1] >= 0.5)


def test_a_model_with_rate_0_draws_nothing_and_is_left_alone():
    layer, generators = dropout((0.0, 0.5), 6, 4)
    state = generators[0].bit_generator.state
    values = np.random.default_rng(5).normal(size=(2, 6, 4))
    for _ in range(3):
        assert_array_equal(layer.forward(values)[0], values[0])
        assert_array_equal(layer.backward(values.copy())[0], values[0])
    assert generators[0].bit_generator.state == state


def test_a_ragged_batch_draws_its_rows_only():
    layer, (generator,) = dropout((0.5,), 3, 4)
    layer.forward(np.ones((1, 3, 4)))
    other = np.random.default_rng(0)
    other.random((3, 4))
    assert generator.bit_generator.state == other.bit_generator.state


def test_the_rows_themselves_are_left_alone():
    layer, _ = dropout((0.5,), 6, 4)
    rows = np.ones((1, 6, 4))
    layer.forward(rows)
    assert (rows == 1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_dropout_draws_for_stored_entries(dtype):
    rng = np.random.default_rng(0)
    dense = (rng.normal(size=(50, 40)) * (rng.random((50, 40)) < 0.3)).astype(dtype)
    rows = sparse.csr_array(dense)
    generators = [np.random.default_rng(1), np.random.default_rng(2)]
    layer = SparseDropout((0.25, 0.0), generators, np.dtype(dtype))
    dropped, kept = layer.forward([rows, rows])
    assert kept.dtype == dropped.dtype == dtype
    assert_array_equal(kept.toarray(), dense)
    assert_array_equal(rows.toarray(), dense, err_msg="the data are left alone")
    assert generators[1].bit_generator.state == np.random.default_rng(2).bit_generator.state

    mask = np.random.default_rng(1).random(rows.nnz, dtype=dtype) >= 0.25
    expected = np.zeros_like(dense)
    expected[dense != 0] = rows.data * mask / 0.75
    assert_allclose(dropped.toarray(), expected, rtol=1e-6)
    assert stats.binomtest(int(mask.sum()), mask.size, 0.75).pvalue > 0.001
    assert (layer.forward([rows, rows])[0].toarray() != dropped.toarray()).any()
