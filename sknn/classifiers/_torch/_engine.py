"""The PyTorch engine behind an estimator."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import torch
from skorch.history import History as SkorchHistory

from sknn._sklearn_compat import Interval
from sknn.backprop import EpochHook, Outcome, Plan, Problem, TrainState

from .._base import BaseMLP
from ._make import check_callbacks, fitted_net, make_net, resume_net, skorch_history
from ._module import predict_logits
from ._net import TableNet
from ._rows import find_device, own_modes, torch_dtype
from ._train import train_net

ENGINE_CONSTRAINTS: dict[str, list[Any]] = {
    "device": [str, Interval(Integral, 0, None, closed="left")],
    "compile": ["boolean"],
    "skorch_callbacks": [list, tuple, None],
}


class TorchEngine(BaseMLP):
    """Trains and predicts with PyTorch."""

    _net: TableNet | None = None
    _net_history: SkorchHistory | None = None  # of an unpickled estimator, if callbacks wrote in it

    @property
    def net_(self) -> TableNet:
        """The trained skorch net."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"{type(self).__name__} has no `net_` before `fit`")
        if self._net is None:
            device = self._prediction_device()
            with own_modes(device):
                history = self._net_history or skorch_history(self.history_)
                self._net = fitted_net(self._plan, device, self.coefs_, self.intercepts_, history)
        return self._net

    def _check_engine(self, dtype: np.dtype) -> None:
        find_device(self.device, torch_dtype(dtype))
        check_callbacks(self.skorch_callbacks, self.solver)

    def _train(
        self, problem: Problem, plan: Plan, state: TrainState, on_epoch: EpochHook | None
    ) -> TrainState:
        device = find_device(self.device, torch_dtype(plan.dtype))
        callbacks = check_callbacks(self.skorch_callbacks, plan.solver)
        with own_modes(device):
            net = make_net(plan, device, compile=self.compile, callbacks=callbacks)
            if len(state.histories[0]):
                resume_net(net, plan, self.net_, self._plan, state.histories[0])
            self._net = self._net_history = None
            state = train_net(net, problem, plan, state, on_epoch)
        if state.outcomes[0] is not Outcome.DIVERGED:
            self._net = net
        return state

    def _outputs(self, X: Any) -> np.ndarray:
        device = self._prediction_device()
        return predict_logits(self.coefs_, self.intercepts_, self._plan.activation, X, device)

    def _prediction_device(self) -> torch.device:
        try:
            return find_device(self.device, torch_dtype(self.coefs_[0].dtype))
        except ValueError:  # trained elsewhere
            return torch.device("cpu")

    def __getstate__(self) -> dict[str, Any]:
        # The net is made anew from the weights: no tensor has to find its device again. Only what
        # callbacks have written into its history could not be found again.
        state = super().__getstate__()
        net = state.pop("_net", None)
        if net is not None and net.callbacks:
            state["_net_history"] = net.history
        return state
