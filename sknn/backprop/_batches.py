"""Shuffled mini-batches, gathered block by block.

An epoch visits the rows in a random order, a batch at a time. Fetching rows in random order is
cheap per byte and dear per call, so a *block* of several batches is gathered at once into buffers
that were laid out, and cut into batches, before training started.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.training import (
    FloatArray,
    IntArray,
    Plan,
    batch_sizes,
)

from ._losses import Loss, Trace
from ._regression_losses import LOSSES
from ._row_stack import RowStack

# A block of one model's rows should stay in the cache between gathering and use.
BLOCK_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of every model: views into its block's buffers.

    `X` is (K, B, d), or a sequence of K CSR matrices; `targets` (K, B, C) are those that the loss
    has made, one-hot classes for instance; `weights` is (K, B, 1) or None. What the loss leaves
    behind goes to the arrays (K, B, ·) of `trace`.

    Examples
    --------
    `plan`, that of `Plan`'s example, has batches of two rows.

    >>> import numpy as np
    >>> from sknn.backprop import Batch, Batches, RowStack
    >>> from sknn.training import Rows
    >>> from dataclasses import replace
    >>> rows = Rows(X=np.arange(5.0)[:, None], y=np.array([0, 1, 0, 1, 0]))
    >>> batches = Batches(RowStack.of([rows]), [replace(plan, label_smoothing=0.2)])
    >>> (block,) = batches.epoch(None)
    >>> batch = block.batches[0]
    >>> isinstance(batch, Batch), batch.n_rows, batch.weights
    (True, 2, None)
    >>> batch.X[0]
    array([[0.],
           [1.]])
    >>> batch.targets[0].round(3)
    array([[0.9, 0.1],
           [0.1, 0.9]])
    """

    n_rows: int
    X: Any
    targets: FloatArray
    weights: FloatArray | None
    trace: Trace


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive batches of some models, m rows together, and what they leave behind.

    `models` are those of the stack that it is for, `first_step` is the number of its first batch
    in the epoch; `truth` is (k, m) labels or (k, m, T) numbers, `weights` (k, m) or None. `trace`
    is what `loss` has left behind and reads again for the losses and scores of the rows.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> import numpy as np
    >>> from sknn.backprop import Batches, Block, RowStack
    >>> from sknn.training import Rows
    >>> rows = Rows(X=np.arange(5.0)[:, None], y=np.array([0, 1, 0, 1, 0]))
    >>> batches = Batches(RowStack.of([rows]), [plan])
    >>> (block,) = batches.epoch(None)
    >>> isinstance(block, Block), block.models, block.first_step
    (True, slice(0, 1, None), 0)
    >>> block.truth, [batch.n_rows for batch in block.batches]
    (array([[0, 1, 0, 1, 0]]), [2, 2, 1])
    """

    models: slice
    first_step: int
    batches: list[Batch]
    truth: NDArray[Any]
    weights: FloatArray | None
    loss: Loss
    trace: Trace
    variance: FloatArray | None

    def rows(self) -> tuple[FloatArray, NDArray[Any]]:
        """Loss and score of every row, both (k, m)."""
        return self.loss.rows(self.trace, self.truth, self.variance)


class Batches:
    """Cuts the training rows of K models into batches, epoch after epoch.

    Models that have rows left go on together; where some run out of rows, the others are cut
    into blocks of their own.

    Parameters
    ----------
    rows : RowStack
        The training rows of the models, most rows first.
    plans : sequence of Plan of length K
        Their loss, and their batch size; the last batch of an epoch may have fewer rows.

    Attributes
    ----------
    sizes : list of list of int
        The number of rows of every batch of an epoch, in order, for every model.
    n_steps : ndarray of int of shape (K,)
        The number of batches.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> import numpy as np
    >>> from sknn.backprop import Batches, RowStack
    >>> from sknn.training import Rows
    >>> rows = Rows(X=np.arange(5.0)[:, None], y=np.array([0, 1, 0, 1, 0]))
    >>> batches = Batches(RowStack.of([rows]), [plan])
    >>> batches.sizes
    [[2, 2, 1]]
    >>> for block in batches.epoch(orders=np.array([[4, 1, 0, 3, 2]])):
    ...     for batch in block.batches:
    ...         print(batch.X[0, :, 0], batch.targets[0].argmax(axis=1))
    [4. 1.] [0 1]
    [0. 3.] [0 1]
    [2.] [0]
    """

    def __init__(self, rows: RowStack, plans: Sequence[Plan]) -> None:
        self.rows, self.plans = rows, plans
        self.batch_size = batch_size = plans[0].batch_size
        self.sizes = [batch_sizes(int(n_rows), batch_size) for n_rows in rows.sizes]
        self.n_steps = np.array([len(sizes) for sizes in self.sizes])
        self.dtype = plans[0].dtype
        self.loss = LOSSES[plans[0].loss]
        self.variance = variances(self.loss, map(rows.targets_of, range(len(plans))))
        # The same for one model and for many: figures are added up block by block.
        row_bytes = (rows.X.shape[1] + 2 * plans[0].spec.n_outputs) * self.dtype.itemsize
        self.block_rows = max(1, BLOCK_BYTES // (row_bytes * batch_size)) * batch_size
        self._layouts: dict[tuple[int, int, int], _Layout] = {}
        self._bands: dict[tuple[int, int], list[tuple[slice, int]]] = {}
        self._unshuffled: list[Block] = []

    def epoch(self, orders: IntArray | None) -> Iterator[Block]:
        """The blocks of one epoch, whose buffers are overwritten by the next one's.

        Parameters
        ----------
        orders : ndarray of int of shape (K, most rows) or None
            From `draw_orders`: in which each model visits its rows. None for their own order.
        """
        if orders is None:
            if not self._unshuffled:
                bands = self.bands(0, int(self.rows.sizes[0]))
                self._unshuffled = [self._whole(models, n_rows) for models, n_rows in bands]
            yield from self._unshuffled
            return
        for start in range(0, int(self.rows.sizes[0]), self.block_rows):
            for models, n_rows in self.bands(start, self.block_rows):
                yield self._gather(models, orders[models, start : start + n_rows], start)

    def runs_of_models(self, shuffles: bool) -> list[slice]:
        """All the runs of models that the blocks of an epoch are for."""
        n_rows = int(self.rows.sizes[0])
        step = self.block_rows if shuffles else n_rows
        bands = [self.bands(start, step) for start in range(0, n_rows, step)]
        found = {(models.start, models.stop): models for band in bands for models, _ in band}
        return list(found.values())

    def bands(self, start: int, most: int) -> list[tuple[slice, int]]:
        """Consecutive models with equally many rows, at most `most`, from `start` on."""
        key = (start, most)
        if key not in self._bands:
            left = np.minimum(self.rows.sizes - start, most)
            left = left[left > 0]
            edges = [0, *(np.flatnonzero(np.diff(left)) + 1).tolist(), len(left)]
            self._bands[key] = [(slice(a, b), int(left[a])) for a, b in pairwise(edges)]
        return self._bands[key]

    def _gather(self, models: slice, order: IntArray, start: int) -> Block:
        """Fetch the rows that `order` (k, m) names for some of the models."""
        n_rows = order.shape[1]
        key = (models.start, models.stop, n_rows)
        if key not in self._layouts:
            self._layouts[key] = _Layout(self, models, n_rows)
        layout = self._layouts[key]
        rows = self.rows
        places = order + rows.starts[models, None]
        if layout.X is None:
            X: Any = [rows.X[places_of_model] for places_of_model in places]
        else:
            X = np.take(rows.X, places, axis=0, out=layout.X, mode="clip")
        np.take(rows.y, places, axis=0, out=layout.truth, mode="clip")
        layout.loss.encode(layout.truth, layout.targets)
        if rows.weights is not None and layout.weights is not None:
            where = order + rows.weight_starts[models, None]
            np.take(rows.weights, where, axis=0, out=layout.weights, mode="clip")
        return layout.block(X, start // self.batch_size)

    def _whole(self, models: slice, n_rows: int) -> Block:
        """All rows of some of the models in their own order: one block for ever."""
        rows = self.rows
        order = np.broadcast_to(np.arange(n_rows), (models.stop - models.start, n_rows))
        if (rows.starts[models] != rows.starts[models.start]).any():
            return self._gather(models, order, 0)
        # All of them have the same rows: no copy of the data.
        layout = _Layout(self, models, n_rows, shared=True)
        where = slice(rows.starts[models.start], rows.starts[models.start] + n_rows)
        np.copyto(layout.truth, rows.y[where])
        layout.loss.encode(layout.truth, layout.targets)
        if rows.weights is not None:
            layout.weights = rows.weights[order + rows.weight_starts[models, None]]
        X = rows.X[where]
        return layout.block([X] * len(order) if rows.is_sparse else X[None], 0)


class _Layout:
    """The buffers of a block of one size, and the batches cut out of them."""

    def __init__(self, batches: Batches, models: slice, n_rows: int, shared: bool = False) -> None:
        n_models, rows = models.stop - models.start, batches.rows
        self.models = models
        self.n_rows = n_rows
        self.batch_size = batches.batch_size
        self.X: FloatArray | None = None
        self.weights: FloatArray | None = None
        self.truth = np.empty((n_models, n_rows, *rows.y.shape[1:]), rows.y.dtype)
        self.loss = batches.loss(batches.plans[models], n_rows)
        self.targets, self.trace = self.loss.new_targets(self.truth), self.loss.new_trace()
        self.variance = None if batches.variance is None else batches.variance[models]
        if not shared:
            if rows.weights is not None:
                self.weights = np.empty((n_models, n_rows), batches.dtype)
            if not rows.is_sparse:
                self.X = np.empty((n_models, n_rows, rows.X.shape[1]), batches.dtype)
        self._cut: list[Batch] = []

    def block(self, X: FloatArray | Sequence[Any], first_step: int) -> Block:
        """A block over the buffers, and its batches over views of them."""
        if not self._cut or X is not self.X:
            self._cut = [
                self._batch(X, slice(start, min(start + self.batch_size, self.n_rows)))
                for start in range(0, self.n_rows, self.batch_size)
            ]
        return Block(
            models=self.models,
            first_step=first_step,
            batches=self._cut,
            truth=self.truth,
            weights=self.weights,
            loss=self.loss,
            trace=self.trace,
            variance=self.variance,
        )

    def _batch(self, X: FloatArray | Sequence[Any], part: slice) -> Batch:
        return Batch(
            n_rows=part.stop - part.start,
            X=X[:, part] if isinstance(X, np.ndarray) else [rows[part] for rows in X],
            targets=self.targets[:, part],
            weights=None if self.weights is None else self.weights[:, part, None],
            trace=tuple(array[:, part] for array in self.trace),
        )


def variances(
    loss: type[Loss], targets: Iterable[tuple[NDArray[Any], FloatArray | None]]
) -> FloatArray | None:
    """What `loss` has to be told of all rows of each model, (K, 1, T), or None for nothing.

    Parameters
    ----------
    loss : subclass of Loss
    targets : iterable over the models of (y, weights)
    """
    found = [loss.variance_of(*pair) for pair in targets]
    known = [variance for variance in found if variance is not None]
    return np.stack(known) if known else None
