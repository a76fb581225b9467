from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sknn.studies import ProducersResult, YeastResult, producers, yeast

SITES = ["CYT", "ERL", "EXC", "ME1", "ME2", "ME3", "MIT", "NUC", "POX", "VAC"]
FEATURES = ["mcg", "gvh", "alm", "mit", "erl", "pox", "vac", "nuc"]


@pytest.fixture(scope="session")
def result() -> ProducersResult:
    """A short run of the producers study."""
    return producers(seeds=3, epochs=12)


@pytest.fixture(scope="session")
def invented_yeast(tmp_path_factory) -> Path:
    """A small table in the form of the yeast table, with twins, that any machine has."""
    rng = np.random.default_rng(0)
    y = np.repeat(SITES, [60, 10, 15, 15, 15, 20, 30, 50, 12, 13])
    centres = rng.uniform(0.2, 0.8, (10, 8))
    X = np.round(centres[np.searchsorted(SITES, y)] + rng.normal(0, 0.12, (len(y), 8)), 2)
    X[1::8] = X[::8]  # neighbours, of one site as a rule
    order = rng.permutation(len(y))
    path = tmp_path_factory.mktemp("yeast") / "yeast.csv"
    frame = pd.DataFrame(X[order].clip(0, 1), columns=FEATURES)
    frame.assign(name=y[order]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def yeast_result(invented_yeast) -> YeastResult:
    """A short run of the yeast study on an invented table."""
    return yeast(
        invented_yeast,
        seeds=2,
        other_splits=2,
        optimizer_epochs=3,
        regularizer_epochs=6,
        architectures=False,
    )
