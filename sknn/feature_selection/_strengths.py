"""Strengths of a penalty: which may be asked for, and which of them is best."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_lambdas(lambdas: Any) -> np.ndarray:
    """Strengths that a user has asked for, rising, each once."""
    try:
        strengths = np.unique(np.asarray(lambdas, dtype=np.float64).ravel())
    except (TypeError, ValueError):
        strengths = np.empty(0)
    if not len(strengths) or not np.isfinite(strengths).all() or strengths[0] <= 0:
        raise ValueError(f"`lambdas` must be finite strengths above 0, got {lambdas!r}")
    return strengths


def best_index(means: np.ndarray, errors: np.ndarray | None, is_allowed: np.ndarray) -> int:
    """The place of the best of rising strengths.

    Parameters
    ----------
    means : ndarray of shape (n_lambdas,)
        Validation losses.
    errors : ndarray of shape (n_lambdas,) or None
        Their standard errors: the largest strength whose loss is within the error of the least
        loss is the best. None for the least loss itself.
    is_allowed : ndarray of bool of shape (n_lambdas,)
        Which may be chosen; the first one if none.
    """
    if not is_allowed.any():
        return 0
    allowed = np.where(is_allowed, means, np.inf)
    least = int(allowed.argmin())
    if errors is None:
        return least
    return int(np.flatnonzero(allowed <= means[least] + errors[least])[-1])
