"""Files: written whole or not at all, and free of pickle."""

import errno
import json
import os
import pickle
import pickletools
import re
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn.io
from sknn.io._replace import replace_file


@pytest.fixture(params=["save", "to_onnx"])
def write(request):
    return getattr(sknn.io, request.param)


# ---------------------------------------------------------------------------------------
# whole or not at all


class TestAtomicity:
    @pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
    @pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace"), (Path, "chmod")])
    def test_a_failure_leaves_the_old_file(
        self, fitted, tmp_path, monkeypatch, write, owner, name, error
    ):
        path = tmp_path / "model"
        path.write_bytes(b"former")

        def fail(*args, **kwargs):
            raise error

        monkeypatch.setattr(owner, name, fail)
        with pytest.raises(type(error)):
            write(fitted, path)
        monkeypatch.undo()
        assert path.read_bytes() == b"former"
        assert os.listdir(tmp_path) == ["model"]

    @pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace")])
    def test_a_failure_leaves_nothing_where_nothing_was(
        self, fitted, tmp_path, monkeypatch, write, owner, name
    ):
        monkeypatch.setattr(owner, name, lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write(fitted, tmp_path / "model")
        assert os.listdir(tmp_path) == []

    @pytest.mark.skipif(sys.platform != "linux", reason="needs a device that is always full")
    def test_a_disk_that_is_full(self, fitted, tmp_path, monkeypatch, write):
        path = tmp_path / "model"
        path.write_bytes(b"former")

        def open_full(file, mode):
            Path(file).touch()
            return open("/dev/full", "wb")

        monkeypatch.setattr("sknn.io._replace.open", open_full, raising=False)
        with pytest.raises(OSError, match="No space left"):
            write(fitted, path)
        assert path.read_bytes() == b"former"
        assert os.listdir(tmp_path) == ["model"]

    def test_content_is_on_disk_before_it_takes_its_place(
        self, fitted, tmp_path, monkeypatch, write
    ):
        path, calls = tmp_path / "model", []
        fsync, replace = os.fsync, Path.replace

        def note_fsync(number):
            calls.append("fsync")
            assert not path.exists()
            fsync(number)

        def note_replace(self, target):
            calls.append("replace")
            assert self.parent == path.parent
            return replace(self, target)

        monkeypatch.setattr(os, "fsync", note_fsync)
        monkeypatch.setattr(Path, "replace", note_replace)
        write(fitted, path)
        assert calls == ["fsync", "replace"]

    def test_an_existing_file_is_replaced(self, fitted, tmp_path, write):
        path = tmp_path / "model"
        path.write_bytes(b"x" * 10**6)
        for _ in range(2):
            write(fitted, path)
            assert 0 < path.stat().st_size < 50_000
        assert os.listdir(tmp_path) == ["model"]

    def test_a_link_is_followed(self, fitted, tmp_path, write):
        there, here = tmp_path / "there", tmp_path / "here"
        there.mkdir()
        here.mkdir()
        (there / "model").write_bytes(b"former")
        (here / "link").symlink_to("../there/model")
        write(fitted, here / "link")
        assert (here / "link").is_symlink()
        assert (there / "model").read_bytes() != b"former"
        assert os.listdir(here) == ["link"]
        assert os.listdir(there) == ["model"]

    def test_a_link_to_nothing_makes_a_file_there(self, fitted, tmp_path, write):
        (tmp_path / "link").symlink_to("model")
        write(fitted, tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "model").is_file()

    @pytest.mark.skipif(os.name != "posix", reason="needs the modes of POSIX")
    @pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
    def test_the_mode_of_a_file_is_kept(self, fitted, tmp_path, write, mode):
        path = tmp_path / "model"
        path.touch()
        path.chmod(mode)
        write(fitted, path)
        assert stat.S_IMODE(path.stat().st_mode) == mode

    @pytest.mark.skipif(os.name != "posix", reason="needs the modes of POSIX")
    def test_a_new_file_has_the_mode_of_any_other(self, fitted, tmp_path, write):
        (tmp_path / "other").touch()
        write(fitted, tmp_path / "model")
        assert (tmp_path / "model").stat().st_mode == (tmp_path / "other").stat().st_mode

    def test_the_longest_name_that_a_file_may_have(self, fitted, tmp_path, write):
        path = tmp_path / ("m" * 255)
        path.touch()
        write(fitted, path)
        assert path.stat().st_size > 0


@pytest.mark.skipif(os.name != "posix", reason="needs the files of POSIX")
class TestSpecialFiles:
    """What is no file, or may not be written, is left alone."""

    def test_a_pipe(self, fitted, tmp_path, write):
        path = tmp_path / "pipe"
        os.mkfifo(path)
        with pytest.raises(OSError, match=r"must name a regular file, got '.*pipe'"):
            write(fitted, path)
        assert stat.S_ISFIFO(path.stat().st_mode)
        with pytest.raises(ValueError, match="not a regular file"):
            sknn.io.load(path)

    def test_a_device(self, fitted, tmp_path, write):
        before = os.stat("/dev/null")
        (tmp_path / "link").symlink_to("/dev/null")
        for path in ("/dev/null", tmp_path / "link"):
            with pytest.raises(OSError, match="must name a regular file"):
                write(fitted, path)
        after = os.stat("/dev/null")
        assert stat.S_ISCHR(after.st_mode)
        assert after.st_rdev == before.st_rdev
        with pytest.raises(ValueError, match="not a regular file"):
            sknn.io.load("/dev/zero")

    def test_a_file_that_may_not_be_written(self, fitted, tmp_path, write):
        """Also for root, whom the system would not stop."""
        path = tmp_path / "model"
        path.write_bytes(b"former")
        path.chmod(0o444)
        with pytest.raises(PermissionError, match=r"may be written, got '.*model'"):
            write(fitted, path)
        assert path.read_bytes() == b"former"

    def test_an_error_names_the_file_that_was_asked_for(self, fitted, tmp_path, write):
        with pytest.raises(FileNotFoundError) as caught:
            write(fitted, tmp_path / "no" / "model")
        assert caught.value.filename == str(tmp_path / "no" / "model")
        assert ".sknn-" not in str(caught.value)

    def test_what_a_killed_process_left_is_removed(self, fitted, tmp_path, write):
        path = tmp_path / "model"
        code = (
            "import os, sys, signal; from sknn.io._replace import replace_file\n"
            "def content():\n"
            "    yield b'some'\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
            "replace_file(sys.argv[1], content())\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], cwd=Path(sknn.__file__).parents[1]
        )
        assert done.returncode != 0
        (left,) = os.listdir(tmp_path)
        write(fitted, tmp_path / "other")
        assert left in os.listdir(tmp_path)  # it is not the other's
        write(fitted, path)
        assert sorted(os.listdir(tmp_path)) == ["model", "other"]

    def test_what_another_process_is_writing_stays(self, fitted, tmp_path, write):
        path = tmp_path / "model"

        def content():
            yield b"some"
            (beside,) = os.listdir(tmp_path)
            write(fitted, path)
            assert beside in os.listdir(tmp_path)
            yield b"thing"

        replace_file(path, content())
        assert path.read_bytes() == b"something"
        assert os.listdir(tmp_path) == ["model"]


class TestPlaces:
    def test_a_directory(self, fitted, tmp_path, write):
        with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
            write(fitted, tmp_path)
        assert os.listdir(tmp_path) == []

    def test_a_directory_that_is_not_there(self, fitted, tmp_path, write):
        with pytest.raises(FileNotFoundError):
            write(fitted, tmp_path / "no" / "model")

    def test_a_file_as_a_directory(self, fitted, tmp_path, write):
        (tmp_path / "file").write_text("keep")
        with pytest.raises(NotADirectoryError):
            write(fitted, tmp_path / "file" / "model")
        assert (tmp_path / "file").read_text() == "keep"

    def test_a_relative_path(self, fitted, tmp_path, monkeypatch, write):
        monkeypatch.chdir(tmp_path)
        write(fitted, "model")
        assert os.listdir(tmp_path) == ["model"]

    def test_loading_what_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="model"):
            sknn.io.load(tmp_path / "model")

    def test_loading_a_directory(self, tmp_path):
        with pytest.raises(IsADirectoryError):
            sknn.io.load(tmp_path)


# ---------------------------------------------------------------------------------------
# what is in a file


@pytest.fixture(params=["classifier", "pipeline"])
def path(request, fitted, fitted_pipeline, tmp_path) -> Path:
    """A file of either kind."""
    path = tmp_path / f"{request.param}.sknn"
    sknn.io.save(fitted if request.param == "classifier" else fitted_pipeline, path)
    return path


def is_pickle(content: bytes) -> bool:
    try:
        return sum(1 for _ in pickletools.genops(content)) > 1
    except Exception:
        return False


class TestPickle:
    def test_is_told_from_other_bytes(self, fitted):
        assert is_pickle(pickle.dumps(fitted))
        assert is_pickle(pickle.dumps([1], protocol=0))
        assert not is_pickle(b"{}")

    def test_is_not_in_a_file(self, path):
        content = path.read_bytes()
        assert not is_pickle(content)
        arrays = safetensors.numpy.load(content)
        assert all(array.dtype.kind in "iuf" for array in arrays.values())
        assert b"pickle" not in content
        for protocol in range(2, 6):
            # Where a pickle of this protocol would begin; four bytes do not come by chance.
            assert pickle.dumps(np.zeros(2), protocol=protocol)[:4] not in content
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        assert set(header) == {"__metadata__", *arrays}

    def test_is_never_read(self, path, table, monkeypatch):
        def refuse(*args, **kwargs):
            raise AssertionError("a pickle was read")

        import _pickle

        import joblib

        for module in (pickle, _pickle):
            for name in ("load", "loads", "Unpickler"):
                monkeypatch.setattr(module, name, refuse)
        monkeypatch.setattr(joblib, "load", refuse)
        with pytest.raises(AssertionError):
            pickle.loads(b"")
        sknn.io.load(path).predict(table[0])


def test_other_tools_can_read_the_arrays(fitted, tmp_path):
    sknn.io.save(fitted, tmp_path / "model.sknn")
    arrays = safetensors.numpy.load_file(tmp_path / "model.sknn")
    for i, (coef, intercept) in enumerate(zip(fitted.coefs_, fitted.intercepts_, strict=True)):
        np.testing.assert_array_equal(arrays[f"coefs.{i}"], coef)
        np.testing.assert_array_equal(arrays[f"intercepts.{i}"], intercept)
    np.testing.assert_array_equal(arrays["history.train_loss"], fitted.history_["train_loss"])


def sha256(content: bytes) -> str:
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header["__metadata__"]["sha256"]


def test_equal_models_are_files_of_equal_checksums(make_scratch, table, tmp_path):
    saved = make_scratch().fit(*table)
    for name in ("a", "b"):
        sknn.io.save(saved, tmp_path / name)
    sknn.io.save(sknn.io.load(tmp_path / "a"), tmp_path / "c")
    contents = [(tmp_path / name).read_bytes() for name in "abc"]
    assert len({sha256(content) for content in contents}) == 1
    assert len(set(contents)) == 1


def test_a_model_saved_in_two_processes_is_equal_bytes(tmp_path):
    """Sets and dicts have an order of their own in every process."""
    code = (
        "import sys, numpy as np, sknn.io; from sklearn.pipeline import make_pipeline\n"
        "from sklearn.feature_extraction.text import CountVectorizer\n"
        "from sknn import ScratchMLPClassifier; from sknn.training import History\n"
        "words = frozenset(['of', 'the', 'and', 'a', 'an', 'in'])\n"
        "net = ScratchMLPClassifier((3,), max_iter=1, n_iter_no_change=np.inf, random_state=0)\n"
        "model = make_pipeline(CountVectorizer(), net)\n"
        "model.fit(['one two', 'two three'] * 5, [0, 1] * 5)\n"
        "model[0].set_params(stop_words=sorted(words)); model[0].odd_ = words\n"
        "net.history_ = History({name: [0.0] for name in net.history_.epochs})\n"
        "sknn.io.save(model, sys.argv[1])\n"
    )
    for name, seed in (("a", "1"), ("b", "2")):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / name)],
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(sknn.__file__).parents[1],
        )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_sizes_are_those_of_the_weights(make_scratch, table, tmp_path):
    """What is beside weights, the two moments of Adam and history takes some kilobytes."""
    X, y = table
    for dtype, itemsize in (("float32", 4), ("float64", 8)):
        saved = make_scratch(hidden_layer_sizes=(64, 64), dtype=dtype).fit(X, y)
        sknn.io.save(saved, tmp_path / dtype)
        n_weights = sum(array.size for array in (*saved.coefs_, *saved.intercepts_))
        assert 0 < (tmp_path / dtype).stat().st_size - 3 * itemsize * n_weights < 6000
        sknn.io.save(make_pipeline(StandardScaler(), saved).fit(X, y), tmp_path / "pipeline")
        more = (tmp_path / "pipeline").stat().st_size - (tmp_path / dtype).stat().st_size
        assert 0 < more < 4000


@pytest.mark.slow
def test_a_model_in_numpy_loads_without_torch(fitted, tmp_path):
    path = tmp_path / "model.sknn"
    sknn.io.save(fitted, path)
    code = (
        "import sys, numpy as np, sknn.io\n"
        f"model = sknn.io.load({str(path)!r})\n"
        "model.predict(np.zeros((3, 5)))\n"
        f"sknn.io.save(model, {str(path)!r})\n"
        "print({'torch', 'skorch', 'onnx', 'skl2onnx', 'matplotlib'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(sknn.__file__).parents[1],
    )
    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr
