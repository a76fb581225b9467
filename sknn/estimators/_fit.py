"""The flow of a fit: prepare, let the engine train, take over what came of it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from sknn._sklearn_compat import fit_context, is_outermost_fit
from sknn.training import EpochHook, Outcome, TrainState

from ._arrays import ATTRIBUTE
from ._base import BaseMLP
from ._hooks import epoch_hook
from ._inputs import Inputs
from ._prepare import Job, Terms, prepare
from ._resolve import SCHEDULES_OVER_MAX_ITER
from ._results import fitted_attributes, report_outcome


class TrainableMLP(BaseMLP):
    """A multilayer perceptron with `fit`."""

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
        inputs = Inputs(X, y, sample_weight, X_val, y_val, sample_weight_val)
        with np.errstate(all="ignore"):  # whatever the caller has set
            return self._fit(inputs, resume=resume, max_iter=self.max_iter)

    def _fit_partly(self, inputs: Inputs) -> Self:
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
        return self._fit(inputs, resume=self.__sklearn_is_fitted__(), max_iter=1, partial=True)

    def _fit(self, inputs: Inputs, *, resume: bool, max_iter: int, partial: bool = False) -> Self:
        job = prepare(self, inputs, resume=resume, max_iter=max_iter, partial=partial)
        for_callbacks = inputs.for_callbacks()
        context = self._init_callback_context(max_subtasks=max_iter + (self.solver == "lbfgs"))
        context.call_on_fit_task_begin(estimator=self, **for_callbacks)

        def attributes(state: TrainState) -> dict[str, Any]:
            return fitted_attributes(state.copy(), job)

        hook = epoch_hook(self, context, for_callbacks, attributes)
        n_epochs = len(job.state.histories[0])
        try:
            state = self._train(job, hook)
        except BaseException:  # of a callback: where fits go on, what is complete is kept
            if self.warm_start and len(job.state.histories[0]) > n_epochs:
                self._take_over(job.state, job)
            raise
        if state.outcomes[0] is Outcome.INTERRUPTED and not is_outermost_fit(self):
            raise KeyboardInterrupt  # whoever fits others too would go on with them
        report_outcome(state, job.plan, not partial and bool(np.isfinite(self.n_iter_no_change)))
        self._take_over(state, job)
        context.call_on_fit_task_end(
            estimator=self, **for_callbacks, reconstruction_attributes=lambda: attributes(state)
        )
        return self

    def _train(self, job: Job, hook: EpochHook | None) -> TrainState:
        """The state that the engine arrives at."""
        return job.engine.train([job.problem], [job.plan], job.state, hook)

    def _take_over(self, state: TrainState, terms: Terms) -> None:
        """Become the fitted estimator that a training has ended with."""
        attributes = fitted_attributes(state, terms)
        for name in ATTRIBUTE.values():  # an earlier network may have had other parts
            self.__dict__.pop(name, None)
        for name, value in attributes.items():
            setattr(self, name, value)

    def _check_can_partial_fit(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is not available with solver='lbfgs'")
        return True
