"""One file: arrays and a JSON header in the safetensors format, and a checksum of both.

The format is written and read here, not by its library, for three reasons: equal contents are equal
bytes (the library writes entries of its metadata in random order), nothing is held twice, and a
file's arrays are read one by one, each when it is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import IO, Any

import numpy as np

from ._replace import replace_file as replace_file

Arrays = Mapping[str, np.ndarray]

HEADER, CHECKSUM = "sknn", "sha256"
# Bytes at the start of the file, with the length of the JSON text before the arrays.
LENGTH_BYTES = 8
# What the library itself reads at most.
MOST_HEADER_BYTES = 10**8
# A text has so many values at most, and one more for so many bytes: a Python object takes up to ten
# times the bytes of the text that makes it, an empty list thirty times.
MOST_NODES, BYTES_PER_NODE = 50_000, 8
DTYPES = {
    "BOOL": "|b1",
    **{f"{kind.upper()}{8 * size}": f"<{kind}{size}" for kind in "iu" for size in (2, 4, 8)},
    **{f"F{8 * size}": f"<f{size}" for size in (2, 4, 8)},
    "I8": "|i1",
    "U8": "|u1",
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
NOT_OURS = "it is cut off or damaged, or was never one of sknn's models"


def write(path: str | os.PathLike[str], header: dict[str, Any], arrays: Arrays) -> None:
    """Write a file whole: what was at `path` stays there until the new one is complete.

    Parameters
    ----------
    path : path-like
    header : dict
        In JSON's terms.
    arrays : dict of str to ndarray
    """
    text = json.dumps(header, allow_nan=False, separators=(",", ":"))
    arrays = {name: _plain(array) for name, array in arrays.items()}
    # Those of the largest items first, as the library does it: all are aligned then.
    ordered = sorted(arrays.items(), key=lambda item: (-item[1].itemsize, item[0]))
    entries: dict[str, Any] = {
        "__metadata__": {HEADER: text, CHECKSUM: _checksum(text, arrays)},
    }
    end = 0
    for name, array in ordered:
        start, end = end, end + array.nbytes
        entries[name] = {
            "dtype": NAMES[array.dtype.str],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    content = json.dumps(entries, separators=(",", ":")).encode()
    content += b" " * (-len(content) % LENGTH_BYTES)
    if not _is_short(text) or not _is_short(content):
        raise ValueError("`estimator` is made of more parts than a file can hold")
    length = len(content).to_bytes(LENGTH_BYTES, "little")
    replace_file(path, (length, content, *(array for _, array in ordered if array.nbytes)))


@contextmanager
def reading(
    path: str | os.PathLike[str], max_bytes: int | None = None
) -> Iterator[tuple[dict[str, Any], Arrays]]:
    """Header and arrays of a file; the arrays can be read until the context ends.

    Parameters
    ----------
    path : path-like
    max_bytes : int, optional
        How large the file may be.

    Raises
    ------
    ValueError
        If the file is too large, is not of this format, or is not as it was written.
    """
    with open(path, "rb", opener=_open_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a regular file, but a device, a pipe or a socket")
        if max_bytes is not None and status.st_size > max_bytes:
            raise ValueError(
                f"it takes {status.st_size} bytes, more than `max_bytes`={max_bytes} allows"
            )
        try:
            metadata, arrays = _read_entries(file, status.st_size)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"{NOT_OURS}: {error}") from error
        if HEADER not in metadata or CHECKSUM not in metadata:
            raise ValueError(
                "it is a safetensors file, but not one that `sknn.io.save` has written"
            )
        if _checksum(metadata[HEADER], arrays) != metadata[CHECKSUM]:
            raise ValueError("it has been changed or damaged since it was written")
        header = read_json(metadata[HEADER])
        if not isinstance(header, dict):
            raise ValueError("its header is no JSON object")
        yield header, arrays


def read_json(text: str | bytes) -> Any:
    """What a text of JSON says.

    Raises
    ------
    ValueError
        If it is none, or would take far more memory than its own length.
    """
    if not _is_short(text):
        raise ValueError("its header has too many values")
    return json.loads(text)


def _open_without_waiting(path: str, flags: int) -> int:
    """Open, but do not wait for whoever writes to a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _is_short(text: str | bytes) -> bool:
    signs: tuple[Any, ...] = (",", "[", "{") if isinstance(text, str) else (b",", b"[", b"{")
    n_values = sum(text.count(sign) for sign in signs)
    return len(text) <= MOST_HEADER_BYTES and n_values <= MOST_NODES + len(text) // BYTES_PER_NODE


class _ArraysOfFile(Mapping[str, np.ndarray]):
    """The arrays of an open file, each read anew whenever it is asked for."""

    def __init__(
        self, file: IO[bytes], entries: dict[str, tuple[np.dtype, tuple[int, ...], int]]
    ) -> None:
        self._file, self._entries = file, entries

    def __getitem__(self, name: str) -> np.ndarray:
        dtype, shape, start = self._entries[name]
        array = np.empty(shape, dtype)
        if array.nbytes:
            self._file.seek(start)
            if self._file.readinto(array.reshape(-1).view(np.uint8)) != array.nbytes:  # type: ignore[attr-defined]
                raise ValueError(NOT_OURS)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries


def _read_entries(file: IO[bytes], size: int) -> tuple[dict[str, str], _ArraysOfFile]:
    """Metadata and arrays; every byte of the file belongs to exactly one of them."""
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    first = LENGTH_BYTES + length
    if first > size:
        raise ValueError(f"its header would end at byte {first} of {size}")
    if length > MOST_HEADER_BYTES:
        raise ValueError(f"its header takes {length} bytes")
    listed = read_json(file.read(length))
    if not isinstance(listed, dict):
        raise ValueError("its header is no JSON object")
    metadata = listed.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("its metadata must be texts")
    entries: dict[str, tuple[np.dtype, tuple[int, ...], int]] = {}
    spans = []
    for name, entry in listed.items():
        dtype = np.dtype(DTYPES[entry["dtype"]])
        shape, (start, stop) = tuple(entry["shape"]), entry["data_offsets"]
        if not all(type(number) is int and number >= 0 for number in (*shape, start, stop)):
            raise ValueError(f"shape and place of {name!r} must be whole numbers")
        if prod(shape) * dtype.itemsize != stop - start:
            raise ValueError(f"{name!r} does not fill its place")
        entries[name] = dtype, shape, first + start
        spans.append((start, stop))
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise ValueError("its arrays overlap, or leave gaps")
        end = stop
    if first + end != size:
        raise ValueError(f"its arrays end at byte {first + end} of {size}")
    return metadata, _ArraysOfFile(file, entries)


def _plain(array: np.ndarray) -> np.ndarray:
    """The array in the memory layout of a file."""
    return np.asarray(array, array.dtype.newbyteorder("<"), order="C")


def _checksum(text: str, arrays: Arrays) -> str:
    """A digest of all that a file says."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
