"""How well a classifier does on rows that it has not seen, in numbers."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from sknn.inspection._quantile_predictions import share_interval
from sknn.report._words import percent


@dataclass(frozen=True)
class Evaluation:
    """A classifier's predictions for some rows beside what is true of them.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, in the classifier's order.
    y_true : ndarray of shape (n_rows,)
        For each row, the place of its label in `classes`.
    y_pred : ndarray of shape (n_rows,)
        The place of the label that was predicted.
    probabilities : ndarray of shape (n_rows, n_classes) or None
        Of each class; None for a classifier that gives none.

    Notes
    -----
    Averages over classes leave out those that neither occur nor were predicted, as
    scikit-learn's do. What is not defined, such as the precision of a class that was never
    predicted, is NaN.

    Examples
    --------
    >>> from sknn.report import Evaluation
    >>> found = Evaluation.from_predictions(["a", "b", "b", "b"], ["a", "b", "b", "a"])
    >>> found.accuracy, [round(end, 2) for end in found.accuracy_interval]
    (0.75, [0.3, 0.95])
    """

    classes: NDArray[Any]
    y_true: NDArray[np.intp]
    y_pred: NDArray[np.intp]
    probabilities: NDArray[np.floating] | None

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: ArrayLike) -> Self:
        """Let a fitted classifier predict.

        Parameters
        ----------
        estimator : classifier
            Fitted.
        X : array-like of shape (n_rows, n_features)
            Rows that it has not been trained on.
        y : array-like of shape (n_rows,)
            Their labels.

        Returns
        -------
        evaluation : Evaluation
            What it said of them.

        Raises
        ------
        ValueError
            If `y` holds a label that the classifier does not know.
        """
        probabilities = None
        if hasattr(estimator, "predict_proba"):
            probabilities = np.asarray(estimator.predict_proba(X))
        return cls.from_predictions(y, estimator.predict(X), probabilities, estimator.classes_)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        probabilities: NDArray[np.floating] | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Take predictions that someone else has made.

        Parameters
        ----------
        y_true : array-like of shape (n_rows,)
            True labels.
        y_pred : array-like of shape (n_rows,)
            Predicted labels.
        probabilities : ndarray of shape (n_rows, n_classes), default=None
            Of each class.
        classes : array-like of shape (n_classes,), default=None
            The labels, in the order of the columns of `probabilities`; None for all that occur,
            sorted.

        Returns
        -------
        evaluation : Evaluation
            Both, side by side.

        Raises
        ------
        ValueError
            If there are no rows, shapes do not agree, or a label is not among `classes`.
        """
        true, predicted = np.asarray(y_true), np.asarray(y_pred)
        if true.ndim != 1 or true.shape != predicted.shape or not len(true):
            raise ValueError(
                "`y_true` and `y_pred` must have one label for each of at least one row, got "
                f"shapes {true.shape} and {predicted.shape}"
            )
        if classes is None:
            classes = np.unique(np.concatenate([true, predicted]))
        labels = np.asarray(classes)
        if probabilities is not None and probabilities.shape != (len(true), len(labels)):
            raise ValueError(
                f"`probabilities` must be of shape {(len(true), len(labels))}, one column for each "
                f"class, got {probabilities.shape}"
            )
        return cls(
            labels, _places(true, labels, "y_true"), _places(predicted, labels, "y_pred"),
            probabilities,
        )  # fmt: skip

    @property
    def names(self) -> list[str]:
        """The classes as text."""
        return [str(label) for label in self.classes.tolist()]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.y_true)

    @cached_property
    def accuracy(self) -> float:
        """Share of the rows whose class was predicted."""
        return float(accuracy_score(self.y_true, self.y_pred))

    @cached_property
    def accuracy_interval(self) -> tuple[float, float]:
        """Wilson's interval, which holds the accuracy on all such rows in 95 % of samples."""
        return share_interval(self.accuracy, self.n_rows)

    @cached_property
    def majority(self) -> float:
        """Accuracy of always saying the class that is most frequent in these rows."""
        return float(np.bincount(self.y_true).max() / self.n_rows)

    @cached_property
    def balanced_accuracy(self) -> float:
        """Mean recall over the classes that occur."""
        with warnings.catch_warnings():
            # Classes that were predicted and do not occur have no recall.
            warnings.simplefilter("ignore", UserWarning)
            return float(balanced_accuracy_score(self.y_true, self.y_pred))

    @cached_property
    def macro_f1(self) -> float:
        """Mean F1 score over the classes."""
        return float(f1_score(self.y_true, self.y_pred, average="macro", zero_division=0.0))

    @cached_property
    def log_loss(self) -> float:
        """Mean cross-entropy in nats; NaN without probabilities."""
        if self.probabilities is None:
            return math.nan
        return float(log_loss(self.y_true, self._as_double(), labels=range(len(self.classes))))

    @cached_property
    def auc(self) -> NDArray[np.float64]:
        """Area under the ROC curve of each class against the rest, shape (n_classes,).

        NaN for a class that does not occur, or alone occurs, and without probabilities.
        """
        areas = np.full(len(self.classes), np.nan)
        if self.probabilities is not None:
            for k in range(len(self.classes)):
                is_class = self.y_true == k
                if 0 < is_class.sum() < self.n_rows:
                    areas[k] = roc_auc_score(is_class, self.probabilities[:, k])
        return areas

    @cached_property
    def macro_auc(self) -> float:
        """Mean of :attr:`auc` where it is defined."""
        defined = self.auc[~np.isnan(self.auc)]
        return float(defined.mean()) if len(defined) else math.nan

    @cached_property
    def calibration_error(self) -> float:
        """Mean distance of confidence and accuracy in ten bins of confidence, by rows.

        The expected calibration error of Guo et al. (2017), "On calibration of modern neural
        networks": Σ n_b / n · |accuracy in bin b − mean confidence in bin b|. NaN without
        probabilities.
        """
        if self.probabilities is None:
            return math.nan
        confidence, is_right = self.confidence
        bins = np.minimum((confidence * 10).astype(int), 9)
        gaps = np.bincount(bins, weights=is_right - confidence, minlength=10)
        return float(np.abs(gaps).sum() / self.n_rows)

    @property
    def confidence(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For each row the probability of the predicted class, and 1 where it is right."""
        probabilities = self._as_double()
        return (
            probabilities[np.arange(self.n_rows), self.y_pred],
            (self.y_true == self.y_pred).astype(np.float64),
        )

    @cached_property
    def confusion(self) -> NDArray[np.intp]:
        """Rows of each true class (down) by predicted class (across)."""
        return confusion_matrix(self.y_true, self.y_pred, labels=range(len(self.classes)))

    @cached_property
    def by_class(self) -> dict[str, NDArray[np.float64]]:
        """``precision``, ``recall``, ``f1`` and ``support``, each of shape (n_classes,)."""
        columns = precision_recall_fscore_support(
            self.y_true, self.y_pred, labels=range(len(self.classes)), zero_division=np.nan
        )
        return dict(zip(("precision", "recall", "f1", "support"), columns, strict=True))

    def figure_on(self, rows: NDArray[np.bool_]) -> str:
        """The accuracy on some of the rows, in words.

        Parameters
        ----------
        rows : ndarray of bool of shape (n_rows,)
        """
        accuracy = float((self.y_true == self.y_pred)[rows].mean())
        return f"its accuracy is {percent(accuracy)}"

    def to_dict(self) -> dict[str, Any]:
        """Everything in values that JSON knows; what is not defined is None."""
        summary = {
            name: _or_none(getattr(self, name))
            for name in (
                "n_rows",
                "accuracy",
                "balanced_accuracy",
                "majority",
                "macro_f1",
                "log_loss",
                "macro_auc",
                "calibration_error",
            )
        }
        columns = {**self.by_class, "auc": self.auc}
        by_class = {
            name: {column: _or_none(values[k]) for column, values in columns.items()}
            for k, name in enumerate(self.names)
        }
        interval = list(self.accuracy_interval)
        return {
            **summary,
            "accuracy_interval": interval,
            "classes": by_class,
            "confusion": self.confusion.tolist(),
        }

    def _as_double(self) -> NDArray[np.float64]:
        assert self.probabilities is not None
        values = self.probabilities.astype(np.float64)
        return values / values.sum(axis=1, keepdims=True)


def _places(labels: NDArray[Any], classes: NDArray[Any], name: str) -> NDArray[np.intp]:
    known = {label: place for place, label in enumerate(classes.tolist())}
    values = labels.tolist()
    strange = [value for value in values if value not in known]
    if strange:
        raise ValueError(
            f"`{name}` must hold labels that the classifier knows, {_some(list(known))}, got "
            f"{strange[0]!r} in {len(strange)} of {len(values)} rows"
        )
    return np.array([known[value] for value in values], dtype=np.intp)


def _some(labels: list[Any]) -> str:
    shown = ", ".join(repr(label) for label in labels[:8])
    return shown if len(labels) <= 8 else f"{shown} and {len(labels) - 8} more"


def _or_none(value: Any) -> float | int | None:
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and math.isnan(plain) else plain
