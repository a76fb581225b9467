"""Every public name is shown in use: in an example, on a page or in a docstring.

Names are read from the source, so that none is counted for being a word of a sentence.
"""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sknn

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = sorted(
    f"sknn.{module.name}"
    for module in pkgutil.iter_modules(sknn.__path__)
    if module.ispkg and not module.name.startswith("_")
)
# Nobody makes these: they are what functions return and take, described where they are documented.
RESULTS = {
    "Attainable",
    "ComparisonResult",
    "FitProgress",
    "KeyFeaturesResult",
    "LearningRateRange",
    "ProducersModel",
    "ProducersResult",
    "ProducersRuns",
    "ProducersSplit",
    "Published",
    "PublishedYeast",
    "Rerun",
    "RerunYeast",
    "RocCurve",
    "TableColumns",
    "YeastModel",
    "YeastResult",
    "YeastSplit",
    "YeastTable",
}


def programs() -> Iterator[str]:
    """The code of examples, pages, README and docstrings."""
    for path in (REPOSITORY / "examples").glob("*.py"):
        yield path.read_text(encoding="utf-8")
    pages = [*(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "README.md"]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        yield from re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for session in re.findall(r"^```pycon\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            yield source_of(session)
    for path in (REPOSITORY / "sknn").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                yield source_of(ast.get_docstring(node) or "")


def source_of(session: str) -> str:
    return "".join(example.source for example in doctest.DocTestParser().get_examples(session))


def names_used() -> set[str]:
    """Names that are imported from sknn, or reached through one of its modules."""
    used: set[str] = set()
    for program in programs():
        for node in ast.walk(ast.parse(program)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sknn":
                used |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("sknn."):
                used.add(node.attr)
    return used


@pytest.fixture(scope="module")
def used() -> set[str]:
    return names_used()


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_is_shown_in_use(room, used):
    public = set(importlib.import_module(room).__all__)
    assert public - used - RESULTS == set()


def test_results_are_results(used):
    public = {
        name: getattr(importlib.import_module(room), name)
        for room in ROOMS
        for name in importlib.import_module(room).__all__
    }
    for name in RESULTS:
        assert inspect.isclass(public[name])
        assert inspect.getdoc(public[name])
    assert RESULTS - set(public) == set()
