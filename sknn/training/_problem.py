"""What to learn from: the rows of a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from scipy.sparse import issparse

from ._layout import FloatArray


@dataclass(frozen=True)
class Rows:
    """Rows of data with their targets and weights.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_rows, n_features)
        In the dtype of training.
    y : ndarray of int of shape (n_rows,), or of float of shape (n_rows, n_targets)
        Class numbers, from 0; or the numbers that are to be predicted, or indicators of labels.
    weights : ndarray of shape (n_rows,) or None
        Row weights, None for ones.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import Rows
    >>> rows = Rows(X=np.array([[-1.0], [1.0]]), y=np.array([0, 1]))
    >>> len(rows), rows.is_sparse, rows.n_bytes
    (2, False, 16)
    """

    X: Any
    y: NDArray[Any]
    weights: FloatArray | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.X.shape[0])

    @property
    def is_sparse(self) -> bool:
        """Whether `X` is a CSR matrix."""
        return issparse(self.X)

    @property
    def n_bytes(self) -> int:
        """The memory that `X` takes."""
        parts = (self.X.data, self.X.indices, self.X.indptr) if self.is_sparse else (self.X,)
        return sum(int(part.nbytes) for part in parts)


@dataclass(frozen=True)
class Problem:
    """The data of a fit.

    Parameters
    ----------
    train : Rows
        Rows to learn from; their weights have mean 1.
    valid : Rows or None
        Rows to validate on after each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import Problem, Rows
    >>> X, labels = np.array([[-1.0], [1.0], [2.0]]), np.array([0, 1, 1])
    >>> problem = Problem(Rows(X[:2], labels[:2]), valid=Rows(X[2:], labels[2:]))
    >>> len(problem.train), len(problem.valid)
    (2, 1)
    """

    train: Rows
    valid: Rows | None = None
