"""What becomes of gradients between the backward pass and the optimizer's step."""

from __future__ import annotations

from math import isfinite

import torch
from torch import nn

from ._module import MLPModule


def finish_gradients(module: MLPModule, l1: float, l2: float, max_norm: float) -> None:
    """Add what the penalties contribute, then shorten the gradient where it is too long.

    Parameters
    ----------
    module : MLPModule
    l1, l2 : float
        Strengths of penalties that are in the gradient.
    max_norm : float
        Infinite for no shortening.
    """
    clips = isfinite(max_norm)
    if not (l1 or l2 or clips):
        return
    with torch.no_grad():
        for layer in module.linears:
            if layer.weight.grad is None:  # a callback has frozen it
                continue
            if l1:
                layer.weight.grad.add_(layer.weight.sign(), alpha=l1)
            if l2:
                layer.weight.grad.add_(layer.weight, alpha=l2)
        if clips:
            gradients = [p.grad for p in module.parameters() if p.grad is not None]
            norm = nn.utils.get_total_norm(gradients)
            scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
            # A norm that overflows would stop the training without a word.
            scale = torch.where(norm.isfinite(), scale, torch.nan)
            for gradient in gradients:
                gradient.mul_(scale)
