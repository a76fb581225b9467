"""Initial weights: their distribution, and which generator they come from."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sknn.backprop import draw_parameters, glorot_uniform
from sknn.training import NetworkSpec, Parameters


def generators(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def drawn(sizes, *seeds, dtype=np.float64):
    parameters = Parameters.zeros(len(seeds), NetworkSpec(sizes).layout, dtype)
    draw_parameters(NetworkSpec(sizes), parameters, generators(*seeds))
    return parameters


@pytest.mark.parametrize(
    ("fan_in", "fan_out", "bound"), [(1, 5, 1.0), (3, 3, 1.0), (20, 4, 0.5), (100, 50, 0.2)]
)
def test_bound_on_known_numbers(fan_in, fan_out, bound):
    assert glorot_uniform(fan_in, fan_out) == pytest.approx(bound, rel=1e-15)


def test_weights_and_biases_are_uniform_with_glorots_variance():
    sizes = (300, 200, 400)
    parameters = drawn(sizes, 0)
    for layer, (fan_in, fan_out) in enumerate([(300, 200), (200, 400)]):
        for part in (parameters.weights[layer], parameters.biases[layer]):
            bound = (6 / (fan_in + fan_out)) ** 0.5
            assert np.abs(part).max() <= bound
            assert stats.kstest(part.ravel(), "uniform", (-bound, 2 * bound)).pvalue > 0.001
        # Glorot and Bengio (2010), equation 12.
        assert_allclose(parameters.weights[layer].var(), 2 / (fan_in + fan_out), rtol=0.02)


def test_float32_is_rounded_float64():
    exact, rounded = drawn((6, 5, 3), 4), drawn((6, 5, 3), 4, dtype=np.float32)
    assert rounded.values.dtype == np.float32
    assert_array_equal(rounded.values, exact.values.astype(np.float32))


def test_a_model_depends_on_its_own_generator_only():
    stack = drawn((6, 5, 3), 1, 2, 3)
    for model, seed in enumerate((1, 2, 3)):
        assert_array_equal(stack.values[model], drawn((6, 5, 3), seed).values[0])
    assert len(np.unique(stack.values)) == stack.values.size


def test_draws_go_layer_by_layer_weights_before_biases():
    parameters = drawn((4, 3, 2), 9)
    (generator,) = generators(9)
    for W, b in zip(parameters.weights, parameters.biases, strict=True):
        bound = np.sqrt(6 / sum(W.shape[1:]))
        for part in (W, b):
            units = generator.random(part.shape[1:])
            assert_allclose(part[0], bound * (2 * units - 1), rtol=0, atol=1e-15)
