"""The losses of `sknn.backprop` in PyTorch, which finds their gradients itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sknn.backprop import SMALLEST_SD


def row_losses(
    loss: str, outputs: Tensor, y: Tensor, smoothing: float = 0.0, quantiles: Sequence[float] = ()
) -> Tensor:
    """The loss of every row, (B,).

    Parameters
    ----------
    loss : str
        A name of `sknn.backprop.LOSSES`.
    outputs : Tensor of shape (B, C)
    y : Tensor of shape (B,) or (B, T)
        Class numbers, or numbers or indicators.
    smoothing : float
        Share ε of targets that is spread evenly over the classes.
    quantiles : sequence of float
    """
    if loss == "softmax_cross_entropy":
        return F.cross_entropy(outputs, y, reduction="none", label_smoothing=smoothing)
    y = y.reshape(len(y), -1).to(outputs.dtype)
    if loss == "sigmoid_cross_entropy":
        y = y * (1 - smoothing) + smoothing / 2 if smoothing else y
        return F.binary_cross_entropy_with_logits(outputs, y, reduction="none").sum(dim=1)
    if loss == "quantile":
        above = y - rising(outputs)
        levels = torch.tensor(quantiles, dtype=outputs.dtype, device=outputs.device)
        return torch.maximum(levels * above, (levels - 1) * above).mean(dim=1)
    if loss == "gaussian":
        mean, log_sd = outputs.chunk(2, dim=1)
        log_sd = log_sd.clamp(min=float(np.log(SMALLEST_SD)))
        return (log_sd + 0.5 * ((y - mean) * torch.exp(-log_sd)).square()).sum(dim=1)
    if loss == "squared_error":
        by_output = 0.5 * (outputs - y).square()
    elif loss == "absolute_error":
        by_output = (outputs - y).abs()
    elif loss == "huber":
        by_output = F.huber_loss(outputs, y, reduction="none")
    elif loss == "poisson":
        by_output = torch.exp(outputs) - y * outputs
    else:
        assert loss == "gamma"
        by_output = y * torch.exp(-outputs) + outputs
    return by_output.sum(dim=1)


def rising(outputs: Tensor) -> Tensor:
    """Quantiles: the first output, then one step through a softplus after the other."""
    # `logaddexp`, since `softplus` stops at 20 and is another function in the last digits.
    zero = torch.zeros((), dtype=outputs.dtype, device=outputs.device)
    steps = torch.logaddexp(zero, outputs[:, 1:])
    return torch.cat([outputs[:, :1], steps], dim=1).cumsum(dim=1)


def hits(loss: str, outputs: Tensor, y: Tensor) -> Tensor:
    """Whether the class, or all labels, of every row are predicted, (B,)."""
    if loss == "softmax_cross_entropy":
        return torch.eq(outputs.argmax(dim=1), y)
    return torch.eq(outputs > 0, y.reshape(len(y), -1) > 0).all(dim=1)


def probabilities(outputs: Tensor) -> Tensor:
    """Of logistic outputs: two columns for two classes, else one for each label."""
    found = torch.sigmoid(outputs)
    return torch.cat([torch.sigmoid(-outputs), found], dim=1) if outputs.shape[1] == 1 else found


class MeanLoss(nn.Module):
    """The mean of `row_losses`, as a criterion for skorch."""

    def __init__(
        self, loss: str, label_smoothing: float = 0.0, quantiles: Sequence[float] = ()
    ) -> None:
        super().__init__()
        self.loss, self.label_smoothing, self.quantiles = loss, label_smoothing, tuple(quantiles)

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """The mean over the rows of a batch."""
        return row_losses(self.loss, outputs, y, self.label_smoothing, self.quantiles).mean()
