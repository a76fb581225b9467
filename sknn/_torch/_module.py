"""The network as a PyTorch module, and its outputs without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor, nn
from torch.nn import functional as F

from sknn.backprop import EPSILON, glorot_uniform
from sknn.training import LayerSpec, NetworkSpec

from ._layers import (
    ACTIVATIONS,
    BatchNorm,
    Dropout,
    InputScale,
    LayerNorm,
    Linear,
    PeriodicEmbedding,
    Residual,
    affine,
    periodic,
)
from ._rows import as_tensor, prediction_rows, stays_sparse, torch_dtype


def has_hooks(module: nn.Module) -> bool:
    """Whether somebody wants to know of what passes through a module or its layers."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(part, kind) for part in module.modules() for kind in kinds)


#: By name of the layer, or its kind.
WITH_A_WIDTH: dict[str, Callable[[int, torch.dtype], nn.Module]] = {
    "batch": BatchNorm,
    "layer": LayerNorm,
    "periodic": PeriodicEmbedding,
    "input_scale": InputScale,
}


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
        super().__init__(*_modules_of(spec.layers, dropout_rates, dtype))

    def arrays(self) -> dict[str, Tensor]:
        """Parameters and buffers by the names of the spec's layouts; weights are (out, in)."""
        return {
            name.format(part.index): getattr(part, attribute)
            for part in self.modules()
            for attribute, name in getattr(part, "array_names", {}).items()
        }

    def trained(self) -> dict[str, Tensor]:
        """Those of the arrays that are parameters."""
        return {n: t for n, t in self.arrays().items() if isinstance(t, nn.Parameter)}

    def in_one_call(self) -> Callable[[Any], Tensor]:
        """What `forward` computes, without the calls of the layers and their hooks."""
        steps: list[Callable[[Any], Any]] = []
        for layer in self:
            if isinstance(layer, nn.Linear):
                steps.append(partial(affine, layer.weight, layer.bias))
            else:
                steps.append(layer.forward)

        def forward(X: Any) -> Any:
            for step in steps:
                X = step(X)
            return X

        return forward

    def reset_parameters(self) -> None:
        """Draw weights and biases as `sknn.backprop.glorot_uniform` does, but with PyTorch."""
        for part in self.modules():
            if isinstance(part, PeriodicEmbedding):
                part.reset_parameters()
        for layer in self.linears:
            bound = glorot_uniform(layer.in_features, layer.out_features)
            nn.init.uniform_(layer.weight, -bound, bound)
            nn.init.uniform_(layer.bias, -bound, bound)

    @property
    def linears(self) -> list[nn.Linear]:
        """The linear layers, in order."""
        return [part for part in self.modules() if isinstance(part, nn.Linear)]

    def draw_masks_from(self, generator: torch.Generator | None) -> None:
        """Let all dropout draw from `generator`, or from the global one again."""
        for part in self.modules():
            if isinstance(part, Dropout):
                part.generator = generator


def _modules_of(
    layers: Sequence[LayerSpec], dropout_rates: Sequence[float], dtype: torch.dtype
) -> Iterator[nn.Module]:
    """The modules of layers; each knows the number of its layer."""
    for layer in layers:
        if layer.kind == "residual":
            module: Any = Residual(*_modules_of(layer.branch, dropout_rates, dtype))
        elif layer.kind == "activation":
            module = ACTIVATIONS[layer.name]()
        elif layer.kind == "dropout":
            if not dropout_rates[layer.index]:
                continue
            module = Dropout(dropout_rates[layer.index])
        elif layer.kind == "linear":
            # Nothing is drawn here: an estimator's weights come from its own streams.
            shape = layer.n_in, layer.n_out
            module = nn.utils.skip_init(Linear, *shape, device="cpu", dtype=dtype)
            module.bias.requires_grad_(layer.trains_bias)
        else:
            module = WITH_A_WIDTH[layer.name or layer.kind](layer.n_in, dtype)
        module.index = layer.index
        yield module


def _functions_of(
    layers: Sequence[LayerSpec], tensors: Mapping[str, Tensor]
) -> Callable[[Any], Tensor]:
    """Layers, without dropout, as one function of rows."""
    steps: list[Callable[[Any], Any]] = []
    for layer in layers:
        own = partial(_tensors_of, tensors, layer.index)
        if layer.kind == "residual":
            steps.append(partial(_add_branch, _functions_of(layer.branch, tensors)))
        elif layer.kind == "activation":
            steps.append(ACTIVATIONS[layer.name]())
        elif layer.kind == "linear":
            steps.append(partial(_product, *own("weights", "biases")))
        elif layer.kind == "input_scale":
            steps.append(partial(torch.mul, tensors["input_scale"]))
        elif layer.kind == "embedding":
            names = PeriodicEmbedding.array_names
            steps.append(partial(periodic, *(tensors[name] for name in names)))
        elif layer.name == "layer":
            steps.append(partial(_layer_norm, *own("scales", "shifts")))
        elif layer.name == "batch":
            steps.append(partial(_batch_norm, *own("scales", "shifts", "means", "variances")))

    def apply(X: Any) -> Any:
        for step in steps:
            X = step(X)
        return X

    return apply


def _tensors_of(tensors: Mapping[str, Tensor], index: int, *roles: str) -> list[Tensor]:
    return [tensors[f"{role}.{index}"] for role in roles]


def _product(W: Tensor, b: Tensor, X: Any) -> Tensor:
    return torch.addmm(b, X, W) if isinstance(X, Tensor) else torch.from_numpy(X @ W.numpy()) + b


def _add_branch(branch: Callable[[Tensor], Tensor], X: Tensor) -> Tensor:
    return X + branch(X)


def _layer_norm(scale: Tensor, shift: Tensor, X: Tensor) -> Tensor:
    return F.layer_norm(X, scale.shape[1:], scale[0], shift[0], EPSILON)


def _batch_norm(scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, X: Tensor) -> Tensor:
    return F.batch_norm(X, mean[0], variance[0], scale[0], shift[0], False, 0.0, EPSILON)


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
        network = _functions_of(spec.layers, tensors)
        n_rows = prediction_rows(X, device)
        for begin in range(0, X.shape[0], n_rows):
            hidden = X[begin : begin + n_rows]
            if not keeps:
                hidden = as_tensor(hidden.toarray() if is_sparse else hidden, device, dtype)
            outputs[begin : begin + n_rows] = network(hidden).cpu().numpy()
    return outputs
