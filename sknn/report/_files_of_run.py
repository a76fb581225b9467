"""Files of one run belong together: a folder holds those of the run before, or of this one."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

try:
    import fcntl

    HAS_LOCKS = True
except ImportError:  # Windows, where nothing can be told of a folder that another process uses
    HAS_LOCKS = False

# Of folders within the target, so that a move never crosses file systems: what is being written,
# and what is complete and on its way to its place. The latter lists the files to be removed.
UNFINISHED, FINISHED, REMOVED = ".sknn-unfinished-", ".sknn-finished-", ".sknn-removed"
# A move takes milliseconds. Whoever keeps a folder locked for longer is not one of us.
MOST_SECONDS = 5.0
# The folders that runs of this process are writing to.
_UNDER_WAY: set[Path] = set()


@contextmanager
def files_of_run(
    folder: Path, names: Iterable[str] = (), *, overwrite: bool = False
) -> Iterator[Path]:
    """A folder to write the files of a run to; they are moved to their places all together.

    An exception, an interrupt or the end of the process before that leaves the former files as they
    were. While files are moved the folder holds files of one run only: former files make way before
    the first is moved. A process that is killed meanwhile leaves the rest to the next run in that
    folder, which first moves what was complete and removes what was not.

    The folder itself and other files in it are left alone; a file that is replaced keeps its
    permissions. A link in the place of a file is replaced, what it points to is not.

    Parameters
    ----------
    folder : Path
        Where the files are to be; an existing directory.
    names : iterable of str, default=()
        Names of files that go with those of the run. Where a former run has left them and this one
        does not write them, they are removed.
    overwrite : bool, default=False
        Whether files of these names may be replaced.

    Yields
    ------
    unfinished : Path
        An empty folder.

    Raises
    ------
    FileExistsError
        If there are files of these names and `overwrite` is False. Those of the run are kept aside.
    """
    if folder.resolve() in _UNDER_WAY:  # files of the same run: they wait for its end
        part = Path(mkdtemp(dir=folder))
        yield part
        for path in part.iterdir():
            path.replace(folder / path.name)
        part.rmdir()
        return
    try:
        with _locked(folder):
            _settle(folder)
            unfinished = Path(mkdtemp(prefix=UNFINISHED, dir=folder))
            lock = _lock(unfinished)
    except OSError as error:
        # The user knows the folder, and not what is made in it.
        raise type(error)(error.errno, error.strerror, str(folder)) from None
    _UNDER_WAY.add(unfinished.resolve())
    try:
        yield unfinished
        _finish(unfinished, folder, names, overwrite)
    finally:
        _UNDER_WAY.discard(unfinished.resolve())
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
        finally:
            _unlock(lock)


def write_alone(
    path: str | os.PathLike[str], write: Callable[[Path], object], *, overwrite: bool
) -> Path:
    """Put one file in its place, or behind the link that is there, when it is complete."""
    check_place(Path(path), overwrite=overwrite)
    target = Path(os.path.realpath(path))
    with files_of_run(target.parent, overwrite=overwrite) as unfinished:
        write(unfinished / target.name)
    return Path(path)


def check_place(
    path: Path, *, overwrite: bool, allowed_by: str = "overwrite=True", or_else: str = ""
) -> None:
    """Refuse a place where a file would be lost, or where there is something else.

    Raises
    ------
    FileExistsError
        If there is a file that may not be replaced; `allowed_by` and `or_else` say what to do.
    IsADirectoryError, PermissionError, OSError
        If there is a directory, a read-only file, a device or the like.
    """
    if path.is_dir():
        raise IsADirectoryError(f"`path` must name a file, got the directory {str(path)!r}")
    if not os.path.lexists(path):
        return
    if not overwrite:
        raise FileExistsError(f"{str(path)!r} exists: pass {allowed_by} to replace it{or_else}")
    if not path.exists():  # a link to nothing
        return
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise OSError(f"{str(path)!r} is a device or the like, which no file may replace")
    if not mode & 0o222:
        raise PermissionError(f"{str(path)!r} is read-only: make it writable to replace it")


def _finish(unfinished: Path, folder: Path, names: Iterable[str], overwrite: bool) -> None:
    """Move complete files to their places."""
    written = sorted(path.name for path in unfinished.iterdir())
    with _locked(folder):
        try:
            for name in {*written, *names}:
                check_place(folder / name, overwrite=overwrite)
        except OSError as error:
            aside = unfinished.rename(folder / unfinished.name.replace(UNFINISHED, "sknn-files-"))
            raise type(error)(f"{error}; the files of this run are in {str(aside)!r}") from None
        for name in written:
            with open(unfinished / name, "rb+") as file:
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                shutil.copymode(folder / name, unfinished / name)
        removed = sorted({*names} - {*written})
        (unfinished / REMOVED).write_text("\n".join(removed), encoding="utf-8")
        finished = unfinished.with_name(unfinished.name.replace(UNFINISHED, FINISHED))
        # From here on the run counts as complete, whatever happens.
        unfinished.rename(finished)
        try:
            _move(finished, folder)
        except KeyboardInterrupt:
            _move(finished, folder)
            raise


def _move(finished: Path, folder: Path) -> None:
    """Move files to their places; or the rest of them, if that was begun before."""
    written = sorted(path.name for path in finished.iterdir() if path.name != REMOVED)
    with suppress(FileNotFoundError):
        removed = (finished / REMOVED).read_text(encoding="utf-8").splitlines()
        # The first is replaced in one step: there is always one of its name.
        for name in [*removed, *written[1:]]:
            (folder / Path(name).name).unlink(missing_ok=True)
    for name in written:
        (finished / name).replace(folder / name)
    shutil.rmtree(finished)


def _settle(folder: Path) -> None:
    """Put in order what killed runs have left."""
    for left in (*folder.glob(f"{FINISHED}*"), *folder.glob(f"{UNFINISHED}*")):
        lock = _lock(left) if _is_own_folder(left) else None
        if lock is None:  # its run goes on
            continue
        try:
            if left.name.startswith(FINISHED):
                _move(left, folder)
            else:
                shutil.rmtree(left, ignore_errors=True)
        finally:
            _unlock(lock)


def _is_own_folder(path: Path) -> bool:
    """Whether it is no link, and not somebody else's: where all may write it can hold anything."""
    try:
        status = path.lstat()
    except FileNotFoundError:  # its run has just ended
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == getattr(os, "geteuid", int)()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Have no other run of ours begin or end in a folder, where the system knows locks."""
    lock, until = _lock(folder), time.monotonic() + MOST_SECONDS
    while lock is None and HAS_LOCKS and time.monotonic() < until:
        time.sleep(0.02)
        lock = _lock(folder)
    try:
        yield
    finally:
        _unlock(lock)


def _lock(folder: Path) -> int | None:
    """A lock that ends with its process, or None if there is none to be had."""
    if not HAS_LOCKS:
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)
