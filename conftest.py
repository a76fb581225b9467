"""What the doctests of the package need as well as the tests."""

import os
import sys
from collections.abc import Iterator

import pytest

# Figures of pyplot's, where no screen is.
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Let go of the figures that a test or an example has left open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
