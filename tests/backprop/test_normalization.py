"""Batch and layer normalization against `torch.nn`, and what each promises of itself."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from sknn.backprop import BatchNorm, LayerNorm

FLOAT64 = np.dtype(float)
WIDTH = 4


class Pair:
    """A layer of two models, and PyTorch's own layers with the same numbers."""

    def __init__(self, kind, n_rows, width=WIDTH, dtype=FLOAT64, trains=True):
        rng = np.random.default_rng(0)
        self.n_rows, self.width, self.dtype = n_rows, width, dtype
        self.scale, self.shift = rng.normal(size=(2, 2, 1, width)).astype(dtype)
        self.grads = np.full((2, 2, 1, width), np.nan, dtype)
        running = rng.normal(size=(2, 1, width)), rng.uniform(0.5, 2, (2, 1, width))
        self.mean, self.variance = (array.astype(dtype) for array in running)
        self.layer = self.make(kind, n_rows, trains)
        torch_kind = nn.BatchNorm1d if kind is BatchNorm else nn.LayerNorm
        precision = torch.float64 if dtype == FLOAT64 else torch.float32
        self.peers = [torch_kind(width, dtype=precision).train(trains) for _ in range(2)]
        for k, peer in enumerate(self.peers):
            with torch.no_grad():
                peer.weight.copy_(torch.tensor(self.scale[k, 0]))
                peer.bias.copy_(torch.tensor(self.shift[k, 0]))
            if kind is BatchNorm:
                peer.running_mean.copy_(torch.tensor(self.mean[k, 0]))
                peer.running_var.copy_(torch.tensor(self.variance[k, 0]))

    def make(self, kind, n_rows, trains=True):
        running = {"mean": self.mean, "variance": self.variance} if kind is BatchNorm else {}
        grads = self.grads if trains else (None, None)
        return kind(self.scale, self.shift, *grads, n_rows, **running)

    def batch(self, seed):
        rng = np.random.default_rng(seed)
        return (3 + 2 * rng.normal(size=(2, 2, self.n_rows, self.width))).astype(self.dtype)


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("n_rows", [2, 3, 50])
@pytest.mark.parametrize(("dtype", "rtol"), [(FLOAT64, 1e-12), (np.dtype("float32"), 2e-4)])
def test_outputs_gradients_and_statistics_are_those_of_pytorch(kind, n_rows, dtype, rtol):
    pair = Pair(kind, n_rows, dtype=dtype)
    for seed in range(5):  # running statistics of several batches; buffers that are used again
        X, G = pair.batch(seed)
        peers = [torch.tensor(X[k], requires_grad=True) for k in range(2)]
        outputs = [peer(x) for peer, x in zip(pair.peers, peers, strict=True)]
        for peer, output, gradient in zip(pair.peers, outputs, G, strict=True):
            peer.zero_grad()
            output.backward(torch.tensor(gradient))
        found = pair.layer.forward(X).copy()
        back = pair.layer.backward(G.copy())
        assert found.dtype == back.dtype == dtype
        for k, peer in enumerate(pair.peers):
            close = {"rtol": rtol, "atol": rtol * 10}
            assert_allclose(found[k], outputs[k].detach().numpy(), **close)
            assert_allclose(back[k], peers[k].grad.numpy(), **close)
            assert_allclose(pair.grads[0, k, 0], peer.weight.grad.numpy(), **close)
            assert_allclose(pair.grads[1, k, 0], peer.bias.grad.numpy(), **close)
            if kind is BatchNorm:
                assert_allclose(pair.mean[k, 0], peer.running_mean.numpy(), **close)
                assert_allclose(pair.variance[k, 0], peer.running_var.numpy(), **close)


@pytest.mark.parametrize("n_rows", [1, 2, 9])
def test_prediction_is_pytorchs_evaluation(n_rows):
    pair = Pair(BatchNorm, n_rows, trains=False)
    kept = pair.mean.copy(), pair.variance.copy()
    X, _ = pair.batch(7)
    for k, peer in enumerate(pair.peers):
        expected = peer(torch.tensor(X[k])).detach().numpy()
        assert_allclose(pair.layer.forward(X)[k], expected, rtol=1e-12, atol=1e-12)
    assert_array_equal(pair.mean, kept[0])
    assert_array_equal(pair.variance, kept[1])


def test_a_single_row_in_training_goes_by_the_running_statistics():
    """PyTorch refuses such a batch; its gradient is that of the evaluation."""
    pair = Pair(BatchNorm, 1)
    kept = pair.mean.copy(), pair.variance.copy()
    X, G = pair.batch(1)
    found, back = pair.layer.forward(X).copy(), pair.layer.backward(G.copy())
    for k, peer in enumerate(pair.peers):
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            peer(torch.tensor(X[k]))
        x = torch.tensor(X[k], requires_grad=True)
        output = peer.eval()(x)
        output.backward(torch.tensor(G[k]))
        assert_allclose(found[k], output.detach().numpy(), rtol=1e-12)
        assert_allclose(back[k], x.grad.numpy(), rtol=1e-12)
        assert_allclose(pair.grads[0, k, 0], peer.weight.grad.numpy(), rtol=1e-12)
        assert_allclose(pair.grads[1, k, 0], peer.bias.grad.numpy(), rtol=1e-12)
    assert_array_equal(pair.mean, kept[0])
    assert_array_equal(pair.variance, kept[1])


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
def test_equal_rows_or_units_give_the_shift(kind):
    """A variance of 0 is divided by the root of epsilon alone: nothing is NaN, all is the shift."""
    pair = Pair(kind, 6)
    X = np.full((2, 6, WIDTH), 1e3)
    with np.errstate(all="raise"):
        found = pair.layer.forward(X).copy()
        back = pair.layer.backward(np.ones_like(X))
    assert_array_equal(found, np.broadcast_to(pair.shift, found.shape))
    assert np.isfinite(back).all()
    assert_array_equal(pair.grads[0], 0)


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
def test_rows_that_all_models_share_need_no_copy(kind):
    shared, copied = Pair(kind, 5), Pair(kind, 5)
    X, G = shared.batch(3)
    repeated = np.repeat(X[:1], 2, axis=0)
    assert_array_equal(shared.layer.forward(X[:1]), copied.layer.forward(repeated))
    assert_array_equal(shared.layer.backward(G.copy()), copied.layer.backward(G.copy()))


def test_layers_of_two_sizes_share_running_statistics():
    """The ragged last batch has a layer of its own, over the same arrays."""
    pair = Pair(BatchNorm, 6)
    ragged = pair.make(BatchNorm, 2)
    X, _ = pair.batch(4)
    pair.layer.forward(X)
    ragged.forward(X[:, :2])
    for k, peer in enumerate(pair.peers):
        peer(torch.tensor(X[k]))
        peer(torch.tensor(X[k, :2]))
        assert_allclose(pair.mean[k, 0], peer.running_mean.numpy(), rtol=1e-12)
        assert_allclose(pair.variance[k, 0], peer.running_var.numpy(), rtol=1e-12)


def test_what_a_constant_adds_or_multiplies_is_taken_out():
    pair = Pair(LayerNorm, 5)
    X, _ = pair.batch(2)
    plain = pair.layer.forward(X).copy()
    assert_allclose(pair.layer.forward(1e3 * X + 7), plain, rtol=1e-4)
