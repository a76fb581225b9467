"""What transformers of numeric columns share: validation, and which values count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from sknn._frames import plain_frame
from sknn._sklearn_compat import check_sample_weight, check_sparse_indices, validate_data

DTYPES = (np.float64, np.float32)
LARGEST = np.finfo(np.float64).max


def validate_columns(estimator: Any, X: Any, y: Any = "no_validation", **options: Any) -> Any:
    """`validate_data` for columns of floats with missing values, in an array or any data frame."""
    with _large_numbers():
        return validate_data(
            estimator, plain_frame(X), y, dtype=DTYPES, ensure_all_finite="allow-nan", **options
        )


def validate_transformed(estimator: Any, X: Any, n_columns: int, **options: Any) -> Any:
    """Rows that :meth:`transform` could have returned, for :meth:`inverse_transform`."""
    # Not validate_data: it would ask these rows for the column names of the original table.
    check_sparse_indices(X)
    with _large_numbers():
        X = check_array(
            X,
            dtype=DTYPES,
            ensure_all_finite="allow-nan",
            estimator=estimator,
            input_name="X",
            **options,
        )
    if X.shape[1] != n_columns:
        raise ValueError(
            f"X must have {n_columns} features, as {type(estimator).__name__}.transform "
            f"returns, got {X.shape[1]}"
        )
    return X


@contextmanager
def _large_numbers() -> Iterator[None]:
    """Have numbers that are too large for float64 end in an error alone, without a warning too."""
    # Sums that tell whether there is infinity overflow for the largest numbers.
    with np.errstate(all="ignore"):
        try:
            yield
        except OverflowError as error:
            raise ValueError(f"`X` must hold numbers that a float64 can hold: {error}") from error


def present_rows(X: NDArray[Any], sample_weight: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Weights of the rows, and where a column has a value in a row of positive weight.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Validated columns.
    sample_weight : array-like of shape (n_samples,) or None
        As the user gave it.

    Returns
    -------
    weights : ndarray of shape (n_samples,)
        Not negative.
    is_present : ndarray of bool of shape (n_samples, n_features)
        False for missing values, too.

    Raises
    ------
    ValueError
        If weights are not weights of these rows, or a column spans more than the largest float64.
    """
    weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    is_present = ~np.isnan(X) & (weights > 0)[:, None]
    low = X.min(axis=0, where=is_present, initial=np.inf).astype(np.float64)
    high = X.max(axis=0, where=is_present, initial=-np.inf).astype(np.float64)
    with np.errstate(over="ignore"):
        too_wide = np.flatnonzero(high - low == np.inf)
    if too_wide.size:
        raise ValueError(
            "the largest minus the smallest value of every column of X must be at most "
            f"{LARGEST:.3g}, the largest float64, which column {too_wide[0]} passes; rescale X"
        )
    return weights, is_present
