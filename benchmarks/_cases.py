"""The fits that are compared: the same data, network and amount of work for both estimators."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_classification, make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknn import ColumnNormScaler, ScratchMLPClassifier, ScratchMLPRegressor
from sknn.datasets import load_producers, load_yeast

REPOSITORY = Path(__file__).resolve().parents[1]
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Case:
    """A fit, and how many times as fast as scikit-learn's it has to be.

    Parameters
    ----------
    key, title : str
        What to call it.
    load : callable
        Returns X and y.
    hidden : tuple of int
        Widths of the hidden layers.
    batch_size, epochs : int
    l2 : float
        Strength of the L2 penalty, as `ScratchMLPClassifier` defines it.
    settings : dict
        Parameters that both estimators have.
    targets : dict of str to float
        The least ratio that is asked for, by dtype; none where none is.
    """

    key: str
    title: str
    load: Callable[[], tuple[np.ndarray, np.ndarray]]
    hidden: tuple[int, ...]
    batch_size: int
    epochs: int
    l2: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, float] = field(default_factory=dict)

    @property
    def solver(self) -> str:
        """Name of the optimizer."""
        return self.settings["solver"]

    @property
    def learning_rate(self) -> float:
        """Its step size; where none is given, the default of all estimators here."""
        return self.settings.get("learning_rate_init", 0.001)

    @property
    def common(self) -> dict[str, Any]:
        """Parameters of both estimators; neither stops before the last epoch."""
        return {
            "hidden_layer_sizes": self.hidden,
            "batch_size": self.batch_size,
            "max_iter": self.epochs,
            "n_iter_no_change": np.inf,
            "random_state": 0,
            **self.settings,
        }

    def ours(self) -> Any:
        """The estimator under test."""
        return ScratchMLPClassifier(l2=self.l2, **self.common)

    def theirs(self) -> Any:
        """Its peer; scikit-learn divides the strength of its penalty by the batch size."""
        return MLPClassifier(alpha=self.l2 * self.batch_size, **self.common)


@dataclass(frozen=True)
class RegressionCase(Case):
    """A fit of regressors, on a target that is standardised beforehand."""

    def ours(self) -> Any:
        """The estimator under test."""
        return ScratchMLPRegressor(l2=self.l2, **self.common)

    def theirs(self) -> Any:
        """Its peer."""
        return MLPRegressor(alpha=self.l2 * self.batch_size, **self.common)


def cases(smoke: bool) -> list[Case]:
    """All fits, or tiny ones of the same kinds to see that everything runs."""

    def epochs(number: int) -> int:
        return 2 if smoke else number

    def large() -> tuple[np.ndarray, np.ndarray]:
        return synthetic(n_rows=1_000 if smoke else 100_000, n_features=50, n_classes=5)

    hidden = (16, 16) if smoke else (128, 128)
    return [
        Case(
            "a",
            "producers 13-128-128-3, batch 10, plain SGD",
            _producers,
            hidden,
            batch_size=10,
            epochs=epochs(200),
            l2=0.0,
            settings={"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.0},
            targets={"float32": 3.0, "float64": 2.2},
        ),
        Case(
            "a+",
            "the same with Nesterov's momentum and L2",
            _producers,
            hidden,
            batch_size=10,
            epochs=epochs(200),
            l2=1e-4,
            settings={"solver": "sgd", "learning_rate_init": 0.01, "momentum": 0.9},
        ),
        Case(
            "b",
            "yeast 8-32-10, batch 32, Adam",
            _yeast,
            (32,),
            batch_size=32,
            epochs=epochs(60),
            l2=1e-4,
            settings={"solver": "adam"},
            targets={"float32": 3.5, "float64": 3.0},
        ),
        Case(
            "c",
            "100,000 × 50, 5 classes, (256, 256), batch 256, Adam",
            large,
            (16, 16) if smoke else (256, 256),
            batch_size=256,
            epochs=1,
            l2=1e-4,
            settings={"solver": "adam"},
            targets={"float32": 1.6, "float64": 1.25},
        ),
    ]


def regression_cases(smoke: bool) -> list[RegressionCase]:
    """Fits of regressors: a table as small as most, and a large one."""

    def rows(n_rows: int, n_features: int) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
        def load() -> tuple[np.ndarray, np.ndarray]:
            X, y = make_friedman1(n_rows, n_features, noise=1.0, random_state=0)
            return X, (y - y.mean()) / y.std()

        return load

    return [
        RegressionCase(
            "r",
            "regression, 1,000 × 8, (100,), batch 32, Adam",
            rows(1_000, 8),
            (100,),
            batch_size=32,
            epochs=2 if smoke else 60,
            l2=1e-4,
            settings={"solver": "adam"},
            targets={"float32": 3.0},
        ),
        RegressionCase(
            "s",
            "regression, 100,000 × 50, (256, 256), batch 256, Adam",
            rows(1_000 if smoke else 100_000, 50),
            (16, 16) if smoke else (256, 256),
            batch_size=256,
            epochs=1,
            l2=1e-4,
            settings={"solver": "adam"},
            targets={"float32": 1.6},
        ),
    ]


def _producers() -> tuple[np.ndarray, np.ndarray]:
    """The training rows of the producers study."""
    X, y = load_producers(return_X_y=True)
    X_train, _, y_train, _ = train_test_split(X, y, test_size=0.25, random_state=0)
    return ColumnNormScaler().fit_transform(X_train), y_train


def _yeast() -> tuple[np.ndarray, np.ndarray]:
    """Four fifths of the Yeast table, where it is at hand; else data of the same shape."""
    named = os.environ.get("SKNN_YEAST_CSV")
    path = Path(named) if named else REPOSITORY.parent / "shared" / "data" / "yeast.csv"
    if not path.is_file():
        return synthetic(n_rows=1187, n_features=8, n_classes=10)
    X, y = load_yeast(path, return_X_y=True)
    X_train, _, y_train, _ = train_test_split(X, y, train_size=1187, random_state=0)
    return X_train, y_train


def synthetic(n_rows: int, n_features: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Made-up rows of classes that can be told apart."""
    return make_classification(
        n_rows,
        n_features,
        n_informative=min(n_features, 20),
        n_redundant=0,
        n_classes=n_classes,
        n_clusters_per_class=1,
        random_state=0,
    )
