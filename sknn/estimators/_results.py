"""From a `TrainState` to what the user sees: fitted attributes, warnings, errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn._warnings import TrainingInterrupted, warn
from sknn.backprop import LOSSES
from sknn.training import Outcome, Parameters, Plan, TrainState

from ._arrays import attributes_of
from ._prepare import Terms


class DivergedError(ValueError):
    """A loss or weight became non-finite in training."""


def fitted_attributes(state: TrainState, terms: Terms) -> dict[str, Any]:
    """The attributes of an estimator that `state` is the training of.

    The state is among them, as what a fit that goes on starts from.
    """
    (result, buffers), history, plan = state.result(), state.histories[0], terms.plan
    last = history.at(len(history)) if len(history) else None
    best_epoch = state.stopping[0].best_epoch if plan.restore_best else 0
    return {
        **terms.target.attributes(),
        **attributes_of(plan.spec, result.arrays | buffers.arrays),
        "sparsity_": np.array([np.mean(weights[0] == 0) for weights in result.weights]),
        "selected_features_": (plan.spec.by_feature(result.weights[0])[0] != 0).any(axis=1),
        "n_iter_": len(history),
        "n_layers_": len(plan.spec.layer_sizes),
        "n_outputs_": plan.spec.n_outputs,
        "out_activation_": LOSSES[plan.loss].out_activation,
        "t_": int(state.rows_seen[0]),
        "loss_": last["train_loss"] + last["penalty"] if last else np.inf,
        "best_validation_score_": (
            history.at(best_epoch)[f"valid_{history.score}"] if best_epoch else None
        ),
        "history_": history,
        "_plan": plan,
        "_target": terms.target,
        "_state": at_rest(state),
        "_held_out": terms.holds_out,
    }


def at_rest(state: TrainState) -> TrainState:
    """A state without weights that `coefs_` holds already: all but those behind the best epoch."""
    if state.best is not None:
        return state
    dtype = state.parameters.values.dtype
    nothing = (Parameters.zeros(0, p.layout, dtype) for p in (state.parameters, state.buffers))
    parameters, buffers = nothing
    return replace(state, parameters=parameters, buffers=buffers)


def report_outcome(state: TrainState, plan: Plan, asks_convergence: bool) -> None:
    """Raise or warn of what went wrong in the training of one model.

    Parameters
    ----------
    state : TrainState
        Of that model.
    plan : Plan
    asks_convergence : bool
        Whether to warn where training ended before it converged.

    Raises
    ------
    ValueError
        If the training diverged.
    KeyboardInterrupt
        If it was interrupted before its first epoch was complete.
    """
    outcome, history = state.outcomes[0], state.histories[0]
    if outcome is Outcome.DIVERGED:
        raise DivergedError(_diverged(state, plan))
    if outcome is Outcome.INTERRUPTED:
        if not len(history):
            raise KeyboardInterrupt
        warn(
            f"Training interrupted by the user: the weights are those after epoch "
            f"{len(history)}, the last complete one.",
            TrainingInterrupted,
        )
    if outcome is Outcome.STALLED:
        warn(
            f"L-BFGS stopped before it converged: {state.message[0]}",
            ConvergenceWarning,
        )
    if outcome is Outcome.REACHED_MAX_ITER and asks_convergence:
        limit = f"`max_iter`={plan.max_iter} epochs"
        if plan.solver == "lbfgs":
            limit = f"`max_iter`={plan.max_iter} or `max_fun`={plan.max_fun}; {state.message[0]}"
        warn(
            f"Training reached its limit ({limit}) and has not converged yet.",
            ConvergenceWarning,
        )


def _diverged(state: TrainState, plan: Plan) -> str:
    history = state.histories[0]
    text = f"Training diverged: a loss or weight became non-finite in epoch {len(history)}, with "
    scale = "Scale the columns of X"
    if not plan.loss.endswith("cross_entropy"):
        scale += ", and the target by scale_target=True"
    if plan.solver == "lbfgs":
        return f"{text}solver='lbfgs', which takes no learning rate. {scale}."
    return (
        f"{text}`learning_rate_init`={plan.learning_rate_init:g} and a learning rate of "
        f"{history['learning_rate'][-1]:g} in that epoch. {scale}, lower `learning_rate_init`, or "
        "set `max_grad_norm`."
    )
