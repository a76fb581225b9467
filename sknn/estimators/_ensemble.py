"""`ScratchMLPEnsembleClassifier`: several networks that differ by seed, as one."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags, check_random_state, resample
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import Interval, fit_context, validate_data

from ._arrays import arrays_of
from ._fit_many import fit_many
from ._labels import encode_labels, refuse_multilabel
from ._scratch import ScratchMLPClassifier


class ScratchMLPEnsembleClassifier(
    CallbackSupportMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    """Networks that differ by seed and, if asked, by rows; their mean probabilities.

    A single network depends on the seed that it started from. The mean of several is more
    accurate and better calibrated, and how much they differ says where not to trust them. They
    train together, as `fit_many` does it, in little more time than a few of them would take.

    Parameters
    ----------
    estimator : ScratchMLPClassifier, default=None
        What to fit `n_estimators` times; None for one with its defaults. Its `random_state` is
        replaced.
    n_estimators : int, default=10
        Number of networks.
    bootstrap : bool, default=False
        Whether each network sees a sample of the rows, drawn with replacement within every class,
        rather than all of them.
    n_jobs : int, default=None
        Stacks that train at the same time, through joblib.
    random_state : int, RandomState instance or None, default=None
        Source of the seeds and samples.

    Attributes
    ----------
    estimators_ : list of ScratchMLPClassifier
        The fitted networks.
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where `X` has names that are all strings.

    See Also
    --------
    ScratchMLPClassifier : One network.
    fit_many : Fits many classifiers together.

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

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [ScratchMLPClassifier, None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "bootstrap": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self, estimator=None, n_estimators=10, *, bootstrap=False, n_jobs=None, random_state=None
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.bootstrap = bootstrap
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    @np.errstate(all="ignore")
    def fit(self, X, y, sample_weight=None):
        """Fit all networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows, scaled.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : estimator
            The fitted ensemble.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a fit diverges.
        """
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        context = self._init_callback_context(max_subtasks=0)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y, metadata=metadata)
        refuse_multilabel(y)
        rows, labels = validate_data(
            self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32]
        )
        encoded = encode_labels(labels)
        rng = check_random_state(self.random_state)
        base = ScratchMLPClassifier() if self.estimator is None else self.estimator
        seeds = rng.randint(np.iinfo(np.int32).max, size=self.n_estimators).tolist()
        members = [clone(base).set_params(random_state=seed) for seed in seeds]
        splits = None
        if self.bootstrap:
            numbers = np.arange(len(labels))
            splits = [resample(numbers, stratify=encoded.numbers, random_state=rng) for _ in seeds]
        self.estimators_ = fit_many(
            members, rows, labels, sample_weight, splits=splits, n_jobs=self.n_jobs
        )
        for member in self.estimators_:
            member._state = None  # nothing goes on from it, and it is three quarters of a member
        self.classes_ = encoded.classes
        context.call_on_fit_task_end(estimator=self, X=X, y=y, metadata=metadata)
        return self

    @np.errstate(all="ignore")
    def _member_probabilities(self, X: Any) -> np.ndarray:
        """Probabilities by every network, shape (n_estimators, n_samples, n_classes)."""
        check_is_fitted(self)
        members = self.estimators_
        X = validate_data(
            self, X, accept_sparse="csr", dtype=members[0].coefs_[0].dtype, reset=False
        )
        each = [arrays_of(member) for member in members]
        arrays = {name: np.concatenate([arrays[name] for arrays in each]) for name in each[0]}
        outputs = members[0]._engine.predict(members[0]._plan.spec, arrays, X)
        if not np.isfinite(outputs).all():
            raise ValueError(
                "The outputs for these rows are not finite: X or the weights are too large for "
                f"{outputs.dtype}. Scale the columns of X."
            )
        return np.asarray(members[0]._target.probabilities(outputs))

    def predict_proba(self, X):
        """Probabilities of the classes: the mean over the networks.

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
        """The class with the largest mean probability of every row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            In the type of the labels in training.
        """
        winners = self.predict_proba(X).argmax(axis=1)
        return self.classes_[winners]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
