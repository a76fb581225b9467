"""What every multilayer-perceptron classifier shares, whatever engine trains it.

`fit` reads from top to bottom: validate, turn parameters into a `Plan` and data into a `Problem`,
let the engine train, read the fitted attributes out of the state. An engine supplies two methods,
`_train` and `_logits`.
"""

from __future__ import annotations

import warnings
from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from sknn._sklearn_compat import (
    Interval,
    Options,
    StrOptions,
    check_partial_fit_first_call,
    fit_context,
    is_outermost_fit,
)
from sknn.backprop import (
    EpochHook,
    Outcome,
    Parameters,
    Plan,
    Problem,
    Rows,
    Streams,
    TrainState,
    log_softmax,
    softmax,
)

from ._data import Labels, encode_labels, make_problem, refuse_multilabel, row_weights, scale_weights
from ._hooks import EpochCallbacks, EpochHooks, EpochPrinter
from ._resolve import SCHEDULES_OVER_MAX_ITER, resolve_plan, training_dtypes


class BaseMLPClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator, metaclass=ABCMeta):
    """Parameters, validation and prediction of a multilayer-perceptron classifier."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({"identity", "logistic", "tanh", "relu"})],
        "solver": [StrOptions({"sgd", "adam", "adamw", "rmsprop", "lbfgs"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [
            StrOptions({"constant", "invscaling", "adaptive", "cosine", "onecycle"})
        ],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [StrOptions({"auto", "full"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "l1": [Interval(Real, 0, None, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "l1_method": [StrOptions({"subgradient"})],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "tol": [Interval(Real, 0, None, closed="left")],
        "monitor": [StrOptions({"valid_loss", "valid_accuracy"})],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "record": [StrOptions({"epoch", "batch"})],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

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
        l1_method="subgradient",
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

    @abstractmethod
    def _train(
        self, problem: Problem, plan: Plan, state: TrainState, on_epoch: EpochHook | None
    ) -> TrainState:
        """Train from `state` on, and return the state arrived at."""

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
        valid = (X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, valid, resume=resume, max_iter=self.max_iter)

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
                    f"partial_fit sees a part of the data and an epoch at a time, and does not "
                    f"support `{name}`={getattr(self, name)!r}"
                )
        resume = self.__sklearn_is_fitted__()
        if not resume:
            # A fit that failed may have left `classes_` behind.
            vars(self).pop("classes_", None)
        check_partial_fit_first_call(self, classes)
        return self._fit(X, y, sample_weight, (None, None, None), resume=resume, max_iter=1, partial=True)

    def _check_can_partial_fit(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is not available with solver='lbfgs'")
        return True

    def _fit(self, X, y, sample_weight, valid, *, resume, max_iter, partial=False):
        data = {
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        # 1. Validate the data.
        refuse_multilabel(y)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=self.coefs_[0].dtype if resume else training_dtypes(self),
            reset=not resume,
        )
        labels = encode_labels(y, classes=self.classes_ if partial else None)
        weights = row_weights(X, y, sample_weight, self.class_weight)
        valid = self._validate_valid(*valid, labels, X.dtype)

        # 2. Where to start from: from scratch, or where the last call ended.
        state, streams = self._resumed(labels, resume)
        if streams is None:
            entropy = check_random_state(self.random_state).randint(2**32, size=4, dtype=np.int64)
            streams = Streams(entropy.tolist())

        # 3. The problem and the plan, with nothing left open.
        problem = make_problem(
            X,
            labels,
            weights,
            valid,
            validation_fraction=self.validation_fraction if self.early_stopping else None,
            seed=streams.split_seed,
        )
        plan = resolve_plan(
            self,
            n_rows=len(problem.train),
            n_features=X.shape[1],
            n_classes=problem.n_classes,
            dtype=X.dtype,
            max_iter=max_iter,
        )
        if resume:
            state = self._check_resumable(state, plan, streams)
        else:
            state = TrainState.start([plan], [streams])

        # 4. Train.
        n_tasks = max_iter + (self.solver == "lbfgs")
        context = self._init_callback_context(max_subtasks=n_tasks)
        context.call_on_fit_task_begin(estimator=self, **data)

        def attributes(state):
            return fitted_attributes(state, plan, labels.classes)

        state = self._train(problem, plan, state, self._epoch_hook(context, data, attributes))
        self._check_outcome(state, plan, partial)

        # 5. Read the fitted attributes out of the state.
        for name, value in attributes(state).items():
            setattr(self, name, value)
        self._memory = (plan, state) if self.warm_start or partial else None
        context.call_on_fit_task_end(estimator=self, **data, reconstruction_attributes=dict)
        return self

    def _validate_valid(self, X_val, y_val, sample_weight_val, labels: Labels, dtype) -> Rows | None:
        """Validation rows, if any were passed."""
        for name, given in (("y_val", y_val), ("X_val", X_val)):
            other = "X_val" if name == "y_val" else "y_val"
            if given is None and (X_val is not None or y_val is not None):
                raise ValueError(f"`{name}` must be given with `{other}`, got None")
        if X_val is None:
            if sample_weight_val is not None:
                raise ValueError("`sample_weight_val` must come with `X_val` and `y_val`")
            return None
        refuse_multilabel(y_val)
        try:
            X_val, y_val = validate_data(
                self, X_val, y_val, accept_sparse="csr", dtype=dtype, reset=False
            )
        except ValueError as error:
            raise ValueError(f"`X_val`, `y_val` must be like `X`, `y`: {error}") from error
        check_consistent_length(X_val, y_val)
        numbers = encode_labels(y_val, "y_val", labels.classes).numbers
        weights = row_weights(X_val, y_val, sample_weight_val, name="sample_weight_val")
        return Rows(X_val, numbers, scale_weights(weights, dtype, "sample_weight_val"))

    def _resumed(self, labels: Labels, resume: bool) -> tuple[TrainState | None, Streams | None]:
        """The state to go on from, and its random streams, where there are any."""
        if not resume:
            return None, None
        if not np.array_equal(labels.classes, self.classes_):
            raise ValueError(
                f"`y` must have the classes of the fit that warm_start goes on from, "
                f"{self.classes_.tolist()}, got {labels.classes.tolist()}"
            )
        if getattr(self, "_memory", None) is None:
            return None, None
        state = self._memory[1]
        return state, state.streams[0]

    def _check_resumable(
        self, state: TrainState | None, plan: Plan, streams: Streams
    ) -> TrainState:
        """The state that `plan` goes on from; without one, the fitted weights are the start."""
        sizes = tuple(coef.shape[0] for coef in self.coefs_) + (len(self.classes_),)
        before = self._memory[0] if state is not None else plan
        for name, now, then in (
            ("hidden_layer_sizes", plan.layer_sizes[1:-1], sizes[1:-1]),
            ("solver", plan.solver, before.solver),
            ("dtype", str(training_dtype(self, plan.dtype)), str(self.coefs_[0].dtype)),
        ):
            if now != then:
                raise ValueError(
                    f"`{name}` must stay as it was in the fit that is gone on from, {then!r}, "
                    f"got {now!r}; set warm_start=False to start afresh"
                )
        if state is not None:
            return state
        parameters = Parameters.zeros(1, plan.layer_sizes, plan.dtype)
        for layer, (coef, intercept) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            parameters.weights[layer][0] = coef
            parameters.biases[layer][0] = intercept
        state = TrainState.around(parameters, [plan], [streams])
        state.histories = [self.history_.copy()]
        return state

    def _epoch_hook(self, context, data, attributes) -> EpochHook | None:
        hooks: list[Any] = []
        if hasattr(self, "_skl_callbacks"):
            hooks.append(EpochCallbacks(self, context, data, attributes))
        if self.verbose:
            hooks.append(EpochPrinter(self))
        return EpochHooks(hooks) if hooks else None

    def _check_outcome(self, state: TrainState, plan: Plan, partial: bool) -> None:
        """Warn of, or raise, what went wrong."""
        outcome, history = state.outcomes[0], state.histories[0]
        if outcome is Outcome.DIVERGED:
            raise ValueError(
                f"Training diverged: a loss or weight became non-finite in epoch {len(history)}, "
                f"with `learning_rate_init`={plan.learning_rate_init:g} and a learning rate of "
                f"{history['learning_rate'][-1]:g} in that epoch. Scale the columns of X, lower "
                "`learning_rate_init`, or set `max_grad_norm`."
            )
        if outcome is Outcome.INTERRUPTED:
            if not len(history) or not is_outermost_fit():
                raise KeyboardInterrupt
            warnings.warn(
                f"Training interrupted by the user: the weights are those after epoch "
                f"{len(history)}, the last complete one.",
                stacklevel=4,
            )
        if outcome is Outcome.STALLED:
            warnings.warn(
                f"L-BFGS stopped before it converged: {state.message[0]}",
                ConvergenceWarning,
                stacklevel=4,
            )
        asks_convergence = plan.solver == "lbfgs" or np.isfinite(plan.n_iter_no_change)
        if outcome is Outcome.REACHED_MAX_ITER and asks_convergence and not partial:
            limit = state.message[0] or f"`max_iter`={plan.max_iter} epochs"
            warnings.warn(
                f"Training reached its limit ({limit}) and has not converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )

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

    def _validated_logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(
            self, X, accept_sparse="csr", dtype=self.coefs_[0].dtype, reset=False
        )
        return self._logits(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def training_dtype(estimator: BaseMLPClassifier, inferred: np.dtype) -> np.dtype:
    """The dtype that a parameter asks for, or else the one inferred from the data."""
    return inferred if estimator.dtype == "auto" else np.dtype(estimator.dtype)


def fitted_attributes(state: TrainState, plan: Plan, classes: np.ndarray) -> dict[str, Any]:
    """The fitted attributes of one model: copies, independent of the state."""
    result, history = state.result(), state.histories[0].copy()
    objective = (history["train_loss"] + history["penalty"]).tolist()
    accuracies = history["valid_accuracy"].tolist()
    validated = len(accuracies) > 0 and not np.isnan(accuracies[-1])
    best_epoch = state.stopping[0].best_epoch
    return {
        "classes_": classes,
        "coefs_": [weights[0].copy() for weights in result.weights],
        "intercepts_": [bias[0, 0].copy() for bias in result.biases],
        "n_iter_": len(history),
        "n_layers_": len(plan.layer_sizes),
        "n_outputs_": len(classes),
        "out_activation_": "softmax",
        "loss_": objective[-1] if objective else np.inf,
        "loss_curve_": objective,
        "best_loss_": None if plan.restore_best or not objective else min(objective),
        "validation_scores_": accuracies if validated else None,
        "best_validation_score_": (
            accuracies[best_epoch - 1] if plan.restore_best and best_epoch else None
        ),
        "history_": history,
    }
