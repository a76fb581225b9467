r"""Proximal steps: how weights, and whole features, become exactly zero.

A penalty with a corner, such as |w|, has no gradient where it matters. So it is left out of the
gradient: the optimizer makes its step without it, and then every weight is put where

.. math:: \min_w \; \tfrac12 \sum_i d_i (w_i - u_i)^2 + \lambda\, \mathrm{penalty}(w)

has its minimum, u being where the optimizer has stepped to and d its own metric: the inverse of
the step that it makes per unit of gradient (ProxGen: Yun, Lozano and Yang, 2021). With plain
gradient descent all d are 1 / η. Another metric than the optimizer's would pull weights to zero
that the loss pulls away from it, or leave almost none at zero.

An optimizer hands over its metric as two numbers, d = ``metric / reach``: an array that its step
has computed anyway, and one number per model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sknn.training import (
    FloatArray,
    Parameters,
    Plan,
)

#: Steps of Newton's method for the norm of a group. As many for every model: a loop until all have
#: converged would let a model's neighbours change its bits.
NEWTON_STEPS = 8


def soft_threshold(weights: FloatArray, threshold: FloatArray, scratch: FloatArray) -> FloatArray:
    r"""By how much the L1 penalty moves weights: max(min(w, t), −t); subtract it.

    :math:`w - \max(\min(w, t), -t)` is w less t towards zero, and exactly zero where |w| ≤ t.
    `threshold` (K, 1) is equal for all weights of a model; the result is in `scratch`.
    """
    return np.clip(weights, -threshold, threshold, out=scratch)


def soft_threshold_by_weight(
    weights: FloatArray, threshold: FloatArray, scratch: FloatArray
) -> FloatArray:
    """The same with a threshold for every weight; `threshold` is used up."""
    np.minimum(weights, threshold, out=scratch)
    np.negative(threshold, out=threshold)
    return np.maximum(scratch, threshold, out=scratch)


class ProximalStep:
    """The step that the penalties of K models make after the optimizer's.

    First the soft threshold of `l1`, then that of the groups of `group_l1`: in a diagonal metric
    the two in this order are the proximal operator of their sum. A model without one of them is
    left alone, whatever its neighbours have.

    Parameters
    ----------
    plans : sequence of Plan of length K
    parameters : Parameters of K models
        Changed in place.
    scales : bool
        Whether the optimizer has a metric of its own; otherwise it is 1 everywhere.

    Examples
    --------
    `plan` is that of `Plan`'s example. Three weights and a bias after a step of
    gradient descent with a learning rate of 0.1:

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from sknn.backprop import ProximalStep
    >>> from sknn.training import NetworkSpec, Parameters
    >>> few = Parameters(np.array([[0.3, -0.05, 0.2, 7.0]]), NetworkSpec((3, 1)).layout)
    >>> proximal = ProximalStep([replace(plan, l1=1.0)], few, scales=False)
    >>> proximal.begin_epoch(reach=np.array([[0.1]]))
    >>> proximal.after_piece(0, 0, few.values, metric=None, scratch=np.empty((1, 4)))
    >>> few.values.round(3)
    array([[0.2, 0. , 0.1, 7. ]])
    """

    def __init__(self, plans: Sequence[Plan], parameters: Parameters, scales: bool) -> None:
        self.n_weights = parameters.n_weights
        self.dtype = parameters.values.dtype
        l1 = [plan.l1 if plan.l1_method == "prox" else 0.0 for plan in plans]
        self.l1, self.group_l1 = np.array(l1), np.array([plan.group_l1 for plan in plans])
        self.has_l1 = bool(self.l1.any())
        # Where all models have it, NumPy need not ask for each.
        self.where_l1 = True if self.l1.all() else self.l1[:, None] > 0
        self.groups = GroupThreshold(plans, parameters, scales) if self.group_l1.any() else None
        self.thresholds: FloatArray = np.empty((0, 0, 1), self.dtype)

    @classmethod
    def of(cls, plans: Sequence[Plan], parameters: Parameters, scales: bool) -> ProximalStep | None:
        """The step, None where no model needs one."""
        step = cls(plans, parameters, scales)
        return step if step.has_l1 or step.groups is not None else None

    def begin_epoch(self, reach: NDArray[np.float64]) -> None:
        """Prepare the thresholds of an epoch; `reach` is (n_steps, K)."""
        self.thresholds = (reach * self.l1)[:, :, None].astype(self.dtype)
        if self.groups is not None:
            self.groups.begin_epoch(reach * self.group_l1)

    def after_piece(
        self,
        i: int,
        start: int,
        values: FloatArray,
        metric: FloatArray | None,
        scratch: FloatArray,
    ) -> None:
        """Make the soft threshold of update i on the piece that begins at column `start`.

        Uses up `metric` and `scratch`.
        """
        n = self.n_weights - start  # biases, if any, come after
        if n <= 0:
            return
        values, scratch = values[:, :n], scratch[:, :n]
        if metric is not None and self.groups is not None:
            self.groups.keep_metric(start, metric[:, :n])
        if not self.has_l1:
            return
        if metric is None:
            shift = soft_threshold(values, self.thresholds[i], scratch)
        else:
            thresholds = np.divide(self.thresholds[i], metric[:, :n], out=metric[:, :n])
            shift = soft_threshold_by_weight(values, thresholds, scratch)
        np.subtract(values, shift, out=values, where=self.where_l1)

    def after_step(self, i: int) -> None:
        """Make the group threshold of update i."""
        if self.groups is not None:
            self.groups.apply(i)


class GroupThreshold:
    r"""The proximal step of the group lasso: a feature's weights shrink together, or are all zero.

    A group is what leaves one feature: a row of the first weight matrix. With u the row, d its
    metric and strength λ, the row is zero exactly when :math:`\|d u\| \le \lambda`. Otherwise it
    is :math:`w = u\, r / (r + t)`, with :math:`t = \lambda / d` and r its new norm, which solves

    .. math:: s(r) = \left\| \frac{u}{r + t} \right\| = 1 .

    Newton's method on :math:`1/s - 1`, almost a straight line in r, finds it from below, from
    :math:`(\|d u\| - \lambda) / \max d` on. With equal d it is
    :math:`w = (1 - t / \|u\|)\, u`.

    Examples
    --------
    `plan` is that of `Plan`'s example. Two features whose weights have the norms 5 and ½; each
    is to lose 1:

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from sknn.backprop import GroupThreshold
    >>> from sknn.training import NetworkSpec, Parameters
    >>> spec = NetworkSpec((2, 2))
    >>> parameters = Parameters(np.array([[3.0, 4.0, 0.3, 0.4, 0.0, 0.0]]), spec.layout)
    >>> plans = [replace(plan, spec=spec, group_l1=1.0)]
    >>> threshold = GroupThreshold(plans, parameters, scales=False)
    >>> threshold.begin_epoch(thresholds=np.array([[1.0]]))
    >>> threshold.apply(0)
    >>> parameters.weights[0][0].round(3)
    array([[2.4, 3.2],
           [0. , 0. ]])
    """

    def __init__(self, plans: Sequence[Plan], parameters: Parameters, scales: bool) -> None:
        self.rows = plans[0].spec.by_feature(parameters.weights[0])
        group_l1 = np.array([plan.group_l1 for plan in plans])
        self.where = True if group_l1.all() else group_l1[:, None, None] > 0
        self.scratch = np.empty_like(self.rows, order="C")
        self.thresholds: FloatArray = np.empty((0, 0, 1, 1), self.rows.dtype)
        self.scales = scales
        if scales:
            self.metric, self.row_thresholds, self.shares = (
                np.empty_like(self.scratch) for _ in range(3)
            )
            self.flat_metric = self.metric.reshape(len(plans), -1)

    def begin_epoch(self, thresholds: NDArray[np.float64]) -> None:
        """Prepare an epoch; thresholds are (n_steps, K)."""
        self.thresholds = thresholds[:, :, None, None].astype(self.rows.dtype)

    def keep_metric(self, start: int, metric: FloatArray) -> None:
        """Copy what is the first layer's of a piece of the metric that begins at `start`."""
        room = self.flat_metric[:, start : start + metric.shape[1]]
        np.copyto(room, metric[:, : room.shape[1]])

    def apply(self, i: int) -> None:
        """Make the threshold of update i."""
        rows, scratch, threshold = self.rows, self.scratch, self.thresholds[i]
        scaled = np.multiply(rows, self.metric, out=scratch) if self.scales else rows
        norm = _norms(scaled, scratch)
        is_zero = norm <= threshold  # not so for a NaN, which is to be found out
        if self.scales:
            shares = self._shares(norm, threshold)
        else:
            shares = 1 - threshold / norm
        np.multiply(rows, shares, out=rows, where=self.where)
        np.copyto(rows, 0, where=is_zero & self.where)

    def _shares(self, norm: FloatArray, threshold: FloatArray) -> FloatArray:
        """What is left of every weight, r / (r + t), for the rows that are not zero."""
        rows, t, quotient, inverse = self.rows, self.row_thresholds, self.scratch, self.shares
        np.divide(threshold, self.metric, out=t)
        r = (norm - threshold) / np.maximum.reduce(self.metric, axis=2, keepdims=True)
        for _ in range(NEWTON_STEPS):
            np.add(t, r, out=inverse)
            np.divide(rows, inverse, out=quotient)
            np.multiply(quotient, quotient, out=quotient)
            square = np.add.reduce(quotient, axis=2, keepdims=True)
            np.divide(quotient, inverse, out=quotient)
            slope = np.add.reduce(quotient, axis=2, keepdims=True)
            r += (np.sqrt(square) - 1) * square / slope
        np.add(t, r, out=t)
        return np.divide(r, t, out=t)


def _norms(rows: FloatArray, scratch: FloatArray) -> FloatArray:
    """Norms of the rows, shape (K, d, 1)."""
    np.multiply(rows, rows, out=scratch)
    return np.sqrt(np.add.reduce(scratch, axis=2, keepdims=True))
