"""From a `TrainState` to what the user sees: fitted attributes, warnings, errors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn._sklearn_compat import is_outermost_fit
from sknn.backprop import Outcome, Plan, TrainState

# The frames between a warning here and the user's call: _fit, fit, its decorator.
USER_LEVEL = 5


class DivergedError(ValueError):
    """A loss or weight became non-finite in training."""


def fitted_attributes(state: TrainState, plan: Plan, classes: np.ndarray) -> dict[str, Any]:
    """The fitted attributes of one model: copies, independent of the state."""
    result, history = state.result(), state.histories[0].copy()
    objective = (history["train_loss"] + history["penalty"]).tolist()
    accuracies = history["valid_accuracy"].tolist()
    validated = len(accuracies) > 0 and not np.isnan(accuracies[-1])
    best_epoch = state.stopping[0].best_epoch
    return {
        "classes_": classes.copy(),
        "coefs_": [weights[0].copy() for weights in result.weights],
        "intercepts_": [bias[0, 0].copy() for bias in result.biases],
        "sparsity_": np.array([np.mean(weights[0] == 0) for weights in result.weights]),
        "selected_features_": (result.weights[0][0] != 0).any(axis=1),
        "n_iter_": len(history),
        "n_layers_": len(plan.layer_sizes),
        "n_outputs_": len(classes),
        "out_activation_": "softmax",
        "loss_": objective[-1] if objective else np.inf,
        "loss_curve_": objective,
        "best_loss_": None if plan.restore_best or not objective else min(objective),
        "validation_scores_": accuracies if validated else None,
        "best_validation_score_": (
            accuracies[best_epoch - 1] if plan.restore_best and best_epoch else None
        ),
        "history_": history,
        "_plan": plan,
    }


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
        If it was interrupted before its first epoch was complete, or inside a search or an
        ensemble, which would go on with other fits.
    """
    outcome, history = state.outcomes[0], state.histories[0]
    if outcome is Outcome.DIVERGED:
        raise DivergedError(_diverged(state, plan))
    if outcome is Outcome.INTERRUPTED:
        if not len(history) or not is_outermost_fit():
            raise KeyboardInterrupt
        warnings.warn(
            f"Training interrupted by the user: the weights are those after epoch "
            f"{len(history)}, the last complete one.",
            stacklevel=USER_LEVEL,
        )
    if outcome is Outcome.STALLED:
        warnings.warn(
            f"L-BFGS stopped before it converged: {state.message[0]}",
            ConvergenceWarning,
            stacklevel=USER_LEVEL,
        )
    if outcome is Outcome.REACHED_MAX_ITER and asks_convergence:
        limit = f"`max_iter`={plan.max_iter} epochs"
        if plan.solver == "lbfgs":
            limit = f"`max_iter`={plan.max_iter} or `max_fun`={plan.max_fun}; {state.message[0]}"
        warnings.warn(
            f"Training reached its limit ({limit}) and has not converged yet.",
            ConvergenceWarning,
            stacklevel=USER_LEVEL,
        )


def _diverged(state: TrainState, plan: Plan) -> str:
    history = state.histories[0]
    text = f"Training diverged: a loss or weight became non-finite in epoch {len(history)}, with "
    if plan.solver == "lbfgs":
        return text + "solver='lbfgs', which takes no learning rate. Scale the columns of X."
    return (
        f"{text}`learning_rate_init`={plan.learning_rate_init:g} and a learning rate of "
        f"{history['learning_rate'][-1]:g} in that epoch. Scale the columns of X, lower "
        "`learning_rate_init`, or set `max_grad_norm`."
    )
