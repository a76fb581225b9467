"""Around an epoch: who wants to know of it, what it came to, and whether to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ._plan import Plan
from ._state import Outcome, TrainState
from ._tally import Tally


class EpochHook(Protocol):
    """What wants to know of every epoch.

    Examples
    --------
    `plan`, that of `Plan`'s example, has three epochs, of which this hook allows two.

    >>> import numpy as np
    >>> from sknn.backprop import start, train
    >>> from sknn.training import EpochHook, Problem, Rows, Streams
    >>> class Watch:
    ...     def begin(self, state):
    ...         print("epoch", 1 + len(state.histories[0]))
    ...
    ...     def end(self, state):
    ...         return len(state.histories[0]) == 2
    >>> hook: EpochHook = Watch()
    >>> problem = Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> train(problem, [plan], start([plan], [Streams([1, 2, 3, 4])]), hook).outcomes
    epoch 1
    epoch 2
    [<Outcome.STOPPED_BY_CALLBACK: 'stopped by a callback'>]
    """

    def begin(self, state: TrainState) -> None:
        """Called before an epoch."""

    def end(self, state: TrainState) -> bool:
        """Called after an epoch; True stops the training."""


@dataclass(frozen=True)
class Epoch:
    """What an epoch of K models has come to.

    Parameters
    ----------
    train, valid : Tally
        Of the training batches, and of the validation rows if there are any.
    penalty, learning_rates : ndarray of shape (K,)
        Penalty terms at the epoch's end, learning rates of its last update.
    seconds : float
        Wall time.
    train_sizes, valid_sizes : sequence of sequence of int
        Sizes of the batches of every model.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import Epoch, Tally
    >>> tally = Tally(n_models=1)
    >>> tally.add_rows(np.array([[0.2, 0.4]]), np.array([[True, False]]), weights=None)
    >>> epoch = Epoch(
    ...     train=tally,
    ...     valid=None,
    ...     penalty=np.array([0.1]),
    ...     learning_rates=np.array([0.01]),
    ...     seconds=0.5,
    ...     train_sizes=[[2]],
    ...     valid_sizes=[],
    ... )
    >>> (epoch.train.mean_loss + epoch.penalty).round(3)
    array([0.4])
    """

    train: Tally
    valid: Tally | None
    penalty: NDArray[np.float64]
    learning_rates: NDArray[np.float64]
    seconds: float
    train_sizes: Sequence[Sequence[int]]
    valid_sizes: Sequence[Sequence[int]]


def note_epoch(state: TrainState, plans: Sequence[Plan], epoch: Epoch) -> None:
    """Append an epoch to every model's history; keep its weights if best; decide if it ends.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> import numpy as np
    >>> from sknn.backprop import start
    >>> from sknn.training import Epoch, Streams, Tally, note_epoch
    >>> tally = Tally(n_models=1)
    >>> tally.add_rows(np.array([[0.2, 0.4]]), np.array([[True, False]]), weights=None)
    >>> epoch = Epoch(tally, None, np.array([0.1]), np.array([0.01]), 0.5, [[2]], [])
    >>> state = start([plan], [Streams([1, 2, 3, 4])])
    >>> note_epoch(state, [plan], epoch)
    >>> state.histories[0]["train_loss"].round(3), state.histories[0]["train_accuracy"]
    (array([0.3]), array([0.5]))
    >>> round(state.stopping[0].best, 3), state.outcomes[0].value
    (0.4, 'running')
    """
    loss, score = epoch.train.mean_loss, epoch.train.score
    valid_loss = valid_score = np.full(state.n_models, np.nan)
    finite = np.isfinite(loss + epoch.penalty)
    for array in (state.parameters.values, state.buffers.values, *state.slots.values()):
        finite &= np.isfinite(array).all(axis=1)
    if epoch.valid is not None:
        valid_loss, valid_score = epoch.valid.weighted_loss, epoch.valid.score
        finite &= np.isfinite(valid_loss)
    for k, plan in enumerate(plans):
        name = state.histories[k].score
        row = {
            "train_loss": float(loss[k]),
            "penalty": float(epoch.penalty[k]),
            f"train_{name}": float(score[k]),
            "valid_loss": float(valid_loss[k]),
            f"valid_{name}": float(valid_score[k]),
            "learning_rate": float(epoch.learning_rates[k]),
            "seconds": epoch.seconds,
        }
        state.histories[k].append(row)
        if finite[k]:
            _judge(state, k, plan, row)
        else:
            state.outcomes[k] = Outcome.DIVERGED
    if plans[0].record == "batch":
        _note_batches(state, epoch)


def _judge(state: TrainState, k: int, plan: Plan, row: dict[str, float]) -> None:
    if plan.monitor == "objective":
        monitored = row["train_loss"] + row["penalty"]
    elif plan.monitor == "valid_loss":
        monitored = row["valid_loss"]
    else:
        monitored = -row[plan.monitor]
    rule = state.stopping[k]
    improved = rule.update(monitored, len(state.histories[k]), row["learning_rate"])
    if improved:
        state.keep_best(k)
    if rule.stopped:
        state.outcomes[k] = Outcome.CONVERGED


def _note_batches(state: TrainState, epoch: Epoch) -> None:
    for k, history in enumerate(state.histories):
        loss, score = epoch.train.by_batch(k, epoch.train_sizes[k])
        columns = {"train_loss": loss, f"train_{history.score}": score}
        if epoch.valid is not None:
            loss, score = epoch.valid.by_batch(k, epoch.valid_sizes[k])
            columns |= {"valid_loss": loss, f"valid_{history.score}": score}
        history.append_batches(columns)
