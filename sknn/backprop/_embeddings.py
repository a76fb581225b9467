r"""Layers before the first linear one: scaled features, and periodic embeddings of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sknn.training import FloatArray

from ._layers import Layer


class InputScale(Layer):
    r"""Every feature times a learnt number, :math:`x_j s_j`.

    Parameters
    ----------
    scale : ndarray of shape (K, 1, d)
    grad_scale : ndarray of the same shape, or None
    n_rows : int

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import InputScale
    >>> scale, grad = np.array([[[2.0, 3.0]]]), np.empty((1, 1, 2))
    >>> layer = InputScale(scale, grad, n_rows=1)
    >>> layer.forward(np.array([[[1.0, 1.0]]]))
    array([[[2., 3.]]])
    >>> layer.backward(np.array([[[1.0, -1.0]]]))
    >>> grad
    array([[[ 1., -1.]]])
    """

    def __init__(self, scale: FloatArray, grad_scale: FloatArray | None, n_rows: int) -> None:
        self.scale, self.grad_scale = scale, grad_scale
        self.output = np.empty((len(scale), n_rows, scale.shape[2]), scale.dtype)
        self.input: FloatArray

    def forward(self, X: FloatArray) -> FloatArray:
        self.input = X
        return np.multiply(X, self.scale, out=self.output)

    def backward(self, gradient: FloatArray) -> None:
        np.multiply(gradient, self.input, out=gradient)
        np.add.reduce(gradient, axis=1, keepdims=True, out=self.grad_scale)


class PeriodicEmbedding(Layer):
    r"""A feature and linear combinations of its cosines, :math:`(x,\; \cos(2\pi f x + b)\, W + c)`.

    Each feature has frequencies f, phases b, weights W and biases c of its own: a network of the
    result can follow functions that change quickly (PBLD: Holzmüller, Grinsztajn and Steinwart,
    2024, after Gorishniy, Rubachev and Babenko, 2022).

    Parameters
    ----------
    frequencies, phases : ndarray of shape (K, d, 1, m)
    weights, biases : ndarray of shape (K, d, m, u) and (K, d, 1, u)
    gradients : sequence of four ndarrays like these, or None
        `backward` overwrites them. None for prediction.
    n_rows : int
    hands_back : bool
        Whether a layer before this one needs the gradient of its output.

    Examples
    --------
    One wave of one feature, which is 1 at 0 and -1 at 1:

    >>> import numpy as np
    >>> from sknn.backprop import PeriodicEmbedding
    >>> half, zero, one = (np.full((1, 1, 1, 1), number) for number in (0.5, 0.0, 1.0))
    >>> layer = PeriodicEmbedding(half, zero, one, zero, None, n_rows=2)
    >>> layer.forward(np.array([[[0.0], [1.0]]]))
    array([[[ 0.,  1.],
            [ 1., -1.]]])
    """

    def __init__(
        self,
        frequencies: FloatArray,
        phases: FloatArray,
        weights: FloatArray,
        biases: FloatArray,
        gradients: Sequence[FloatArray] | None,
        n_rows: int,
        hands_back: bool = False,
    ) -> None:
        n_models, n_features, n_waves, n_units = weights.shape
        dtype = weights.dtype
        self.frequencies, self.phases = frequencies, phases
        self.weights, self.biases = weights, biases
        self.gradients, self.hands_back = gradients, hands_back
        self.output = np.empty((n_models, n_rows, n_features * (1 + n_units)), dtype)
        self.by_feature = self.output.reshape(n_models, n_rows, n_features, 1 + n_units)
        # Feature by feature: (K, d, B, ·).
        self.angles = np.empty((n_models, n_features, n_rows, n_waves), dtype)
        self.waves, self.slopes = np.empty_like(self.angles), np.empty_like(self.angles)
        self.units = np.empty((n_models, n_features, n_rows, n_units), dtype)
        self.column = np.empty((n_models, n_features, n_rows, 1), dtype)

    def forward(self, X: FloatArray) -> FloatArray:
        self.by_feature[..., 0] = X
        np.multiply(self.by_feature[..., 0].mT, 2 * np.pi, out=self.column[..., 0])
        np.multiply(self.column, self.frequencies, out=self.angles)
        np.add(self.angles, self.phases, out=self.angles)
        np.cos(self.angles, out=self.waves)
        np.matmul(self.waves, self.weights, out=self.units)
        np.add(self.units, self.biases, out=self.units)
        self.by_feature[..., 1:] = self.units.transpose(0, 2, 1, 3)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray | None:
        assert self.gradients is not None
        grad_frequencies, grad_phases, grad_weights, grad_biases = self.gradients
        parts = gradient.reshape(self.by_feature.shape)
        units = self.units
        units[...] = parts[..., 1:].transpose(0, 2, 1, 3)
        np.add.reduce(units, axis=2, keepdims=True, out=grad_biases)
        np.matmul(self.waves.mT, units, out=grad_weights)
        np.matmul(units, self.weights.mT, out=self.slopes)
        np.sin(self.angles, out=self.angles)
        np.multiply(self.slopes, self.angles, out=self.slopes)
        np.negative(self.slopes, out=self.slopes)
        np.add.reduce(self.slopes, axis=2, keepdims=True, out=grad_phases)
        np.multiply(self.slopes, self.column, out=self.angles)
        np.add.reduce(self.angles, axis=2, keepdims=True, out=grad_frequencies)
        if not self.hands_back:
            return None
        np.multiply(self.slopes, self.frequencies, out=self.slopes)
        back: FloatArray = np.add.reduce(self.slopes, axis=3).mT * (2 * np.pi)
        return np.add(back, parts[..., 0], out=back)
