"""What is predicted: classes, sets of labels, or numbers.

A target turns `y` into what the engine learns from, knows which loss that needs, and turns outputs
of the network into predictions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix, issparse
from scipy.special import expit
from sklearn.utils.multiclass import type_of_target

from sknn.backprop import LOSSES, Quantile, log_softmax, softmax

from ._arithmetic import log_logistic, root_mean_square
from ._labels import encode_labels, refuse_multilabel


@dataclass(frozen=True, eq=False)
class Target(ABC):
    """What a network predicts.

    Parameters
    ----------
    loss : str
        A name of `sknn.backprop.LOSSES`.
    """

    loss: str

    #: What `y` holds, and what of it must not change from fit to fit, in words.
    holds: ClassVar[str] = "one class per row"
    what: ClassVar[str] = "classes of `y`"

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of quantiles."""
        return ()

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """Number of outputs of the network."""

    @property
    @abstractmethod
    def terms(self) -> dict[str, Any]:
        """What must stay as it is when a fit goes on, by name of parameter."""

    @abstractmethod
    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Numbers of classes (n_rows,), or numbers or indicators (n_rows, n_targets).

        Raises
        ------
        ValueError
            If `y`, which is called `name`, is not a target of this kind.
        """

    def __eq__(self, other: object) -> bool:
        # Element by element: arrays are among the fields.
        return type(self) is type(other) and all(
            np.array_equal(value, getattr(other, name)) for name, value in vars(self).items()
        )

    def __hash__(self) -> int:
        return hash((type(self), self.loss))

    def attributes(self) -> dict[str, Any]:
        """Fitted attributes, by name."""
        return {}

    def fitted_to(self, y: np.ndarray, weights: np.ndarray | None) -> Self:
        """The target once the training rows are known."""
        return self

    def scaled(self, y: np.ndarray, dtype: np.dtype, name: str = "y") -> np.ndarray:
        """What `encode` has returned, on the scale that the network learns."""
        return y


@dataclass(frozen=True, eq=False)
class Encoded:
    """A target, and `y` as it has encoded it."""

    target: Target
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Classes(Target):
    """One of several classes. Two classes have one logistic output, others one each.

    Parameters
    ----------
    loss : str
        'sigmoid_cross_entropy', or 'softmax_cross_entropy' with an output for each class.
    classes : ndarray of shape (n_classes,)
        In sorted order.
    """

    classes: np.ndarray

    @classmethod
    def of(cls, classes: np.ndarray) -> Classes:
        """The target with these classes."""
        return cls(f"{'sigmoid' if len(classes) == 2 else 'softmax'}_cross_entropy", classes)

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the network."""
        return 1 if self.loss == "sigmoid_cross_entropy" else len(self.classes)

    @property
    def terms(self) -> dict[str, Any]:
        """What must stay as it is when a fit goes on."""
        return {"y": self.classes.tolist()}

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Numbers of the classes."""
        refuse_multilabel(y, name)
        return encode_labels(y, name, self.classes).numbers

    def attributes(self) -> dict[str, Any]:
        """The classes."""
        return {"classes_": self.classes.copy()}

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, (..., n_classes)."""
        if self.loss == "sigmoid_cross_entropy":
            return np.concatenate([expit(-outputs), expit(outputs)], axis=-1)
        return softmax(outputs)

    def log_probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities, exact where these underflow."""
        if self.loss == "sigmoid_cross_entropy":
            return np.concatenate([log_logistic(-outputs), log_logistic(outputs)], axis=-1)
        return log_softmax(outputs)

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        """The number of the most probable class, the first of equals."""
        if self.loss == "sigmoid_cross_entropy":
            return (outputs[..., 0] > 0).astype(np.intp)
        return outputs.argmax(axis=-1)


@dataclass(frozen=True, eq=False)
class LabelSets(Target):
    """Any number of labels per row, each with a logistic output.

    Parameters
    ----------
    loss : str
        'sigmoid_cross_entropy'.
    n_labels : int
    is_sparse : bool
        Whether `y` was a sparse matrix, and predictions are.
    """

    n_labels: int
    is_sparse: bool = False

    holds = "several labels per row"
    what = "number of labels of `y`"

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the network."""
        return self.n_labels

    @property
    def terms(self) -> dict[str, Any]:
        """What must stay as it is when a fit goes on."""
        return {"y": self.n_labels}

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """Indicators, 0 or 1, (n_rows, n_labels)."""
        is_matrix = type_of_target(y) == "multilabel-indicator"
        if not is_matrix or y.shape[1] != self.n_labels:
            raise ValueError(
                f"`{name}` must be an indicator matrix of {self.n_labels} labels, of zeros and "
                f"ones, got {type_of_target(y)!r} of shape {y.shape}"
            )
        dense = y.toarray() if issparse(y) else y  # type: ignore[attr-defined]
        return (dense != 0).astype(np.int8)

    def attributes(self) -> dict[str, Any]:
        """The numbers of the labels."""
        return {"classes_": np.arange(self.n_labels)}

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities of the labels, each for itself, (..., n_labels)."""
        return np.asarray(expit(outputs))

    def log_probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities, exact where these underflow."""
        return log_logistic(outputs)

    def decide(self, outputs: np.ndarray) -> Any:
        """Indicators of the labels that are more probable than not."""
        found = (outputs > 0).astype(int)
        return csr_matrix(found) if self.is_sparse else found


@dataclass(frozen=True, eq=False)
class Numbers(Target):
    """Numbers, on a scale on which training steps are of a good size.

    Parameters
    ----------
    loss : str
    quantiles : tuple of float
    n_targets : int
        Columns of `y`.
    is_column : bool
        Whether `y` had one dimension, and predictions have.
    dtype : dtype
        Of predictions.
    scales : bool
        Whether the mean is taken off and the standard deviation divided by; with 'poisson' and
        'gamma', whose logarithm is learnt, the mean is divided by.
    center, scale : ndarray of shape (n_targets,) or None
        What was taken off, and divided by; None before `fitted_to`. The scale of a constant is 0:
        whatever the network says, the constant is predicted.
    """

    quantiles: tuple[float, ...]
    n_targets: int
    is_column: bool
    dtype: np.dtype
    scales: bool
    center: np.ndarray | None = None
    scale: np.ndarray | None = None

    holds = "numbers"
    what = "number of columns of `y`"

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of quantiles."""
        return self.quantiles

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the network."""
        return LOSSES[self.loss].count_outputs(self.n_targets, len(self.quantiles))

    @property
    def middle(self) -> int:
        """Which of the quantiles is nearest to the median."""
        return Quantile.nearest_to_median(self.quantiles)

    @property
    def terms(self) -> dict[str, Any]:
        """What must stay as it is when a fit goes on."""
        return {
            "y": self.n_targets,
            "loss": self.loss,
            "quantiles": self.quantiles,
            "scale_target": self.scales,
        }

    def encode(self, y: np.ndarray, name: str = "y") -> np.ndarray:
        """The numbers, in double precision, (n_rows, n_targets)."""
        if y.dtype.kind not in "biuf":
            raise ValueError(f"`{name}` must hold numbers, got an array of {y.dtype}")
        y = y.astype(np.float64).reshape(len(y), -1)
        if not np.isfinite(y).all():  # objects, which become numbers after they were checked
            raise ValueError(f"`{name}` must hold finite numbers, got NaN or infinity")
        if y.shape[1] != self.n_targets:
            raise ValueError(
                f"`{name}` must have as many columns as in training, {self.n_targets}, "
                f"got {y.shape[1]}"
            )
        loss = LOSSES[self.loss]
        if (y < loss.least if loss.takes_least else y <= loss.least).any():
            bound = f"{'at least' if loss.takes_least else 'above'} {loss.least:g}"
            raise ValueError(f"`{name}` must be {bound} with loss={self.loss!r}, got {y.min()}")
        return y

    def fitted_to(self, y: np.ndarray, weights: np.ndarray | None) -> Self:
        """The target with the scale of the training rows; rows that weigh nothing do not count.

        A scale that is known stays. Only a column that has been constant takes the scale of the
        first rows that differ from the constant: without one, nothing could be learnt of them.
        """
        if weights is not None:
            y, weights = y[weights > 0], weights[weights > 0].astype(np.float64)
        if self.center is not None:
            assert self.scale is not None
            late = root_mean_square(y - self.center, weights)
            return replace(self, scale=np.where(self.scale > 0, self.scale, late))
        center, scale = np.zeros(self.n_targets), np.ones(self.n_targets)
        if self.scales:
            # By a power of two, which loses no digit: squares of huge numbers overflow.
            unit = np.ldexp(1.0, np.frexp(np.abs(y).max(axis=0))[1] - 1)
            y = y / unit
            mean = np.average(y, axis=0, weights=weights)
            if LOSSES[self.loss].out_activation == "exp":
                scale = np.where(mean > 0, mean * unit, 1.0)
            else:
                is_constant = y.min(axis=0) == y.max(axis=0)
                mean = np.where(is_constant, y[0], mean)
                center = mean * unit
                scale = root_mean_square(y - mean, weights) * unit
        return replace(self, center=center, scale=scale)

    def scaled(self, y: np.ndarray, dtype: np.dtype, name: str = "y") -> np.ndarray:
        """What `encode` has returned, on the scale that the network learns."""
        assert self.center is not None
        assert self.scale is not None
        with np.errstate(over="ignore"):
            scale = np.where(self.scale > 0, self.scale, 1.0)
            scaled = np.asarray(((y - self.center) / scale).astype(dtype), order="C")
        if not np.isfinite(scaled).all():
            raise ValueError(
                f"`{name}` must be finite numbers in {dtype}, got {np.abs(y).max()} as the largest"
            )
        return scaled

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        """The numbers themselves: means, medians or quantiles, as the loss has it."""
        found = self._unscaled(outputs)
        if self.loss == "quantile":
            found = found[..., self.middle : self.middle + 1]
        return self._shaped(found[..., : self.n_targets])

    def deviation(self, outputs: np.ndarray) -> np.ndarray:
        """The standard deviations, with the loss 'gaussian'."""
        assert self.scale is not None
        sd = LOSSES[self.loss].predict(outputs)[..., self.n_targets :]
        return self._shaped((sd * self.scale).astype(self.dtype))

    def predict_quantiles(self, outputs: np.ndarray) -> np.ndarray:
        """The quantiles, (..., n_quantiles)."""
        return self._unscaled(outputs)

    def _unscaled(self, outputs: np.ndarray) -> np.ndarray:
        assert self.scale is not None
        prediction = LOSSES[self.loss].predict(outputs)
        if self.loss == "gaussian":
            prediction = prediction[..., : self.n_targets]
        return np.asarray((prediction * self.scale + self.center).astype(self.dtype))

    def _shaped(self, found: np.ndarray) -> np.ndarray:
        return found[..., 0] if self.is_column else found
