"""What only speed explains, away from the mathematics."""

from __future__ import annotations

import numpy as np

from sknn.training import FloatArray

# OpenBLAS multiplies by a transposed matrix of at least so many numbers half as fast as it
# could, where rows are at most so few.
FEW_ROWS, LARGE_MATRIX = 32, 10_000


class TimesTransposed:
    """The product G Wᵀ of K models, into one buffer.

    Parameters
    ----------
    weights : ndarray of shape (K, in, out)
    n_rows : int
        Rows of G, (K, n_rows, out).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import TimesTransposed
    >>> product = TimesTransposed(np.array([[[1.0, 2.0], [3.0, 4.0]]]), n_rows=1)
    >>> product(np.array([[[1.0, 0.0]]]))
    array([[[1., 3.]]])
    """

    def __init__(self, weights: FloatArray, n_rows: int) -> None:
        n_models, fan_in, fan_out = weights.shape
        self.weights, self.transposed = weights, weights.mT
        self.out = np.empty((n_models, n_rows, fan_in), weights.dtype)
        self.turns = n_rows <= FEW_ROWS and fan_in * fan_out >= LARGE_MATRIX
        if self.turns:
            self._turned = np.empty((n_models, fan_out, n_rows), weights.dtype)
            self._turned_out = np.empty((n_models, fan_in, n_rows), weights.dtype)

    def __call__(self, gradient: FloatArray) -> FloatArray:
        """The product, (K, n_rows, in)."""
        if not self.turns:
            return np.matmul(gradient, self.transposed, out=self.out)
        # (W Gᵀ)ᵀ: without a transposed matrix in the product.
        np.copyto(self._turned, gradient.mT)
        np.matmul(self.weights, self._turned, out=self._turned_out)
        np.copyto(self.out, self._turned_out.mT)
        return self.out
