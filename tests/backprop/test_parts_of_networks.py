"""Gradients of networks of every part: activations, normalization, residuals, embeddings, losses.

The combinations are covering arrays: any two values of two parts meet in one network.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import approx_fprime

from sknn.backprop import ACTIVATIONS, LOSSES, build_network, predict, start
from sknn.training import NetworkSpec, Parameters, Plan, Streams

N_ROWS = 7
PARTS = {
    "activation": [*ACTIVATIONS, ("gelu", "tanh")],
    "normalization": [None, "batch", "layer"],
    "residual": [False, True],
    "embedding": [None, "periodic"],
    "input_scale": [False, True],
    "loss": ["softmax_cross_entropy", "sigmoid_cross_entropy", "squared_error", "gaussian"],
}


def covering_array(parts, seed):
    """Combinations in which any two values of two parts meet, found greedily."""
    rng = np.random.default_rng(seed)
    names = list(parts)
    left = {
        (a, x, b, y)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        for x in range(len(parts[a]))
        for y in range(len(parts[b]))
    }
    rows = []
    while left:
        candidates = [[int(rng.integers(len(parts[n]))) for n in names] for _ in range(60)]

        def pairs(row):
            return {
                (a, row[i], b, row[i + 1 + k])
                for i, a in enumerate(names)
                for k, b in enumerate(names[i + 1 :])
            }

        best = max(candidates, key=lambda row: len(pairs(row) & left))
        left -= pairs(best)
        rows.append({n: parts[n][k] for n, k in zip(names, best, strict=True)})
    return rows


COMBINATIONS = covering_array(PARTS, seed=0)


class Net:
    """A network of random numbers with a batch of rows, and its loss."""

    def __init__(self, loss, n_models=2, is_sparse=False, **parts):
        rng = np.random.default_rng(3)
        n_outputs = {"softmax_cross_entropy": 3}.get(loss, 2)
        self.spec = NetworkSpec((3, 5, 5, n_outputs), **parts)
        self.plan = Plan(self.spec, loss=loss, batch_size=N_ROWS)
        seeds = range(n_models)
        self.state = start([self.plan] * n_models, [Streams([k, 2, 3, 4]) for k in seeds])
        values = self.state.parameters.values
        values += 0.3 * rng.normal(size=values.shape)
        self.gradients = Parameters.zeros(n_models, self.spec.layout, float)
        X = rng.normal(size=(n_models, N_ROWS, 3))
        self.X = [sparse.csr_array(rows) for rows in X] if is_sparse else X
        self.truth = rng.normal(size=(n_models, N_ROWS, n_outputs))
        if loss == "softmax_cross_entropy":
            self.truth = np.eye(3)[rng.integers(3, size=(n_models, N_ROWS))]
        elif loss == "sigmoid_cross_entropy":
            self.truth = rng.integers(2, size=self.truth.shape).astype(float)
        elif loss == "gaussian":
            self.truth = self.truth[..., :1]
        self.loss = LOSSES[loss]([self.plan] * n_models, N_ROWS)
        arrays, gradients = self.state.arrays, self.gradients.arrays
        self.network = build_network(self.spec, arrays, N_ROWS, gradients, sparse=is_sparse)

    def gradient(self):
        """By backpropagation, (K, P)."""
        self.gradients.values[...] = np.nan  # what is not overwritten is seen
        self.loss.forward(self.network.forward(self.X))
        self.network.backward(self.loss.backward(self.truth, None))
        return self.gradients.values

    def value(self, model, vector):
        """The mean loss of a model at other parameters."""
        kept = self.state.parameters.values[model].copy()
        self.state.parameters.values[model] = vector
        outputs = self.network.forward(self.X)[model].copy()
        self.state.parameters.values[model] = kept
        return mean_loss(self.plan.loss, outputs, self.truth[model])


def mean_loss(name, Z, truth):
    """The mean over rows, from the definition in the documentation."""
    if name == "softmax_cross_entropy":
        return float(np.mean(np.log(np.exp(Z).sum(axis=1)) - (truth * Z).sum(axis=1)))
    if name == "sigmoid_cross_entropy":
        return float(np.mean((np.logaddexp(0, Z) - truth * Z).sum(axis=1)))
    if name == "squared_error":
        return float(np.mean(0.5 * np.square(Z - truth).sum(axis=1)))
    mean, log_sd = Z.T
    return float(np.mean(log_sd + 0.5 * np.square((mean - truth[:, 0]) / np.exp(log_sd))))


def trained(spec, gradients):
    """Without the biases that batch normalization takes off again."""
    views = Parameters(gradients, spec.layout).arrays
    untrained = [f"biases.{layer.index}" for layer in spec.every("linear") if not layer.trains_bias]
    return {name: array for name, array in views.items() if name not in untrained}


def test_the_combinations_cover_all_pairs():
    assert len(COMBINATIONS) < 80
    for normalization in PARTS["normalization"]:
        for activation in PARTS["activation"]:
            wanted = {"normalization": normalization, "activation": activation}
            assert any(wanted.items() <= row.items() for row in COMBINATIONS)


@pytest.mark.parametrize("parts", COMBINATIONS, ids=lambda row: " ".join(map(str, row.values())))
def test_gradient_against_finite_differences(parts):
    net = Net(**parts)
    found = trained(net.spec, net.gradient().copy())
    # `approx_fprime` steps once; a step each way is exact to the square of its length.
    values, step = net.state.parameters.values, 3e-6
    expected = np.stack(
        [
            0.5
            * (
                approx_fprime(values[k].copy(), lambda v, k=k: net.value(k, v), step)
                + approx_fprime(values[k].copy(), lambda v, k=k: net.value(k, v), -step)
            )
            for k in range(2)
        ]
    )
    for name, array in trained(net.spec, expected).items():
        assert_allclose(found[name], array, rtol=1e-6, atol=1e-6, err_msg=name)


def test_biases_before_batch_normalization_have_no_effect_and_no_gradient():
    net = Net("squared_error", normalization="batch", activation="tanh")
    net.gradient()
    assert np.isnan(net.gradients.arrays["biases.0"]).all(), "left as it was"
    assert np.isfinite(net.gradients.arrays["biases.2"]).all(), "the last layer has no follower"
    before = net.network.forward(net.X).copy()
    net.state.arrays["biases.1"][...] += 100.0
    assert_allclose(net.network.forward(net.X), before, atol=1e-12)


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_sparse_rows_have_the_gradients_of_dense_ones(normalization):
    parts = {"normalization": normalization, "residual": True, "activation": "silu"}
    dense = Net("softmax_cross_entropy", **parts).gradient().copy()
    net = Net("softmax_cross_entropy", is_sparse=True, **parts)
    assert_allclose(net.gradient(), dense, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("parts", COMBINATIONS[::5], ids=str)
def test_a_model_has_the_bits_that_it_has_alone(parts):
    """Three models in a stack, each against itself: outputs, gradients, running statistics."""
    together = Net(n_models=3, **parts)
    gradients = together.gradient()
    spec, buffers = together.spec, together.state.buffers.values
    for k in range(3):
        alone = Net(n_models=3, **parts)
        alone.state = alone.state.take([k])
        alone.X, alone.truth = alone.X[k : k + 1], alone.truth[k : k + 1]
        alone.gradients = Parameters.zeros(1, spec.layout, float)
        arrays, to = alone.state.arrays, alone.gradients.arrays
        alone.network = build_network(spec, arrays, N_ROWS, to)
        alone.loss = LOSSES[alone.plan.loss]([alone.plan], N_ROWS)
        np.testing.assert_array_equal(alone.gradient()[0], gradients[k])
        np.testing.assert_array_equal(alone.state.buffers.values[0], buffers[k])


@pytest.mark.parametrize("parts", COMBINATIONS[::4], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_any_number_of_rows_is_predicted_alike(parts, dtype):
    """Chunks of 512 rows, a rest, single rows; of one feature too."""
    parts = {name: value for name, value in parts.items() if name != "loss"}
    for n_features in (1, 3):
        spec = NetworkSpec((n_features, 4, 4, 2), **parts)
        plan = Plan(spec, dtype=np.dtype(dtype))
        arrays = start([plan], [Streams([1, 2, 3, 4])]).arrays
        X = np.random.default_rng(0).normal(size=(520, n_features)).astype(dtype)
        whole = predict(spec, arrays, X)
        assert whole.dtype == dtype
        bound = 30 * np.finfo(dtype).eps
        for rows in (slice(0, 1), slice(515, 516), slice(3, 5)):
            alone = predict(spec, arrays, X[rows])
            assert_allclose(alone, whole[:, rows], rtol=bound, atol=bound)
