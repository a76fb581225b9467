"""What is measured on, and what was found: for classifiers and regressors alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from sknn.report._blocks import Headline, Section
from sknn.report._data import Data
from sknn.report._importance import Cost, Scoring


@dataclass(frozen=True)
class Rows:
    """Rows to measure on, and those that were trained on, if they are known."""

    X: Any
    y: ArrayLike
    X_train: Any
    y_train: ArrayLike | None


@dataclass(frozen=True)
class Findings:
    """What depends on the kind of estimator.

    Parameters
    ----------
    found : Evaluation or RegressionEvaluation
        The figures.
    data : Data
        The rows.
    sections : list of Section
        What was found; the first says how good the predictions are.
    headlines : list of Headline
        The figures that the report begins with.
    subtitle : str
        What was found, in a sentence.
    costs, scoring : sequence of Cost, callable
        How to measure what a column is worth.
    """

    found: Any
    data: Data
    sections: list[Section]
    headlines: list[Headline]
    subtitle: str
    costs: Sequence[Cost]
    scoring: Scoring
