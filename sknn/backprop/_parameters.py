"""All weights and biases of K networks in one array."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

FloatArray: TypeAlias = NDArray[np.floating]
IntArray: TypeAlias = NDArray[np.intp]


class Parameters:
    """Weights and biases of K networks of one shape, as one flat array and views into it.

    Row k of `values` is model k, whole: first every weight matrix, then every bias, so that
    "weights only" is one slice. An optimizer updates the flat array, the layers read the
    views, and nothing is ever packed or unpacked. Gradients are kept in the same class.

    Parameters
    ----------
    values : ndarray of shape (n_models, n_params)
        The numbers; C-contiguous along its last axis. The views share its memory.
    layer_sizes : sequence of int
        Widths from the input layer to the output layer, at least two.

    Attributes
    ----------
    weights : list of ndarray of shape (n_models, in, out)
        One view per layer.
    biases : list of ndarray of shape (n_models, 1, out)
        One view per layer.
    n_weights : int
        ``values[:, :n_weights]`` are the weights, the rest are the biases.

    Examples
    --------
    >>> from sknn.backprop import Parameters
    >>> parameters = Parameters.zeros(n_models=1, layer_sizes=(3, 4, 2), dtype=float)
    >>> parameters.values.shape, parameters.n_weights
    ((1, 26), 20)
    >>> [W.shape for W in parameters.weights], [b.shape for b in parameters.biases]
    ([(1, 3, 4), (1, 4, 2)], [(1, 1, 4), (1, 1, 2)])

    The views share the memory of the flat array, in which 12 weights come first:

    >>> parameters.weights[1][0, 0, 0] = 7
    >>> parameters.values[0, 12]
    np.float64(7.0)
    """

    def __init__(self, values: FloatArray, layer_sizes: Sequence[int]) -> None:
        self.values = values
        self.layer_sizes = tuple(layer_sizes)
        self.n_weights = count_weights(layer_sizes)
        self.weights: list[FloatArray] = []
        self.biases: list[FloatArray] = []
        n_models = len(values)
        start = 0
        for fan_in, fan_out in pairwise(layer_sizes):
            stop = start + fan_in * fan_out
            self.weights.append(values[:, start:stop].reshape(n_models, fan_in, fan_out))
            start = stop
        for fan_out in layer_sizes[1:]:
            stop = start + fan_out
            self.biases.append(values[:, start:stop].reshape(n_models, 1, fan_out))
            start = stop

    @classmethod
    def zeros(cls, n_models: int, layer_sizes: Sequence[int], dtype: DTypeLike) -> Parameters:
        """Parameters of `n_models` networks, all zero."""
        n_params = count_weights(layer_sizes) + sum(layer_sizes[1:])
        return cls(np.zeros((n_models, n_params), dtype), layer_sizes)

    def __reduce__(self) -> tuple[type[Parameters], tuple[FloatArray, tuple[int, ...]]]:
        # Views do not survive copying or pickling: they are made anew.
        return Parameters, (self.values, self.layer_sizes)

    @property
    def n_models(self) -> int:
        """The number of networks, K."""
        return len(self.values)

    def view(self, models: slice) -> Parameters:
        """The same numbers of consecutive models."""
        return Parameters(self.values[models], self.layer_sizes)

    def take(self, models: Sequence[int]) -> Parameters:
        """A copy that holds the given models only, in the given order."""
        return Parameters(self.values[np.asarray(models, dtype=np.intp)], self.layer_sizes)


def count_weights(layer_sizes: Sequence[int]) -> int:
    """Number of weights, biases left out, of a network with these layer sizes."""
    return sum(fan_in * fan_out for fan_in, fan_out in pairwise(layer_sizes))
