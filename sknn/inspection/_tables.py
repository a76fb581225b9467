"""Tables as displays take them: numbers, and names of columns and classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import column_or_1d

from sknn._frames import plain_frame
from sknn.inspection._checks import check_names
from sknn.inspection._fitted import names_of

# Ranges, bins and variances of larger numbers are infinite.
LARGEST = 1e150


def read_table(
    X: Any, feature_names: Sequence[str] | None = None
) -> tuple[NDArray[np.float64], list[str]]:
    """The values of a table, with NaN where one is missing, and the names of its columns.

    Raises
    ------
    ValueError
        If a column holds anything but numbers, or such as have no squares, or names do not fit the
        columns.
    """
    X = plain_frame(X)
    columns = getattr(X, "columns", None)
    if columns is not None:
        _refuse_text(X, columns)
    with np.errstate(over="ignore", invalid="ignore"):  # of sums that tell infinity
        try:
            values = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan", input_name="X")
        except OverflowError as error:
            raise ValueError(f"`X` must hold numbers that a float64 can hold: {error}") from error
    n_columns = values.shape[1]
    if feature_names is None:
        feature_names = names_of(None, n_columns) if columns is None else list(columns)
    names = check_names("feature_names", feature_names, n_columns, ", one for each column")
    too_large = np.flatnonzero((np.abs(values) > LARGEST).any(axis=0))
    if len(too_large):
        raise ValueError(
            f"`X` must hold numbers whose squares are numbers, below {LARGEST:g}, and column "
            f"{names[too_large[0]]!r} holds larger ones: rescale it"
        )
    return values, names


def _refuse_text(X: Any, columns: Any) -> None:
    if not len(columns):
        raise ValueError("`X` must have at least one column, got none")
    for place, column in enumerate(columns):
        alone = X.iloc[:, [place]]
        try:
            with np.errstate(over="ignore"):
                check_array(alone, dtype=np.float64, ensure_all_finite=False, ensure_min_samples=0)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"`X` must hold numbers, and column {str(column)!r} is of type "
                f"{next(iter(alone.dtypes))}: encode it, or leave it out"
            ) from error


def name_classes(
    y: ArrayLike, class_names: Sequence[str] | None
) -> tuple[NDArray[Any], NDArray[np.intp], list[str]]:
    """Sorted labels, the number of each row's label among them, and what to call them."""
    labels = unique_labels(y)
    numbers = np.searchsorted(labels, column_or_1d(y))
    return labels, numbers, check_class_names(class_names, labels)


def check_class_names(class_names: Sequence[str] | None, labels: NDArray[Any]) -> list[str]:
    """What to call the classes: the user's names, or their labels."""
    given = labels if class_names is None else class_names
    return check_names("class_names", given, len(labels), f" of the classes {labels.tolist()}")


def unique_labels(y: ArrayLike) -> NDArray[Any]:
    """The sorted labels.

    Raises
    ------
    ValueError
        If labels are missing, or of types that have no common order, or numbers with fractions.
    """
    array = column_or_1d(y)
    if any(label is None or label != label for label in array.tolist()):
        raise ValueError("`y` must hold a label for every row, got None or NaN for some")
    if array.dtype.kind == "f" and (array % 1 != 0).any():
        raise ValueError(
            f"`y` must hold classes, got numbers such as {array[array % 1 != 0][0]:g}: cut them "
            "into a few ranges"
        )
    try:
        return np.unique(array)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in array.tolist()})
        raise ValueError(f"`y` must hold labels of one type, got {', '.join(kinds)}") from error
