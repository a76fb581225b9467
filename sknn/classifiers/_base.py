"""What every multilayer-perceptron classifier shares, whatever engine trains it.

`fit` prepares (validates, turns data into a `Problem` and parameters into a `Plan`), lets the
engine train, and reads the fitted attributes out of the state. An engine supplies two methods,
`_train` and `_logits`.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import check_partial_fit_first_call, fit_context, validate_data
from sknn.backprop import EpochHook, History, Plan, Problem, TrainState, log_softmax, softmax

from ._hooks import epoch_hook
from ._prepare import Given, Terms, prepare
from ._resolve import PARAMETER_CONSTRAINTS, SCHEDULES_OVER_MAX_ITER, resolve_plan
from ._results import fitted_attributes, report_outcome


class BaseMLPClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator, metaclass=ABCMeta):
    """Parameters, validation and prediction of a multilayer-perceptron classifier."""

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    classes_: np.ndarray
    sparsity_: np.ndarray
    selected_features_: np.ndarray
    history_: History
    # Of the last fit: its settings, where it ended (None in files without it, and in members of
    # ensembles), and whether it held rows out.
    _plan: Plan
    _state: TrainState | None
    _held_out: bool

    _parameter_constraints: ClassVar[dict] = PARAMETER_CONSTRAINTS

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        learning_rate_init=0.001,
        learning_rate="constant",
        power_t=0.5,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size="auto",
        max_iter=200,
        max_fun=15000,
        l1=0.0,
        l2=1e-4,
        group_l1=0.0,
        l1_method="prox",
        dropout=0.0,
        input_dropout=0.0,
        label_smoothing=0.0,
        max_grad_norm=None,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        monitor="valid_loss",
        shuffle=True,
        random_state=None,
        warm_start=False,
        verbose=False,
        record="epoch",
        dtype="auto",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.power_t = power_t
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.l1 = l1
        self.l2 = l2
        self.group_l1 = group_l1
        self.l1_method = l1_method
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.label_smoothing = label_smoothing
        self.max_grad_norm = max_grad_norm
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.monitor = monitor
        self.shuffle = shuffle
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.record = record
        self.dtype = dtype

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        # Reading so long a signature again and again would be half the cost of `clone`.
        return super()._get_param_names()

    @abstractmethod
    def _train(
        self, problem: Problem, plan: Plan, state: TrainState, on_epoch: EpochHook | None
    ) -> TrainState:
        """Train from `state` on, and return the state arrived at."""

    def _check_engine(self, dtype: np.dtype) -> None:  # NumPy is always there
        """Raise ValueError where the engine is asked for what it cannot do."""

    @abstractmethod
    def _logits(self, X: Any) -> np.ndarray:
        """Logits of shape (n_rows, n_classes) for validated rows."""

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the network to `X` and `y`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows. Scale the columns first: steps are equal in all directions.
        y : array-like of shape (n_samples,)
            Class labels of any type.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0; scaled to mean 1 over the training rows, after
            `class_weight` is multiplied in.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows. With `early_stopping` they take the place of the held-out split;
            without, they are only recorded in `history_`. In a Pipeline, have them transformed
            with ``Pipeline(..., transform_input=["X_val"])`` and metadata routing.
        y_val : array-like of shape (n_val,), default=None
            Their labels, all known from `y`.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a loss or weight became non-finite.
        """
        resume = self.warm_start and self.__sklearn_is_fitted__()
        given = Given(X, y, sample_weight, X_val, y_val, sample_weight_val)
        with np.errstate(all="ignore"):  # whatever the caller has set
            return self._fit(given, resume=resume, max_iter=self.max_iter)

    @available_if(lambda self: self._check_can_partial_fit())
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train for one epoch on `X` and `y`, going on from where the last call ended.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,)
            Class labels, all of them in `classes`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, scaled to mean 1 over this call's rows.
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will bring; needed by the first call.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a loss or weight became non-finite.
        """
        for name, clashes in (
            ("early_stopping", self.early_stopping),
            ("class_weight", isinstance(self.class_weight, str)),
            ("learning_rate", self.learning_rate in SCHEDULES_OVER_MAX_ITER),
        ):
            if clashes:
                raise ValueError(
                    f"partial_fit does not support {name}={getattr(self, name)!r}: it sees a part "
                    "of the data, and an epoch at a time"
                )
        resume = self.__sklearn_is_fitted__()
        if not resume and hasattr(self, "classes_"):
            del self.classes_  # left behind by a first call that failed
        check_partial_fit_first_call(self, classes)
        with np.errstate(all="ignore"):
            return self._fit(Given(X, y, sample_weight), resume=resume, max_iter=1, partial=True)

    def _check_can_partial_fit(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is not available with solver='lbfgs'")
        return True

    def _fit(self, given: Given, *, resume: bool, max_iter: int, partial: bool = False) -> Self:
        job = prepare(self, given, resume=resume, max_iter=max_iter, partial=partial)
        for_callbacks = given.for_callbacks()
        context = self._init_callback_context(max_subtasks=max_iter + (self.solver == "lbfgs"))
        context.call_on_fit_task_begin(estimator=self, **for_callbacks)

        def attributes(state: TrainState) -> dict[str, Any]:
            return fitted_attributes(state.copy(), job)

        hook = epoch_hook(self, context, for_callbacks, attributes)
        n_epochs = len(job.state.histories[0])
        try:
            state = self._train(job.problem, job.plan, job.state, hook)
        except BaseException:  # of a callback: where fits go on, what is complete is kept
            if self.warm_start and len(job.state.histories[0]) > n_epochs:
                self._take_over(job.state, job)
            raise
        report_outcome(state, job.plan, not partial and bool(np.isfinite(self.n_iter_no_change)))
        self._take_over(state, job)
        context.call_on_fit_task_end(
            estimator=self, **for_callbacks, reconstruction_attributes=lambda: attributes(state)
        )
        return self

    def _take_over(self, state: TrainState, terms: Terms) -> None:
        """Become the fitted estimator that a training has ended with."""
        for name, value in fitted_attributes(state, terms).items():
            setattr(self, name, value)

    @property
    def loss_curve_(self) -> list[float]:
        """Objective of every epoch."""
        return (self.history_["train_loss"] + self.history_["penalty"]).tolist()

    @property
    def best_loss_(self) -> float | None:
        """Least of `loss_curve_`; None with `early_stopping`."""
        return None if self._plan.restore_best else min(self.loss_curve_, default=None)

    @property
    def validation_scores_(self) -> list[float] | None:
        """Validation accuracy after every epoch; None without validation rows."""
        accuracies = self.history_["valid_accuracy"]
        return None if np.isnan(accuracies[-1:]).any() else accuracies.tolist()

    def _resolve_plan(self, **shape: Any) -> Plan:
        return resolve_plan(self, **shape)

    @np.errstate(all="ignore")
    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_` and the dtype of training.
        """
        logits = self._validated_logits(X)
        return softmax(logits, out=logits)

    @np.errstate(all="ignore")
    def predict_log_proba(self, X):
        """Logarithms of the probabilities, from the logits: exact where probabilities underflow.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_` and the dtype of training.
        """
        return log_softmax(self._validated_logits(X))

    def predict(self, X):
        """The most probable class of every row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            In the type of the labels in training.
        """
        winners = self._validated_logits(X).argmax(axis=1)
        return self.classes_[winners]

    @np.errstate(all="ignore")
    def _validated_logits(self, X: Any) -> np.ndarray:
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # raises; asking it first would cost a tenth of a short call
        X = validate_data(self, X, accept_sparse="csr", dtype=self.coefs_[0].dtype, reset=False)
        logits = self._logits(X)
        if not np.isfinite(logits).all():
            if not all(np.isfinite(W).all() for W in (*self.coefs_, *self.intercepts_)):
                raise ValueError("`coefs_` and `intercepts_` must be finite, got NaN or infinity")
            raise ValueError(
                "The logits of these rows are not finite: X or the weights are too large for "
                f"{logits.dtype}. Scale the columns of X, or train with a lower "
                f"`learning_rate_init`, which was {self.learning_rate_init!r}."
            )
        return logits

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_plan")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
