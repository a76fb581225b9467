"""What selectors and paths share: the data, how many features to keep, which ones are kept."""

from __future__ import annotations

from abc import ABCMeta
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import Interval, RealNotInt, check_sparse_indices
from sknn.estimators import ScratchMLPClassifier
from sknn.estimators._base import BaseMLP
from sknn.estimators._meta import validate_as
from sknn.estimators._targets import Classes, Target

# Numbers without fractions may be names of classes, but hardly so many.
MOST_CLASSES_OF_NUMBERS = 20


def default_network(**params: Any) -> ScratchMLPClassifier:
    """What selectors and paths train where `estimator` is None."""
    return ScratchMLPClassifier(
        learning_rate_init=0.01, max_iter=100, n_iter_no_change=np.inf, **params
    )


def validate(owner: Any, network: BaseMLP, X: Any, y: Any) -> tuple[Any, np.ndarray, Target]:
    """Validate data in which features are to be found, as the network would.

    Raises
    ------
    ValueError
        If parameters of the network or data are invalid, or `y` is everywhere the same.
    """
    if is_classifier(network) and y is not None:
        _refuse_numbers(y, is_default=owner.estimator is None)
    rows, truth, target = validate_as(network, owner, X, y)
    encoded = target.encode(truth)
    if isinstance(target, Classes) and len(target.classes) < 2:
        raise ValueError(
            "`y` must have at least 2 classes for features to tell apart, got 1 class: "
            f"{target.classes.tolist()}"
        )
    if (encoded == encoded[0]).all():
        raise ValueError(
            "`y` must have at least 2 different values for features to tell apart, got "
            f"{encoded[0].tolist()} in each of {len(encoded)} samples"
        )
    return rows, truth, target


def _refuse_numbers(y: Any, is_default: bool) -> None:
    """Raise ValueError where labels are plainly numbers to predict, and say what predicts them."""
    kind = type_of_target(y, input_name="y")
    found = None
    if kind.startswith(("continuous", "unknown")):
        found = f". Unknown label type: {kind}"
    elif is_default and kind == "multiclass" and np.asarray(y).dtype.kind == "f":
        n_different = len(np.unique(np.asarray(y)))
        if n_different > MOST_CLASSES_OF_NUMBERS:
            found = f", got {n_different} different floats"
    if found:
        raise ValueError(
            f"`y` must hold class labels for a classifier{found}. Pass "
            "`estimator=ScratchMLPRegressor()` for numbers"
            + (", or `estimator=ScratchMLPClassifier()` for classes." if is_default else ".")
        )


class BaseSelector(
    SelectorMixin, CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator, metaclass=ABCMeta
):
    """A selector with the parameter `n_features_to_select` and the attribute `support_`."""

    estimator: Any
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
        network = self.estimator
        tags.input_tags.sparse = network is None or get_tags(network).input_tags.sparse
        return tags
