"""Loss and score of rows, over an epoch and over each of its batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._batches import batch_sizes, variances
from ._losses import Loss
from ._network import predict_logits
from ._parameters import FloatArray, Parameters
from ._plan import Plan, Rows
from ._regression_losses import LOSSES

EVERY = slice(None)


class Figures:
    """Adds up the losses and scores of the rows of K models, block by block.

    The score of a row is 1 or 0 for a hit or none, or its share of R²; see `Loss.rows`.

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
    >>> from sknn.backprop import Figures
    >>> figures = Figures(n_models=1, keep_rows=True)
    >>> loss, is_hit = np.array([[0.2, 0.4]]), np.array([[True, False]])
    >>> figures.add_rows(loss, is_hit, weights=np.array([[0.5, 1.5]]))
    >>> figures.mean_loss.round(3), figures.score
    (array([0.35]), array([0.25]))
    >>> loss, score = figures.by_batch(model=0, sizes=[1, 1])
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
    >>> rows = Rows(np.array([[-1.0], [1.0]]), y=np.array([0, 1]))
    >>> figures = Validation([rows], [plan]).evaluate(parameters)
    >>> np.exp(-figures.weighted_loss).round(3), figures.score
    (array([0.75]), array([1.]))
    """

    def __init__(self, rows: Sequence[Rows], plans: Sequence[Plan]) -> None:
        self.rows, self.plans = list(rows), plans
        batch_size = plans[0].batch_size
        self.sizes = [batch_sizes(len(model_rows), batch_size) for model_rows in rows]
        self.groups = [_Group.of(self.rows, plans, models) for models in _alike(self.rows)]

    def evaluate(self, parameters: Parameters) -> Figures:
        """Loss and score of every model."""
        figures = Figures(len(self.plans), keep_rows=self.plans[0].record == "batch")
        activation = self.plans[0].activation
        for group in self.groups:
            some = parameters.view(group.models)
            outputs = predict_logits(some.weights, some.biases, activation, group.X)
            trace = group.loss.observe(outputs)
            loss, score = group.loss.rows(trace, group.truth, group.variance)
            figures.add_rows(loss, score, group.weights, group.models)
        return figures


@dataclass(frozen=True)
class _Group:
    """Validation rows of consecutive models: shared, or equally many of each.

    `X` is (n_rows, d) or (k, n_rows, d); `truth` is (k, n_rows) labels or (k, n_rows, T) numbers,
    `weights` (k, n_rows) or None.
    """

    models: slice
    X: Any
    truth: NDArray[Any]
    weights: FloatArray | None
    loss: Loss
    variance: FloatArray | None

    @classmethod
    def of(cls, rows: Sequence[Rows], plans: Sequence[Plan], models: slice) -> _Group:
        some = rows[models]
        kind = LOSSES[plans[models][0].loss]
        shares = all(r.X is some[0].X for r in some)
        weights = None
        if any(r.weights is not None for r in some):
            ones = np.ones(len(some[0]), some[0].X.dtype)
            weights = np.stack([ones if r.weights is None else r.weights for r in some])
        return cls(
            models=models,
            X=some[0].X if shares else np.stack([r.X for r in some]),
            truth=np.stack([r.y for r in some]),
            weights=weights,
            loss=kind(plans[models], len(some[0])),
            variance=variances(kind, [(r.y, r.weights) for r in some]),
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
