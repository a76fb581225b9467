import pytest

from sknn.studies import (
    KeyFeaturesResult,
    ProducersResult,
    producers,
    producers_key_features,
)


@pytest.fixture(scope="session")
def result() -> ProducersResult:
    """A short run of the producers study, long enough for a trend line."""
    return producers(seeds=2, epochs=60)


@pytest.fixture(scope="session")
def key_features() -> KeyFeaturesResult:
    """A few short refits."""
    return producers_key_features(n_refits=5, epochs=10)
