"""The learning rate as a function of the step: a factor of `learning_rate_init`.

Steps are updates, counted from 0. Every function takes an array and returns the factors of all its
elements, so that an epoch's rates are computed at once. `"adaptive"` is no function of the
step: it follows the loss, and lives with the stopping rule.
"""

from __future__ import annotations

import numpy as np

from ._layout import IntArray
from ._plan import Plan

FloatVector = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def constant(step: IntArray) -> FloatVector:
    """1, always.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import constant
    >>> constant(np.arange(3))
    array([1., 1., 1.])
    """
    return np.ones(step.shape)


def invscaling(rows_seen: IntArray, power_t: float) -> FloatVector:
    r""":math:`(1 + t)^{-power\_t}`, with t the rows seen in all epochs before this one.

    Scikit-learn's rule: the rate changes between epochs only.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import invscaling
    >>> invscaling(np.array([0, 3, 99]), power_t=0.5).round(3)
    array([1. , 0.5, 0.1])
    """
    return np.asarray(np.power(1.0 + rows_seen, -power_t))


def cosine(step: IntArray, n_steps: int) -> FloatVector:
    r""":math:`\frac12 (1 + \cos(\pi t / T))`: from 1 to 0 in half a wave.

    Loshchilov and Hutter (2017), without restarts.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import cosine
    >>> cosine(np.array([0, 50, 100]), n_steps=100).round(3)
    array([1. , 0.5, 0. ])
    """
    return 0.5 * (1.0 + np.cos(np.pi * step / n_steps))


def onecycle(
    step: IntArray,
    n_steps: int,
    warm_up: float = 0.3,
    start: float = 1 / 25,
    end: float = 1 / 250_000,
) -> FloatVector:
    """Up from `start` to 1 over the first `warm_up` of the steps, then down to `end`.

    Both ways are half cosine waves (Smith and Topin, 2018; the shape and the constants that
    PyTorch's `OneCycleLR` made usual). Momentum is not cycled.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import onecycle
    >>> onecycle(np.array([0, 29, 64, 99]), n_steps=100).round(3)
    array([0.04, 1.  , 0.5 , 0.  ])
    """
    peak = warm_up * n_steps - 1
    last = n_steps - 1
    rising = np.clip(step / max(peak, 1e-12), 0.0, 1.0) if peak > 0 else np.ones(step.shape)
    falling = np.clip((step - peak) / (last - peak), 0.0, 1.0)
    up = start + (1 - start) * 0.5 * (1 - np.cos(np.pi * rising))
    down = end + (1 - end) * 0.5 * (1 + np.cos(np.pi * falling))
    return np.where(step <= peak, up, down)


def learning_rates(plan: Plan, first: int, updates_per_epoch: int, rows_seen: int) -> FloatVector:
    """The rates of the updates of one epoch, shape (updates_per_epoch,).

    Parameters
    ----------
    plan : Plan
    first : int
        Updates made before this epoch.
    updates_per_epoch : int
    rows_seen : int
        Rows that all epochs before this one have visited.

    Examples
    --------
    `plan` is that of `Plan`'s example, and its rate is 0.1. Two epochs of two updates:

    >>> from dataclasses import replace
    >>> from sknn.training import learning_rates
    >>> halves = replace(plan, learning_rate="cosine", max_iter=2)
    >>> learning_rates(halves, first=0, updates_per_epoch=2, rows_seen=0).round(3)
    array([0.1  , 0.085])
    >>> learning_rates(halves, first=2, updates_per_epoch=2, rows_seen=4).round(3)
    array([0.05 , 0.015])
    """
    step = first + np.arange(updates_per_epoch)
    n_steps = plan.max_iter * updates_per_epoch
    if plan.learning_rate == "invscaling":
        factor = invscaling(np.full(step.shape, rows_seen), plan.power_t)
    elif plan.learning_rate == "cosine":
        factor = cosine(step, n_steps)
    elif plan.learning_rate == "onecycle":
        factor = onecycle(step, n_steps)
    else:
        factor = constant(step)
    return plan.learning_rate_init * factor
