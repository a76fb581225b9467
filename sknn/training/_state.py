"""Everything that a fit must remember in order to go on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np

from ._history import History
from ._layout import FloatArray, IntArray, Parameters
from ._plan import Plan
from ._stopping import EarlyStopping


class Outcome(Enum):
    """Why a model's training is where it is.

    Examples
    --------
    >>> from sknn.training import Outcome
    >>> Outcome("converged") is Outcome.CONVERGED
    True
    >>> [outcome.value for outcome in Outcome][:3]
    ['running', 'converged', 'reached max_iter']
    """

    RUNNING = "running"
    CONVERGED = "converged"
    REACHED_MAX_ITER = "reached max_iter"
    STOPPED_BY_CALLBACK = "stopped by a callback"
    INTERRUPTED = "interrupted"
    STALLED = "stalled"
    DIVERGED = "diverged"


@dataclass
class Streams:
    """The four sources of randomness of one model, each independent of the others.

    Parameters
    ----------
    entropy : sequence of int
        Four words; equal words give equal streams.

    Examples
    --------
    >>> from sknn.training import Streams
    >>> one, same, other = Streams([1, 2, 3, 4]), Streams([1, 2, 3, 4]), Streams([1, 2, 3, 5])
    >>> one.split_seed == same.split_seed, one.split_seed == other.split_seed
    (True, False)
    >>> _ = one.weights.random(100)  # draws from one stream leave the others where they are
    >>> one.order.random() == same.order.random()
    True
    """

    entropy: Sequence[int]
    weights: np.random.Generator = field(init=False)
    split_seed: int = field(init=False)
    order: np.random.Generator = field(init=False)
    dropout: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        """Spawn the generators."""
        children = np.random.SeedSequence([int(word) for word in self.entropy]).spawn(4)
        self.weights, split, self.order, self.dropout = (
            np.random.Generator(np.random.PCG64(child)) for child in children
        )
        self.split_seed = int(split.integers(2**32))

    def copy(self) -> Streams:
        """Streams that go on from where these are, and leave them there."""
        twin = copy(self)
        for name in ("weights", "order", "dropout"):
            bit_generator = np.random.PCG64(0)
            bit_generator.state = getattr(self, name).bit_generator.state
            setattr(twin, name, np.random.Generator(bit_generator))
        return twin


@dataclass
class TrainState:
    """K models in the middle of training.

    Parameters
    ----------
    parameters, buffers : Parameters
        After the last update; what is trained, and what is carried along.
    slots : dict of str to ndarray of shape (K, P)
        The optimizer's memory.
    streams : list of Streams
    n_updates, rows_seen : ndarray of int of shape (K,)
        Optimizer steps made, and rows visited, so far.
    stopping : list of EarlyStopping
    histories : list of History
    best, best_buffers : ndarray of shape (K, P) or None
        Parameters and buffers after each model's best epoch, where they are to be restored.
    outcomes : list of Outcome
    message : list of str
        What an optimizer that stopped had to say.
    gradient_sums : ndarray of shape (K, n_features) or None
        By feature, Σ|∂L/∂W| of its weights in the first layer over all updates, penalties left
        out, where a plan asks for it.

    Examples
    --------
    `plan` is that of `Plan`'s example: two weights, two biases, and a velocity of each.

    >>> from sknn.backprop import start
    >>> from sknn.training import Streams, TrainState
    >>> streams = [Streams([1, 2, 3, 4]), Streams([5, 6, 7, 8])]
    >>> state: TrainState = start([plan, plan], streams)
    >>> state.n_models, state.parameters.values.shape, state.slots["velocity"].shape
    (2, (2, 4), (2, 4))
    >>> state.outcomes[0], state.histories[0], state.n_bytes
    (<Outcome.RUNNING: 'running'>, History(0 epochs), 128)
    >>> second = state.take([1])
    >>> bool((second.parameters.values[0] == state.parameters.values[1]).all())
    True
    """

    parameters: Parameters
    buffers: Parameters
    slots: dict[str, FloatArray]
    streams: list[Streams]
    n_updates: IntArray
    rows_seen: IntArray
    stopping: list[EarlyStopping]
    histories: list[History]
    best: FloatArray | None
    outcomes: list[Outcome]
    message: list[str]
    best_buffers: FloatArray | None = None
    gradient_sums: FloatArray | None = None

    @classmethod
    def around(
        cls,
        parameters: Parameters,
        buffers: Parameters,
        slots: dict[str, FloatArray],
        plans: Sequence[Plan],
        streams: Sequence[Streams],
        score: str = "accuracy",
    ) -> TrainState:
        """The state before the first update; `score` is what histories call their scores."""
        return cls(
            parameters=parameters,
            buffers=buffers,
            slots=slots,
            streams=list(streams),
            n_updates=np.zeros(len(plans), dtype=np.intp),
            rows_seen=np.zeros(len(plans), dtype=np.intp),
            stopping=[stopping_rule(plan) for plan in plans],
            histories=[History(score=score) for _ in plans],
            best=None,
            outcomes=[Outcome.RUNNING for _ in plans],
            message=["" for _ in plans],
        )

    @property
    def n_models(self) -> int:
        """The number of models, K."""
        return self.parameters.n_models

    def resume(self, plans: Sequence[Plan]) -> None:
        """Make ready for another fit with these plans; changed settings take effect."""
        self.outcomes = [Outcome.RUNNING] * self.n_models
        if plans[0].sums_gradients and self.gradient_sums is None:
            shape = (self.n_models, plans[0].spec.n_features)
            self.gradient_sums = np.zeros(shape, plans[0].dtype)
        if not plans[0].restore_best:
            self.best = self.best_buffers = None
        elif self.best is None:
            self.best = self.parameters.values.copy()
            self.best_buffers = self.buffers.values.copy()
        for k, plan in enumerate(plans):
            if self.stopping[k].resume(stopping_rule(plan)):
                self.keep_best(k)

    def keep_best(self, model: int) -> None:
        """Let a model as it is be its best, where the best is to be restored."""
        if self.best is not None and self.best_buffers is not None:
            self.best[model] = self.parameters.values[model]
            self.best_buffers[model] = self.buffers.values[model]

    def copy(self) -> TrainState:
        """The same state, independent of this one; its arrays can be written to."""
        twin = self.take(range(self.n_models))
        twin.streams = [streams.copy() for streams in self.streams]
        twin.stopping = [replace(rule) for rule in self.stopping]
        twin.histories = [history.copy() for history in self.histories]
        return twin

    def end(self, outcome: Outcome) -> None:
        """Let this be the outcome of every model that is still running."""
        running = Outcome.RUNNING
        self.outcomes = [outcome if known is running else known for known in self.outcomes]

    @property
    def arrays(self) -> dict[str, FloatArray]:
        """Parameters and buffers by name, after the last update."""
        return self.parameters.arrays | self.buffers.arrays

    def result(self) -> tuple[Parameters, Parameters]:
        """Parameters and buffers that training has arrived at: the best, where restored."""
        if self.best is None or self.best_buffers is None:
            return self.parameters, self.buffers
        best = Parameters(self.best, self.parameters.layout)
        return best, Parameters(self.best_buffers, self.buffers.layout)

    @property
    def n_bytes(self) -> int:
        """The memory that parameters and slots take."""
        return sum(array.nbytes for array in (self.parameters.values, *self.slots.values()))

    def take(self, models: Sequence[int]) -> TrainState:
        """The state of some of the models; arrays are copied."""
        index = np.asarray(models, dtype=np.intp)
        return TrainState(
            parameters=self.parameters.take(models),
            buffers=self.buffers.take(models),
            slots={name: slot[index] for name, slot in self.slots.items()},
            streams=[self.streams[k] for k in models],
            n_updates=self.n_updates[index],
            rows_seen=self.rows_seen[index],
            stopping=[self.stopping[k] for k in models],
            histories=[self.histories[k] for k in models],
            best=None if self.best is None else self.best[index],
            outcomes=[self.outcomes[k] for k in models],
            message=[self.message[k] for k in models],
            best_buffers=None if self.best_buffers is None else self.best_buffers[index],
            gradient_sums=None if self.gradient_sums is None else self.gradient_sums[index],
        )

    @staticmethod
    def join(parts: Sequence[TrainState]) -> TrainState:
        """One state of all the models of `parts`, one part after the other."""
        first = parts[0]
        best = [part.best for part in parts if part.best is not None]
        best_buffers = [part.best_buffers for part in parts if part.best_buffers is not None]
        sums = [part.gradient_sums for part in parts if part.gradient_sums is not None]
        return TrainState(
            parameters=Parameters(
                np.concatenate([part.parameters.values for part in parts]),
                first.parameters.layout,
            ),
            buffers=Parameters(
                np.concatenate([part.buffers.values for part in parts]), first.buffers.layout
            ),
            slots={
                name: np.concatenate([part.slots[name] for part in parts]) for name in first.slots
            },
            streams=[s for part in parts for s in part.streams],
            n_updates=np.concatenate([part.n_updates for part in parts]),
            rows_seen=np.concatenate([part.rows_seen for part in parts]),
            stopping=[s for part in parts for s in part.stopping],
            histories=[h for part in parts for h in part.histories],
            best=np.concatenate(best) if best else None,
            outcomes=[o for part in parts for o in part.outcomes],
            message=[m for part in parts for m in part.message],
            best_buffers=np.concatenate(best_buffers) if best_buffers else None,
            gradient_sums=np.concatenate(sums) if sums else None,
        )


class Checkpoint:
    """The state as it was after the last complete epoch, to fall back to on Ctrl-C or an error.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> from sknn.backprop import start
    >>> from sknn.training import Checkpoint, Streams
    >>> state = start([plan], [Streams([1, 2, 3, 4])])
    >>> checkpoint = Checkpoint(state)
    >>> before = state.parameters.values.copy()
    >>> state.parameters.values += 1
    >>> checkpoint.restore(state)
    >>> bool((state.parameters.values == before).all())
    True
    """

    def __init__(self, state: TrainState) -> None:
        self._arrays = [np.empty_like(array) for array in _arrays(state)]
        self.save(state)

    def save(self, state: TrainState) -> None:
        """Note the state down."""
        # While notes are incomplete, the state itself is what an interrupt is to find.
        self._is_complete = False
        for note, array in zip(self._arrays, _arrays(state), strict=True):
            np.copyto(note, array)
        self._generators = [
            (s.order.bit_generator.state, s.dropout.bit_generator.state) for s in state.streams
        ]
        self._stopping = [replace(rule) for rule in state.stopping]
        self._n_epochs = [len(history) for history in state.histories]
        self._is_complete = True

    def restore(self, state: TrainState) -> None:
        """Put the state back as it was when last saved."""
        if not self._is_complete:
            self.save(state)
        for note, array in zip(self._arrays, _arrays(state), strict=True):
            np.copyto(array, note)
        for streams, (order, dropout) in zip(state.streams, self._generators, strict=True):
            streams.order.bit_generator.state = order
            streams.dropout.bit_generator.state = dropout
        state.stopping = [replace(rule) for rule in self._stopping]
        for history, n_epochs in zip(state.histories, self._n_epochs, strict=True):
            history.truncate(n_epochs)


def _arrays(state: TrainState) -> list[np.ndarray[Any, Any]]:
    perhaps = (state.best, state.best_buffers, state.gradient_sums)
    maybe = [array for array in perhaps if array is not None]
    counts = [state.n_updates, state.rows_seen]
    flat = [state.parameters.values, state.buffers.values]
    return [*flat, *counts, *state.slots.values(), *maybe]


def stopping_rule(plan: Plan) -> EarlyStopping:
    """The rule that a plan asks for, with nothing counted yet."""
    adaptive = plan.learning_rate == "adaptive"
    return EarlyStopping(plan.tol, plan.n_iter_no_change, adaptive, plan.monitor)
