"""What a network is trained to make small: the base of all losses, and the share of a row in R²."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sknn.training import (
    FloatArray,
    Plan,
    column,
)

#: Arrays of shape (K, m, ·) that a loss leaves behind; only the loss reads them.
Trace: TypeAlias = tuple[FloatArray, ...]


class Loss(ABC):
    r"""Base of all losses, laid out for K models and B rows.

    A loss owns the last nonlinearity of the network. Where the two fit each other, as softmax and
    cross-entropy do, the gradient with respect to the outputs z is the prediction minus the target:

    .. math:: \frac{\partial L}{\partial z} = \frac{w}{B} (p - y).

    `forward` leaves a trace behind, of which `rows` computes the figures of an epoch.

    Parameters
    ----------
    plans : sequence of Plan of length K
        Their outputs, label smoothing, quantiles, divisor and dtype.
    n_rows : int
        Rows in a batch, B, or in a block of batches.

    Attributes
    ----------
    scale : float
        What the summed gradient is multiplied by, 1 / B unless a plan has a divisor.
    prediction : ndarray of shape (K, B, C)
        What `forward` returned, until `backward` overwrites it. Output by output in memory: sums
        over a few outputs then run along rows, of which there are many.

    Examples
    --------
    A loss of one's own needs the losses of rows, and a prediction if that is not the outputs. Put
    into `LOSSES`, it can be named in a plan.

    >>> import numpy as np
    >>> from sknn.backprop import LOSSES, Loss
    >>> from sknn.training import NetworkSpec, Plan
    >>> class Cubic(Loss):
    ...     def row_losses(self, outputs, truth):
    ...         return (np.abs(outputs - truth) ** 3 / 3).sum(axis=2)
    ...
    ...     def backward(self, targets, weights):
    ...         error = self.prediction - targets
    ...         self.prediction[...] = error * np.abs(error)
    ...         return self._finish(weights)
    >>> loss = Cubic([Plan(NetworkSpec((3, 1)))], n_rows=2)
    >>> loss.forward(np.array([[[0.0], [3.0]]]))[0, :, 0]
    array([0., 3.])
    >>> loss.backward(targets=np.array([[[2.0], [2.0]]]), weights=None)[0, :, 0]
    array([-2. ,  0.5])
    """

    #: Name of the score of rows: of a classifier 'accuracy', else 'r2'.
    score: ClassVar[str] = "r2"
    #: Name of the last nonlinearity, as scikit-learn has it.
    out_activation: ClassVar[str] = "identity"
    #: The least target, and whether it is one itself.
    least: ClassVar[float] = -np.inf
    takes_least: ClassVar[bool] = True

    def __init__(self, plans: Sequence[Plan], n_rows: int) -> None:
        plan = plans[0]
        self.plan, self.n_models, self.n_rows = plan, len(plans), n_rows
        self.n_outputs, self.dtype = plan.spec.n_outputs, plan.dtype
        self.scale = 1 / (plan.divisor or n_rows)
        smoothing = column(plans, "label_smoothing")[:, :, None]
        self.smoothing = smoothing if smoothing.any() else None
        self.prediction = self._empty()

    @cached_property
    def _trace(self) -> Trace:
        return self.new_trace()

    def _empty(self) -> FloatArray:
        return np.empty((self.n_models, self.n_outputs, self.n_rows), self.dtype).mT

    # ---- an update ----

    def forward(self, outputs: FloatArray, trace: Trace | None = None) -> FloatArray:
        """Predictions of shape (K, B, C), remembered for `backward`.

        What `rows` needs is written into `trace`, which `new_trace` made.
        """
        (kept,) = trace or self._trace
        kept[...] = outputs
        return self.predict(kept, out=self.prediction)

    def backward(self, targets: FloatArray, weights: FloatArray | None) -> FloatArray:
        """Gradient with respect to the outputs, (K, B, C); overwrites the predictions.

        `targets` are those of `new_targets`, `weights` (K, B, 1) or None for ones.
        """
        gradient = np.subtract(self.prediction, targets, out=self.prediction)
        if weights is not None:
            np.multiply(gradient, weights, out=gradient)
        return np.multiply(gradient, self.scale, out=gradient)

    def _finish(self, weights: FloatArray | None) -> FloatArray:
        """The gradient of the rows, in the buffer of predictions, as that of their mean."""
        gradient = self.prediction
        if weights is not None:
            np.multiply(gradient, weights, out=gradient)
        return np.multiply(gradient, self.scale, out=gradient)

    @classmethod
    def predict(cls, outputs: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """What outputs of shape (..., C) predict; here the outputs themselves."""
        if out is None:
            return outputs
        out[...] = outputs
        return out

    # ---- targets ----

    @classmethod
    def count_outputs(cls, n_targets: int, n_quantiles: int = 0) -> int:
        """How many outputs a network needs for so many classes, labels or numbers per row."""
        return n_targets

    def new_targets(self, truth: NDArray[Any]) -> FloatArray:
        """An array for `encode` to fill; here the truth itself, which is its own target."""
        return truth

    def encode(self, truth: NDArray[Any], targets: FloatArray) -> None:  # noqa: B027
        """Make targets of the truth, which is (K, m) labels or (K, m, T) numbers."""

    # ---- figures ----

    def new_trace(self) -> Trace:
        """Arrays of shape (K, m, ·) for `forward`, whole or in parts `[:, part]`, to write into."""
        return (self._empty(),)

    def observe(self, outputs: FloatArray) -> Trace:
        """The trace of outputs without a pass forward."""
        return (np.ascontiguousarray(outputs.mT).mT,)

    def rows(
        self, trace: Trace, truth: NDArray[Any], variance: FloatArray | None
    ) -> tuple[FloatArray, NDArray[Any]]:
        """Loss and score of every row, both (K, m).

        The score of a row is its share of R²: the weighted mean over rows is R². `variance` is
        that of `variance_of`, (K, 1, T).
        """
        (outputs,) = trace
        assert variance is not None
        point = self.point(self.predict(outputs))
        return self.row_losses(outputs, truth), r2_of_rows(point, truth, variance)

    @abstractmethod
    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m), from outputs (K, m, C) and the truth."""

    def point(self, prediction: FloatArray) -> FloatArray:
        """The part of a prediction that is compared with the truth, (..., T)."""
        return prediction

    @classmethod
    def variance_of(cls, y: NDArray[Any], weights: FloatArray | None) -> NDArray[np.float64] | None:
        """What the score of rows has to be told of all rows; None for nothing.

        Here the weighted variance of each column of `y`, (1, T).
        """
        y = np.asarray(y, np.float64)
        weights = None if weights is None else np.asarray(weights, np.float64)
        mean = np.average(y, axis=0, weights=weights)
        return np.average(np.square(y - mean), axis=0, weights=weights)[None]


def over_outputs(values: FloatArray) -> FloatArray:
    """Sum over the outputs of (K, m, C), in an order that does not depend on K."""
    if values.shape[2] == 1:
        return values[:, :, 0]
    return np.asarray(np.add.reduce(np.ascontiguousarray(values), axis=2))


def r2_of_rows(
    prediction: FloatArray, truth: FloatArray, variance: FloatArray
) -> NDArray[np.float64]:
    """Shares of rows in R²: 1 - (y - p)² / var(y), in the mean over the columns of y.

    Their weighted mean is R² as `sklearn.metrics.r2_score` has it. Of a column that is constant,
    the share is 1 where the prediction is exact, else 0.

    Parameters
    ----------
    prediction, truth : ndarray of shape (K, m, T)
    variance : ndarray of shape (K, 1, T)

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import r2_of_rows
    >>> truth = np.array([[[1.0], [2.0], [3.0]]])
    >>> shares = r2_of_rows(np.full((1, 3, 1), 2.0), truth, np.array([[[2 / 3]]]))
    >>> shares, abs(shares.mean().round(12))
    (array([[-0.5,  1. , -0.5]]), np.float64(0.0))
    """
    square = np.square(np.subtract(truth, prediction, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(variance > 0, 1 - square / variance, square == 0)
    return np.asarray(over_outputs(shares) / shares.shape[2], np.float64)
