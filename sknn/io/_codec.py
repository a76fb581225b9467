"""Parameters, labels and records as JSON, and back to what they were.

JSON knows neither tuples nor infinities nor keys that are numbers. What it lacks is written as an
object of one entry whose key begins with a dollar sign.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

# Dtypes of arrays that are written number by number: booleans, integers and floats.
KINDS = "biuf"


def encode(value: Any, name: str) -> Any:
    """A value in JSON's terms.

    Raises
    ------
    ValueError
        If it is of a type that a file cannot hold; `name` says what it belongs to.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else {"$float": str(value)}
    if isinstance(value, list):
        return [encode(item, name) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(item, name) for item in value]}
    if isinstance(value, dict):
        return {"$dict": [[encode(key, name), encode(item, name)] for key, item in value.items()]}
    if isinstance(value, np.ndarray) and _is_plain(value.dtype):
        dtype = value.dtype.newbyteorder("=").str
        return {"$array": [dtype, list(value.shape), encode(value.ravel().tolist(), name)]}
    if isinstance(value, np.random.RandomState):
        return {"$random_state": encode(value.get_state(legacy=False), name)}
    raise ValueError(f"`{name}` cannot be saved: a file cannot hold {value!r}")


def decode(value: Any) -> Any:
    """What `encode` was given.

    Raises
    ------
    ValueError
        If the value is nothing that `encode` writes.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, content),) = value.items()
        if kind == "$float":
            return float(content)
        if kind == "$tuple":
            return tuple(decode(content))
        if kind == "$dict":
            return {decode(key): decode(item) for key, item in content}
        if kind == "$array":
            return _array(*content)
        if kind == "$random_state":
            state = np.random.RandomState()
            state.set_state(decode(content))
            return state
    raise ValueError(f"unknown value with the keys {list(value)[:3]}")


def _array(dtype: str, shape: list[int], values: list[Any]) -> np.ndarray:
    kind = np.dtype(dtype)
    if not _is_plain(kind):
        raise ValueError(f"unknown dtype {dtype!r}")
    array = np.empty(len(values), kind)
    array[:] = decode(values)
    return array.reshape(shape)


def _is_plain(dtype: np.dtype) -> bool:
    if dtype.kind in "OU":
        return True
    return dtype.kind in KINDS and dtype.itemsize <= np.dtype(float).itemsize
