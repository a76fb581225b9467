"""Penalties on the weights: how much they add to the objective, and to its gradient.

A penalty is a function of the weights alone, never of the biases, and stands apart from both the
loss and the optimizer. Strengths are (K, 1) arrays: every model of a stack has its own. What
penalties with a corner do in place of adding to the gradient is in `_proximal.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._parameters import FloatArray, Parameters
from ._plan import Plan, column


class Penalty(ABC):
    """A function of the flat weights (K, n_weights) that is added to the mean loss."""

    strength: FloatArray

    def __init__(self, strength: FloatArray) -> None:
        self.strength = strength

    def _scaled(self, sums: FloatArray) -> FloatArray:
        """Strength times sum; a penalty of strength 0 is 0 also where the sum overflows."""
        product = np.zeros_like(sums)
        return np.multiply(sums, self.strength, out=product, where=self.strength > 0)

    @abstractmethod
    def value(self, weights: FloatArray) -> FloatArray:
        """The penalty of every model, shape (K, 1)."""


class Differentiable(Penalty):
    """A penalty that enters an update through its gradient."""

    @abstractmethod
    def gradient(self, weights: FloatArray, out: FloatArray) -> FloatArray:
        """The penalty's (sub)gradient with respect to the weights, written to `out`."""


class L1(Differentiable):
    r"""Lasso, :math:`\lambda \sum |W|`, with the sub-gradient :math:`\lambda\,\mathrm{sign}(W)`.

    The sub-gradient is 0 at 0, as textbooks write it. It shrinks weights by a constant step and
    so makes them small, but steps over zero rather than onto it; the proximal step does that.
    """

    def value(self, weights: FloatArray) -> FloatArray:
        return self._scaled(np.add.reduce(np.abs(weights), axis=1, keepdims=True))

    def gradient(self, weights: FloatArray, out: FloatArray) -> FloatArray:
        np.sign(weights, out=out)
        return np.multiply(out, self.strength, out=out)


class L2(Differentiable):
    r"""Ridge, :math:`\frac12 \lambda \sum W^2`, with gradient :math:`\lambda W`."""

    def value(self, weights: FloatArray) -> FloatArray:
        return self._scaled(0.5 * np.add.reduce(weights * weights, axis=1, keepdims=True))

    def gradient(self, weights: FloatArray, out: FloatArray) -> FloatArray:
        return np.multiply(weights, self.strength, out=out)


class GroupL1(Penalty):
    r"""Group lasso of the features, :math:`\lambda \sum_j \|W_1[j, :]\|_2`.

    A group is a row of the first weight matrix, all that leaves one feature. The proximal step
    sets whole rows to zero, and a feature whose row is zero has no part in the output.

    Parameters
    ----------
    strength : ndarray of shape (K, 1)
    n_features, n_units : int
        Shape of the first weight matrix.
    """

    def __init__(self, strength: FloatArray, n_features: int, n_units: int) -> None:
        super().__init__(strength)
        self.shape = n_features, n_units

    def value(self, weights: FloatArray) -> FloatArray:
        n_features, n_units = self.shape
        first = weights[:, : n_features * n_units]
        squares = (first * first).reshape(len(weights), n_features, n_units)
        norms = np.sqrt(np.add.reduce(squares, axis=2))
        return self._scaled(np.add.reduce(norms, axis=1, keepdims=True))


def make_penalties(plans: Sequence[Plan]) -> list[Penalty]:
    """The penalties that stand in the objective of at least one of the models."""
    penalties: list[Penalty] = []
    if any(plan.l1 for plan in plans):
        penalties.append(L1(column(plans, "l1")))
    if any(plan.l2 for plan in plans) and plans[0].solver != "adamw":
        penalties.append(L2(column(plans, "l2")))
    if any(plan.group_l1 for plan in plans):
        penalties.append(GroupL1(column(plans, "group_l1"), *plans[0].layer_sizes[:2]))
    return penalties


def in_the_gradient(penalties: Sequence[Penalty], plan: Plan) -> list[Differentiable]:
    """Those that are added to the gradient; the others have a proximal step."""
    return [
        penalty
        for penalty in penalties
        if isinstance(penalty, Differentiable)
        and not (isinstance(penalty, L1) and plan.l1_method == "prox")
    ]


def add_gradients(
    penalties: Sequence[Differentiable],
    weights: FloatArray,
    gradient: FloatArray,
    scratch: FloatArray,
) -> None:
    """Add the penalties' gradients to the loss's, in place; all arrays are (K, n_weights)."""
    for penalty in penalties:
        np.add(gradient, penalty.gradient(weights, out=scratch), out=gradient)


def penalty_values(penalties: Sequence[Penalty], parameters: Parameters) -> NDArray[np.float64]:
    """What the penalties add to each model's objective, shape (K,)."""
    weights = parameters.values[:, : parameters.n_weights]
    total = np.zeros((parameters.n_models, 1))
    for penalty in penalties:
        total += penalty.value(weights)
    return np.asarray(total[:, 0])
