"""A network: layers in a row, laid out for one shape of batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from sknn.training import FloatArray, LayerSpec, NetworkSpec

from ._embeddings import InputScale, PeriodicEmbedding
from ._layers import (
    Dropout,
    Layer,
    Linear,
    Residual,
    Sequential,
    SparseDropout,
    SparseLinear,
)
from ._normalization import BatchNorm, LayerNorm
from ._smooth_activations import ACTIVATIONS

# Prediction cuts its rows into chunks of this one size, whoever asks: another size could change
# the last bit of a product, and chunks keep the hidden layers in the cache.
PREDICTION_ROWS = 512


def build_network(
    spec: NetworkSpec,
    arrays: Mapping[str, FloatArray],
    n_rows: int,
    gradients: Mapping[str, FloatArray] | None = None,
    dropout_rates: Sequence[Sequence[float]] = (),
    generators: Sequence[np.random.Generator] = (),
    sparse: bool = False,
) -> Sequential:
    """The layers of a spec for K models: the only place that lines them up.

    Parameters
    ----------
    spec : NetworkSpec
    arrays : mapping of str to ndarray
        Parameters and buffers by the names of the spec's layouts, each of shape (K, ...);
        `TrainState.arrays`, for instance.
    n_rows : int
        Rows in a batch, B.
    gradients : mapping of str to ndarray, optional
        Where `backward` writes to, by the same names. None for a network that only predicts.
    dropout_rates : sequence over the linear layers, of sequences over the models
        Dropout before each linear layer; layers whose rates are all 0 get none.
    generators : sequence of numpy.random.Generator of length K
        Where the masks come from.
    sparse : bool
        Whether the data are CSR matrices, one per model.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import build_network
    >>> from sknn.training import NetworkSpec, Parameters
    >>> spec = NetworkSpec((2, 4, 3), "relu")
    >>> parameters, gradients = (Parameters.zeros(1, spec.layout, float) for _ in range(2))
    >>> generators = [np.random.default_rng(0)]
    >>> rates = [[0.0], [0.5]]
    >>> network = build_network(spec, parameters.arrays, 5, gradients.arrays, rates, generators)
    >>> [type(layer).__name__ for layer in network.layers]
    ['Linear', 'ReLU', 'Dropout', 'Linear']
    >>> network.forward(np.ones((1, 5, 2))).shape
    (1, 5, 3)
    """
    build = _Builder(arrays, gradients or {}, n_rows, dropout_rates, generators, sparse)
    return build.chain(spec.layers, hands_back=False)


@dataclass
class _Builder:
    """What the layers of a network are made with."""

    arrays: Mapping[str, FloatArray]
    gradients: Mapping[str, FloatArray]
    n_rows: int
    dropout_rates: Sequence[Sequence[float]]
    generators: Sequence[np.random.Generator]
    sparse: bool

    def chain(self, specs: Sequence[LayerSpec], hands_back: bool) -> Sequential:
        """Layers in a row; `hands_back` says whether what comes before wants a gradient."""
        layers: list[Layer] = []
        for spec in specs:
            layer = getattr(self, f"_{spec.kind}")(spec, hands_back)
            if layer is not None:
                layers.append(layer)
                hands_back |= spec.kind != "dropout"
        return Sequential(layers)

    def _pairs(self, *names: str) -> list[Any]:
        """Arrays of these names, and then where their gradients go."""
        return [*(self.arrays[n] for n in names), *(self.gradients.get(n) for n in names)]

    @property
    def _shape(self) -> tuple[int, np.dtype[Any]]:
        first = self.arrays["weights.0"]
        return len(first), first.dtype

    def _linear(self, spec: LayerSpec, hands_back: bool) -> Layer:
        W, b, grad_W, grad_b = self._pairs(f"weights.{spec.index}", f"biases.{spec.index}")
        if self.sparse and spec.index == 0:
            return SparseLinear(W, b, grad_W, grad_b, self.n_rows, spec.trains_bias)
        return Linear(W, b, grad_W, grad_b, self.n_rows, not hands_back, spec.trains_bias)

    def _dropout(self, spec: LayerSpec, hands_back: bool) -> Layer | None:
        rates = self.dropout_rates[spec.index] if self.dropout_rates else ()
        if not any(rates):
            return None
        _, dtype = self._shape
        if self.sparse and spec.index == 0:
            return SparseDropout(rates, self.generators, dtype)
        return Dropout(rates, self.generators, self.n_rows, spec.n_in, dtype)

    def _activation(self, spec: LayerSpec, hands_back: bool) -> Layer:
        n_models, dtype = self._shape
        return ACTIVATIONS[spec.name](n_models, self.n_rows, spec.n_out, dtype)

    def _normalization(self, spec: LayerSpec, hands_back: bool) -> Layer:
        trained = *self._pairs(f"scales.{spec.index}", f"shifts.{spec.index}"), self.n_rows
        if spec.name == "layer":
            return LayerNorm(*trained)
        running = (self.arrays[f"{role}.{spec.index}"] for role in ("means", "variances"))
        return BatchNorm(*trained, *running)

    def _residual(self, spec: LayerSpec, hands_back: bool) -> Layer:
        n_models, dtype = self._shape
        branch = self.chain(spec.branch, hands_back)
        return Residual(branch, n_models, self.n_rows, spec.n_out, dtype)

    def _input_scale(self, spec: LayerSpec, hands_back: bool) -> Layer:
        scale, grad_scale = self._pairs("input_scale")
        return InputScale(scale, grad_scale, self.n_rows)

    def _embedding(self, spec: LayerSpec, hands_back: bool) -> Layer:
        names = ("frequencies", "phases", "embedding_weights", "embedding_biases")
        frequencies, phases, weights, biases, *slopes = self._pairs(*names)
        gradients = slopes if self.gradients else None
        return PeriodicEmbedding(
            frequencies, phases, weights, biases, gradients, self.n_rows, hands_back
        )


def predict(spec: NetworkSpec, arrays: Mapping[str, FloatArray], X: Any) -> FloatArray:
    """Outputs of K models for rows; no dropout, nothing remembered.

    Parameters
    ----------
    spec : NetworkSpec
    arrays : mapping of str to ndarray
        Parameters by the names of the spec's layout, each of shape (K, ...).
    X : ndarray or CSR matrix of shape (n_rows, n_features), or ndarray (K, n_rows, n_features)
        Rows that all models share, or rows of each.

    Returns
    -------
    outputs : ndarray of shape (K, n_rows, n_outputs)

    Examples
    --------
    Exclusive or, with two hidden units that count the ones and those after the first:

    >>> import numpy as np
    >>> from sknn.backprop import predict
    >>> from sknn.training import NetworkSpec
    >>> arrays = {
    ...     "weights.0": np.ones((1, 2, 2)),
    ...     "biases.0": np.array([[[0.0, -1.0]]]),
    ...     "weights.1": np.array([[[0.0, 1.0], [0.0, -2.0]]]),
    ...     "biases.1": np.array([[[0.5, 0.0]]]),
    ... }
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> predict(NetworkSpec((2, 2, 2), "relu"), arrays, X).argmax(axis=2)
    array([[0, 1, 1, 0]])
    """
    n_models, n_rows = len(arrays["weights.0"]), X.shape[-2]
    is_sparse = issparse(X)
    if not is_sparse and X.ndim == 2:
        X = X[None]
    if n_rows <= PREDICTION_ROWS:
        network = build_network(spec, arrays, n_rows, sparse=is_sparse)
        return network.forward([X] * n_models if is_sparse else X)
    outputs = np.empty((n_models, n_rows, spec.n_outputs), arrays["weights.0"].dtype)
    network, size = build_network(spec, arrays, PREDICTION_ROWS, sparse=is_sparse), PREDICTION_ROWS
    for start in range(0, n_rows, PREDICTION_ROWS):
        stop = min(start + PREDICTION_ROWS, n_rows)
        if stop - start != size:  # the last chunk may be smaller
            size = stop - start
            network = build_network(spec, arrays, size, sparse=is_sparse)
        rows = [X[start:stop]] * n_models if is_sparse else X[:, start:stop]
        outputs[:, start:stop] = network.forward(rows)
    return outputs
