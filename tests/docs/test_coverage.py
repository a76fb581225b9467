"""Every public name is shown in use, and every page of the reference says where."""

import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

import pytest

import sknn

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = sorted(
    f"sknn.{module.name}"
    for module in pkgutil.iter_modules(sknn.__path__)
    if module.ispkg and not module.name.startswith("_")
)
# Nobody makes these: they are what functions return and take. Pages link to them where they say so.
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
    "YeastArchitectures",
    "YeastModel",
    "YeastResult",
    "YeastSplit",
    "YeastTable",
}
# A number that one private loop takes: there is nothing to do with it.
WITHOUT_USE = {"NEWTON_STEPS"}


@pytest.fixture(scope="module")
def reader():
    """The module that reads names from pages, of which the reference makes its lists."""
    sys.path.insert(0, str(REPOSITORY / "docs" / "_ext"))
    try:
        return importlib.import_module("pages_with")
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="module")
def used(reader) -> set[str]:
    """The names that examples, pages and the README use in their code."""
    pages = [*reader.written_pages(REPOSITORY / "docs"), REPOSITORY / "README.md"]
    programs = [p for page in pages for p in reader.programs_of(page.read_text(encoding="utf-8"))]
    programs += [
        path.read_text(encoding="utf-8") for path in (REPOSITORY / "examples").glob("*.py")
    ]
    return {name for program in programs for name in reader.names_used(program)}


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_is_used_in_an_example_or_on_a_page(room, used):
    public = set(importlib.import_module(room).__all__)
    assert public - used - RESULTS == set()


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_every_result_is_linked_from_a_page(name, reader):
    assert reader.pages_with(REPOSITORY / "docs").get(name)


@pytest.mark.parametrize("room", ROOMS)
def test_every_docstring_has_an_example(room, reader):
    module = importlib.import_module(room)
    public = {name: getattr(module, name) for name in module.__all__}
    constants = {name for name, value in public.items() if not callable(value)}
    shown = {
        name: reader.names_used(reader.typed(inspect.getdoc(public[name])))
        for name in public.keys() - constants
    }
    without = {name for name, names in shown.items() if name not in names}
    assert without - RESULTS == set()
    # A constant has no docstring, and is shown in that of somebody who takes it.
    assert constants - set.union(*shown.values()) - WITHOUT_USE == set()


def test_results_are_results(used):
    public = {
        name: getattr(importlib.import_module(room), name)
        for room in ROOMS
        for name in importlib.import_module(room).__all__
    }
    for name in RESULTS:
        assert inspect.isclass(public[name])
    assert RESULTS - set(public) == set()
    assert RESULTS & used == set()


def test_the_reading_of_a_page(reader):
    page = (
        "{class}`~sknn.inspection.RocCurve`, `sknn.io`, and Report, a word of a sentence.\n"
        "```python\nimport sknn.io\nfrom sknn.report import Table as T\nsknn.io.save(1, 2)\n```\n"
        "```pycon\n>>> from sknn import fit_many\n>>> fit_many\nfrom sknn import nothing\n```\n"
        "```\nfrom sknn import neither\n```\n"
    )
    programs = list(reader.programs_of(page))
    assert set.union(*map(reader.names_used, programs)) == {"Table", "save", "io", "fit_many"}
    assert reader.names_linked(page) == {"RocCurve"}
