"""From what the user passes to a `Problem`: weights scaled, rows split, the target on its scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import compute_class_weight

from sknn._sklearn_compat import check_sample_weight, safe_indexing, validate_data
from sknn._warnings import warn
from sknn.training import Problem, Rows

from ._base import BaseMLP
from ._targets import Classes, Encoded, Target


@dataclass(frozen=True)
class Inputs:
    """The arguments of `fit` or `partial_fit`, as the user passed them."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None

    def take(self, rows: Any) -> Inputs:
        """Some of the training rows, with their targets and weights."""
        rows = rows if isinstance(rows, np.ndarray) else np.array(list(rows))  # of any library
        columns = (self.X, self.y, self.sample_weight)
        return Inputs(*(None if c is None else safe_indexing(c, rows) for c in columns))

    def for_callbacks(self) -> dict[str, Any]:
        """What the hooks of scikit-learn's callbacks are told of the data."""
        weight = self.sample_weight
        metadata = None if weight is None else {"sample_weight": weight}
        return {"X": self.X, "y": self.y, "metadata": metadata}


def row_weights(
    X: Any,
    encoded: Encoded,
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
        by_class = tame(class_weights(class_weight, encoded, weights))
        weights = tame(weights * by_class[encoded.y])
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


def class_weights(class_weight: Any, encoded: Encoded, weights: np.ndarray) -> np.ndarray:
    """The weight of each class; a class whose rows weigh nothing has no say in them.

    Raises
    ------
    ValueError
        If weights are negative or not finite, or belong to no class.
    """
    if not isinstance(encoded.target, Classes):
        raise ValueError(
            "`class_weight` must be None where rows have several labels: a row has no class to "
            f"weigh it by, got {class_weight!r}"
        )
    classes = encoded.target.classes
    counted = classes[encoded.y[weights > 0]]
    there = np.full(len(classes), True)
    if class_weight == "balanced":
        there = np.isin(classes, counted)
    by_class = np.zeros(len(classes))
    try:
        by_class[there] = compute_class_weight(
            class_weight,
            classes=classes[there],
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
    estimator: BaseMLP,
    valid: tuple[Any, Any, Any],
    target: Target,
    dtype: np.dtype,
) -> Rows | None:
    """The validation rows that the user passed, if any.

    Parameters
    ----------
    estimator : estimator
        Whose training data they must be like.
    valid : tuple
        ``X_val``, ``y_val`` and ``sample_weight_val``.
    target : Target
        That of the training rows.
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
    estimator._check_target(y, "y_val")
    settings = estimator._target_settings(y)
    try:
        X, y = validate_data(
            estimator,
            X,
            y,
            accept_sparse=estimator._accepted_sparse(),
            dtype=dtype,
            order="C",
            reset=False,
            **settings,
        )
    except (TypeError, ValueError) as error:
        message = f"`X_val`, `y_val` must be like `X`, `y`: {error}"
        raise (TypeError if isinstance(error, TypeError) else ValueError)(message) from error
    encoded = Encoded(target, target.encode(y, "y_val"))
    weights = row_weights(X, encoded, sample_weight, name="sample_weight_val")
    return Rows(X, encoded.y, scale_weights(weights, dtype, "sample_weight_val"))


def split_rows(
    X: Any,
    encoded: Encoded,
    weights: np.ndarray | None,
    *,
    validation_fraction: float,
    seed: int,
) -> tuple[Rows, Rows]:
    """Training rows and held-out rows, stratified by class where there are classes.

    Rows that weigh nothing are trained on.

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
    candidates, strata = np.flatnonzero(counts_for), None
    if isinstance(encoded.target, Classes):
        candidates, strata = _strata(encoded.target.classes, encoded.y, candidates, n_held_out)
    train, held_out = train_test_split(
        candidates, test_size=n_held_out, stratify=strata, random_state=seed
    )
    train = np.concatenate([train, np.setdiff1d(np.arange(X.shape[0]), candidates)])

    def part(rows: np.ndarray) -> Rows:
        row_weights = None if weights is None else weights[rows]
        scaled = scale_weights(row_weights, X.dtype, "sample_weight")
        return Rows(X[rows], encoded.y[rows], scaled)

    return part(train), part(held_out)


def _strata(
    classes: np.ndarray, numbers: np.ndarray, candidates: np.ndarray, n_held_out: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows that may be held out, and their classes where a stratified split is possible.

    The row of a class that has no other is trained on. Where fewer rows are held out, or trained
    on, than there are classes, the split is not stratified.
    """
    n_rows = len(candidates)
    counts = np.bincount(numbers[candidates], minlength=len(classes))
    alone = counts[numbers[candidates]] == 1
    n_classes, n_train = np.count_nonzero(counts > 1), n_rows - alone.sum() - n_held_out
    can_stratify = bool(n_classes and n_held_out >= n_classes and n_train >= n_classes)
    if not can_stratify or alone.any():
        how = "but the rows of classes with a single one" if can_stratify else "without stratifying"
        rare = classes[counts == counts[counts > 0].min()].tolist()
        warn(
            f"`early_stopping=True` holds out {n_held_out} of {n_rows} rows, and of the "
            f"{np.count_nonzero(counts)} classes {rare!r:.200} have the fewest rows: they are "
            f"split {how}."
        )
    if not can_stratify:
        return candidates, None
    candidates = candidates[~alone]
    return candidates, numbers[candidates]


def make_problem(
    X: Any,
    encoded: Encoded,
    weights: np.ndarray | None,
    valid: Rows | None,
    *,
    validation_fraction: float | None,
    seed: int,
) -> tuple[Problem, Target]:
    """The frozen problem of a fit, and the target with the scale of its training rows.

    Rows are held out where `validation_fraction` is given.
    """
    if validation_fraction is not None:
        train, valid = split_rows(
            X, encoded, weights, validation_fraction=validation_fraction, seed=seed
        )
    else:
        train = Rows(X, encoded.y, scale_weights(weights, X.dtype, "sample_weight"))
    target = encoded.target.fitted_to(train.y, train.weights)
    train = replace(train, y=target.scaled(train.y, X.dtype))
    valid = None if valid is None else replace(valid, y=target.scaled(valid.y, X.dtype, "y_val"))
    return Problem(train, valid), target
