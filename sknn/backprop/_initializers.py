"""Where training starts: random weights whose size keeps the signal's size from layer to layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sknn.training import FloatArray, NetworkSpec, Parameters


def glorot_uniform(fan_in: int, fan_out: int) -> float:
    r"""Half width :math:`\sqrt{6 / (n_{in} + n_{out})}` of the uniform distribution.

    Keeps the variance of activations on the way forward, and of gradients on the way back,
    alike from layer to layer (Glorot and Bengio, 2010).

    Examples
    --------
    >>> from sknn.backprop import glorot_uniform
    >>> glorot_uniform(fan_in=3, fan_out=3), glorot_uniform(fan_in=20, fan_out=4)
    (1.0, 0.5)
    """
    return float(np.sqrt(6.0 / (fan_in + fan_out)))


def draw_parameters(
    spec: NetworkSpec, parameters: Parameters, generators: Sequence[np.random.Generator]
) -> None:
    """Fill `parameters` in place with weights and biases from Glorot's distribution.

    Biases are drawn too, so that the kinks of ReLUs start out spread over the data and not all
    in the origin. The draws are made in float64 and rounded to the dtype of `parameters`, layer
    by layer, weights before biases, model k from `generators[k]` alone: a model starts from the
    same numbers in float32 and in float64, by itself and in a stack.

    Before a SELU, weights are normal of variance 1 / n_in and biases 0, for which it was made.
    Scales begin at 1, shifts at 0.

    Examples
    --------
    The second model of a stack, and the same one alone:

    >>> import numpy as np
    >>> from sknn.backprop import draw_parameters
    >>> from sknn.training import NetworkSpec, Parameters
    >>> spec = NetworkSpec((3, 3))
    >>> stack, alone = (Parameters.zeros(n_models, spec.layout, float) for n_models in (2, 1))
    >>> draw_parameters(spec, stack, [np.random.default_rng(0), np.random.default_rng(1)])
    >>> draw_parameters(spec, alone, [np.random.default_rng(1)])
    >>> bool((stack.values[1] == alone.values[0]).all()), bool((abs(stack.values) < 1).all())
    (True, True)
    """
    arrays = parameters.arrays
    for name in ("input_scale", *(f"scales.{n.index}" for n in spec.every("normalization"))):
        if name in arrays:
            arrays[name][...] = 1.0
    activations = dict(enumerate(spec.activations))
    for model, generator in enumerate(generators):
        for i, (W, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True)):
            _, fan_in, fan_out = W.shape
            if activations.get(i) == "selu":
                W[model] = generator.normal(0.0, fan_in**-0.5, (fan_in, fan_out))
                continue
            bound = glorot_uniform(fan_in, fan_out)
            W[model] = generator.uniform(-bound, bound, (fan_in, fan_out))
            b[model] = generator.uniform(-bound, bound, fan_out)
        if spec.embedding:
            _draw_embedding({name: array[model] for name, array in arrays.items()}, generator)


def _draw_embedding(arrays: Mapping[str, FloatArray], generator: np.random.Generator) -> None:
    """As Holzmüller, Grinsztajn and Steinwart (2024) have it."""
    frequencies, weights = arrays["frequencies"], arrays["embedding_weights"]
    bound = weights.shape[1] ** -0.5
    frequencies[...] = generator.normal(0.0, 0.1, frequencies.shape)
    arrays["phases"][...] = generator.uniform(-np.pi, np.pi, frequencies.shape)
    for name in ("embedding_weights", "embedding_biases"):
        arrays[name][...] = generator.uniform(-bound, bound, arrays[name].shape)
