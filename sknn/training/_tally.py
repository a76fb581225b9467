"""Loss and score of rows, over an epoch and over each of its batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._layout import FloatArray

EVERY = slice(None)


class Tally:
    """Adds up the losses and scores of the rows of K models, block by block.

    The score of a row is 1 or 0 for a hit or none, or its share of R².

    Parameters
    ----------
    n_models : int
    keep_rows : bool
        Whether to keep every row's loss and score, for `by_batch`.

    Attributes
    ----------
    n_rows : ndarray of int of shape (K,)
        Rows taken in so far.

    Examples
    --------
    Two rows of one model, of which the second weighs three times as much and is wrong:

    >>> import numpy as np
    >>> from sknn.training import Tally
    >>> tally = Tally(n_models=1, keep_rows=True)
    >>> loss, is_hit = np.array([[0.2, 0.4]]), np.array([[True, False]])
    >>> tally.add_rows(loss, is_hit, weights=np.array([[0.5, 1.5]]))
    >>> tally.mean_loss.round(3), tally.score
    (array([0.35]), array([0.25]))
    >>> loss, score = tally.by_batch(model=0, sizes=[1, 1])
    >>> loss.round(3), score
    (array([0.1, 0.6]), array([1., 0.]))
    """

    def __init__(self, n_models: int, keep_rows: bool = False) -> None:
        self._sums = np.zeros((3, n_models))
        self.n_rows = np.zeros(n_models, np.intp)
        self._rows: list[list[FloatArray]] | None = None
        if keep_rows:
            self._rows = [[] for _ in range(n_models)]

    def add_rows(
        self,
        loss: FloatArray,
        score: NDArray[Any],
        weights: FloatArray | None,
        models: slice = EVERY,
    ) -> None:
        """Take in m rows with their losses and scores; all are (k, m)."""
        loss, score = loss.astype(np.float64), score.astype(np.float64)
        if weights is None:
            weight = np.ones_like(loss) if self._rows is not None else None
        else:
            # In C order, so that a row is summed alike for one model and for many.
            weight = np.broadcast_to(weights, loss.shape).astype(np.float64, order="C")
            loss *= weight
            score *= weight
        self.n_rows[models] += loss.shape[1]
        self._sums[0, models] += np.add.reduce(loss, axis=1)
        self._sums[1, models] += np.add.reduce(score, axis=1)
        self._sums[2, models] += loss.shape[1] if weight is None else np.add.reduce(weight, axis=1)
        if self._rows is not None and weight is not None:
            for kept, *columns in zip(self._rows[models], loss, score, weight, strict=True):
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
    def score(self) -> NDArray[np.float64]:
        """Accuracy or R² of every model: the weighted mean of the rows' scores."""
        return np.asarray(self._sums[1] / self._sums[2])

    def by_batch(
        self, model: int, sizes: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Loss Σ w ℓ / B and score of batches of one model, of the given sizes.

        The score of a batch whose rows all weigh zero is NaN.
        """
        kept = [] if self._rows is None else self._rows[model]
        starts = np.cumsum([0, *sizes[:-1]])
        loss, score, weight = np.add.reduceat(np.concatenate(kept, axis=1), starts, axis=1)
        with np.errstate(invalid="ignore"):
            return loss / np.asarray(sizes), score / weight
