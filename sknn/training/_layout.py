"""All parameters of K networks in one array: how a row of it is laid out, and views into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

FloatArray: TypeAlias = NDArray[np.floating]
IntArray: TypeAlias = NDArray[np.intp]

# Of the embedding of Holzmüller et al. (2024).
SLOW_RATE = 0.1


@dataclass(frozen=True)
class Layout:
    """Which numbers of a flat row are which array of a network.

    Parameters
    ----------
    shapes : tuple of (str, tuple of int)
        The arrays by name, in order; those that penalties apply to come first.
    n_penalized : int
        How many of the numbers those are: "weights only" is one slice.
    slow : tuple of str
        The arrays that learn at `SLOW_RATE` times the learning rate; they come last.

    Examples
    --------
    That of a network is the `layout` of its spec:

    >>> from sknn.training import Layout, NetworkSpec
    >>> layout = NetworkSpec((3, 2)).layout
    >>> layout == Layout((("weights.0", (3, 2)), ("biases.0", (1, 2))), n_penalized=6)
    True
    >>> layout.n_params
    8
    """

    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    n_penalized: int = 0
    slow: tuple[str, ...] = ()

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where in a row each array is."""
        stops = list(accumulate(prod(shape) for _, shape in self.shapes))
        names = [name for name, _ in self.shapes]
        return dict(zip(names, map(slice, [0, *stops], stops), strict=True))

    @cached_property
    def n_params(self) -> int:
        """The numbers in a row, P."""
        return sum(prod(shape) for _, shape in self.shapes)

    @cached_property
    def rates(self) -> tuple[tuple[slice, float], ...]:
        """Consecutive numbers of a row, and what their learning rate is multiplied by."""
        n_fast = sum(prod(shape) for name, shape in self.shapes if name not in self.slow)
        parts = (slice(0, n_fast), 1.0), (slice(n_fast, self.n_params), SLOW_RATE)
        return tuple(part for part in parts if part[0].stop > part[0].start)

    def views(self, values: FloatArray) -> dict[str, FloatArray]:
        """The arrays in `values` (K, P), each of shape ``(K, *shape)``, by name."""
        n_models, places = len(values), self.places
        return {
            name: values[:, places[name]].reshape(n_models, *shape) for name, shape in self.shapes
        }

    @cached_property
    def weights(self) -> tuple[str, ...]:
        """Names of the weights of the linear layers."""
        return tuple(name for name, _ in self.shapes if name.startswith("weights."))

    @cached_property
    def biases(self) -> tuple[str, ...]:
        """Names of their biases."""
        return tuple(name for name, _ in self.shapes if name.startswith("biases."))


class Parameters:
    """Parameters of K networks of one shape, as one flat array and views into it.

    Row k of `values` is model k, whole. An optimizer updates the flat array, the layers read the
    views, and nothing is ever packed or unpacked. Gradients are kept in the same class.

    Parameters
    ----------
    values : ndarray of shape (n_models, n_params)
        The numbers; C-contiguous along its last axis. The views share its memory.
    layout : Layout
        From `NetworkSpec.layout`.

    Attributes
    ----------
    arrays : dict of str to ndarray
        The views, by the names of the layout.
    weights : list of ndarray of shape (n_models, in, out)
        Those of the linear layers, one per layer.
    biases : list of ndarray of shape (n_models, 1, out)
        One per layer.
    n_weights : int
        ``values[:, :n_weights]`` are what penalties apply to.

    Examples
    --------
    >>> from sknn.training import NetworkSpec, Parameters
    >>> parameters = Parameters.zeros(1, NetworkSpec((3, 4, 2)).layout, dtype=float)
    >>> parameters.values.shape, parameters.n_weights
    ((1, 26), 20)
    >>> [W.shape for W in parameters.weights], [b.shape for b in parameters.biases]
    ([(1, 3, 4), (1, 4, 2)], [(1, 1, 4), (1, 1, 2)])

    The views share the memory of the flat array, in which 12 weights come first:

    >>> parameters.weights[1][0, 0, 0] = 7
    >>> parameters.values[0, 12]
    np.float64(7.0)
    """

    def __init__(self, values: FloatArray, layout: Layout) -> None:
        self.values, self.layout = values, layout
        self.n_weights = layout.n_penalized
        self.arrays = layout.views(values)
        self.weights = [self.arrays[name] for name in layout.weights]
        self.biases = [self.arrays[name] for name in layout.biases]

    @classmethod
    def zeros(cls, n_models: int, layout: Layout, dtype: DTypeLike) -> Parameters:
        """Parameters of `n_models` networks, all zero."""
        return cls(np.zeros((n_models, layout.n_params), dtype), layout)

    def __reduce__(self) -> tuple[type[Parameters], tuple[FloatArray, Layout]]:
        # Views do not survive copying or pickling: they are made anew.
        return Parameters, (self.values, self.layout)

    @property
    def n_models(self) -> int:
        """The number of networks, K."""
        return len(self.values)

    def view(self, models: slice) -> Parameters:
        """The same numbers of consecutive models."""
        return Parameters(self.values[models], self.layout)

    def take(self, models: Sequence[int]) -> Parameters:
        """A copy that holds the given models only, in the given order."""
        return Parameters(self.values[np.asarray(models, dtype=np.intp)], self.layout)
