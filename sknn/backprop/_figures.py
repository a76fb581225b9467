"""Loss and accuracy of rows, over an epoch and over each of its batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._batches import batch_sizes
from ._losses import losses_and_hits
from ._network import predict_logits
from ._parameters import FloatArray, IntArray, Parameters
from ._plan import Plan, Rows, column

EVERY = slice(None)


class Figures:
    """Adds up the losses and hits of the rows of K models, block by block.

    Parameters
    ----------
    n_models : int
    keep_rows : bool
        Whether to keep every row's loss and hit, for `by_batch`.

    Attributes
    ----------
    n_rows : ndarray of int of shape (K,)
        Rows taken in so far.

    Examples
    --------
    Two rows of one model, of which the second weighs three times as much and is wrong:

    >>> import numpy as np
    >>> from sknn.backprop import Figures
    >>> figures = Figures(n_models=1, keep_rows=True)
    >>> loss, is_hit = np.array([[0.2, 0.4]]), np.array([[True, False]])
    >>> figures.add_rows(loss, is_hit, weights=np.array([[0.5, 1.5]]))
    >>> figures.mean_loss.round(3), figures.accuracy
    (array([0.35]), array([0.25]))
    >>> loss, accuracy = figures.by_batch(model=0, sizes=[1, 1])
    >>> loss.round(3), accuracy
    (array([0.1, 0.6]), array([1., 0.]))
    """

    def __init__(self, n_models: int, keep_rows: bool = False) -> None:
        self._sums = np.zeros((3, n_models))
        self.n_rows = np.zeros(n_models, np.intp)
        self._rows: list[list[FloatArray]] | None = None
        if keep_rows:
            self._rows = [[] for _ in range(n_models)]

    def add(
        self,
        shifted: FloatArray,
        sums: FloatArray,
        labels: IntArray,
        weights: FloatArray | None,
        smoothing: FloatArray | None = None,
        models: slice = EVERY,
    ) -> None:
        """Take in m rows: z - max z (k, C, m) of the logits, their exponentials' sums (k, m).

        `labels` are (k, m), `weights` (k, m) or None.
        """
        loss, hits = losses_and_hits(shifted, sums, labels, smoothing)
        self.add_rows(loss, hits, weights, models)

    def add_rows(
        self,
        loss: FloatArray,
        is_hit: NDArray[np.bool_],
        weights: FloatArray | None,
        models: slice = EVERY,
    ) -> None:
        """Take in m rows whose losses and hits are known; all are (k, m)."""
        loss, hit = loss.astype(np.float64), is_hit.astype(np.float64)
        if weights is None:
            weight = np.ones_like(loss) if self._rows is not None else None
        else:
            # In C order, so that a row is summed alike for one model and for many.
            weight = np.broadcast_to(weights, loss.shape).astype(np.float64, order="C")
            loss *= weight
            hit *= weight
        self.n_rows[models] += loss.shape[1]
        self._sums[0, models] += np.add.reduce(loss, axis=1)
        self._sums[1, models] += np.add.reduce(hit, axis=1)
        self._sums[2, models] += loss.shape[1] if weight is None else np.add.reduce(weight, axis=1)
        if self._rows is not None and weight is not None:
            for kept, *columns in zip(self._rows[models], loss, hit, weight, strict=True):
                kept.append(np.stack(columns))

    @property
    def mean_loss(self) -> NDArray[np.float64]:
        """Σ w ℓ / n of every model: training weights have mean 1."""
        return np.asarray(self._sums[0] / self.n_rows)

    @property
    def weighted_loss(self) -> NDArray[np.float64]:
        """Σ w ℓ / Σ w of every model."""
        return np.asarray(self._sums[0] / self._sums[2])

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share of the weight that is classified right, of every model."""
        return np.asarray(self._sums[1] / self._sums[2])

    def by_batch(
        self, model: int, sizes: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Loss Σ w ℓ / B and accuracy of batches of one model, of the given sizes.

        The accuracy of a batch whose rows all weigh zero is NaN.
        """
        kept = [] if self._rows is None else self._rows[model]
        starts = np.cumsum([0, *sizes[:-1]])
        loss, hit, weight = np.add.reduceat(np.concatenate(kept, axis=1), starts, axis=1)
        with np.errstate(invalid="ignore"):
            return loss / np.asarray(sizes), hit / weight


class Validation:
    """Evaluates K models on their validation rows, with the loss that they are trained on.

    Models with the same rows are evaluated together, and so are models with equally many.

    Examples
    --------
    `plan` is that of `Plan`'s example. The logits of a row x are 0 and x log 3, so both rows
    are given 3/4 for their own class:

    >>> import numpy as np
    >>> from sknn.backprop import Parameters, Rows, Validation
    >>> parameters = Parameters.zeros(n_models=1, layer_sizes=(1, 2), dtype=float)
    >>> parameters.weights[0][0] = [[0, np.log(3)]]
    >>> rows = Rows(np.array([[-1.0], [1.0]]), labels=np.array([0, 1]))
    >>> figures = Validation([rows], [plan]).evaluate(parameters)
    >>> np.exp(-figures.weighted_loss).round(3), figures.accuracy
    (array([0.75]), array([1.]))
    """

    def __init__(self, rows: Sequence[Rows], plans: Sequence[Plan]) -> None:
        self.rows, self.plans = list(rows), plans
        batch_size = plans[0].batch_size
        self.sizes = [batch_sizes(len(model_rows), batch_size) for model_rows in rows]
        smoothing = column(plans, "label_smoothing")[:, :, None]
        self.smoothing = smoothing if smoothing.any() else None
        self.groups = [_Group.of(self.rows, models) for models in _alike(self.rows)]

    def evaluate(self, parameters: Parameters) -> Figures:
        """Loss and accuracy of every model."""
        figures = Figures(len(self.plans), keep_rows=self.plans[0].record == "batch")
        activation = self.plans[0].activation
        for group in self.groups:
            some = parameters.view(group.models)
            logits = predict_logits(some.weights, some.biases, activation, group.X)
            shifted = np.ascontiguousarray(logits.mT)
            shifted -= np.maximum.reduce(shifted, axis=1, keepdims=True)
            figures.add(
                shifted,
                np.add.reduce(np.exp(shifted), axis=1),
                group.labels,
                group.weights,
                None if self.smoothing is None else self.smoothing[group.models],
                group.models,
            )
        return figures


@dataclass(frozen=True)
class _Group:
    """Validation rows of consecutive models: shared, or equally many of each.

    `X` is (n_rows, d) or (k, n_rows, d); `labels` and `weights` are (k, n_rows), weights or None.
    """

    models: slice
    X: Any
    labels: IntArray
    weights: FloatArray | None

    @classmethod
    def of(cls, rows: Sequence[Rows], models: slice) -> _Group:
        some = rows[models]
        shares = all(r.X is some[0].X for r in some)
        weights = None
        if any(r.weights is not None for r in some):
            ones = np.ones(len(some[0]), some[0].X.dtype)
            weights = np.stack([ones if r.weights is None else r.weights for r in some])
        return cls(
            models=models,
            X=some[0].X if shares else np.stack([r.X for r in some]),
            labels=np.stack([r.labels for r in some]),
            weights=weights,
        )


def _alike(rows: Sequence[Rows]) -> list[slice]:
    """Runs of consecutive models that can be evaluated together."""
    edges = [0]
    for k in range(1, len(rows)):
        before, here = rows[edges[-1]], rows[k]
        is_dense = not (before.is_sparse or here.is_sparse)
        if here.X is not before.X and not (is_dense and len(here) == len(before)):
            edges.append(k)
    return [slice(start, stop) for start, stop in pairwise([*edges, len(rows)])]
