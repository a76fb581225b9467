"""The engine of `sknn.backprop` behind an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np

from sknn.backprop import EpochHook, Plan, Problem, TrainState, predict_logits, train

from ._base import BaseMLP
from ._blas import blas_of


class NumPyEngine(BaseMLP):
    """Trains and predicts with `sknn.backprop`."""

    def _train(
        self, problem: Problem, plan: Plan, state: TrainState, on_epoch: EpochHook | None
    ) -> TrainState:
        with blas_of(plan):
            return train(problem, [plan], state, on_epoch)

    def _outputs(self, X: Any) -> np.ndarray:
        return predict_logits(
            [coef[None] for coef in self.coefs_],
            [intercept[None, None] for intercept in self.intercepts_],
            self._plan.activation,
            X,
        )[0]
