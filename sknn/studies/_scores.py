"""How predictions are scored, where a class may be so rare that some rows lack it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score


def score(
    y: NDArray[Any], probabilities: NDArray[np.floating], classes: NDArray[Any]
) -> dict[str, float]:
    """Accuracy, mean F1 score over the classes, and log loss of predicted probabilities.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        The true labels.
    probabilities : ndarray of shape (n_rows, n_classes)
        What was predicted.
    classes : ndarray of shape (n_classes,)
        The labels in the order of the probabilities, which is a sorted one.

    Returns
    -------
    scores : dict of str to float
        ``"accuracy"``, ``"macro_f1"``, ``"log_loss"``. The classes that the second is a mean over
        are those that occur in `y` or are predicted.
    """
    predictions = classes[probabilities.argmax(axis=1)]
    return {
        "accuracy": float(np.mean(predictions == y)),
        "macro_f1": float(f1_score(y, predictions, average="macro", zero_division=0.0)),
        "log_loss": log_loss(y, probabilities, classes),
    }


def log_loss(y: NDArray[Any], probabilities: NDArray[np.floating], classes: NDArray[Any]) -> float:
    """Mean cross-entropy, of rows of any of the classes or of none of them."""
    places = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    own = np.where(classes[places] == y, probabilities[np.arange(len(y)), places], 0.0)
    # A probability of 0 counts as the smallest number, as in scikit-learn's own log loss.
    return float(-np.log(own.clip(np.finfo(probabilities.dtype).eps, 1.0)).mean())


def neg_log_loss(estimator: Any, X: Any, y: Any) -> float:
    """A scorer like scikit-learn's of that name, for folds in which rare classes are missing."""
    return -log_loss(np.asarray(y), estimator.predict_proba(X), estimator.classes_)


def has_twin(X: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows of `X` are equal, feature by feature, to one of `others`.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        The rows that are asked about.
    others : ndarray of shape (n_others, n_features)
        The rows among which a twin may be.

    Returns
    -------
    twins : ndarray of bool of shape (n_rows,)
        True for a row that has one.
    """
    known = {row.tobytes() for row in np.ascontiguousarray(others) + 0.0}
    # Adding zero makes one zero of two, which are equal but have other bytes.
    return np.array([row.tobytes() in known for row in np.ascontiguousarray(X) + 0.0], dtype=bool)
