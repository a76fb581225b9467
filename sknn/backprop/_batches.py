"""Shuffled mini-batches, gathered block by block.

An epoch visits the rows in a random order, a batch at a time. Fetching rows in random order is
cheap per byte and dear per call, so a *block* of several batches is gathered at once into buffers
that were laid out, and cut into batches, before training started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._parameters import FloatArray, IntArray
from ._plan import Rows

# A block of one model's rows should stay in the cache between gathering and use.
BLOCK_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of every model: views into its block's buffers.

    `X` is (K, B, d), or a sequence of K CSR matrices; `targets` (K, B, C) sum to one along the
    last axis; `weights` is (K, B, 1) or None; `kept` (K, B, C) is where to leave the logits.
    """

    n_rows: int
    X: Any
    targets: FloatArray
    weights: FloatArray | None
    kept: FloatArray


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive batches of an epoch, m rows together, and the logits that they leave behind.

    `labels` are (K, m) or (1, m), `weights` (K, m) or None, `logits` (K, C, m).
    """

    batches: list[Batch]
    labels: IntArray
    weights: FloatArray | None
    logits: FloatArray


class Batches:
    """Cuts the training rows of K models into batches, epoch after epoch.

    Parameters
    ----------
    rows : Rows
        The training rows, shared by all models.
    batch_size : int
        Rows in a batch; the last of an epoch may have fewer.
    n_classes : int
    label_smoothing : ndarray of shape (K, 1)
        Share of the target that is spread evenly over the classes.

    Attributes
    ----------
    sizes : list of int
        The number of rows of every batch of an epoch, in order.
    """

    def __init__(
        self, rows: Rows, batch_size: int, n_classes: int, label_smoothing: FloatArray
    ) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self.sizes = batch_sizes(len(rows), batch_size)
        self.classes = np.arange(n_classes)
        self.smoothing = label_smoothing[:, :, None] if label_smoothing.any() else None
        self.dtype = label_smoothing.dtype
        self.n_models = len(label_smoothing)
        row_bytes = (rows.X.shape[1] + 2 * n_classes) * self.dtype.itemsize
        per_block = max(1, BLOCK_BYTES // (row_bytes * batch_size)) * batch_size
        self.block_rows = min(per_block, len(rows))
        self._layouts: dict[int, _Layout] = {}
        self._unshuffled: list[Block] = []

    def epoch(self, orders: IntArray | None) -> Iterator[Block]:
        """The blocks of one epoch.

        Parameters
        ----------
        orders : ndarray of shape (K, n_rows) or None
            The order in which each model visits the rows, None for their own order. A block's
            buffers are overwritten by the next one's.
        """
        if orders is None:
            if not self._unshuffled:
                self._unshuffled = [self._whole()]
            yield from self._unshuffled
            return
        for start in range(0, len(self.rows), self.block_rows):
            yield self._gather(orders[:, start : start + self.block_rows])

    def _gather(self, order: IntArray) -> Block:
        """Fetch the rows that `order` (K, m) names."""
        n_rows = order.shape[1]
        if n_rows not in self._layouts:
            self._layouts[n_rows] = _Layout(self, n_rows)
        layout = self._layouts[n_rows]
        X, labels, weights = self.rows.X, self.rows.labels, self.rows.weights
        if layout.X is None:
            rows: Any = [X[model_order] for model_order in order]
        else:
            rows = np.take(X, order, axis=0, out=layout.X, mode="clip")
        np.take(labels, order, out=layout.labels, mode="clip")
        np.equal(layout.labels[:, :, None], self.classes, out=layout.targets)
        self._smooth(layout.targets)
        if weights is not None and layout.weights is not None:
            np.take(weights, order, axis=0, out=layout.weights, mode="clip")
        return layout.block if layout.X is not None else layout.cut(rows)

    def _whole(self) -> Block:
        """All rows in their own order, without a copy of the data: one block for ever."""
        layout = _Layout(self, len(self.rows), shared=True)
        layout.labels = np.broadcast_to(self.rows.labels, layout.labels.shape)
        np.equal(layout.labels[:, :, None], self.classes, out=layout.targets)
        self._smooth(layout.targets)
        if self.rows.weights is not None:
            layout.weights = np.broadcast_to(self.rows.weights, (self.n_models, len(self.rows)))
        if layout.sparse:
            return layout.cut([self.rows.X] * self.n_models)
        return layout.cut(self.rows.X[None])

    def _smooth(self, targets: FloatArray) -> None:
        """Turn one-hot targets (K, m, C) into (1 - ε) y + ε / C, in place."""
        if self.smoothing is not None:
            np.multiply(targets, 1 - self.smoothing, out=targets)
            np.add(targets, self.smoothing / len(self.classes), out=targets)


class _Layout:
    """The buffers of a block of one size, and the batches cut out of them."""

    def __init__(self, batches: Batches, n_rows: int, shared: bool = False) -> None:
        n_models, n_classes = batches.n_models, len(batches.classes)
        self.n_rows = n_rows
        self.batch_size = batches.batch_size
        self.sparse = batches.rows.is_sparse
        self.X: FloatArray | None = None
        self.weights: FloatArray | None = None
        self.labels: IntArray = np.empty((n_models, n_rows), np.intp)
        self.targets = np.empty((n_models, n_rows, n_classes), batches.dtype)
        self.logits = np.empty((n_models, n_classes, n_rows), batches.dtype)
        if not shared:
            if batches.rows.weights is not None:
                self.weights = np.empty((n_models, n_rows), batches.dtype)
            if not self.sparse:
                self.X = np.empty((n_models, n_rows, batches.rows.X.shape[1]), batches.dtype)
                self.block = self.cut(self.X)

    def cut(self, X: FloatArray | Sequence[Any]) -> Block:
        """A block over the buffers, and its batches over views of them."""
        found = []
        for start in range(0, self.n_rows, self.batch_size):
            part = slice(start, min(start + self.batch_size, self.n_rows))
            found.append(
                Batch(
                    n_rows=part.stop - part.start,
                    X=X[:, part] if isinstance(X, np.ndarray) else [rows[part] for rows in X],
                    targets=self.targets[:, part],
                    weights=None if self.weights is None else self.weights[:, part, None],
                    kept=self.logits[:, :, part].mT,
                )
            )
        return Block(found, self.labels, self.weights, self.logits)


def draw_orders(generators: Sequence[np.random.Generator], n_rows: int) -> IntArray:
    """A fresh random order of the rows for every model, shape (K, n_rows)."""
    return np.stack([generator.permutation(n_rows) for generator in generators])


def batch_sizes(n_rows: int, batch_size: int) -> list[int]:
    """The sizes of the batches that rows are cut into; the last may be smaller."""
    whole, rest = divmod(n_rows, batch_size)
    return [batch_size] * whole + [rest] * (rest > 0)
