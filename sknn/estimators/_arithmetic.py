"""Means and logarithms of numbers of any size: nothing overflows, and nothing vanishes."""

from __future__ import annotations

import numpy as np
from scipy.special import expit


def mean(each: np.ndarray) -> np.ndarray:
    """The mean over the first axis, without a sum that could overflow."""
    return np.asarray((each / len(each)).sum(axis=0))


def root_mean_square(errors: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """√(mean of squares) over the first axis; no square overflows, and none of them vanishes."""
    longest = np.abs(errors).max(axis=0)
    unit = np.where(longest > 0, longest, 1)
    square = np.average(np.square(errors / unit), axis=0, weights=weights)
    return np.asarray(longest * np.sqrt(square))


def log_logistic(outputs: np.ndarray) -> np.ndarray:
    """log p of p = 1 / (1 + exp(-z)): exact where p underflows, that of the rounded p elsewhere."""
    small = -np.logaddexp(outputs.dtype.type(0), -outputs)
    return np.where(outputs > 0, np.log(expit(outputs)), small)
