"""What the producers study returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from sklearn.metrics import classification_report

from sknn.studies._beside import Figure, beside, beside_other
from sknn.studies._published import NOTES, Published, Rerun
from sknn.studies._results import Spread

# The document prints two digits.
HALF_UNIT = 0.005
# And trains for so many.
DOCUMENT_EPOCHS = 1000

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from sknn.training import History


@dataclass(frozen=True)
class ProducersSplit:
    """A split of the producers table; every model of the study is trained on the same.

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

    random_state : int, default=0
        The seed of the split; the document's is 0.
    """

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series
    target_names: list[str]
    random_state: int = 0


@dataclass(frozen=True)
class ProducersRuns:
    """The fits of one network, with many seeds.

    Parameters
    ----------
    name : str
        Short name.

    title : str
        Name for people.

    seeds : tuple of int
        The seeds; the first is the one of which everything is kept.

    accuracies : ndarray of shape (n_seeds,)
        Accuracy on the test rows after the last epoch, for each seed.

    curves : dict of str to ndarray of shape (n_seeds, epochs)
        ``train_loss``, ``train_accuracy``, ``valid_loss`` and ``valid_accuracy`` of each epoch,
        for each seed, as in :class:`sknn.training.History`.

    pipeline : Pipeline
        Scaler and network as fitted with the first seed.

    probabilities : ndarray of shape (45, 3)
        Its probabilities for the test rows.

    predictions : ndarray of shape (45,)
        Its predictions for them.

    all_predictions : ndarray of shape (n_seeds, 45)
        The predictions with each seed.

    report : dict of str to dict or float
        Their :func:`sklearn.metrics.classification_report`.

    other_splits : DataFrame of shape (n_splits, 3)
        ``accuracy``, ``macro_f1`` and ``log_loss`` on the test rows of other splits, each with one
        network; indexed by the split's ``random_state``, which is the network's seed too.
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    accuracies: NDArray[np.float64]
    curves: Mapping[str, NDArray[np.float64]]
    pipeline: Pipeline
    probabilities: NDArray[np.float64]
    predictions: NDArray[np.int_]
    all_predictions: NDArray[np.int_]
    report: Mapping[str, Any]
    other_splits: pd.DataFrame

    @property
    def accuracy(self) -> Spread:
        """Accuracy on the test rows, over seeds."""
        return Spread.of(self.accuracies)

    def values(self, figure: str) -> NDArray[np.float64]:
        """A figure for each seed.

        Parameters
        ----------
        figure : str
            ``"accuracy"``, or one of the `curves`, whose last epoch counts.

        Returns
        -------
        values : ndarray of shape (n_seeds,)
            The figures.
        """
        return self.accuracies if figure == "accuracy" else self.curves[figure][:, -1]

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
    def spikes(self) -> Spread:
        """Share of the epochs in the second half of a run whose training loss is a spike.

        It is then more than twice the running median over 41 epochs.
        """
        loss = self.curves["train_loss"]
        is_spike = loss > 2 * median_filter(loss, (1, 41))
        return Spread.of(is_spike[:, loss.shape[1] // 2 :].mean(axis=1))

    @property
    def zeros(self) -> list[float]:
        """Share of each layer's weights that are exactly zero, with the first seed."""
        return [float(np.mean(coef == 0)) for coef in self.pipeline[-1].coefs_]

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
class ProducersModel(ProducersRuns):
    """What the producers study found for one of the document's models: none, L2, L1.

    Parameters
    ----------
    name, title, seeds, accuracies, curves, pipeline, probabilities, predictions, \
all_predictions, report, other_splits
        As of :class:`ProducersRuns`; the name is the penalty's: ``"none"``, ``"l2"``, ``"l1"``.

    published : Published
        What the document reports.

    rerun : Rerun
        What an independent re-run of the document's protocol found.
    """

    published: Published
    rerun: Rerun


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

    alternatives : tuple of ProducersRuns, default=()
        What one would do instead, if it was asked for: ``result["adam"]``, ``result["l1_prox"]``.

    engine : {"scratch", "torch"}, default="scratch"
        What trained the networks.
    """

    split: ProducersSplit
    epochs: int
    seeds: tuple[int, ...]
    models: tuple[ProducersModel, ...]
    alternatives: tuple[ProducersRuns, ...] = ()
    engine: str = "scratch"

    def __iter__(self) -> Iterator[ProducersRuns]:
        """All models, in the order of the study."""
        yield from (*self.models, *self.alternatives)

    def __getitem__(self, name: str) -> Any:
        """Return the model of that name."""
        if name not in self._by_name:
            raise KeyError(f"model must be one of {list(self._by_name)}, got {name!r}")
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, ProducersRuns]:
        return {model.name: model for model in self}

    @property
    def table(self) -> pd.DataFrame:
        """All rows of the table, the producer in the last column, as they were before the split."""
        import pandas as pd

        X = pd.concat([self.split.X_train, self.split.X_test])
        y = pd.concat([self.split.y_train, self.split.y_test])
        return X.assign(**{str(y.name): y}).sort_index()

    def beside_document(self) -> pd.DataFrame:
        """Every figure of the document beside ours.

        Returns
        -------
        frame : DataFrame of shape (48, 8)
            Indexed by ``model`` and ``figure``: the ``document``'s, the ``mean``, ``sd``,
            ``lowest`` and ``highest`` of ours over seeds, the mean of an independent ``rerun``,
            whether the document's lies ``inside`` our range, but for rounding, and if it does not,
            an ``explanation``.
        """
        figures, epochs = [], (DOCUMENT_EPOCHS, self.epochs)
        for model in self.models:
            rerun = model.rerun.mean
            figures.append(
                Figure(
                    model.name,
                    "accuracy",
                    model.published.accuracy,
                    model.accuracies,
                    HALF_UNIT,
                    epochs,
                    rerun,
                )
            )
            reports = [self._report(predictions) for predictions in model.all_predictions]
            for name, row in model.published.report.items():
                for measure in ("precision", "recall", "f1-score"):
                    ours = [report[name][measure] for report in reports]
                    title = f"{name}: {measure}"
                    figures.append(Figure(model.name, title, row[measure], ours, HALF_UNIT, epochs))
        return beside(figures, {})

    def beside(self, other: ProducersResult) -> pd.DataFrame:
        """Figures over seeds beside those of another run, as a rule with the other engine.

        Parameters
        ----------
        other : ProducersResult
            Of the same seeds.

        Returns
        -------
        frame : DataFrame of shape (n_figures, 5)
            Indexed by ``model`` and ``figure``: ``mean`` and ``sd`` of ours, ``other_mean`` and
            ``other_sd``, and the ``largest_difference`` of a seed's two values. Without dropout
            engines differ by rounding errors; after a thousand epochs of steep descent these may
            have grown.

        Raises
        ------
        TypeError
            If `other` is the result of another study.
        ValueError
            If it is of other seeds.
        """
        return beside_other(self, other, ("accuracy", "train_loss", "valid_loss"))

    def _report(self, predictions: NDArray[np.int_]) -> dict[str, Any]:
        return classification_report(
            self.split.y_test,
            predictions,
            target_names=self.split.target_names,
            output_dict=True,
            zero_division=0.0,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know when reading the figures, the document's mistakes among it."""
        return NOTES
