"""Class labels as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets


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


def has_columns(y: Any) -> bool:
    """Whether `y` has several columns."""
    shape = getattr(y, "shape", None)
    if shape is None and y is not None and not isinstance(y, str):
        shape = np.shape(np.asarray(y, dtype=object))
    return shape is not None and len(shape) == 2 and shape[1] > 1


def refuse_multilabel(y: Any, name: str = "y") -> None:
    """Raise ValueError if `y` holds several labels per row."""
    if has_columns(y):
        raise ValueError(
            f"`{name}` must hold one class label per row, or indicators of labels, 0 or 1, got "
            f"shape {tuple(np.shape(y))}; for several classes per row see sklearn.multioutput."
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
