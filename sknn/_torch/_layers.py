"""The layers of `sknn.backprop` as PyTorch modules; each says which arrays of a layout it has."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from scipy.sparse import issparse
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from sknn.backprop import EPSILON, MOMENTUM
from sknn.training import N_COSINES, N_EMBEDDED


class Softplus(nn.Module):
    """log(1 + exp(z)), to the last digit; `nn.Softplus` is z from 20 on."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it."""
        return torch.logaddexp(input, torch.zeros((), dtype=input.dtype, device=input.device))


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "selu": nn.SELU,
    "elu": nn.ELU,
    "leaky_relu": nn.LeakyReLU,
    "softplus": Softplus,
}


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

    array_names: ClassVar[dict[str, str]] = {"weight": "weights.{}", "bias": "biases.{}"}

    def forward(self, input: Any) -> Tensor:
        """The affine map."""
        return affine(self.weight, self.bias, input)


def affine(weight: Tensor, bias: Tensor, X: Any) -> Tensor:
    """The affine map of dense or of CSR rows; `weight` is (out, in)."""
    if isinstance(X, Tensor):
        return F.linear(X, weight, bias)
    return SparseProduct.apply(weight, X) + bias


class LayerNorm(nn.Module):
    """`torch.nn.LayerNorm`, whose weight has a name of its own: no penalty is for it."""

    array_names: ClassVar[dict[str, str]] = {"scale": "scales.{}", "shift": "shifts.{}"}

    def __init__(self, width: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width, dtype=dtype))
        self.shift = nn.Parameter(torch.zeros(width, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        """Normalise every row."""
        return F.layer_norm(input, self.scale.shape, self.scale, self.shift, EPSILON)


class BatchNorm(nn.Module):
    """`torch.nn.BatchNorm1d`, but that a single row is normalised by the running statistics."""

    array_names: ClassVar[dict[str, str]] = {
        "scale": "scales.{}",
        "shift": "shifts.{}",
        "mean": "means.{}",
        "variance": "variances.{}",
    }
    mean: Tensor
    variance: Tensor

    def __init__(self, width: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width, dtype=dtype))
        self.shift = nn.Parameter(torch.zeros(width, dtype=dtype))
        self.register_buffer("mean", torch.zeros(width, dtype=dtype))
        self.register_buffer("variance", torch.ones(width, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        """Normalise every unit."""
        trains = self.training and len(input) > 1
        statistics = self.mean, self.variance
        return F.batch_norm(input, *statistics, self.scale, self.shift, trains, MOMENTUM, EPSILON)


class Residual(nn.Sequential):
    """Layers around which their input passes."""

    def forward(self, input: Tensor) -> Tensor:
        """The sum."""
        return super().forward(input) + input


class InputScale(nn.Module):
    """Every feature times a number."""

    array_names: ClassVar[dict[str, str]] = {"scale": "input_scale"}

    def __init__(self, n_features: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n_features, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        """The product."""
        return input * self.scale


class PeriodicEmbedding(nn.Module):
    """Features as themselves and as linear maps of waves."""

    frequencies: nn.Parameter
    phases: nn.Parameter
    embedding_weights: nn.Parameter
    embedding_biases: nn.Parameter
    array_names: ClassVar[dict[str, str]] = {
        name: name for name in ("frequencies", "phases", "embedding_weights", "embedding_biases")
    }

    def __init__(self, n_features: int, dtype: torch.dtype) -> None:
        super().__init__()
        shapes = {
            "frequencies": (n_features, 1, N_COSINES),
            "phases": (n_features, 1, N_COSINES),
            "embedding_weights": (n_features, N_COSINES, N_EMBEDDED),
            "embedding_biases": (n_features, 1, N_EMBEDDED),
        }
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape, dtype=dtype)))

    def reset_parameters(self) -> None:
        """Draw parameters as `sknn.backprop` does, but with PyTorch."""
        bound = N_COSINES**-0.5
        nn.init.normal_(self.frequencies, 0.0, 0.1)
        nn.init.uniform_(self.phases, -math.pi, math.pi)
        nn.init.uniform_(self.embedding_weights, -bound, bound)
        nn.init.uniform_(self.embedding_biases, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """All units, feature by feature."""
        own = self.frequencies, self.phases, self.embedding_weights, self.embedding_biases
        return periodic(*own, input)


def periodic(
    frequencies: Tensor, phases: Tensor, weights: Tensor, biases: Tensor, X: Tensor
) -> Tensor:
    """The periodic embedding of rows, (n_rows, n_features * (1 + N_EMBEDDED))."""
    by_feature = X.T[:, :, None]
    waves = torch.cos(2 * math.pi * by_feature * frequencies + phases)
    units = torch.cat([by_feature, waves @ weights + biases], dim=2)
    return units.permute(1, 0, 2).reshape(len(X), -1)
