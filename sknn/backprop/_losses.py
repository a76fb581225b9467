"""Softmax and cross-entropy, derived together because together they are simple."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._parameters import FloatArray, IntArray


class SoftmaxCrossEntropy:
    r"""Cross-entropy of the softmax of logits, averaged over the rows of a batch.

    With logits z, targets y that sum to one, and row weights w,

    .. math:: p = \mathrm{softmax}(z), \qquad
              L = -\frac{1}{B} \sum_{rows} w \sum_c y_c \log p_c, \qquad
              \frac{\partial L}{\partial z} = \frac{w}{B} (p - y).

    The loss owns the softmax: the derivative of either alone is a matrix or a quotient, that of
    the pair is a subtraction, and :math:`\log p` is never taken of a rounded zero.

    Parameters
    ----------
    n_models, n_rows, n_classes : int
        Shape (K, B, C) of the logits of a batch.
    divisor : int, optional
        What to divide the sum over the rows by, in place of B.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import SoftmaxCrossEntropy
    >>> loss = SoftmaxCrossEntropy(n_models=1, n_rows=1, n_classes=2, dtype=np.dtype(float))
    >>> loss.forward(np.array([[[0.0, np.log(3)]]])).round(3)
    array([[[0.25, 0.75]]])
    >>> loss.backward(targets=np.array([[[1.0, 0.0]]]), weights=None).round(3)
    array([[[-0.75,  0.75]]])
    """

    def __init__(
        self,
        n_models: int,
        n_rows: int,
        n_classes: int,
        dtype: np.dtype,
        divisor: int | None = None,
    ) -> None:
        self.scale = 1 / (divisor or n_rows)
        # Class by class in memory: sums over a few classes then run along rows, of which there
        # are many, and are several times as fast.
        self.probabilities = np.empty((n_models, n_classes, n_rows), dtype).mT
        self._shifted = np.empty_like(self.probabilities)
        self._sums = np.empty((n_models, n_rows, 1), dtype)

    def forward(
        self,
        logits: FloatArray,
        shifted: FloatArray | None = None,
        sums: FloatArray | None = None,
    ) -> FloatArray:
        """Probabilities of shape (K, B, C), remembered for `backward`.

        `shifted` (K, B, C) and `sums` (K, B, 1), where they are given, receive z - max z and
        Σ exp(z - max z), of which `losses_and_hits` makes the losses.
        """
        shifted = self._shifted if shifted is None else shifted
        sums = self._sums if sums is None else sums
        shifted[...] = logits
        np.maximum.reduce(shifted, axis=2, keepdims=True, out=sums)
        np.subtract(shifted, sums, out=shifted)
        np.exp(shifted, out=self.probabilities)
        np.add.reduce(self.probabilities, axis=2, keepdims=True, out=sums)
        return np.divide(self.probabilities, sums, out=self.probabilities)

    def backward(self, targets: FloatArray, weights: FloatArray | None) -> FloatArray:
        """Gradient with respect to the logits, (K, B, C); overwrites the probabilities.

        `targets` are (K, B, C), `weights` (K, B, 1) or None for ones.
        """
        gradient = np.subtract(self.probabilities, targets, out=self.probabilities)
        if weights is not None:
            np.multiply(gradient, weights, out=gradient)
        return np.multiply(gradient, self.scale, out=gradient)


def softmax(logits: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """exp(z) / Σ exp(z) along the last axis, with the largest logit taken off first.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import softmax
    >>> softmax(np.array([[0.0, np.log(3)], [1000.0, 0.0]])).round(3)
    array([[0.25, 0.75],
           [1.  , 0.  ]])
    """
    out = np.subtract(logits, np.maximum.reduce(logits, axis=-1, keepdims=True), out=out)
    np.exp(out, out=out)
    return np.divide(out, np.add.reduce(out, axis=-1, keepdims=True), out=out)


def log_softmax(logits: FloatArray) -> FloatArray:
    """z - log Σ exp(z) along the last axis: exact where probabilities underflow.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import log_softmax, softmax
    >>> log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    >>> with np.errstate(divide="ignore"):
    ...     np.log(softmax(np.array([1000.0, 0.0])))
    array([  0., -inf])
    """
    shifted = logits - np.maximum.reduce(logits, axis=-1, keepdims=True)
    log_sum = np.log(np.add.reduce(np.exp(shifted), axis=-1, keepdims=True))
    return np.subtract(shifted, log_sum, out=shifted)


def cross_entropy(
    logits: FloatArray, labels: IntArray, smoothing: FloatArray | None = None
) -> FloatArray:
    """The loss of every row, from logits kept class by class.

    Parameters
    ----------
    logits : ndarray of shape (K, C, m)
        Class-major, so that sums over the classes run along contiguous rows.
    labels : ndarray of int of shape (K, m)
    smoothing : ndarray of shape (K, 1, 1), optional
        Share ε of the target that is spread evenly over the classes.

    Returns
    -------
    loss : ndarray of shape (K, m)
        log Σ exp(z) - (1 - ε) z_label - ε mean(z).

    Examples
    --------
    Two rows with equal logits, one of each class, to which p is ¼ and ¾:

    >>> import numpy as np
    >>> from sknn.backprop import cross_entropy
    >>> logits = np.array([[[0.0, 0.0], [np.log(3), np.log(3)]]])
    >>> loss = cross_entropy(logits, labels=np.array([[0, 1]]))
    >>> np.exp(-loss).round(3)
    array([[0.25, 0.75]])
    """
    shifted = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    sums = np.add.reduce(np.exp(shifted), axis=1)
    return losses_and_hits(shifted, sums, labels, smoothing)[0]


def losses_and_hits(
    shifted: FloatArray, sums: FloatArray, labels: IntArray, smoothing: FloatArray | None = None
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """`cross_entropy` of every row, and whether its label is the first of the largest logits.

    From z - max z (K, C, m) and Σ exp(z - max z) (K, m), which `SoftmaxCrossEntropy` leaves behind.
    """
    target = np.take_along_axis(shifted, labels[:, None, :], axis=1)[:, 0]
    # The largest are zeros here. With one in every row, neither ties nor NaN, `argmax` is spared.
    if np.count_nonzero(shifted == 0) == sums.size and np.isfinite(sums).all():
        hits = np.asarray(target == 0)
    else:
        hits = np.asarray(shifted.argmax(axis=1) == labels)
    if smoothing is not None:
        even = np.add.reduce(shifted, axis=1) / shifted.shape[1]
        target = (1 - smoothing[:, :, 0]) * target + smoothing[:, :, 0] * even
    return np.log(sums) - target, hits
