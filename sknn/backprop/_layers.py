"""Layers: what goes forward, what is remembered, and how a gradient comes back.

A layer is built for one shape of batch, allocates its buffers once and then works in them.
`forward` saves what `backward` needs; the two stand one under the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.training import FloatArray

from ._fast import times_transposed


class Layer(ABC):
    """One step of a network, for K models and B rows at once.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Layer
    >>> class Double(Layer):
    ...     def forward(self, X):
    ...         return 2 * X
    ...
    ...     def backward(self, gradient):
    ...         return 2 * gradient
    >>> Double().forward(np.array([[[3.0, 4.0]]])), Double().backward(np.array([[[1.0, -1.0]]]))
    (array([[[6., 8.]]]), array([[[ 2., -2.]]]))
    """

    @abstractmethod
    def forward(self, X: Any) -> FloatArray:
        """Output of shape (K, B, width_out) for inputs of shape (K, B, width_in)."""

    @abstractmethod
    def backward(self, gradient: FloatArray) -> FloatArray | None:
        """Turn the loss's gradient with respect to the output into that of the input."""


class Linear(Layer):
    r"""The affine map :math:`Z = X W + b`.

    With :math:`G = \partial L / \partial Z` coming back,
    :math:`\partial L/\partial W = X^\top G`, :math:`\partial L/\partial b = \sum_{rows} G` and
    :math:`\partial L/\partial X = G W^\top`.

    Parameters
    ----------
    weights, bias : ndarray of shape (K, in, out) and (K, 1, out)
        Views into the flat parameters.
    grad_weights, grad_bias : ndarray of the same shapes, or None
        Views into the flat gradient; `backward` overwrites them. None for prediction.
    n_rows : int
        Rows in a batch, B.
    is_first : bool
        A first layer has nobody to hand a gradient to, and skips that product.
    trains_bias : bool
        Whether `backward` fills in the gradient of the bias; it leaves it alone otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Linear
    >>> W, b = np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.array([[[10.0, 20.0]]])
    >>> grad_W, grad_b = np.empty_like(W), np.empty_like(b)
    >>> layer = Linear(W, b, grad_W, grad_b, n_rows=2)
    >>> layer.forward(np.array([[[1.0, 0.0], [1.0, 1.0]]]))
    array([[[11., 22.],
            [14., 26.]]])
    >>> layer.backward(np.array([[[1.0, 0.0], [0.0, 1.0]]]))
    array([[[1., 3.],
            [2., 4.]]])
    >>> grad_W, grad_b
    (array([[[1., 1.],
            [0., 1.]]]), array([[[1., 1.]]]))
    """

    def __init__(
        self,
        weights: FloatArray,
        bias: FloatArray,
        grad_weights: FloatArray | None,
        grad_bias: FloatArray | None,
        n_rows: int,
        is_first: bool = False,
        trains_bias: bool = True,
    ) -> None:
        n_models, _, fan_out = weights.shape
        self.weights, self.bias = weights, bias
        self.grad_weights, self.grad_bias = grad_weights, grad_bias
        self.input: FloatArray
        self.output = np.empty((n_models, n_rows, fan_out), weights.dtype)
        self.is_first, self.trains_bias = is_first, trains_bias
        if not is_first and grad_weights is not None:
            self.times_transposed_weights = times_transposed(weights, n_rows)

    def forward(self, X: FloatArray) -> FloatArray:
        self.input = X
        np.matmul(X, self.weights, out=self.output)
        return np.add(self.output, self.bias, out=self.output)

    def backward(self, gradient: FloatArray) -> FloatArray | None:
        np.matmul(self.input.mT, gradient, out=self.grad_weights)
        if self.trains_bias:
            np.add.reduce(gradient, axis=1, keepdims=True, out=self.grad_bias)
        if self.is_first:
            return None
        return self.times_transposed_weights(gradient)


class SparseLinear(Layer):
    """The affine map of a first layer whose rows are sparse: one CSR matrix per model.

    The same mathematics as `Linear`. What is sparse stays so: only products with the
    non-zero entries are made, and no gradient goes back to the data.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from sknn.backprop import SparseLinear
    >>> W, b = np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.zeros((1, 1, 2))
    >>> grad_W, grad_b = np.empty_like(W), np.empty_like(b)
    >>> layer = SparseLinear(W, b, grad_W, grad_b, n_rows=1)
    >>> layer.forward([csr_array([[0.0, 5.0]])])
    array([[[15., 20.]]])
    >>> layer.backward(np.array([[[1.0, -1.0]]]))
    >>> grad_W
    array([[[ 0.,  0.],
            [ 5., -5.]]])
    """

    def __init__(
        self,
        weights: FloatArray,
        bias: FloatArray,
        grad_weights: FloatArray | None,
        grad_bias: FloatArray | None,
        n_rows: int,
        trains_bias: bool = True,
    ) -> None:
        n_models, _, fan_out = weights.shape
        self.weights, self.bias = weights, bias
        self.grad_weights, self.grad_bias = grad_weights, grad_bias
        self.trains_bias = trains_bias
        self.input: Sequence[Any] = ()
        self.output = np.empty((n_models, n_rows, fan_out), weights.dtype)

    def forward(self, X: Sequence[Any]) -> FloatArray:
        self.input = X
        for model, rows in enumerate(X):
            self.output[model] = rows @ self.weights[model]
        return np.add(self.output, self.bias, out=self.output)

    def backward(self, gradient: FloatArray) -> None:
        for model, rows in enumerate(self.input):
            self.grad_weights[model] = rows.T @ gradient[model]  # type: ignore[index]
        if self.trains_bias:
            np.add.reduce(gradient, axis=1, keepdims=True, out=self.grad_bias)


class Dropout(Layer):
    r"""Inverted dropout: :math:`X \odot M / (1 - p)` with :math:`M \sim` Bernoulli(1 - p).

    Dividing while training keeps the expected activation, so that prediction needs neither
    a mask nor a rescaling (Srivastava et al., 2014). Each model has its own rate and its own
    generator; one with rate 0 draws nothing.

    Parameters
    ----------
    rates : sequence of float of length K
        Probability of dropping a unit, in [0, 1).
    generators : sequence of numpy.random.Generator of length K
    n_rows, width : int
        Shape of a batch.

    Examples
    --------
    Half of the ones are dropped, the others doubled. Going back, the mask is the same:

    >>> import numpy as np
    >>> from sknn.backprop import Dropout
    >>> layer = Dropout([0.5], [np.random.default_rng(0)], 1, width=9999, dtype=np.dtype(float))
    >>> Y = layer.forward(np.ones((1, 1, 9999)))
    >>> np.unique(Y), round(float(Y.mean()), 1)
    (array([0., 2.]), 1.0)
    >>> bool((layer.backward(np.ones((1, 1, 9999))) == Y).all())
    True
    """

    def __init__(
        self,
        rates: Sequence[float],
        generators: Sequence[np.random.Generator],
        n_rows: int,
        width: int,
        dtype: np.dtype,
    ) -> None:
        self.rates = rates
        self.generators = generators
        self.mask = np.ones((len(rates), n_rows, width), dtype)
        self.output = np.empty_like(self.mask)
        self._rate = np.array(rates, dtype)[:, None, None]
        self._scale = 1 / (1 - self._rate)

    def draw_mask(self) -> FloatArray:
        """Draw the mask of the next batch: 0 where dropped, 1 / (1 - p) elsewhere."""
        for model, (rate, generator) in enumerate(zip(self.rates, self.generators, strict=True)):
            if rate > 0:
                generator.random(out=self.mask[model], dtype=self.mask.dtype.type)
        np.greater_equal(self.mask, self._rate, out=self.mask)
        return np.multiply(self.mask, self._scale, out=self.mask)

    def forward(self, X: FloatArray) -> FloatArray:
        return np.multiply(X, self.draw_mask(), out=self.output)

    def backward(self, gradient: FloatArray) -> FloatArray:
        return np.multiply(gradient, self.mask, out=gradient)


class SparseDropout(Layer):
    """Inverted dropout of sparse inputs: masks are drawn for the stored entries alone.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from sknn.backprop import SparseDropout
    >>> layer = SparseDropout([0.5], [np.random.default_rng(0)], np.dtype(float))
    >>> (dropped,) = layer.forward([csr_array(np.tile([0.0, 1.0], 500)[None])])
    >>> len(dropped.data), np.unique(dropped.data)
    (500, array([0., 2.]))
    """

    def __init__(
        self,
        rates: Sequence[float],
        generators: Sequence[np.random.Generator],
        dtype: np.dtype,
    ) -> None:
        self.rates = rates
        self.generators = generators
        self.dtype = dtype

    def forward(self, X: Sequence[Any]) -> Any:
        return [
            self._drop(rows, rate, generator) if rate > 0 else rows
            for rows, rate, generator in zip(X, self.rates, self.generators, strict=True)
        ]

    def _drop(self, rows: Any, rate: float, generator: np.random.Generator) -> Any:
        kept = generator.random(len(rows.data), dtype=self.dtype.type) >= rate
        dropped = rows.copy()
        dropped.data *= kept / self.dtype.type(1 - rate)
        return dropped

    def backward(self, gradient: FloatArray) -> None:
        """Nobody comes before sparse inputs, whose linear layer hands nothing back either."""


class Sequential(Layer):
    """Layers in a row; what one returns, the next receives.

    A `Sequential` is laid out for one shape of batch. Several of them, say for whole batches and
    for the ragged last one, may share one set of parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Linear, ReLU, Sequential
    >>> W, b, grad_W, grad_b = (np.full((1, 1, 1), number) for number in (2.0, 1.0, 0.0, 0.0))
    >>> linear = Linear(W, b, grad_W, grad_b, n_rows=1, is_first=True)
    >>> network = Sequential([linear, ReLU(n_models=1, n_rows=1, width=1, dtype=np.dtype(float))])
    >>> network.forward(np.array([[[3.0]]]))
    array([[[7.]]])
    >>> network.backward(np.array([[[1.0]]]))
    >>> grad_W, grad_b
    (array([[[3.]]]), array([[[1.]]]))
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        self.reversed_layers = self.layers[::-1]

    def forward(self, X: Any) -> FloatArray:
        """Outputs of shape (K, B, C), in a buffer that the next call overwrites."""
        for layer in self.layers:
            X = layer.forward(X)
        return X  # type: ignore[no-any-return]

    def backward(self, gradient: FloatArray) -> FloatArray | None:
        """Carry the gradient of the outputs back; every layer fills in that of its parameters.

        What the first layer hands back is returned: nothing, if that is a linear one.
        """
        incoming: FloatArray | None = gradient
        for layer in self.reversed_layers:
            if incoming is None:
                return None
            incoming = layer.backward(incoming)
        return incoming


class Residual(Layer):
    r"""A branch whose input is added to its output: :math:`x + f(x)` (He et al., 2016).

    The gradient :math:`g + f'(x)^\top g` has a part that no weight has touched, so it reaches the
    first layers of a deep network undiminished.

    Parameters
    ----------
    branch : Layer
    n_models, n_rows, width : int
        Shape of input and output.
    dtype : dtype

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import Residual, Tanh
    >>> tanh = Tanh(n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> layer = Residual(tanh, n_models=1, n_rows=1, width=2, dtype=np.dtype(float))
    >>> layer.forward(np.array([[[0.0, 10.0]]])).round(3)
    array([[[ 0., 11.]]])
    >>> layer.backward(np.array([[[1.0, 1.0]]])).round(3)
    array([[[2., 1.]]])
    """

    def __init__(
        self, branch: Layer, n_models: int, n_rows: int, width: int, dtype: np.dtype
    ) -> None:
        self.branch = branch
        self.input = np.empty((n_models, n_rows, width), dtype)
        self.output, self.incoming = np.empty_like(self.input), np.empty_like(self.input)

    def forward(self, X: FloatArray) -> FloatArray:
        # A copy, and a sum of its own: activations overwrite what they are given, and remember it.
        np.copyto(self.input, X)
        return np.add(self.branch.forward(X), self.input, out=self.output)

    def backward(self, gradient: FloatArray) -> FloatArray:
        np.copyto(self.incoming, gradient)
        inner = self.branch.backward(gradient)
        assert inner is not None
        return np.add(inner, self.incoming, out=self.incoming)
