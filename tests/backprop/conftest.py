"""Tests of the engine run with one BLAS thread; `tests.engine_fixtures` has their fixtures."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def _one_blas_thread(one_blas_thread: None) -> None:
    """Hold every module of this folder to one thread."""
