"""What parameters become: a `Plan`, with every "auto" resolved."""

from __future__ import annotations

from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np

from sknn._warnings import warn
from sknn.backprop import ACTIVATIONS
from sknn.training import NetworkSpec, Plan

from ._base import BaseMLP
from ._targets import Target

SCHEDULES_OVER_MAX_ITER = ("cosine", "onecycle")


def training_dtypes(estimator: BaseMLP) -> list[type] | type:
    """Dtypes that X may have on its way in, in the form that `validate_data` takes."""
    if estimator.solver == "lbfgs":
        if estimator.dtype == "float32":
            raise ValueError(
                "`dtype` must be 'auto' or 'float64' with solver='lbfgs', got 'float32'"
            )
        return np.float64
    if estimator.dtype == "auto":
        return [np.float64, np.float32]
    return np.float32 if estimator.dtype == "float32" else np.float64


def resolve_plan(
    estimator: BaseMLP,
    *,
    n_rows: int,
    n_features: int,
    target: Target,
    dtype: np.dtype,
    max_iter: int,
) -> Plan:
    """Resolve the parameters of `estimator` for data of this shape.

    Raises
    ------
    ValueError
        If parameters that are valid each by itself exclude each other.
    """
    hidden = hidden_sizes(estimator.hidden_layer_sizes)
    dropout = dropout_rates(estimator.dropout, hidden)
    is_lbfgs = estimator.solver == "lbfgs"
    if is_lbfgs:
        _refuse_with_lbfgs(estimator, dropout)
    if estimator.warm_start and estimator.learning_rate in SCHEDULES_OVER_MAX_ITER:
        raise ValueError(
            "`learning_rate` must be 'constant', 'invscaling' or 'adaptive' with "
            f"warm_start=True, got {estimator.learning_rate!r}: it ends at `max_iter`"
        )
    # L-BFGS has a test of its own for convergence, and no other, as in scikit-learn.
    stops_early = bool(estimator.early_stopping) and not is_lbfgs
    plan = Plan(
        spec=resolve_spec(estimator, (n_features, *hidden, target.n_outputs)),
        loss=target.loss,
        quantiles=target.levels,
        solver=estimator.solver,
        learning_rate_init=float(estimator.learning_rate_init),
        learning_rate="constant" if is_lbfgs else estimator.learning_rate,
        power_t=float(estimator.power_t),
        momentum=float(estimator.momentum),
        nesterovs_momentum=bool(estimator.nesterovs_momentum),
        beta_1=float(estimator.beta_1),
        beta_2=float(estimator.beta_2),
        epsilon=float(estimator.epsilon),
        batch_size=n_rows if is_lbfgs else resolve_batch_size(estimator.batch_size, n_rows),
        max_iter=max_iter,
        max_fun=int(estimator.max_fun),
        l1=float(estimator.l1),
        l2=float(estimator.l2),
        group_l1=float(estimator.group_l1),
        l1_method=estimator.l1_method,
        dropout=dropout,
        input_dropout=float(estimator.input_dropout),
        label_smoothing=float(getattr(estimator, "label_smoothing", 0.0)),
        max_grad_norm=(
            np.inf if estimator.max_grad_norm is None else float(estimator.max_grad_norm)
        ),
        monitor=estimator.monitor if stops_early else "objective",
        restore_best=stops_early,
        n_iter_no_change=np.inf if is_lbfgs else float(estimator.n_iter_no_change),
        tol=float(estimator.tol),
        shuffle=bool(estimator.shuffle),
        record=estimator.record,
        dtype=np.dtype(dtype),
    )
    check_representable(plan)
    check_penalties(plan)
    return plan


def resolve_spec(estimator: BaseMLP, layer_sizes: tuple[int, ...]) -> NetworkSpec:
    """The network that the parameters ask for.

    Raises
    ------
    ValueError
        If activations are not as many as hidden layers or unknown, or no layer can be residual.
    """
    activation, hidden = estimator.activation, layer_sizes[1:-1]
    if not isinstance(activation, str):
        activation = tuple(str(name) for name in activation)
        if len(activation) != len(hidden) or not set(activation) <= set(ACTIVATIONS):
            raise ValueError(
                f"`activation` must be one of {sorted(ACTIVATIONS)}, or one for each of the "
                f"{len(hidden)} hidden layers, got {estimator.activation!r}"
            )
        if len(set(activation)) == 1:
            (activation,) = set(activation)
    if estimator.residual and not any(a == b for a, b in pairwise(hidden)):
        raise ValueError(
            "`residual` must be False where no hidden layer after the first has the width of the "
            f"one before it, got {estimator.residual!r} with hidden_layer_sizes="
            f"{estimator.hidden_layer_sizes!r}"
        )
    return NetworkSpec(
        layer_sizes,
        activation,
        normalization=estimator.normalization if hidden else None,
        residual=bool(estimator.residual),
        embedding=estimator.embedding,
        input_scale=bool(estimator.input_scale),
    )


def quantile_levels(value: Any) -> tuple[float, ...]:
    """The levels of quantiles, rising."""
    levels = np.atleast_1d(np.asarray(value, dtype=object)).tolist()
    valid = levels and all(isinstance(level, Real) and 0 < float(level) < 1 for level in levels)
    if not valid or any(b <= a for a, b in pairwise(levels)):
        raise ValueError(
            "`quantiles` must be numbers above 0 and below 1, each larger than the one before, "
            f"got {value!r}"
        )
    return tuple(float(level) for level in levels)


def hidden_sizes(value: Any) -> tuple[int, ...]:
    """The widths of the hidden layers, as a tuple of int."""
    sizes = [value] if isinstance(value, Integral) else list(value)
    if not all(isinstance(size, Integral) and int(size) >= 1 for size in sizes):
        raise ValueError(f"`hidden_layer_sizes` must be ints of at least 1, got {value!r}")
    return tuple(int(size) for size in sizes)


def dropout_rates(value: Any, hidden: tuple[int, ...]) -> tuple[float, ...]:
    """One dropout rate per hidden layer."""
    if isinstance(value, Real):
        return (float(value),) * len(hidden)
    rates = list(value)
    valid = all(isinstance(rate, Real) and 0 <= float(rate) < 1 for rate in rates)
    if not valid or len(rates) != len(hidden):
        raise ValueError(
            "`dropout` must be a float in [0, 1), or one for each of the "
            f"{len(hidden)} hidden layers, got {value!r}"
        )
    return tuple(float(rate) for rate in rates)


@np.errstate(all="ignore")
def check_representable(plan: Plan) -> None:
    """Raise ValueError if a setting loses its meaning when it is rounded to the dtype."""
    for name in ("learning_rate_init", "epsilon", "max_grad_norm"):
        value = getattr(plan, name)
        rounded = plan.dtype.type(value)
        # A norm that overflows never shortens a gradient, which is what it asks for.
        if rounded == 0 or (np.isinf(rounded) and name != "max_grad_norm"):
            raise ValueError(f"`{name}` must be above 0 and finite in {plan.dtype}, got {value!r}")
    for name, rate in (
        *(("dropout", rate) for rate in plan.dropout),
        ("input_dropout", plan.input_dropout),
        ("label_smoothing", plan.label_smoothing),
    ):
        if plan.dtype.type(rate) == 1:
            raise ValueError(f"`{name}` must be below 1 in {plan.dtype}, got {rate!r}")


def resolve_batch_size(value: Any, n_rows: int) -> int:
    """Rows in a batch."""
    if value == "full":
        return n_rows
    if value == "auto":
        return min(200, n_rows)
    if value > n_rows:
        warn(
            f"`batch_size`={value} is larger than the {n_rows} training rows and is "
            f"clipped to {n_rows}."
        )
    return min(int(value), n_rows)


def check_penalties(plan: Plan) -> None:
    """Raise ValueError if the strength of a penalty overflows, or its step has no end."""
    for name in ("l1", "l2", "group_l1"):
        if getattr(plan, name) > float(np.finfo(plan.dtype).max):
            raise ValueError(
                f"`{name}` must be finite in {plan.dtype}, got {getattr(plan, name)!r}"
            )
    # A proximal step is as long as those that momentum adds up to.
    for name, used in (
        ("l1", plan.l1 > 0 and plan.l1_method == "prox"),
        ("group_l1", plan.group_l1 > 0),
    ):
        if used and plan.solver == "sgd" and plan.dtype.type(plan.momentum) == 1:
            raise ValueError(
                f"`momentum` must be below 1 in {plan.dtype} with `{name}` above 0, "
                f"got {plan.momentum!r}"
            )


def _refuse_with_lbfgs(estimator: BaseMLP, dropout: tuple[float, ...]) -> None:
    if estimator.normalization == "batch":
        raise ValueError(
            "`normalization` must be None or 'layer' with solver='lbfgs', whose objective is the "
            "same at every call, got 'batch'"
        )
    for name, used in (
        ("l1", estimator.l1 > 0),
        ("group_l1", estimator.group_l1 > 0),
        ("dropout", any(dropout)),
        ("input_dropout", estimator.input_dropout > 0),
    ):
        if used:
            raise ValueError(
                f"`{name}` must be 0 with solver='lbfgs', which needs a smooth objective that "
                f"is the same at every call, got {getattr(estimator, name)!r}"
            )
