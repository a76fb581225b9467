"""From what the user passes to a `Problem`: labels as numbers, weights scaled, rows split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from sknn._sklearn_compat import check_sample_weight, validate_data
from sknn.backprop import Problem, Rows


@dataclass(frozen=True)
class Labels:
    """Class labels and their numbers.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels in sorted order, in the type in which they came.
    numbers : ndarray of int of shape (n_rows,)
        The label of each row as an index into `classes`.
    """

    classes: np.ndarray
    numbers: np.ndarray


def refuse_multilabel(y: Any, name: str = "y") -> None:
    """Raise ValueError if `y` holds several labels per row."""
    shape = getattr(y, "shape", None)
    if shape is None and y is not None and not isinstance(y, str):
        shape = np.shape(np.asarray(y, dtype=object))
    if shape is not None and len(shape) == 2 and shape[1] > 1:
        raise ValueError(
            f"`{name}` must hold one class label per row, got shape {tuple(shape)}: multilabel and "
            "multi-output targets are not supported; see sklearn.multioutput."
        )


def encode_labels(y: np.ndarray, name: str = "y", classes: np.ndarray | None = None) -> Labels:
    """Number the class labels.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
    name : str
        What to call it in an error.
    classes : ndarray, optional
        The classes to number by; found in `y` if not given.

    Raises
    ------
    ValueError
        If `y` is no classification target, has fewer than two classes, or one that is not in
        `classes`.
    """
    try:
        check_classification_targets(y)
        found = LabelEncoder().fit(y).classes_
        classes = found if classes is None else classes
        known = set(classes.tolist())
        new = [label for label in found.tolist() if label not in known]
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` must hold class labels: {error}") from error
    if new:
        raise ValueError(
            f"`{name}` must have no class that training has not, got {new}; "
            f"known classes are {classes.tolist()}"
        )
    if len(classes) < 2:
        raise ValueError(f"`{name}` must have at least 2 classes, got 1 class: {classes.tolist()}")
    return Labels(classes, np.searchsorted(classes, y.astype(classes.dtype)))


def row_weights(
    X: Any,
    labels: Labels,
    sample_weight: Any,
    class_weight: Any = None,
    name: str = "sample_weight",
) -> np.ndarray | None:
    """Sample weight × class weight of every row, None where all are one.

    Raises
    ------
    ValueError
        If weights are negative, not finite, of another length than `X`, or all zero.
    """
    weights = None
    if sample_weight is not None:
        try:
            weights = check_sample_weight(
                sample_weight,
                X,
                dtype=np.float64,
                ensure_non_negative=True,
                copy=True,
                allow_all_zero_weights=True,
            )
        except ValueError as error:
            raise ValueError(f"`{name}` must be weights of the rows: {error}") from error
        if not weights.any():
            raise ValueError(f"`{name}` must have a weight above zero, got only zeros")
        weights /= weights.max()  # so that no sum of huge weights overflows
    if class_weight is not None:
        weights = np.ones(X.shape[0]) if weights is None else weights
        weights *= class_weights(class_weight, labels, weights)[labels.numbers]
        if not weights.any():
            raise ValueError(
                f"`class_weight` must leave a row a weight above zero, got {class_weight!r}"
            )
    return weights


def class_weights(class_weight: Any, labels: Labels, weights: np.ndarray) -> np.ndarray:
    """The weight of each class; a class whose rows weigh nothing has no say in them.

    Raises
    ------
    ValueError
        If weights are negative or not finite, or belong to no class.
    """
    counted = labels.classes[labels.numbers[weights > 0]]
    there = np.full(len(labels.classes), True)
    if class_weight == "balanced":
        there = np.isin(labels.classes, counted)
    by_class = np.zeros(len(labels.classes))
    try:
        by_class[there] = compute_class_weight(
            class_weight,
            classes=labels.classes[there],
            y=counted,
            sample_weight=weights[weights > 0],
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`class_weight` must be a number for each class, got {class_weight!r}: {error}"
        ) from error
    if not (np.isfinite(by_class).all() and (by_class >= 0).all()):
        raise ValueError(
            f"`class_weight` must be finite weights of at least 0, got {class_weight!r}"
        )
    return by_class


def scale_weights(weights: np.ndarray | None, dtype: np.dtype, name: str) -> np.ndarray | None:
    """Weights with mean 1, in the dtype of training."""
    if weights is None:
        return None
    mean = weights.mean()
    if mean <= 0:
        raise ValueError(
            f"`{name}` must have a weight above zero among the rows that are trained on and "
            "among those that are held out, got only zeros"
        )
    return (weights / mean).astype(dtype)


def validation_rows(
    estimator: BaseEstimator,
    valid: tuple[Any, Any, Any],
    classes: np.ndarray,
    dtype: np.dtype,
) -> Rows | None:
    """The validation rows that the user passed, if any.

    Parameters
    ----------
    estimator : estimator
        Whose training data they must be like.
    valid : tuple
        ``X_val``, ``y_val`` and ``sample_weight_val``.
    classes : ndarray of shape (n_classes,)
        The classes of the training rows.
    dtype : dtype
        Of training.

    Raises
    ------
    ValueError
        If they are incomplete, unlike the training rows, or of an unknown class.
    """
    X, y, sample_weight = valid
    if X is None and y is None:
        if sample_weight is not None:
            raise ValueError("`sample_weight_val` must come with `X_val` and `y_val`")
        return None
    for name, given in (("X_val", X), ("y_val", y)):
        if given is None:
            raise ValueError(f"`X_val` and `y_val` must come together, got {name}=None")
    refuse_multilabel(y, "y_val")
    try:
        X, y = validate_data(
            estimator, X, y, accept_sparse="csr", dtype=dtype, order="C", reset=False
        )
    except ValueError as error:
        raise ValueError(f"`X_val`, `y_val` must be like `X`, `y`: {error}") from error
    labels = encode_labels(y, "y_val", classes)
    weights = row_weights(X, labels, sample_weight, name="sample_weight_val")
    return Rows(X, labels.numbers, scale_weights(weights, dtype, "sample_weight_val"))


def split_rows(
    X: Any,
    labels: np.ndarray,
    weights: np.ndarray | None,
    *,
    validation_fraction: float,
    seed: int,
) -> tuple[Rows, Rows]:
    """Training rows and held-out rows, stratified by class.

    Raises
    ------
    ValueError
        If the rows are too few for such a split.
    """
    n_rows = X.shape[0]
    try:
        train, held_out = train_test_split(
            np.arange(n_rows),
            test_size=validation_fraction,
            stratify=labels,
            random_state=seed,
        )
    except ValueError as error:
        raise ValueError(
            f"`early_stopping=True` could not hold out `validation_fraction`="
            f"{validation_fraction} of {n_rows} rows, stratified by class: {error}"
        ) from error

    def part(rows: np.ndarray) -> Rows:
        row_weights = None if weights is None else weights[rows]
        return Rows(X[rows], labels[rows], scale_weights(row_weights, X.dtype, "sample_weight"))

    return part(train), part(held_out)


def make_problem(
    X: Any,
    labels: Labels,
    weights: np.ndarray | None,
    valid: Rows | None,
    *,
    validation_fraction: float | None,
    seed: int,
) -> Problem:
    """The frozen problem of a fit; rows are held out where `validation_fraction` is given."""
    n_classes = len(labels.classes)
    if validation_fraction is not None:
        train, valid = split_rows(
            X, labels.numbers, weights, validation_fraction=validation_fraction, seed=seed
        )
    else:
        train = Rows(X, labels.numbers, scale_weights(weights, X.dtype, "sample_weight"))
    return Problem(train, n_classes, valid)
