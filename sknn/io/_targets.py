"""What a network predicts, as plain data: classes, sets of labels, or numbers and their scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from sknn.backprop import LOSSES
from sknn.estimators._resolve import quantile_levels
from sknn.estimators._targets import Classes, LabelSets, Numbers, Target
from sknn.training import Plan

from ._codec import decode, encode

KINDS: dict[str, type[Target]] = {"classes": Classes, "labels": LabelSets, "numbers": Numbers}
# What the plan of a network says already.
OF_PLAN = frozenset({"loss", "quantiles"})
# Types of predictions, by a name that is one on every machine.
FLOATS = {"float32": np.float32, "float64": np.float64, "longdouble": np.longdouble}


def target_to_plain(target: Target) -> dict[str, Any]:
    """The kind of a target, and its fields, in JSON's terms.

    Raises
    ------
    ValueError
        If a class label is of a type that a file cannot hold.
    """
    (kind,) = (name for name, cls in KINDS.items() if cls is type(target))
    values = {name: value for name, value in vars(target).items() if name not in OF_PLAN}
    if "dtype" in values:
        values["dtype"] = next(name for name, cls in FLOATS.items() if cls == values["dtype"])
    return {"kind": kind} | {name: encode(value, f"{name}_") for name, value in values.items()}


def target_from_plain(plain: Mapping[str, Any], plan: Plan) -> Target:
    """The target that `target_to_plain` was given, for a network with this plan.

    Raises
    ------
    ValueError
        If it is none that a fit would have left.
    """
    given = {name: decode(value) for name, value in plain.items()}
    kind = given.pop("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"its target is of the unknown kind {kind!r:.50}")
    cls = KINDS[kind]
    names = {field.name for field in fields(cls)}
    if set(given) != names - OF_PLAN:
        raise ValueError(
            f"its target must have {sorted(names - OF_PLAN)}, got {sorted(given)!r:.200}"
        )
    if "dtype" in given:
        if given["dtype"] not in FLOATS:
            raise ValueError(f"its predictions are of the unknown dtype {given['dtype']!r:.50}")
        given["dtype"] = np.dtype(FLOATS[given["dtype"]])
    of_plan = {name: getattr(plan, name) for name in names & OF_PLAN}
    target = cls(**of_plan, **given)
    check_target(target, plan)
    return target


def check_target(target: Target, plan: Plan) -> None:
    """Raise ValueError if a target is not what a fit with this plan would have left."""
    loss = plan.loss
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"its loss is {loss!r:.50}, which is unknown here")
    if isinstance(target, Numbers) != (LOSSES[loss].score == "r2"):
        raise ValueError(f"its loss is {loss!r}, which is none for {target.what}")
    levels = quantile_levels(plan.quantiles) if loss == "quantile" else ()
    if levels != plan.quantiles:
        raise ValueError(f"its quantiles must be {levels}, got {plan.quantiles!r:.100}")
    if isinstance(target, Numbers):
        _check_numbers(target)
    elif isinstance(target, LabelSets):
        _expect_int("number of labels", target.n_labels)
        _expect_bool("`y` is sparse", target.is_sparse)
        if loss != "sigmoid_cross_entropy":
            raise ValueError(f"its loss is {loss!r}, which is none for several labels per row")
    elif isinstance(target, Classes):
        _check_classes(target, plan)
    if target.n_outputs != plan.spec.n_outputs:
        raise ValueError(
            f"its target needs {target.n_outputs} outputs with loss={loss!r}, and its network "
            f"has {plan.spec.n_outputs}"
        )


def _check_classes(target: Classes, plan: Plan) -> None:
    # Two classes have two outputs in files of earlier versions.
    has_one_output = target.loss == "sigmoid_cross_entropy"
    n_classes = 2 if has_one_output else plan.spec.n_outputs
    found = target.classes
    if not isinstance(found, np.ndarray) or found.shape != (n_classes,):
        raise ValueError(f"its classes must be {n_classes} in an array, got {found!r:.100}")


def _check_numbers(target: Numbers) -> None:
    n_targets, center, scale = target.n_targets, target.center, target.scale
    _expect_int("number of columns of `y`", n_targets)
    _expect_bool("`y` is one column", target.is_column)
    _expect_bool("`y` is scaled", target.scales)
    if target.is_column != (n_targets == 1) or (target.loss == "quantile" and n_targets != 1):
        raise ValueError(
            f"its predictions cannot be of {n_targets} columns with loss={target.loss!r} and "
            f"one dimension {target.is_column}"
        )
    for name, array in (("center", center), ("scale", scale)):
        if (
            not isinstance(array, np.ndarray)
            or array.dtype != np.float64
            or array.shape != (n_targets,)
            or not np.isfinite(array).all()
        ):
            raise ValueError(
                f"the {name} of its target must be {n_targets} finite floats, got {array!r:.100}"
            )
    assert center is not None
    assert scale is not None
    takes_logarithm = LOSSES[target.loss].out_activation == "exp"
    if (scale < 0).any() or (takes_logarithm and not (scale > 0).all()):
        rule = "above 0" if takes_logarithm else "at least 0"
        raise ValueError(f"the scale of its target must be {rule}, got {scale!r:.100}")
    if (takes_logarithm or not target.scales) and (center != 0).any():
        raise ValueError(f"the center of its target must be 0, got {center!r:.100}")
    if not target.scales and (scale != 1).any():
        raise ValueError(f"the scale of its target must be 1, got {scale!r:.100}")


def _expect_int(what: str, value: Any) -> None:
    if type(value) is not int or value < 1:
        raise ValueError(f"its {what} must be an int of at least 1, got {value!r:.50}")


def _expect_bool(what: str, value: Any) -> None:
    if type(value) is not bool:
        raise ValueError(f"whether its {what} must be true or false, got {value!r:.50}")
