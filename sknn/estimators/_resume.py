"""Going on from an earlier fit: which state, and what must not have changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sknn.training import Parameters, Plan, Streams, TrainState

from ._arrays import arrays_of, check_finite
from ._base import BaseMLP
from ._targets import Target

# Parameters that a fit which goes on cannot change.
STRUCTURE = ("activation", "normalization", "residual", "embedding", "input_scale")


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
        *((name, getattr(plan.spec, name), getattr(before_plan.spec, name)) for name in STRUCTURE),
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
    spec, engine = plan_before.spec, estimator._engine
    fitted = Parameters.zeros(1, spec.layout, plan.dtype)
    buffers = Parameters.zeros(1, spec.buffers, plan.dtype)
    given = arrays_of(estimator)
    check_finite(given)
    for name, view in (fitted.arrays | buffers.arrays).items():
        view[...] = given[name]
    if before is None or (plan.solver, plan.dtype) != (plan_before.solver, plan_before.dtype):
        anew = engine.start([plan], [streams.copy()], fitted)
        anew.buffers = buffers
        anew.histories = [estimator.history_.copy()]
        anew.rows_seen[:] = estimator.t_
        return anew
    if before.best is None:
        before = replace(before, parameters=fitted, buffers=buffers)
    state = before.copy()
    state.rows_seen[:] = estimator.t_
    best, best_buffers = state.result()
    if not (
        np.array_equal(fitted.values, best.values)
        and np.array_equal(buffers.values, best_buffers.values)
    ):
        state.parameters, state.best = fitted, fitted.values.copy()
        state.buffers, state.best_buffers = buffers, buffers.values.copy()
    return state
