"""Transformers in files of earlier versions, which were written by skops; read without it.

An archive of skops is a zip file with arrays and a schema: a tree of nodes with the module and the
class of each object. skops makes of a node what the node asks for, be it a call. Here a node is
looked up in the table of what files may hold, or is refused.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from scipy import sparse
from scipy.interpolate import BSpline

from sknn._sklearn_compat import check_sparse_indices

from ._codec import KINDS, checked_key, random_state
from ._container import read_json
from ._objects import look_up, make_object
from ._table import LEFT_OUT, MODULES, class_of, known_function, known_type

MOST_DEPTH = 200
# Deflate makes up to a thousand bytes of one, but hardly of any array that somebody needs.
MOST_BYTES_PER_BYTE = 100
SMALL = 10**6

Node = dict[str, Any]


def read_skops(content: np.ndarray, trusted: Collection[str], max_bytes: int | None) -> Any:
    """The object in an archive of skops.

    Parameters
    ----------
    content : ndarray of uint8
        The archive.
    trusted : collection of str
        Names of classes and functions that may be used beyond those of the table.
    max_bytes : int or None
        How much the archive may take when it is unpacked.

    Raises
    ------
    Exception
        Of many kinds, if it is damaged or holds what it may not hold.
    """
    with zipfile.ZipFile(io.BytesIO(content.tobytes())) as archive:
        reader = _Archive(archive, trusted, max_bytes)
        reader.count(archive, content.nbytes)
        return reader.make(read_json(archive.read("schema.json")), 0)


class _Archive:
    def __init__(
        self, archive: zipfile.ZipFile, trusted: Collection[str], room: int | None
    ) -> None:
        self._archive, self._trusted, self._room = archive, trusted, room
        # An array that stood in several places is one member, which is read once. Nothing else is
        # shared: lists in which others stand twice, and so on, would be endless.
        self._arrays: dict[str, Any] = {}

    def make(self, node: Node, depth: int) -> Any:
        """The object of a node."""
        if depth > MOST_DEPTH:
            raise ValueError("its transformers are nested too deeply")
        kind = node["__loader__"]
        if kind not in LOADERS:
            raise ValueError(f"its transformers hold {_name(node)!r:.200} as a {kind!r:.50}")
        return LOADERS[kind](self, node, depth + 1)

    def _many(self, nodes: list[Node], depth: int) -> list[Any]:
        return [self.make(node, depth) for node in nodes]

    def _dict(self, node: Node, depth: int) -> dict[Any, Any]:
        kinds = [(kind["__module__"], kind["__class__"]) for kind in node["key_types"]["content"]]
        made: dict[Any, Any] = {}
        for (_, kind), (key, value) in zip(kinds, node["content"].items(), strict=True):
            made[_key(kind, key)] = self.make(value, depth)
        return made

    def _object(self, node: Node, depth: int) -> Any:
        name = node["__class__"]
        module = MODULES.get(name, "")
        if _name(node) == "scipy.interpolate._bsplines.BSpline":
            parts = node["content"]["content"]
            named = (part if part in parts else f"_{part}" for part in SPLINE_PARTS)
            return BSpline(*(self.make(parts[part], depth) for part in named))
        attributes = self.make(node["content"], depth) if node.get("content") else {}
        if not isinstance(attributes, dict):
            raise ValueError(f"its {_name(node)} has no attributes")
        attributes = {
            key: value
            for key, value in attributes.items()
            if key not in LEFT_OUT and key != "_sklearn_version"
        }
        if module and f"{node['__module__']}.".startswith(f"{module}."):
            return make_object(class_of(f"{module}.{name}"), attributes)
        made = object.__new__(look_up(node["__module__"], name, self._trusted))
        vars(made).update(attributes)
        return made

    def _function(self, node: Node, depth: int) -> Any:
        name = _name(node)
        if name in self._trusted:
            return look_up(node["__module__"], node["__class__"], self._trusted)
        for module in ("sklearn.feature_selection", "scipy.special"):
            if name.startswith(f"{module}."):
                name = f"{module}.{node['__class__']}"
        return known_function(name)

    def _array(self, node: Node, depth: int) -> Any:
        if node["type"] == "json":
            shape, items = self.make(node["shape"], depth), self._many(node["content"], depth)
            if len(shape) != 1:
                return np.array(items, object).reshape(shape)
            array = np.empty(len(items), object)
            for i, item in enumerate(items):
                array[i] = item
            return array
        array = self._member(node["file"], _read_npy)
        if _name(node) == "numpy.ndarray":
            return array
        if array.shape != ():
            raise ValueError(f"its {_name(node)} has a shape")
        return array[()]

    def _member(self, name: str, read: Callable[[bytes], Any]) -> Any:
        if name not in self._arrays:
            self._arrays[name] = read(self._archive.read(name))
        return self._arrays[name]

    def _sparse(self, node: Node, depth: int) -> Any:
        return self._member(node["file"], self._read_npz)

    def _read_npz(self, content: bytes) -> Any:
        """A sparse matrix in SciPy's format: an archive in the archive."""
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            self.count(inner, len(content))
            parts = {name: _read_npy(inner.read(f"{name}.npy")) for name in SPARSE_PARTS}
            suffix = "array" if "_is_array.npy" in inner.namelist() else "matrix"
        kind = {b"csr": "csr", b"csc": "csc"}[parts["format"].item()]
        cls, shape = getattr(sparse, f"{kind}_{suffix}"), tuple(parts["shape"].tolist())
        matrix = cls((parts["data"], parts["indices"], parts["indptr"]), shape=shape)
        check_sparse_indices(matrix, "sparse matrix")
        return matrix

    def count(self, archive: zipfile.ZipFile, n_bytes: int) -> None:
        """Count what an archive takes; no more is read of a member than it says it has."""
        declared = sum(member.file_size for member in archive.infolist())
        most = SMALL + MOST_BYTES_PER_BYTE * n_bytes
        if self._room is not None:
            self._room -= declared
            if declared > most or self._room < 0:
                raise ValueError(f"its transformers would take {declared} bytes of {n_bytes}")

    def _dtype(self, node: Node, depth: int) -> np.dtype:
        dtype: np.dtype = self.make(node["content"], depth).dtype
        return dtype

    def _random(self, node: Node, depth: int) -> np.random.RandomState:
        return random_state(self.make(node["content"], depth))


SPLINE_PARTS = ("t", "c", "k", "extrapolate")
SPARSE_PARTS = ("data", "indices", "indptr", "format", "shape")
KEYS: dict[str, Callable[[str], Any]] = {"str": str, "int": int, "float": float}

LOADERS: dict[Any, Callable[[_Archive, Node, int], Any]] = {
    "JsonNode": lambda self, node, depth: read_json(node["content"]),
    "ListNode": lambda self, node, depth: self._many(node["content"], depth),
    "TupleNode": lambda self, node, depth: tuple(self._many(node["content"], depth)),
    "SetNode": lambda self, node, depth: set(map(checked_key, self._many(node["content"], depth))),
    "DictNode": _Archive._dict,
    "ObjectNode": _Archive._object,
    "FunctionNode": _Archive._function,
    "TypeNode": lambda self, node, depth: known_type(_name(node).removeprefix("builtins.")),
    "NdArrayNode": _Archive._array,
    "DTypeNode": _Archive._dtype,
    "SparseMatrixNode": _Archive._sparse,
    "RandomStateNode": _Archive._random,
    "SliceNode": lambda self, node, depth: slice(
        *(node["content"][limit] for limit in ("start", "stop", "step"))
    ),
}


def _name(node: Node) -> str:
    return f"{node['__module__']}.{node['__class__']}"


def _key(kind: str, key: str) -> Any:
    if kind in ("bool", "NoneType"):
        return json.loads(key)
    return checked_key(KEYS.get(kind.rstrip("0123456789_"), str)(key))


def _read_npy(content: bytes) -> np.ndarray:
    """An array in NumPy's own format, which holds as many bytes as it says."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    shape, is_fortran, dtype = readers[version](file)
    if (
        dtype.kind not in KINDS + "US"
        or dtype.itemsize * int(np.prod(shape, dtype=object)) != len(content) - file.tell()
    ):
        raise ValueError("it has an array that is damaged")
    array = np.frombuffer(content, dtype, offset=file.tell()).copy()
    return array.reshape(shape, order="F" if is_fortran else "C")
