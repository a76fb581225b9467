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
MT19937_WORDS = 624
# No array of ours comes near; a file that asks for more is not one of ours.
MOST_BYTES = 4 * 10**6


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
    if isinstance(value, tuple | range):
        return {"$tuple": [encode(item, name) for item in value]}
    if isinstance(value, dict):
        items = ((checked_key(key), item) for key, item in value.items())
        return {"$dict": [[encode(key, name), encode(item, name)] for key, item in items]}
    if isinstance(value, np.ndarray) and value.nbytes > MOST_BYTES:
        raise ValueError(f"`{name}` cannot be saved: it must take at most {MOST_BYTES} bytes")
    if isinstance(value, np.ndarray) and _is_plain(value.dtype):
        dtype = value.dtype.newbyteorder("=").str
        return {"$array": [dtype, list(value.shape), encode(value.ravel().tolist(), name)]}
    if isinstance(value, np.random.RandomState):
        state = value.get_state(legacy=False)
        if state["bit_generator"] == "MT19937":
            return {"$random_state": encode(state, name)}
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
            return {checked_key(decode(key)): decode(item) for key, item in content}
        if kind == "$array":
            return _array(*content)
        if kind == "$random_state":
            return random_state(decode(content))
    raise ValueError(f"unknown value with the keys {list(value)[:3]}")


def checked_key(value: Any) -> Any:
    """A key of a dict, or an item of a set.

    Raises
    ------
    ValueError
        If it is of a type whose hashes can be chosen, so that a million are all equal.
    """
    is_small = isinstance(value, int) and abs(value) < 2**64
    if not is_small and not isinstance(value, str | float | np.number | np.bool_ | None):
        raise ValueError(f"keys must be texts and numbers of 64 bits, got {value!r:.50}")
    return value


def _array(dtype: str, shape: list[int], values: list[Any]) -> np.ndarray:
    kind = np.dtype(dtype)
    if not _is_plain(kind):
        raise ValueError(f"unknown dtype {dtype!r}")
    if kind.itemsize * len(values) > MOST_BYTES:
        raise ValueError(f"{len(values)} values of dtype {dtype!r} are too many")
    array = np.empty(len(values), kind)
    array[:] = decode(values)
    return array.reshape(shape)


def random_state(state: dict[str, Any]) -> np.random.RandomState:
    """A seed in a state that it may be in.

    Raises
    ------
    ValueError
        If no seed can be.
    """
    # NumPy would read wherever a position points to.
    if not 0 <= state["state"]["pos"] <= len(state["state"]["key"]) == MT19937_WORDS:
        raise ValueError(f"a generator at position {state['state']['pos']!r}")
    found = np.random.RandomState()
    found.set_state(state)
    return found


def _is_plain(dtype: np.dtype) -> bool:
    if dtype.kind in "OU":
        return True
    return dtype.kind in KINDS and dtype.itemsize <= np.dtype(float).itemsize


def check_sizes(value: Any) -> None:
    """Raise ValueError if arrays written number by number would take too much memory together.

    A dtype of wide strings makes much of few letters, so all are counted before any is made.
    """
    n_bytes, left = 0, [value]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            left.extend(node.values())
            array = node.get("$array")
            # In other places an array is named, and not written.
            if isinstance(array, list) and len(array) == 3 and isinstance(array[2], list):
                n_bytes += np.dtype(str(array[0])).itemsize * len(array[2])
        elif isinstance(node, list):
            left.extend(node)
        if n_bytes > MOST_BYTES:
            raise ValueError(f"its values would take more than {MOST_BYTES} bytes")
