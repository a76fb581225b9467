"""The engine of this folder, as estimators hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn.training import (
    EpochHook,
    FloatArray,
    NetworkSpec,
    Parameters,
    Plan,
    Problem,
    Streams,
    TrainState,
)

from ._blas import blas_of
from ._initializers import draw_parameters
from ._network import predict
from ._optimizers import OPTIMIZERS
from ._regression_losses import LOSSES
from ._trainer import train


def start(
    plans: Sequence[Plan], streams: Sequence[Streams], parameters: Parameters | None = None
) -> TrainState:
    """The state of K models before the first update.

    Parameters
    ----------
    plans : sequence of Plan of length K
    streams : sequence of Streams of length K
    parameters : Parameters of K models, optional
        Where training starts. Random ones, if not given, which the streams are asked for.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> from sknn.backprop import start
    >>> from sknn.training import Streams
    >>> state = start([plan, plan], [Streams([1, 2, 3, 4]), Streams([5, 6, 7, 8])])
    >>> state.n_models, state.parameters.values.shape, list(state.slots)
    (2, (2, 4), ['velocity'])
    """
    plan = plans[0]
    if parameters is None:
        parameters = Parameters.zeros(len(plans), plan.spec.layout, plan.dtype)
        draw_parameters(parameters, [s.weights for s in streams])
    optimizer = OPTIMIZERS.get(plan.solver)
    slots = optimizer.zero_slots(parameters.values) if optimizer else {}
    return TrainState.around(parameters, slots, plans, streams, LOSSES[plan.loss].score)


@dataclass(frozen=True)
class NumPyEngine:
    """Trains and predicts with `sknn.backprop`, with as many BLAS threads as help.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> import numpy as np
    >>> from sknn.backprop import NumPyEngine
    >>> from sknn.training import Problem, Rows, Streams
    >>> engine, problem = NumPyEngine(), Problem(Rows(np.array([[-1.0], [1.0]]), np.array([0, 1])))
    >>> state = engine.start([plan, plan], [Streams([1, 2, 3, 4]), Streams([5, 6, 7, 8])])
    >>> engine.train([problem] * 2, [plan] * 2, state).n_updates
    array([3, 3])
    """

    stacks: ClassVar[bool] = True

    def check(self, dtype: np.dtype[Any], solver: str) -> None:
        """Nothing to complain of: NumPy is always there."""

    def start(
        self,
        plans: Sequence[Plan],
        streams: Sequence[Streams],
        parameters: Parameters | None = None,
    ) -> TrainState:
        """The state before the first update, see `start`."""
        return start(plans, streams, parameters)

    def train(
        self,
        problems: Sequence[Problem],
        plans: Sequence[Plan],
        state: TrainState,
        on_epoch: EpochHook | None = None,
    ) -> TrainState:
        """Train from `state`, see `train`."""
        with blas_of(plans[0]):
            return train(problems, plans, state, on_epoch)

    def predict(self, spec: NetworkSpec, arrays: Mapping[str, FloatArray], X: Any) -> FloatArray:
        """Outputs (K, n_rows, n_outputs), see `predict`."""
        return predict(spec, arrays, X)
