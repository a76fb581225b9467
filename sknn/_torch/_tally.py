"""The figures of an epoch, from outputs that stay on the device until it is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from sknn.backprop import LOSSES, r2_of_rows
from sknn.training import NetworkSpec, Plan, Tally

from ._losses import hits, row_losses

# Outputs that wait for their figures.
WAITING_NUMBERS = 1_000_000

Columns: TypeAlias = tuple[Tensor | None, ...]


class DeviceTally:
    """Keeps the outputs of an epoch's batches, and turns them into figures block by block.

    Nothing here waits for the device before the epoch is over.

    Parameters
    ----------
    loss : str
        A name of `sknn.backprop.LOSSES`.
    label_smoothing : float
    quantiles : sequence of float
    """

    def __init__(
        self, loss: str, label_smoothing: float = 0.0, quantiles: Sequence[float] = ()
    ) -> None:
        self.loss, self.settings = loss, (label_smoothing, quantiles)
        self._waiting: list[Columns] = []
        self._n_waiting = 0
        self._done: list[Columns] = []

    def add(self, outputs: Tensor, y: Tensor, weights: Tensor | None) -> None:
        """Take in a batch: `outputs` (B, C), `y` (B,) or (B, T), `weights` (B,) or None."""
        self._waiting.append((outputs, y, weights))
        self._n_waiting += outputs.numel()
        if self._n_waiting >= WAITING_NUMBERS:
            self._settle()

    def _settle(self) -> None:
        outputs, y, weights = _concatenate(self._waiting)
        assert outputs is not None
        assert y is not None
        loss = row_losses(self.loss, outputs, y, *self.settings)
        if LOSSES[self.loss].score == "accuracy":
            self._done.append((loss, hits(self.loss, outputs, y), None, weights))
        else:  # of R², the variance of all rows is a part
            self._done.append((loss, outputs, y, weights))
        self._waiting, self._n_waiting = [], 0

    def figures(self, keep_rows: bool) -> Tally:
        """The figures of all rows that were taken in."""
        with torch.no_grad():
            if self._waiting:
                self._settle()
            columns = _concatenate(self._done)
            loss, found, y, weights = (None if c is None else c.cpu().numpy() for c in columns)
        assert loss is not None
        assert found is not None
        if y is not None:
            found = self._shares(found, y, weights)
        figures = Tally(1, keep_rows=keep_rows)
        figures.add_rows(loss[None], found[None], None if weights is None else weights[None])
        return figures

    def _shares(self, outputs: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """Shares of the rows in R²."""
        y = y.reshape(len(y), -1)
        spec = NetworkSpec((1, outputs.shape[1]))
        plan = Plan(spec, self.loss, tuple(self.settings[1]), dtype=outputs.dtype)
        loss = LOSSES[self.loss]([plan], len(y))
        variance = loss.variance_of(y, weights)
        assert variance is not None
        point = loss.point(loss.predict(outputs))
        return r2_of_rows(point[None], y[None], variance[None])[0]


def _concatenate(parts: list[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    columns = zip(*parts, strict=True)
    return tuple(None if column[0] is None else torch.cat(column) for column in columns)
