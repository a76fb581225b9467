"""Files that were damaged on the way, and files that something else has written."""

import io
import json
import pickle
import re
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

import sknn.io

N_COPIES = 2000


@pytest.fixture(scope="module", params=["classifier", "pipeline"])
def saved(request, fitted, fitted_pipeline, tmp_path_factory):
    """A model, and the bytes of its file."""
    model = fitted if request.param == "classifier" else fitted_pipeline
    path = tmp_path_factory.mktemp("saved") / "model.sknn"
    sknn.io.save(model, path)
    return model, path.read_bytes()


def damage(content: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """One of many ways in which a file can be harmed."""
    data = np.frombuffer(content, np.uint8).copy()
    n, header = len(data), 8 + int.from_bytes(content[:8], "little")
    kinds = ("flip", "flips", "cut", "delete", "insert", "overwrite", "zero", "swap", "length")
    kind = str(rng.choice([*kinds, "header flip", "header overwrite", "header digit", "repeat"]))
    where = int(rng.integers(header if kind.startswith("header") else n))
    length = int(rng.integers(1, 200))
    some = rng.integers(0, 256, length, dtype=np.uint8)
    if kind.endswith("flip"):
        data[where] ^= 1 << rng.integers(8)
    elif kind == "flips":
        data[rng.integers(n, size=length)] ^= np.uint8(1) << rng.integers(8, dtype=np.uint8)
    elif kind == "cut":
        data = data[:where]
    elif kind == "delete":
        data = np.delete(data, slice(where, where + length))
    elif kind == "insert":
        data = np.insert(data, where, some)
    elif kind in ("overwrite", "header overwrite"):
        data[where : where + length] = some[: len(data[where : where + length])]
    elif kind == "zero":
        data[where : where + length] = 0
    elif kind == "swap":
        data[where : where + length] = data[where : where + length][::-1].copy()
    elif kind == "length":
        data[:8] = rng.integers(0, 256, 8) * (rng.random(8) < 0.4)
    elif kind == "header digit":
        digits = np.flatnonzero((data[:header] >= 48) & (data[:header] <= 57))
        data[rng.choice(digits)] = rng.integers(48, 58)
    elif kind == "repeat":
        data = np.concatenate([data[: where + length], data[where:]])
    return kind, data.tobytes()


@pytest.mark.slow
def test_damaged_copies_are_refused_or_equal(saved, table, tmp_path, differences):
    """Every copy is a ValueError that names the file, or the model as it was."""
    model, content = saved
    path, rng = tmp_path / "copy.sknn", np.random.default_rng(0)
    expected = model.predict_proba(table[0])
    classifier = model[-1] if hasattr(model, "steps") else model
    outcomes = {"refused": 0, "as it was": 0, "equal": 0}
    for copy in range(N_COPIES):
        kind, damaged = damage(content, rng)
        path.write_bytes(damaged)
        if damaged == content:
            outcomes["as it was"] += 1
            continue
        try:
            loaded = sknn.io.load(path)
        except ValueError as error:
            assert repr(str(path)) in str(error), (copy, kind)
            outcomes["refused"] += 1
        else:
            np.testing.assert_array_equal(loaded.predict_proba(table[0]), expected)
            ours = loaded[-1] if hasattr(loaded, "steps") else loaded
            assert differences(ours, classifier) == [], (copy, kind)
            outcomes["equal"] += 1
    print(outcomes)
    assert outcomes["refused"] > 0.9 * N_COPIES


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 100, -1, -8, "header", "header and a byte"])
def test_a_file_that_was_cut_off_says_so(saved, tmp_path, length):
    content = saved[1]
    if isinstance(length, str):
        length = 8 + int.from_bytes(content[:8], "little") + (length != "header")
    path = tmp_path / "cut.sknn"
    path.write_bytes(content[:length])
    with pytest.raises(ValueError, match=rf"{re.escape(str(path))}.*cut off or damaged"):
        sknn.io.load(path)


def test_every_byte_of_the_arrays_counts(saved, tmp_path):
    content = saved[1]
    path = tmp_path / "flipped.sknn"
    start = 8 + int.from_bytes(content[:8], "little")
    for where in np.linspace(start, len(content) - 1, 100, dtype=int):
        flipped = bytearray(content)
        flipped[where] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match="it has been changed or damaged since it was written"):
            sknn.io.load(path)


@pytest.mark.parametrize("name", ["coefs.0", "history.seconds"])
def test_arrays_that_are_missing_or_too_many_are_noticed(saved, tmp_path, name):
    content, path = saved[1], tmp_path / "edited.sknn"
    if hasattr(saved[0], "steps"):
        name = f"steps.1.1.{name}"
    length = int.from_bytes(content[:8], "little")
    arrays = dict(safetensors.numpy.load(content))
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    for edited in (
        {key: array for key, array in arrays.items() if key != name},
        arrays | {"more": np.zeros(1)},
        arrays | {name: arrays[name].astype(np.float32)},
        arrays | {name: arrays[name][None]},
        {key.replace(name, "other"): array for key, array in arrays.items()},
    ):
        path.write_bytes(safetensors.numpy.save(edited, metadata=metadata))
        with pytest.raises(ValueError, match="it has been changed or damaged since it was written"):
            sknn.io.load(path)


# ---------------------------------------------------------------------------------------
# foreign files


def with_length(length: int, header: bytes) -> bytes:
    return length.to_bytes(8, "little") + header


def written_by(write: Callable[..., None], *args: Any) -> bytes:
    file = io.BytesIO()
    write(file, *args)
    return file.getvalue()


def write_zip(file: io.BytesIO) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("schema.json", "{}")


FOREIGN = {
    "empty": b"",
    "text": b"a model, honestly\n" * 100,
    "JSON": b'{"format": 1}',
    "a pickle": pickle.dumps({"format": 1}),
    "a zip": written_by(write_zip),
    "an npz": written_by(np.savez, np.zeros(3)),
    "an npy": written_by(np.save, np.zeros(3)),
    "zeros": bytes(1000),
    "ones": b"\xff" * 1000,
    "a header beyond the end": with_length(2**63, b"{}"),
    "a header of 2 GB": with_length(2**31, b"{}"),
    "a header that is no JSON": with_length(8, b"{]{]{]{]"),
    "a header that is a list": with_length(8, b"[1,2,3] "),
    "a header that is no text": with_length(8, b'{"\xff": 1'),
    "a header of dicts": with_length(200_000, b'{"a":' * 40_000),
    "a header of lists": with_length(200_000, b"[" * 200_000),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_named_and_refused(tmp_path, name):
    path = tmp_path / "foreign.file"
    path.write_bytes(FOREIGN[name])
    match = rf"{re.escape(str(path))}' cannot be loaded: it is cut off or damaged, or was never one"
    with pytest.raises(ValueError, match=match):
        sknn.io.load(path)


@pytest.mark.parametrize(
    "metadata", [None, {}, {"sknn": "{}"}, {"format": "pt"}, {"sha256": "0" * 64}], ids=str
)
def test_a_safetensors_file_of_another_program_is_named_and_refused(tmp_path, metadata):
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file({"coefs.0": np.zeros((5, 3))}, path, metadata=metadata)
    match = rf"{re.escape(str(path))}' cannot be loaded: it is a safetensors file, but not one that"
    with pytest.raises(ValueError, match=match):
        sknn.io.load(path)


def test_an_onnx_model_is_refused(fitted, tmp_path):
    sknn.io.to_onnx(fitted, tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="cut off or damaged, or was never one"):
        sknn.io.load(tmp_path / "model.onnx")
