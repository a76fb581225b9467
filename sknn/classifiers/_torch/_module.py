"""The network as a PyTorch module, and its logits without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor, nn
from torch.nn import functional as F

from sknn.backprop import glorot_uniform

from ._rows import as_tensor, prediction_rows, torch_dtype

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


def has_hooks(module: nn.Module) -> bool:
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
    with torch.inference_mode(), torch.autocast(device.type, enabled=False):
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
