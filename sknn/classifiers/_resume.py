"""Going on from an earlier fit: which state, and what must not have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sknn.backprop import Parameters, Plan, Streams, TrainState

if TYPE_CHECKING:
    from ._base import BaseMLPClassifier


def check_resumable(
    estimator: BaseMLPClassifier, classes: np.ndarray, plan: Plan, partial: bool
) -> None:
    """Raise ValueError if `plan` cannot go on from what `estimator` has learnt."""
    trained = estimator.coefs_[0].dtype
    asked = trained if estimator.dtype == "auto" else np.dtype(estimator.dtype)
    if plan.solver == "lbfgs":
        asked = np.dtype(np.float64)
    before_plan = estimator._plan
    way_out = "clone the estimator" if partial else "set warm_start=False"
    way_out += " to start afresh"
    for name, now, before in (
        ("y", classes.tolist(), estimator.classes_.tolist()),
        (
            "hidden_layer_sizes",
            plan.layer_sizes[1:-1],
            tuple(len(intercept) for intercept in estimator.intercepts_[:-1]),
        ),
        ("activation", plan.activation, before_plan.activation),
        # Without an optimizer's memory, any solver may go on from the weights.
        ("solver", plan.solver, before_plan.solver if estimator._state else plan.solver),
        ("dtype", str(asked), str(trained)),
    ):
        if now != before:
            what = "classes of `y`" if name == "y" else f"`{name}`"
            raise ValueError(
                f"The {what} must stay as in the fit that this one goes on from, {before!r}, "
                f"got {now!r}; {way_out}."
            )


def state_of_fitted(estimator: BaseMLPClassifier, plan: Plan, streams: Streams) -> TrainState:
    """A state that starts from the fitted weights, with an optimizer that remembers nothing."""
    parameters = Parameters.zeros(1, plan.layer_sizes, plan.dtype)
    for layer, (coef, intercept) in enumerate(
        zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ):
        parameters.weights[layer][0] = coef
        parameters.biases[layer][0] = intercept
    state = TrainState.around(parameters, [plan], [streams])
    state.histories = [estimator.history_.copy()]
    return state
