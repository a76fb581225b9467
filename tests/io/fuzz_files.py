"""Load thousands of mutated files, and say what came of them: ``python fuzz_files.py 10000``.

Each file is a pipeline with something wrong, and mostly with a correct checksum, as somebody would
make it who means harm: a value, a node or an array replaced in a random place, or bytes flipped.
It is loaded, and rows are predicted, in a process of its own per some hundred files. A crash, a
file opened for writing, a process started, a module imported, more than a second or too much memory
is a failure.
"""

import argparse
import collections
import contextlib
import copy
import functools
import io
import json
import operator
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.random_projection import SparseRandomProjection

import sknn.io
from sknn import (
    ColumnNormScaler,
    RankStabilitySelector,
    ScratchMLPClassifier,
    ScratchMLPEnsembleClassifier,
    ScratchMLPRegressor,
)
from sknn.io import _container

PER_PROCESS = 250
MOST_SECONDS = 1.0
# Ten times the file, and what any load takes: objects, caches, the rows that are predicted.
TIMES, FREE = 10, 2 * 10**6
HARMFUL = ("subprocess.", "socket.", "shutil.", "ctypes.", "pty.", "pickle")
HARMFUL += tuple(
    f"os.{act}"
    for act in "chmod chown exec fork kill link mkdir posix_spawn putenv remove rename rmdir "
    "spawn symlink system truncate unlink utime".split()
)

Parts = tuple[dict[str, Any], dict[str, np.ndarray]]


# ---- what is mutated ----


def net(cls: Any = ScratchMLPClassifier, **settings: Any) -> Any:
    defaults = {"max_iter": 1, "n_iter_no_change": np.inf, "random_state": 0, "batch_size": 10}
    return cls((4,), **(defaults | settings))


def regressor(**settings: Any) -> ScratchMLPRegressor:
    return net(ScratchMLPRegressor, **settings)


def deep(**settings: Any) -> ScratchMLPClassifier:
    parts = {"normalization": "batch", "residual": True, "embedding": "periodic"}
    return net(**(parts | {"input_scale": True} | settings)).set_params(hidden_layer_sizes=(4, 4))


def make_models() -> dict[str, tuple[Any, Any]]:
    """Pipelines, and rows for each."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4))
    y = (X[:, 0] > 0).astype(int)
    frame = pd.DataFrame(
        {
            "height": X[:, 0],
            "weight": np.where(X[:, 1] > 1, np.nan, X[:, 1]),
            "colour": rng.choice(["red", "green", "blue", "x"], 40, p=[0.4, 0.4, 0.15, 0.05]),
            "size": rng.choice([1.0, 2.0, 5.0], 40),
        }
    )
    texts = ["a good film", "a bad film", "good and great", "bad and dull"] * 10
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    encode = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
    columns = ColumnTransformer(
        [
            ("numbers", numbers, ["height", "weight"]),
            ("words", encode, ["colour", "size"]),
            ("codes", OrdinalEncoder(), ["size"]),
        ],
        sparse_threshold=1.0,
    )
    several = FeatureUnion(
        [
            ("bins", KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf")),
            ("splines", SplineTransformer(n_knots=3, sparse_output=True)),
            ("powers", PolynomialFeatures(2)),
            ("power", PowerTransformer()),
        ]
    )
    project = SparseRandomProjection(5, random_state=0)
    scaled = make_pipeline(ColumnNormScaler(), FunctionTransformer(np.tanh), PCA(3))
    drop = OneHotEncoder(drop="first", sparse_output=False, handle_unknown="ignore")
    chosen = make_pipeline(
        RankStabilitySelector(net(), n_refits=1, n_features_to_select=3, random_state=0),
        ScratchMLPEnsembleClassifier(net(), 2, random_state=0),
    )
    return {
        "table": (make_pipeline(columns, net(warm_start=True)).fit(frame, y), frame),
        "drop": (make_pipeline(drop, net()).fit(frame[["colour", "size"]], y), frame.iloc[:, 2:]),
        "texts": (
            make_pipeline(TfidfVectorizer(), SelectKBest(chi2, k=4), net()).fit(texts, y),
            texts,
        ),
        "counts": (make_pipeline(CountVectorizer(), MaxAbsScaler(), net()).fit(texts, y), texts),
        "svd": (make_pipeline(CountVectorizer(), TruncatedSVD(2), net()).fit(texts, y), texts),
        "several": (make_pipeline(several, project, net(record="batch")).fit(X, y), X),
        "scaled": (make_pipeline(scaled, net()).fit(X, y), X),
        "chosen": (chosen.fit(X, y), X),
        "labels": (net(warm_start=True).fit(X, (X > 0).astype(int)), X),
        "numbers": (regressor(warm_start=True).fit(X, 100 + 10 * X[:, :2]), X),
        "amounts": (
            make_pipeline(StandardScaler(), regressor(loss="gamma")).fit(X, np.exp(X[:, 0])),
            X,
        ),
        "quantiles": (regressor(loss="quantile").fit(X, X[:, 0]), X),
        "gaussian": (regressor(loss="gaussian", scale_target=False).fit(X, X[:, :2]), X),
        "parts": (deep(warm_start=True, early_stopping=True).fit(X, y), X),
        "layers": (deep(normalization="layer", activation=["gelu", "selu"]).fit(X, y), X),
    }


#: Those that no earlier version wrote.
NEW = ("chosen", "labels", "numbers", "amounts", "quantiles", "gaussian", "parts", "layers")


def predictions(model: Any, rows: Any) -> np.ndarray:
    """All that a model predicts for rows, in one array."""
    if hasattr(model, "predict_proba"):
        model.predict(rows)
        return model.predict_proba(rows)
    if hasattr(model, "predict_quantiles"):
        return model.predict_quantiles(rows)
    if getattr(model, "loss", "") == "gaussian":
        return np.hstack(model.predict(rows, return_std=True))
    return model.predict(rows)


def read_parts(path: Path) -> Parts:
    with _container.reading(path) as (header, arrays):
        return header, dict(arrays)


def old_parts(model: Pipeline, path: Path) -> Parts:
    """Header and arrays of a pipeline as earlier versions wrote it."""
    sknn.io.save(model[-1], path)
    header, arrays = read_parts(path)
    shell = Pipeline([*model.steps[:-1], ("net", "passthrough")])
    arrays["pipeline"] = np.frombuffer(skops.io.dumps(shell), np.uint8)
    return header | {"pipeline": True, "format": 1}, arrays


# ---- mutations ----


def places(value: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a tree of JSON: the keys that lead to it."""
    if above:
        yield above
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from places(item, *above, key)


def at(tree: Any, place: tuple[Any, ...]) -> Any:
    return functools.reduce(operator.getitem, place, tree)


VALUES = [
    None, True, False, -1, 0, 1, 2, 7, 2**29, 2**31 - 1, -(2**31), 2**63 - 1, 10**30, 0.5, 1e308,
    "", "x", "coefs.0", "filename", "/tmp/sknn-fuzz-was-here", [], {}, [[]], [0, -1, 2**40],
    {"$float": "nan"}, {"$float": "inf"}, {"$tuple": []}, {"$dict": [["a"], [2**31]]},
    {"$dict": [["out"], [0]]}, {"$dtype": "<f8"}, {"$dtype": "O"}, {"$type": "numpy.float32"},
    {"$function": "numpy.log1p"}, {"$function": "sklearn.feature_selection.chi2"},
    {"$function": "os.system"}, {"$trusted": ["os", "system", None]},
    {"$trusted": ["sknn_fuzz_module", "run", None]}, {"$slice": [0, 2**40, 1]},
    {"$scalar": ["<i8", 2**31]}, {"$constant": "pandas.NA"}, {"$letters": ["coefs.0", [1], 2**29]},
    {"$sparse": ["csr_matrix", [2, 2], [], [], []]}, {"$sparse": ["spmatrix", [2, 2], 1, 1, 1]},
    {"$objects": [[2**40], []]}, {"$objects": [[1], [{"$objects": [[1], ["x"]]}]]},
    {"$numbers": ["steps.0", True]},
    {"$plain": {"$array": ["<U1000000", [3], ["x", "y", "z"]]}},
    {"$object": ["sklearn.preprocessing.StandardScaler", {}, {}]},
    {"$object": ["sklearn.pipeline.Pipeline", {"steps": [], "memory": "/tmp/x"}, {}]},
    {"$object": ["sklearn.cluster.KMeans", {}, {}]}, {"$network": [{}, ""]},
]  # fmt: skip


def mutate_tree(tree: Any, rng: np.random.Generator) -> Any:
    """One place replaced, removed, or swapped with another."""
    tree = copy.deepcopy(tree)
    every = list(places(tree))
    place = every[rng.integers(len(every))]
    inner, kind = at(tree, place[:-1]), rng.integers(5)
    if kind == 0:
        del inner[place[-1]]
    elif kind == 1:
        inner[place[-1]] = copy.deepcopy(at(tree, every[rng.integers(len(every))]))
    elif kind == 2 and type(inner[place[-1]]) in (int, float):
        inner[place[-1]] += int(rng.choice([-2, -1, 1, 2, 100, 2**31, 2**40]))
    else:
        inner[place[-1]] = copy.deepcopy(VALUES[rng.integers(len(VALUES))])
    return tree


NUMBERS = [0, 1, -1, 2, 5, 100, 2**15, 2**29, 2**31 - 1, -(2**31), 2**40, 2**63 - 1, np.nan, np.inf]


def mutate_array(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One number replaced, or another dtype, shape or length."""
    kind, array = rng.integers(8), array.copy()
    if kind < 4 and array.size:
        value = NUMBERS[rng.integers(len(NUMBERS) - 2 * (array.dtype.kind != "f"))]
        array.flat[rng.integers(array.size)] = np.array(value).astype(array.dtype)
    elif kind == 4:
        dtypes = ("f8", "f4", "f2", "i8", "i4", "i1", "u8", "u1", "?")
        array = array.astype(dtypes[rng.integers(len(dtypes))])
    elif kind == 5:
        array = array[:-1] if array.ndim else array[None]
    elif kind == 6:
        array = np.concatenate([array.ravel()] * 2) if array.size < 10**5 else array
    else:
        array = array.T if rng.integers(2) else array.reshape(-1)
    return np.ascontiguousarray(array)


def mutate_archive(content: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An archive of skops whose schema asks for something else."""
    loaders = (
        "ObjectNode TypeNode FunctionNode MethodNode PartialNode OperatorFuncNode DictNode "
        "ListNode DefaultDictNode ReduceNode SetNode "
        "TupleNode ConstructorFromReduceNode JsonNode LossNode "
        "NdArrayNode DTypeNode RandomStateNode RandomGeneratorNode SparseMatrixNode CachedNode"
    ).split()
    names = [
        ("os", "system"), ("sknn_fuzz_module", "run"), ("numpy", "dtype"), ("builtins", "eval"),
        ("sklearn.feature_selection._univariate_selection", "chi2"), ("numpy", "log1p"),
        ("scipy.sparse._matrix", "spmatrix"), ("sklearn.preprocessing._data", "StandardScaler"),
        ("sklearn.cluster._kmeans", "KMeans"), ("builtins", "list"),
    ]  # fmt: skip
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content.tobytes())) as old, zipfile.ZipFile(file, "w") as new:
        target = old.namelist()[rng.integers(len(old.namelist()))]
        for name in old.namelist():
            member = old.read(name)
            if name == "schema.json":
                schema = json.loads(member)
                nodes = [p for p in places(schema) if isinstance(at(schema, p), dict)]
                nodes = [p for p in nodes if "__loader__" in at(schema, p)]
                node = at(schema, nodes[rng.integers(len(nodes))])
                if rng.integers(2):
                    node["__loader__"] = str(rng.choice(loaders))
                if rng.integers(2):
                    node["__module__"], node["__class__"] = names[rng.integers(len(names))]
                if rng.integers(2):
                    schema = mutate_tree(schema, rng)
                member = json.dumps(schema).encode()
            elif name == target:
                letters = np.frombuffer(member, np.uint8).copy()
                letters[rng.integers(len(letters), size=3)] = rng.integers(256, size=3)
                member = letters.tobytes()
            new.writestr(name, member)
    return np.frombuffer(file.getvalue(), np.uint8)


def mutate(parts: Parts, rng: np.random.Generator, path: Path) -> bool:
    """Write a mutated file; whether its checksum is right."""
    header, arrays = parts
    arrays = dict(arrays)
    for _ in range(rng.integers(1, 4)):
        kind = rng.integers(10)
        if "pipeline" in arrays and kind < 7:
            with contextlib.suppress(Exception):  # is no archive any more
                arrays["pipeline"] = mutate_archive(arrays["pipeline"], rng)
        elif kind < 6:
            header = mutate_tree(header, rng)
        else:
            name = list(arrays)[rng.integers(len(arrays))]
            arrays[name] = mutate_array(arrays[name], rng)
    _container.write(path, header if isinstance(header, dict) else {}, arrays)
    if rng.random() < 0.9:
        return True
    content = bytearray(path.read_bytes())
    for _ in range(rng.integers(1, 5)):
        content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content[: rng.integers(len(content))] if rng.integers(3) == 0 else content)
    return False


# ---- what comes of it ----


class Watch:
    """Notes what a process does that loading and predicting must not do."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.is_on = False
        sys.addaudithook(self.hear)

    def hear(self, event: str, args: tuple) -> None:
        if not self.is_on:
            return
        writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
        foreign = event == "import" and args[0].partition(".")[0] not in KNOWN
        # The code of a module that is imported late comes from a file, of a package that is known.
        made = event == "exec" and not args[0].co_filename.endswith(".py")
        if writes or foreign or made or event.startswith(HARMFUL):
            self.seen.append(f"{event} {str(args)[:80]}")


KNOWN = {"sklearn", "sknn", "numpy", "scipy", "pandas", "joblib", "torch", "skorch", "zipfile"}
KNOWN |= set(sys.stdlib_module_names)


def attempt(path: Path, rows: Any, expected: np.ndarray) -> tuple[str, str]:
    """What loading and predicting ends in: an outcome, and what went wrong."""
    try:
        model = sknn.io.load(path)
    except ValueError as error:
        named = str(path) in str(error)
        return "refused", "" if named else f"the error does not name the file: {error}"
    except Exception as error:
        return "failed", f"load raised {error!r:.200}"
    try:
        found = predictions(model, rows)
    except Exception as error:
        return f"{type(error).__name__} at predict", ""
    if found.shape == expected.shape and np.array_equal(found, expected):
        return "equal", ""
    return "another model", "" if np.isfinite(found).all() else "not finite"


def work(seed: int, first: int, count: int) -> None:
    """Try `count` files from number `first` on; print an outcome a line."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    models, watch = make_models(), Watch()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.sknn"
        cases = []
        for name, (model, rows) in models.items():
            expected = predictions(model, rows)
            sknn.io.save(model, path)
            cases.append((name, read_parts(path), rows, expected))
            if name not in NEW:
                cases.append((f"old {name}", old_parts(model, path), rows, expected))
        for name, parts, rows, expected in cases:  # fills caches, imports what is needed
            _container.write(path, *parts)
            outcome = attempt(path, rows, expected)
            assert outcome == ("equal", ""), (name, outcome)
        tracemalloc.start()
        for number in range(first, first + count):
            rng = np.random.default_rng([seed, number])
            name, parts, rows, expected = cases[number % len(cases)]
            has_checksum = mutate(parts, rng, path)
            size = path.stat().st_size
            print(json.dumps([number, name, "begun"]), flush=True)
            tracemalloc.reset_peak()
            before, start = tracemalloc.get_traced_memory()[0], time.perf_counter()
            watch.seen.clear()
            watch.is_on = True
            outcome, wrong = attempt(path, rows, expected)
            watch.is_on = False
            seconds = time.perf_counter() - start
            memory = tracemalloc.get_traced_memory()[1] - before
            if watch.seen:
                wrong = f"did {watch.seen[:3]}"
            elif not has_checksum and outcome not in ("refused", "equal"):
                wrong = "was damaged, and loaded as something else"
            elif seconds > MOST_SECONDS:
                wrong = f"took {seconds:.2f} s"
            elif memory > TIMES * size + FREE:
                wrong = f"took {memory} bytes of memory for a file of {size}"
            print(json.dumps([number, name, outcome, wrong, seconds, memory, size]), flush=True)


def run(n_files: int, seed: int = 0) -> dict[str, Any]:
    """Try mutated files in processes of their own, and gather what came of them."""
    outcomes: collections.Counter = collections.Counter()
    wrong, seconds, memory = [], 0.0, 0
    for first in range(0, n_files, PER_PROCESS):
        count, done = min(PER_PROCESS, n_files - first), 0
        while done < count:
            part = [__file__, "--work", str(seed), str(first + done), str(count - done)]
            process = subprocess.run(
                [sys.executable, *part], capture_output=True, text=True, check=False
            )
            lines = [json.loads(line) for line in process.stdout.splitlines()]
            for number, name, *result in lines:
                if len(result) == 1:
                    last = number, name
                    continue
                outcome, what, took, bytes_taken, _ = result
                outcomes[outcome] += 1
                seconds, memory = max(seconds, took), max(memory, bytes_taken)
                wrong += [f"{number} ({name}): {what}"] if what else []
            if process.returncode == 0:
                break
            if not lines:
                raise RuntimeError(process.stderr[-2000:])
            outcomes["crashed"] += 1
            wrong.append(f"{last}: the process ended with {process.returncode}")
            done = last[0] - first + 1
    return {
        "files": n_files,
        "outcomes": dict(outcomes.most_common()),
        "most seconds": round(seconds, 3),
        "most bytes": memory,
        "wrong": wrong,
    }


def main(report: Callable[[str], None] = print) -> int:
    parser = argparse.ArgumentParser(description="Load mutated files.")
    parser.add_argument("files", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", nargs=3, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work(*args.work)
        return 0
    found = run(args.files, args.seed)
    report(json.dumps(found, indent=1))
    return int(bool(found["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
