"""The network as PyTorch and skorch see it: a module, and a net that trains it fast.

`MLPNet` is an ordinary `skorch.NeuralNetClassifier`, which skorch's users can take and go on with.
What it does otherwise: rows are tensors that already are where the network is, an epoch is one
plain loop over slices of them, and figures are computed from logits that were kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from sknn.backprop import Figures, glorot_uniform

from ._rows import (
    Tally,
    TensorBatches,
    TensorRows,
    as_tensor,
    prediction_rows,
    torch_dtype,
    unpack,
)

ACTIVATIONS = {"identity": nn.Identity, "logistic": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}


class Dropout(nn.Dropout):
    """`nn.Dropout` that may draw its masks from a generator of its own."""

    generator: torch.Generator | None = None

    def forward(self, input: Tensor) -> Tensor:
        """Drop inputs at random, in training mode."""
        if self.generator is None or not self.training:
            return super().forward(input)
        keep = 1 - self.p
        mask = torch.empty_like(input).bernoulli_(keep, generator=self.generator)
        return input * mask.div_(keep)


def _has_hooks(module: nn.Module) -> bool:
    """Whether somebody wants to know of what passes through a module or its layers."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(part, kind) for part in module.modules() for kind in kinds)


def _affine(weight: Tensor, bias: Tensor, X: Tensor) -> Tensor:
    return F.linear(X, weight, bias)


class MLPModule(nn.Sequential):
    """Linear layers with activations, and dropout where a rate is above 0.

    Parameters
    ----------
    layer_sizes : sequence of int
        Widths from the input layer to the output layer.
    activation : {'identity', 'logistic', 'relu', 'tanh'}
        After every linear layer but the last.
    dropout_rates : sequence of float
        One before each linear layer.
    dtype : torch.dtype
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activation: str,
        dropout_rates: Sequence[float],
        dtype: torch.dtype,
    ) -> None:
        layers: list[nn.Module] = []
        shapes = list(pairwise(layer_sizes))
        for i, (fan_in, fan_out) in enumerate(shapes):
            if dropout_rates[i] > 0:
                layers.append(Dropout(dropout_rates[i]))
            # Nothing is drawn here: an estimator's weights come from its own streams.
            layers.append(nn.utils.skip_init(nn.Linear, fan_in, fan_out, device="cpu", dtype=dtype))
            if i < len(shapes) - 1:
                layers.append(ACTIVATIONS[activation]())
        super().__init__(*layers)

    def in_one_call(self) -> Callable[[Tensor], Tensor]:
        """What `forward` computes, without the calls of the layers and their hooks."""
        steps: list[Callable[[Tensor], Tensor]] = []
        for layer in self:
            if isinstance(layer, nn.Linear):
                steps.append(partial(_affine, layer.weight, layer.bias))
            else:
                steps.append(layer.forward)

        def forward(X: Tensor) -> Tensor:
            for step in steps:
                X = step(X)
            return X

        return forward

    def reset_parameters(self) -> None:
        """Draw weights and biases as `sknn.backprop.glorot_uniform` does, but with PyTorch."""
        for layer in self.linears:
            bound = glorot_uniform(layer.in_features, layer.out_features)
            nn.init.uniform_(layer.weight, -bound, bound)
            nn.init.uniform_(layer.bias, -bound, bound)

    @property
    def linears(self) -> list[nn.Linear]:
        """The linear layers, in order."""
        return [layer for layer in self if isinstance(layer, nn.Linear)]

    def draw_masks_from(self, generator: torch.Generator | None) -> None:
        """Let all dropout draw from `generator`, or from the global one again."""
        for layer in self:
            if isinstance(layer, Dropout):
                layer.generator = generator


def predict_logits(
    coefs: Sequence[np.ndarray],
    intercepts: Sequence[np.ndarray],
    activation: str,
    X: Any,
    device: torch.device,
) -> np.ndarray:
    """Logits of shape (n_rows, n_classes), chunk by chunk; no net is needed.

    Parameters
    ----------
    coefs, intercepts : sequences of ndarray of shape (in, out) and (out,)
    activation : {'identity', 'logistic', 'relu', 'tanh'}
    X : ndarray or CSR matrix of shape (n_rows, n_features)
    device : torch.device
    """
    is_sparse = issparse(X)
    apply = ACTIVATIONS[activation]()
    logits = np.empty((X.shape[0], len(intercepts[-1])), coefs[0].dtype)
    dtype = torch_dtype(logits.dtype)
    with torch.inference_mode():
        weights = [as_tensor(coef, device, dtype) for coef in coefs]
        biases = [as_tensor(intercept, device, dtype) for intercept in intercepts]
        n_rows = prediction_rows(X)
        for start in range(0, X.shape[0], n_rows):
            part = X[start : start + n_rows]
            hidden = as_tensor(part.toarray() if is_sparse else part, device, dtype)
            for W, b in zip(weights[:-1], biases[:-1], strict=True):
                hidden = apply(torch.addmm(b, hidden, W))
            hidden = torch.addmm(biases[-1], hidden, weights[-1])
            logits[start : start + n_rows] = hidden.cpu().numpy()
    return logits


class MLPNet(NeuralNetClassifier):
    """A `skorch.NeuralNetClassifier` for tables, with the objective of `sknn`.

    Parameters
    ----------
    module, **kwargs
        As for `skorch.NeuralNetClassifier`.
    l1, l2 : float
        Strengths of the penalties that are added to the gradient; an optimizer with weight decay
        does the latter itself.
    max_grad_norm : float
        Length to which longer gradients are shortened; infinite for none.
    divisor : int or None
        What the summed loss of a batch is divided by, None for its number of rows.
    shuffle : bool
        Whether to visit the rows in a new order in each epoch.
    """

    # What a training of ours lends to the net for its time.
    _draws_weights: bool = True
    _order: np.random.Generator | None = None
    _rates: Iterator[float] | None = None
    _keep_rows: bool = False

    def __init__(
        self,
        module: Any,
        *args: Any,
        l1: float = 0.0,
        l2: float = 0.0,
        max_grad_norm: float = np.inf,
        divisor: int | None = None,
        shuffle: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(module, *args, **kwargs)
        self.l1, self.l2 = l1, l2
        self.max_grad_norm = max_grad_norm
        self.divisor = divisor
        self.shuffle = shuffle

    def initialize_module(self) -> MLPNet:
        """Make the module, with new weights unless an estimator brings them."""
        super().initialize_module()
        if self._draws_weights:
            self.module_.reset_parameters()
        return self

    # ---- data ----

    def check_data(self, X: Any, y: Any = None) -> None:
        """Nothing to find out: the classes are known."""

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        """Rows as tensors; `X` may be a dict with ``"X"`` and ``"sample_weight"``."""
        if isinstance(X, Dataset):
            return X
        X, weights = unpack(X)
        return TensorRows.of(X, y, weights, self.device, self.module__dtype)

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Batches of rows; in training, shuffled."""
        if not isinstance(dataset, TensorRows):
            return super().get_iterator(dataset, training)
        if not training:
            return TensorBatches(dataset, prediction_rows(dataset.X))
        order = self._order or np.random.default_rng()
        return TensorBatches(dataset, self.batch_size, order if self.shuffle else None)

    # ---- one update ----

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        """Logits of a batch."""
        return self.module_(unpack(x)[0])

    def get_loss(
        self, y_pred: Tensor, y_true: Tensor, X: Any = None, training: bool = False
    ) -> Tensor:
        """Σ w ℓ / B of a batch."""
        return self._mean_loss(y_pred, y_true, unpack(X)[1], self.divisor if training else None)

    def _mean_loss(
        self, logits: Tensor, y: Tensor, weights: Tensor | None, divisor: int | None
    ) -> Tensor:
        smoothing = self.criterion__label_smoothing
        if weights is None and divisor is None:
            return F.cross_entropy(logits, y, label_smoothing=smoothing)
        loss = F.cross_entropy(logits, y, reduction="none", label_smoothing=smoothing)
        return (loss if weights is None else loss * weights).sum() / (divisor or len(y))

    def train_step_single(self, batch: Any, **fit_params: Any) -> dict[str, Tensor]:
        """Logits, loss and gradients of a batch."""
        X, y = batch
        logits = self.infer(X)
        loss = self.get_loss(logits, y, X=X, training=True)
        loss.backward()
        self._finish_gradients()
        self._tally.add(logits.detach(), y, unpack(X)[1])
        return {"loss": loss, "y_pred": logits}

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, Tensor]:
        """One update, as skorch makes it."""
        self._set_training(True)
        self._set_rate()
        return super().train_step(batch, **fit_params)

    def validation_step(self, batch: Any, **fit_params: Any) -> dict[str, Tensor]:
        """Logits and loss of a validation batch."""
        step = super().validation_step(batch, **fit_params)
        self._tally.add(step["y_pred"], batch[1], unpack(batch[0])[1])
        return step

    def _set_rate(self) -> None:
        if self._rates is not None:
            rate = next(self._rates)
            for group in self.optimizer_.param_groups:
                group["lr"] = rate

    def _finish_gradients(self) -> None:
        """Add what the penalties contribute, then shorten the gradient where it is too long."""
        clips = np.isfinite(self.max_grad_norm)
        if not (self.l1 or self.l2 or clips):
            return
        with torch.no_grad():
            for layer in self.module_.linears:
                if layer.weight.grad is None:  # a callback has frozen it
                    continue
                if self.l1:
                    layer.weight.grad.add_(layer.weight.sign(), alpha=self.l1)
                if self.l2:
                    layer.weight.grad.add_(layer.weight, alpha=self.l2)
            if clips:
                gradients = [p.grad for p in self.module_.parameters() if p.grad is not None]
                norm = nn.utils.get_total_norm(gradients)
                scale = (self.max_grad_norm / (norm + 1e-6)).clamp(max=1.0)
                # A norm that overflows would stop the training without a word.
                scale = torch.where(norm.isfinite(), scale, torch.nan)
                for gradient in gradients:
                    gradient.mul_(scale)

    # ---- one epoch ----

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Find out what the best figures so far are, and who wants to know of batches."""
        super().on_train_begin(net, X, y, **kwargs)
        self.figures_: dict[str, Figures] = {}
        self.find_best()
        hooks = ("on_batch_begin", "on_batch_end", "on_grad_computed")
        self._is_watched = any(
            getattr(type(callback), hook) is not getattr(Callback, hook)
            for _, callback in self.callbacks_
            for hook in hooks
        )

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any
    ) -> None:
        """One pass over the rows: skorch's own loop where a callback looks at batches."""
        if iterator is None:
            return
        self._tally = Tally(self.criterion_.label_smoothing)
        if self._is_watched or not isinstance(iterator, TensorBatches):
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
        module, optimizer, tally = self.module_, self.optimizer_, self._tally
        parameters = list(module.parameters())
        one = torch.ones((), dtype=parameters[0].dtype, device=parameters[0].device)
        forward = module if self.compile or _has_hooks(module) else module.in_one_call()
        for packed, y in batches:
            X, weights = unpack(packed)
            self._set_rate()
            logits = forward(X)
            self._mean_loss(logits, y, weights, self.divisor).backward(one)
            self._finish_gradients()
            optimizer.step()
            for parameter in parameters:
                parameter.grad = None
            tally.add(logits.detach(), y, weights)

    def _evaluate(self, batches: TensorBatches) -> None:
        self._set_training(False)
        with torch.no_grad():
            for X, y in batches:
                self._tally.add(self.infer(X), y, unpack(X)[1])

    def _record(self, prefix: str) -> None:
        figures = self._tally.figures(self._keep_rows)
        del self._tally
        self.figures_[prefix] = figures
        loss = (figures.mean_loss if prefix == "train" else figures.weighted_loss).item()
        row = list.__getitem__(self.history, -1)  # without a copy of the whole history
        if len(row["batches"]) < 2:
            # Some of skorch's callbacks rely on batches: to them, the epoch was one.
            whole = {f"{prefix}_loss": loss, f"{prefix}_batch_size": figures.n_rows.item()}
            row["batches"] = [{**(row["batches"] or [{}])[0], **whole}]
        row[f"{prefix}_loss"], row[f"{prefix}_acc"] = loss, figures.accuracy.item()
        self._note_best(row, prefix)

    def find_best(self) -> None:
        """Mark the epochs of the history that were the best so far."""
        self._best: dict[str, float] = {}
        for row in self.history:
            self._note_best(row)

    def _note_best(self, row: dict[str, Any], *prefixes: str) -> None:
        for prefix in prefixes or ("train", "valid"):
            for name, sign in ((f"{prefix}_loss", 1), (f"{prefix}_acc", -1)):
                if name in row:
                    value = sign * row[name]
                    row[f"{name}_best"] = is_best = value < self._best.get(name, np.inf)
                    if is_best:
                        self._best[name] = value
