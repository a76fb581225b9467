"""Update rules: in place on the flat array, for K models and all layers at once.

All are written as PyTorch writes them, so that trajectories can be compared number by number.
What depends on the step alone (learning rates, bias corrections) is computed for a whole epoch
before it starts; a step then is a handful of passes over the parameters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ._parameters import FloatArray, IntArray, Parameters
from ._plan import Plan, column

# Numbers that one pass handles before the next pass comes: all arrays of a step's passes over
# such a piece stay in the cache together.
PIECE = 65536


class Optimizer(ABC):
    """A rule that moves parameters against a gradient.

    Parameters
    ----------
    plans : sequence of Plan of length K
        Where the settings come from.
    parameters, gradients : Parameters of K models
        Updated and read in place.
    slots : dict of str to ndarray of shape (K, P)
        What the rule remembers between steps; see `slot_names`.
    """

    slot_names: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        plans: Sequence[Plan],
        parameters: Parameters,
        gradients: Parameters,
        slots: Mapping[str, FloatArray],
    ) -> None:
        self.parameters, self.slots = parameters, slots
        self.dtype = parameters.values.dtype
        self.learning_rate: FloatArray = np.empty((0, 0, 1), self.dtype)
        arrays = [parameters.values, gradients.values, *(slots[n] for n in self.slot_names)]
        self.pieces = list(_pieces(arrays))
        self._configure(plans)

    @abstractmethod
    def _configure(self, plans: Sequence[Plan]) -> None:
        """Read this rule's settings out of the plans."""

    @classmethod
    def zero_slots(cls, values: FloatArray) -> dict[str, FloatArray]:
        """The memory of a rule that has not stepped yet."""
        return {name: np.zeros_like(values) for name in cls.slot_names}

    def begin_epoch(self, learning_rates: NDArray[np.float64], n_updates: IntArray) -> None:
        """Prepare the coefficients of an epoch.

        Parameters
        ----------
        learning_rates : ndarray of shape (n_steps, K)
        n_updates : ndarray of shape (K,)
            Updates that each model has had before.
        """
        self.learning_rate = learning_rates[:, :, None].astype(self.dtype)

    def step(self, i: int) -> None:
        """Make update i of the epoch, i from 0."""
        for piece in self.pieces:
            self._update(i, *piece)

    def end_epoch(self) -> None:  # noqa: B027  # most rules have nothing to tidy up
        """Called after the last update of an epoch."""

    @abstractmethod
    def _update(self, i: int, *piece: FloatArray) -> None:
        """Update a piece: parameters, gradient, one array per slot, scratch."""


class SGD(Optimizer):
    r"""Gradient descent with momentum.

    .. math:: u \leftarrow \mu u + g, \qquad w \leftarrow w - \eta u

    With Nesterov's momentum the step is :math:`\eta (g + \mu u)` (Sutskever et al., 2013).
    """

    slot_names = ("velocity",)

    def _configure(self, plans: Sequence[Plan]) -> None:
        self.momentum = column(plans, "momentum")
        self.nesterov = plans[0].nesterovs_momentum
        self.is_plain = not self.momentum.any()
        self.velocity = self.slots["velocity"]
        self.end_epoch()

    def end_epoch(self) -> None:
        # Models without momentum remember nothing, whatever their neighbours do.
        if (self.momentum == 0).any():
            self.velocity[self.momentum[:, 0] == 0] = 0.0

    def _update(self, i: int, *piece: FloatArray) -> None:
        values, gradient, velocity, scratch = piece
        if self.is_plain:
            np.multiply(gradient, self.learning_rate[i], out=scratch)
            np.subtract(values, scratch, out=values)
            return
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        if self.nesterov:
            np.multiply(velocity, self.momentum, out=scratch)
            np.add(scratch, gradient, out=scratch)
            np.multiply(scratch, self.learning_rate[i], out=scratch)
        else:
            np.multiply(velocity, self.learning_rate[i], out=scratch)
        np.subtract(values, scratch, out=values)


class Adam(Optimizer):
    r"""Steps scaled by running moments of the gradient (Kingma and Ba, 2015, Algorithm 1).

    .. math:: m \leftarrow \beta_1 m + (1-\beta_1) g, \quad
              v \leftarrow \beta_2 v + (1-\beta_2) g^2, \quad
              w \leftarrow w - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon},

    with :math:`\hat m = m / (1-\beta_1^t)` and :math:`\hat v = v / (1-\beta_2^t)`. Both sides of
    the fraction are multiplied by :math:`\sqrt{1-\beta_2^t}` here, so that the corrections are
    numbers of the step and not passes over the parameters.
    """

    slot_names = ("first_moment", "second_moment")

    def _configure(self, plans: Sequence[Plan]) -> None:
        self.beta_1, self.beta_2 = column(plans, "beta_1"), column(plans, "beta_2")
        self.rest_1, self.rest_2 = (
            np.array([[1 - getattr(plan, name)] for plan in plans], self.dtype)
            for name in ("beta_1", "beta_2")
        )
        self._exact = [np.array([getattr(p, n) for p in plans]) for n in ("beta_1", "beta_2")]
        self._epsilon = np.array([plan.epsilon for plan in plans])
        self.step_size = self.epsilon = self.learning_rate

    def begin_epoch(self, learning_rates: NDArray[np.float64], n_updates: IntArray) -> None:
        super().begin_epoch(learning_rates, n_updates)
        t = 1 + n_updates + np.arange(len(learning_rates))[:, None]
        beta_1, beta_2 = self._exact
        root = np.sqrt(1 - np.power(beta_2, t))
        step_size = learning_rates * root / (1 - np.power(beta_1, t))
        self.step_size = step_size[:, :, None].astype(self.dtype)
        self.epsilon = (self._epsilon * root)[:, :, None].astype(self.dtype)

    def _update(self, i: int, *piece: FloatArray) -> None:
        values, gradient, first, second, scratch = piece
        np.multiply(first, self.beta_1, out=first)
        np.multiply(gradient, self.rest_1, out=scratch)
        np.add(first, scratch, out=first)
        np.multiply(second, self.beta_2, out=second)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, self.rest_2, out=scratch)
        np.add(second, scratch, out=second)
        np.sqrt(second, out=scratch)
        np.add(scratch, self.epsilon[i], out=scratch)
        np.divide(first, scratch, out=scratch)
        np.multiply(scratch, self.step_size[i], out=scratch)
        np.subtract(values, scratch, out=values)


class AdamW(Adam):
    r"""Adam with decoupled decay: :math:`w \leftarrow (1 - \eta\lambda) w` before every step.

    Weights only; the decay stands outside the gradient and the reported loss (Loshchilov and
    Hutter, 2019).
    """

    def _configure(self, plans: Sequence[Plan]) -> None:
        super()._configure(plans)
        self.weights = self.parameters.values[:, : self.parameters.n_weights]
        self.decay = np.array([plan.l2 for plan in plans])
        self.shrink = self.learning_rate

    def begin_epoch(self, learning_rates: NDArray[np.float64], n_updates: IntArray) -> None:
        super().begin_epoch(learning_rates, n_updates)
        self.shrink = (1 - learning_rates * self.decay)[:, :, None].astype(self.dtype)

    def step(self, i: int) -> None:
        np.multiply(self.weights, self.shrink[i], out=self.weights)
        super().step(i)


class RMSprop(Optimizer):
    r"""Steps scaled by the running size of the gradient (Tieleman and Hinton, 2012).

    .. math:: v \leftarrow \alpha v + (1-\alpha) g^2, \qquad
              w \leftarrow w - \eta \frac{g}{\sqrt v + \epsilon}, \qquad \alpha = 0.99.
    """

    slot_names = ("second_moment",)
    smoothing = 0.99

    def _configure(self, plans: Sequence[Plan]) -> None:
        self.epsilon = column(plans, "epsilon")

    def _update(self, i: int, *piece: FloatArray) -> None:
        values, gradient, second, scratch = piece
        np.multiply(second, self.smoothing, out=second)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, 1 - self.smoothing, out=scratch)
        np.add(second, scratch, out=second)
        np.sqrt(second, out=scratch)
        np.add(scratch, self.epsilon, out=scratch)
        np.divide(gradient, scratch, out=scratch)
        np.multiply(scratch, self.learning_rate[i], out=scratch)
        np.subtract(values, scratch, out=values)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
}


def _pieces(arrays: Sequence[FloatArray]) -> Iterator[tuple[FloatArray, ...]]:
    """Cut arrays of shape (K, P) into column ranges, and lend all of them one scratch array."""
    n_models, n_params = arrays[0].shape
    width = max(1, min(n_params, PIECE // n_models))
    scratch = np.empty((n_models, width), arrays[0].dtype)
    for start in range(0, n_params, width):
        stop = min(start + width, n_params)
        views = [array[:, start:stop] for array in arrays]
        yield (*views, scratch[:, : stop - start])
