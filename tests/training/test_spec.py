"""The spec's list of layers is the only one: whatever is built from a spec has those layers."""

from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.special import expit

import sknn.backprop
from sknn._torch import TorchEngine
from sknn._torch._module import MLPModule
from sknn.backprop import NetworkObjective, NumPyEngine, SoftmaxCrossEntropy
from sknn.training import LayerSpec, NetworkSpec, Parameters, Plan, Problem, Rows, Streams

SIZES = (4, 6, 5, 3)
KINDS = {
    "linear": ("Linear", "Linear"),
    "dropout": ("Dropout", "Dropout"),
    "identity": ("Identity", "Identity"),
    "logistic": ("Logistic", "Sigmoid"),
    "relu": ("ReLU", "ReLU"),
    "tanh": ("Tanh", "Tanh"),
}


def test_layers_in_order():
    layers = NetworkSpec(SIZES, "tanh").layers
    assert [(layer.kind, layer.index) for layer in layers] == [
        ("dropout", 0),
        ("linear", 0),
        ("activation", 0),
        ("dropout", 1),
        ("linear", 1),
        ("activation", 1),
        ("dropout", 2),
        ("linear", 2),
    ]
    # What a layer returns is what the next one receives.
    assert all(one.n_out == other.n_in for one, other in pairwise(layers))
    assert (layers[0].n_in, layers[-1].n_out) == (4, 3)
    assert {layer.name for layer in layers} == {"", "tanh"}


def test_a_spec_is_a_value():
    assert NetworkSpec(SIZES) == NetworkSpec(SIZES, "relu") != NetworkSpec(SIZES, "tanh")
    assert len({NetworkSpec(SIZES), NetworkSpec(SIZES)}) == 1
    assert (NetworkSpec(SIZES).n_features, NetworkSpec(SIZES).n_outputs) == (4, 3)


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_both_engines_line_up_the_layers_of_the_spec(activation, dropout):
    spec = NetworkSpec(SIZES, activation)
    named = [
        layer.name or layer.kind for layer in spec.layers if dropout or layer.kind != "dropout"
    ]
    parameters = Parameters.zeros(1, spec.layout, float)
    rates, generators = [[dropout]] * 3, [np.random.default_rng(0)]
    network = sknn.backprop.build_network(
        spec, parameters.arrays, 2, dropout_rates=rates, generators=generators
    )
    assert [type(layer).__name__ for layer in network.layers] == [KINDS[n][0] for n in named]
    module = MLPModule(spec, [dropout] * 3, torch.float64)
    assert [type(layer).__name__ for layer in module] == [KINDS[n][1] for n in named]


@dataclass(frozen=True)
class Unusual(NetworkSpec):
    """Layers of no other spec: tanh after the first, logistic twice after the second, and last."""

    @cached_property
    def layers(self):
        linear = [layer for layer in NetworkSpec(self.layer_sizes).layers if layer.kind == "linear"]
        after = (["tanh"], ["logistic", "logistic"], ["logistic"])
        found = []
        for layer, names in zip(linear, after, strict=True):
            width = layer.n_out
            found += [LayerSpec("dropout", layer.index, layer.n_in, layer.n_in), layer]
            found += [LayerSpec("activation", layer.index, width, width, name) for name in names]
        return tuple(found)

    def by_hand(self, parameters, X):
        after = ([np.tanh], [expit, expit], [expit])
        for W, b, functions in zip(parameters.weights, parameters.biases, after, strict=True):
            X = reduce(lambda Z, f: f(Z), functions, X @ W + b)
        return X


@pytest.fixture
def unusual(random_parameters):
    spec = Unusual(SIZES)
    X = np.random.default_rng(1).normal(size=(9, 4))
    return spec, random_parameters(1, SIZES), X


@pytest.mark.parametrize("engine", [NumPyEngine(), TorchEngine("cpu")], ids=["NumPy", "Torch"])
def test_predictions_follow_the_list(engine, unusual):
    spec, parameters, X = unusual
    expected = spec.by_hand(parameters, X)
    assert_allclose(engine.predict(spec, parameters.arrays, X), expected, rtol=1e-13)


def test_networks_in_training_follow_the_list(unusual):
    spec, parameters, X = unusual
    expected = spec.by_hand(parameters, X)
    network = sknn.backprop.build_network(spec, parameters.arrays, len(X))
    assert_allclose(network.forward(X[None]), expected, rtol=1e-13)
    module = MLPModule(spec, [0.0] * 3, torch.float64)
    with torch.no_grad():
        for layer, W, b in zip(module.linears, parameters.weights, parameters.biases, strict=True):
            layer.weight.copy_(torch.tensor(W[0].T))
            layer.bias.copy_(torch.tensor(b[0, 0]))
        assert_allclose(module(torch.tensor(X)).numpy(), expected[0], rtol=1e-13)
        assert_allclose(module.in_one_call()(torch.tensor(X)).numpy(), expected[0], rtol=1e-13)


@pytest.mark.parametrize("engine", [NumPyEngine(), TorchEngine("cpu")], ids=["NumPy", "Torch"])
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_a_training_follows_the_list(engine, solver, unusual):
    """The loss before the first step is that of the outputs by hand."""
    spec, parameters, X = unusual
    y = np.arange(9) % 3
    loss = SoftmaxCrossEntropy([Plan(spec)], 9)
    expected, _ = loss.rows(loss.observe(spec.by_hand(parameters, X)), y[None], None)
    plan = Plan(spec, solver=solver, max_iter=1, batch_size=9, learning_rate_init=1e-12, l2=0.0)
    problem = Problem(Rows(X, y))
    if solver == "lbfgs":
        value, _ = NetworkObjective(problem, plan)(parameters.values[0])
        assert_allclose(value, expected.mean(), rtol=1e-12)
    state = engine.start([plan], [Streams([1, 2, 3, 4])], parameters)
    state = engine.train([problem], [plan], state)
    first = state.histories[0]["train_loss"][0]
    assert (first < expected.mean()) if solver == "lbfgs" else np.isclose(first, expected.mean())
