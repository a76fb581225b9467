"""Parameters that depend on the kind of target: those of classifiers, and those of regressors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from sknn._sklearn_compat import Interval, StrOptions
from sknn.backprop import LOSSES

from ._declare import parameter
from ._parameters import MLPParameters


@dataclass(eq=False, repr=False)
class ClassifierParameters(MLPParameters):
    """Those of classifiers."""

    label_smoothing: float = parameter(
        0.0,
        [Interval(Real, 0, 1, closed="left")],
        "float",
        "Share of every target that is spread evenly over the classes, in [0, 1).",
    )
    class_weight: dict[Any, float] | str | None = parameter(
        None,
        [dict, StrOptions({"balanced"}), None],
        "dict, 'balanced' or None",
        """
        Weights of the classes, multiplied into the weights of the rows. 'balanced' makes all
        classes weigh the same. It must be None where rows have several labels.
        """,
    )
    monitor: str = parameter(
        "valid_loss",
        [StrOptions({"valid_loss", "valid_accuracy"})],
        "{'valid_loss', 'valid_accuracy'}",
        "What `early_stopping` watches.",
    )


@dataclass(eq=False, repr=False)
class RegressorParameters(MLPParameters):
    """Those of regressors."""

    loss: str = parameter(
        "squared_error",
        [StrOptions({name for name, loss in LOSSES.items() if loss.score == "r2"})],
        "str",
        """
        What the network makes small, and so what it predicts:

        - 'squared_error': half the squared error; predicts the mean.
        - 'absolute_error': predicts the median, which outliers hardly move.
        - 'huber': squared for errors up to 1, absolute beyond, with a scaled target in standard
          deviations; a compromise of the two.
        - 'poisson': half the deviance of counts and rates; the network predicts the logarithm of
          the mean. The target must be at least 0.
        - 'gamma': half the deviance of amounts whose spread grows with their mean, on the
          logarithm as well. The target must be above 0.
        - 'quantile': the pinball loss of `quantiles`, in their mean; one number per row.
        - 'gaussian': the negative log likelihood of a normal distribution, with two outputs for
          each number: its mean and the logarithm of its standard deviation, which is at least a
          thousandth of that of the target.
        """,
    )
    quantiles: float | Sequence[float] = parameter(
        (0.1, 0.5, 0.9),
        [Real, "array-like"],
        "float or array-like of float",
        "Levels of 'quantile', rising, in (0, 1). Those that are predicted never cross.",
    )
    scale_target: bool = parameter(
        True,
        ["boolean"],
        "bool",
        """
        Whether to learn the target less its mean, divided by its standard deviation, both of the
        training rows with their weights; with 'poisson' and 'gamma', divided by its mean.
        Predictions are in the target's own units, losses on the scale that is learnt.
        """,
    )
    monitor: str = parameter(
        "valid_loss",
        [StrOptions({"valid_loss", "valid_r2"})],
        "{'valid_loss', 'valid_r2'}",
        "What `early_stopping` watches.",
    )
