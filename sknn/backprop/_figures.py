"""Loss and accuracy of rows, over an epoch and over each of its batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._batches import batch_sizes
from ._losses import cross_entropy
from ._network import predict_logits
from ._parameters import FloatArray, IntArray, Parameters
from ._plan import Plan, Problem, column


class Figures:
    """Adds up the losses and hits of the rows of K models, block by block.

    Parameters
    ----------
    n_models : int
    keep_rows : bool
        Whether to keep every row's loss and hit, for `by_batch`.

    Attributes
    ----------
    n_rows : int
        Rows taken in so far.
    """

    def __init__(self, n_models: int, keep_rows: bool = False) -> None:
        self._sums = np.zeros((3, n_models))
        self.n_rows = 0
        self._rows: list[FloatArray] | None = [] if keep_rows else None

    def add(
        self,
        logits: FloatArray,
        labels: IntArray,
        weights: FloatArray | None,
        smoothing: FloatArray | None = None,
    ) -> None:
        """Take in m rows: `logits` (K, C, m), `labels` (K, m), `weights` (K, m) or None."""
        loss = cross_entropy(logits, labels, smoothing)
        self.add_rows(loss, logits.argmax(axis=1) == labels, weights)

    def add_rows(
        self, loss: FloatArray, is_hit: NDArray[np.bool_], weights: FloatArray | None
    ) -> None:
        """Take in m rows whose losses and hits are known; all are (K, m)."""
        loss, hit = loss.astype(np.float64), is_hit.astype(np.float64)
        if weights is None:
            weight = np.ones_like(loss) if self._rows is not None else None
        else:
            # In C order, so that a row is summed alike for one model and for many.
            weight = np.broadcast_to(weights, loss.shape).astype(np.float64, order="C")
            loss *= weight
            hit *= weight
        self.n_rows += loss.shape[1]
        self._sums[0] += np.add.reduce(loss, axis=1)
        self._sums[1] += np.add.reduce(hit, axis=1)
        self._sums[2] += loss.shape[1] if weight is None else np.add.reduce(weight, axis=1)
        if self._rows is not None and weight is not None:
            self._rows.append(np.stack([loss, hit, weight]))

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

    def by_batch(self, sizes: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Loss Σ w ℓ / B and accuracy of batches of the given sizes, each (K, n_batches).

        The accuracy of a batch whose rows all weigh zero is NaN.
        """
        starts = np.cumsum([0, *sizes[:-1]])
        loss, hit, weight = np.add.reduceat(np.concatenate(self._rows or [], 2), starts, axis=2)
        with np.errstate(invalid="ignore"):
            return loss / np.asarray(sizes), hit / weight


class Validation:
    """Evaluates K models on the validation rows, with the loss that they are trained on."""

    def __init__(self, problem: Problem, plans: Sequence[Plan]) -> None:
        if problem.valid is None:
            raise ValueError("the problem has no validation rows")
        self.rows, self.plans = problem.valid, plans
        self.sizes = batch_sizes(len(self.rows), plans[0].batch_size)
        smoothing = column(plans, "label_smoothing")[:, :, None]
        self.smoothing = smoothing if smoothing.any() else None
        self.labels = np.repeat(self.rows.labels[None], len(plans), axis=0)

    def evaluate(self, parameters: Parameters) -> Figures:
        """Loss and accuracy of every model."""
        plan = self.plans[0]
        return self.figures(
            predict_logits(parameters.weights, parameters.biases, plan.activation, self.rows.X)
        )

    def figures(self, logits: FloatArray) -> Figures:
        """Loss and accuracy of the logits (K, n_rows, C) of the validation rows."""
        figures = Figures(len(self.plans), keep_rows=self.plans[0].record == "batch")
        weights = self.rows.weights
        figures.add(
            np.ascontiguousarray(logits.mT),
            self.labels,
            None if weights is None else weights[None],
            self.smoothing,
        )
        return figures
