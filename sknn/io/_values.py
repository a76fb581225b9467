"""Values that estimators are made of, as JSON beside arrays, and back.

What JSON lacks is an object of one entry, whose key begins with a dollar sign and says what its
content is. Numbers and texts in quantity are arrays of the file, and their node has the name of
the array. Each array belongs to one node, so that a file cannot name one often and grow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

import numpy as np
from scipy import sparse, stats
from scipy.interpolate import BSpline

from sknn._sklearn_compat import check_sparse_indices

from ._codec import KINDS, checked_key
from ._codec import decode as decode_plain
from ._codec import encode as encode_plain
from ._table import is_known_function, known_function, known_type, name_of_function, name_of_type

# Lists of numbers or texts that are as long are kept in arrays.
LONG = 100
# Of the values that a search draws.
DISTRIBUTIONS = ("expon", "loguniform", "norm", "randint", "uniform")
SPARSE = ("csr_matrix", "csc_matrix", "csr_array", "csc_array")
DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|U\d{0,6}|O)")
LAST_LETTER = 0x10FFFF

Node = Any


class Encoder:
    """Values as nodes; what they hold in quantity is in `arrays`."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def encode(self, value: Any, name: str) -> Node:
        """A value as a node.

        Parameters
        ----------
        value : object
        name : str
            Where it stands, by attributes and indices: the name of what becomes an array.

        Raises
        ------
        ValueError
            If it is of a type that a file cannot hold.
        """
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if isfinite(value) else {"$float": str(value)}
        find = ENCODERS.get(type(value))
        if find is not None:
            return find(self, value, name)
        if isinstance(value, np.generic):
            return self._scalar(value, name)
        if isinstance(value, stats.distributions.rv_frozen):
            parts = [value.dist.name, list(value.args), value.kwds]
            return {"$distribution": self.encode(parts, name)}
        if isinstance(value, np.dtype):
            return {"$dtype": _checked_dtype(value.str, name).str}
        if isinstance(value, type):
            return {"$type": name_of_type(value)}
        if is_known_function(value):
            return {"$function": name_of_function(value)}
        if type(value).__module__.startswith("pandas.") and hasattr(value, "to_numpy"):
            return self.encode(np.asarray(value.to_numpy()), name)  # an Index of column names
        if f"{type(value).__module__}.{type(value).__name__}" == PANDAS_NA:
            return {"$constant": "pandas.NA"}
        return self.encode_other(value, name)

    def encode_other(self, value: Any, name: str) -> Node:
        """What is no value, such as an estimator."""
        raise ValueError(f"`{name}` cannot be saved: a file cannot hold {value!r:.200}")

    def store(self, array: np.ndarray, name: str) -> str:
        """Keep an array under this name, or one like it."""
        unused = name
        while unused in self.arrays:
            unused += "'"
        self.arrays[unused] = array
        return unused

    def _list(self, value: list, name: str) -> Node:
        if len(value) >= LONG:
            kinds = set(map(type, value))
            if kinds == {str}:
                return {"$texts": self._texts(value, name)}
            if kinds in ({int}, {float}, {np.int64}, {np.float64}):
                array = np.array(value)
                if array.dtype.kind in "if":
                    as_scalars = kinds & {np.int64, np.float64} != set()
                    return {"$numbers": [self.store(array, name), as_scalars]}
        return [self.encode(item, f"{name}.{i}") for i, item in enumerate(value)]

    def _texts(self, texts: list[str], name: str) -> list[str]:
        """Texts end to end, and where each one ends."""
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        letters = "".join(texts).encode("utf-8", "surrogatepass")
        return [
            self.store(np.frombuffer(letters, np.uint8), f"{name}.text"),
            self.store(ends, f"{name}.ends"),
        ]

    def _sequence(self, value: Any, name: str) -> Node:
        return {f"${type(value).__name__}": self._list(list(value), name)}

    def _set(self, value: Any, name: str) -> Node:
        # In an order that does not depend on the process.
        ordered = sorted(
            map(checked_key, value), key=lambda item: (type(item).__name__, repr(item))
        )
        return {f"${type(value).__name__}": self._list(ordered, name)}

    def _dict(self, value: dict, name: str) -> Node:
        if len(value) < LONG:
            keys = [self.encode(checked_key(key), f"{name}.keys") for key in value]
            named = value.items()
            return {"$dict": [keys, [self.encode(item, f"{name}.{key}") for key, item in named]]}
        keys = self._list(list(map(checked_key, value)), f"{name}.keys")
        items = list(value.values())
        return {"$dict": [keys, self._list(items, f"{name}.values")]}

    def _scalar(self, value: np.generic, name: str) -> Node:
        if isinstance(value, np.str_):
            return str(value)
        item = encode_plain(value, name)
        return {"$scalar": [_checked_dtype(value.dtype.str, name).str, item]}

    def _array(self, value: np.ndarray, name: str) -> Node:
        kind = value.dtype.kind
        if kind == "O":
            items = self._list(value.ravel().tolist(), name)
            return {"$objects": [list(value.shape), items]}
        if kind == "U":
            plain = np.asarray(value, value.dtype.newbyteorder("<"), order="C")
            width = plain.itemsize // 4
            letters = plain.reshape(-1).view("<u4") if width else np.empty(0, "<u4")
            return {"$letters": [self.store(letters, name), list(value.shape), width]}
        if kind not in KINDS or value.dtype.itemsize > 8:
            raise ValueError(f"`{name}` cannot be saved: a file cannot hold {value.dtype}")
        # The order in memory is kept: products depend on it in their last bits.
        is_fortran = value.flags.f_contiguous and not value.flags.c_contiguous
        stored = self.store(value.T if is_fortran else value, name)
        return {"$array": [stored, "F" if is_fortran else "C"]}

    def _masked(self, value: np.ma.MaskedArray, name: str) -> Node:
        mask = np.ma.getmaskarray(value)
        return {"$masked": [self.encode(value.data, name), self.encode(mask, f"{name}.mask")]}

    def _sparse(self, value: Any, name: str) -> Node:
        parts = {part: getattr(value, part) for part in ("data", "indices", "indptr")}
        nodes = [self.encode(array, f"{name}.{part}") for part, array in parts.items()]
        shape = [int(size) for size in value.shape]
        return {"$sparse": [type(value).__name__, shape, *nodes]}

    def _slice(self, value: slice, name: str) -> Node:
        limits = (value.start, value.stop, value.step)
        return {"$slice": [self.encode(limit, name) for limit in limits]}

    def _spline(self, value: BSpline, name: str) -> Node:
        parts = [self.encode(part, f"{name}.{i}") for i, part in enumerate(value.tck)]
        return {"$spline": [*parts, self.encode(value.extrapolate, name)]}

    def _random_state(self, value: np.random.RandomState, name: str) -> Node:
        return {"$plain": encode_plain(value, name)}


ENCODERS: dict[type, Callable[[Any, Any, str], Node]] = {
    list: Encoder._list,
    tuple: Encoder._sequence,
    set: Encoder._set,
    frozenset: Encoder._set,
    range: lambda self, value, name: self.encode(tuple(value), name),
    dict: Encoder._dict,
    slice: Encoder._slice,
    np.ndarray: Encoder._array,
    np.ma.MaskedArray: Encoder._masked,
    np.random.RandomState: Encoder._random_state,
    BSpline: Encoder._spline,
    **{getattr(sparse, kind): Encoder._sparse for kind in SPARSE},
}
PANDAS_NA = "pandas._libs.missing.NAType"


class Decoder:
    """What `Encoder` was given, out of nodes and the arrays of a file.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.arrays = arrays
        self._taken: set[str] = set()

    def decode(self, node: Node, name: str) -> Any:
        """The value of a node.

        Raises
        ------
        Exception
            Of many kinds, if the node is nothing that `Encoder` makes.
        """
        if isinstance(node, list):
            return [self.decode(item, f"{name}.{i}") for i, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((kind, content),) = node.items()
            if kind in DECODERS:
                return DECODERS[kind](self, content, name)
        raise ValueError(f"`{name}` has an unknown value with the keys {list(node)[:3]}")

    def take(self, name: str, kinds: str = KINDS, n_dimensions: int | None = None) -> np.ndarray:
        """An array of the file, which nothing else may take."""
        if name in self._taken:
            raise ValueError(f"its array {name!r} is used twice")
        self._taken.add(name)
        array = self.arrays[name]
        if array.dtype.kind not in kinds or n_dimensions not in (None, array.ndim):
            raise ValueError(f"its array {name!r} must not be {array.dtype} of {array.shape}")
        return array

    def list_of(self, node: Node, name: str) -> list:
        """The value of a node that must be a list."""
        found = self.decode(node, name)
        if not isinstance(found, list):
            raise ValueError(f"`{name}` must be a list, got {found!r:.100}")
        return found

    def _texts(self, content: Node, name: str) -> list[str]:
        letters, ends = (self.take(part, "iu", 1) for part in content)
        text = letters.astype(np.uint8).tobytes().decode("utf-8", "surrogatepass")
        limits = [0, *ends.tolist()]
        if limits != sorted(limits) or limits[-1] != len(text):
            raise ValueError(f"`{name}` has texts that overlap")
        return [text[limits[i] : limits[i + 1]] for i in range(len(ends))]

    def _numbers(self, content: Node, name: str) -> list:
        stored, as_scalars = content
        array = self.take(stored, "if", 1)
        return list(array) if as_scalars is True else array.tolist()

    def _dict(self, content: Node, name: str) -> dict:
        keys, items = content
        keys = map(checked_key, self.list_of(keys, f"{name}.keys"))
        return dict(zip(keys, self.list_of(items, name), strict=True))

    def _scalar(self, content: Node, name: str) -> Any:
        dtype, value = content
        return _checked_dtype(dtype, name, KINDS).type(decode_plain(value))

    def _array(self, content: Node, name: str) -> np.ndarray:
        stored, order = content
        array = self.take(stored)
        return array.T if order == "F" else array

    def _letters(self, content: Node, name: str) -> np.ndarray:
        stored, shape, width = content
        letters = self.take(stored, "u", 1)
        if letters.max(initial=0) > LAST_LETTER:
            raise ValueError(f"`{name}` has signs that are none")
        if width == 0:
            return np.empty(shape, "<U0")
        return letters.astype("<u4", copy=False).view(f"<U{int(width)}").reshape(shape)

    def _objects(self, content: Node, name: str) -> np.ndarray:
        shape, items = content
        items = self.list_of(items, name)
        array = np.empty(len(items), object)
        for i, item in enumerate(items):
            array[i] = item
        return array.reshape(shape)

    def _masked(self, content: Node, name: str) -> np.ma.MaskedArray:
        data, mask = (self.decode(part, name) for part in content)
        return np.ma.MaskedArray(data, mask)

    def _sparse(self, content: Node, name: str) -> Any:
        kind, shape, *parts = content
        if kind not in SPARSE:
            raise ValueError(f"`{name}` is a sparse matrix of unknown kind {kind!r:.50}")
        data, indices, indptr = (self.decode(part, name) for part in parts)
        for part in (data, indices, indptr):
            if type(part) is not np.ndarray or part.ndim != 1:
                raise ValueError(f"`{name}` must be a sparse matrix made of arrays")
        if indices.dtype.kind not in "iu" or indptr.dtype.kind not in "iu":
            raise ValueError(f"`{name}` must be a sparse matrix with whole numbers as indices")
        matrix = getattr(sparse, kind)((data, indices, indptr), shape=tuple(shape))
        check_sparse_indices(matrix, name)
        return matrix

    def _spline(self, content: Node, name: str) -> BSpline:
        knots, coefficients, degree, extrapolate = (self.decode(part, name) for part in content)
        return BSpline(knots, coefficients, degree, extrapolate)

    def _distribution(self, content: Node, name: str) -> Any:
        kind, args, settings = self.decode(content, name)
        numbers = (*args, *settings.values())
        is_plain = all(type(number) in (int, float, np.float64, np.int64) for number in numbers)
        if kind not in DISTRIBUTIONS or not is_plain or not set(settings) <= {"loc", "scale"}:
            raise ValueError(f"`{name}` has an unknown distribution, {kind!r:.50}")
        return getattr(stats, kind)(*args, **settings)

    def _constant(self, content: Node, name: str) -> Any:
        if content != "pandas.NA":
            raise ValueError(f"`{name}` is the unknown constant {content!r:.50}")
        import pandas as pd

        return pd.NA


DECODERS: dict[str, Callable[[Any, Any, str], Any]] = {
    "$float": lambda self, content, name: float(content),
    "$plain": lambda self, content, name: decode_plain(content),
    "$texts": Decoder._texts,
    "$numbers": Decoder._numbers,
    "$tuple": lambda self, content, name: tuple(self.list_of(content, name)),
    "$set": lambda self, content, name: set(map(checked_key, self.list_of(content, name))),
    "$frozenset": lambda self, content, name: frozenset(
        map(checked_key, self.list_of(content, name))
    ),
    "$dict": Decoder._dict,
    "$scalar": Decoder._scalar,
    "$array": Decoder._array,
    "$letters": Decoder._letters,
    "$objects": Decoder._objects,
    "$masked": Decoder._masked,
    "$sparse": Decoder._sparse,
    "$dtype": lambda self, content, name: _checked_dtype(content, name),
    "$type": lambda self, content, name: known_type(content),
    "$function": lambda self, content, name: known_function(content),
    "$slice": lambda self, content, name: slice(*self.list_of(content, name)),
    "$spline": Decoder._spline,
    "$distribution": Decoder._distribution,
    "$constant": Decoder._constant,
}


def _checked_dtype(text: Any, name: str, kinds: str = KINDS + "UO") -> np.dtype:
    if not isinstance(text, str) or not DTYPE.fullmatch(text) or np.dtype(text).kind not in kinds:
        raise ValueError(f"`{name}` has an unknown dtype, {text!r:.50}")
    return np.dtype(text)
