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
from sknn._warnings import warn
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
        If `y` is no classification target, or has a class that is not in `classes`.
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
            checked = check_sample_weight(
                sample_weight,
                X,
                dtype=np.float64,
                ensure_non_negative=True,
                allow_all_zero_weights=True,
            )
        except ValueError as error:
            raise ValueError(f"`{name}` must be weights of the rows: {error}") from error
        weights = tame(np.asarray(checked, dtype=np.float64))
        if not weights.any():
            raise ValueError(f"`{name}` must have a weight above zero, got only zeros")
    if class_weight is not None:
        weights = np.ones(X.shape[0]) if weights is None else weights
        by_class = tame(class_weights(class_weight, labels, weights))
        weights = tame(weights * by_class[labels.numbers])
        if not weights.any():
            raise ValueError(
                f"`class_weight` must leave a row a weight above zero, got {class_weight!r}"
            )
    return weights


def tame(weights: np.ndarray) -> np.ndarray:
    """Weights times a power of two, which loses no digit, so that the largest is about 1.

    Sums of huge weights would overflow, and products of small ones vanish.
    """
    return np.ldexp(weights, -np.frexp(weights.max())[1])


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
    labels: Labels,
    weights: np.ndarray | None,
    *,
    validation_fraction: float,
    seed: int,
) -> tuple[Rows, Rows]:
    """Training rows and held-out rows, stratified by class as far as that is possible.

    The row of a class that has no other is trained on, and so are rows that weigh nothing. Where
    fewer rows are held out, or trained on, than there are classes, the split is not stratified.

    Raises
    ------
    ValueError
        If there is one row only.
    """
    counts_for = np.full(X.shape[0], True) if weights is None else weights > 0
    n_rows = int(np.count_nonzero(counts_for))
    if n_rows < 2:
        raise ValueError(
            f"`early_stopping=True` holds out `validation_fraction`={validation_fraction} of the "
            f"rows and needs at least 2 that have a weight, got {n_rows} sample; pass `X_val` and "
            "`y_val` instead."
        )
    n_held_out = min(int(np.ceil(validation_fraction * n_rows)), n_rows - 1)
    counts = np.bincount(labels.numbers[counts_for], minlength=len(labels.classes))
    alone = counts_for & (counts[labels.numbers] == 1)
    n_classes, n_train = np.count_nonzero(counts > 1), n_rows - alone.sum() - n_held_out
    can_stratify = n_classes and n_held_out >= n_classes and n_train >= n_classes
    if not can_stratify or alone.any():
        how = "but the rows of classes with a single one" if can_stratify else "without stratifying"
        rare = labels.classes[counts == counts[counts > 0].min()].tolist()
        warn(
            f"`early_stopping=True` holds out {n_held_out} of {n_rows} rows, and of the "
            f"{np.count_nonzero(counts)} classes {rare!r:.200} have the fewest rows: they are "
            f"split {how}."
        )
    candidates = np.flatnonzero(counts_for & ~alone if can_stratify else counts_for)
    train, held_out = train_test_split(
        candidates,
        test_size=n_held_out,
        stratify=labels.numbers[candidates] if can_stratify else None,
        random_state=seed,
    )
    train = np.concatenate([train, np.setdiff1d(np.arange(X.shape[0]), candidates)])

    def part(rows: np.ndarray) -> Rows:
        row_weights = None if weights is None else weights[rows]
        return Rows(
            X[rows], labels.numbers[rows], scale_weights(row_weights, X.dtype, "sample_weight")
        )

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
    if validation_fraction is not None:
        train, valid = split_rows(
            X, labels, weights, validation_fraction=validation_fraction, seed=seed
        )
    else:
        train = Rows(X, labels.numbers, scale_weights(weights, X.dtype, "sample_weight"))
    return Problem(train, valid)
