"""What estimators share that train networks: ensembles, selectors, paths."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sknn._sklearn_compat import validate_data

from ._base import BaseMLP
from ._targets import Target


def validate_as(
    network: BaseMLP, owner: BaseEstimator, X: Any, y: Any, dtype: Any = "numeric"
) -> tuple[Any, np.ndarray, Target]:
    """Validate the data of an estimator that trains networks, as such a network would.

    Parameters
    ----------
    network : estimator
        What is to be trained.
    owner : estimator
        What has been given the data; it remembers the features.
    X, y : array-like
        As `fit` got them.
    dtype : dtype or list of dtype, default='numeric'
        Of the rows.

    Returns
    -------
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : {ndarray, sparse matrix} of shape (n_samples,) or (n_samples, n_targets)
    target : Target
        What is predicted.

    Raises
    ------
    ValueError
        If the parameters of the network are invalid, or the data.
    """
    network._validate_params()
    network._check_target(y)
    settings = network._target_settings(y)
    kinds = network._accepted_sparse()
    X, y = validate_data(owner, X, y, accept_sparse=kinds, dtype=dtype, **settings)
    target = network._encode(y, resume=False, partial=False).target
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]  # once it has been warned of
    return X, y, target
