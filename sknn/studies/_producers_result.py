"""What the producers study returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sknn.studies._published import NOTES, Published, Rerun
from sknn.studies._results import Spread

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from sknn.backprop import History


@dataclass(frozen=True)
class ProducersSplit:
    """The one split of the producers table that every model of the study is trained on.

    Parameters
    ----------
    X_train : DataFrame of shape (133, 13)
        Measurements to train on.

    X_test : DataFrame of shape (45, 13)
        Measurements to test on.

    y_train : Series of shape (133,)
        Their producers: 1, 2 or 3.

    y_test : Series of shape (45,)
        The producers of the test rows.

    target_names : list of str
        Names of the producers.
    """

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series
    target_names: list[str]


@dataclass(frozen=True)
class ProducersModel:
    """What the producers study found for one of its models.

    Parameters
    ----------
    name : {"none", "l2", "l1"}
        Short name: the penalty.

    title : str
        Name for people.

    seeds : tuple of int
        The seeds; the first is the one of which everything is kept.

    accuracies : ndarray of shape (n_seeds,)
        Accuracy on the test rows after the last epoch, for each seed.

    curves : dict of str to ndarray of shape (n_seeds, epochs)
        ``train_loss``, ``train_accuracy``, ``valid_loss`` and ``valid_accuracy`` of each epoch,
        for each seed, as in :class:`sknn.backprop.History`.

    pipeline : Pipeline
        Scaler and network as fitted with the first seed.

    probabilities : ndarray of shape (45, 3)
        Its probabilities for the test rows.

    predictions : ndarray of shape (45,)
        Its predictions for them.

    report : dict of str to dict or float
        Their :func:`sklearn.metrics.classification_report`.

    published : Published
        What the document reports.

    rerun : Rerun
        What an independent re-run of the document's protocol found.
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    accuracies: NDArray[np.float64]
    curves: Mapping[str, NDArray[np.float64]]
    pipeline: Pipeline
    probabilities: NDArray[np.float64]
    predictions: NDArray[np.int_]
    report: Mapping[str, Any]
    published: Published
    rerun: Rerun

    @property
    def accuracy(self) -> Spread:
        """Accuracy on the test rows, over seeds."""
        return Spread.of(self.accuracies)

    @property
    def wobble(self) -> Spread:
        """Standard deviation of the test accuracy over the second half of a run, over seeds."""
        accuracy = self.curves["valid_accuracy"]
        return Spread.of(accuracy[:, accuracy.shape[1] // 2 :].std(axis=1))

    @property
    def overfit(self) -> Spread:
        """Test loss after the last epoch over the lowest of the run, over seeds; 1 is none."""
        loss = self.curves["valid_loss"]
        return Spread.of(loss[:, -1] / loss.min(axis=1))

    @property
    def turning_epoch(self) -> float:
        """Epoch, counted from 1, at which the test loss is lowest: the median over seeds."""
        return float(np.median(self.curves["valid_loss"].argmin(axis=1) + 1))

    @property
    def history(self) -> History:
        """Training history with the first seed, every batch of it."""
        return self.pipeline[-1].history_

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the network, but for the seed."""
        parameters = self.pipeline[-1].get_params()
        del parameters["random_state"]
        return parameters


@dataclass(frozen=True)
class ProducersResult:
    """What the producers study found.

    Parameters
    ----------
    split : ProducersSplit
        The training and the test rows.

    epochs : int
        Epochs of each fit.

    seeds : tuple of int
        The seeds.

    models : tuple of ProducersModel
        One for each penalty: none, L2, L1. ``result["l2"]`` is the one of that name.
    """

    split: ProducersSplit
    epochs: int
    seeds: tuple[int, ...]
    models: tuple[ProducersModel, ...]

    def __getitem__(self, name: str) -> ProducersModel:
        """Return the model of that name."""
        if name not in self._by_name:
            raise KeyError(f"model must be one of {list(self._by_name)}, got {name!r}")
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, ProducersModel]:
        return {model.name: model for model in self.models}

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know when reading the figures, the document's mistakes among it."""
        return NOTES
