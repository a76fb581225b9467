"""The PyTorch engine, as estimators hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from skorch.history import History as SkorchHistory

from sknn.backprop import start
from sknn.training import (
    EpochHook,
    FloatArray,
    History,
    NetworkSpec,
    Outcome,
    Parameters,
    Plan,
    Problem,
    Streams,
    TrainState,
)

from ._history import skorch_history
from ._make import check_callbacks, fitted_net, make_net, resume_net
from ._module import predict
from ._net import TableNet
from ._rows import find_device, own_modes, torch_dtype
from ._train import train_net


class TorchEngine:
    """Trains and predicts with PyTorch and skorch, one model at a time.

    Parameters
    ----------
    device : str or int
    compile : bool
    callbacks : list of skorch.callbacks.Callback or None

    Attributes
    ----------
    net : TableNet or None
        Of the last training, unless it diverged.
    """

    stacks: ClassVar[bool] = False

    def __init__(
        self,
        device: str | int = "auto",
        compile: bool = False,
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self.device, self.compile, self.callbacks = device, compile, callbacks
        self.net: TableNet | None = None

    def check(self, dtype: np.dtype[Any], solver: str) -> None:
        """Raise ValueError for what cannot be done here."""
        find_device(self.device, torch_dtype(dtype))
        check_callbacks(self.callbacks, solver)

    def start(
        self,
        plans: Sequence[Plan],
        streams: Sequence[Streams],
        parameters: Parameters | None = None,
    ) -> TrainState:
        """The state before the first update: that of the NumPy engine."""
        return start(plans, streams, parameters)

    def train(
        self,
        problems: Sequence[Problem],
        plans: Sequence[Plan],
        state: TrainState,
        on_epoch: EpochHook | None = None,
        earlier: tuple[TableNet, Plan] | None = None,
    ) -> TrainState:
        """Train one model from `state`; `earlier` is the net, with its plan, that it goes on from.

        What skorch's callbacks have set on that net is kept.
        """
        (problem,), (plan,) = problems, plans
        device = find_device(self.device, torch_dtype(plan.dtype))
        callbacks = check_callbacks(self.callbacks, plan.solver)
        with own_modes(device):
            net = make_net(plan, device, compile=self.compile, callbacks=callbacks)
            if earlier is not None:
                resume_net(net, plan, *earlier, state.histories[0])
            state = train_net(net, problem, plan, state, on_epoch)
        self.net = None if state.outcomes[0] is Outcome.DIVERGED else net
        return state

    def net_of(
        self, plan: Plan, arrays: Mapping[str, FloatArray], history: History | SkorchHistory
    ) -> TableNet:
        """A net with the weights and the history of a training that is over."""
        device = self._device(plan.dtype)
        with own_modes(device):
            if isinstance(history, History):
                history = skorch_history(history)
            return fitted_net(plan, device, arrays, history)

    def predict(self, spec: NetworkSpec, arrays: Mapping[str, FloatArray], X: Any) -> FloatArray:
        """Outputs (K, n_rows, n_outputs); on the CPU, where the device is missing."""
        device = self._device(arrays["weights.0"].dtype)
        n_models = len(arrays["weights.0"])
        models = ({name: array[k] for name, array in arrays.items()} for k in range(n_models))
        return np.stack([predict(spec, model, X, device) for model in models])

    def _device(self, dtype: np.dtype) -> torch.device:
        """Where to predict: on the CPU, where the device is missing."""
        try:
            return find_device(self.device, torch_dtype(dtype))
        except ValueError:  # trained elsewhere
            return torch.device("cpu")
