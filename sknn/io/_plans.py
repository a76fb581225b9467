"""Settings of a training as plain values, and the names and shapes of a network's arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from sknn.backprop import ACTIVATIONS
from sknn.estimators._arrays import attribute_shape, shapes_of
from sknn.training import NetworkSpec, Plan

from ._codec import decode, encode

# What files of earlier versions may lack, since it has a default that does what those did.
LATER_SETTINGS = frozenset(
    "normalization residual embedding input_scale spec dtype loss quantiles group_l1 l1_method "
    "divisor sums_gradients".split()
)
# Files have these among the settings.
SPEC = tuple(f.name for f in fields(NetworkSpec))


def plan_to_plain(plan: Plan) -> dict[str, Any]:
    """The settings by name, those of the network among them."""
    settings = {f.name: getattr(plan, f.name) for f in fields(plan) if f.name != "dtype"}
    spec = settings.pop("spec")
    settings = {name: getattr(spec, name) for name in SPEC} | settings
    return {name: encode(value, name) for name, value in settings.items()}


def plan_from_plain(plain: Mapping[str, Any], dtype: Any) -> Plan:
    """The plan that was saved.

    Raises
    ------
    ValueError
        If a setting is missing.
    """
    settings = {name: decode(value) for name, value in plain.items()}
    missing = {*(f.name for f in fields(Plan)), *SPEC} - set(settings) - LATER_SETTINGS
    if missing:
        raise ValueError(f"its settings lack {sorted(missing)}")
    spec = NetworkSpec(**{name: settings.pop(name) for name in SPEC if name in settings})
    return Plan(spec, **settings, dtype=np.dtype(dtype))


def name_in_files(name: str) -> str:
    """What files call an array of a layout."""
    role, dot, number = name.partition(".")
    return {"weights": "coefs", "biases": "intercepts"}.get(role, role) + dot + number


def shapes_in_files(plan: Plan) -> dict[str, tuple[int, ...]]:
    """The arrays of the network, by their names in files."""
    return {
        name_in_files(name): shape if name.startswith("weights.") else attribute_shape(shape)
        for name, shape in shapes_of(plan.spec).items()
    }


def check_plan(plan: Plan, names: Any) -> None:
    """Raise ValueError where a plan is none that a fit makes, or names are not those of columns."""
    sizes = plan.spec.layer_sizes
    if not all(isinstance(size, int) and size >= 1 for size in sizes) or len(sizes) < 2:
        raise ValueError(f"its layer sizes are {sizes!r}")
    spec = plan.spec
    has_activations = set(spec.activations) <= set(ACTIVATIONS)
    if not has_activations or len(spec.activations) != len(sizes) - 2:
        raise ValueError(f"its activation is {spec.activation!r}")
    if plan.dtype.name not in ("float32", "float64"):
        raise ValueError(f"its dtype is {plan.dtype}")
    if spec.normalization not in (None, "batch", "layer") or spec.embedding not in (
        None,
        "periodic",
    ):
        raise ValueError(f"its layers are {spec.normalization!r:.50} and {spec.embedding!r:.50}")
    if not isinstance(spec.residual, bool) or not isinstance(spec.input_scale, bool):
        raise ValueError(f"its layers are {spec.residual!r:.50} and {spec.input_scale!r:.50}")
    is_array = isinstance(names, np.ndarray) and names.shape == sizes[:1]
    if names is not None and not is_array:
        raise ValueError(f"its names must be {sizes[0]} in an array, got {names!r:.100}")
