"""Periodic embeddings, scaled inputs and residuals against PyTorch's automatic gradients."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sknn.backprop import (
    InputScale,
    Linear,
    PeriodicEmbedding,
    Residual,
    Sequential,
    Tanh,
    draw_parameters,
)
from sknn.training import SLOW_RATE, NetworkSpec, Parameters

FLOAT64 = np.dtype(float)


def embedding_arrays(n_models, n_features, n_waves=5, n_units=2):
    rng = np.random.default_rng(0)
    shapes = (1, n_waves), (1, n_waves), (n_waves, n_units), (1, n_units)
    return [rng.normal(size=(n_models, n_features, *shape)) for shape in shapes]


def embed_with_torch(x, frequencies, phases, weights, biases):
    """Rows of one model, feature by feature, from the definition."""
    columns = []
    for j in range(x.shape[1]):
        waves = torch.cos(2 * torch.pi * x[:, j, None] * frequencies[j] + phases[j])
        columns += [x[:, j, None], waves @ weights[j] + biases[j]]
    return torch.cat(columns, dim=1)


@pytest.mark.parametrize("hands_back", [False, True])
@pytest.mark.parametrize(("n_models", "n_rows", "n_features"), [(1, 1, 1), (1, 1, 3), (2, 7, 3)])
def test_periodic_embedding(hands_back, n_models, n_rows, n_features):
    arrays = embedding_arrays(n_models, n_features)
    gradients = tuple(np.full_like(array, np.nan) for array in arrays)
    layer = PeriodicEmbedding(*arrays, gradients, n_rows, hands_back)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n_models, n_rows, n_features))
    G = rng.normal(size=(n_models, n_rows, 3 * n_features))
    untouched = X.copy()
    for _ in range(2):  # and again, with buffers that have been used
        found = layer.forward(X).copy()
        back = layer.backward(G.copy())
    assert_array_equal(X, untouched)
    for k in range(n_models):
        x, *own = (torch.tensor(a[k], requires_grad=True) for a in (X, *arrays))
        output = embed_with_torch(x, *own)
        output.backward(torch.tensor(G[k]))
        assert_allclose(found[k], output.detach().numpy(), rtol=1e-12, atol=1e-12)
        for mine, theirs in zip(gradients, own, strict=True):
            assert_allclose(mine[k], theirs.grad.numpy(), rtol=1e-11, atol=1e-12)
        if hands_back:
            assert_allclose(back[k], x.grad.numpy(), rtol=1e-11, atol=1e-12)
    assert (back is not None) == hands_back


def test_rows_that_all_models_share_are_embedded_by_each():
    arrays = embedding_arrays(2, 3)
    X = np.random.default_rng(2).normal(size=(1, 4, 3))
    shared = PeriodicEmbedding(*arrays, None, 4).forward(X)
    copied = PeriodicEmbedding(*arrays, None, 4).forward(np.repeat(X, 2, axis=0))
    assert_array_equal(shared, copied)


def test_input_scale_of_rows_that_all_models_share():
    rng = np.random.default_rng(3)
    scale, X, G = rng.normal(size=(2, 1, 3)), rng.normal(size=(1, 5, 3)), rng.normal(size=(2, 5, 3))
    grad = np.empty_like(scale)
    layer = InputScale(scale, grad, n_rows=5)
    assert_array_equal(layer.forward(X), X * scale)
    assert layer.backward(G.copy()) is None
    assert_allclose(grad, (G * X).sum(axis=1, keepdims=True), rtol=1e-14)


def test_residual_of_residuals():
    """Around a branch that holds another one; activations in place must not reach their inputs."""
    rng = np.random.default_rng(4)
    Ws, bs = rng.normal(size=(2, 1, 3, 3)), rng.normal(size=(2, 1, 1, 3))
    slopes = np.empty_like(Ws), np.empty_like(bs)

    def branch(i):
        linear = Linear(Ws[i], bs[i], slopes[0][i], slopes[1][i], 6)
        return [linear, Tanh(1, 6, 3, FLOAT64)]

    inner = Residual(Sequential(branch(1)), 1, 6, 3, FLOAT64)
    outer = Residual(Sequential([*branch(0), inner]), 1, 6, 3, FLOAT64)
    X, G = rng.normal(size=(2, 1, 6, 3))
    untouched = X.copy()
    found, back = outer.forward(X).copy(), outer.backward(G.copy())
    assert_array_equal(X, untouched)

    x, W0, W1, b0, b1 = (
        torch.tensor(a, requires_grad=True) for a in (X[0], Ws[0, 0], Ws[1, 0], bs[0, 0], bs[1, 0])
    )
    h = torch.tanh(x @ W0 + b0)
    output = x + h + torch.tanh(h @ W1 + b1)
    output.backward(torch.tensor(G[0]))
    assert_allclose(found[0], output.detach().numpy(), rtol=1e-13)
    assert_allclose(back[0], x.grad.numpy(), rtol=1e-12)
    for W, b, i in ((W0, b0, 0), (W1, b1, 1)):
        assert_allclose(slopes[0][i, 0], W.grad.numpy(), rtol=1e-12)
        assert_allclose(slopes[1][i, 0, 0], b.grad.numpy()[0], rtol=1e-12)


def drawn(spec, *seeds):
    parameters = Parameters.zeros(len(seeds), spec.layout, float)
    draw_parameters(spec, parameters, [np.random.default_rng(seed) for seed in seeds])
    return parameters.arrays


def test_where_an_embedding_starts():
    """As in Holzmüller, Grinsztajn and Steinwart (2024)."""
    arrays = drawn(NetworkSpec((200, 3, 2), embedding="periodic"), 0)
    for name, law in (
        ("frequencies", ("norm", (0, 0.1))),
        ("phases", ("uniform", (-np.pi, 2 * np.pi))),
        ("embedding_weights", ("uniform", (-0.25, 0.5))),
        ("embedding_biases", ("uniform", (-0.25, 0.5))),
    ):
        assert stats.kstest(arrays[name].ravel(), *law).pvalue > 0.001, name
    assert arrays["weights.0"].shape == (1, 800, 3)


def test_where_scales_and_selu_start():
    parts = {"normalization": "layer", "input_scale": True}
    spec = NetworkSpec((4, 300, 200, 2), ("selu", "relu"), **parts)
    arrays = drawn(spec, 0)
    for name in ("scales.0", "scales.1", "input_scale"):
        assert_array_equal(arrays[name], 1)
    for name in ("shifts.0", "shifts.1", "biases.0"):
        assert_array_equal(arrays[name], 0)
    assert stats.kstest(arrays["weights.0"].ravel(), "norm", (0, 0.5)).pvalue > 0.001
    assert np.abs(arrays["weights.1"]).max() <= (6 / 500) ** 0.5
    assert arrays["biases.1"].any()


@pytest.mark.parametrize("activation", ["selu", "gelu"])
def test_a_model_starts_from_its_own_generator_only(activation):
    spec = NetworkSpec((3, 4, 4, 2), activation, "batch", True, "periodic", True)
    stack = drawn(spec, 5, 6)
    for k, seed in enumerate((5, 6)):
        alone = drawn(spec, seed)
        for name, array in stack.items():
            assert_array_equal(array[k], alone[name][0], err_msg=name)


def test_selu_keeps_the_size_of_a_signal_through_many_layers():
    """Klambauer et al. (2017): mean 0 and variance 1, here after twelve layers of 300."""
    from sknn.backprop import build_network

    spec = NetworkSpec((300, *(300,) * 12, 1), "selu")
    X = np.random.default_rng(1).normal(size=(1, 400, 300))
    hidden = X
    for layer in build_network(spec, drawn(spec, 0), 400).layers[:-1]:
        hidden = layer.forward(hidden)
    assert abs(hidden.mean()) < 0.15
    assert 0.7 < hidden.var() < 1.3


def test_the_embedding_is_the_slow_part_and_comes_last():
    spec = NetworkSpec((3, 4, 2), "relu", "layer", False, "periodic", True)
    (fast, one), (slow, tenth) = spec.layout.rates
    assert (one, tenth) == (1.0, SLOW_RATE) == (1.0, 0.1)
    assert fast.stop == slow.start
    assert slow.stop == spec.layout.n_params
    n_of_a_feature = 16 + 16 + 16 * 3 + 3
    assert slow.stop - slow.start == 3 * n_of_a_feature
    assert NetworkSpec((3, 4, 2)).layout.rates == ((slice(0, 26), 1.0),)
