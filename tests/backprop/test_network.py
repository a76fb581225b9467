"""Gradients of whole networks against finite differences and PyTorch; predictions likewise."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, special

from sknn.backprop import (
    L1,
    L2,
    Linear,
    Penalty,
    Sequential,
    SoftmaxCrossEntropy,
    Tanh,
    build_network,
    predict,
)
from sknn.training import NetworkSpec, Parameters, Plan

TORCH = {
    "identity": lambda z: z,
    "logistic": torch.sigmoid,
    "relu": torch.relu,
    "tanh": torch.tanh,
}
ACTIVATIONS = list(TORCH)
HIDDEN = [(), (4,), (4, 2)]
N_CLASSES = 3


@dataclass
class Net:
    """Two models of one shape on 6 rows each, every setting different from model to model."""

    hidden: Sequence[int] = (5, 3)
    activation: str = "tanh"
    penalty: str = ""
    weighted: bool = False
    smoothing: Sequence[float] = (0.0, 0.0)
    dropout: bool = False
    is_sparse: bool = False
    n_rows: int = 6
    n_features: int = 3
    scale: float = 0.7
    penalties: list[Penalty] = field(default_factory=list)

    def __post_init__(self):
        rng = np.random.default_rng(42)
        shape = (2, self.n_rows, self.n_features)
        X = rng.normal(size=shape)
        self.X = np.where(rng.random(shape) < 0.4, 0.0, X) if self.is_sparse else X
        self.rows = [sparse.csr_array(rows) for rows in self.X] if self.is_sparse else self.X
        labels = rng.integers(N_CLASSES, size=(2, self.n_rows))
        smoothing = np.array(self.smoothing)[:, None, None]
        one_hot = labels[:, :, None] == np.arange(N_CLASSES)
        self.targets = np.where(one_hot, 1 - smoothing * (N_CLASSES - 1) / N_CLASSES, 0.0)
        self.targets += np.where(one_hot, 0.0, smoothing / N_CLASSES)
        self.weights = rng.uniform(0, 2, (2, self.n_rows, 1)) if self.weighted else None

        self.spec = NetworkSpec((self.n_features, *self.hidden, N_CLASSES), self.activation)
        self.parameters = Parameters.zeros(2, self.spec.layout, np.float64)
        values = self.parameters.values
        values[...] = self.scale * rng.normal(size=values.shape)
        # An L1 penalty has a kink at 0, which no difference should straddle.
        values += np.copysign(0.01, values)
        self.gradients = Parameters.zeros(2, self.spec.layout, np.float64)

        self.l1 = np.array([[0.1], [0.02]]) if "l1" in self.penalty else np.zeros((2, 1))
        self.l2 = np.array([[0.3], [0.05]]) if "l2" in self.penalty else np.zeros((2, 1))
        self.penalties = [L1(self.l1)] * ("l1" in self.penalty)
        self.penalties += [L2(self.l2)] * ("l2" in self.penalty)

        rates = [(0.3, 0.0), (0.5, 0.2), (0.0, 0.4), (0.0, 0.0)]
        self.rates = rates[: len(self.hidden) + 1] if self.dropout else []
        self.generators = [np.random.default_rng(seed) for seed in (7, 8)]
        self.generator_states = [generator.bit_generator.state for generator in self.generators]
        self.network = self.build(self.n_rows)
        self.loss = SoftmaxCrossEntropy([Plan(self.spec)] * 2, self.n_rows)

    def build(self, n_rows):
        """The network for batches of so many rows."""
        arrays, gradients = self.parameters.arrays, self.gradients.arrays
        return build_network(
            self.spec, arrays, n_rows, gradients, self.rates, self.generators, self.is_sparse
        )

    def forward(self):
        """Logits, with the same masks every time."""
        for generator, state in zip(self.generators, self.generator_states, strict=True):
            generator.bit_generator.state = state
        return self.network.forward(self.rows)

    def gradient(self):
        """The engine's gradient of the objective, (2, P)."""
        self.gradients.values[...] = np.nan  # nothing may be left over from before
        self.loss.forward(self.forward())
        self.network.backward(self.loss.backward(self.targets, self.weights))
        n_weights = self.parameters.n_weights
        W = self.parameters.values[:, :n_weights]
        for penalty in self.penalties:
            self.gradients.values[:, :n_weights] += penalty.gradient(W, np.empty_like(W))
        return self.gradients.values

    def objective(self):
        """The objective of both models from the engine's logits, (2,)."""
        log_p = special.log_softmax(self.forward(), axis=-1)
        each = -(self.targets * log_p).sum(axis=2, keepdims=True)
        W = np.concatenate([W.reshape(2, -1) for W in self.parameters.weights], axis=1)
        return (
            (each if self.weights is None else self.weights * each).mean(axis=(1, 2))
            + self.l1[:, 0] * np.abs(W).sum(axis=1)
            + 0.5 * self.l2[:, 0] * (W**2).sum(axis=1)
        )

    def derivative(self, direction, step=1e-5):
        """Central difference of the objective of both models in a direction, (2,)."""
        values = self.parameters.values
        here = values.copy()
        values[...] = here + step * direction
        ahead = self.objective()
        values[...] = here - step * direction
        behind = self.objective()
        values[...] = here
        return (ahead - behind) / (2 * step)

    def masks(self, model):
        """The masks of one model's layers, None where it has none, drawn layer after layer."""
        generator = np.random.default_rng((7, 8)[model])
        masks = []
        for i, rates in enumerate(self.rates):
            rate = rates[model]
            shape = (self.n_rows, self.spec.layer_sizes[i])
            if rate == 0:
                masks.append(None)
            elif self.is_sparse and i == 0:
                mask = np.zeros(shape)
                stored = self.X[model] != 0
                mask[stored] = (generator.random(stored.sum()) >= rate) / (1 - rate)
                masks.append(mask)
            else:
                masks.append((generator.random(shape) >= rate) / (1 - rate))
        return masks + [None] * (len(self.hidden) + 1 - len(masks))

    def torch_gradient(self):
        """PyTorch's gradient of the objective, (2, P)."""
        found = []
        for model in range(2):
            Ws = [torch.tensor(W[model], requires_grad=True) for W in self.parameters.weights]
            bs = [torch.tensor(b[model, 0], requires_grad=True) for b in self.parameters.biases]
            A = torch.tensor(self.X[model])
            for i, (W, b, mask) in enumerate(zip(Ws, bs, self.masks(model), strict=True)):
                A = (A if mask is None else A * torch.tensor(mask)) @ W + b
                if i < len(Ws) - 1:
                    A = TORCH[self.activation](A)
            each = torch.nn.functional.cross_entropy(
                A, torch.tensor(self.targets[model]), reduction="none"
            )
            if self.weights is not None:
                each = each * torch.tensor(self.weights[model, :, 0])
            objective = each.mean()
            for W in Ws:
                objective = objective + self.l1[model, 0] * W.abs().sum()
                objective = objective + 0.5 * self.l2[model, 0] * (W**2).sum()
            objective.backward()
            found.append(np.concatenate([p.grad.numpy().ravel() for p in Ws + bs]))
        return np.stack(found)


def assert_relatively_close(actual, expected, rtol):
    """Both models' gradients agree, as vectors and number by number."""
    for left, right in zip(actual, expected, strict=True):
        assert np.linalg.norm(left - right) < rtol * np.linalg.norm(right)
        assert_allclose(left, right, rtol=rtol, atol=rtol * np.abs(right).max())


FACTORS = (
    HIDDEN,
    ACTIVATIONS,
    ("", "l1", "l2", "l1+l2"),
    (False, True),
    ((0.0, 0.0), (0.1, 0.3)),
    (False, True),
    (False, True),
)
# A quarter of all combinations, in which any four settings still meet: those whose places in
# the lists above add up to a multiple of 4.
CASES = [
    tuple(factor[i] for factor, i in zip(FACTORS, places, strict=True))
    for places in product(*(range(len(factor)) for factor in FACTORS))
    if sum(places) % 4 == 0
]


def case_id(case):
    hidden, activation, penalty, weighted, smoothing, dropout, is_sparse = case
    parts = [activation, "x".join(map(str, hidden)) or "linear", penalty]
    names = ("weights", "smoothing", "dropout", "sparse")
    flags = (weighted, any(smoothing), dropout, is_sparse)
    return "-".join(filter(None, parts + [n for n, on in zip(names, flags, strict=True) if on]))


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_gradient(case):
    """Against central differences, and to rounding against PyTorch's automatic derivative."""
    net = Net(*case)
    gradient = net.gradient().copy()
    assert_relatively_close(gradient, net.torch_gradient(), 1e-12)
    differences = [net.derivative(e) for e in np.eye(gradient.shape[1])]
    assert_relatively_close(gradient, np.transpose(differences), 1e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("n_rows", [1, 10, 32, 33, 64])
@pytest.mark.parametrize("hidden", [(100, 100), (128, 90, 7), (40, 260)])
def test_gradient_of_a_wide_network(hidden, n_rows, activation):
    """On both sides of the size at which `Linear` goes another way back."""
    net = Net(hidden, activation, "l2", n_rows=n_rows, dropout=True, scale=0.15)
    gradient = net.gradient().copy()
    assert_relatively_close(gradient, net.torch_gradient(), 1e-12)
    rng = np.random.default_rng(0)
    for _ in range(3):
        direction = rng.normal(size=gradient.shape)
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        slope = (gradient * direction).sum(axis=1)
        step = 1e-6 if activation == "relu" else 1e-4
        assert_allclose(net.derivative(direction, step), slope, rtol=1e-5, atol=1e-9)


def test_two_networks_on_one_set_of_parameters():
    """A ragged last batch has its own buffers, and the same parameters and gradients."""
    net = Net()
    other = net.build(4)
    whole = net.gradient().copy()
    parts = []
    for rows, network in ((slice(0, 4), other), (slice(4, 6), None)):
        n = rows.stop - rows.start
        network = network or net.build(n)
        loss = SoftmaxCrossEntropy([Plan(net.spec)] * 2, n)
        loss.forward(network.forward(net.X[:, rows]))
        network.backward(loss.backward(net.targets[:, rows], None))
        parts.append(net.gradients.values * n / 6)
    assert_relatively_close(parts[0] + parts[1], whole, 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_training_and_prediction_agree_where_nothing_is_dropped(dtype, random_parameters):
    parameters = random_parameters(3, (4, 6, 5, 2), dtype)
    X = np.random.default_rng(0).normal(size=(11, 4)).astype(dtype)
    for activation in ACTIVATIONS:
        spec = NetworkSpec((4, 6, 5, 2), activation)
        gradients = Parameters.zeros(3, spec.layout, dtype)
        network = build_network(spec, parameters.arrays, 11, gradients.arrays)
        logits = predict(spec, parameters.arrays, X)
        assert logits.dtype == dtype
        rtol = 1e-5 if dtype == np.float32 else 1e-13
        assert_allclose(network.forward(X[None]), logits, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("is_first", [False, True])
def test_a_network_returns_the_gradient_of_its_inputs(is_first, random_parameters):
    """As a branch of a larger network needs it; a first layer spares itself that product."""
    parameters, gradients = (random_parameters(1, (4, 3), seed=seed) for seed in (0, 1))
    arrays = (parameters.weights[0], parameters.biases[0])
    written = (gradients.weights[0], gradients.biases[0])
    rng = np.random.default_rng(2)
    X, G = rng.normal(size=(1, 6, 4)), rng.normal(size=(1, 6, 3))
    layers = [Linear(*arrays, *written, 6, is_first), Tanh(1, 6, 3, np.dtype(float))]
    network = Sequential(layers)
    network.forward(X.copy())
    found = network.backward(G.copy())
    leaves = [torch.tensor(array, requires_grad=True) for array in (X, *arrays)]
    (torch.tanh(leaves[0] @ leaves[1] + leaves[2]) * torch.tensor(G)).sum().backward()
    if is_first:
        assert found is None
    else:
        assert_allclose(found, leaves[0].grad, rtol=1e-12)
    for array, leaf in zip(written, leaves[1:], strict=True):
        assert_allclose(array, leaf.grad, rtol=1e-12)


# ---------------------------------------------------------------------------------------
# prediction


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_for_prediction_has_room_for_outputs_alone(activation, random_parameters):
    """No gradients: of each layer one array, or two where ReLU compares with zeros."""
    spec = NetworkSpec((40, 50, 50, 50), activation)
    parameters, gradients = (random_parameters(2, spec.layer_sizes) for _ in range(2))
    X = np.ones((1, 300, 40))

    def memory(gradients):
        tracemalloc.start()
        try:
            network = build_network(spec, parameters.arrays, 300, gradients)
            outputs = network.forward(X)
            if gradients:
                network.backward(np.ones_like(outputs))
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    layer = 2 * 300 * 50 * 8
    outputs = 3 * layer + (2 * layer if activation == "relu" else 0)
    assert outputs <= memory(None) < outputs + 50_000
    # One array more for each input but the data's, of which the first two layers give two back.
    assert memory(gradients.arrays) >= outputs + 2 * layer


def torch_logits(parameters, activation, X):
    found = []
    for model in range(parameters.n_models):
        A = torch.tensor(X)
        for i, (W, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True)):
            A = A @ torch.tensor(W[model]) + torch.tensor(b[model])
            if i < len(parameters.weights) - 1:
                A = TORCH[activation](A)
        found.append(A.numpy())
    return np.stack(found)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_models", [1, 3])
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("n_rows", [0, 1, 511, 512, 513, 1300])
def test_logits_equal_torchs(hidden, n_models, activation, n_rows, random_parameters):
    """Rows are predicted 512 at a time."""
    spec = NetworkSpec((4, *hidden, 3), activation)
    parameters = random_parameters(n_models, spec.layer_sizes)
    X = np.random.default_rng(1).normal(size=(n_rows, 4))
    logits = predict(spec, parameters.arrays, X)
    assert logits.shape == (n_models, n_rows, 3)
    assert_allclose(logits, torch_logits(parameters, activation, X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_logits_of_sparse_rows(hidden, container, random_parameters):
    spec = NetworkSpec((6, *hidden, 3), "tanh")
    parameters = random_parameters(2, spec.layer_sizes)
    rng = np.random.default_rng(1)
    X = np.where(rng.random((1100, 6)) < 0.6, 0, rng.normal(size=(1100, 6)))
    logits = predict(spec, parameters.arrays, container(X))
    assert_allclose(logits, torch_logits(parameters, "tanh", X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_models_logits_do_not_depend_on_the_stack(activation, dtype, random_parameters):
    spec = NetworkSpec((7, 33, 9, 3), activation)
    parameters = random_parameters(4, spec.layer_sizes, dtype)
    X = np.random.default_rng(1).normal(size=(1100, 7)).astype(dtype)
    stack = predict(spec, parameters.arrays, X)
    for model in range(4):
        alone = parameters.take([model])
        assert_array_equal(stack[model], predict(spec, alone.arrays, X)[0])


def test_prediction_leaves_rows_and_parameters_alone(random_parameters):
    spec = NetworkSpec((4, 5, 3))
    parameters = random_parameters(2, spec.layer_sizes)
    X = np.random.default_rng(1).normal(size=(20, 4))
    before = X.copy(), parameters.values.copy()
    for _ in range(2):
        first = predict(spec, parameters.arrays, X)
        second = predict(spec, parameters.arrays, X)
        assert not np.shares_memory(first, second)
        assert_array_equal(first, second)
    assert_array_equal(X, before[0])
    assert_array_equal(parameters.values, before[1])


def test_layer_widths_of_one(random_parameters):
    spec = NetworkSpec((1, 1, 1, 2), "tanh")
    parameters = random_parameters(2, spec.layer_sizes)
    X = np.random.default_rng(1).normal(size=(5, 1))
    logits = predict(spec, parameters.arrays, X)
    assert_allclose(logits, torch_logits(parameters, "tanh", X), rtol=1e-13)
