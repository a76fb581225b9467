"""What an engine is: the protocol that every one of them meets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from ._epoch import EpochHook
from ._layout import FloatArray, Parameters
from ._plan import Plan
from ._problem import Problem
from ._spec import NetworkSpec
from ._state import Streams, TrainState


class Engine(Protocol):
    """Trains networks, and computes their outputs.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> import numpy as np
    >>> from sknn.backprop import NumPyEngine
    >>> from sknn.training import Engine, Problem, Rows, Streams
    >>> engine: Engine = NumPyEngine()
    >>> problem = Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> state = engine.train([problem], [plan], engine.start([plan], [Streams([1, 2, 3, 4])]))
    >>> engine.predict(plan.spec, state.parameters.arrays, problem.train.X).shape
    (1, 2, 2)
    """

    #: Whether several models can be trained at once.
    stacks: ClassVar[bool]

    def check(self, dtype: np.dtype[Any], solver: str) -> None:
        """Raise ValueError for what this engine cannot do."""

    def start(
        self,
        plans: Sequence[Plan],
        streams: Sequence[Streams],
        parameters: Parameters | None = None,
    ) -> TrainState:
        """The state before the first update; with random parameters, unless some are given."""

    def train(
        self,
        problems: Sequence[Problem],
        plans: Sequence[Plan],
        state: TrainState,
        on_epoch: EpochHook | None = None,
    ) -> TrainState:
        """Train from `state`, which is used up, for at most `max_iter` epochs."""

    def predict(self, spec: NetworkSpec, arrays: Mapping[str, FloatArray], X: Any) -> FloatArray:
        """Outputs (K, n_rows, n_outputs) of networks with these parameters, by name of layout."""
