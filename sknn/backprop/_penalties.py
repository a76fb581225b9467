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

from sknn.training import FloatArray, NetworkSpec, Parameters, Plan, column


class Penalty(ABC):
    """A function of the flat weights (K, n_weights) that is added to the mean loss.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Penalty
    >>> class Largest(Penalty):
    ...     def value(self, weights):
    ...         return self.strength * np.abs(weights).max(axis=1, keepdims=True)
    >>> Largest(strength=np.array([[0.1]])).value(np.array([[3.0, -4.0]]))
    array([[0.4]])
    """

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
    r"""A penalty that enters an update through its gradient.

    Examples
    --------
    A penalty of your own, :math:`\frac14 \lambda \sum W^4`:

    >>> import numpy as np
    >>> from sknn.backprop import Differentiable
    >>> class Quartic(Differentiable):
    ...     def value(self, weights):
    ...         return self.strength * (weights**4).sum(axis=1, keepdims=True) / 4
    ...
    ...     def gradient(self, weights, out):
    ...         return np.multiply(self.strength, weights**3, out=out)
    >>> quartic, weights = Quartic(np.array([[0.5]])), np.array([[2.0, -2.0]])
    >>> quartic.value(weights), quartic.gradient(weights, out=np.empty_like(weights))
    (array([[4.]]), array([[ 4., -4.]]))
    """

    @abstractmethod
    def gradient(self, weights: FloatArray, out: FloatArray) -> FloatArray:
        """The penalty's (sub)gradient with respect to the weights, written to `out`."""


class L1(Differentiable):
    r"""Lasso, :math:`\lambda \sum |W|`, with the sub-gradient :math:`\lambda\,\mathrm{sign}(W)`.

    The sub-gradient is 0 at 0, as textbooks write it. It shrinks weights by a constant step and
    so makes them small, but steps over zero rather than onto it; the proximal step does that.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import L1
    >>> l1, weights = L1(strength=np.array([[0.1]])), np.array([[3.0, 0.0, -4.0]])
    >>> l1.value(weights).round(3), l1.gradient(weights, out=np.empty_like(weights))
    (array([[0.7]]), array([[ 0.1,  0. , -0.1]]))
    """

    def value(self, weights: FloatArray) -> FloatArray:
        return self._scaled(np.add.reduce(np.abs(weights), axis=1, keepdims=True))

    def gradient(self, weights: FloatArray, out: FloatArray) -> FloatArray:
        np.sign(weights, out=out)
        return np.multiply(out, self.strength, out=out)


class L2(Differentiable):
    r"""Ridge, :math:`\frac12 \lambda \sum W^2`, with gradient :math:`\lambda W`.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import L2
    >>> l2, weights = L2(strength=np.array([[0.1]])), np.array([[3.0, 0.0, -4.0]])
    >>> l2.value(weights).round(3), l2.gradient(weights, out=np.empty_like(weights)).round(3)
    (array([[1.25]]), array([[ 0.3,  0. , -0.4]]))
    """

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

    Examples
    --------
    Two features with the weights (3, 4) and (0, 0), whose norms are 5 and 0:

    >>> import numpy as np
    >>> from sknn.backprop import GroupL1
    >>> penalty = GroupL1(strength=np.array([[0.1]]), n_features=2, n_units=2)
    >>> penalty.value(np.array([[3.0, 4.0, 0.0, 0.0]]))
    array([[0.5]])
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


def group_shape(spec: NetworkSpec) -> tuple[int, int]:
    """The first weight matrix by feature: how many there are, and the weights of each."""
    return spec.n_features, spec.n_units_per_feature * spec.layer_sizes[1]


def make_penalties(plans: Sequence[Plan]) -> list[Penalty]:
    """The penalties that stand in the objective of at least one of the models.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> from dataclasses import replace
    >>> from sknn.backprop import make_penalties
    >>> make_penalties([plan])
    []
    >>> (penalty,) = make_penalties([plan, replace(plan, l2=0.1)])
    >>> type(penalty).__name__, penalty.strength
    ('L2', array([[0. ],
           [0.1]]))
    """
    penalties: list[Penalty] = []
    if any(plan.l1 for plan in plans):
        penalties.append(L1(column(plans, "l1")))
    if any(plan.l2 for plan in plans) and plans[0].solver != "adamw":
        penalties.append(L2(column(plans, "l2")))
    if any(plan.group_l1 for plan in plans):
        penalties.append(GroupL1(column(plans, "group_l1"), *group_shape(plans[0].spec)))
    return penalties


def in_the_gradient(penalties: Sequence[Penalty], plan: Plan) -> list[Differentiable]:
    """Those that are added to the gradient; the others have a proximal step.

    Examples
    --------
    `plan` is that of `Plan`'s example, and has ``l1_method="prox"``.

    >>> from dataclasses import replace
    >>> from sknn.backprop import in_the_gradient, make_penalties
    >>> penalties = make_penalties([replace(plan, l1=0.1, l2=0.1, group_l1=0.1)])
    >>> [type(penalty).__name__ for penalty in penalties]
    ['L1', 'L2', 'GroupL1']
    >>> [type(penalty).__name__ for penalty in in_the_gradient(penalties, plan)]
    ['L2']
    """
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
    """Add the penalties' gradients to the loss's, in place; all arrays are (K, n_weights).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import L1, L2, add_gradients
    >>> strength, weights, gradient = np.array([[0.1]]), np.array([[3.0, -4.0]]), np.ones((1, 2))
    >>> add_gradients([L1(strength), L2(strength)], weights, gradient, scratch=np.empty((1, 2)))
    >>> gradient.round(3)
    array([[1.4, 0.5]])
    """
    for penalty in penalties:
        np.add(gradient, penalty.gradient(weights, out=scratch), out=gradient)


def penalty_values(penalties: Sequence[Penalty], parameters: Parameters) -> NDArray[np.float64]:
    """What the penalties add to each model's objective, shape (K,).

    Examples
    --------
    Weights 3 and 4, and two biases, which no penalty is for:

    >>> import numpy as np
    >>> from sknn.backprop import L2, penalty_values
    >>> from sknn.training import NetworkSpec, Parameters
    >>> parameters = Parameters(np.array([[3.0, 4.0, 100.0, 100.0]]), NetworkSpec((1, 2)).layout)
    >>> penalty_values([L2(strength=np.array([[1.0]]))], parameters)
    array([12.5])
    """
    weights = parameters.values[:, : parameters.n_weights]
    total = np.zeros((parameters.n_models, 1))
    for penalty in penalties:
        total += penalty.value(weights)
    return np.asarray(total[:, 0])
