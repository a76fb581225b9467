"""Proximal steps after those of PyTorch's optimizers: the mathematics of `sknn.backprop`.

What is exact about it, and why the metric has to be the optimizer's own, is said in
`sknn/backprop/_proximal.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sknn.backprop import NEWTON_STEPS

# Settings of optimizers that would change their metric, or their sense of direction.
OTHER_FORMS = ("amsgrad", "centered", "dampening", "maximize")


@torch.no_grad()
def proximal_step(
    layers: Sequence[nn.Linear],
    optimizer: torch.optim.Optimizer,
    l1: float,
    group_l1: float,
    n_units_per_feature: int = 1,
) -> None:
    """Make the step of the penalties with a corner, after that of the optimizer.

    Parameters
    ----------
    layers : sequence of torch.nn.Linear
        All of a network, the first one first. One without a gradient is frozen, and left alone.
    optimizer : torch.optim.SGD, Adam, AdamW or RMSprop
        After its step.
    l1, group_l1 : float
        Strengths; of `group_l1`, the groups are the first layer's weights by feature.
    n_units_per_feature : int
        Inputs of the first layer that come from one feature.

    Raises
    ------
    ValueError
        If the optimizer is another, whose metric is not known.
    """
    groups = {p: group for group in optimizer.param_groups for p in group["params"]}
    for i, layer in enumerate(layers):
        weight = layer.weight
        if weight.grad is None:
            continue
        reach, metric = _reach_and_metric(optimizer, groups[weight], optimizer.state[weight])
        if l1:
            if metric is None:
                weight.sub_(weight.clamp(-l1 * reach, l1 * reach))
            else:
                threshold = metric.reciprocal().mul_(l1 * reach)
                weight.sub_(weight.clamp(-threshold, threshold))
        if group_l1 and i == 0:
            shape = len(weight), -1, n_units_per_feature
            by_feature = None if metric is None else metric.view(shape)
            _shrink_features(weight.view(shape), by_feature, group_l1 * reach)


def _reach_and_metric(
    optimizer: torch.optim.Optimizer, group: dict[str, Any], state: dict[str, Any]
) -> tuple[float, Tensor | None]:
    """What a unit of gradient moves a weight by in a step in the end: reach / metric."""
    rate = group["lr"]
    if not any(group.get(name) for name in OTHER_FORMS):
        if isinstance(optimizer, torch.optim.SGD):
            return rate / (1 - group["momentum"]), None
        if isinstance(optimizer, torch.optim.RMSprop) and not group["momentum"]:
            return rate, state["square_avg"].sqrt().add_(group["eps"])
        if isinstance(optimizer, torch.optim.Adam | torch.optim.AdamW):
            # A tensor throughout: to read it would make a GPU wait.
            root = (1 - group["betas"][1] ** state["step"].double()).sqrt()
            return rate, state["exp_avg_sq"].sqrt().div_(root).add_(group["eps"])
    raise ValueError(
        "`l1` with l1_method='prox' and `group_l1` need torch.optim.SGD, Adam, AdamW or RMSprop "
        f"in their plain forms, whose metric they use, got {optimizer!r}"
    )


def _shrink_features(weight: Tensor, metric: Tensor | None, strength: float) -> None:
    """The group threshold of a weight by feature, shape (n_units, n_features, ·).

    Uses up `metric`.
    """
    scaled = weight if metric is None else weight * metric
    norm = scaled.square().sum(dim=(0, 2), keepdim=True).sqrt()
    if metric is None:
        weight.mul_(1 - strength / norm)
    else:
        r = (norm - strength) / metric.amax(dim=(0, 2), keepdim=True)
        threshold = metric.reciprocal_().mul_(strength)
        # Used again in every step: for a wide layer, allocating costs more than computing.
        inverse, squares = torch.empty_like(weight), scaled
        for _ in range(NEWTON_STEPS):
            torch.add(threshold, r, out=inverse)
            torch.div(weight, inverse, out=squares).square_()
            square = squares.sum(dim=(0, 2), keepdim=True)
            slope = squares.div_(inverse).sum(dim=(0, 2), keepdim=True)
            r = r + (square.sqrt() - 1) * square / slope
        weight.mul_(r / (r + threshold))
    weight.masked_fill_(norm <= strength, 0.0)
