"""How well a regressor does on rows that it has not seen, in numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import huber
from scipy.stats import norm
from sklearn.metrics import mean_gamma_deviance, mean_poisson_deviance, r2_score
from sklearn.pipeline import Pipeline

from sknn.estimators._arithmetic import root_mean_square
from sknn.inspection import QuantilePredictions
from sknn.inspection._quantile_predictions import network_in, predicts_std
from sknn.report._words import decimal

# Levels of the normal distributions of which intervals are made.
NORMAL_LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
CONFIDENCE = 0.95


@dataclass(frozen=True)
class RegressionEvaluation:
    """A regressor's predictions for some rows beside what is true of them.

    Parameters
    ----------
    names : list of str of length n_targets
        What to call the targets.
    y_true, y_pred : ndarray of shape (n_rows, n_targets)
        What is true, and what was predicted.
    quantiles : dict of str to QuantilePredictions, default={}
        By name of the target, the quantiles that were predicted, if any were.
    std : ndarray of shape (n_rows, n_targets), default=None
        Standard deviations that were predicted.
    trained_loss : dict of str to float, default={}
        The mean loss of the kind that was trained, where no other figure is it.

    Notes
    -----
    R² of several targets is the mean of theirs. Its interval is that of the delta method: with
    squared errors eᵢ², squared distances dᵢ² from the mean of the target, and
    R² = 1 - Σeᵢ² / Σdᵢ², the standard error is that of the mean of
    (eᵢ² - (1 - R²) dᵢ²) / mean(dᵢ²).

    Examples
    --------
    >>> from sknn.report import RegressionEvaluation
    >>> found = RegressionEvaluation.from_predictions([1.0, 2.0, 3.0, 6.0], [1.0, 2.0, 4.0, 5.0])
    >>> round(found.r2, 3), found.mae, round(found.rmse, 3)
    (0.857, 0.5, 0.707)
    """

    names: list[str]
    y_true: NDArray[np.float64]
    y_pred: NDArray[np.float64]
    quantiles: Mapping[str, QuantilePredictions] = field(default_factory=dict)
    std: NDArray[np.float64] | None = None
    trained_loss: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: ArrayLike, *, names: Sequence[str] | None = None
    ) -> Self:
        """Let a fitted regressor predict.

        Parameters
        ----------
        estimator : regressor or Pipeline that ends in one
            Fitted. Quantiles and standard deviations are taken from those that predict them.
        X : array-like of shape (n_rows, n_features)
            Rows that it has not been trained on.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            What is true of them.
        names : sequence of str, default=None
            What to call the targets; None for the columns of `y`, or y0, y1 and so on.

        Returns
        -------
        evaluation : RegressionEvaluation
            What it said of them.

        Raises
        ------
        ValueError
            If `y` holds anything but finite numbers, or shapes do not agree.
        """
        last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        names = names_of_targets(y) if names is None else names
        true = as_numbers(y, "y")
        std = None
        if predicts_std(last):
            predicted, std = estimator.predict(X, return_std=True)
        else:
            predicted = estimator.predict(X)
        quantiles = None
        if hasattr(last, "predict_quantiles"):
            quantiles = QuantilePredictions.from_estimator(estimator, X, true[:, 0])
        made = cls.from_predictions(true, predicted, names=names, std=std, quantiles=quantiles)
        return cls(**{**vars(made), "trained_loss": _trained_loss(last, made.y_true, made.y_pred)})

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        names: Sequence[str] | None = None,
        std: ArrayLike | None = None,
        quantiles: QuantilePredictions | None = None,
    ) -> Self:
        """Take predictions that someone else has made.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_rows,) or (n_rows, n_targets)
            What is true, and what was predicted.
        names : sequence of str, default=None
            What to call the targets; None for the columns of `y_true`, or y0, y1 and so on.
        std : array-like of the same shape, default=None
            Standard deviations that were predicted, above 0.
        quantiles : QuantilePredictions, default=None
            Quantiles that were predicted of a single target.

        Returns
        -------
        evaluation : RegressionEvaluation
            Both, side by side.

        Raises
        ------
        ValueError
            If there are no rows, a number is not finite, or shapes do not agree.
        """
        names = names_of_targets(y_true) if names is None else list(names)
        true, predicted = as_numbers(y_true, "y_true"), as_numbers(y_pred, "y_pred")
        if true.shape != predicted.shape or len(names) != true.shape[1]:
            raise ValueError(
                "`y_true` and `y_pred` must be of one shape, and `names` one for each target, got "
                f"shapes {true.shape} and {predicted.shape} and {len(names)} names"
            )
        by_name = {} if quantiles is None else {names[0]: quantiles}
        spread = None
        if std is not None:
            spread = as_numbers(std, "std")
            if spread.shape != true.shape or not (spread > 0).all():
                raise ValueError(
                    f"`std` must be numbers above 0 of shape {true.shape}, got shape "
                    f"{spread.shape} and {spread.min()} as the least"
                )
            levels = np.array(NORMAL_LEVELS)
            by_name = {
                name: QuantilePredictions(
                    true[:, k], predicted[:, [k]] + spread[:, [k]] * norm.ppf(levels), levels
                )
                for k, name in enumerate(names)
            }
        return cls(names, true, predicted, by_name, spread)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.y_true)

    @cached_property
    def errors(self) -> NDArray[np.float64]:
        """The prediction minus the target, shape (n_rows, n_targets)."""
        return self.y_pred - self.y_true

    @cached_property
    def r2_by_target(self) -> NDArray[np.float64]:
        """R² of each target, as scikit-learn defines it; NaN for a single row."""
        if self.n_rows < 2:
            return np.full(len(self.names), math.nan)
        return r2_of(self.y_true, self.y_pred)

    @cached_property
    def r2(self) -> float:
        """Mean R² over the targets."""
        return float(self.r2_by_target.mean())

    @cached_property
    def r2_interval(self) -> tuple[float, float]:
        """An interval that holds the R² on all such rows in about 95 % of samples."""
        distances = self.y_true - self.y_true.mean(axis=0)
        scales = np.abs(distances).max(axis=0)
        if self.n_rows < 3 or not (scales > 0).all():
            return math.nan, math.nan
        squares, d = np.square(self.errors / scales), np.square(distances / scales)
        influence = (squares - squares.mean(axis=0) / d.mean(axis=0) * d) / d.mean(axis=0)
        error = influence.mean(axis=1).std(ddof=1) / math.sqrt(self.n_rows)
        half = float(norm.ppf((1 + CONFIDENCE) / 2) * error)
        return self.r2 - half, min(1.0, self.r2 + half)

    @cached_property
    def mae_by_target(self) -> NDArray[np.float64]:
        """Mean absolute error of each target, in its unit."""
        return np.asarray(np.abs(self.errors).mean(axis=0))

    @cached_property
    def mae(self) -> float:
        """Mean absolute error, in the mean over the targets."""
        return float(self.mae_by_target.mean())

    @cached_property
    def rmse_by_target(self) -> NDArray[np.float64]:
        """Root mean squared error of each target, in its unit."""
        return root_mean_square(self.errors)

    @cached_property
    def rmse(self) -> float:
        """Root mean squared error, in the mean over the targets."""
        return float(self.rmse_by_target.mean())

    @cached_property
    def baseline_rmse_by_target(self) -> NDArray[np.float64]:
        """Error of always predicting the mean of these rows."""
        return root_mean_square(self.y_true - self.y_true.mean(axis=0))

    @cached_property
    def negative_log_likelihood(self) -> float:
        """Of the normal distributions, mean over rows, summed over targets; NaN without `std`."""
        if self.std is None:
            return math.nan
        likelihoods = np.asarray(norm.logpdf(self.y_true, self.y_pred, self.std))
        return float(-likelihoods.sum(axis=1).mean())

    def figure_on(self, rows: NDArray[np.bool_]) -> str:
        """R² on some of the rows, in words.

        Parameters
        ----------
        rows : ndarray of bool of shape (n_rows,)
        """
        some = RegressionEvaluation(self.names, self.y_true[rows], self.y_pred[rows])
        return f"its R² is {decimal(some.r2)}"

    def to_dict(self) -> dict[str, Any]:
        """Everything in values that JSON knows; what is not defined is None."""
        by_target = {
            "r2": self.r2_by_target,
            "mae": self.mae_by_target,
            "rmse": self.rmse_by_target,
            "baseline_rmse": self.baseline_rmse_by_target,
        }
        tree: dict[str, Any] = {
            "n_rows": self.n_rows,
            "r2": _or_none(self.r2),
            "r2_interval": [_or_none(end) for end in self.r2_interval],
            "mae": _or_none(self.mae),
            "rmse": _or_none(self.rmse),
            "targets": {
                name: {figure: _or_none(values[k]) for figure, values in by_target.items()}
                for k, name in enumerate(self.names)
            },
            **{name: _or_none(value) for name, value in self.trained_loss.items()},
        }
        if self.std is not None:
            tree["negative_log_likelihood"] = _or_none(self.negative_log_likelihood)
        if self.quantiles:
            tree["quantiles"] = {name: _tree(found) for name, found in self.quantiles.items()}
        return tree


def r2_of(true: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """R² of each target, in a unit in which no square overflows."""
    largest = np.maximum(np.abs(true).max(axis=0), np.abs(predicted).max(axis=0))
    # A power of two loses no digit.
    unit = np.ldexp(1.0, np.frexp(largest)[1] - 1)
    return np.asarray(r2_score(true / unit, predicted / unit, multioutput="raw_values"))


def as_numbers(y: ArrayLike, name: str) -> NDArray[np.float64]:
    """Numbers as an array of shape (n_rows, n_targets).

    Raises
    ------
    ValueError
        If there are none, or others than finite numbers.
    """
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` must hold numbers: {error}") from error
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(
            f"`{name}` must hold finite numbers, at least one for each of at least one row, got an "
            f"array of shape {np.shape(y)}"
        )
    return values


def names_of_targets(y: Any) -> list[str]:
    """The columns of a frame; y for a single target, y0, y1 and so on for others."""
    columns = getattr(y, "columns", None)
    if columns is not None:
        return [str(name) for name in columns]
    n_targets = 1 if np.ndim(y) < 2 else np.shape(y)[1]
    return ["y"] if n_targets == 1 else [f"y{k}" for k in range(n_targets)]


def _tree(found: QuantilePredictions) -> dict[str, Any]:
    return {
        "pinball_loss": found.pinball_loss,
        "levels": {
            f"{level:g}": {"share_below": float(share), "pinball_loss": float(loss)}
            for level, share, loss in zip(
                found.levels, found.shares_below, found.pinball_losses, strict=True
            )
        },
        "coverage": {f"{nominal:g}": share for nominal, share in found.coverages.items()},
    }


def _trained_loss(last: Any, true: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """The loss that a network of ours was trained with, if it is none of the usual figures."""
    network = network_in(last)
    if network is None or network._plan.loss not in LOSSES:
        return {}
    target = network._target
    name, compute = LOSSES[target.loss]
    try:
        return {name: float(compute(true, predicted, target))}
    except ValueError:  # the deviance of a number that its distribution does not have
        return {name: math.nan}


def _mean_huber(true: NDArray[Any], predicted: NDArray[Any], target: Any) -> float:
    scale = np.where(target.scale > 0, target.scale, 1.0)
    return float(huber(1.0, (predicted - true) / scale).sum(axis=1).mean())


Compute = Callable[[NDArray[Any], NDArray[Any], Any], float]
LOSSES: dict[str, tuple[str, Compute]] = {
    "huber": ("huber_loss", _mean_huber),
    "poisson": ("poisson_deviance", lambda y, p, _: mean_poisson_deviance(y.ravel(), p.ravel())),
    "gamma": ("gamma_deviance", lambda y, p, _: mean_gamma_deviance(y.ravel(), p.ravel())),
}


def _or_none(value: Any) -> float | int | None:
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
