"""`QuantilePredictions`: quantiles that were predicted for some rows, and what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from inspect import signature
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest, norm
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn.backprop import Quantile
from sknn.estimators._resolve import quantile_levels
from sknn.inspection._fitted import best_of, networks_of

# Of the intervals around shares of rows.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class QuantilePredictions:
    """Quantiles that were predicted for some rows, and the values that were observed.

    Parameters
    ----------
    y_true : ndarray of shape (n_rows,)
        The observed values.
    quantiles : ndarray of shape (n_rows, n_levels)
        The predicted quantiles of each row.
    levels : ndarray of shape (n_levels,)
        Their levels, rising, above 0 and below 1.

    Examples
    --------
    >>> from sknn.inspection import QuantilePredictions
    >>> found = QuantilePredictions.from_predictions(
    ...     [1.0, 2.0, 6.0, 4.0], [[0, 2], [1, 3], [2, 4], [3, 5]], levels=[0.1, 0.9]
    ... )
    >>> found.shares_below, found.coverages
    (array([0.  , 0.75]), {0.8: 0.75})
    >>> round(found.pinball_loss, 2)
    0.35
    """

    y_true: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    levels: NDArray[np.float64]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        levels: Sequence[float] | None = None,
        normal_levels: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9),
    ) -> Self:
        """Let a fitted regressor predict quantiles.

        Parameters
        ----------
        estimator : regressor, or Pipeline or search that ends in one
            Fitted. It predicts quantiles (`predict_quantiles`, with ``loss="quantile"``), or means
            and standard deviations (``predict(X, return_std=True)``, with ``loss="gaussian"``),
            of which quantiles of normal distributions are made.
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            Rows that it has not been trained on.
        y : array-like of shape (n_rows,)
            What was observed.
        levels : sequence of float, default=None
            Which quantiles to take; None for those that it was fitted for, or for
            `normal_levels`.
        normal_levels : sequence of float, default=(0.1, 0.25, 0.5, 0.75, 0.9)
            Which quantiles of normal distributions to take where `levels` is None.

        Returns
        -------
        predictions : QuantilePredictions
            The quantiles and the observed values.

        Raises
        ------
        TypeError
            If it predicts neither quantiles nor standard deviations.
        ValueError
            If it was not fitted for one of `levels`, or predicts several numbers per row.
        """
        model = best_of(estimator)
        check_is_fitted(model)
        if isinstance(model, Pipeline):
            X, model = model[:-1].transform(X) if len(model) > 1 else X, model[-1]
        wanted = None if levels is None else _check_levels(levels)
        if hasattr(model, "predict_quantiles"):
            quantiles, found = _fitted_quantiles(model, X, wanted)
        else:
            found = _check_levels(normal_levels) if wanted is None else wanted
            quantiles = _normal_quantiles(model, X, found)
        return cls.from_predictions(y, quantiles, levels=found)

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, quantiles: ArrayLike, *, levels: Sequence[float] | ArrayLike
    ) -> Self:
        """Take quantiles that were predicted by any model.

        Parameters
        ----------
        y_true : array-like of shape (n_rows,)
            What was observed.
        quantiles : array-like of shape (n_rows, n_levels)
            The predicted quantiles of each row.
        levels : array-like of shape (n_levels,)
            Their levels, rising, above 0 and below 1.

        Returns
        -------
        predictions : QuantilePredictions
            Both.

        Raises
        ------
        ValueError
            If shapes do not agree, or a number is not finite.
        """
        given = _check_levels(levels)
        values = np.asarray(quantiles, dtype=np.float64)
        true = np.asarray(y_true, dtype=np.float64)
        if true.ndim != 1 or not len(true) or not np.isfinite(true).all():
            raise ValueError(
                f"`y_true` must be one finite number for each of at least one row, got an array of "
                f"shape {true.shape}" + (" with NaN or infinity" if true.ndim == 1 else "")
            )
        if values.shape != (len(true), len(given)):
            raise ValueError(
                f"`quantiles` must be of shape {(len(true), len(given))}, a column for each of the "
                f"levels, got {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ValueError("`quantiles` must be finite numbers, got NaN or infinity")
        return cls(true, values, given)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.y_true)

    @property
    def middle(self) -> NDArray[np.float64]:
        """The quantile nearest to the median, shape (n_rows,)."""
        return self.quantiles[:, Quantile.nearest_to_median(self.levels)]

    @property
    def shares_below(self) -> NDArray[np.float64]:
        """Share of the observed values at or below each predicted quantile, (n_levels,)."""
        return np.asarray((self.y_true[:, None] <= self.quantiles).mean(axis=0))

    @property
    def intervals(self) -> dict[float, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Lower and upper ends of the intervals by the share they should hold, widest first.

        The first is between the lowest and the highest quantile, the next between the second lowest
        and the second highest, and so on.
        """
        n = len(self.levels)
        return {
            round(float(self.levels[-1 - k] - self.levels[k]), 10): (
                self.quantiles[:, k],
                self.quantiles[:, -1 - k],
            )
            for k in range(n // 2)
        }

    @property
    def coverages(self) -> dict[float, float]:
        """Share of the observed values inside each interval, by the share it should hold."""
        return {
            nominal: float(np.mean((low <= self.y_true) & (self.y_true <= high)))
            for nominal, (low, high) in self.intervals.items()
        }

    @property
    def pinball_losses(self) -> NDArray[np.float64]:
        """Mean pinball loss of each level, (n_levels,)."""
        above = self.y_true[:, None] - self.quantiles
        return np.asarray(np.maximum(self.levels * above, (self.levels - 1) * above).mean(axis=0))

    @property
    def pinball_loss(self) -> float:
        """Mean pinball loss over rows and levels."""
        return float(self.pinball_losses.mean())


def network_in(model: Any) -> Any:
    """A network of ours in a fitted model or ensemble; None if there is none."""
    with suppress(TypeError):
        return networks_of(model)[0]
    return None


def predicts_std(model: Any) -> bool:
    """Whether networks of ours in it have learnt standard deviations."""
    network = network_in(model)
    return network is not None and network._plan.loss == "gaussian"


def share_interval(share: float, n_rows: int) -> tuple[float, float]:
    """Wilson's interval, which holds the share of all such rows in 95 % of samples."""
    test = binomtest(round(share * n_rows), n_rows)
    found = test.proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def percent_of(level: float) -> str:
    """A share in percent, with as many decimals as it has."""
    return f"{100 * level:.4g} %"


def _fitted_quantiles(
    model: Any, X: Any, wanted: NDArray[np.float64] | None
) -> tuple[Any, NDArray[np.float64]]:
    network = network_in(model)
    levels = model.quantiles if network is None else network._target.quantiles
    has = np.array(quantile_levels(levels))
    quantiles = model.predict_quantiles(X)
    if wanted is None:
        return quantiles, has
    places = [int(np.abs(has - level).argmin()) for level in wanted]
    if not np.allclose(has[places], wanted, rtol=0, atol=1e-9):
        raise ValueError(
            f"`levels` must be among {has.tolist()}, which the estimator was fitted for, got "
            f"{wanted.tolist()}"
        )
    return quantiles[:, places], has[places]


def _normal_quantiles(model: Any, X: Any, levels: NDArray[np.float64]) -> Any:
    network = network_in(model)
    knows_std = "return_std" in signature(model.predict).parameters
    # The spread of an ensemble's members says how sure they are of the mean, not where values lie.
    if not knows_std or (network is not None and not predicts_std(model)):
        got = type(model).__name__
        got += "" if network is None else f" with loss={network._plan.loss!r}"
        raise TypeError(
            "`estimator` must predict quantiles or standard deviations, as regressors with "
            f"loss='quantile' or loss='gaussian' do, got {got}"
        )
    mean, std = model.predict(X, return_std=True)
    if np.ndim(mean) != 1:
        raise ValueError(
            f"`estimator` must predict one number per row, got {np.shape(mean)[1]} per row"
        )
    return mean[:, None] + std[:, None] * norm.ppf(levels)


def _check_levels(levels: Any) -> NDArray[np.float64]:
    given = np.asarray(levels, dtype=np.float64)
    rising = given.ndim == 1 and len(given) > 0 and (np.diff(given) > 0).all()
    if not rising or not ((given > 0) & (given < 1)).all():
        raise ValueError(
            "`levels` must be numbers above 0 and below 1, each larger than the one before, got "
            f"{levels!r}"
        )
    return given
