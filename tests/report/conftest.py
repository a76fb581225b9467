import pytest

from sknn.studies import ProducersResult, producers


@pytest.fixture(scope="session")
def result() -> ProducersResult:
    """A short run of the producers study, long enough for a trend line."""
    return producers(seeds=2, epochs=60)
