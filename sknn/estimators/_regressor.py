"""What every multilayer-perceptron regressor shares, whatever engine trains it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from sknn._sklearn_compat import fit_context

from ._fit import TrainableMLP
from ._inputs import Inputs
from ._resolve import quantile_levels
from ._target_parameters import RegressorParameters
from ._targets import Encoded, Numbers


class BaseMLPRegressor(RegressorMixin, RegressorParameters, TrainableMLP):
    """Target and prediction of a multilayer-perceptron regressor."""

    _target: Numbers

    # ---- the target ----

    def _check_target(self, y: Any, name: str = "y") -> None:
        if issparse(y):
            raise ValueError(f"`{name}` must be an array of numbers, got a sparse matrix")

    def _target_settings(self, y: Any) -> dict[str, Any]:
        return {"multi_output": True, "y_numeric": True}

    def _target_terms(self) -> tuple[Any, ...]:
        return self.loss, quantile_levels(self.quantiles), self.scale_target

    def _encode(self, y: np.ndarray, *, resume: bool, partial: bool) -> Encoded:
        levels = quantile_levels(self.quantiles)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        if self.loss == "quantile" and n_targets > 1:
            raise ValueError(
                f"`y` must have one number per row with loss='quantile', got {n_targets}"
            )
        kind = y.dtype if y.dtype.kind == "f" else np.dtype(float)
        target = Numbers(
            loss=self.loss,
            quantiles=levels if self.loss == "quantile" else (),
            n_targets=n_targets,
            is_column=y.ndim == 1,
            dtype=np.dtype(np.float32 if kind.itemsize <= 4 else np.float64),
            scales=bool(self.scale_target),
        )
        if resume and self._target.terms == target.terms:
            target = self._target
        return Encoded(target, target.encode(y))

    @available_if(lambda self: self._check_can_partial_fit())
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on `X` and `y`, going on from where the last call ended.

        The scale of the target is that of the first call's rows; or, where these are all equal, as
        one row is, of the first rows that differ from them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, scaled to mean 1 over this call's rows.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters or data are invalid, or a loss or weight became non-finite.
        """
        with np.errstate(all="ignore"):
            return self._fit_partly(Inputs(X, y, sample_weight))

    # ---- prediction ----

    @np.errstate(all="ignore")
    def predict(self, X, return_std=False):
        """Predict the target of every row, in its own units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.
        return_std : bool, default=False
            Whether to return standard deviations too; needs ``loss="gaussian"``.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The mean; with ``loss="absolute_error"`` the median, with ``loss="quantile"`` the
            quantile nearest to it, the lower of two that are equally near.
        std : ndarray of the same shape
            Only where `return_std` asks for it.

        Raises
        ------
        ValueError
            If `return_std` is True with another loss than 'gaussian'.
        """
        if return_std and self.__sklearn_is_fitted__() and self._target.loss != "gaussian":
            raise ValueError(
                "`return_std` must be False unless the network was fitted with loss='gaussian', "
                f"got {return_std!r} with loss={self._target.loss!r}"
            )
        outputs = self._validated_outputs(X)
        found = self._finite(self._target.predict(outputs))
        return (found, self._finite(self._target.deviation(outputs))) if return_std else found

    @available_if(lambda self: self._check_can_predict_quantiles())
    @np.errstate(all="ignore")
    def predict_quantiles(self, X):
        """Predict the quantiles of every row, which never cross; needs ``loss="quantile"``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_quantiles)
            In the order of the parameter `quantiles`, rising.
        """
        outputs = self._validated_outputs(X)
        return self._finite(self._target.predict_quantiles(outputs))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.loss in ("poisson", "gamma")
        return tags

    def _check_can_predict_quantiles(self) -> bool:
        loss = self._target.loss if self.__sklearn_is_fitted__() else self.loss
        if loss != "quantile":
            raise AttributeError(
                f"predict_quantiles is available with loss='quantile' only, got {loss!r}"
            )
        return True

    def _finite(self, found: np.ndarray) -> np.ndarray:
        if not np.isfinite(found).all():
            raise ValueError(
                f"The predictions for these rows are not finite in {found.dtype}: scale the "
                "columns of X, or use another `loss`."
            )
        return found
