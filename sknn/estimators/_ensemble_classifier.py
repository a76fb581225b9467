"""`ScratchMLPEnsembleClassifier`: the mean probabilities of several networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags

from ._declare import estimator
from ._ensemble import ATTRIBUTES, BaseEnsemble, network_parameter
from ._scratch import ScratchMLPClassifier
from ._targets import LabelSets


@estimator(attributes=ATTRIBUTES)
class ScratchMLPEnsembleClassifier(ClassifierMixin, BaseEnsemble):
    """Classifiers that differ by seed and, if asked, by rows; their mean probabilities.

    A single network depends on the seed that it started from. The mean of several is more
    accurate and better calibrated, and how much they differ shows where not to trust them. They
    train together, as `fit_many` does it, in little more time than a few of them would take.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    estimators_ : list of ScratchMLPClassifier
        The fitted networks.
    classes_ : ndarray of shape (n_classes,)
        The class labels; where rows have several labels, the numbers of the columns of `y`.
    {attributes}

    See Also
    --------
    ScratchMLPClassifier : One network.
    ScratchMLPEnsembleRegressor : The same for numbers.
    fit_many : Fits many networks together.

    References
    ----------
    B. Lakshminarayanan, A. Pritzel and C. Blundell, "Simple and scalable predictive uncertainty
    estimation using deep ensembles", NeurIPS 2017.

    Examples
    --------
    >>> from sknn.estimators import ScratchMLPClassifier, ScratchMLPEnsembleClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> mlp = ScratchMLPClassifier(max_iter=20, n_iter_no_change=float("inf"))
    >>> model = ScratchMLPEnsembleClassifier(mlp, n_estimators=5, random_state=0)
    >>> model.fit(X / X.max(axis=0), y).predict_std(X[:2] / X.max(axis=0)).shape
    (2, 3)
    """

    estimator: Any = network_parameter(ScratchMLPClassifier)

    @property
    def _network(self) -> ScratchMLPClassifier:
        return ScratchMLPClassifier() if self.estimator is None else self.estimator

    def _member_probabilities(self, X: Any) -> np.ndarray:
        """Probabilities by every network, shape (n_estimators, n_samples, n_classes)."""
        outputs = self._outputs(X)
        return np.asarray(self.estimators_[0]._target.probabilities(outputs))

    def predict_proba(self, X):
        """Probabilities of the classes, or of the labels of each row: the mean over the networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._member_probabilities(X).mean(axis=0)

    def predict_std(self, X):
        """How much the networks differ: the standard deviation of their probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        spread : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; 0 where all agree.
        """
        return self._member_probabilities(X).std(axis=0)

    def predict_log_proba(self, X):
        """Logarithms of the mean probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X):
        """The class with the largest mean probability, or the labels that have more than a half.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        labels : {ndarray, sparse matrix} of shape (n_samples,) or (n_samples, n_classes)
            In the type of the labels in training; or an indicator matrix, sparse if `y` was.
        """
        mean = self.predict_proba(X)
        target = self.estimators_[0]._target
        if isinstance(target, LabelSets):
            return target.decide(mean - 0.5)
        return target.classes[mean.argmax(axis=1)]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = getattr(self.estimator, "class_weight", None) is None
        return tags
