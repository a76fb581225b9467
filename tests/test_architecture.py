"""The architecture: which module may import which, and what an import costs.

The imports are read from the source, so nothing that fails to load can hide one.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import sknn

PACKAGE = Path(sknn.__file__).parent
REPOSITORY = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 400

# Imports point from a higher floor to a lower one; folders of one floor do not see each other.
FLOORS = {
    "_frames": -1,
    "_sklearn_compat": -1,
    "_text": -1,
    "_version": -1,
    "_warnings": -1,
    "training": 0,
    "backprop": 1,
    "_torch": 2,
    "estimators": 3,
    "datasets": 3,
    "preprocessing": 4,
    "model_selection": 4,
    "feature_selection": 4,
    "io": 4,
    "inspection": 5,
    "studies": 6,
    "report": 7,
    "_cli": 8,
    "__main__": 9,
}
# But files are written of what stands beside them, and those folders know nothing of files.
BESIDE = {
    ("io", "preprocessing"),
    ("io", "model_selection"),
    ("io", "feature_selection"),
}
# What the engines may import besides the standard library.
ENGINES = {
    "training": {"numpy", "scipy"},
    "backprop": {"numpy", "scipy", "threadpoolctl"},
    "_torch": {"numpy", "scipy", "torch", "skorch"},
}


# ---------------------------------------------------------------------------------------
# reading


@dataclass(frozen=True)
class Import:
    """One imported name: ``from module import name``, or ``import module`` with name ''."""

    module: str
    name: str
    line: int
    when_called: bool
    for_types_only: bool

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    @property
    def path(self) -> list[str]:
        return [part for part in (*self.module.split("."), self.name) if part]

    @property
    def room(self) -> str | None:
        """The room of the house, if it is one: the name below ``sknn``."""
        return self.path[1] if self.package == "sknn" and len(self.path) > 1 else None

    def target(self, modules: Container[str]) -> str:
        """The module that is imported: the name itself, where it is one of `modules`."""
        inner = f"{self.module}.{self.name}"
        return inner if inner in modules else self.module


def dotted(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, module: str, *, is_package: bool = False) -> list[Import]:
    parents = module.split(".") if is_package else module.split(".")[:-1]

    def visit(node: ast.AST, when_called: bool, for_types_only: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno, when_called, for_types_only)
        elif isinstance(node, ast.ImportFrom):
            above = parents[: len(parents) - node.level + 1] if node.level else []
            target = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(target, alias.name, node.lineno, when_called, for_types_only)
        when_called |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                yield from visit(child, when_called, True)
            for child in node.orelse:
                yield from visit(child, when_called, for_types_only)
            return
        for child in ast.iter_child_nodes(node):
            yield from visit(child, when_called, for_types_only)

    return list(visit(ast.parse(source), False, False))


def imports_of_file(path: Path) -> list[Import]:
    source = path.read_text(encoding="utf-8")
    return imports_of(source, dotted(path), is_package=path.name == "__init__.py")


# ---------------------------------------------------------------------------------------
# the rules: each says what is wrong with one import of a module, or None


def points_down(module: str, imported: Import) -> str | None:
    if imported.room is None or module == "sknn":
        return None
    own = module.split(".")[1]
    for room in (own, imported.room):
        if room not in FLOORS:
            return f"{room} has no floor: give it one in FLOORS, or import a public name from home"
    if (own, imported.room) in BESIDE or own == imported.room:
        return None
    if FLOORS[imported.room] >= FLOORS[own]:
        return f"{own} (floor {FLOORS[own]}) must not see {imported.room}"
    return None


def leaves_torch_to_its_estimators(module: str, imported: Import) -> str | None:
    if imported.room == "_torch":
        if not is_below(module, "sknn._torch") and module != "sknn.estimators._torch":
            return "only sknn.estimators._torch may see the PyTorch engine"
    return None


def is_below(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def leaves_private_names_of_sklearn_alone(module: str, imported: Import) -> str | None:
    if imported.package == "sklearn" and module != "sknn._sklearn_compat":
        private = [part for part in imported.path if re.match(r"_(?!_)", part)]
        if private:
            return f"{private[0]} is private to scikit-learn: import it in _sklearn_compat.py"
    return None


def keeps_the_engines_light(module: str, imported: Import) -> str | None:
    room = f"{module}.".split(".")[1]
    if room not in ENGINES or imported.package in {*ENGINES[room], *sys.stdlib_module_names}:
        return None
    if imported.package == "sknn":
        return None if imported.room in ENGINES else f"{room} must see nothing else of sknn"
    if (module, imported.package) == ("sknn.training._history", "pandas"):
        return None  # when it is called, as another rule sees to
    return f"{room} must not import {imported.package}"


def keeps_torch_in_its_room(module: str, imported: Import) -> str | None:
    if imported.package in {"torch", "skorch"} and not is_below(module, "sknn._torch"):
        return f"only sknn._torch may import {imported.package}"
    return None


def loads_tables_and_figures_when_called(module: str, imported: Import) -> str | None:
    if imported.package in {"pandas", "matplotlib"}:
        if not (imported.when_called or imported.for_types_only):
            return f"{imported.package} takes long to load: import it in the function that needs it"
    return None


RULES: list[Callable[[str, Import], str | None]] = [
    points_down,
    leaves_torch_to_its_estimators,
    leaves_private_names_of_sklearn_alone,
    keeps_the_engines_light,
    keeps_torch_in_its_room,
    loads_tables_and_figures_when_called,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_import(rule):
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{imported.line}: {complaint}"
        for path in MODULES
        for imported in imports_of_file(path)
        if (complaint := rule(dotted(path), imported))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("rule", "module", "source"),
    [
        (points_down, "sknn.estimators._base", "from sknn.preprocessing import ColumnNormScaler"),
        (points_down, "sknn.estimators._base", "def f():\n    import sknn.inspection"),
        (points_down, "sknn.estimators._base", "from ..report import write"),
        (points_down, "sknn.estimators._base", "from sknn.datasets import load_producers"),
        (points_down, "sknn.preprocessing._a", "from sknn import model_selection"),
        (points_down, "sknn.preprocessing._a", "from sknn.io import save"),
        (points_down, "sknn.preprocessing._a", "from sknn import ScratchMLPClassifier"),
        (points_down, "sknn.io._a", "from sknn.inspection import Style"),
        (points_down, "sknn.training._a", "from sknn.backprop import train"),
        (points_down, "sknn.backprop._a", "from sknn.estimators import _base"),
        (points_down, "sknn.backprop._a", "from sknn._torch import TorchEngine"),
        (leaves_torch_to_its_estimators, "sknn.estimators._scratch", "import sknn._torch"),
        (leaves_torch_to_its_estimators, "sknn.io._a", "from sknn._torch._net import TableNet"),
        (leaves_private_names_of_sklearn_alone, "sknn.io._a", "from sklearn.base import _x"),
        (leaves_private_names_of_sklearn_alone, "sknn.io._a", "import sklearn.utils._x.y"),
        (keeps_the_engines_light, "sknn.backprop._a", "import sklearn"),
        (keeps_the_engines_light, "sknn.backprop", "from sknn._sklearn_compat import Interval"),
        (keeps_the_engines_light, "sknn.backprop._a", "def f():\n    import pandas"),
        (keeps_the_engines_light, "sknn.training._a", "def f():\n    import pandas"),
        (keeps_the_engines_light, "sknn.training._a", "import threadpoolctl"),
        (keeps_the_engines_light, "sknn._torch._a", "from sklearn.base import clone"),
        (keeps_torch_in_its_room, "sknn.estimators._torch", "def f():\n    import torch.nn"),
        (keeps_torch_in_its_room, "sknn.io._a", "from skorch import NeuralNetClassifier"),
        (loads_tables_and_figures_when_called, "sknn.report._a", "import matplotlib.pyplot as plt"),
        (loads_tables_and_figures_when_called, "sknn.datasets._a", "from pandas import DataFrame"),
        (loads_tables_and_figures_when_called, "sknn.training._history", "import pandas"),
    ],
)
def test_the_rules_bite(rule, module, source):
    imports = imports_of(source, module, is_package=module == "sknn.backprop")
    assert any(rule(module, imported) for imported in imports)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sknn", "if TYPE_CHECKING:\n    from sknn.estimators import ScratchMLPClassifier"),
        ("sknn.io._save", "from sknn._version import __version__\nimport sknn.model_selection"),
        ("sknn._sklearn_compat", "from sklearn.base import _fit_context"),
        ("sknn._torch._a", "import torch\nfrom sknn.backprop import start"),
        ("sknn.estimators._torch", "from sknn._torch import TorchEngine"),
        ("sknn.estimators._base", "from sklearn import __version__"),
        ("sknn.training._history", "def to_frame(self):\n    import pandas as pd"),
        ("sknn.backprop._layers", "from ._fast import times_transposed\nimport scipy.sparse, abc"),
        ("sknn.backprop._blas", "from threadpoolctl import threadpool_limits"),
        ("sknn.studies._producers", "from sknn.datasets import load_producers"),
    ],
)
def test_the_rules_allow(module, source):
    imports = imports_of(source, module)
    assert imports
    assert [rule(module, imported) for imported in imports for rule in RULES] == [None] * (
        len(imports) * len(RULES)
    )


def test_no_exception_outlives_its_need():
    seen = {
        (dotted(path).split(".")[1], imported.room)
        for path in MODULES
        for imported in imports_of_file(path)
        if path.parent != PACKAGE
    }
    assert seen >= BESIDE


# ---------------------------------------------------------------------------------------
# circles, and names in strings


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Sets of nodes of which each can be reached from each other one."""

    def reached(node: str) -> set[str]:
        found, ahead = set(), [node]
        while ahead:
            for other in graph[ahead.pop()] - found:
                found.add(other)
                ahead.append(other)
        return found

    reach = {node: reached(node) for node in graph}
    found = []
    for node in graph:
        together = {other for other in reach[node] if node in reach[other]}
        if together and together not in found:
            found.append(together)
    return found


def test_circles_are_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e"}}
    assert circles(graph) == [{"b", "c"}, {"e"}]


def test_no_imports_go_in_circles():
    """Those of functions and those for types are imports, too."""
    names = {dotted(path) for path in MODULES}
    graph = {
        dotted(path): {imported.target(names) for imported in imports_of_file(path)} & names
        for path in MODULES
    }
    assert sum(map(len, graph.values())) > 500
    assert circles(graph) == []


def names_in(source: str) -> list[tuple[int, str]]:
    """Lines and names of folders of sknn in strings that are no docstrings."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in docstrings
        for name in re.findall(r"\bsknn\.(\w+)", node.value)
    ]


def test_names_are_found():
    source = '"""See sknn.io."""\ndef f():\n    "sknn.io"\n    return f"sknn.report.{f}", "sknn.x"'
    assert sorted(names_in(source)) == [(4, "report"), (4, "x")]


def test_no_file_names_a_module_above_it():
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{line}: names sknn.{name}"
        for path in MODULES
        if path != PACKAGE / "__init__.py"
        for line, name in names_in(path.read_text(encoding="utf-8"))
        if FLOORS.get(name, -1) > FLOORS[dotted(path).split(".")[1]]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_file_holds_two_ideas():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    too_long = {
        str(path.relative_to(REPOSITORY)): n for path, n in lengths.items() if n > MAX_LINES
    }
    assert not too_long


# ---------------------------------------------------------------------------------------
# what an import brings in, seen from outside


def loaded_by(statement: str) -> set[str]:
    """Modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "import sknn; dir(sknn)",
            {"numpy", "scipy", "sklearn", "torch", "skorch", "pandas", "matplotlib"},
        ),
        ("import sknn.training", {"sklearn", "pandas", "torch", "skorch", "matplotlib"}),
        ("import sknn.backprop", {"sklearn", "pandas", "torch", "skorch", "matplotlib"}),
        ("import sknn.io", {"torch", "skorch", "matplotlib.pyplot"}),
        # scikit-learn itself loads pandas where there is one.
        ("import sknn.preprocessing", {"torch", "skorch", "matplotlib.pyplot"}),
        ("import sknn.datasets", {"torch", "skorch", "matplotlib.pyplot"}),
        ("import sknn.report", {"torch", "skorch", "matplotlib.pyplot"}),
        (
            "from sknn import ScratchMLPClassifier, ScratchMLPRegressor, fit_many",
            {"torch", "skorch", "matplotlib.pyplot"},
        ),
    ],
)
def test_an_import_loads_only_what_it_needs(statement, absent):
    assert not loaded_by(statement) & absent


def test_import_sknn_costs_at_most_20_ms():
    def milliseconds() -> float:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", "import sknn"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        (line,) = re.findall(r"\|\s*(\d+) \| sknn$", done.stderr, flags=re.MULTILINE)
        return int(line) / 1000

    # The least of several: the others measure what else the machine was doing.
    assert min(milliseconds() for _ in range(5)) <= 20


def test_public_names_are_there():
    for name in sknn.__all__:
        assert getattr(sknn, name) is not None
        assert name in dir(sknn)
    with pytest.raises(AttributeError, match="module 'sknn' has no attribute 'nonsense'"):
        sknn.nonsense  # noqa: B018
    assert set(sknn.estimators.__all__) <= set(dir(sknn.estimators))
    with pytest.raises(AttributeError, match=r"module 'sknn\.estimators' has no .* 'nonsense'"):
        sknn.estimators.nonsense  # noqa: B018


def test_type_checkers_see_the_names_that_are_loaded_lazily():
    source = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    seen = {imported.name for imported in imports_of(source, "sknn") if imported.for_types_only}
    assert seen == set(sknn.__all__) - {"__version__"}
