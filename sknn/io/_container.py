"""One file: arrays and a JSON header in the safetensors format, and a checksum of both."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

Arrays = Mapping[str, np.ndarray]

HEADER, CHECKSUM = "sknn", "sha256"
# Bytes at the start of the file, with the length of what safetensors writes before the arrays.
LENGTH_BYTES = 8


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
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content = save(dict(arrays), metadata={HEADER: text, CHECKSUM: _checksum(text, arrays)})
    replace_file(path, content)


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Put `content` at `path` in one step; a crash leaves the old file or the new."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"`path` must name a file, got the directory {str(path)!r}")
    beside = target.with_name(f".{uuid.uuid4().hex}")
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of a file.

    Raises
    ------
    ValueError
        If the file is not of this format, or is not as it was written.
    """
    content = Path(path).read_bytes()
    try:
        arrays = load(content)
        length = int.from_bytes(content[:LENGTH_BYTES], "little")
        metadata = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length]).get("__metadata__", {})
    except (SafetensorError, ValueError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise ValueError(
            f"it is cut off or damaged, or was never one of sknn's models: {error}"
        ) from error
    if HEADER not in metadata or CHECKSUM not in metadata:
        raise ValueError("it is a safetensors file, but not one that `sknn.io.save` has written")
    if _checksum(metadata[HEADER], arrays) != metadata[CHECKSUM]:
        raise ValueError("it has been changed or damaged since it was written")
    header = json.loads(metadata[HEADER])
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    return header, arrays


def _checksum(text: str, arrays: Arrays) -> str:
    """A digest of all that a file says."""
    digest = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
