"""What all multilayer perceptrons share: parameters, an engine, a target, fitted attributes.

A classifier or a regressor encodes the target; an engine computes.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from functools import cache
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import validate_data
from sknn.training import Engine, History, Plan, TrainState

from ._arrays import arrays_of, check_finite
from ._parameters import MLPParameters
from ._targets import Encoded


class BaseMLP(MLPParameters, CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
    """What classifiers and regressors, trained by any engine, share."""

    monitor: Any
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    sparsity_: np.ndarray
    selected_features_: np.ndarray
    history_: History
    t_: int
    # Of the last fit: what it predicts, its settings, where it ended (None in files without it, and
    # in members of ensembles), and whether it held rows out.
    _target: Any
    _plan: Plan
    _state: TrainState | None
    _held_out: bool

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        # Reading so long a signature again and again would be half the cost of `clone`.
        return super()._get_param_names()

    @property
    @abstractmethod
    def _engine(self) -> Engine:
        """What trains and predicts."""

    def _adjusted(self, plan: Plan) -> Plan:
        """A plan as parameters ask for it, with what a derived class has to change."""
        return plan

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

    @np.errstate(all="ignore")
    def _validated_outputs(self, X: Any) -> np.ndarray:
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # raises; asking it first would cost a tenth of a short call
        kinds, dtype = "csr" if self._plan.spec.takes_sparse else False, self.coefs_[0].dtype
        X = validate_data(self, X, accept_sparse=kinds, dtype=dtype, reset=False)
        arrays = arrays_of(self)
        outputs = self._engine.predict(self._plan.spec, arrays, X)[0]
        if not np.isfinite(outputs).all():
            check_finite(arrays)
            raise ValueError(
                "The outputs for these rows are not finite: X or the weights are too large for "
                f"{outputs.dtype}. Scale the columns of X, or train with a lower "
                f"`learning_rate_init`, which was {self.learning_rate_init!r}."
            )
        return outputs

    def _accepted_sparse(self) -> str | bool:
        """The format of sparse rows that `fit` takes; none before a layer that needs dense ones."""
        return False if self.embedding or self.input_scale else "csr"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_plan")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = bool(self._accepted_sparse())
        return tags
