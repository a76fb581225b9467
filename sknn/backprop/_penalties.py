"""Penalties on the weights: how much they add to the objective, and to its gradient.

A penalty is a function of the weights alone, never of the biases, and stands apart from both the
loss and the optimizer. Strengths are (K, 1) arrays: every model of a stack has its own.
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

    def __init__(self, strength: FloatArray) -> None:
        self.strength = strength

    def _scaled(self, sums: FloatArray) -> FloatArray:
        """Strength times sum; a penalty of strength 0 is 0 also where the sum overflows."""
        product = np.zeros_like(sums)
        return np.multiply(sums, self.strength, out=product, where=self.strength > 0)

    @abstractmethod
    def value(self, weights: FloatArray) -> FloatArray:
        """The penalty of every model, shape (K, 1)."""

    @abstractmethod
    def gradient(self, weights: FloatArray, out: FloatArray) -> FloatArray:
        """The penalty's (sub)gradient with respect to the weights, written to `out`."""


class L1(Penalty):
    r"""Lasso, :math:`\lambda \sum |W|`, with the sub-gradient :math:`\lambda\,\mathrm{sign}(W)`.

    The sub-gradient is 0 at 0, as textbooks write it. It shrinks weights by a constant step and
    so makes them small, but steps over zero rather than onto it.
    """

    def value(self, weights: FloatArray) -> FloatArray:
        return self._scaled(np.add.reduce(np.abs(weights), axis=1, keepdims=True))

    def gradient(self, weights: FloatArray, out: FloatArray) -> FloatArray:
        np.sign(weights, out=out)
        return np.multiply(out, self.strength, out=out)


class L2(Penalty):
    r"""Ridge, :math:`\frac12 \lambda \sum W^2`, with gradient :math:`\lambda W`."""

    def value(self, weights: FloatArray) -> FloatArray:
        return self._scaled(0.5 * np.add.reduce(weights * weights, axis=1, keepdims=True))

    def gradient(self, weights: FloatArray, out: FloatArray) -> FloatArray:
        return np.multiply(weights, self.strength, out=out)


def make_penalties(plans: Sequence[Plan]) -> list[Penalty]:
    """The penalties that stand in the objective of at least one of the models."""
    penalties: list[Penalty] = []
    if any(plan.l1 for plan in plans):
        penalties.append(L1(column(plans, "l1")))
    if any(plan.l2 for plan in plans) and plans[0].solver != "adamw":
        penalties.append(L2(column(plans, "l2")))
    return penalties


def add_gradients(
    penalties: Sequence[Penalty], weights: FloatArray, gradient: FloatArray, scratch: FloatArray
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
