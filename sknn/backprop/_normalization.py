r"""Normalization: pre-activations of mean 0 and variance 1, with a learnt scale and shift.

.. math:: \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta .

With :math:`g = \gamma\, \partial L / \partial y`, and means over whatever μ and σ were taken over,

.. math:: \frac{\partial L}{\partial x}
          = \frac{1}{\sqrt{\sigma^2 + \epsilon}}
            \left( g - \overline{g} - \hat x\, \overline{g \hat x} \right) :

shifting or scaling x changes no output, so the gradient has no part in these two directions.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from sknn.training import FloatArray

from ._layers import Layer

EPSILON = 1e-5
#: What a batch contributes to the running statistics.
MOMENTUM = 0.1


class Normalization(Layer):
    """Base of both kinds; `axis` is the one that means are taken over.

    Parameters
    ----------
    scale, shift : ndarray of shape (K, 1, width)
        Views into the flat parameters.
    grad_scale, grad_shift : ndarray of the same shape, or None
        Views into the flat gradient; `backward` overwrites them. None for prediction.
    n_rows : int
        Rows in a batch, B.
    """

    axis: ClassVar[int]

    def __init__(
        self,
        scale: FloatArray,
        shift: FloatArray,
        grad_scale: FloatArray | None,
        grad_shift: FloatArray | None,
        n_rows: int,
    ) -> None:
        self.scale, self.shift = scale, shift
        self.grad_scale, self.grad_shift = grad_scale, grad_shift
        n_models, _, width = scale.shape
        self.n_averaged = n_rows if self.axis == 1 else width
        self.normalized = np.empty((n_models, n_rows, width), scale.dtype)
        self.output, self.scratch = np.empty_like(self.normalized), np.empty_like(self.normalized)
        self.inverse: FloatArray

    def _normalize(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Normalise by the means and variances of `X` itself, which are returned."""
        mean = np.add.reduce(X, axis=self.axis, keepdims=True)
        np.divide(mean, self.n_averaged, out=mean)
        np.subtract(X, mean, out=self.normalized)
        np.multiply(self.normalized, self.normalized, out=self.scratch)
        variance = np.add.reduce(self.scratch, axis=self.axis, keepdims=True)
        np.divide(variance, self.n_averaged, out=variance)
        self._divide(variance)
        return mean, variance

    def _divide(self, variance: FloatArray) -> None:
        self.inverse = 1 / np.sqrt(variance + EPSILON)
        np.multiply(self.normalized, self.inverse, out=self.normalized)

    def _scale_and_shift(self) -> FloatArray:
        np.multiply(self.normalized, self.scale, out=self.output)
        return np.add(self.output, self.shift, out=self.output)

    @abstractmethod
    def forward(self, X: FloatArray) -> FloatArray:
        """Normalise, scale and shift."""

    def backward(self, gradient: FloatArray) -> FloatArray:
        """Fill in the gradients of scale and shift; turn that of the output into the input's."""
        gradient = self._of_parameters(gradient)
        mean = np.add.reduce(gradient, axis=self.axis, keepdims=True)
        np.multiply(gradient, self.normalized, out=self.scratch)
        slope = np.add.reduce(self.scratch, axis=self.axis, keepdims=True)
        np.divide(mean, self.n_averaged, out=mean)
        np.divide(slope, self.n_averaged, out=slope)
        np.multiply(self.normalized, slope, out=self.scratch)
        np.subtract(gradient, self.scratch, out=gradient)
        np.subtract(gradient, mean, out=gradient)
        return np.multiply(gradient, self.inverse, out=gradient)

    def _of_parameters(self, gradient: FloatArray) -> FloatArray:
        """Fill in the gradients of scale and shift; what is left is that of the normalised."""
        np.multiply(gradient, self.normalized, out=self.scratch)
        np.add.reduce(self.scratch, axis=1, keepdims=True, out=self.grad_scale)
        np.add.reduce(gradient, axis=1, keepdims=True, out=self.grad_shift)
        return np.multiply(gradient, self.scale, out=gradient)


class LayerNorm(Normalization):
    """Normalises every row over its units (Ba, Kiros and Hinton, 2016).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import LayerNorm
    >>> scale, shift, grads = np.ones((1, 1, 2)), np.zeros((1, 1, 2)), np.empty((2, 1, 1, 2))
    >>> layer = LayerNorm(scale, shift, *grads, n_rows=2)
    >>> layer.forward(np.array([[[0.0, 2.0], [10.0, 50.0]]])).round(3)
    array([[[-1.,  1.],
            [-1.,  1.]]])
    """

    axis = 2

    def forward(self, X: FloatArray) -> FloatArray:
        self._normalize(X)
        return self._scale_and_shift()


class BatchNorm(Normalization):
    """Normalises every unit over the rows of the batch (Ioffe and Szegedy, 2015).

    Prediction normalises by running means and variances, to which each batch contributes
    `MOMENTUM`, with the unbiased variance, as in PyTorch. A batch of a single row has no variance:
    it is normalised by the running ones, and leaves them as they are.

    Parameters
    ----------
    scale, shift, grad_scale, grad_shift, n_rows
        As for `Normalization`.
    mean, variance : ndarray of shape (K, 1, width)
        Running statistics, updated in place.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import BatchNorm
    >>> scale, shift, mean, variance = (np.full((1, 1, 1), x) for x in (1.0, 0.0, 0.0, 1.0))
    >>> grads = np.empty((2, 1, 1, 1))
    >>> layer = BatchNorm(scale, shift, *grads, n_rows=2, mean=mean, variance=variance)
    >>> layer.forward(np.array([[[1.0], [3.0]]])).round(3)
    array([[[-1.],
            [ 1.]]])
    >>> mean, variance
    (array([[[0.2]]]), array([[[1.1]]]))
    """

    axis = 1

    def __init__(
        self,
        scale: FloatArray,
        shift: FloatArray,
        grad_scale: FloatArray | None,
        grad_shift: FloatArray | None,
        n_rows: int,
        mean: FloatArray,
        variance: FloatArray,
    ) -> None:
        super().__init__(scale, shift, grad_scale, grad_shift, n_rows)
        self.mean, self.variance = mean, variance
        self.runs = grad_scale is None or n_rows == 1  # by the running statistics

    def forward(self, X: FloatArray) -> FloatArray:
        if self.runs:
            np.subtract(X, self.mean, out=self.normalized)
            self._divide(self.variance)
            return self._scale_and_shift()
        mean, variance = self._normalize(X)
        unbiased = self.n_averaged / (self.n_averaged - 1)
        for running, of_batch, factor in (
            (self.mean, mean, MOMENTUM),
            (self.variance, variance, MOMENTUM * unbiased),
        ):
            np.multiply(running, 1 - MOMENTUM, out=running)
            np.multiply(of_batch, factor, out=of_batch)
            np.add(running, of_batch, out=running)
        return self._scale_and_shift()

    def backward(self, gradient: FloatArray) -> FloatArray:
        if self.runs:
            gradient = self._of_parameters(gradient)
            return np.multiply(gradient, self.inverse, out=gradient)
        return super().backward(gradient)
