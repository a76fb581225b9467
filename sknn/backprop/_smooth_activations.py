"""Smooth variants of ReLU, as PyTorch defines them, and all activations by name.

Those whose derivative does not follow from their value remember the input or a factor as well.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erf, expit

from sknn.training import FloatArray

from ._activations import Activation, Identity, LeakyReLU, Logistic, ReLU, Tanh

#: Of SELU: with weights of variance 1 / n_in, layers keep mean 0 and variance 1 (Klambauer, 2017).
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


class SiLU(Activation):
    """``z p`` with ``p = 1 / (1 + exp(-z))``, also called swish; derivative ``p + a (1 - p)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import SiLU
    >>> silu = SiLU(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> silu.forward(np.array([[[0.0, np.log(3)]]])).round(3)
    array([[[0.   , 0.824]]])
    >>> silu.backward(np.ones((1, 1, 2))).round(3)
    array([[[0.5  , 0.956]]])
    """

    def __init__(self, n_models: int, n_rows: int, width: int, dtype: np.dtype) -> None:
        super().__init__(n_models, n_rows, width, dtype)
        self.gate = np.empty(self.shape, dtype)

    def forward(self, X: FloatArray) -> FloatArray:
        expit(X, out=self.gate)
        self.output = np.multiply(X, self.gate, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.subtract(1.0, self.gate, out=self.slope)
        np.multiply(self.slope, self.output, out=self.slope)
        np.add(self.slope, self.gate, out=self.slope)
        return np.multiply(gradient, self.slope, out=gradient)


class GELU(Activation):
    """``z Φ(z)``, Φ the normal distribution function; derivative ``Φ(z) + z φ(z)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import GELU
    >>> gelu = GELU(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> gelu.forward(np.array([[[0.0, 1.0]]])).round(3)
    array([[[0.   , 0.841]]])
    >>> gelu.backward(np.ones((1, 1, 2))).round(3)
    array([[[0.5  , 1.083]]])
    """

    def __init__(self, n_models: int, n_rows: int, width: int, dtype: np.dtype) -> None:
        super().__init__(n_models, n_rows, width, dtype)
        self.input, self.gate = np.empty(self.shape, dtype), np.empty(self.shape, dtype)

    def forward(self, X: FloatArray) -> FloatArray:
        np.copyto(self.input, X)
        np.multiply(X, np.sqrt(0.5).item(), out=self.gate)
        erf(self.gate, out=self.gate)
        np.add(self.gate, 1.0, out=self.gate)
        np.multiply(self.gate, 0.5, out=self.gate)
        self.output = np.multiply(X, self.gate, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.multiply(self.input, self.input, out=self.slope)
        np.multiply(self.slope, -0.5, out=self.slope)
        np.exp(self.slope, out=self.slope)
        np.multiply(self.slope, np.sqrt(0.5 / np.pi).item(), out=self.slope)
        np.multiply(self.slope, self.input, out=self.slope)
        np.add(self.slope, self.gate, out=self.slope)
        return np.multiply(gradient, self.slope, out=gradient)


class Mish(Activation):
    """``z t`` with ``t = tanh(log(1 + exp(z)))``; derivative ``t + z p (1 - t²)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Mish
    >>> mish = Mish(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> mish.forward(np.array([[[0.0, 1.0]]])).round(3)
    array([[[0.   , 0.865]]])
    >>> mish.backward(np.ones((1, 1, 2))).round(3)
    array([[[0.6  , 1.049]]])
    """

    def __init__(self, n_models: int, n_rows: int, width: int, dtype: np.dtype) -> None:
        super().__init__(n_models, n_rows, width, dtype)
        self.input, self.gate = np.empty(self.shape, dtype), np.empty(self.shape, dtype)

    def forward(self, X: FloatArray) -> FloatArray:
        np.copyto(self.input, X)
        np.logaddexp(X, 0.0, out=self.gate)
        np.tanh(self.gate, out=self.gate)
        self.output = np.multiply(X, self.gate, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        gate, slope = self.gate, self.slope
        expit(self.input, out=slope)
        np.multiply(slope, self.input, out=slope)
        np.multiply(slope, gradient, out=slope)
        np.multiply(gradient, gate, out=gradient)
        np.multiply(gate, gate, out=gate)
        np.subtract(1.0, gate, out=gate)
        np.multiply(slope, gate, out=slope)
        return np.add(gradient, slope, out=gradient)


class ELU(Activation):
    """``z`` where it is positive, else ``exp(z) - 1``; derivative 1 or ``a + 1``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import ELU
    >>> elu = ELU(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> elu.forward(np.array([[[-np.log(2), 3.0]]])).round(3)
    array([[[-0.5,  3. ]]])
    >>> elu.backward(np.ones((1, 1, 2))).round(3)
    array([[[0.5, 1. ]]])
    """

    scale, alpha = 1.0, 1.0

    def forward(self, X: FloatArray) -> FloatArray:
        # Of what is positive, exp could overflow.
        np.minimum(X, 0.0, out=self.slope)
        np.expm1(self.slope, out=self.slope)
        np.multiply(self.slope, self.scale * self.alpha, out=self.slope)
        np.maximum(X, 0.0, out=X)
        np.multiply(X, self.scale, out=X)
        self.output = np.add(X, self.slope, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.minimum(self.output, 0.0, out=self.slope)
        np.add(self.slope, self.scale * self.alpha, out=self.slope)
        np.copyto(self.slope, self.scale, where=self.output > 0)
        return np.multiply(gradient, self.slope, out=gradient)


class SELU(ELU):
    """`ELU` scaled so that layers keep mean 0 and variance 1 (Klambauer et al., 2017).

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import SELU
    >>> selu = SELU(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> selu.forward(np.array([[[-np.log(2), 1.0]]])).round(3)
    array([[[-0.879,  1.051]]])
    """

    scale, alpha = SELU_SCALE, SELU_ALPHA


class Softplus(Activation):
    """``log(1 + exp(z))``; derivative ``1 - exp(-a)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Softplus
    >>> softplus = Softplus(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> softplus.forward(np.array([[[0.0, np.log(np.e - 1)]]])).round(3)
    array([[[0.693, 1.   ]]])
    >>> softplus.backward(np.ones((1, 1, 2))).round(3)
    array([[[0.5  , 0.632]]])
    """

    def forward(self, X: FloatArray) -> FloatArray:
        self.output = np.logaddexp(X, 0.0, out=X)
        return self.output

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.negative(self.output, out=self.slope)
        np.expm1(self.slope, out=self.slope)
        np.negative(self.slope, out=self.slope)
        return np.multiply(gradient, self.slope, out=gradient)


#: Activations by name. One of your own, put in here, can be named in a plan.
ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Logistic,
    "relu": ReLU,
    "tanh": Tanh,
    "silu": SiLU,
    "gelu": GELU,
    "mish": Mish,
    "selu": SELU,
    "elu": ELU,
    "leaky_relu": LeakyReLU,
    "softplus": Softplus,
}
