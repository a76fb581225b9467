"""The architecture of a network, as a value that every engine builds from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from ._layout import Layout


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a network.

    Parameters
    ----------
    kind : {"dropout", "linear", "activation"}
    name : str
        Of an activation.
    index : int
        The linear layer that this is, or that it comes before or after.
    n_in, n_out : int
        Widths.

    Examples
    --------
    >>> from sknn.training import LayerSpec, NetworkSpec
    >>> NetworkSpec((3, 2)).layers[-1] == LayerSpec("linear", index=0, n_in=3, n_out=2)
    True
    """

    kind: Literal["dropout", "linear", "activation"]
    index: int
    n_in: int
    n_out: int
    name: str = ""


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is made of: the only list of its layers.

    Training, prediction, PyTorch's module and ONNX's graph are all built from `layers`. Rates of
    dropout are not a part: models of a stack differ in them, and prediction has none.

    Parameters
    ----------
    layer_sizes : tuple of int
        Widths from the inputs to the outputs, at least two.
    activation : {"identity", "logistic", "relu", "tanh"}
        After every linear layer but the last.

    Examples
    --------
    >>> from sknn.training import NetworkSpec
    >>> spec = NetworkSpec((3, 4, 2), "tanh")
    >>> [(layer.kind, layer.n_in, layer.n_out) for layer in spec.layers if layer.kind != "dropout"]
    [('linear', 3, 4), ('activation', 4, 4), ('linear', 4, 2)]
    >>> [name for name, shape in spec.layout.shapes]
    ['weights.0', 'weights.1', 'biases.0', 'biases.1']
    """

    layer_sizes: tuple[int, ...]
    activation: str = "relu"

    @property
    def n_features(self) -> int:
        """The number of inputs, d."""
        return self.layer_sizes[0]

    @property
    def n_outputs(self) -> int:
        """The number of outputs, C."""
        return self.layer_sizes[-1]

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """The layers in order; a linear one has dropout before it where training asks for it."""
        return _layers(self)

    @property
    def layout(self) -> Layout:
        """How the parameters are laid out: weights, which are penalised, and then biases."""
        return _layout(self)


@lru_cache(maxsize=256)  # every fit and every search has a spec of its own, equal to many others
def _layers(spec: NetworkSpec) -> tuple[LayerSpec, ...]:
    found = []
    for i, (n_in, n_out) in enumerate(pairwise(spec.layer_sizes)):
        if i:
            found.append(LayerSpec("activation", i - 1, n_in, n_in, spec.activation))
        found += [LayerSpec("dropout", i, n_in, n_in), LayerSpec("linear", i, n_in, n_out)]
    return tuple(found)


@lru_cache(maxsize=256)
def _layout(spec: NetworkSpec) -> Layout:
    linear = [layer for layer in spec.layers if layer.kind == "linear"]
    weights = [(f"weights.{layer.index}", (layer.n_in, layer.n_out)) for layer in linear]
    biases = [(f"biases.{layer.index}", (1, layer.n_out)) for layer in linear]
    return Layout((*weights, *biases), sum(n_in * n_out for _, (n_in, n_out) in weights))
