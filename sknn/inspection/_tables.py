"""Tables as displays take them: numbers, and names of columns and classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array


def read_table(
    X: Any, feature_names: Sequence[str] | None = None
) -> tuple[NDArray[np.float64], list[str]]:
    """The values of a table, with NaN where one is missing, and the names of its columns.

    Raises
    ------
    ValueError
        If a column holds anything but numbers, or names do not fit the columns.
    """
    columns = getattr(X, "columns", None)
    if columns is not None and hasattr(X, "dtypes"):
        _refuse_text(X, columns)
    values = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan", input_name="X")
    if feature_names is None:
        given = columns if columns is not None else [f"x{k}" for k in range(values.shape[1])]
    else:
        given = feature_names
    names = [str(name) for name in given]
    if len(names) != values.shape[1]:
        raise ValueError(
            f"`feature_names` must be {values.shape[1]} names, one for each column, got "
            f"{len(names)}"
        )
    return values, names


def _refuse_text(X: Any, columns: Any) -> None:
    for place, column in enumerate(columns):
        alone = X.iloc[:, [place]] if hasattr(X, "iloc") else X[[column]]
        try:
            check_array(alone, dtype=np.float64, ensure_all_finite="allow-nan")
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"`X` must hold numbers, and column {str(column)!r} is of type "
                f"{next(iter(alone.dtypes))}: encode it, or leave it out"
            ) from error


def name_classes(
    y: ArrayLike, class_names: Sequence[str] | None
) -> tuple[NDArray[Any], NDArray[np.intp], list[str]]:
    """Sorted labels, the number of each row's label among them, and what to call them."""
    labels = unique_labels(y)
    numbers = np.searchsorted(labels, np.asarray(y))
    names = [str(label) for label in labels] if class_names is None else list(class_names)
    if len(names) != len(labels):
        raise ValueError(
            f"`class_names` must be {len(labels)} names, one for each of the classes "
            f"{labels.tolist()}, got {len(names)}"
        )
    return labels, numbers, names


def unique_labels(y: ArrayLike) -> NDArray[Any]:
    """The sorted labels.

    Raises
    ------
    ValueError
        If labels are missing, or of types that have no common order.
    """
    array = np.asarray(y)
    if any(label is None or label != label for label in array.tolist()):
        raise ValueError("`y` must hold a label for every row, got None or NaN for some")
    try:
        return np.unique(array)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in array.tolist()})
        raise ValueError(f"`y` must hold labels of one type, got {', '.join(kinds)}") from error


def names_of(estimator: Any, n_features: int) -> list[str]:
    """The names of the features that an estimator was fitted on, or x0, x1 and so on."""
    found = getattr(estimator, "feature_names_in_", None)
    return [f"x{k}" for k in range(n_features)] if found is None else [str(name) for name in found]
