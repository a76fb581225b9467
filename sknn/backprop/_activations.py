"""Nonlinearities, applied in place, with the derivative written in terms of the output.

Every activation overwrites the pre-activation `Z` with its value `A = f(Z)` and remembers that
array. Going back it multiplies the gradient, in place, by `f'(Z)`, which these can compute from `A`
alone.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sknn.training import FloatArray

from ._layers import Layer

CACHED_NUMBERS = 65_536


class Activation(Layer):
    """An elementwise function of arrays of shape (n_models, n_rows, width).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import ACTIVATIONS, Activation
    >>> list(ACTIVATIONS)[:6]
    ['identity', 'logistic', 'relu', 'tanh', 'silu', 'gelu']

    One of your own, :math:`a = z / (1 + |z|)`, whose derivative is :math:`(1 - |a|)^2`:

    >>> class Softsign(Activation):
    ...     def forward(self, X):
    ...         self.output = np.divide(X, 1 + np.abs(X), out=X)
    ...         return self.output
    ...
    ...     def backward(self, gradient):
    ...         return np.multiply(gradient, (1 - np.abs(self.output)) ** 2, out=gradient)
    >>> softsign = Softsign(n_models=1, n_rows=1, width=3, dtype=np.dtype(float))
    >>> softsign.forward(np.array([[[-3.0, 0.0, 1.0]]]))
    array([[[-0.75,  0.  ,  0.5 ]]])
    >>> softsign.backward(np.array([[[16.0, 1.0, 4.0]]]))
    array([[[1., 1., 1.]]])
    """

    def __init__(self, n_models: int, n_rows: int, width: int, dtype: np.dtype) -> None:
        self.shape, self.dtype = (n_models, n_rows, width), dtype
        self.output: FloatArray

    @cached_property
    def slope(self) -> FloatArray:
        """Room for the derivative, which prediction does without."""
        return np.empty(self.shape, self.dtype)

    @abstractmethod
    def forward(self, X: FloatArray) -> FloatArray:
        """Overwrite `X` with ``f(X)``, remember it and return it."""

    @abstractmethod
    def backward(self, gradient: FloatArray) -> FloatArray:
        """Multiply `gradient` by ``f'`` in place and return it."""


class ReLU(Activation):
    """``max(0, z)``; derivative 1 where the output is positive, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import ReLU
    >>> relu = ReLU(n_models=1, n_rows=1, width=3, dtype=np.dtype(float))
    >>> relu.forward(np.array([[[-2.0, 0.0, 3.0]]]))
    array([[[0., 0., 3.]]])
    >>> relu.backward(np.array([[[10.0, 20.0, 30.0]]]))
    array([[[ 0.,  0., 30.]]])
    """

    def __init__(self, n_models: int, n_rows: int, width: int, dtype: np.dtype) -> None:
        super().__init__(n_models, n_rows, width, dtype)
        # NumPy compares two arrays of one shape faster than an array with a row or a number,
        # as long as the second one does not push the first out of the cache.
        fits = n_models * n_rows * width <= CACHED_NUMBERS
        self.zeros = np.zeros(self.shape if fits else (1, 1, width), dtype)

    @cached_property
    def positive(self) -> NDArray[np.bool_]:
        """Room for the derivative."""
        return np.empty(self.shape, np.bool_)

    def forward(self, X: FloatArray) -> FloatArray:
        self.output = np.maximum(X, self.zeros, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.greater(self.output, self.zeros, out=self.positive)
        return np.multiply(gradient, self.positive, out=gradient)


class Tanh(Activation):
    """``tanh(z)``; derivative ``1 - a²``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Tanh
    >>> tanh = Tanh(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> tanh.forward(np.array([[[0.0, np.log(2)]]])).round(3)
    array([[[0. , 0.6]]])
    >>> tanh.backward(np.ones((1, 1, 2))).round(3)
    array([[[1.  , 0.64]]])
    """

    def forward(self, X: FloatArray) -> FloatArray:
        self.output = np.tanh(X, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.multiply(self.output, self.output, out=self.slope)
        np.subtract(1.0, self.slope, out=self.slope)
        return np.multiply(gradient, self.slope, out=gradient)


class Logistic(Activation):
    """``1 / (1 + exp(-z))``; derivative ``a (1 - a)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Logistic
    >>> logistic = Logistic(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> logistic.forward(np.array([[[0.0, np.log(3)]]])).round(3)
    array([[[0.5 , 0.75]]])
    >>> logistic.backward(np.ones((1, 1, 2))).round(4)
    array([[[0.25  , 0.1875]]])
    """

    def forward(self, X: FloatArray) -> FloatArray:
        self.output = expit(X, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.subtract(1.0, self.output, out=self.slope)
        np.multiply(self.slope, self.output, out=self.slope)
        return np.multiply(gradient, self.slope, out=gradient)


class Identity(Activation):
    """``z`` itself; derivative 1. A network of these is a linear model.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Identity
    >>> identity = Identity(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> Z, gradient = np.array([[[-2.0, 3.0]]]), np.ones((1, 1, 2))
    >>> identity.forward(Z) is Z, identity.backward(gradient) is gradient
    (True, True)
    """

    def forward(self, X: FloatArray) -> FloatArray:
        return X

    def backward(self, gradient: FloatArray) -> FloatArray:
        return gradient


class LeakyReLU(Activation):
    """``z`` where it is positive, else ``z / 100``; derivative 1 or 1/100.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import LeakyReLU
    >>> leaky = LeakyReLU(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> leaky.forward(np.array([[[-2.0, 3.0]]]))
    array([[[-0.02,  3.  ]]])
    >>> leaky.backward(np.ones((1, 1, 2)))
    array([[[0.01, 1.  ]]])
    """

    def forward(self, X: FloatArray) -> FloatArray:
        np.multiply(X, 0.01, out=self.slope)
        self.output = np.maximum(X, self.slope, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.copyto(self.slope, 0.01)
        np.copyto(self.slope, 1.0, where=self.output > 0)
        return np.multiply(gradient, self.slope, out=gradient)
