"""Activations and their derivatives against PyTorch's."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional as F

from sknn.backprop import ACTIVATIONS

PEERS = {
    "identity": lambda z: z,
    "logistic": torch.sigmoid,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "silu": F.silu,
    "gelu": F.gelu,
    "mish": F.mish,
    "selu": F.selu,
    "elu": F.elu,
    "leaky_relu": F.leaky_relu,
    # PyTorch's own is z itself from `threshold` on.
    "softplus": lambda z: F.softplus(z, threshold=800),
}


def test_the_table_is_complete():
    assert ACTIVATIONS.keys() == PEERS.keys()


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_value_and_derivative(name, dtype, rtol):
    rng = np.random.default_rng(0)
    Z, G = (3 * rng.normal(size=(2, 9, 5)).astype(dtype) for _ in range(2))
    z = torch.tensor(Z, requires_grad=True)
    a = PEERS[name](z)
    a.backward(torch.tensor(G))

    layer = ACTIVATIONS[name](2, 9, 5, np.dtype(dtype))
    A = layer.forward(Z)
    assert A is Z, "works in place"
    assert_allclose(A, a.detach().numpy(), rtol=rtol, atol=rtol)
    gradient = layer.backward(G)
    assert gradient is G, "works in place"
    assert gradient.dtype == dtype
    assert_allclose(gradient, z.grad.numpy(), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", PEERS)
def test_a_layer_can_be_used_again(name):
    rng = np.random.default_rng(1)
    layer = ACTIVATIONS[name](1, 4, 3, np.dtype(np.float64))
    layer.backward(layer.forward(rng.normal(size=(1, 4, 3))).copy())
    Z, G = rng.normal(size=(2, 1, 4, 3))
    z = torch.tensor(Z, requires_grad=True)
    PEERS[name](z).backward(torch.tensor(G))
    layer.forward(Z)
    assert_allclose(layer.backward(G), z.grad.numpy(), rtol=1e-13, atol=1e-15)


LIMITS = {  # of value and slope at -10000, 0 and 10000
    "logistic": ([0, 0.5, 1], [0, 0.25, 0]),
    "tanh": ([-1, 0, 1], [0, 1, 0]),
    "relu": ([0, 0, 1e4], [0, 0, 1]),
    "silu": ([0, 0, 1e4], [0, 0.5, 1]),
    "gelu": ([0, 0, 1e4], [0, 0.5, 1]),
    "mish": ([0, 0, 1e4], [0, 0.6, 1]),
    "elu": ([-1, 0, 1e4], [0, 1, 1]),
    "selu": (
        [-1.0507009873554805 * 1.6732632423543772, 0, 1.0507009873554805e4],
        [0, 1.0507009873554805 * 1.6732632423543772, 1.0507009873554805],
    ),
    "leaky_relu": ([-100, 0, 1e4], [0.01, 0.01, 1]),
    "softplus": ([0, np.log(2), 1e4], [0, 0.5, 1]),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extreme_inputs_saturate(name, dtype):
    layer = ACTIVATIONS[name](1, 1, 3, np.dtype(dtype))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        A = layer.forward(np.array([[[-1e4, 0.0, 1e4]]], dtype)).copy()
        G = layer.backward(np.ones((1, 1, 3), dtype))
    assert A.dtype == G.dtype == dtype
    values, slopes = LIMITS[name]
    precision = 4 * np.finfo(dtype).eps
    assert_allclose(A.ravel(), values, rtol=precision, atol=0)
    assert_allclose(G.ravel(), slopes, rtol=precision, atol=precision)


def test_a_row_does_not_depend_on_the_others():
    """Prediction goes by chunks: the bits of a number are those that it has alone."""
    Z = 4 * np.random.default_rng(2).normal(size=(1, 37, 5))
    for name, Kind in ACTIVATIONS.items():
        whole = Kind(1, 37, 5, np.dtype(float)).forward(Z.copy())
        alone = Kind(1, 1, 5, np.dtype(float)).forward(Z[:, 20:21].copy())
        assert (whole[:, 20:21] == alone).all(), name
