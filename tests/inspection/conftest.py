from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn.datasets import load_producers
from sknn.estimators import ScratchMLPClassifier


@dataclass(frozen=True)
class Split:
    """The producers table, scaled, in two parts."""

    X: Any
    X_test: Any
    y: Any
    y_test: Any


@pytest.fixture(scope="session")
def split():
    X, y = load_producers(return_X_y=True, as_frame=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    scaler = StandardScaler().set_output(transform="pandas").fit(X_train)
    return Split(scaler.transform(X_train), scaler.transform(X_test), y_train, y_test)


@pytest.fixture(scope="session")
def fit(split):
    """Fits a small network for a few epochs."""

    def fit(*, X_val=True, **parameters):
        network = ScratchMLPClassifier(
            (8,),
            **{
                "max_iter": 12,
                "batch_size": 20,
                "n_iter_no_change": np.inf,
                "random_state": 0,
                "learning_rate_init": 0.01,
                **parameters,
            },
        )
        validation = {"X_val": split.X_test, "y_val": split.y_test} if X_val else {}
        return network.fit(split.X, split.y, **validation)

    return fit


@pytest.fixture(scope="session")
def network(fit):
    """A network with a record of every batch, in training and on validation rows."""
    return fit(record="batch")


@pytest.fixture(scope="session")
def networks(fit):
    """Three that differ in their solver."""
    return {solver: fit(solver=solver) for solver in ("adam", "sgd", "rmsprop")}
