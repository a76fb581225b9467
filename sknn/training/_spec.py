"""The architecture of a network, as a value that every engine builds from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from ._layout import FloatArray, Layout

#: Units of the embedding of a feature: cosines, and what a linear map makes of them. With the
#: feature itself that is one more.
N_COSINES, N_EMBEDDED = 16, 3

Kind = Literal[
    "input_scale", "embedding", "dropout", "linear", "normalization", "activation", "residual"
]


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a network.

    Parameters
    ----------
    kind : str
    index : int
        The linear layer that this is, or that it comes before or after: its arrays have the name
        of their role and this number, such as 'weights.0'.
    n_in, n_out : int
        Widths.
    name : str
        Of an activation or a normalization.
    branch : tuple of LayerSpec
        Of 'residual': the layers to whose output their input is added.
    trains_bias : bool
        Of 'linear'. Batch normalization subtracts every bias again: its gradient would be rounding
        errors, which Adam would turn into steps.

    Examples
    --------
    >>> from sknn.training import LayerSpec, NetworkSpec
    >>> NetworkSpec((3, 2)).layers[-1] == LayerSpec("linear", index=0, n_in=3, n_out=2)
    True
    """

    kind: Kind
    index: int
    n_in: int
    n_out: int
    name: str = ""
    branch: tuple[LayerSpec, ...] = ()
    trains_bias: bool = True


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is made of: the only list of its layers.

    Training, prediction, PyTorch's module and ONNX's graph are all built from `layers`. Rates of
    dropout are not a part: models of a stack differ in them, and prediction has none.

    Parameters
    ----------
    layer_sizes : tuple of int
        Widths from the inputs to the outputs, at least two.
    activation : str, or tuple of str
        After every linear layer but the last; one for all, or one for each.
    normalization : {"batch", "layer"} or None
        Between a hidden linear layer and its activation.
    residual : bool
        Whether hidden layers after the first one add their input to their output, where both have
        the same width.
    embedding : {"periodic"} or None
        What each feature is replaced by before the first linear layer.
    input_scale : bool
        Whether each feature is multiplied by a learnt number.

    Examples
    --------
    >>> from sknn.training import NetworkSpec
    >>> spec = NetworkSpec((3, 4, 2), "tanh")
    >>> [(layer.kind, layer.n_in, layer.n_out) for layer in spec.layers if layer.kind != "dropout"]
    [('linear', 3, 4), ('activation', 4, 4), ('linear', 4, 2)]
    >>> [name for name, shape in spec.layout.shapes]
    ['weights.0', 'weights.1', 'biases.0', 'biases.1']
    >>> deep = NetworkSpec((3, 4, 4, 2), normalization="batch", residual=True)
    >>> [layer.kind for layer in deep.layers]
    ['dropout', 'linear', 'normalization', 'activation', 'residual', 'dropout', 'linear']
    >>> [name for name, shape in deep.buffers.shapes]
    ['means.0', 'means.1', 'variances.0', 'variances.1']
    """

    layer_sizes: tuple[int, ...]
    activation: str | tuple[str, ...] = "relu"
    normalization: str | None = None
    residual: bool = False
    embedding: str | None = None
    input_scale: bool = False

    @property
    def n_features(self) -> int:
        """The number of inputs, d."""
        return self.layer_sizes[0]

    @property
    def n_outputs(self) -> int:
        """The number of outputs, C."""
        return self.layer_sizes[-1]

    @property
    def activations(self) -> tuple[str, ...]:
        """One for each hidden layer."""
        if isinstance(self.activation, tuple):
            return self.activation
        return (self.activation,) * (len(self.layer_sizes) - 2)

    @property
    def n_units_per_feature(self) -> int:
        """The inputs of the first linear layer that come from one feature."""
        return 1 + N_EMBEDDED if self.embedding else 1

    @property
    def takes_sparse(self) -> bool:
        """Whether rows may be sparse: layers before the first linear one need dense rows."""
        return not (self.embedding or self.input_scale)

    def by_feature(self, first: FloatArray) -> FloatArray:
        """The weights of the first linear layer, (K, in, out), as (K, d, numbers per feature)."""
        return first.reshape(len(first), self.n_features, -1)

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """The layers in order; a linear one has dropout before it where training asks for it."""
        return _layers(self)

    @property
    def layout(self) -> Layout:
        """How the parameters are laid out: weights, which are penalised, and then the others."""
        return _layout(self)

    @property
    def buffers(self) -> Layout:
        """How those numbers are laid out that are carried along, but not trained."""
        return _buffers(self)

    def every(self, kind: Kind) -> list[LayerSpec]:
        """All layers of a kind, those of branches among them."""
        flat = [inner for layer in self.layers for inner in (layer, *layer.branch)]
        return [layer for layer in flat if layer.kind == kind]


@lru_cache(maxsize=256)  # every fit and every search has a spec of its own, equal to many others
def _layers(spec: NetworkSpec) -> tuple[LayerSpec, ...]:
    n_features, *hidden, n_outputs = spec.layer_sizes
    n_inputs = n_features * spec.n_units_per_feature
    found: list[LayerSpec] = []
    if spec.input_scale:
        found.append(LayerSpec("input_scale", 0, n_features, n_features))
    if spec.embedding:
        found.append(LayerSpec("embedding", 0, n_features, n_inputs, spec.embedding))
    last = len(hidden)
    for i, (n_in, n_out) in enumerate(pairwise((n_inputs, *hidden, n_outputs))):
        trains_bias = i == last or spec.normalization != "batch"
        linear = LayerSpec("linear", i, n_in, n_out, trains_bias=trains_bias)
        part = [LayerSpec("dropout", i, n_in, n_in), linear]
        if i < last and spec.normalization:
            part.append(LayerSpec("normalization", i, n_out, n_out, spec.normalization))
        if i < last:
            part.append(LayerSpec("activation", i, n_out, n_out, spec.activations[i]))
        if spec.residual and 0 < i < last and n_in == n_out:
            part = [LayerSpec("residual", i, n_in, n_out, branch=tuple(part))]
        found += part
    return tuple(found)


@lru_cache(maxsize=256)
def _layout(spec: NetworkSpec) -> Layout:
    linear, normal = spec.every("linear"), spec.every("normalization")
    weights = [(f"weights.{layer.index}", (layer.n_in, layer.n_out)) for layer in linear]
    shapes = [*weights, *((f"biases.{layer.index}", (1, layer.n_out)) for layer in linear)]
    for role in ("scales", "shifts"):
        shapes += [(f"{role}.{layer.index}", (1, layer.n_out)) for layer in normal]
    if spec.input_scale:
        shapes.append(("input_scale", (1, spec.n_features)))
    embedding = []
    if spec.embedding:
        d = spec.n_features
        embedding = [
            ("frequencies", (d, 1, N_COSINES)),
            ("phases", (d, 1, N_COSINES)),
            ("embedding_weights", (d, N_COSINES, N_EMBEDDED)),
            ("embedding_biases", (d, 1, N_EMBEDDED)),
        ]
    n_penalized = sum(n_in * n_out for _, (n_in, n_out) in weights)
    slow = tuple(name for name, _ in embedding)
    return Layout((*shapes, *embedding), n_penalized, slow)


@lru_cache(maxsize=256)
def _buffers(spec: NetworkSpec) -> Layout:
    normal = [layer for layer in spec.every("normalization") if layer.name == "batch"]
    return Layout(
        tuple(
            (f"{role}.{layer.index}", (1, layer.n_out))
            for role in ("means", "variances")
            for layer in normal
        )
    )
