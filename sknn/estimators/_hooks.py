"""What happens around every epoch: scikit-learn's callbacks and `verbose`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sknn._sklearn_compat import has_callbacks
from sknn.training import EpochHook, TrainState


class EpochCallbacks:
    """Calls scikit-learn's callback hooks around every epoch of one model.

    Parameters
    ----------
    estimator : estimator
        Whose callbacks to call.
    context : sklearn.callback.CallbackContext
        The context of the whole fit; each epoch becomes a subcontext.
    data : dict
        ``X``, ``y`` as the user passed them, and ``metadata``.
    attributes : callable
        Turns the state into a dict of copies of the fitted attributes.
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        context: Any,
        data: dict[str, Any],
        attributes: Callable[[TrainState], dict[str, Any]],
    ) -> None:
        self.estimator, self.context, self.data = estimator, context, data
        self.attributes = attributes
        self.epoch: Any = None

    def begin(self, state: TrainState) -> None:
        """Open the epoch's context."""
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(
            estimator=self.estimator,
            **self.data,
            reconstruction_attributes=lambda: self.attributes(state),
        )

    def end(self, state: TrainState) -> bool:
        """Close the epoch's context; True where a callback wants to stop."""
        return bool(
            self.epoch.call_on_fit_task_end(
                estimator=self.estimator,
                **self.data,
                reconstruction_attributes=lambda: self.attributes(state),
            )
        )


class EpochPrinter:
    """Prints a line per epoch."""

    def __init__(self, estimator: BaseEstimator) -> None:
        self.name = type(estimator).__name__

    def begin(self, state: TrainState) -> None:
        """Say nothing yet."""

    def end(self, state: TrainState) -> bool:
        """Print the figures of the epoch that is over."""
        history = state.histories[0]
        last = history.at(len(history))
        line = (
            f"[{self.name}] epoch {len(history)}: loss {last['train_loss'] + last['penalty']:.6f}"
        )
        score = {"accuracy": "accuracy", "r2": "R²"}[history.score]
        line += f", train {score} {last[f'train_{history.score}']:.4f}"
        if not np.isnan(last["valid_loss"]):
            line += f", valid loss {last['valid_loss']:.6f}"
            line += f", valid {score} {last[f'valid_{history.score}']:.4f}"
        print(line)
        return False


class EpochHooks:
    """Several hooks as one."""

    def __init__(self, hooks: list[EpochHook]) -> None:
        self.hooks = hooks

    def begin(self, state: TrainState) -> None:
        """Begin every hook's epoch."""
        for hook in self.hooks:
            hook.begin(state)

    def end(self, state: TrainState) -> bool:
        """End every hook's epoch; True where any of them wants to stop."""
        stops = [hook.end(state) for hook in self.hooks]
        return any(stops)


def epoch_hook(
    estimator: BaseEstimator,
    context: Any,
    data: dict[str, Any],
    attributes: Callable[[TrainState], dict[str, Any]],
) -> EpochHook | None:
    """All that `estimator` wants to happen around its epochs, None if that is nothing."""
    hooks: list[EpochHook] = []
    if has_callbacks(estimator):
        hooks.append(EpochCallbacks(estimator, context, data, attributes))
    if estimator.verbose:
        hooks.append(EpochPrinter(estimator))
    return EpochHooks(hooks) if hooks else None
