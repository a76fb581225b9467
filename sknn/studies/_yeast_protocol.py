"""What the yeast study trains, and on which rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn.studies._scores import has_twin
from sknn.studies._training import Rows

if TYPE_CHECKING:
    import pandas as pd

# The document's, for both of its splits.
RANDOM_STATE = 42


@dataclass(frozen=True)
class YeastSplit:
    """Training, validation and test rows of the yeast table, equal in their shares of the sites.

    Parameters
    ----------
    random_state : int
        The seed of the split.

    X_train : DataFrame of shape (n_train, 8)
        Features to train on.

    X_valid : DataFrame of shape (n_valid, 8) or None
        Features of the rows to record the course of training on; None where the document has none.

    X_test : DataFrame of shape (n_test, 8)
        Features to test on.

    y_train : Series of shape (n_train,)
        Their sites.

    y_valid : Series of shape (n_valid,) or None
        The sites of the validation rows.

    y_test : Series of shape (n_test,)
        The sites of the test rows.
    """

    random_state: int
    X_train: pd.DataFrame
    X_valid: pd.DataFrame | None
    X_test: pd.DataFrame
    y_train: pd.Series
    y_valid: pd.Series | None
    y_test: pd.Series

    @cached_property
    def twins(self) -> NDArray[np.bool_]:
        """Which test rows have features that a training row has too, shape (n_test,)."""
        return has_twin(self.X_test.to_numpy(), self.X_train.to_numpy())

    @cached_property
    def scaler(self) -> StandardScaler:
        """Fitted on the training rows, and on no others."""
        return StandardScaler().fit(self.X_train)

    @cached_property
    def scaled(self) -> Rows:
        """What the networks are fitted on."""
        X_valid = None if self.X_valid is None else self.scaler.transform(self.X_valid)
        y_valid = None if self.y_valid is None else self.y_valid.to_numpy()
        X_train = self.scaler.transform(self.X_train)
        return Rows(X_train, self.y_train.to_numpy(), X_valid, y_valid)


def split_in_two(X: pd.DataFrame, y: pd.Series, random_state: int) -> YeastSplit:
    """The document's first split: 80 % to train, 20 % to test."""
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=random_state, stratify=y
    )
    return YeastSplit(random_state, X_train, None, X_test, y_train, None, y_test)


def split_in_three(X: pd.DataFrame, y: pd.Series, random_state: int) -> YeastSplit:
    """The document's second split: 70 % to train, 15 % to validate, 15 % to test."""
    X_train, X_rest, y_train, y_rest = train_test_split(
        X, y, test_size=0.3, random_state=random_state, stratify=y
    )
    X_valid, X_test, y_valid, y_test = train_test_split(
        X_rest, y_rest, test_size=0.5, random_state=random_state, stratify=y_rest
    )
    return YeastSplit(random_state, X_train, X_valid, X_test, y_train, y_valid, y_test)


@dataclass(frozen=True)
class Model:
    """A row of one of the study's tables of models: a name, and settings of the network."""

    name: str
    title: str
    settings: dict[str, Any] = field(default_factory=dict)


def _model(name: str, title: str, **settings: Any) -> Model:
    return Model(name, title, settings)


# Plain gradient descent, which differs by the number of rows that a step looks at.
_DESCENT = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False}

OPTIMIZERS = (
    _model("adam", "Adam, full batch", batch_size="full", learning_rate_init=0.01),
    _model(
        "full_batch",
        "full-batch descent",
        **_DESCENT,
        batch_size="full",
        learning_rate_init=0.1,
    ),
    _model("per_sample", "per-sample SGD", **_DESCENT, batch_size=1, learning_rate_init=0.005),
    _model("mini_batch", "mini-batch SGD", **_DESCENT, batch_size=32, learning_rate_init=0.01),
)

# What all models with a validation set have in common.
ADAM = {"batch_size": "full", "learning_rate_init": 0.001}

REGULARIZERS = (
    _model("none", "no regulariser", **ADAM),
    _model("dropout", "M1: dropout", **ADAM, dropout=0.5),
    _model("l2", "M2: L2", **ADAM, l2=1e-4),
    _model("dropout_l2", "M3: dropout and L2", **ADAM, dropout=0.5, l2=1e-4),
)

WIDTHS, DEPTHS = (16, 32, 64), (1, 2, 3, 4)

# Training ends after more epochs without a lower validation loss, at the weights of the lowest.
_STOPPED = {"early_stopping": True, "n_iter_no_change": 50, "tol": 0.0}

# What a network of each width and depth is trained as: the document's way first.
VARIANTS = (
    _model("all_epochs", "all epochs", **ADAM),
    _model("plain", "plain", **ADAM, **_STOPPED),
    _model("residual", "residual", **ADAM, **_STOPPED, residual=True),
    _model("batch", "batch norm", **ADAM, **_STOPPED, normalization="batch"),
    _model(
        "batch_residual",
        "batch norm, residual",
        **ADAM,
        **_STOPPED,
        normalization="batch",
        residual=True,
    ),
    _model("layer", "layer norm", **ADAM, **_STOPPED, normalization="layer"),
    _model(
        "layer_residual",
        "layer norm, residual",
        **ADAM,
        **_STOPPED,
        normalization="layer",
        residual=True,
    ),
)


@dataclass(frozen=True)
class Architecture:
    """A number of hidden layers of one width, trained as one of the variants."""

    depth: int
    width: int
    variant: Model

    @property
    def model(self) -> Model:
        """The network."""
        title = f"{self.depth} × {self.width}, {self.variant.title}"
        layers = (self.width,) * self.depth
        return Model(title, title, {**self.variant.settings, "hidden_layer_sizes": layers})


# A residual connection needs a hidden layer before its own that has the same width.
ARCHITECTURES = tuple(
    Architecture(depth, width, variant)
    for depth in DEPTHS
    for width in WIDTHS
    for variant in VARIANTS
    if depth > 1 or "residual" not in variant.settings
)

# Tried by cross-validation on the training rows, all combinations.
GRID = {"dropout": [0.0, 0.1, 0.2, 0.3, 0.5], "l2": [0.0, 1e-4, 1e-3, 3e-3, 1e-2]}


def network_of(classifier: type[Any], model: Model, epochs: int, seed: int) -> Any:
    """The network of a model, not fitted yet: 8-32-10 and Adam, but for what the model says."""
    # As many epochs as asked for, with no stop on convergence, unless the model says otherwise.
    shared = {"hidden_layer_sizes": (32,), "l2": 0.0, "n_iter_no_change": np.inf}
    return classifier(max_iter=epochs, random_state=seed, **(shared | model.settings))
