"""Displays: figures of a training, a model, a table, each from one call.

Every display follows scikit-learn's convention: it is made by a ``from_…`` method that draws at
once, holds its data, and draws again on any axes with ``plot``, whose artists it keeps. Colours
suit any colour vision, and fit a light or a dark background; no setting of matplotlib is changed.

For a confusion matrix, a calibration curve, precision over recall, and predicted against observed
numbers there are scikit-learn's own `ConfusionMatrixDisplay`, `CalibrationDisplay`,
`PrecisionRecallDisplay` and `PredictionErrorDisplay`.
"""

from ._class_balance import ClassBalanceDisplay
from ._convergence import ConvergenceDisplay
from ._correlation import CorrelationDisplay
from ._feature_distribution import FeatureDistributionDisplay
from ._feature_histogram import FeatureHistogramDisplay
from ._feature_rank import FeatureRankDisplay
from ._interval_calibration import IntervalCalibrationDisplay
from ._learning_rate_range import LearningRateRange, learning_rate_range
from ._network import NetworkDisplay
from ._one_vs_rest_roc import OneVsRestRocDisplay
from ._prediction_interval import PredictionIntervalDisplay
from ._quantile_predictions import QuantilePredictions
from ._regularization_path import RegularizationPathDisplay
from ._roc_curves import RocCurve
from ._training_history import TrainingHistoryDisplay
from ._volatility import VolatilityDisplay

__all__ = [
    "ClassBalanceDisplay",
    "ConvergenceDisplay",
    "CorrelationDisplay",
    "FeatureDistributionDisplay",
    "FeatureHistogramDisplay",
    "FeatureRankDisplay",
    "IntervalCalibrationDisplay",
    "LearningRateRange",
    "NetworkDisplay",
    "OneVsRestRocDisplay",
    "PredictionIntervalDisplay",
    "QuantilePredictions",
    "RegularizationPathDisplay",
    "RocCurve",
    "TrainingHistoryDisplay",
    "VolatilityDisplay",
    "learning_rate_range",
]
