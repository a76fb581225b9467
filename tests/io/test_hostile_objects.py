"""Files of transformers and other objects that somebody has made in order to do harm."""

import copy
import io
import json
import os
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    PowerTransformer,
    StandardScaler,
)
from sklearn.random_projection import SparseRandomProjection

import sknn
import sknn.io
from sknn import (
    ColumnNormScaler,
    MLPFeatureSelector,
    PiecewiseLinearEncoder,
    RankStabilitySelector,
    RegularizationPath,
    ScratchMLPClassifier,
    ScratchMLPEnsembleClassifier,
    TorchMLPClassifier,
)
from sknn.io import _container

pytestmark = pytest.mark.filterwarnings("ignore")

TEXTS = ["one two", "two three", "one four"] * 6
LABELS = [0, 1, 0] * 6


@pytest.fixture(scope="module")
def make_net():
    settings = {"max_iter": 1, "n_iter_no_change": np.inf, "random_state": 0}
    return lambda cls=ScratchMLPClassifier, **more: cls((3,), **(settings | more))


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "hostile.sknn"


Parts = tuple[dict[str, Any], dict[str, np.ndarray]]


@pytest.fixture
def parts_of(path) -> Callable[[Any], Parts]:
    """Header and arrays of a model's file."""

    def read(model: Any) -> Parts:
        sknn.io.save(model, path)
        with _container.reading(path) as (header, arrays):
            return header, dict(arrays)

    return read


def first_step(header: dict[str, Any]) -> dict[str, Any]:
    """The attributes of the first step of a pipeline."""
    return header["model"]["$object"][1]["steps"][0]["$tuple"][1]["$object"][1]


@pytest.fixture
def refuses(path):
    def check(header: dict, arrays: dict, match: str = "cannot be loaded", **how: Any) -> None:
        _container.write(path, header, arrays)
        start = time.perf_counter()
        with pytest.raises(ValueError, match=match) as caught:
            sknn.io.load(path, **how)
        assert str(path) in str(caught.value)
        assert time.perf_counter() - start < 2

    return check


# ---------------------------------------------------------------------------------------
# indices


class TestIndices:
    @pytest.mark.parametrize("column", [3 * 10**8, -1, 4, 0.5, True, "1", None])
    def test_a_vocabulary(self, make_net, parts_of, refuses, column):
        header, arrays = parts_of(make_pipeline(CountVectorizer(), make_net()).fit(TEXTS, LABELS))
        first_step(header)["vocabulary_"]["$dict"][1][0] = column
        refuses(header, arrays, "`vocabulary_` is not what a fit")

    def test_a_vocabulary_that_was_spoilt_is_not_saved(self, make_net, path):
        model = make_pipeline(CountVectorizer(), make_net()).fit(TEXTS, LABELS)
        model[0].vocabulary_["one"] = 10**9
        with pytest.raises(ValueError, match="`vocabulary_`"):
            sknn.io.save(model, path)
        assert not path.exists()

    @pytest.mark.parametrize("place", ["indices", "indptr", "shape"])
    @pytest.mark.parametrize("value", [-1, 10**6, 2**31 - 1])
    def test_a_sparse_matrix(self, make_net, table, parts_of, refuses, place, value):
        model = make_pipeline(SparseRandomProjection(4, random_state=0), make_net()).fit(*table)
        header, arrays = parts_of(model)
        node = first_step(header)["components_"]["$sparse"]
        if place == "shape":
            node[1] = [node[1][0], max(value, 0)]
            if value > 5:
                node[1] = [value, node[1][1]]
        else:
            array = arrays[f"steps.0.1.components_.{place}"]
            array[1] = value
        refuses(header, arrays)

    @pytest.mark.parametrize("kind", ["spmatrix", "sparray", "coo_matrix", "os.system", None])
    def test_a_sparse_matrix_of_another_kind(self, make_net, table, parts_of, refuses, kind):
        model = make_pipeline(SparseRandomProjection(4, random_state=0), make_net()).fit(*table)
        header, arrays = parts_of(model)
        first_step(header)["components_"]["$sparse"][0] = kind
        refuses(header, arrays, "unknown kind")

    @pytest.fixture
    def encoded(self, make_net, table, parts_of) -> Parts:
        codes = np.round(table[0][:, :2]).clip(-2, 2)
        encode = OneHotEncoder(
            min_frequency=20, handle_unknown="infrequent_if_exist", sparse_output=False
        )
        return parts_of(make_pipeline(encode, make_net()).fit(codes, table[1]))

    @pytest.mark.parametrize("value", [-1, 5, 10**9])
    def test_groups_of_categories(self, encoded, refuses, value):
        header, arrays = encoded
        for name in list(arrays):
            if "_default_to_infrequent_mappings.0" in name:
                arrays[name][0] = value
        refuses(header, arrays, "_default_to_infrequent_mappings")

    @pytest.mark.parametrize("value", [0, 1, 10**9])
    def test_numbers_of_columns(self, encoded, refuses, value):
        header, arrays = encoded
        first_step(header)["_n_features_outs"][0] = value
        refuses(header, arrays, "_n_features_outs")

    def test_categories_that_are_not_sorted(self, encoded, refuses):
        header, arrays = encoded
        arrays["steps.0.1.categories_.1"][:] = arrays["steps.0.1.categories_.1"][::-1].copy()
        refuses(header, arrays, "categories_")

    def test_columns_that_are_dropped(self, make_net, table, parts_of, refuses):
        codes = np.round(table[0][:, :2]).clip(-2, 2)
        model = make_pipeline(OneHotEncoder(drop="first"), make_net()).fit(codes, table[1])
        header, arrays = parts_of(model)
        first_step(header)["_drop_idx_after_grouping"]["$objects"][1][0] = -7
        refuses(header, arrays, "_drop_idx_after_grouping")

    @pytest.mark.parametrize("value", [-1, 1, 10**9])
    def test_numbers_of_bins(self, make_net, table, parts_of, refuses, value):
        model = make_pipeline(PiecewiseLinearEncoder(3), make_net()).fit(*table)
        header, arrays = parts_of(model)
        arrays["steps.0.1.n_bins_"][0] = value
        refuses(header, arrays, "`n_bins_` is not what a fit")

    @pytest.mark.parametrize("position", [-1, 625, 2**31 - 1])
    def test_a_seed(self, make_net, table, parts_of, refuses, position):
        bins = KBinsDiscretizer(
            3,
            quantile_method="averaged_inverted_cdf",
            random_state=np.random.RandomState(0),
        )
        header, arrays = parts_of(make_pipeline(bins, make_net()).fit(*table))
        text = json.dumps(first_step(header)["random_state"])
        assert '["pos", 624]' in text
        first_step(header)["random_state"] = json.loads(
            text.replace('["pos", 624]', f'["pos", {position}]')
        )
        refuses(header, arrays, "a generator at position")

    def test_letters_that_are_none(self, make_net, parts_of, refuses):
        names = np.array(["x", "y", "z"])
        model = make_pipeline(OneHotEncoder(), make_net())
        header, arrays = parts_of(model.fit(names[np.arange(18) % 3][:, None], LABELS))
        (name,) = (name for name in arrays if "categories_" in name)
        arrays[name][0] = 2**31
        refuses(header, arrays, "signs that are none")


MATRICES = {
    "index": lambda X: X.indices.__setitem__(0, 2**29),
    "negative": lambda X: X.indices.__setitem__(0, -1),
    "pointer": lambda X: X.indptr.__setitem__(-1, 2**29),
    "falling": lambda X: X.indptr.__setitem__(1, 2**20),
}
READERS = {
    "fit": lambda net, X, y: net().fit(X, y),
    "torch": lambda net, X, y: net(TorchMLPClassifier).fit(X, y),
    "validation": lambda net, X, y: net().fit(np.zeros(X.shape), y, X_val=X, y_val=y),
    "partial_fit": lambda net, X, y: net().partial_fit(X, y, classes=[0, 1]),
    "predict": lambda net, X, y: net().fit(np.zeros(X.shape) + y[:, None], y).predict(X),
    "ensemble": lambda net, X, y: ScratchMLPEnsembleClassifier(net(), 2).fit(X, y),
    "ensemble predicts": lambda net, X, y: (
        ScratchMLPEnsembleClassifier(net(), 2).fit(np.zeros(X.shape) + y[:, None], y).predict(X)
    ),
    "ranks": lambda net, X, y: RankStabilitySelector(net(), n_refits=1).fit(X, y),
    "path": lambda net, X, y: RegularizationPath(net(), lambdas=[1.0]).fit(X, y),
    "selector": lambda net, X, y: MLPFeatureSelector(net(), lambdas=[1.0]).fit(X, y),
    "scaler": lambda net, X, y: ColumnNormScaler().fit(X),
    "transform": lambda net, X, y: ColumnNormScaler().fit(np.ones(X.shape)).transform(X),
    "inverse": lambda net, X, y: ColumnNormScaler().fit(np.ones(X.shape)).inverse_transform(X),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("kind", ["csr_matrix", "csc_array"])
def test_rows_whose_indices_point_outside_are_refused(make_net, reader, matrix, kind):
    """Of the user, not of a file: scikit-learn's own classes end the process."""
    X = getattr(sparse, kind)(np.random.default_rng(0).random((12, 12)))
    MATRICES[matrix](X)
    with pytest.raises(ValueError, match="indices inside its shape"):
        READERS[reader](make_net, X, np.arange(12) % 2)


@pytest.mark.parametrize("kind", ["coo_matrix", "lil_matrix", "bsr_matrix"])
def test_rows_of_other_formats(make_net, kind):
    y = np.arange(12) % 2
    X = getattr(sparse, kind)(np.random.default_rng(0).random((12, 12)))
    make_net().fit(X, y)
    if kind == "lil_matrix":
        X.rows[0][0] = 2**29
    elif kind == "coo_matrix":
        X.coords[1][0] = 2**29
    else:
        X.indices[0] = 2**29
    with pytest.raises(ValueError, match="indices inside its shape"):
        make_net().fit(X, y)


# ---------------------------------------------------------------------------------------
# functions, paths, classes, attributes


class TestNames:
    @pytest.fixture
    def scaled(self, make_net, table, parts_of) -> Parts:
        return parts_of(make_pipeline(StandardScaler(), make_net()).fit(*table))

    @pytest.mark.parametrize(
        "node",
        [
            {"$function": "os.system"},
            {"$function": "numpy.load"},
            {"$function": "builtins.eval"},
            {"$type": "os.system"},
            {"$trusted": ["os", "system", None]},
            {"$trusted": ["sknn_hostile", "Run", {}]},
            {"$object": ["sklearn.pipeline.os", {}, {}]},
            {"$object": ["sklearn.cluster.KMeans", {}, {}]},
            {"$object": ["sklearn.utils.Bunch", {}, {}]},
            {"$object": ["sknn.estimators.BaseMLPClassifier", {}, {}]},
            {"$object": ["sknn.io.StandardScaler", {}, {}]},
            {"$object": [["StandardScaler"], {}, {}]},
            {"$dtype": "f8,f8"},
            {"$dtype": "V1000000000"},
            {"$scalar": ["M8[s]", 0]},
            {"$constant": "os.system"},
            {"$distribution": ["rv_histogram", [], {"$dict": [[], []]}]},
            {"$distribution": ["norm", ["x"], {"$dict": [[], []]}]},
            {"$call": ["os.system", "true"]},
        ],
        ids=str,
    )
    def test_a_name_that_is_not_on_the_list(self, scaled, refuses, node):
        header, arrays = scaled
        first_step(header)["odd_"] = node
        refuses(header, arrays)
        assert "sknn_hostile" not in sys.modules

    @pytest.mark.parametrize(
        "name", ["transform", "__class__", "__dict__", "fit", "_odd", "odd", "get_params", "a b_"]
    )
    def test_an_attribute_that_would_hide_a_method(self, scaled, refuses, name):
        header, arrays = scaled
        first_step(header)[name] = {"$function": "numpy.log1p"}
        refuses(header, arrays, "cannot have an attribute")

    def test_a_parameter_that_is_missing_or_wrong(self, scaled, refuses):
        header, arrays = scaled
        for edit in ({}, {"with_mean": "yes"}):
            edited = copy.deepcopy(header)
            del first_step(edited)["with_mean"]
            first_step(edited).update(edit)
            refuses(edited, arrays, "with_mean")

    def test_an_array_or_a_network_that_is_used_twice(self, scaled, refuses):
        """A file that names one array a thousand times would grow a thousandfold."""
        header, arrays = scaled
        for value in (first_step(header)["mean_"], header["model"]["$object"][1]["steps"][1]):
            edited = copy.deepcopy(header)
            first_step(edited)["odd_"] = value
            refuses(edited, arrays, "used twice")

    def test_a_network_that_only_claims_to_be_fitted(self, make_net, table, parts_of, refuses):
        selector = MLPFeatureSelector(
            make_net(), n_features_to_select=2, lambdas=[0.1], epochs_per_lambda=1
        )
        header, arrays = parts_of(make_pipeline(selector, make_net()).fit(*table))
        first_step(header)["estimator"]["$object"][1]["coefs_"] = []
        refuses(header, arrays, "cannot have an attribute 'coefs_'")

    def test_settings_of_a_function_are_plain(self, make_net, table, parts_of, refuses, path):
        model = make_pipeline(FunctionTransformer(np.clip, kw_args={"a_min": -1, "a_max": 1.0}))
        model.steps.append(("net", make_net()))
        header, arrays = parts_of(model.fit(*table))
        expected = model.predict_proba(table[0])
        np.testing.assert_array_equal(sknn.io.load(path).predict_proba(table[0]), expected)
        for name, value in (
            ("out", {"$objects": [[1], [0]]}),
            ("where", False),  # returns memory that nothing was written to
            ("a_min", "x"),
            ("dtype", {"$dtype": "O"}),
        ):
            first_step(header)["kw_args"] = {"$dict": [[name], [value]]}
            refuses(header, arrays, "kw_args")

    @pytest.mark.parametrize("name", ["accept_sparse", "feature_names_out", "odd_"])
    def test_functions_only_where_they_are_meant(self, make_net, table, parts_of, refuses, name):
        model = make_pipeline(FunctionTransformer(np.tanh), make_net()).fit(*table)
        header, arrays = parts_of(model)
        first_step(header)[name] = {"$function": "numpy.log1p"}
        refuses(header, arrays, name)

    def test_what_a_file_says_reaches_no_terminal(self, scaled, path):
        header, arrays = scaled
        node = {"$object": ["\x1b]0;owned\x07", {}, {}]}
        for edited in (
            header | {"model": node},
            header | {"format": 9, "versions": {"sknn": "\x1b[31mred"}},
            header | {"model": {"\x1b[31m": 1, "b": 2}},
        ):
            _container.write(path, edited, arrays)
            with pytest.raises(ValueError, match="cannot be loaded") as caught:
                sknn.io.load(path)
            assert "\x1b" not in str(caught.value)

    @pytest.mark.parametrize("kind", [CountVectorizer, HashingVectorizer])
    def test_rows_are_not_opened_as_files(self, make_net, parts_of, refuses, path, kind):
        model = make_pipeline(kind(), make_net()).fit(TEXTS, LABELS)
        header, arrays = parts_of(model)
        first_step(header)["input"] = "filename"
        refuses(header, arrays, "`input`")
        model[0].set_params(input="filename")
        with pytest.raises(ValueError, match="`input`"):
            sknn.io.save(model, path)

    def test_nothing_of_the_machine_is_kept(self, make_net, table, parts_of, path, tmp_path):
        """Neither a path that a refit would write to, nor a number of processes."""
        columns = ColumnTransformer([("all", StandardScaler(), [0, 1, 2])], n_jobs=2)
        cache = tmp_path / "cache"
        model = Pipeline([("c", columns), ("net", make_net())], memory=str(cache)).fit(*table)
        header, arrays = parts_of(model)
        assert str(cache) not in json.dumps(header)
        outer = header["model"]["$object"][1]
        assert outer["memory"] is None
        outer["memory"] = str(tmp_path / "written")
        first_step(header)["n_jobs"] = 10**6
        _container.write(path, header, arrays)
        loaded = sknn.io.load(path)
        assert loaded.memory is None
        assert loaded[0].n_jobs is None
        loaded.fit(*table)
        assert not (tmp_path / "written").exists()

    def test_another_kind_of_model_is_refused(self, scaled, refuses):
        header, arrays = scaled
        (_, step) = header["model"]["$object"][1]["steps"][0]["$tuple"]
        for model in (step, 1, [], {}, {"$tuple": []}, {"$dict": [[], []]}, None):
            refuses(header | {"model": model}, arrays)

    def test_only_what_was_trusted_is_imported(self, scaled, refuses):
        header, arrays = scaled
        first_step(header)["odd_"] = {"$trusted": ["sknn_hostile", "run", None]}
        for trusted in ((), ["sknn_hostile"], ["sknn_hostile.Run"], ["run"]):
            refuses(header, arrays, "not on the list", trusted=trusted)
        refuses(header, arrays, "cannot be found", trusted=["sknn_hostile.run"])


# ---------------------------------------------------------------------------------------
# size and time


def peak_of(call: Callable[[], Any]) -> tuple[Any, int]:
    """What a call returns, and how much memory it took at most."""
    call()  # imports, caches
    tracemalloc.start()
    try:
        found = call()
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refusal(path: Path, **how: Any) -> str:
    try:
        sknn.io.load(path, **how)
    except ValueError as error:
        return str(error)
    return "loaded"


class TestSizes:
    def test_a_file_that_is_too_large(self, fitted, path):
        sknn.io.save(fitted, path)
        size = path.stat().st_size
        with pytest.raises(ValueError, match=f"{size} bytes, more than `max_bytes`={size - 1}"):
            sknn.io.load(path, max_bytes=size - 1)
        for enough in (size, None):
            sknn.io.load(path, max_bytes=enough)
        with path.open("r+b") as file:
            file.truncate(2**33)  # a file with a hole: nothing is on the disk
        text, memory = peak_of(lambda: refusal(path))
        assert "`max_bytes`" in text
        assert memory < 10**5

    @pytest.mark.parametrize("wrong", [-1, "1", 1.5, True + 0.5])
    def test_a_limit_that_is_none(self, fitted, path, wrong):
        sknn.io.save(fitted, path)
        with pytest.raises(ValueError, match="`max_bytes` must be an int"):
            sknn.io.load(path, max_bytes=wrong)

    def test_layers_that_the_file_does_not_have(self, fitted, parts_of, path):
        header, arrays = parts_of(fitted)
        header["plan"]["layer_sizes"]["$tuple"][1:-1] = [20_000, 20_000]
        _container.write(path, header, arrays)
        text, memory = peak_of(lambda: refusal(path))
        assert "coefs.0" in text
        assert memory < 10**6

    def test_many_wide_strings(self, fitted, parts_of, path):
        header, arrays = parts_of(fitted)
        wide = {"$array": ["<U300000", [3], ["x", "y", "z"]]}
        header["parameters"]["hidden_layer_sizes"] = [wide] * 100
        _container.write(path, header, arrays)
        text, memory = peak_of(lambda: refusal(path))
        assert "would take more than" in text
        assert memory < 2 * 10**6

    def test_a_header_of_very_many_values(self, fitted, path):
        """An empty list takes twenty times the memory of its text."""
        sknn.io.save(fitted, path)
        content = json.dumps({"a": []}).replace("[]", "[" + "[]," * 10**6 + "[]]").encode()
        path.write_bytes(len(content).to_bytes(8, "little") + content)
        text, memory = peak_of(lambda: refusal(path))
        assert "too many values" in text
        assert memory < 2 * len(content)

    def test_loading_holds_little_twice(self, make_net, path):
        """A model that loads takes what it has, and one of its arrays once more."""
        X = np.random.default_rng(0).random((20, 2000))
        net = make_net(warm_start=True).set_params(hidden_layer_sizes=(300,))
        sknn.io.save(net.fit(X, np.arange(20) % 2), path)
        size = path.stat().st_size
        loaded, memory = peak_of(lambda: sknn.io.load(path))
        assert loaded.coefs_[0].shape == (2000, 300)
        assert memory < 1.5 * size
        _, memory = peak_of(lambda: sknn.io.save(loaded, path))
        assert memory < 0.5 * size

    @pytest.mark.parametrize("kind", ["$dict", "$set"])
    def test_keys_with_equal_hashes(self, make_net, table, parts_of, refuses, kind):
        """A million of them take hours: each is compared with all before it."""
        header, arrays = parts_of(make_pipeline(StandardScaler(), make_net()).fit(*table))
        keys = [i * (2**61 - 1) for i in range(20_000)]
        first_step(header)["odd_"] = {kind: [keys, keys] if kind == "$dict" else keys}
        refuses(header, arrays, "keys must be texts and numbers")

    def test_many_names_take_arrays(self, make_net, path):
        """Headers stay short, however many words there are."""
        texts = [" ".join(f"word{i}" for i in range(start, start + 3000)) for start in range(18)]
        model = make_pipeline(CountVectorizer(), make_net()).fit(texts, LABELS)
        sknn.io.save(model, path)
        content = path.read_bytes()
        assert int.from_bytes(content[:8], "little") < 20_000
        loaded = sknn.io.load(path)
        assert loaded[0].vocabulary_ == model[0].vocabulary_
        np.testing.assert_array_equal(loaded.predict_proba(texts), model.predict_proba(texts))


# ---------------------------------------------------------------------------------------
# archives of skops, in files of earlier versions


class TestArchives:
    @pytest.fixture
    def old(self, make_net, table, parts_of, refuses):
        """Asserts that a file with this archive is refused."""
        header, arrays = parts_of(make_net().fit(*table))

        def check(content: bytes, match: str = "cannot be loaded", **how: Any) -> None:
            edited = arrays | {"pipeline": np.frombuffer(content, np.uint8)}
            refuses(header | {"pipeline": True, "format": 1}, edited, match, **how)

        return check

    @staticmethod
    def archive(schema: Any, **members: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("schema.json", json.dumps(schema))
            for name, content in members.items():
                archive.writestr(name.replace("_", "."), content)
        return file.getvalue()

    @staticmethod
    def around(transformer: Any) -> Pipeline:
        return Pipeline([("hostile", transformer), ("net", "passthrough")])

    @staticmethod
    def node(kind: str, name: str, **more: Any) -> dict[str, Any]:
        module, _, cls = name.rpartition(".")
        return {"__loader__": kind, "__module__": module, "__class__": cls} | more

    def edited(self, transformer: Any, edit: Callable[[dict], Any]) -> bytes:
        """An archive of a pipeline whose schema was edited."""
        content = skops.io.dumps(self.around(transformer))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        schema = json.loads(members.pop("schema.json"))
        steps = schema["content"]["content"]["steps"]
        edit(steps["content"][0]["content"][1]["content"]["content"])
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("schema.json", json.dumps(schema))
            for name, member in members.items():
                archive.writestr(name, member)
        return file.getvalue()

    @pytest.mark.parametrize("levels", [20, 40, 250])
    def test_lists_in_which_another_stands_twice(self, old, levels):
        """Each level doubles what the audit of skops walks through."""
        inner = self.node("JsonNode", "builtins.str", content="1", __id__=0)
        for level in range(1, levels):
            cached = {"__loader__": "CachedNode", "__id__": level - 1}
            inner = self.node("ListNode", "builtins.list", content=[inner, cached], __id__=level)
        old(self.archive(inner))

    def test_functions_are_not_called(self, old):
        """A node of skops makes an object by calling what it names, with the file's arguments."""
        for name in ("sklearn.feature_selection._univariate_selection.chi2", "numpy.dtype"):
            nothing = self.node("TupleNode", "builtins.tuple", content=[])
            for kind in ("ConstructorFromReduceNode", "ReduceNode", "ObjectNode"):
                node = self.node(kind, name, content=nothing)

                def put(attributes: dict, node: Any = node) -> None:
                    attributes["odd_"] = node
                    attributes["content"] = node

                old(self.edited(StandardScaler(), lambda a, put=put: put(a)))

    def test_a_sparse_matrix_that_claims_to_be_another(self, old, table):
        project = SparseRandomProjection(3, random_state=0).fit(table[0])
        project.components_.indices[0] = 2**29
        old(skops.io.dumps(self.around(project)), "indices inside its shape")

    def test_a_vocabulary(self, old):
        count = CountVectorizer().fit(TEXTS)
        count.vocabulary_["one"] = 2**29
        old(skops.io.dumps(self.around(count)), "`vocabulary_`")

    def test_zeros_that_unpack_to_gigabytes(self, old, path):
        file = io.BytesIO()
        np.save(file, np.zeros(10**8, np.uint8))
        scaler = StandardScaler().fit(np.ones((3, 2)))
        content = skops.io.dumps(self.around(scaler), compression=zipfile.ZIP_DEFLATED)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, member in members.items():
                archive.writestr(name, file.getvalue() if name.endswith("npy") else member)
        assert len(packed.getvalue()) < 10**6
        old(packed.getvalue(), "would take")
        _, memory = peak_of(lambda: refusal(path))
        assert memory < 10 * path.stat().st_size

    def test_an_array_that_says_it_is_larger(self, old):
        file = io.BytesIO()
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**9,)}
        np.lib.format.write_array_header_1_0(file, header)
        node = self.node("NdArrayNode", "numpy.ndarray", type="numpy", file="a.npy")
        old(self.archive(node, a_npy=file.getvalue()), "an array that is damaged")

    def test_a_path_is_not_kept(self, make_net, table, parts_of, path, tmp_path):
        header, arrays = parts_of(make_net().fit(*table))
        shell = self.around(StandardScaler().fit(table[0]))
        shell.memory = str(tmp_path / "written")
        arrays["pipeline"] = np.frombuffer(skops.io.dumps(shell), np.uint8)
        _container.write(path, header | {"pipeline": True, "format": 1}, arrays)
        assert sknn.io.load(path).fit(*table).memory is None
        assert not (tmp_path / "written").exists()

    def test_skops_is_not_needed(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "skops", None)
        monkeypatch.setitem(sys.modules, "skops.io", None)
        sknn.io.load(Path(__file__).parent / "files" / "table.sknn")


# ---------------------------------------------------------------------------------------
# histories


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("batches.train_loss.epochs", lambda a: a + 10**6),
        ("batches.train_loss.epochs", lambda a: a * 0),
        ("batches.train_loss.epochs", lambda a: a.astype(float)),
        ("batches.train_loss.sizes", lambda a: a - 10**6),
        ("batches.train_loss.sizes", lambda a: a + 1),
        ("batches.train_loss.sizes", lambda a: a[:-1]),
        ("batches.train_accuracy", lambda a: a.astype(np.int64)),
        ("batches.train_accuracy", lambda a: a[:-1]),
        ("history.penalty", lambda a: a[:-1]),
        ("history.penalty", lambda a: a.astype(np.int64)),
        ("history.seconds", lambda a: a[None]),
    ],
)
def test_a_history_that_fits_no_training(make_net, table, parts_of, refuses, name, edit):
    header, arrays = parts_of(make_net(record="batch", max_iter=3).fit(*table))
    arrays[name] = edit(arrays[name])
    refuses(header, arrays, "its (batches|history)")


@pytest.mark.slow
def test_some_hundred_mutated_files(tmp_path):
    """A small part of what ``python tests/io/fuzz_files.py`` does."""
    script = Path(__file__).parent / "fuzz_files.py"
    done = subprocess.run(
        [sys.executable, str(script), "200", "--seed", "20"],
        capture_output=True,
        text=True,
        cwd=Path(sknn.__file__).parents[1],
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(sknn.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["outcomes"]["refused"] > 100
    assert sum(found["outcomes"].values()) == 200


def test_powers_of_another_length(make_net, table, parts_of, refuses):
    header, arrays = parts_of(make_pipeline(PowerTransformer(), make_net()).fit(*table))
    arrays["steps.0.1.lambdas_"] = arrays["steps.0.1.lambdas_"][:-1]
    refuses(header, arrays, "`lambdas_`")
