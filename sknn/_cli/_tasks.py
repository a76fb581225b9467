"""What the command predicts, classes or numbers, and what depends on it."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from sknn._cli._targets import as_labels, as_numbers, check_classes, check_numbers, task_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MOST_FOLDS = 5
SMALL_BATCH, FEWEST_BATCHES = 32, 4


class Task(ABC):
    """What is predicted.

    Parameters
    ----------
    arguments : argparse.Namespace
        Those of ``sknn fit``.
    """

    scratch: ClassVar[str]
    torch: ClassVar[str]

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments

    @abstractmethod
    def read(self, values: pd.Series, target: str) -> np.ndarray:
        """The target, checked.

        Raises
        ------
        ValueError
            If there is nothing to learn from it.
        """

    @abstractmethod
    def split(self, X: pd.DataFrame, y: np.ndarray) -> list[Any]:
        """Rows to train on and rows to measure on: X, X, y, y."""

    @abstractmethod
    def folds(self, y: np.ndarray) -> Any:
        """The folds of a search."""

    @abstractmethod
    def scoring(self, y: np.ndarray, folds: Any) -> Any:
        """What a search goes by."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the network that only this task has."""
        return {}

    def network(self, n_rows: int) -> Any:
        """NumPy's network.

        Its rate falls to nothing over a fixed number of epochs. No row is held out to stop by: on
        small tables these are worth more as rows to train on.
        """
        import numpy as np

        from sknn import estimators

        few = min(SMALL_BATCH, -(-n_rows // FEWEST_BATCHES))
        return getattr(estimators, self.scratch)(
            hidden_layer_sizes=self.arguments.hidden,
            learning_rate="cosine",
            batch_size="auto" if self.arguments.scale == "standard" else few,
            max_iter=self.arguments.epochs,
            n_iter_no_change=np.inf,
            random_state=self.arguments.seed,
            **self.parameters,
        )

    def with_torch(self, mlp: Any) -> Any:
        """The same network for the other engine."""
        from sknn import estimators

        return getattr(estimators, self.torch)(**mlp.get_params(deep=False))


class Classification(Task):
    """Classes."""

    scratch, torch = "ScratchMLPClassifier", "TorchMLPClassifier"

    def read(self, values: pd.Series, target: str) -> np.ndarray:
        """The labels."""
        y = as_labels(values)
        check_classes(y, target)
        return y

    def split(self, X: pd.DataFrame, y: np.ndarray) -> list[Any]:
        """Rows of every class on both sides."""
        from sklearn.model_selection import train_test_split

        size = self.arguments.test_size
        try:
            return train_test_split(
                X, y, test_size=size, stratify=y, random_state=self.arguments.seed
            )
        except ValueError as error:
            n_classes = len(set(y))
            raise ValueError(
                f"{len(y)} rows cannot be split with --test-size {size:g} so that each of "
                f"{n_classes} classes is in both parts: choose another share, of which either part "
                f"gets at least {n_classes} rows, or add rows"
            ) from error

    def folds(self, y: np.ndarray) -> Any:
        """Rows of every class in each fold."""
        import numpy as np
        from sklearn.model_selection import StratifiedKFold

        _, counts = np.unique(y, return_counts=True)
        n_folds = int(np.clip(counts.min(), 2, MOST_FOLDS))
        return StratifiedKFold(n_folds, shuffle=True, random_state=self.arguments.seed)

    def scoring(self, y: np.ndarray, folds: Any) -> Any:
        """The log loss, by which few rows tell candidates apart before they do by accuracy."""
        import numpy as np

        _, counts = np.unique(y, return_counts=True)
        # Where a fold lacks a class, its log loss is not defined.
        return "neg_log_loss" if counts.min() >= folds.n_splits else "accuracy"


class Regression(Task):
    """Numbers."""

    scratch, torch = "ScratchMLPRegressor", "TorchMLPRegressor"

    @property
    def loss(self) -> str:
        """The loss that was asked for, or that goes with what was."""
        default = "quantile" if self.arguments.quantiles else "squared_error"
        return self.arguments.loss or default

    @property
    def parameters(self) -> dict[str, Any]:
        """The loss, and its quantiles."""
        quantiles = self.arguments.quantiles
        return {"loss": self.loss, **({"quantiles": quantiles} if quantiles else {})}

    def read(self, values: pd.Series, target: str) -> np.ndarray:
        """The numbers."""
        y = as_numbers(values, target)
        check_numbers(y, target, self.loss)
        return y

    def split(self, X: pd.DataFrame, y: np.ndarray) -> list[Any]:
        """Rows by chance."""
        from sklearn.model_selection import train_test_split

        size = self.arguments.test_size
        n_test = -int(-size * len(y) // 1)
        if min(n_test, len(y) - n_test) < 2:
            raise ValueError(
                f"{len(y)} rows cannot be split with --test-size {size:g} into at least 2 to train "
                "on and 2 to measure on: choose another share, or add rows"
            )
        return train_test_split(X, y, test_size=size, random_state=self.arguments.seed)

    def folds(self, y: np.ndarray) -> Any:
        """Rows by chance."""
        from sklearn.model_selection import KFold

        n_folds = min(MOST_FOLDS, len(y) // 2) if len(y) >= 4 else 2
        return KFold(n_folds, shuffle=True, random_state=self.arguments.seed)

    def scoring(self, y: np.ndarray, folds: Any) -> Any:
        """What the loss is for."""
        return SCORINGS[self.loss]


def neg_pinball_loss(estimator: Any, X: Any, y: Any) -> float:
    """Mean pinball loss of the predicted quantiles, negated."""
    from sknn.inspection import QuantilePredictions

    return -QuantilePredictions.from_estimator(estimator, X, y).pinball_loss


def neg_log_likelihood(estimator: Any, X: Any, y: Any) -> float:
    """Mean negative log likelihood of the predicted normal distributions, negated."""
    from scipy.stats import norm

    return float(norm.logpdf(y, *estimator.predict(X, return_std=True)).mean())


SCORINGS: dict[str, Any] = {
    "squared_error": "neg_root_mean_squared_error",
    "absolute_error": "neg_mean_absolute_error",
    "huber": "neg_mean_absolute_error",
    "poisson": "neg_mean_poisson_deviance",
    "gamma": "neg_mean_gamma_deviance",
    "quantile": neg_pinball_loss,
    "gaussian": neg_log_likelihood,
}
TASKS = {"classification": Classification, "regression": Regression}


def find_task(arguments: argparse.Namespace, values: pd.Series, target: str) -> Task:
    """What was asked for, or what the values of the target make plain.

    Raises
    ------
    ValueError
        If they do not.
    """
    name = arguments.task
    if name == "auto" and (arguments.loss or arguments.quantiles):
        name = "regression"
    if name == "auto":
        are_names = target in [category.strip() for category in arguments.categories]
        name = "classification" if are_names else task_of(values, target)
    return TASKS[name](arguments)


def check_task(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    for option in ("loss", "quantiles"):
        if getattr(arguments, option) and arguments.task == "classification":
            arguments.refuse(f"argument --{option}: goes with --task regression only")
    if arguments.quantiles and arguments.loss not in (None, "quantile"):
        arguments.refuse("argument --quantiles: goes with --loss quantile only")
