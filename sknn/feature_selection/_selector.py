"""What the selectors share: how many features to keep, and which ones `transform` keeps."""

from __future__ import annotations

from abc import ABCMeta
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import Interval, RealNotInt, check_sparse_indices
from sknn.estimators._labels import encode_labels


def check_classes(y: np.ndarray) -> None:
    """Raise ValueError unless `y` holds labels of two classes at least."""
    classes = encode_labels(y).classes
    if len(classes) < 2:
        raise ValueError(
            "`y` must have at least 2 classes for features to tell apart, got 1 class: "
            f"{classes.tolist()}"
        )


class BaseSelector(
    SelectorMixin, CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator, metaclass=ABCMeta
):
    """A selector with the parameter `n_features_to_select` and the attribute `support_`."""

    n_features_to_select: Any
    support_: np.ndarray

    _parameter_constraints: ClassVar[dict] = {
        "n_features_to_select": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
    }

    def _n_to_select(self, n_features: int) -> int | None:
        """How many of the features to keep, None where it is not said."""
        asked = self.n_features_to_select
        if asked is None:
            return None
        if isinstance(asked, Integral):
            if int(asked) > n_features:
                raise ValueError(
                    f"`n_features_to_select` must be at most the number of features, {n_features}, "
                    f"got {asked}"
                )
            return int(asked)
        return max(1, int(asked * n_features))

    @np.errstate(all="ignore")  # huge values end in an error, not in warnings before it
    def transform(self, X):
        """Keep the selected features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows with all features.

        Returns
        -------
        X_selected : {ndarray, sparse matrix} of shape (n_samples, n_selected_features)
            The same rows with the selected features alone.
        """
        check_sparse_indices(X)
        return super().transform(X)

    def inverse_transform(self, X):
        """Put the selected features back in their places, with zeros for the others.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_selected_features)
            Rows with the selected features alone.

        Returns
        -------
        X_original : {ndarray, sparse matrix} of shape (n_samples, n_features)
            The same rows with all features.
        """
        check_sparse_indices(X)
        return super().inverse_transform(X)

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self, "support_")
        return self.support_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.sparse = True
        return tags
