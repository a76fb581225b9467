"""A network: layers in a row, laid out for one shape of batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse

from sknn.training import FloatArray, NetworkSpec

from ._activations import ACTIVATIONS
from ._layers import Dropout, Layer, Linear, SparseDropout, SparseLinear

# Prediction cuts its rows into chunks of this one size, whoever asks: another size could change
# the last bit of a product, and chunks keep the hidden layers in the cache.
PREDICTION_ROWS = 512


class Sequential:
    """Layers in a row; what one returns, the next receives.

    A `Sequential` is laid out for one shape of batch. Several of them, say for whole batches and
    for the ragged last one, may share one set of parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Linear, ReLU, Sequential
    >>> W, b, grad_W, grad_b = (np.full((1, 1, 1), number) for number in (2.0, 1.0, 0.0, 0.0))
    >>> linear = Linear(W, b, grad_W, grad_b, n_rows=1, is_first=True)
    >>> network = Sequential([linear, ReLU(n_models=1, n_rows=1, width=1, dtype=np.dtype(float))])
    >>> network.forward(np.array([[[3.0]]]))
    array([[[7.]]])
    >>> network.backward(np.array([[[1.0]]]))
    >>> grad_W, grad_b
    (array([[[3.]]]), array([[[1.]]]))
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        self.reversed_layers = self.layers[::-1]

    def forward(self, X: Any) -> FloatArray:
        """Outputs of shape (K, B, C), in a buffer that the next call overwrites."""
        for layer in self.layers:
            X = layer.forward(X)
        return X  # type: ignore[no-any-return]

    def backward(self, gradient: FloatArray) -> FloatArray | None:
        """Carry the gradient of the outputs back; every layer fills in that of its parameters.

        What the first layer hands back is returned: nothing, if that is a linear one.
        """
        incoming: FloatArray | None = gradient
        for layer in self.reversed_layers:
            if incoming is None:
                return None
            incoming = layer.backward(incoming)
        return incoming


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
        Parameters by the names of the spec's layout, each of shape (K, ...); `Parameters.arrays`,
        for instance.
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
    gradients = gradients or {}
    n_models, *_ = arrays["weights.0"].shape
    dtype = arrays["weights.0"].dtype
    layers: list[Layer] = []
    for layer in spec.layers:
        is_sparse = sparse and layer.index == 0
        if layer.kind == "activation":
            layers.append(ACTIVATIONS[layer.name](n_models, n_rows, layer.n_out, dtype))
        elif layer.kind == "dropout":
            rates = dropout_rates[layer.index] if dropout_rates else ()
            if any(rates) and is_sparse:
                layers.append(SparseDropout(rates, generators, dtype))
            elif any(rates):
                layers.append(Dropout(rates, generators, n_rows, layer.n_in, dtype))
        else:
            names = f"weights.{layer.index}", f"biases.{layer.index}"
            weights, bias = (arrays[name] for name in names)
            grad_weights, grad_bias = (gradients.get(name) for name in names)
            if is_sparse:
                layers.append(SparseLinear(weights, bias, grad_weights, grad_bias, n_rows))
            else:
                is_first = layer.index == 0
                layers.append(Linear(weights, bias, grad_weights, grad_bias, n_rows, is_first))
    return Sequential(layers)


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
