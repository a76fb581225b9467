"""Nonlinearities, applied in place, with the derivative written in terms of the output.

Every activation overwrites the pre-activation `Z` with its value `A = f(Z)` and remembers that
array. Going back it multiplies the gradient, in place, by `f'(Z)`, which for all four can be
told from `A` alone: no second buffer is needed.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from scipy.special import expit

from ._layers import Layer
from ._parameters import FloatArray


class Activation(Layer):
    """An elementwise function of arrays of shape (n_models, n_rows, width)."""

    def __init__(self, n_models: int, n_rows: int, width: int, dtype: np.dtype) -> None:
        self.output = np.empty((0, 0, 0), dtype)
        self.scratch = np.empty((n_models, n_rows, width), dtype)

    @staticmethod
    @abstractmethod
    def apply(Z: FloatArray) -> FloatArray:
        """Overwrite `Z` with ``f(Z)`` and return it."""

    @abstractmethod
    def backward(self, gradient: FloatArray) -> FloatArray:
        """Multiply `gradient` by ``f'`` in place and return it."""

    def forward(self, X: FloatArray) -> FloatArray:
        """Overwrite `X` with ``f(X)``, remember it and return it."""
        self.output = self.apply(X)
        return self.output


class ReLU(Activation):
    """``max(0, z)``; derivative 1 where the output is positive, else 0."""

    @staticmethod
    def apply(Z: FloatArray) -> FloatArray:
        return np.maximum(Z, 0.0, out=Z)

    def backward(self, gradient: FloatArray) -> FloatArray:
        # The output is never negative, so its sign is the derivative, already in our dtype.
        np.sign(self.output, out=self.scratch)
        return np.multiply(gradient, self.scratch, out=gradient)


class Tanh(Activation):
    """``tanh(z)``; derivative ``1 - a²``."""

    @staticmethod
    def apply(Z: FloatArray) -> FloatArray:
        return np.tanh(Z, out=Z)

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.multiply(self.output, self.output, out=self.scratch)
        np.subtract(1.0, self.scratch, out=self.scratch)
        return np.multiply(gradient, self.scratch, out=gradient)


class Logistic(Activation):
    """``1 / (1 + exp(-z))``; derivative ``a (1 - a)``."""

    @staticmethod
    def apply(Z: FloatArray) -> FloatArray:
        return expit(Z, out=Z)

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.subtract(1.0, self.output, out=self.scratch)
        np.multiply(self.scratch, self.output, out=self.scratch)
        return np.multiply(gradient, self.scratch, out=gradient)


class Identity(Activation):
    """``z`` itself; derivative 1. A network of these is a linear model."""

    @staticmethod
    def apply(Z: FloatArray) -> FloatArray:
        return Z

    def backward(self, gradient: FloatArray) -> FloatArray:
        return gradient


ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Logistic,
    "relu": ReLU,
    "tanh": Tanh,
}
