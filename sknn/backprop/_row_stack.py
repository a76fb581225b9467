"""The training rows of K models, side by side in one table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse, vstack

from sknn.training import (
    FloatArray,
    IntArray,
    Rows,
)

T = TypeVar("T")


@dataclass(frozen=True)
class RowStack:
    """Rows of K models: those of model k are `sizes[k]` rows of a table, from `starts[k]` on.

    Models that learn from the same rows share them; each may have weights of its own.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_rows, n_features)
        The table.
    y : ndarray of int of shape (n_rows,), or of float of shape (n_rows, n_targets)
    weights : ndarray of shape (n_weights,) or None
        Those of model k begin at `weight_starts[k]`; None for ones.
    sizes, starts, weight_starts : ndarray of int of shape (K,)

    Examples
    --------
    Three models, of which two learn from the same rows:

    >>> import numpy as np
    >>> from sknn.backprop import RowStack
    >>> from sknn.training import Rows
    >>> three = Rows(np.array([[1.0], [2.0], [3.0]]), y=np.array([0, 1, 1]))
    >>> two = Rows(np.array([[4.0], [5.0]]), y=np.array([0, 1]))
    >>> stack = RowStack.of([three, three, two])
    >>> len(stack.X), stack.sizes, stack.starts
    (5, array([3, 3, 2]), array([0, 0, 3]))
    >>> stack.take([2]).starts
    array([3])
    """

    X: Any
    y: NDArray[Any]
    weights: FloatArray | None
    sizes: IntArray
    starts: IntArray
    weight_starts: IntArray

    @classmethod
    def of(cls, rows: Sequence[Rows]) -> RowStack:
        """The rows of every model; what several have in common is kept once."""
        tables, starts = _lay_out([(r.X, r.y) for r in rows], [len(r) for r in rows])
        weights = None
        weight_starts = starts
        if any(r.weights is not None for r in rows):
            ones = {len(r): np.ones(len(r), r.X.dtype) for r in rows if r.weights is None}
            found = [ones[len(r)] if r.weights is None else r.weights for r in rows]
            parts, weight_starts = _lay_out([(w,) for w in found], [len(r) for r in rows])
            weights = _join([w for (w,) in parts])
        return cls(
            X=_join([X for X, _ in tables]),
            y=_join([y for _, y in tables]),
            weights=weights,
            sizes=np.array([len(r) for r in rows]),
            starts=starts,
            weight_starts=weight_starts,
        )

    @property
    def is_sparse(self) -> bool:
        """Whether `X` is a CSR matrix."""
        return issparse(self.X)

    def targets_of(self, model: int) -> tuple[NDArray[Any], FloatArray | None]:
        """The targets and weights of the rows of one model."""
        start, weight_start = self.starts[model], self.weight_starts[model]
        size, weights = self.sizes[model], self.weights
        y = self.y[start : start + size]
        return y, None if weights is None else weights[weight_start : weight_start + size]

    def take(self, models: Sequence[int]) -> RowStack:
        """The rows of some of the models; the table stays as it is."""
        index = np.asarray(models, dtype=np.intp)
        return replace(
            self,
            sizes=self.sizes[index],
            starts=self.starts[index],
            weight_starts=self.weight_starts[index],
        )


def _lay_out(
    columns: Iterable[tuple[T, ...]], sizes: Sequence[int]
) -> tuple[list[tuple[T, ...]], IntArray]:
    """The different ones among tuples of arrays, and where each model's would begin in a row."""
    begins: dict[tuple[int, ...], int] = {}
    different, starts, n_rows = [], [], 0
    for arrays, size in zip(columns, sizes, strict=True):
        key = tuple(map(id, arrays))
        if key not in begins:
            begins[key] = n_rows
            n_rows += size
            different.append(arrays)
        starts.append(begins[key])
    return different, np.array(starts)


def _join(parts: Sequence[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    return vstack(parts, format="csr") if issparse(parts[0]) else np.concatenate(parts)
