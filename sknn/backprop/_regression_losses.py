"""The losses of regressors, and all losses by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sknn.training import (
    FloatArray,
    Plan,
)

from ._cross_entropy import SigmoidCrossEntropy, SoftmaxCrossEntropy
from ._losses import Loss, Trace, over_outputs

# The least standard deviation that a `GaussianNLL` predicts: without one, the loss of targets that
# are met exactly has no lower bound.
SMALLEST_SD = 1e-3


class SquaredError(Loss):
    r"""Half the squared error: ½ Σ (z - y)², which the mean of y given x makes least.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import SquaredError
    >>> from sknn.training import NetworkSpec, Plan
    >>> loss = SquaredError([Plan(NetworkSpec((1, 1)))], n_rows=1)
    >>> loss.row_losses(np.array([[[5.0]]]), np.array([[[2.0]]]))
    array([[4.5]])
    >>> _ = loss.forward(np.array([[[5.0]]]))
    >>> loss.backward(np.array([[[2.0]]]), weights=None)
    array([[[3.]]])
    """

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m)."""
        return over_outputs(0.5 * np.square(outputs - truth))


class AbsoluteError(Loss):
    """The absolute error: ``Σ |z - y|``, which the median of y given x makes least.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import AbsoluteError
    >>> from sknn.training import NetworkSpec, Plan
    >>> loss = AbsoluteError([Plan(NetworkSpec((1, 1)))], n_rows=1)
    >>> loss.row_losses(np.array([[[5.0]]]), np.array([[[2.0]]]))
    array([[3.]])
    >>> _ = loss.forward(np.array([[[5.0]]]))
    >>> loss.backward(np.array([[[2.0]]]), weights=None)
    array([[[1.]]])
    """

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m)."""
        return over_outputs(np.abs(outputs - truth))

    def backward(self, targets: FloatArray, weights: FloatArray | None) -> FloatArray:
        """Gradient sign(z - y) w / B."""
        np.subtract(self.prediction, targets, out=self.prediction)
        np.sign(self.prediction, out=self.prediction)
        return self._finish(weights)


class Huber(Loss):
    """Huber's loss: squared where ``|z - y|`` is at most 1, else ``|z - y| - ½``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Huber
    >>> from sknn.training import NetworkSpec, Plan
    >>> loss = Huber([Plan(NetworkSpec((1, 1)))], n_rows=2)
    >>> loss.row_losses(np.array([[[5.0], [2.5]]]), np.array([[[2.0], [2.0]]]))
    array([[2.5  , 0.125]])
    >>> _ = loss.forward(np.array([[[5.0], [2.5]]]))
    >>> loss.backward(np.array([[[2.0], [2.0]]]), weights=None)[0, :, 0]
    array([0.5 , 0.25])
    """

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m)."""
        error = np.abs(outputs - truth)
        return over_outputs(np.where(error <= 1, 0.5 * np.square(error), error - 0.5))

    def backward(self, targets: FloatArray, weights: FloatArray | None) -> FloatArray:
        """Gradient of z - y, cut off at -1 and 1, times w / B."""
        np.subtract(self.prediction, targets, out=self.prediction)
        np.clip(self.prediction, -1, 1, out=self.prediction)
        return self._finish(weights)


class Poisson(Loss):
    r"""Half the deviance of Poisson's distribution, whose mean is exp(z): for counts and rates.

    .. math:: \ell = \sum e^{z} - y z, \qquad \frac{\partial \ell}{\partial z} = e^{z} - y.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Poisson
    >>> from sknn.training import NetworkSpec, Plan
    >>> loss = Poisson([Plan(NetworkSpec((1, 1)))], n_rows=1)
    >>> loss.forward(np.log([[[3.0]]])).round(3)
    array([[[3.]]])
    >>> loss.backward(np.array([[[1.0]]]), weights=None).round(3)
    array([[[2.]]])
    """

    out_activation = "exp"
    least = 0.0

    @classmethod
    def predict(cls, outputs: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """The mean, exp(z)."""
        return np.exp(outputs, out=out)

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m)."""
        return over_outputs(np.exp(outputs) - truth * outputs)


class Gamma(Loss):
    r"""Half the deviance of the gamma distribution, whose mean is exp(z): for amounts above 0.

    .. math:: \ell = \sum y e^{-z} + z, \qquad \frac{\partial \ell}{\partial z} = 1 - y e^{-z}.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Gamma
    >>> from sknn.training import NetworkSpec, Plan
    >>> loss = Gamma([Plan(NetworkSpec((1, 1)))], n_rows=1)
    >>> loss.forward(np.log([[[4.0]]])).round(3)
    array([[[4.]]])
    >>> loss.backward(np.array([[[1.0]]]), weights=None).round(3)
    array([[[0.75]]])
    """

    out_activation = "exp"
    least = 0.0
    takes_least = False

    @classmethod
    def predict(cls, outputs: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """The mean, exp(z)."""
        return np.exp(outputs, out=out)

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m)."""
        return over_outputs(truth * np.exp(-outputs) + outputs)

    def backward(self, targets: FloatArray, weights: FloatArray | None) -> FloatArray:
        """Gradient (1 - y / p) w / B."""
        np.divide(targets, self.prediction, out=self.prediction)
        np.subtract(1, self.prediction, out=self.prediction)
        return self._finish(weights)


class Quantile(Loss):
    r"""The pinball loss of several quantiles at once, in the mean over their levels τ.

    The first output is the lowest quantile; each further one says, through a softplus, how far
    the next quantile is above the last. So quantiles never cross.

    .. math:: q_1 = z_1, \quad q_j = q_{j-1} + \log(1 + e^{z_j}), \qquad
              \ell = \frac1Q \sum_j \max\big(\tau_j (y - q_j), (\tau_j - 1)(y - q_j)\big).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Quantile
    >>> from sknn.training import NetworkSpec, Plan
    >>> loss = Quantile(
    ...     [Plan(NetworkSpec((1, 2)), loss="quantile", quantiles=(0.1, 0.9))], n_rows=1
    ... )
    >>> loss.forward(np.array([[[1.0, np.log(np.e - 1)]]])).round(3)
    array([[[1., 2.]]])
    >>> loss.row_losses(np.array([[[1.0, np.log(np.e - 1)]]]), np.array([[[4.0]]])).round(3)
    array([[1.05]])
    """

    def __init__(self, plans: Sequence[Plan], n_rows: int) -> None:
        super().__init__(plans, n_rows)
        self.levels = np.array(self.plan.quantiles, self.dtype)
        self.middle = self.nearest_to_median(self.plan.quantiles)
        self._slopes = self.dtype.type(0)

    @staticmethod
    def nearest_to_median(levels: ArrayLike) -> int:
        """Which of the levels is nearest to one half: the lower of two that are equally near."""
        distances = np.abs(np.asarray(levels, dtype=np.float64) - 0.5)
        # 0.05 and 0.95 are equally near, though their rounded distances differ in the last bit.
        return int((distances <= distances.min() + 1e-12).argmax())

    @classmethod
    def count_outputs(cls, n_targets: int, n_quantiles: int = 0) -> int:
        """An output for each quantile."""
        return n_quantiles

    def forward(self, outputs: FloatArray, trace: Trace | None = None) -> FloatArray:
        """The quantiles, (K, B, Q), remembered for `backward`."""
        self._slopes = expit(outputs[:, :, 1:])
        return super().forward(outputs, trace)

    @classmethod
    def predict(cls, outputs: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """The quantiles, rising."""
        out = np.empty_like(outputs) if out is None else out
        out[...] = outputs
        for j in range(1, outputs.shape[-1]):
            step = np.logaddexp(0, outputs[..., j])
            np.add(out[..., j - 1], step, out=out[..., j])
        return out

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m)."""
        above = truth - self.predict(outputs)
        pinball = np.maximum(self.levels * above, (self.levels - 1) * above)
        return over_outputs(pinball / self.dtype.type(len(self.levels)))

    def backward(self, targets: FloatArray, weights: FloatArray | None) -> FloatArray:
        """Gradient with respect to the outputs, through the steps from quantile to quantile."""
        gradient = self.prediction
        error = gradient - targets
        # ∂ℓ/∂q: 1 - τ below y … above it -τ; in between, at 0, the mean of both.
        np.sign(error, out=gradient)
        np.add(gradient, 1 - 2 * self.levels, out=gradient)
        np.multiply(gradient, 0.5 / len(self.levels), out=gradient)
        for j in range(gradient.shape[2] - 2, -1, -1):  # a step moves all quantiles above it
            np.add(gradient[:, :, j], gradient[:, :, j + 1], out=gradient[:, :, j])
        np.multiply(gradient[:, :, 1:], self._slopes, out=gradient[:, :, 1:])
        return self._finish(weights)

    def point(self, prediction: FloatArray) -> FloatArray:
        """The quantile nearest to the median."""
        return prediction[..., self.middle : self.middle + 1]


class GaussianNLL(Loss):
    r"""Negative log likelihood of a normal distribution: learns the mean and its uncertainty.

    The first half of the outputs are the means μ, the second the logarithms of the standard
    deviations s. Without its constant,

    .. math:: \ell = \sum \log \sigma + \tfrac12 \Big(\frac{y - \mu}{\sigma}\Big)^2, \qquad
              \sigma = \max(e^s, 10^{-3}).

    References
    ----------
    D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability
    distribution", IEEE International Conference on Neural Networks, 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import GaussianNLL
    >>> from sknn.training import NetworkSpec, Plan
    >>> loss = GaussianNLL([Plan(NetworkSpec((1, 2)))], n_rows=1)
    >>> loss.forward(np.array([[[5.0, np.log(2)]]])).round(3)
    array([[[5., 2.]]])
    >>> loss.backward(np.array([[[3.0]]]), weights=None).round(3)
    array([[[0.5, 0. ]]])
    """

    @classmethod
    def count_outputs(cls, n_targets: int, n_quantiles: int = 0) -> int:
        """Two outputs for each number."""
        return 2 * n_targets

    @classmethod
    def predict(cls, outputs: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """Means, then standard deviations."""
        half = outputs.shape[-1] // 2
        out = np.empty_like(outputs) if out is None else out
        out[..., :half] = outputs[..., :half]
        sd = np.exp(outputs[..., half:], out=out[..., half:])
        np.maximum(sd, SMALLEST_SD, out=sd)
        return out

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m)."""
        half = outputs.shape[2] // 2
        log_sd = np.maximum(outputs[:, :, half:], self.dtype.type(np.log(SMALLEST_SD)))
        error = (truth - outputs[:, :, :half]) * np.exp(-log_sd)
        return over_outputs(log_sd + 0.5 * np.square(error))

    def backward(self, targets: FloatArray, weights: FloatArray | None) -> FloatArray:
        """Gradient with respect to means and logarithms of standard deviations."""
        half = self.n_outputs // 2
        mean, sd = self.prediction[:, :, :half], self.prediction[:, :, half:]
        error = (mean - targets) / sd
        np.divide(error, sd, out=mean)
        is_free = sd > self.dtype.type(SMALLEST_SD)
        np.subtract(1, np.square(error), out=sd)
        np.multiply(sd, is_free, out=sd)
        return self._finish(weights)

    def point(self, prediction: FloatArray) -> FloatArray:
        """The means."""
        return prediction[..., : self.n_outputs // 2]


#: Losses by name. One of your own, put in here, can be named in a plan.
LOSSES: dict[str, type[Loss]] = {
    "softmax_cross_entropy": SoftmaxCrossEntropy,
    "sigmoid_cross_entropy": SigmoidCrossEntropy,
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
    "gamma": Gamma,
    "quantile": Quantile,
    "gaussian": GaussianNLL,
}
