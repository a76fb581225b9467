"""What only speed explains, away from the mathematics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sknn.training import FloatArray

# OpenBLAS multiplies by a transposed matrix of at least so many numbers half as fast as it
# could, where rows are at most so few.
FEW_ROWS, LARGE_MATRIX = 32, 10_000


def times_transposed(weights: FloatArray, n_rows: int) -> Callable[[FloatArray], FloatArray]:
    """The function G → G Wᵀ of K models, which writes into one buffer.

    Parameters
    ----------
    weights : ndarray of shape (K, in, out)
    n_rows : int
        Rows of G, (K, n_rows, out).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop._fast import times_transposed
    >>> product = times_transposed(np.array([[[1.0, 2.0], [3.0, 4.0]]]), n_rows=1)
    >>> product(np.array([[[1.0, 0.0]]]))
    array([[[1., 3.]]])
    """
    n_models, fan_in, fan_out = weights.shape
    out, transposed = np.empty((n_models, n_rows, fan_in), weights.dtype), weights.mT
    if n_rows > FEW_ROWS or fan_in * fan_out < LARGE_MATRIX:
        return lambda gradient: np.matmul(gradient, transposed, out=out)
    turned = np.empty((n_models, fan_out, n_rows), weights.dtype)
    turned_out = np.empty((n_models, fan_in, n_rows), weights.dtype)

    def product(gradient: FloatArray) -> FloatArray:
        # (W Gᵀ)ᵀ: without a transposed matrix in the product.
        np.copyto(turned, gradient.mT)
        np.matmul(weights, turned, out=turned_out)
        np.copyto(out, turned_out.mT)
        return out

    return product
