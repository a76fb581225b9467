"""`ScratchMLPClassifier`: the engine of `sknn.backprop` as a scikit-learn classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from sknn.backprop import EpochHook, Plan, Problem, TrainState, predict_logits, train

from ._base import BaseMLPClassifier


class ScratchMLPClassifier(BaseMLPClassifier):
    pass

    def _train(
        self, problem: Problem, plan: Plan, state: TrainState, on_epoch: EpochHook | None
    ) -> TrainState:
        return train(problem, [plan], state, on_epoch)

    def _logits(self, X: Any) -> np.ndarray:
        return predict_logits(
            [coef[None] for coef in self.coefs_],
            [intercept[None, None] for intercept in self.intercepts_],
            self.activation,
            X,
        )[0]
