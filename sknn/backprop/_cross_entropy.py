"""The losses of classifiers: cross-entropy with the softmax or the logistic function.

Loss and function are derived together because together they are simple.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sknn.training import FloatArray, IntArray

from ._losses import Loss, Trace, over_outputs


class SoftmaxCrossEntropy(Loss):
    r"""Cross-entropy of the softmax of logits, averaged over the rows of a batch.

    With logits z, targets y that sum to one, and row weights w,

    .. math:: p = \mathrm{softmax}(z), \qquad
              L = -\frac{1}{B} \sum_{rows} w \sum_c y_c \log p_c, \qquad
              \frac{\partial L}{\partial z} = \frac{w}{B} (p - y).

    The loss owns the softmax: the derivative of either alone is a matrix or a quotient, that of
    the pair is a subtraction, and :math:`\log p` is never taken of a rounded zero.

    Parameters
    ----------
    plans : sequence of Plan of length K
    n_rows : int

    Examples
    --------
    `plan` is that of `Plan`'s example, with two classes.

    >>> import numpy as np
    >>> from sknn.backprop import SoftmaxCrossEntropy
    >>> loss = SoftmaxCrossEntropy([plan], n_rows=1)
    >>> loss.forward(np.array([[[0.0, np.log(3)]]])).round(3)
    array([[[0.25, 0.75]]])
    >>> loss.backward(targets=np.array([[[1.0, 0.0]]]), weights=None).round(3)
    array([[[-0.75,  0.75]]])
    """

    score = "accuracy"
    out_activation = "softmax"

    def new_trace(self) -> Trace:
        """Z - max z (K, m, C) and Σ exp(z - max z) (K, m, 1)."""
        return self._empty(), np.empty((self.n_models, self.n_rows, 1), self.dtype)

    def forward(self, outputs: FloatArray, trace: Trace | None = None) -> FloatArray:
        """Probabilities of shape (K, B, C), remembered for `backward`."""
        shifted, sums = trace or self._trace
        probabilities = self.prediction
        shifted[...] = outputs
        np.maximum.reduce(shifted, axis=2, keepdims=True, out=sums)
        np.subtract(shifted, sums, out=shifted)
        np.exp(shifted, out=probabilities)
        np.add.reduce(probabilities, axis=2, keepdims=True, out=sums)
        return np.divide(probabilities, sums, out=probabilities)

    @classmethod
    def predict(cls, outputs: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """Probabilities of the classes."""
        return softmax(outputs, out)

    def new_targets(self, truth: NDArray[Any]) -> FloatArray:
        """Room for one-hot targets, (K, m, C)."""
        return self._empty()

    def encode(self, truth: NDArray[Any], targets: FloatArray) -> None:
        """One-hot targets of the labels (K, m), smoothed: (1 - ε) y + ε / C."""
        by_class = targets.mT
        np.equal(truth[:, None, :], np.arange(self.n_outputs)[:, None], out=by_class)
        if self.smoothing is not None:
            np.multiply(by_class, 1 - self.smoothing, out=by_class)
            np.add(by_class, self.smoothing / self.n_outputs, out=by_class)

    def observe(self, outputs: FloatArray) -> Trace:
        """The trace of logits without a pass forward."""
        shifted = np.ascontiguousarray(outputs.mT)
        shifted -= np.maximum.reduce(shifted, axis=1, keepdims=True)
        return shifted.mT, np.add.reduce(np.exp(shifted), axis=1)[:, :, None]

    def rows(
        self, trace: Trace, truth: NDArray[Any], variance: FloatArray | None = None
    ) -> tuple[FloatArray, NDArray[Any]]:
        """Loss of every row, and whether its label is the first of the largest logits."""
        shifted, sums = trace
        return losses_and_hits(shifted.mT, sums[:, :, 0], truth, self.smoothing)

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m), from logits (K, m, C)."""
        return self.rows(self.observe(outputs), truth)[0]

    @classmethod
    def variance_of(cls, y: NDArray[Any], weights: FloatArray | None) -> None:
        """Nothing: a hit is a hit."""


class SigmoidCrossEntropy(Loss):
    r"""Cross-entropy of logistic outputs, each for itself: of two classes, or of several labels.

    Two classes have one output, the logit of the second; labels that do not exclude each other
    have one each, and their losses are added up:

    .. math:: p = \frac{1}{1 + e^{-z}}, \qquad
              \ell = \sum_o \log(1 + e^{z_o}) - y_o z_o, \qquad
              \frac{\partial \ell}{\partial z} = p - y.

    Parameters
    ----------
    plans : sequence of Plan of length K
    n_rows : int

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import SigmoidCrossEntropy
    >>> from sknn.training import NetworkSpec, Plan
    >>> loss = SigmoidCrossEntropy([Plan(NetworkSpec((1, 1)))], n_rows=1)
    >>> loss.forward(np.array([[[np.log(3)]]])).round(3)
    array([[[0.75]]])
    >>> loss.backward(targets=np.array([[[1.0]]]), weights=None).round(3)
    array([[[-0.25]]])
    >>> labels = np.array([[1, 0]])
    >>> np.exp(-loss.row_losses(np.log([[[3.0], [3.0]]]), labels)).round(3)
    array([[0.75, 0.25]])
    """

    score = "accuracy"
    out_activation = "logistic"

    @classmethod
    def predict(cls, outputs: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """Probabilities of the second class, or of the labels."""
        return expit(outputs, out=out)

    def new_targets(self, truth: NDArray[Any]) -> FloatArray:
        """Room for targets of the outputs, (K, m, C)."""
        return self._empty()

    def encode(self, truth: NDArray[Any], targets: FloatArray) -> None:
        """Targets of labels (K, m) or of indicators (K, m, C), smoothed: (1 - ε) y + ε / 2."""
        targets[...] = truth[:, :, None] if truth.ndim == 2 else truth
        if self.smoothing is not None:
            np.multiply(targets, 1 - self.smoothing, out=targets)
            np.add(targets, self.smoothing / 2, out=targets)

    def rows(
        self, trace: Trace, truth: NDArray[Any], variance: FloatArray | None = None
    ) -> tuple[FloatArray, NDArray[Any]]:
        """Loss of every row, and whether all of its labels are predicted."""
        (outputs,) = trace
        truth = truth[:, :, None] if truth.ndim == 2 else truth
        hits = np.logical_and.reduce((outputs > 0) == (truth > 0), axis=2)
        return self.row_losses(outputs, truth), hits

    def row_losses(self, outputs: FloatArray, truth: NDArray[Any]) -> FloatArray:
        """The loss of every row, (K, m), from logits (K, m, C)."""
        targets = np.empty(outputs.shape, self.dtype)
        self.encode(truth, targets)
        return over_outputs(np.logaddexp(0, outputs) - targets * outputs)

    @classmethod
    def variance_of(cls, y: NDArray[Any], weights: FloatArray | None) -> None:
        """Nothing: a hit is a hit."""


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
