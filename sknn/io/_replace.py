"""Put a file in its place in one step, or leave what was there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

try:
    import fcntl

    LOCKS = True
except ImportError:  # Windows, where an open file cannot be removed anyway
    LOCKS = False

Content = bytes | Iterable[Any]


def replace_file(path: str | os.PathLike[str], content: Content) -> None:
    """Put `content` at `path` in one step; a crash leaves the old file or the new.

    Parameters
    ----------
    path : path-like
        Where to; a link is followed.
    content : bytes, or iterable of buffers
        Written one after the other, without a copy of the whole.

    Raises
    ------
    OSError
        If `path` names a directory, a device or anything else that is no regular file, a file that
        is read-only, or a place where nothing can be written. The error names `path`.
    """
    target = Path(os.path.realpath(path))
    mode = _check_target(target, path)
    try:
        _remove_leftovers(target)
        beside, file = _open_beside(target)
        try:
            with file:
                pieces: Iterable[Any] = (content,) if isinstance(content, bytes) else content
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
                if mode is not None:
                    beside.chmod(mode)
                beside.replace(target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
    except OSError as error:
        if error.filename is not None:
            # Nobody has heard of the file beside it.
            error.filename, error.filename2 = os.fspath(path), None
        raise


def _check_target(target: Path, path: str | os.PathLike[str]) -> int | None:
    """The mode of the file that is to be replaced, if there is one."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"`path` must name a file, got the directory {str(path)!r}")
    if not stat.S_ISREG(mode):
        raise OSError(
            f"`path` must name a regular file, got {str(path)!r}, which is a device, a pipe or a "
            "socket"
        )
    # The mode counts for root too, to whom the system allows everything.
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise PermissionError(f"`path` must name a file that may be written, got {str(path)!r}")
    return mode


def _prefix(target: Path) -> str:
    # Of the name only a digest: the name itself may be as long as a name can be.
    return f".sknn-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}-"


def _open_beside(target: Path) -> tuple[Path, IO[bytes]]:
    """A new file in the same folder, locked for as long as it is open."""
    while True:
        beside = target.with_name(_prefix(target) + uuid.uuid4().hex)
        file = open(beside, "xb")
        if LOCKS:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if beside.exists():
            return beside, file
        file.close()  # removed before it was locked, as a leftover: once more


def _remove_leftovers(target: Path) -> None:
    """Remove what processes that were killed have left beside `target`.

    A file that another process is writing just now is locked, and stays.
    """
    for left in target.parent.glob(_prefix(target) + "*"):
        with contextlib.suppress(OSError):
            if not LOCKS:
                left.unlink()
                continue
            number = os.open(left, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
            finally:
                os.close(number)
