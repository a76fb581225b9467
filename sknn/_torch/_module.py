"""The network as a PyTorch module, and its outputs without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from sknn.backprop import glorot_uniform
from sknn.training import NetworkSpec

from ._rows import as_tensor, prediction_rows, stays_sparse, torch_dtype

ACTIVATIONS = {"identity": nn.Identity, "logistic": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}


class SparseProduct(torch.autograd.Function):
    """The product of CSR rows, which need no gradient, and a weight of shape (out, in).

    SciPy makes it: only stored entries are multiplied, as in `sknn.backprop.SparseLinear`.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: Any) -> Tensor:
        """``rows @ weight.T``, shape (n_rows, out)."""
        ctx.rows = rows
        return torch.from_numpy(rows @ weight.detach().numpy().T)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The gradient of the weight."""
        return torch.from_numpy(ctx.rows.T @ gradient.numpy()).T, None


class Dropout(nn.Dropout):
    """`nn.Dropout` of dense or sparse rows, which may draw its masks from a generator of its own.

    Of sparse rows only the stored entries have a mask, as in `sknn.backprop.SparseDropout`.
    """

    generator: torch.Generator | None = None

    def forward(self, input: Any) -> Any:
        """Drop inputs at random, in training mode."""
        is_sparse = issparse(input)
        if not self.training:
            return input
        if self.generator is None and not is_sparse:
            return super().forward(input)
        keep = 1 - self.p
        entries = torch.from_numpy(input.data) if is_sparse else input
        mask = torch.empty_like(entries).bernoulli_(keep, generator=self.generator).div_(keep)
        if not is_sparse:
            return input * mask
        dropped = input.copy()
        dropped.data *= mask.numpy()
        return dropped


class Linear(nn.Linear):
    """`nn.Linear` that also takes CSR rows."""

    def forward(self, input: Any) -> Tensor:
        """The affine map."""
        return _affine(self.weight, self.bias, input)


def has_hooks(module: nn.Module) -> bool:
    """Whether somebody wants to know of what passes through a module or its layers."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(part, kind) for part in module.modules() for kind in kinds)


def _affine(weight: Tensor, bias: Tensor, X: Any) -> Tensor:
    if isinstance(X, Tensor):
        return F.linear(X, weight, bias)
    return SparseProduct.apply(weight, X) + bias


class MLPModule(nn.Sequential):
    """The layers of a spec; dropout where its rate is above 0.

    Parameters
    ----------
    spec : NetworkSpec
    dropout_rates : sequence of float
        One before each linear layer.
    dtype : torch.dtype
    """

    def __init__(
        self,
        spec: NetworkSpec,
        dropout_rates: Sequence[float],
        dtype: torch.dtype,
    ) -> None:
        layers: list[nn.Module] = []
        for layer in spec.layers:
            if layer.kind == "activation":
                layers.append(ACTIVATIONS[layer.name]())
            elif layer.kind == "linear":
                # Nothing is drawn here: an estimator's weights come from its own streams.
                shape = layer.n_in, layer.n_out
                layers.append(nn.utils.skip_init(Linear, *shape, device="cpu", dtype=dtype))
            elif dropout_rates[layer.index] > 0:
                layers.append(Dropout(dropout_rates[layer.index]))
        super().__init__(*layers)

    def in_one_call(self) -> Callable[[Any], Tensor]:
        """What `forward` computes, without the calls of the layers and their hooks."""
        steps: list[Callable[[Any], Any]] = []
        for layer in self:
            if isinstance(layer, nn.Linear):
                steps.append(partial(_affine, layer.weight, layer.bias))
            else:
                steps.append(layer.forward)

        def forward(X: Any) -> Any:
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


def predict(
    spec: NetworkSpec, arrays: Mapping[str, np.ndarray], X: Any, device: torch.device
) -> np.ndarray:
    """Outputs of one network, (n_rows, n_outputs), chunk by chunk; no module is needed.

    Parameters
    ----------
    spec : NetworkSpec
    arrays : mapping of str to ndarray
        Parameters by the names of the spec's layout.
    X : ndarray or CSR matrix of shape (n_rows, n_features)
    device : torch.device
    """
    is_sparse, keeps = issparse(X), stays_sparse(X, device)
    if is_sparse:
        X.check_format()  # an index out of bounds would end the process
    outputs = np.empty((X.shape[0], spec.n_outputs), arrays["weights.0"].dtype)
    dtype = torch_dtype(outputs.dtype)
    with torch.inference_mode(), torch.autocast(device.type, enabled=False):
        tensors = {name: as_tensor(array, device, dtype) for name, array in arrays.items()}
        steps: list[Callable[[Any], Any]] = []
        for layer in spec.layers:
            if layer.kind == "activation":
                steps.append(ACTIVATIONS[layer.name]())
            elif layer.kind == "linear":
                W, b = tensors[f"weights.{layer.index}"], tensors[f"biases.{layer.index}"]
                steps.append(partial(_product, W, b))
        n_rows = prediction_rows(X, device)
        for begin in range(0, X.shape[0], n_rows):
            hidden = X[begin : begin + n_rows]
            if not keeps:
                hidden = as_tensor(hidden.toarray() if is_sparse else hidden, device, dtype)
            for step in steps:
                hidden = step(hidden)
            outputs[begin : begin + n_rows] = hidden.cpu().numpy()
    return outputs


def _product(W: Tensor, b: Tensor, X: Any) -> Tensor:
    return torch.addmm(b, X, W) if isinstance(X, Tensor) else torch.from_numpy(X @ W.numpy()) + b
