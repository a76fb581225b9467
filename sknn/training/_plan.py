"""How to learn: the settings of a fit, with nothing left "auto"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

import numpy as np

from ._layout import FloatArray
from ._problem import Problem
from ._spec import NetworkSpec

Monitor = Literal["objective", "valid_loss", "valid_accuracy", "valid_r2"]

#: In one stack these may differ from model to model; every other field must be equal.
PER_MODEL = frozenset(
    {
        "learning_rate",
        "learning_rate_init",
        "power_t",
        "momentum",
        "beta_1",
        "beta_2",
        "epsilon",
        "l1",
        "l2",
        "group_l1",
        "dropout",
        "input_dropout",
        "label_smoothing",
        "max_grad_norm",
        "tol",
        "n_iter_no_change",
    }
)


@dataclass(frozen=True)
class Plan:
    """The settings of a fit, validated and resolved; names as on the estimators.

    Defaults are those of the estimators. `loss` is a name of `sknn.backprop.LOSSES`, for which
    `spec` has to have the right number of outputs; `quantiles` are the levels of 'quantile'.
    `max_grad_norm` is infinite for "no clipping"; `dropout` has one rate per hidden layer, or none;
    `monitor` is what the stopping rule watches; `restore_best` keeps the best epoch's weights.
    `divisor` is what the summed loss of a batch is divided by, None for its number of rows. With
    the batch size in its place the last, smaller batch of an epoch makes a smaller step, as a
    gradient that is summed over the batch does. `sums_gradients` asks for the sizes of the first
    layer's gradients, added up over all updates.

    Examples
    --------
    One feature, two classes, no hidden layer: softmax regression, by three steps of plain gradient
    descent with batches of two rows. Other examples of the engine go on from this plan.

    >>> from sknn.training import NetworkSpec, Plan
    >>> plan = Plan(
    ...     NetworkSpec((1, 2)),
    ...     solver="sgd",
    ...     learning_rate_init=0.1,
    ...     momentum=0.0,
    ...     batch_size=2,
    ...     max_iter=3,
    ...     l2=0.0,
    ... )
    >>> plan.loss, plan.dropout_rates
    ('softmax_cross_entropy', (0.0,))
    """

    spec: NetworkSpec
    loss: str = "softmax_cross_entropy"
    quantiles: tuple[float, ...] = ()
    solver: str = "adam"
    learning_rate_init: float = 0.001
    learning_rate: str = "constant"
    power_t: float = 0.5
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    batch_size: int = 200
    max_iter: int = 200
    max_fun: int = 15000
    l1: float = 0.0
    l2: float = 1e-4
    group_l1: float = 0.0
    l1_method: str = "prox"
    dropout: tuple[float, ...] = ()
    input_dropout: float = 0.0
    label_smoothing: float = 0.0
    max_grad_norm: float = np.inf
    monitor: Monitor = "objective"
    restore_best: bool = False
    n_iter_no_change: float = 10
    tol: float = 1e-4
    shuffle: bool = True
    record: str = "epoch"
    dtype: np.dtype[Any] = np.dtype(np.float64)  # noqa: RUF009 (cannot be changed)
    divisor: int | None = None
    sums_gradients: bool = False

    @property
    def dropout_rates(self) -> tuple[float, ...]:
        """Rates of the inputs of every linear layer: the data's first, then the hidden layers'."""
        n_hidden = len(self.spec.layer_sizes) - 2
        return (self.input_dropout, *(self.dropout or (0.0,) * n_hidden))


def column(plans: Sequence[Plan], name: str) -> FloatArray:
    """A setting of every model, as an array of shape (K, 1) in the dtype of training."""
    return np.array([[getattr(plan, name)] for plan in plans], dtype=plans[0].dtype)


def check_stackable(plans: Sequence[Plan], problems: Sequence[Problem] = ()) -> None:
    """Raise ValueError unless these models may train together in one stack.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> from dataclasses import replace
    >>> from sknn.training import check_stackable
    >>> check_stackable([plan, replace(plan, l2=0.1)])
    >>> check_stackable([plan, replace(plan, max_iter=4)])
    Traceback (most recent call last):
        ...
    ValueError: `max_iter` must be equal for all models of a stack, got 3 and 4
    """
    keys = [stack_key(*pair) for pair in zip_longest(plans, problems)]
    for key in keys[1:]:
        for name, value in key.items():
            if value != keys[0][name]:
                raise ValueError(
                    f"`{name}` must be equal for all models of a stack, got {keys[0][name]!r} "
                    f"and {value!r}"
                )


def stack_key(plan: Plan, problem: Problem | None = None) -> dict[str, Any]:
    """What must be equal for models to train together in one stack, by name.

    Examples
    --------
    `plan` is that of `Plan`'s example.

    >>> from dataclasses import replace
    >>> from sknn.training import PER_MODEL, stack_key
    >>> "l2" in PER_MODEL, stack_key(replace(plan, l2=0.1)) == stack_key(plan)
    (True, True)
    >>> "batch_size" in PER_MODEL, stack_key(replace(plan, batch_size=1)) == stack_key(plan)
    (False, False)
    """
    key = {name: value for name, value in vars(plan).items() if name not in PER_MODEL}
    if problem is not None:
        rows = problem.train
        key["validation rows"] = problem.valid is not None
        key["sparsity of X"] = rows.is_sparse
        # One batch of all rows is not shuffled.
        key["several batches"] = plan.batch_size < len(rows)
    return key
