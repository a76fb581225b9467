"""A network: layers in a row, laid out for one shape of batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import issparse

from ._activations import ACTIVATIONS
from ._layers import Dropout, Layer, Linear, SparseDropout, SparseLinear
from ._parameters import FloatArray, Parameters

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
        """Logits of shape (K, B, C), in a buffer that the next call overwrites."""
        for layer in self.layers:
            X = layer.forward(X)
        return X  # type: ignore[no-any-return]

    def backward(self, gradient: FloatArray) -> None:
        """Carry the gradient of the logits back; every layer fills in that of its parameters."""
        incoming: FloatArray | None = gradient
        for layer in self.reversed_layers:
            if incoming is None:
                return
            incoming = layer.backward(incoming)


def build_network(
    parameters: Parameters,
    gradients: Parameters,
    n_rows: int,
    activation: str,
    dropout_rates: Sequence[Sequence[float]] = (),
    generators: Sequence[np.random.Generator] = (),
    sparse: bool = False,
) -> Sequential:
    """Linear layers with activations and dropout between them.

    Parameters
    ----------
    parameters, gradients : Parameters of K models
        The layers work on views into both.
    n_rows : int
        Rows in a batch, B.
    activation : {"identity", "logistic", "relu", "tanh"}
        After every linear layer but the last.
    dropout_rates : sequence over the linear layers, of sequences over the models
        Dropout before each linear layer; layers whose rates are all 0 get none.
    generators : sequence of numpy.random.Generator of length K
        Where the masks come from.
    sparse : bool
        Whether the data are CSR matrices, one per model.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Parameters, build_network
    >>> parameters, gradients = (Parameters.zeros(1, (2, 4, 3), float) for _ in range(2))
    >>> generators = [np.random.default_rng(0)]
    >>> network = build_network(parameters, gradients, 5, "relu", [[0.0], [0.5]], generators)
    >>> [type(layer).__name__ for layer in network.layers]
    ['Linear', 'ReLU', 'Dropout', 'Linear']
    >>> network.forward(np.ones((1, 5, 2))).shape
    (1, 5, 3)
    """
    dtype = parameters.values.dtype
    layers: list[Layer] = []
    shapes = list(pairwise(parameters.layer_sizes))
    for i, (fan_in, fan_out) in enumerate(shapes):
        rates = dropout_rates[i] if i < len(dropout_rates) else ()
        if any(rates):
            if sparse and i == 0:
                layers.append(SparseDropout(rates, generators, dtype))
            else:
                layers.append(Dropout(rates, generators, n_rows, fan_in, dtype))
        views = (
            parameters.weights[i],
            parameters.biases[i],
            gradients.weights[i],
            gradients.biases[i],
        )
        if sparse and i == 0:
            layers.append(SparseLinear(*views, n_rows))
        else:
            layers.append(Linear(*views, n_rows, is_first=i == 0))
        if i < len(shapes) - 1:
            layers.append(ACTIVATIONS[activation](parameters.n_models, n_rows, fan_out, dtype))
    return Sequential(layers)


def predict_logits(
    weights: Sequence[FloatArray], biases: Sequence[FloatArray], activation: str, X: Any
) -> FloatArray:
    """Logits of K models for rows; no dropout, nothing remembered.

    Parameters
    ----------
    weights, biases : sequences of ndarray of shape (K, in, out) and (K, 1, out)
    activation : {"identity", "logistic", "relu", "tanh"}
    X : ndarray or CSR matrix of shape (n_rows, n_features), or ndarray (K, n_rows, n_features)
        Rows that all models share, or rows of each.

    Returns
    -------
    logits : ndarray of shape (K, n_rows, n_classes)

    Examples
    --------
    Exclusive or, with two hidden units that count the ones and those after the first:

    >>> import numpy as np
    >>> from sknn.backprop import predict_logits
    >>> weights = [np.ones((1, 2, 2)), np.array([[[0.0, 1.0], [0.0, -2.0]]])]
    >>> biases = [np.array([[[0.0, -1.0]]]), np.array([[[0.5, 0.0]]])]
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> predict_logits(weights, biases, "relu", X).argmax(axis=2)
    array([[0, 1, 1, 0]])
    """
    n_models, _, n_classes = weights[-1].shape
    n_rows, dtype = X.shape[-2], weights[0].dtype
    is_sparse = issparse(X)
    if not is_sparse and X.ndim == 2:
        X = X[None]
    apply = ACTIVATIONS[activation].apply
    logits = np.empty((n_models, n_rows, n_classes), dtype)
    most = min(n_rows, PREDICTION_ROWS)
    buffers = [np.empty((n_models, most, W.shape[2]), dtype) for W in weights[:-1]]
    for start in range(0, n_rows, PREDICTION_ROWS):
        stop = min(start + PREDICTION_ROWS, n_rows)
        hidden = X[start:stop] if is_sparse else X[:, start:stop]
        for W, b, buffer in zip(weights, biases, buffers, strict=False):
            hidden = apply(_affine(hidden, W, b, out=buffer[:, : stop - start]))
        _affine(hidden, weights[-1], biases[-1], out=logits[:, start:stop])
    return logits


def _affine(X: Any, W: FloatArray, b: FloatArray, out: FloatArray) -> FloatArray:
    """X W + b of K models; `X` is (K, B, d), (1, B, d), or one CSR matrix for all."""
    if isinstance(X, np.ndarray):
        np.matmul(X, W, out=out)
    else:
        for model, weights in enumerate(W):
            out[model] = X @ weights
    return np.add(out, b, out=out)
