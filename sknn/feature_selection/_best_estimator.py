"""Predictions by the best network of a path: a path is the kind of estimator that it trains."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted


def _network_has(method: str) -> Callable[[Any], bool]:
    def check(path: Any) -> bool:
        getattr(path._chosen_network(), method)
        return True

    return check


class BestEstimatorMixin:
    """The methods of `best_estimator_`, each where this has it."""

    _network: Any
    selection: Any
    best_estimator_: Any

    def _chosen_network(self) -> Any:
        """The best estimator, or what it is going to be.

        Raises
        ------
        AttributeError
            If none is chosen.
        """
        if hasattr(self, "best_estimator_"):
            return self.best_estimator_
        if self.selection is None or hasattr(self, "lambdas_"):
            raise AttributeError(
                "there is no `best_estimator_` to ask: none is chosen with selection=None, and a "
                "selector does not keep it"
            )
        return self._network

    @available_if(_network_has("predict"))
    def predict(self, X, **params):
        """Predict by the network of the best strength.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict, with all features.
        **params : dict of str to object
            Passed on, such as ``return_std``.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Class labels or numbers.
        """
        check_is_fitted(self)
        return self.best_estimator_.predict(X, **params)

    @available_if(_network_has("predict_proba"))
    def predict_proba(self, X):
        """Probabilities by the network of the best strength.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict, with all features.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        return self.best_estimator_.predict_proba(X)

    @available_if(_network_has("predict_log_proba"))
    def predict_log_proba(self, X):
        """Logarithms of the probabilities by the network of the best strength.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict, with all features.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        return self.best_estimator_.predict_log_proba(X)

    @available_if(_network_has("predict_quantiles"))
    def predict_quantiles(self, X):
        """Predict quantiles by the network of the best strength.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict, with all features.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_quantiles)
            Rising.
        """
        check_is_fitted(self)
        return self.best_estimator_.predict_quantiles(X)

    @available_if(_network_has("score"))
    def score(self, X, y, sample_weight=None):
        """Accuracy, or R² of a regressor, by the network of the best strength.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict, with all features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            What is true of them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            The score.
        """
        check_is_fitted(self)
        return self.best_estimator_.score(X, y, sample_weight)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()  # type: ignore[misc]
        network = get_tags(self._network)
        if self.selection is not None:
            tags.estimator_type = network.estimator_type
            tags.classifier_tags = deepcopy(network.classifier_tags)
            tags.regressor_tags = deepcopy(network.regressor_tags)
        tags.target_tags.required = True
        tags.input_tags.sparse = network.input_tags.sparse
        return tags
