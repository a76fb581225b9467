"""What the doctests of the package need as well as the tests."""

import doctest
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytest_plugins = ["tests.engine_fixtures"]

# Figures of pyplot's, where no screen is.
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Let go of the figures that a test or an example has left open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True, scope="session")
def _plan_of_the_examples(doctest_namespace: dict[str, Any]) -> None:
    """Give the engine's examples the `plan` of the example of `Plan`, which they go on from."""
    from sknn.training import Plan

    names: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(Plan.__doc__ or ""):
        exec(example.source, names)
    doctest_namespace["plan"] = names["plan"]


@pytest.fixture(autouse=True)
def _few_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let examples write no figures: those take seconds, and have tests of their own."""
    if isinstance(request.node, pytest.DoctestItem) and "report._write" in request.node.name:
        for study in ("producers", "key_features"):
            monkeypatch.setattr(f"sknn.report._write.{study}_figures", lambda result: {})
