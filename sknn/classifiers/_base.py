"""What all multilayer perceptrons share, whatever they predict and whatever engine trains them.

`fit` prepares (validates, turns data into a `Problem` and parameters into a `Plan`), lets the
engine train, and reads the fitted attributes out of the state. An engine supplies two methods,
`_train` and `_outputs`; a classifier or a regressor encodes the target.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from functools import cache
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import fit_context, validate_data
from sknn.backprop import EpochHook, History, Plan, Problem, TrainState

from ._data import Encoded
from ._hooks import epoch_hook
from ._prepare import Given, Terms, prepare
from ._resolve import SCHEDULES_OVER_MAX_ITER, resolve_plan
from ._results import fitted_attributes, report_outcome


class BaseMLP(CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
    """What classifiers and regressors share: the flow of a fit, and the fitted attributes."""

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    sparsity_: np.ndarray
    selected_features_: np.ndarray
    history_: History
    # Of the last fit: what it predicts, its settings, where it ended (None in files without it, and
    # in members of ensembles), and whether it held rows out.
    _target: Any
    _plan: Plan
    _state: TrainState | None
    _held_out: bool

    def _set_parameters(self, values: dict[str, Any]) -> None:
        """Take over the arguments of a constructor, given as its `locals()`."""
        for name, value in values.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

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
    def _outputs(self, X: Any) -> np.ndarray:
        """Outputs of the network, (n_rows, n_outputs), for validated rows."""

    @abstractmethod
    def _check_target(self, y: Any, name: str = "y") -> None:
        """Raise ValueError if `y` can be seen not to be a target, before it is validated."""

    @abstractmethod
    def _target_settings(self, y: Any) -> dict[str, Any]:
        """How `sklearn.utils.validation.validate_data` is to check `y`."""

    @abstractmethod
    def _target_terms(self) -> tuple[Any, ...]:
        """The parameters on which the target depends."""

    @abstractmethod
    def _encode(self, y: np.ndarray, *, resume: bool, partial: bool) -> Encoded:
        """The target, and `y` as it encodes it."""

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the network to `X` and `y`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows. Scale the columns first: steps are equal in all directions.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_targets)
            Class labels of any type, or an indicator matrix of several labels per row; of a
            regressor, the numbers to predict, in one column or in several.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0; scaled to mean 1 over the training rows, after the
            `class_weight` of a classifier is multiplied in.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows. With `early_stopping` they take the place of the held-out split;
            without, they are only recorded in `history_`. In a Pipeline, have them transformed
            with ``Pipeline(..., transform_input=["X_val"])`` and metadata routing.
        y_val : {array-like, sparse matrix} of shape (n_val,) or (n_val, n_targets), default=None
            Their targets; classes must be known from `y`.
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

    def _fit_partly(self, given: Given) -> Self:
        """Train for one epoch, going on from where the last call ended."""
        for name, clashes in (
            ("early_stopping", self.early_stopping),
            ("class_weight", isinstance(getattr(self, "class_weight", None), str)),
            ("learning_rate", self.learning_rate in SCHEDULES_OVER_MAX_ITER),
        ):
            if clashes:
                raise ValueError(
                    f"partial_fit does not support {name}={getattr(self, name)!r}: it sees a part "
                    "of the data, and an epoch at a time"
                )
        return self._fit(given, resume=self.__sklearn_is_fitted__(), max_iter=1, partial=True)

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
        """Validation accuracy or R² after every epoch; None without validation rows."""
        scores = self.history_[f"valid_{self.history_.score}"]
        return None if np.isnan(scores[-1:]).any() else scores.tolist()

    def _resolve_plan(self, **shape: Any) -> Plan:
        return resolve_plan(self, **shape)

    @np.errstate(all="ignore")
    def _validated_outputs(self, X: Any) -> np.ndarray:
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # raises; asking it first would cost a tenth of a short call
        X = validate_data(self, X, accept_sparse="csr", dtype=self.coefs_[0].dtype, reset=False)
        outputs = self._outputs(X)
        if not np.isfinite(outputs).all():
            if not all(np.isfinite(W).all() for W in (*self.coefs_, *self.intercepts_)):
                raise ValueError("`coefs_` and `intercepts_` must be finite, got NaN or infinity")
            raise ValueError(
                "The outputs for these rows are not finite: X or the weights are too large for "
                f"{outputs.dtype}. Scale the columns of X, or train with a lower "
                f"`learning_rate_init`, which was {self.learning_rate_init!r}."
            )
        return outputs

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_plan")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
