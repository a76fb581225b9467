"""Loss and score of validation rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.training import FloatArray, Plan, Rows, Tally, batch_sizes

from ._batches import variances
from ._losses import Loss
from ._network import predict
from ._regression_losses import LOSSES


class Validation:
    """Evaluates K models on their validation rows, with the loss that they are trained on.

    Models with the same rows are evaluated together, and so are models with equally many.

    Examples
    --------
    `plan` is that of `Plan`'s example. The logits of a row x are 0 and x log 3, so both rows
    are given 3/4 for their own class:

    >>> import numpy as np
    >>> from sknn.backprop import Validation
    >>> from sknn.training import NetworkSpec, Parameters, Rows
    >>> parameters = Parameters.zeros(1, NetworkSpec((1, 2)).layout, float)
    >>> parameters.weights[0][0] = [[0, np.log(3)]]
    >>> rows = Rows(np.array([[-1.0], [1.0]]), y=np.array([0, 1]))
    >>> tally = Validation([rows], [plan]).evaluate(parameters.arrays)
    >>> np.exp(-tally.weighted_loss).round(3), tally.score
    (array([0.75]), array([1.]))
    """

    def __init__(self, rows: Sequence[Rows], plans: Sequence[Plan]) -> None:
        self.rows, self.plans = list(rows), plans
        batch_size = plans[0].batch_size
        self.sizes = [batch_sizes(len(model_rows), batch_size) for model_rows in rows]
        self.groups = [_Group.of(self.rows, plans, models) for models in _alike(self.rows)]

    def evaluate(self, arrays: Mapping[str, FloatArray]) -> Tally:
        """Loss and score of every model."""
        tally = Tally(len(self.plans), keep_rows=self.plans[0].record == "batch")
        for group in self.groups:
            some = {name: array[group.models] for name, array in arrays.items()}
            outputs = predict(self.plans[0].spec, some, group.X)
            trace = group.loss.observe(outputs)
            loss, score = group.loss.rows(trace, group.truth, group.variance)
            tally.add_rows(loss, score, group.weights, group.models)
        return tally


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
