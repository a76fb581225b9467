"""A folder holds files of one run, whatever happens to the process that writes them."""

import os
import random
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from sknn.report import _files_of_run
from sknn.report._files_of_run import FINISHED, UNFINISHED, check_place, files_of_run, write_alone

NAMES = ("a.txt", "b.txt", "c.txt")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and locks of POSIX")


def write(folder, run, names=NAMES, **options):
    with files_of_run(folder, NAMES, overwrite=True, **options) as unfinished:
        for name in names:
            (unfinished / name).write_text(run)


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_files_come_all_together(tmp_path):
    write(tmp_path, "1")
    with files_of_run(tmp_path, overwrite=True) as unfinished:
        (unfinished / "a.txt").write_text("2")
        (unfinished / "b.txt").write_text("2")
        assert contents(tmp_path) == dict.fromkeys(NAMES, "1")
    assert contents(tmp_path) == {"a.txt": "2", "b.txt": "2", "c.txt": "1"}
    assert sorted(os.listdir(tmp_path)) == list(NAMES)


def test_what_goes_with_a_former_run_goes_and_what_is_others_stays(tmp_path):
    write(tmp_path, "1")
    (tmp_path / "d.txt").write_text("mine")
    (tmp_path / "below").mkdir()
    write(tmp_path, "2", names=("b.txt",))
    assert contents(tmp_path) == {"b.txt": "2", "d.txt": "mine"}
    assert (tmp_path / "below").is_dir()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_what_was_there(tmp_path, error):
    write(tmp_path, "1")
    with pytest.raises(error), files_of_run(tmp_path, overwrite=True) as unfinished:
        (unfinished / "a.txt").write_text("2")
        raise error
    assert contents(tmp_path) == dict.fromkeys(NAMES, "1")
    assert sorted(os.listdir(tmp_path)) == list(NAMES)


@POSIX
def test_killed_at_any_moment(tmp_path):
    """A process writes run after run; when it is killed, all files are of one of them."""
    random.seed(0)
    interrupted = 0
    for _ in range(60):
        child = os.fork()
        if not child:
            while True:
                write(tmp_path, str(time.monotonic_ns()))
        time.sleep(random.uniform(0.005, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert len(set(contents(tmp_path).values())) <= 1
        interrupted += any(path.is_dir() for path in tmp_path.iterdir())
    assert interrupted > 10
    write(tmp_path, "last")
    assert contents(tmp_path) == dict.fromkeys(NAMES, "last")
    assert sorted(os.listdir(tmp_path)) == list(NAMES)


class Killed(BaseException):
    """Ends a process between two steps."""


@POSIX
@pytest.mark.parametrize("steps", range(4))
def test_the_next_run_completes_a_move(tmp_path, monkeypatch, steps):
    """Even where it was stopped after none, one, two or all of three files."""
    write(tmp_path, "1")
    replace, done = type(tmp_path).replace, []

    def stop(self, target):
        if len(done) == steps:
            raise Killed
        done.append(target)
        return replace(self, target)

    def nothing(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "replace", stop)
        patch.setattr(_files_of_run.shutil, "rmtree", nothing)
        with pytest.raises(Killed):
            write(tmp_path, "2")
    assert len(set(contents(tmp_path).values())) == 1
    with files_of_run(tmp_path, overwrite=True):
        assert contents(tmp_path) == dict.fromkeys(NAMES, "2")
    assert sorted(os.listdir(tmp_path)) == list(NAMES)


@POSIX
def test_a_run_that_goes_on_is_left_alone(tmp_path):
    with files_of_run(tmp_path, overwrite=True) as unfinished:
        (unfinished / "a.txt").write_text("1")
        write(tmp_path, "2", names=("b.txt",))
        assert contents(unfinished) == {"a.txt": "1"}
    assert contents(tmp_path) == {"a.txt": "1", "b.txt": "2"}


@POSIX
@pytest.mark.parametrize("prefix", [UNFINISHED, FINISHED])
def test_what_others_put_there_is_not_followed(tmp_path, prefix, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.txt").write_text("precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / f"{prefix}link").symlink_to(elsewhere)
    (folder / f"{prefix}file").write_text("x")
    planted = folder / f"{prefix}dir"
    planted.mkdir()
    (planted / "a.txt").write_text("planted")
    (planted / ".sknn-removed").write_text("../elsewhere/a.txt")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)  # somebody else's
    with files_of_run(folder, overwrite=True) as unfinished:
        (unfinished / "b.txt").write_text("2")
    assert contents(elsewhere) == {"a.txt": "precious"}
    assert not (folder / "a.txt").exists()
    monkeypatch.undo()
    with files_of_run(folder, overwrite=True) as unfinished:
        (unfinished / "b.txt").write_text("3")
    assert contents(elsewhere) == {"a.txt": "precious"}
    assert not planted.exists()


def test_permissions_and_links(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    there.mkdir()
    here.symlink_to("there")
    (tmp_path / "kept.txt").write_text("kept")
    (there / "a.txt").write_text("1")
    (there / "a.txt").chmod(0o640)
    (there / "b.txt").symlink_to("../kept.txt")
    there.chmod(0o750)
    inode = there.stat().st_ino
    write(here, "2")
    assert here.is_symlink()
    assert (there.stat().st_ino, stat.S_IMODE(there.stat().st_mode)) == (inode, 0o750)
    assert stat.S_IMODE((there / "a.txt").stat().st_mode) == 0o640
    assert (tmp_path / "kept.txt").read_text() == "kept"
    assert not (there / "b.txt").is_symlink()
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((there / "c.txt").stat().st_mode) == 0o666 & ~umask


def test_the_current_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(type(tmp_path)("."), "1")
    write(type(tmp_path)("."), "2")
    assert contents(tmp_path) == dict.fromkeys(NAMES, "2")
    assert os.getcwd() == str(tmp_path)


def test_one_file_goes_behind_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/page")
    path = write_alone(tmp_path / "link", lambda place: place.write_text("1"), overwrite=True)
    assert path == tmp_path / "link"
    assert path.is_symlink()
    assert (tmp_path / "there" / "page").read_text() == "1"


@POSIX
def test_places_for_no_file(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "read-only").write_text("precious")
    (tmp_path / "read-only").chmod(0o444)
    for name, error, words in (
        ("fifo", OSError, "is a device or the like"),
        ("read-only", PermissionError, "is read-only: make it writable"),
        (".", IsADirectoryError, "must name a file"),
    ):
        with pytest.raises(error, match=words):
            check_place(tmp_path / name, overwrite=True)
    with pytest.raises(PermissionError, match="sknn-files-"):
        with files_of_run(tmp_path, overwrite=True) as unfinished:
            (unfinished / "read-only").write_text("new")
            (unfinished / "other").write_text("new")
    assert (tmp_path / "read-only").read_text() == "precious"
    assert not (tmp_path / "other").exists()


def test_without_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(_files_of_run, "HAS_LOCKS", False)
    (tmp_path / f"{UNFINISHED}x").mkdir()
    write(tmp_path, "1")
    write(tmp_path, "2")
    assert contents(tmp_path) == dict.fromkeys(NAMES, "2")
    # Whether a process uses it cannot be told.
    assert (tmp_path / f"{UNFINISHED}x").is_dir()


@POSIX
def test_a_folder_that_is_locked_by_others_is_not_waited_for_long(tmp_path, monkeypatch):
    import fcntl

    monkeypatch.setattr(_files_of_run, "MOST_SECONDS", 0.05)
    with open(tmp_path / "x", "w"):
        descriptor = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        write(tmp_path, "1")
        os.close(descriptor)
    assert contents(tmp_path) == {**dict.fromkeys(NAMES, "1"), "x": ""}


def test_files_of_a_part_of_a_run_wait_for_its_end(tmp_path, monkeypatch):
    """Also where one names the folder absolutely and the other relatively; and nobody waits."""
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    monkeypatch.setattr(_files_of_run, "MOST_SECONDS", 60.0)
    started = time.monotonic()
    with files_of_run(Path("out")) as whole:
        with files_of_run(whole.resolve()) as part:
            (part / "inner").write_text("1")
        (whole / "outer").write_text("2")
        assert not Path("out/inner").exists()
    assert time.monotonic() - started < 30
    assert sorted(path.name for path in Path("out").iterdir()) == ["inner", "outer"]
