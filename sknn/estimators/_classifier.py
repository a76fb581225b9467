"""What every multilayer-perceptron classifier shares, whatever engine trains it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from sknn._sklearn_compat import check_partial_fit_first_call, fit_context

from ._fit import TrainableMLP
from ._inputs import Inputs
from ._labels import encode_labels, has_columns, refuse_multilabel
from ._target_parameters import ClassifierParameters
from ._targets import Classes, Encoded, LabelSets


class BaseMLPClassifier(ClassifierMixin, ClassifierParameters, TrainableMLP):
    """Targets and prediction of a multilayer-perceptron classifier."""

    classes_: np.ndarray
    _target: Classes | LabelSets

    # ---- the target ----

    def _check_target(self, y: Any, name: str = "y") -> None:
        if has_columns(y) and type_of_target(y, input_name=name) != "multilabel-indicator":
            refuse_multilabel(y, name)

    def _target_settings(self, y: Any) -> dict[str, Any]:
        return {"multi_output": True} if has_columns(y) else {}

    def _target_terms(self) -> tuple[Any, ...]:
        return ()

    def _encode(self, y: np.ndarray, *, resume: bool, partial: bool) -> Encoded:
        before = self._target if resume else None
        target: Classes | LabelSets
        if y.ndim == 2:
            target = LabelSets("sigmoid_cross_entropy", y.shape[1], issparse(y))
            if partial and not resume and len(self.classes_) != target.n_labels:
                raise ValueError(
                    f"`classes` must be the {target.n_labels} columns of `y`, which has several "
                    f"labels per row, got {len(self.classes_)} classes"
                )
            return Encoded(target, target.encode(y))
        labels = encode_labels(y, classes=self.classes_ if partial else None)
        target = Classes.of(labels.classes)
        if isinstance(before, Classes) and np.array_equal(before.classes, labels.classes):
            target = before  # which may be of a file with two outputs for two classes
        return Encoded(target, labels.numbers)

    @available_if(lambda self: self._check_can_partial_fit())
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train for one epoch on `X` and `y`, going on from where the last call ended.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_classes)
            Class labels, all of them in `classes`, or an indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, scaled to mean 1 over this call's rows.
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will bring; needed by the first call. Where rows have several
            labels, the numbers of the columns of `y`.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a loss or weight became non-finite.
        """
        if not self.__sklearn_is_fitted__() and hasattr(self, "classes_"):
            del self.classes_  # left behind by a first call that failed
        check_partial_fit_first_call(self, classes)
        with np.errstate(all="ignore"):
            return self._fit_partly(Inputs(X, y, sample_weight))

    # ---- prediction ----

    @np.errstate(all="ignore")
    def predict_proba(self, X):
        """Probabilities of the classes, or of the labels of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_` and the dtype of training.
        """
        outputs = self._validated_outputs(X)
        return self._target.probabilities(outputs)

    @np.errstate(all="ignore")
    def predict_log_proba(self, X):
        """Logarithms of the probabilities, from the outputs: exact where probabilities underflow.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_` and the dtype of training.
        """
        outputs = self._validated_outputs(X)
        return self._target.log_probabilities(outputs)

    def predict(self, X):
        """The most probable class of every row, or the labels that are more probable than not.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        labels : {ndarray, sparse matrix} of shape (n_samples,) or (n_samples, n_classes)
            In the type of the labels in training; or an indicator matrix, sparse if `y` was.
        """
        outputs = self._validated_outputs(X)
        decided = self._target.decide(outputs)
        return decided if isinstance(self._target, LabelSets) else self.classes_[decided]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.class_weight is None
        return tags
