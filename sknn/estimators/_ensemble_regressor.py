"""`ScratchMLPEnsembleRegressor`: the mean of what several networks predict, and its spread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from ._arithmetic import mean, root_mean_square
from ._declare import estimator
from ._ensemble import ATTRIBUTES, BaseEnsemble, network_parameter
from ._scratch import ScratchMLPRegressor
from ._targets import Numbers


@estimator(attributes=ATTRIBUTES)
class ScratchMLPEnsembleRegressor(RegressorMixin, BaseEnsemble):
    r"""Regressors that differ by seed and, if asked, by rows; the mean of what they predict.

    A single network depends on the seed that it started from. The mean of several is more
    accurate, and how much they differ shows where not to trust them. They train together, as
    `fit_many` does it, in little more time than a few of them would take.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    estimators_ : list of ScratchMLPRegressor
        The fitted networks.
    {attributes}

    See Also
    --------
    ScratchMLPRegressor : One network.
    ScratchMLPEnsembleClassifier : The same for classes.
    fit_many : Fits many networks together.

    Notes
    -----
    With ``loss="gaussian"`` every network k predicts a mean and a standard deviation. Their equal
    mixture has

    .. math:: \mu = \frac1K \sum_k \mu_k, \qquad
              \sigma^2 = \frac1K \sum_k \sigma_k^2 + \frac1K \sum_k (\mu_k - \mu)^2 :

    the noise of the target, and what the networks disagree about, which `predict_std` is alone.
    Every network scales the target by its own rows; what they predict is averaged in the units
    of `y`.

    References
    ----------
    B. Lakshminarayanan, A. Pritzel and C. Blundell, "Simple and scalable predictive uncertainty
    estimation using deep ensembles", NeurIPS 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sknn.estimators import ScratchMLPEnsembleRegressor, ScratchMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> mlp = ScratchMLPRegressor((16,), loss="gaussian", l2=0.1, max_iter=20)
    >>> mlp = mlp.set_params(n_iter_no_change=float("inf"))
    >>> model = ScratchMLPEnsembleRegressor(mlp, n_estimators=5, random_state=0)
    >>> mean, std = model.fit(scale(X), y).predict(scale(X), return_std=True)
    >>> bool((std > model.predict_std(scale(X))).all())
    True
    """

    estimator: Any = network_parameter(ScratchMLPRegressor)

    @property
    def _network(self) -> ScratchMLPRegressor:
        return ScratchMLPRegressor() if self.estimator is None else self.estimator

    def _any_network(self) -> ScratchMLPRegressor:
        """A fitted network if there is one: `estimator` may have been changed since."""
        network: ScratchMLPRegressor = getattr(self, "estimators_", [self._network])[0]
        return network

    @np.errstate(all="ignore")
    def _decoded(
        self, outputs: np.ndarray, decode: Callable[[Numbers, np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """What every network means by its outputs, on its own scale of the target."""
        pairs = zip(self.estimators_, outputs, strict=True)
        each = [member._finite(decode(member._target, found)) for member, found in pairs]
        return np.stack(each)

    def predict(self, X, return_std=False):
        """Predict the target of every row: the mean over the networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.
        return_std : bool, default=False
            Whether to return standard deviations too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The mean of what the networks predict.
        std : ndarray of the same shape
            Only where `return_std` asks for it. With ``loss="gaussian"`` the standard deviation
            of the target around the mean, else that of the networks' predictions, as
            `predict_std` has it.
        """
        outputs = self._outputs(X)
        each = self._decoded(outputs, Numbers.predict)
        center = mean(each)
        if not return_std:
            return center
        spread = root_mean_square(each - center)
        if self.estimators_[0]._target.loss == "gaussian":
            noise = self._decoded(outputs, Numbers.deviation)
            spread = np.hypot(root_mean_square(noise), spread)
        return center, spread

    def predict_std(self, X):
        """How much the networks differ: the standard deviation of what they predict.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        spread : ndarray of shape (n_samples,) or (n_samples, n_targets)
            In the units of the target; 0 where all agree.
        """
        each = self._decoded(self._outputs(X), Numbers.predict)
        return root_mean_square(each - mean(each))

    @available_if(lambda self: self._any_network()._check_can_predict_quantiles())
    def predict_quantiles(self, X):
        """Predict the quantiles of every row: the mean over the networks, which never cross.

        Needs ``loss="quantile"``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_quantiles)
            In the order of the parameter `quantiles`, rising.
        """
        return mean(self._decoded(self._outputs(X), Numbers.predict_quantiles))
