import pytest

from sknn.studies import ProducersResult, producers


@pytest.fixture(scope="session")
def result() -> ProducersResult:
    """A short run of the producers study."""
    return producers(seeds=3, epochs=12)
