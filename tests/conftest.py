"""Fixtures for every test."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from scipy.sparse import csr_array

from sknn import ScratchMLPClassifier, ScratchMLPRegressor
from sknn.backprop import LOSSES

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


@dataclass(frozen=True)
class Task:
    """A table with a target, and the small network that is made for it."""

    X: np.ndarray
    y: Any
    loss: str | None

    def network(self, **params):
        """A network that trains for exactly `max_iter` epochs."""
        defaults = {
            "hidden_layer_sizes": (6,),
            "max_iter": 6,
            "batch_size": 16,
            "learning_rate_init": 0.01,
            "n_iter_no_change": np.inf,
        }
        if self.loss is None:
            return ScratchMLPClassifier(**defaults | params)
        return ScratchMLPRegressor(**defaults | {"loss": self.loss} | params)


OF_NUMBERS = [name for name in LOSSES if not name.endswith("cross_entropy")]


@pytest.fixture(
    scope="session",
    params=[*OF_NUMBERS, "several numbers", "two classes", "several labels", "sparse labels"],
)
def task(request) -> Task:
    """Every kind of target, and every loss for numbers."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(72, 5))
    y = np.exp(0.6 * X[:, 0] - 0.4 * X[:, 3] + 0.1 * rng.normal(size=72))
    labels = (X[:, :3] + 0.2 * rng.normal(size=(72, 3)) > 0.2).astype(int)
    return {
        **{name: Task(X, y, name) for name in OF_NUMBERS},
        "several numbers": Task(X, np.column_stack([y, 1e3 * X[:, 0], X[:, 1]]), "gaussian"),
        "two classes": Task(X, np.where(labels[:, 0], "yes", "no"), None),
        "several labels": Task(X, labels, None),
        "sparse labels": Task(X, csr_array(labels), None),
    }[request.param]
