"""Update rules: in place on the flat array, for K models and all layers at once.

All are written as PyTorch writes them, so that trajectories can be compared number by number.
What depends on the step alone (learning rates, bias corrections) is computed for a whole epoch
before it starts; a step then is a handful of passes over the parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sknn.training import FloatArray, IntArray, Plan, column

from ._optimizer_base import Optimizer


class SGD(Optimizer):
    r"""Gradient descent with momentum.

    .. math:: u \leftarrow \mu u + g, \qquad w \leftarrow w - \eta u

    With Nesterov's momentum the step is :math:`\eta (g + \mu u)` (Sutskever et al., 2013).
    Parameters are those of :class:`Optimizer`.

    Examples
    --------
    `plan` is that of `Plan`'s example. Two steps with the gradients 1 and -1. With a momentum of ½
    the second is one and a half times as long:

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from sknn.backprop import SGD
    >>> from sknn.training import NetworkSpec, Parameters
    >>> parameters = Parameters(np.array([[0.0, 0.0]]), NetworkSpec((1, 1)).layout)
    >>> gradients = Parameters(np.array([[1.0, -1.0]]), NetworkSpec((1, 1)).layout)
    >>> slots = SGD.zero_slots(parameters.values)
    >>> sgd = SGD(
    ...     [replace(plan, momentum=0.5, nesterovs_momentum=False)], parameters, gradients, slots
    ... )
    >>> sgd.begin_epoch(learning_rates=np.array([[0.1], [0.1]]), n_updates=np.array([0]))
    >>> for i in range(2):
    ...     sgd.step(i)
    ...     print(parameters.values.round(3), slots["velocity"])
    [[-0.1  0.1]] [[ 1. -1.]]
    [[-0.25  0.25]] [[ 1.5 -1.5]]
    """

    slot_names = ("velocity",)
    has_metric = False

    def _configure(self, plans: Sequence[Plan]) -> None:
        self.momentum = column(plans, "momentum")
        self.nesterov = plans[0].nesterovs_momentum
        self.is_plain = not self.momentum.any()
        self.velocity = self.slots["velocity"]
        self._exact_momentum = np.array([plan.momentum for plan in plans])
        self.end_epoch()

    def _reach(
        self, learning_rates: NDArray[np.float64], n_updates: IntArray
    ) -> NDArray[np.float64]:
        # The velocity of a constant gradient g is g / (1 - μ).
        return np.asarray(learning_rates / (1 - self._exact_momentum))

    def end_epoch(self) -> None:
        # Models without momentum remember nothing, whatever their neighbours do.
        if (self.momentum == 0).any():
            self.velocity[self.momentum[:, 0] == 0] = 0.0

    def _update(self, i: int, part: int, *piece: FloatArray) -> None:
        values, gradient, velocity, scratch, _ = piece
        if self.is_plain:
            np.multiply(gradient, self.learning_rate[part][i], out=scratch)
            np.subtract(values, scratch, out=values)
            return
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        if self.nesterov:
            np.multiply(velocity, self.momentum, out=scratch)
            np.add(scratch, gradient, out=scratch)
            np.multiply(scratch, self.learning_rate[part][i], out=scratch)
        else:
            np.multiply(velocity, self.learning_rate[part][i], out=scratch)
        np.subtract(values, scratch, out=values)


class Adam(Optimizer):
    r"""Steps scaled by running moments of the gradient (Kingma and Ba, 2015, Algorithm 1).

    .. math:: m \leftarrow \beta_1 m + (1-\beta_1) g, \quad
              v \leftarrow \beta_2 v + (1-\beta_2) g^2, \quad
              w \leftarrow w - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon},

    with :math:`\hat m = m / (1-\beta_1^t)` and :math:`\hat v = v / (1-\beta_2^t)`. Both sides of
    the fraction are multiplied by :math:`\sqrt{1-\beta_2^t}` here, so that the corrections are
    numbers of the step and not passes over the parameters. Parameters are those of
    :class:`Optimizer`.

    Examples
    --------
    `plan` is that of `Plan`'s example. The first step is the learning rate times the sign of
    the gradient, whatever its size:

    >>> import numpy as np
    >>> from sknn.backprop import Adam
    >>> from sknn.training import NetworkSpec, Parameters
    >>> parameters = Parameters(np.array([[1.0, 2.0]]), NetworkSpec((1, 1)).layout)
    >>> gradients = Parameters(np.array([[50.0, -0.01]]), NetworkSpec((1, 1)).layout)
    >>> adam = Adam([plan], parameters, gradients, Adam.zero_slots(parameters.values))
    >>> adam.begin_epoch(learning_rates=np.array([[0.1]]), n_updates=np.array([0]))
    >>> adam.step(0)
    >>> parameters.values.round(3)
    array([[0.9, 2.1]])
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
        self.step_size: list[FloatArray] = []
        self.epsilon: FloatArray

    def begin_epoch(self, learning_rates: NDArray[np.float64], n_updates: IntArray) -> None:
        super().begin_epoch(learning_rates, n_updates)
        t, root = self._count_and_root(len(learning_rates), n_updates)
        step_size = learning_rates * root / (1 - np.power(self._exact[0], t))
        self.step_size = self._by_part(step_size)
        self.epsilon = (self._epsilon * root)[:, :, None].astype(self.dtype)

    def _reach(
        self, learning_rates: NDArray[np.float64], n_updates: IntArray
    ) -> NDArray[np.float64]:
        # Without the correction of the first moment: that is about the gradient, not the metric.
        return np.asarray(learning_rates * self._count_and_root(len(learning_rates), n_updates)[1])

    def _count_and_root(
        self, n_steps: int, n_updates: IntArray
    ) -> tuple[IntArray, NDArray[np.float64]]:
        t = 1 + n_updates + np.arange(n_steps)[:, None]
        return t, np.sqrt(1 - np.power(self._exact[1], t))

    def _update(self, i: int, part: int, *piece: FloatArray) -> None:
        values, gradient, first, second, scratch, metric = piece
        np.multiply(first, self.beta_1, out=first)
        np.multiply(gradient, self.rest_1, out=scratch)
        np.add(first, scratch, out=first)
        np.multiply(second, self.beta_2, out=second)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, self.rest_2, out=scratch)
        np.add(second, scratch, out=second)
        np.sqrt(second, out=metric)
        np.add(metric, self.epsilon[i], out=metric)
        np.divide(first, metric, out=scratch)
        np.multiply(scratch, self.step_size[part][i], out=scratch)
        np.subtract(values, scratch, out=values)


class AdamW(Adam):
    r"""Adam with decoupled decay: :math:`w \leftarrow (1 - \eta\lambda) w` before every step.

    Weights only; the decay stands outside the gradient and the reported loss (Loshchilov and
    Hutter, 2019). Parameters are those of :class:`Optimizer`.

    Examples
    --------
    `plan` is that of `Plan`'s example. Where there is no gradient, weights decay and biases
    stay:

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from sknn.backprop import AdamW
    >>> from sknn.training import NetworkSpec, Parameters
    >>> parameters = Parameters(np.array([[1.0, 1.0]]), NetworkSpec((1, 1)).layout)
    >>> gradients = Parameters.zeros(1, NetworkSpec((1, 1)).layout, float)
    >>> slots = AdamW.zero_slots(parameters.values)
    >>> adamw = AdamW([replace(plan, l2=0.5)], parameters, gradients, slots)
    >>> adamw.begin_epoch(learning_rates=np.array([[0.1]]), n_updates=np.array([0]))
    >>> adamw.step(0)
    >>> parameters.weights[0].round(3), parameters.biases[0]
    (array([[[0.95]]]), array([[[1.]]]))
    """

    def _configure(self, plans: Sequence[Plan]) -> None:
        super()._configure(plans)
        self.weights = self.parameters.values[:, : self.parameters.n_weights]
        self.decay = np.array([plan.l2 for plan in plans])
        self.shrink: FloatArray

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

    Parameters are those of :class:`Optimizer`.

    Examples
    --------
    `plan` is that of `Plan`'s example. The running mean begins at 0. Its root then is a tenth of
    the first gradient, and the first step ten times the learning rate:

    >>> import numpy as np
    >>> from sknn.backprop import RMSprop
    >>> from sknn.training import NetworkSpec, Parameters
    >>> parameters = Parameters(np.array([[1.0, 2.0]]), NetworkSpec((1, 1)).layout)
    >>> gradients = Parameters(np.array([[50.0, -0.01]]), NetworkSpec((1, 1)).layout)
    >>> rmsprop = RMSprop([plan], parameters, gradients, RMSprop.zero_slots(parameters.values))
    >>> rmsprop.begin_epoch(learning_rates=np.array([[0.01]]), n_updates=np.array([0]))
    >>> rmsprop.step(0)
    >>> parameters.values.round(3)
    array([[0.9, 2.1]])
    """

    slot_names = ("second_moment",)
    smoothing = 0.99

    def _configure(self, plans: Sequence[Plan]) -> None:
        self.epsilon = column(plans, "epsilon")

    def _update(self, i: int, part: int, *piece: FloatArray) -> None:
        values, gradient, second, scratch, metric = piece
        np.multiply(second, self.smoothing, out=second)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, 1 - self.smoothing, out=scratch)
        np.add(second, scratch, out=second)
        np.sqrt(second, out=metric)
        np.add(metric, self.epsilon, out=metric)
        np.divide(gradient, metric, out=scratch)
        np.multiply(scratch, self.learning_rate[part][i], out=scratch)
        np.subtract(values, scratch, out=values)


#: Update rules by name. One of your own, put in here, can be named in a plan.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
}
