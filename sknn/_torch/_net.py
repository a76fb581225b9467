"""The network as PyTorch and skorch see it: a module, and a net that trains it fast.

`MLPNet` is an ordinary `skorch.NeuralNetClassifier`, which skorch's users can take and go on with.
What it does otherwise: rows are tensors that already are where the network is, an epoch is one
plain loop over slices of them, and figures are computed from logits that were kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from skorch import NeuralNet, NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from sknn.backprop import LOSSES
from sknn.training import Tally

from ._gradients import finish_gradients
from ._history import BestFigures, last_row
from ._losses import MeanLoss, row_losses
from ._module import has_hooks
from ._proximal import proximal_step
from ._rows import TensorBatches, TensorRows, prediction_rows, unpack
from ._tally import DeviceTally

# Callbacks that belong to a training of ours.
OWN_CALLBACKS = ("sknn", "sknn_stop")


class TableNet(NeuralNet):
    """What the nets of classifiers and of regressors share: the objective of `sknn`, and speed.

    Parameters
    ----------
    module, **kwargs
        As for `skorch.NeuralNet`; the criterion is `torch.nn.CrossEntropyLoss`, or a `MeanLoss` of
        another name.
    l1, l2, group_l1 : float
        Strengths of the penalties. `l2` is added to the gradient, unless the optimizer does it by
        weight decay.
    l1_method : {"prox", "subgradient"}
        Whether `l1` has a proximal step after the optimizer's, as `group_l1` has, or is added to
        the gradient.
    max_grad_norm : float
        Length to which longer gradients are shortened; infinite for none.
    divisor : int or None
        What the summed loss of a batch is divided by, None for its number of rows.
    shuffle : bool
        Whether to visit the rows in a new order in each epoch.
    """

    # What skorch calls the score.
    score_name = "acc"

    # What a training of ours lends to the net for its time.
    _draws_weights: bool = True
    _objective: tuple[str, float, tuple[float, ...]] = ("softmax_cross_entropy", 0.0, ())
    _order: np.random.Generator | None = None
    _rates: Iterator[float] | None = None
    # What an epoch leaves behind.
    _tally: DeviceTally | None = None
    _rate_used: float = np.nan
    _is_watched: bool = False
    _best: BestFigures | None = None
    _keep_rows: bool = False

    def __init__(
        self,
        module: Any,
        *args: Any,
        l1: float = 0.0,
        l2: float = 0.0,
        group_l1: float = 0.0,
        l1_method: str = "prox",
        max_grad_norm: float = np.inf,
        divisor: int | None = None,
        shuffle: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(module, *args, **kwargs)
        self.l1, self.l2, self.group_l1 = l1, l2, group_l1
        self.l1_method = l1_method
        self.max_grad_norm = max_grad_norm
        self.divisor = divisor
        self.shuffle = shuffle

    def initialize_module(self) -> TableNet:
        """Make the module, with new weights unless an estimator brings them."""
        super().initialize_module()
        if self._draws_weights:
            self.module_.reset_parameters()
        return self

    def initialize_criterion(self) -> TableNet:
        """Make the criterion, which is a loss of ours, with or without smoothing.

        Raises
        ------
        ValueError
            If it is asked for another, or for weights of its own.
        """
        settings = self.get_params_for("criterion")
        known = {"label_smoothing"} | (
            {"loss", "quantiles"} if self.criterion is MeanLoss else set()
        )
        if self.criterion not in (nn.CrossEntropyLoss, MeanLoss) or set(settings) - known:
            raise ValueError(
                "`criterion` must be torch.nn.CrossEntropyLoss, with `label_smoothing` at most, "
                f"got {self.criterion!r} with {settings!r}; for another one use "
                "skorch.NeuralNetClassifier with this net's module_"
            )
        super().initialize_criterion()
        smoothing, quantiles = settings.get("label_smoothing", 0.0), settings.get("quantiles", ())
        self._objective = self.loss, smoothing, quantiles
        return self

    @property
    def loss(self) -> str:
        """Name of the loss in `sknn.backprop.LOSSES`."""
        is_softmax = self.criterion is nn.CrossEntropyLoss
        return "softmax_cross_entropy" if is_softmax else str(self.criterion__loss)

    def new_tally(self) -> DeviceTally:
        """Where the figures of an epoch are added up."""
        return DeviceTally(*self._objective)

    def initialize_history(self) -> TableNet:
        """Begin a history."""
        super().initialize_history()
        self._best = None
        return self

    def _set_params_callback(self, **params: Any) -> TableNet:
        if not self.callbacks_:  # skorch takes for granted that there is one
            self.callbacks: Any = params.pop("callbacks", self.callbacks)
            self.initialize_callbacks()
        if params:
            super()._set_params_callback(**params)
        return self

    def __getstate__(self) -> dict[str, Any]:
        # Without what a training has lent, should a callback pickle the net in the midst of one.
        state = super().__getstate__()
        lent = ("_order", "_rates", "_tally", "figures_")
        state = {name: value for name, value in state.items() if name not in lent}
        callbacks = state.get("callbacks_", [])
        state["callbacks_"] = [(n, c) for n, c in callbacks if n not in OWN_CALLBACKS]
        if len(callbacks) > len(state["callbacks_"]):
            state["train_split"] = None
        return state

    # ---- data ----

    def check_data(self, X: Any, y: Any = None) -> None:
        """Nothing to find out: the classes are known."""

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        """Rows as tensors; `X` may be a dict with ``"X"`` and ``"sample_weight"``."""
        if isinstance(X, Dataset):
            return X
        X, weights = unpack(X)
        if y is not None and LOSSES[self.loss].score == "r2":
            y = y.reshape(len(y), -1)
        return TensorRows.of(X, y, weights, self.device, self.module__dtype)

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Batches of rows; in training, shuffled."""
        if not isinstance(dataset, TensorRows):
            return super().get_iterator(dataset, training)
        if not training:
            return TensorBatches(dataset, prediction_rows(dataset.X, self.device))
        order = self._order or np.random.default_rng()
        return TensorBatches(dataset, self.batch_size, order if self.shuffle else None)

    # ---- one update ----

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        """Logits of a batch."""
        return self._forward(unpack(x)[0])

    def _forward(self, X: Any) -> Tensor:
        module = self.module_
        if self.compile and issparse(X):  # torch.compile cannot translate what SciPy computes
            module = module._orig_mod
        return module(X)

    def get_loss(
        self, y_pred: Tensor, y_true: Tensor, X: Any = None, training: bool = False
    ) -> Tensor:
        """Σ w ℓ / B of a batch."""
        return self._mean_loss(y_pred, y_true, unpack(X)[1], self.divisor if training else None)

    def _mean_loss(
        self, logits: Tensor, y: Tensor, weights: Tensor | None, divisor: int | None
    ) -> Tensor:
        name, smoothing, quantiles = self._objective
        if weights is None and divisor is None and name == "softmax_cross_entropy":
            return F.cross_entropy(logits, y, label_smoothing=smoothing)
        loss = row_losses(name, logits, y, smoothing, quantiles)
        return (loss if weights is None else loss * weights).sum() / (divisor or len(y))

    def train_step_single(self, batch: Any, **fit_params: Any) -> dict[str, Tensor]:
        """Logits, loss and gradients of a batch."""
        X, y = batch
        logits = self.infer(X)
        loss = self.get_loss(logits, y, X=X, training=True)
        loss.backward()
        self._finish_gradients()
        return {"loss": loss, "y_pred": logits}

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, Tensor]:
        """One update, as skorch makes it."""
        self._set_training(True)
        self._set_rate()
        self._rate_used = self.optimizer_.param_groups[0]["lr"]
        step = super().train_step(batch, **fit_params)
        self._finish_step()
        if self._tally is not None:
            X, y = batch
            self._tally.add(step["y_pred"].detach(), y, unpack(X)[1])
        return step

    def validation_step(self, batch: Any, **fit_params: Any) -> dict[str, Tensor]:
        """Logits and loss of a validation batch."""
        step = super().validation_step(batch, **fit_params)
        if self._tally is not None:
            self._tally.add(step["y_pred"], batch[1], unpack(batch[0])[1])
        return step

    def _set_rate(self) -> None:
        if self._rates is not None:
            rate = next(self._rates)
            for group in self.optimizer_.param_groups:
                group["lr"] = rate

    def _finish_gradients(self) -> None:
        l1 = self.l1 if self.l1_method == "subgradient" else 0.0
        finish_gradients(self.module_, l1, self.l2, self.max_grad_norm)

    def _finish_step(self) -> None:
        """Make the proximal step of the penalties that are not in the gradient."""
        l1 = self.l1 if self.l1_method == "prox" else 0.0
        if l1 or self.group_l1:
            proximal_step(self.module_.linears, self.optimizer_, l1, self.group_l1)

    # ---- one epoch ----

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Find out what the best figures so far are, and who wants to know of batches."""
        super().on_train_begin(net, X, y, **kwargs)
        self.figures_: dict[str, Tally] = {}
        if self._best is None:
            self.find_best()
        hooks = ("on_batch_begin", "on_batch_end", "on_grad_computed")
        self._is_watched = any(
            getattr(type(callback), hook) is not getattr(Callback, hook)
            for _, callback in self.callbacks_
            for hook in hooks
        )

    def on_epoch_begin(
        self, net: Any, dataset_train: Any = None, dataset_valid: Any = None, **kwargs: Any
    ) -> None:
        """Begin a row of the history."""
        self.history.new_epoch()
        last_row(self.history)["epoch"] = len(self.history)

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any
    ) -> None:
        """One pass over the rows: skorch's own loop where a callback looks at batches."""
        if iterator is None:
            return
        self._tally = self.new_tally()
        # LBFGS evaluates a batch several times, which only skorch's loop lets it do.
        is_lbfgs = training and isinstance(self.optimizer_, torch.optim.LBFGS)
        if self._is_watched or is_lbfgs or not isinstance(iterator, TensorBatches):
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
        elif training:
            self._train_epoch(iterator)
        else:
            self._evaluate(iterator)
        self._record(prefix)

    def _train_epoch(self, batches: TensorBatches) -> None:
        """What `train_step` does, for every batch, without skorch's detours."""
        self._set_training(True)
        self._zero_grad_optimizer()
        module, optimizer = self.module_, self.optimizer_
        tally = self._tally
        assert tally is not None
        parameters = list(module.parameters())
        one = torch.ones((), dtype=parameters[0].dtype, device=parameters[0].device)
        forward = self._forward if self.compile or has_hooks(module) else module.in_one_call()
        for packed, y in batches:
            X, weights = unpack(packed)
            self._set_rate()
            logits = forward(X)
            self._mean_loss(logits, y, weights, self.divisor).backward(one)
            self._finish_gradients()
            optimizer.step()
            self._finish_step()
            for parameter in parameters:
                parameter.grad = None
            tally.add(logits.detach(), y, weights)
        self._rate_used = optimizer.param_groups[0]["lr"]

    def _evaluate(self, batches: TensorBatches) -> None:
        self._set_training(False)
        tally = self._tally
        assert tally is not None
        with torch.no_grad():
            for X, y in batches:
                tally.add(self.infer(X), y, unpack(X)[1])

    def _record(self, prefix: str) -> None:
        assert self._tally is not None
        figures = self._tally.figures(self._keep_rows)
        self._tally = None
        self.figures_[prefix] = figures
        loss = (figures.mean_loss if prefix == "train" else figures.weighted_loss).item()
        row = last_row(self.history)
        if len(row["batches"]) < 2:
            # Some of skorch's callbacks rely on batches: to them, the epoch was one.
            whole = {f"{prefix}_loss": loss, f"{prefix}_batch_size": figures.n_rows.item()}
            row["batches"] = [{**(row["batches"] or [{}])[0], **whole}]
        row[f"{prefix}_loss"], row[f"{prefix}_{self.score_name}"] = loss, figures.score.item()
        if self._best is None:
            self.find_best()
        else:
            self._best.note(row, prefix)

    def find_best(self) -> None:
        """Mark the epochs of the history that were the best so far."""
        self._best = BestFigures(self.score_name, self.history)


class MLPNet(TableNet, NeuralNetClassifier):
    """A `skorch.NeuralNetClassifier` for tables, of class numbers or of several labels per row."""

    def predict(self, X: Any) -> np.ndarray:
        """The number of the most probable class, or the labels more probable than not."""
        found = self.predict_proba(X)
        is_by_label = self.loss == "sigmoid_cross_entropy" and self.module__spec.n_outputs > 1
        return (found > 0.5).astype(int) if is_by_label else found.argmax(axis=1)


class MLPRegressorNet(TableNet, NeuralNetRegressor):
    """A `skorch.NeuralNetRegressor` for tables; it predicts the outputs of the network."""

    score_name = "r2"
