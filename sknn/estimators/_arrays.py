"""The arrays of a network as fitted attributes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from sknn.training import FloatArray, NetworkSpec

Shape: TypeAlias = tuple[int, ...]

#: Attribute of each role in a layout. Roles with a number have one array for each layer, in a list.
ATTRIBUTE = {
    "weights": "coefs_",
    "biases": "intercepts_",
    "scales": "norm_scales_",
    "shifts": "norm_shifts_",
    "means": "norm_means_",
    "variances": "norm_variances_",
    "input_scale": "input_scale_",
    "frequencies": "embedding_frequencies_",
    "phases": "embedding_phases_",
    "embedding_weights": "embedding_coefs_",
    "embedding_biases": "embedding_intercepts_",
}


def shapes_of(spec: NetworkSpec) -> dict[str, Shape]:
    """Shapes of all arrays of a network, trained or carried along, by name."""
    return dict(spec.layout.shapes + spec.buffers.shapes)


def attribute_shape(shape: Shape) -> Shape:
    """The shape that users see: without the axis of one row that broadcasting needs."""
    if len(shape) == 2 and shape[0] == 1:
        return shape[1:]
    return (shape[0], shape[2]) if len(shape) == 3 and shape[1] == 1 else shape


def attributes_of(spec: NetworkSpec, arrays: Mapping[str, FloatArray]) -> dict[str, Any]:
    """Fitted attributes that hold copies of the arrays of the one model in `arrays`."""
    found: dict[str, Any] = {}
    for name, shape in shapes_of(spec).items():
        role, _, number = name.partition(".")
        # `weights.0` of one row has the shape of a bias, and is none.
        seen = shape if role == "weights" else attribute_shape(shape)
        value = arrays[name][0].reshape(seen).copy()
        if number:
            found.setdefault(ATTRIBUTE[role], []).append(value)
        else:
            found[ATTRIBUTE[role]] = value
    return found


def arrays_of(estimator: Any) -> dict[str, FloatArray]:
    """The arrays of a fitted estimator by the names of its layouts, each of shape (1, ...).

    Raises
    ------
    ValueError
        If an attribute has other shapes than `fit` left.
    """
    found = {}
    for name, attribute, number, seen, shape in _places(estimator._plan.spec):
        value = getattr(estimator, attribute)
        if number is not None:
            value = value[number] if number < len(value) else None
        array = np.asarray(value)
        if array.shape != seen:
            raise ValueError(
                f"`{attribute}` must have the shapes that `fit` left: {seen} for {name!r}, got "
                f"{array.shape}"
            )
        found[name] = array.reshape(shape)
    return found


def check_finite(arrays: Mapping[str, FloatArray]) -> None:
    """Raise ValueError, which names the attribute, if a number of a network is not finite."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            attribute = ATTRIBUTE[name.partition(".")[0]]
            raise ValueError(f"`{attribute}` must be finite, got NaN or infinity")


@lru_cache(maxsize=256)
def _places(spec: NetworkSpec) -> list[tuple[str, str, int | None, Shape, Shape]]:
    """Of each array: name, attribute, number in it, shape in it, and shape in a stack of one."""
    found = []
    for name, shape in shapes_of(spec).items():
        role, _, number = name.partition(".")
        seen = shape if role == "weights" else attribute_shape(shape)
        found.append((name, ATTRIBUTE[role], int(number) if number else None, seen, (1, *shape)))
    return found
