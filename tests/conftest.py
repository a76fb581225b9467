"""Fixtures for every test."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A deadline for one example measures what else the machine is doing; the timeout of pytest
# catches what hangs.
settings.register_profile("sknn", deadline=None)
settings.load_profile("sknn")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def yeast_path() -> Path:
    """The whole Yeast table, which is not part of the repository."""
    named = os.environ.get("SKNN_YEAST_CSV")
    path = Path(named) if named else REPOSITORY.parent / "shared" / "data" / "yeast.csv"
    if not path.is_file():
        pytest.skip(
            f"needs the Yeast table: set SKNN_YEAST_CSV to its location; there is no {path}"
        )
    return path
