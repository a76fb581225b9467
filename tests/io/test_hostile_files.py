"""Files with a correct checksum that somebody has made in order to do harm."""

import contextlib
import copy
import functools
import importlib
import io
import json
import operator
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import sknn.io
from sknn.io import _container

# As in use, a warning is no error: `load` would make a ValueError of it.
pytestmark = pytest.mark.filterwarnings("ignore")

COLUMNS = ["a", "b", "c", "d", "e"]


# ---------------------------------------------------------------------------------------
# making such files


def write_raw(path: Path, text: str, arrays: dict[str, np.ndarray]) -> None:
    """Write a file with the checksum that `load` wants, whatever is in it."""
    metadata = {
        _container.HEADER: text,
        _container.CHECKSUM: _container._checksum(text, arrays),
    }
    path.write_bytes(safetensors.numpy.save(arrays, metadata=metadata))


def read_raw(path: Path) -> tuple[dict, dict]:
    """Header and arrays of a file."""
    with _container.reading(path) as (header, arrays):
        return header, dict(arrays)


@pytest.fixture(scope="module")
def parts(make_scratch, table, tmp_path_factory) -> tuple[dict, dict]:
    """Header and arrays of a classifier's file that holds as much as one can."""
    X, y = table
    path = tmp_path_factory.mktemp("parts") / "model.sknn"
    names = np.array(["x", "y", "z"])
    with config_context(enable_metadata_routing=True):
        model = make_scratch(
            warm_start=True,
            early_stopping=True,
            record="batch",
            random_state=np.random.RandomState(0),
            class_weight={"x": 1.0, "y": 2.0, "z": 1.5},
            dropout=np.array([0.1, 0.2]),
        ).set_fit_request(sample_weight="mine")
        sknn.io.save(model.fit(pd.DataFrame(X, columns=COLUMNS), names[y]), path)
    return read_raw(path)


@pytest.fixture(scope="module")
def pipeline_parts(fitted_pipeline, tmp_path_factory) -> tuple[dict, dict]:
    """Header and arrays of a pipeline's file as earlier versions wrote it."""
    path = tmp_path_factory.mktemp("parts") / "pipeline.sknn"
    sknn.io.save(fitted_pipeline[-1], path)
    header, arrays = read_raw(path)
    shell = Pipeline([*fitted_pipeline.steps[:-1], ("net", "passthrough")])
    arrays["pipeline"] = np.frombuffer(skops.io.dumps(shell), np.uint8)
    return header | {"pipeline": True, "format": 1}, arrays


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "hostile.sknn"


@pytest.fixture
def is_refused_or_harmless(table, path) -> Callable[..., bool]:
    """Whether `load` refuses a file; if not, what it loads must predict."""
    X = table[0]

    def check(header: dict[str, Any], arrays: dict[str, np.ndarray], what: Any = "") -> bool:
        write_raw(path, json.dumps(header), arrays)
        try:
            model = sknn.io.load(path)
        except ValueError as error:
            assert str(path) in str(error), what
            return True
        try:
            assert np.isfinite(model.predict_proba(X)).all()
            assert len(model.predict(X)) == len(X)
        except Exception as error:
            raise AssertionError(f"{what} was loaded, and then: {error!r}") from error
        return False

    return check


def places(value: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a header: the keys that lead to it."""
    if above:
        yield above
    if isinstance(value, list):
        value = dict(enumerate(value[:3]))
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from places(item, *above, key)


def replaced(header: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The header with another value, or none, in one place."""
    header = copy.deepcopy(header)
    inner = functools.reduce(operator.getitem, place[:-1], header)
    if value is Ellipsis:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return header


# ---------------------------------------------------------------------------------------
# headers


@pytest.mark.parametrize(
    "value",
    [
        ...,
        None,
        True,
        -1,
        0,
        10**30,
        "x",
        [],
        {},
        [{"a": 1, "b": 2}],
        {"$float": "nan"},
        {"$float": []},
        {"$tuple": []},
        {"$dict": [[[], 1]]},
        {"$array": ["<f8", [1], [1]]},
        {"$array": ["<U3", [-1], ["a", "b", "c"]]},
        {"$array": ["<M8[s]", [1], [0]]},
        {"$random_state": {}},
        {"$unknown": 1},
    ],
    ids=lambda value: "removed" if value is ... else str(value)[:40],
)
def test_a_header_with_another_value_anywhere(parts, is_refused_or_harmless, value):
    header, arrays = parts
    # Every sixth place, beginning with another one for each value.
    some = list(places(header))[len(str(value)) % 6 :: 6]
    refused = [
        is_refused_or_harmless(replaced(header, place, value), arrays, (place, value))
        for place in some
    ]
    assert len(refused) > 15
    assert sum(refused) > len(refused) / 3


def test_every_entry_of_a_header_is_needed(parts, pipeline_parts, path):
    for header, arrays in (parts, pipeline_parts):
        for name in header:
            if name == "versions":
                continue  # is only for errors
            write_raw(path, json.dumps(replaced(header, (name,), ...)), arrays)
            with pytest.raises(ValueError, match=f"cannot be loaded: it lacks '{name}'"):
                sknn.io.load(path)


@pytest.mark.parametrize("number", [0, 4, 99, "1", None, []], ids=str)
def test_another_format_is_refused(parts, path, number):
    header, arrays = parts
    write_raw(path, json.dumps(header | {"format": number}), arrays)
    with pytest.raises(ValueError, match=r"it is of format .* by sknn 0.* reads formats 1 to 3"):
        sknn.io.load(path)


@pytest.mark.parametrize(
    "name", ["BaseMLPClassifier", "LogisticRegression", "os.system", "__init__", "", [], {}, None]
)
def test_an_unknown_class_is_refused(parts, path, name):
    header, arrays = parts
    write_raw(path, json.dumps(header | {"class": name}), arrays)
    with pytest.raises(ValueError, match="which is unknown here"):
        sknn.io.load(path)


@pytest.mark.parametrize("name", ["activation", "layer_sizes", "divisor", "foreign", "dtype"])
def test_a_plan_without_a_field_or_with_a_foreign_one(parts, path, name):
    header, arrays = parts
    plan = dict(header["plan"])
    if plan.pop(name, "none") == "none":
        plan[name] = 1
    if name == "divisor":  # has a default
        return
    write_raw(path, json.dumps(header | {"plan": plan}), arrays)
    with pytest.raises(ValueError, match=name):
        sknn.io.load(path)


@pytest.mark.parametrize(
    "sizes",
    [
        [],
        [5],
        [5, 3],
        [5, 6, 4],
        [5, 6, 4, 2],
        [5, 6, 4, 10**15],
        [10**9] * 4,
        [5, 0, 3],
        [5, -1, 3],
    ],
    ids=str,
)
def test_layer_sizes_that_are_not_those_of_the_weights(parts, path, sizes):
    header, arrays = parts
    edited = replaced(header, ("plan", "layer_sizes"), {"$tuple": sizes})
    write_raw(path, json.dumps(edited), arrays)
    with pytest.raises(ValueError, match="cannot be loaded"):
        sknn.io.load(path)


def test_labels_that_are_no_array(parts, is_refused_or_harmless):
    header, arrays = parts
    for labels in (["x", "y", "z"], {"$tuple": [1, 2, 3]}, {"$array": ["<i8", [3], [1, 1, 1]]}):
        edited = replaced(header, ("target", "classes"), labels)
        is_refused_or_harmless(edited, arrays, labels)
        is_refused_or_harmless(header | {"classes": labels}, arrays, labels)


@pytest.mark.parametrize("width", [10**6, 2**29 - 1])
def test_a_small_file_takes_little_memory(parts, path, width, monkeypatch):
    """A dtype of wide strings makes gigabytes of a few letters."""
    header, arrays = parts
    labels = {"$array": [f"<U{width}", [3], ["x", "y", "z"]]}
    write_raw(path, json.dumps(replaced(header, ("target", "classes"), labels)), arrays)
    asked, empty = [], np.empty

    def note(shape, dtype=float, *args, **kwargs):
        asked.append(int(np.prod(shape)) * np.dtype(dtype).itemsize)
        if asked[-1] > 10**8:
            raise MemoryError
        return empty(shape, dtype, *args, **kwargs)

    monkeypatch.setattr(np, "empty", note)
    with contextlib.suppress(ValueError):
        sknn.io.load(path)
    assert max(asked, default=0) < 10**6


@pytest.mark.parametrize(
    "place", ["parameters", "classes", "target", "versions", "state", "nothing"]
)
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"$tuple":', "}")])
@pytest.mark.parametrize("depth", [300, 10_000, 100_000])
def test_headers_that_are_nested_deeply(parts, table, path, place, opening, closing, depth):
    header, arrays = parts
    deep = opening * depth + "[]" + closing * depth
    text = json.dumps(header | {place: "HERE"}).replace('"HERE"', deep)
    if place == "parameters":
        edited = replaced(header, (place, "dropout"), "HERE")
        text = json.dumps(edited).replace('"HERE"', deep)
    write_raw(path, text, arrays)
    try:
        model = sknn.io.load(path)
    except ValueError:
        return
    assert np.isfinite(model.predict_proba(table[0])).all()


@pytest.mark.parametrize("text", ["", "[]", "null", "1", "NaN", "{", '"sknn"', "\0", "[" * 100_000])
def test_headers_that_are_none(parts, path, text):
    write_raw(path, text, parts[1])
    with pytest.raises(ValueError, match="cannot be loaded"):
        sknn.io.load(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["$tuple", "$array", "$dict", "$float", "$random_state", "x"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=8,
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(data=st.data())
def test_headers_with_anything_anywhere(parts, is_refused_or_harmless, data):
    header, arrays = parts
    for place in data.draw(st.lists(st.sampled_from(list(places(header))), min_size=1, max_size=2)):
        with contextlib.suppress(KeyError, IndexError, TypeError):  # was replaced before
            header = replaced(header, place, data.draw(JSON))
    is_refused_or_harmless(header, arrays, "an edited header")


@pytest.mark.parametrize("position", [-(2**31), -1, 625, 10**6, 2**31 - 1])
def test_a_seed_cannot_read_beyond_its_memory(parts, path, position):
    """NumPy takes any position in the 624 words of a RandomState, and reads there: a crash."""
    header, arrays = parts
    edited = copy.deepcopy(header)
    state = edited["parameters"]["random_state"]["$random_state"]["$dict"]
    (inner,) = (value for key, value in state if key == "state")
    (entry,) = (item for item in inner["$dict"] if item[0] == "pos")
    entry[1] = position
    write_raw(path, json.dumps(edited), arrays)
    with pytest.raises(ValueError, match="cannot be loaded"):
        sknn.io.load(path)  # to draw from it would end the process


# ---------------------------------------------------------------------------------------
# arrays


def with_one(array: np.ndarray, value: float) -> np.ndarray:
    array = array.astype(array.dtype if array.dtype.kind == "f" else np.float64)
    array.flat[0] = value
    return array


ARRAY_EDITS = {
    "another shape": lambda array: array[None],
    "flat": np.ravel,
    "transposed": lambda array: np.ascontiguousarray(array.T),
    "shorter": lambda array: array[:-1],
    "empty": lambda array: array[:0],
    "a scalar": lambda array: np.array(1.0),
    "float32": lambda array: array.astype(np.float32),
    "float16": lambda array: array.astype(np.float16),
    "int64": lambda array: array.astype(np.int64),
    "bool": lambda array: array.astype(bool),
    "complex": lambda array: array.astype(np.complex64),
    "NaN": lambda array: with_one(array, np.nan),
    "infinite": lambda array: with_one(array, -np.inf),
    "huge": lambda array: with_one(array, 1e308),
    "negative": lambda array: (-1 - array.astype(np.float64)).astype(array.dtype),
}


@pytest.mark.parametrize("edit", ARRAY_EDITS)
def test_arrays_that_are_not_what_they_should_be(parts, table, path, edit):
    header, arrays = parts
    for name, array in arrays.items():
        edited = arrays | {name: ARRAY_EDITS[edit](array)}
        write_raw(path, json.dumps(header), edited)
        unlike = edited[name].shape != array.shape or edited[name].dtype != array.dtype
        strict = name.startswith(("coefs", "intercepts", "state"))
        try:
            model = sknn.io.load(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert not (strict and (unlike or not np.isfinite(edited[name]).all())), name
            if edit != "huge":
                assert np.isfinite(model.predict_proba(table[0])).all()


def test_every_array_is_needed(parts, path):
    header, arrays = parts
    optional = {"state.best", *(name for name in arrays if name.startswith("batches."))}
    for name in set(arrays) - optional:
        write_raw(path, json.dumps(header), {k: v for k, v in arrays.items() if k != name})
        with pytest.raises(ValueError, match=f"it lacks '{name}'"):
            sknn.io.load(path)


def test_arrays_that_belong_nowhere_are_harmless(parts, is_refused_or_harmless):
    header, arrays = parts
    more = {"coefs.99": np.zeros(3), "__class__": np.zeros(1), "predict": np.zeros(1)}
    is_refused_or_harmless(header, arrays | more)


def test_a_pipeline_without_its_transformers(pipeline_parts, path):
    header, arrays = pipeline_parts
    write_raw(path, json.dumps(header), {k: v for k, v in arrays.items() if k != "pipeline"})
    with pytest.raises(ValueError, match="it lacks 'pipeline'"):
        sknn.io.load(path)


# ---------------------------------------------------------------------------------------
# transformers


class Reducing(TransformerMixin, BaseEstimator):
    """What a pickle would run a command with."""

    command = "exit 1"

    def __reduce__(self):
        return os.system, (self.command,)

    def __setstate__(self, state):
        Path(state["marker"]).touch()


@pytest.fixture
def marker(tmp_path, monkeypatch) -> Iterator[Path]:
    """A file that appears as soon as anything of a hostile file is run."""
    marker = tmp_path / "marker"

    def touch(*args, **kwargs):
        marker.touch()
        return 0

    monkeypatch.setattr(os, "system", touch)
    monkeypatch.setattr(subprocess, "Popen", touch)
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "sknn_hostile.py").write_text(
        f"from pathlib import Path\nPath({str(marker)!r}).touch()\n"
        f"def run(*args, **kwargs):\n    Path({str(marker)!r}).touch()\n"
        f"class Run:\n    def __new__(cls, *args, **kwargs):\n        run()\n"
    )
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    yield marker
    assert "sknn_hostile" not in sys.modules
    assert not marker.exists()


@pytest.fixture
def refuses(pipeline_parts, path, table) -> Callable[..., None]:
    """Asserts that `load` refuses a pipeline's file with these bytes of skops in it."""
    header, arrays = pipeline_parts

    def check(content: bytes, match: str = "cannot be loaded") -> None:
        arrays["pipeline"] = np.frombuffer(content, np.uint8)
        write_raw(path, json.dumps(header), arrays)
        with pytest.raises(ValueError, match=match):
            sknn.io.load(path)

    return check


def around(transformer: Any) -> Pipeline:
    return Pipeline([("hostile", transformer), ("net", "passthrough")])


class TestTransformers:
    @pytest.mark.parametrize(
        "function",
        [
            os.system,
            eval,
            exec,
            subprocess.run,
            functools.partial(os.system, "exit 1"),
            operator.methodcaller("touch"),
            operator.attrgetter("__class__"),
            "exit 1".join,
            np.load,
            np.save,
            importlib.import_module,
            getattr,
        ],
        ids=lambda function: getattr(function, "__name__", type(function).__name__),
    )
    def test_functions(self, refuses, marker, function):
        hostile = FunctionTransformer(function, validate=False)
        refuses(skops.io.dumps(around(hostile)), "(?i)untrusted|not trusted|cannot be loaded")

    def test_methods(self, refuses, marker):
        refuses(skops.io.dumps(around(FunctionTransformer(Path(marker).touch))))

    def test_classes_that_reduce_to_a_command(self, refuses, marker):
        hostile = Reducing()
        hostile.marker = str(marker)
        refuses(skops.io.dumps(around(hostile)))

    def test_classes_in_odd_places(self, refuses, marker):
        for place in ("mean_", "n_features_in_", "feature_names_in_", "odd"):
            scaler = StandardScaler()
            setattr(scaler, place, Reducing())
            refuses(skops.io.dumps(around(scaler)))
        pipeline = around(StandardScaler())
        pipeline.memory = Reducing()
        refuses(skops.io.dumps(pipeline))

    def test_what_is_trusted_is_only_what_was_named(self, pipeline_parts, path, marker):
        header, arrays = pipeline_parts
        content = skops.io.dumps(around(FunctionTransformer(os.system)))
        arrays = arrays | {"pipeline": np.frombuffer(content, np.uint8)}
        write_raw(path, json.dumps(header), arrays)
        for trusted in ([], ["os"], ["posix"], ["os.path"], ["*"], [""]):
            with pytest.raises(ValueError, match="cannot be loaded"):
                sknn.io.load(path, trusted=trusted)

    @pytest.mark.parametrize(
        "thing",
        [
            StandardScaler(),
            {"steps": []},
            ["passthrough"],
            "passthrough",
            None,
            make_pipeline(StandardScaler(), LogisticRegression()),
            Pipeline([]),
            Pipeline([("net", None)]),
            Pipeline("passthrough"),
            Pipeline([["a", "b", "passthrough"]]),
            Pipeline({"net": "passthrough"}),
        ],
        ids=str,
    )
    def test_what_is_no_pipeline_that_lacks_its_end(self, refuses, thing):
        refuses(skops.io.dumps(thing))

    @pytest.mark.parametrize("content", [b"", b"PK", bytes(100), b"{}"])
    def test_what_is_not_of_skops(self, refuses, content):
        refuses(content)

    def test_an_archive_without_a_schema(self, refuses):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("other.json", "{}")
        refuses(file.getvalue())

    @pytest.mark.parametrize("schema", ["", "{}", "[]", "null", "[" * 100_000, '{"__class__": 1}'])
    def test_an_archive_with_another_schema(self, refuses, schema):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("schema.json", schema)
        refuses(file.getvalue())


def rewritten(content: bytes, edit: Callable[[str, bytes], bytes]) -> bytes:
    """An archive with every member edited."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, edit(name, old.read(name)))
    return file.getvalue()


class Touching:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("transformer", ["scaler", "sparse"])
def test_pickles_inside_the_arrays_of_a_transformer(table, refuses, marker, transformer):
    scaler = StandardScaler().fit(table[0])
    if transformer == "sparse":
        scaler.mean_ = sparse.csr_array(scaler.mean_[None])
    file = io.BytesIO()
    hostile = np.array([Touching(marker)], dtype=object)
    np.save(file, hostile, allow_pickle=True)
    file_npz = io.BytesIO()
    np.savez(file_npz, format=hostile, data=hostile, indices=hostile, shape=hostile)

    def edit(name, content):
        member = {".npy": file, ".npz": file_npz}.get(Path(name).suffix)
        return content if member is None else member.getvalue()

    refuses(rewritten(skops.io.dumps(around(scaler)), edit))


def test_every_node_of_a_transformer_as_every_other_kind(pipeline_parts, path, table, marker):
    """What a schema says of the makings of a transformer, edited in every place."""
    header, arrays = pipeline_parts
    union = make_pipeline(StandardScaler(), FunctionTransformer(np.log1p)).fit(np.ones((4, 5)))
    union[0].odd_ = [np.dtype("f8"), int, slice(1), np.random.RandomState(0), b"", {1}, (2,)]
    content = skops.io.dumps(around(union))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read("schema.json"))
    nodes = list(places_of_nodes(schema))
    loaders = (
        "ObjectNode TypeNode FunctionNode MethodNode PartialNode OperatorFuncNode DictNode "
        "DefaultDictNode ListNode SetNode TupleNode ConstructorFromReduceNode JsonNode "
        "NdArrayNode DTypeNode RandomGeneratorNode LossNode TreeNode SliceNode CachedNode"
    ).split()
    names = [("sknn_hostile", "run"), ("sknn_hostile", "Run"), ("os", "system")]
    names += [("sklearn.preprocessing._data", "StandardScaler")]
    rng = np.random.default_rng(0)
    for trial in range(300):
        place = nodes[rng.integers(1, len(nodes))]
        module, name = names[rng.integers(len(names))]
        kind = {"__module__": module, "__class__": name, "__loader__": str(rng.choice(loaders))}
        node = functools.reduce(operator.getitem, place, schema)
        edited = replaced(schema, place, node | kind if trial % 2 else hostile_node(kind))
        text = json.dumps(edited).encode()
        hostile = rewritten(content, lambda name, old, text=text: text if "json" in name else old)
        arrays = arrays | {"pipeline": np.frombuffer(hostile, np.uint8)}
        write_raw(path, json.dumps(header), arrays)
        with contextlib.suppress(ValueError):
            model = sknn.io.load(path)
            with contextlib.suppress(Exception):
                model.predict(np.abs(table[0]))
        assert not marker.exists(), (place, kind)


def places_of_nodes(value: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """Where the nodes of a schema stand."""
    if isinstance(value, dict) and "__loader__" in value:
        yield above
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from places_of_nodes(item, *above, key)


def hostile_node(kind: dict[str, Any]) -> dict[str, Any]:
    """A node with whatever the loaders of skops look for."""
    text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    argument = text | {"content": '"exit 1"', "is_json": True}
    function = {"__class__": "run", "__module__": "sknn_hostile", "__loader__": "FunctionNode"}
    listed = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode"}
    arguments = listed | {"content": [argument]}
    nothing = {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode"}
    nothing |= {"content": {}, "key_types": listed | {"content": []}}
    return kind | {
        "content": {
            "func": function,
            "obj": function,
            "args": arguments,
            "kwds": nothing,
            "namespace": nothing,
            "module_path": "sknn_hostile",
            "function": "run",
        },
        "constructor": function,
        "args": arguments,
        "attrs": arguments,
        "type": "numpy",
        "file": "schema.json",
        "key_types": listed | {"content": []},
        "is_json": True,
    }
