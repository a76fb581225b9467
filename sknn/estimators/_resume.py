"""Going on from an earlier fit: which state, and what must not have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sknn.training import Parameters, Plan, Streams, TrainState

from ._base import BaseMLP
from ._targets import Target


def check_resumable(estimator: BaseMLP, target: Target, plan: Plan, partial: bool) -> None:
    """Raise ValueError if `plan` cannot go on from what `estimator` has learnt."""
    trained = estimator._plan.dtype
    asked = trained if estimator.dtype == "auto" else np.dtype(estimator.dtype)
    if plan.solver == "lbfgs":  # whatever the weights were trained in
        asked = trained
    before_plan = estimator._plan
    way_out = "clone the estimator" if partial else "set warm_start=False"
    way_out += " to start afresh"
    if type(target) is not type(estimator._target):
        raise ValueError(
            f"`y` must hold {estimator._target.holds}, as in the fit that this one goes on from, "
            f"got {target.holds}; {way_out}."
        )
    for name, now, before in (
        ("X", plan.spec.layer_sizes[0], before_plan.spec.layer_sizes[0]),
        *((name, now, estimator._target.terms.get(name)) for name, now in target.terms.items()),
        ("hidden_layer_sizes", plan.spec.layer_sizes[1:-1], before_plan.spec.layer_sizes[1:-1]),
        ("activation", plan.spec.activation, before_plan.spec.activation),
        ("dtype", str(asked), str(trained)),
    ):
        if now != before:
            what = {"X": "number of columns of `X`", "y": target.what}.get(name, f"`{name}`")
            raise ValueError(
                f"The {what} must stay as in the fit that this one goes on from, {before!r}, "
                f"got {now!r}; {way_out}."
            )


def resumed_state(estimator: BaseMLP, plan: Plan, streams: Streams) -> TrainState:
    """The state that a fit goes on from: a copy of where the last one ended, with `coefs_`.

    Weights and `t_` that the user has set count. Another solver begins with an optimizer that
    remembers nothing. The copy can be trained whatever becomes of the estimator, and of copies of
    it, and whether or not its arrays can be written to.
    """
    before, plan_before = estimator._state, estimator._plan
    fitted = Parameters.zeros(1, plan_before.spec.layout, plan.dtype)
    _fill("coefs_", [W[0] for W in fitted.weights], estimator.coefs_)
    _fill("intercepts_", [b[0, 0] for b in fitted.biases], estimator.intercepts_)
    if before is None or (plan.solver, plan.dtype) != (plan_before.solver, plan_before.dtype):
        anew = estimator._engine.start([plan], [streams.copy()], fitted)
        anew.histories = [estimator.history_.copy()]
        anew.rows_seen[:] = estimator.t_
        return anew
    if before.best is None:
        before = replace(before, parameters=fitted)
    state = before.copy()
    state.rows_seen[:] = estimator.t_
    if not np.array_equal(fitted.values, state.result().values):
        state.parameters, state.best = fitted, fitted.values.copy()
    return state


def _fill(name: str, views: list[NDArray[np.floating]], given: Sequence[ArrayLike]) -> None:
    """Copy arrays that the user may have changed into views.

    Raises
    ------
    ValueError
        If shapes have changed, or numbers are not finite.
    """
    arrays = [np.asarray(array) for array in given]
    shapes = [view.shape for view in views]
    if [array.shape for array in arrays] != shapes:
        raise ValueError(
            f"`{name}` must have the shapes that `fit` left, {shapes}, got "
            f"{[array.shape for array in arrays]}"
        )
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(f"`{name}` must be finite to train on from, got NaN or infinity")
    for view, array in zip(views, arrays, strict=True):
        view[...] = array
