"""What the yeast study returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from sknn.studies._beside import Figure, beside, beside_other
from sknn.studies._published_yeast import REASONS, YEAST_NOTES, PublishedYeast, RerunYeast
from sknn.studies._results import Spread
from sknn.studies._scores import score
from sknn.studies._yeast_architectures import YeastArchitectures
from sknn.studies._yeast_protocol import YeastSplit
from sknn.studies._yeast_table import YeastTable

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from sknn.model_selection import StackedGridSearchCV
    from sknn.training import History

# Half a unit of the last digit of figures that the document prints with fewer digits than others.
HALF_UNITS = {("adam", "train_loss"): 5e-4}
# The epochs of its runs on the first split and on the second.
DOCUMENT_EPOCHS = (100, 1000)
CURVES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")


@dataclass(frozen=True)
class YeastModel:
    """What the yeast study found for one of its models.

    Parameters
    ----------
    name : str
        Short name.

    title : str
        Name for people.

    split : YeastSplit
        The rows that it was trained and tested on: one of the document's two splits.

    seeds : tuple of int
        The seeds.

    pipelines : tuple of Pipeline
        Scaler and network as fitted with each seed.

    probabilities : ndarray of shape (n_seeds, n_test, 10)
        Their probabilities for the test rows.

    other_splits : DataFrame of shape (n_splits, 3)
        ``accuracy``, ``macro_f1`` and ``log_loss`` on the test rows of other splits, each with one
        network; indexed by the split's ``random_state``, which is the network's seed too.

    published : PublishedYeast, default=None
        What the document reports, if it has this model.

    rerun : RerunYeast, default=None
        What an independent re-run of its protocol found, if it has this model.
    """

    name: str
    title: str
    split: YeastSplit
    seeds: tuple[int, ...]
    pipelines: tuple[Pipeline, ...]
    probabilities: NDArray[np.float64]
    other_splits: pd.DataFrame
    published: PublishedYeast | None = None
    rerun: RerunYeast | None = None

    @property
    def classes(self) -> NDArray[np.str_]:
        """The sites, in the order of the probabilities."""
        return self.pipelines[0].classes_

    @cached_property
    def predictions(self) -> NDArray[np.str_]:
        """The sites that are predicted for the test rows, shape (n_seeds, n_test)."""
        return self.classes[self.probabilities.argmax(axis=2)]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Accuracy, macro F1, log loss on the test rows, and accuracy on those without a twin.

        Indexed by seed.
        """
        import pandas as pd

        y, alone = self.split.y_test.to_numpy(), ~self.split.twins
        rows = []
        for probabilities in self.probabilities:
            scores = score(y, probabilities, self.classes)
            alone_scores = score(y[alone], probabilities[alone], self.classes)
            rows.append({**scores, "accuracy_without_twins": alone_scores["accuracy"]})
        return pd.DataFrame(rows, index=pd.Index(self.seeds, name="seed"))

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """Accuracy on the test rows, for each seed."""
        return self.scores["accuracy"].to_numpy()

    @property
    def accuracy(self) -> Spread:
        """Accuracy on the test rows, over seeds."""
        return Spread.of(self.accuracies)

    @property
    def macro_f1(self) -> Spread:
        """Mean F1 score over the sites on the test rows, over seeds."""
        return Spread.of(self.scores["macro_f1"])

    def values(self, figure: str) -> NDArray[np.float64]:
        """A figure for each seed.

        Parameters
        ----------
        figure : str
            A column of `scores`, or of the histories, whose last epoch counts.

        Returns
        -------
        values : ndarray of shape (n_seeds,)
            NaN for a validation figure where there were no validation rows.
        """
        if figure in self.scores:
            return self.scores[figure].to_numpy()
        return np.array([history[figure][-1] for history in self.histories])

    def last(self, column: str) -> Spread:
        """A figure of the last epoch, over seeds.

        Parameters
        ----------
        column : str
            A column of the histories: ``"train_loss"``, ``"valid_loss"`` and so on.

        Returns
        -------
        spread : Spread
            Of NaN for a validation figure where there were no validation rows.
        """
        return Spread.of(self.values(column))

    @property
    def histories(self) -> tuple[History, ...]:
        """Training history with each seed."""
        return tuple(pipeline[-1].history_ for pipeline in self.pipelines)

    @property
    def history(self) -> History:
        """Training history with the first seed."""
        return self.histories[0]

    @property
    def curves(self) -> dict[str, NDArray[np.float64]]:
        """Loss and accuracy of each epoch, by column: arrays of shape (n_seeds, epochs)."""
        return {name: np.stack([history[name] for history in self.histories]) for name in CURVES}

    @property
    def pipeline(self) -> Pipeline:
        """Scaler and network as fitted with the first seed."""
        return self.pipelines[0]

    @property
    def confusion(self) -> NDArray[np.int_]:
        """Test rows by site and prediction, with the first seed, shape (10, 10)."""
        return confusion_matrix(self.split.y_test, self.predictions[0], labels=self.classes)

    @property
    def mean_confusion(self) -> NDArray[np.float64]:
        """The same on average over seeds."""
        matrices = [
            confusion_matrix(self.split.y_test, predictions, labels=self.classes)
            for predictions in self.predictions
        ]
        return np.mean(matrices, axis=0)

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the network, but for the seed."""
        parameters = self.pipeline[-1].get_params()
        del parameters["random_state"]
        return parameters


@dataclass(frozen=True)
class YeastResult:
    """What the yeast study found.

    Parameters
    ----------
    table : YeastTable
        The look at the data.

    engine : {"scratch", "torch"}
        What trained the networks.

    seeds : tuple of int
        The seeds.

    optimizers : tuple of YeastModel
        The four ways to train on the document's first split.

    regularizers : tuple of YeastModel
        None, M1, M2 and M3 on the document's second split.

    architectures : YeastArchitectures or None
        Fewer and more neurons, more layers, normalization and residual connections, on the second
        split; None if not asked for. Not among the models that the result iterates over.

    tuned : YeastModel or None
        The 8-32-10 network with the dropout and λ that `search` found; None if not asked for.

    search : StackedGridSearchCV or None
        The search over dropout and λ by cross-validation on the training rows.

    untrained_accuracies : ndarray of shape (n_seeds,)
        Accuracy on the test rows of the first split of networks that were never trained.
    """

    table: YeastTable
    engine: str
    seeds: tuple[int, ...]
    optimizers: tuple[YeastModel, ...]
    regularizers: tuple[YeastModel, ...]
    architectures: YeastArchitectures | None
    tuned: YeastModel | None
    search: StackedGridSearchCV | None
    untrained_accuracies: NDArray[np.float64]

    def __iter__(self) -> Iterator[YeastModel]:
        """All models, in the order of the study."""
        yield from (*self.optimizers, *self.regularizers)
        if self.tuned is not None:
            yield self.tuned

    def __getitem__(self, name: str) -> YeastModel:
        """Return the model of that name."""
        models = {model.name: model for model in self}
        if name not in models:
            raise KeyError(f"model must be one of {list(models)}, got {name!r}")
        return models[name]

    @property
    def best(self) -> YeastModel:
        """The model with the lowest loss on the validation rows, on average over seeds.

        The document chooses by the test rows, whose accuracy then says too much.
        """
        validated = [model for model in self if model.split.X_valid is not None]
        return min(validated, key=lambda model: model.last("valid_loss").mean)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know when reading the figures, the document's mistakes among it."""
        return YEAST_NOTES

    def beside_document(self) -> pd.DataFrame:
        """Every figure of the document beside ours.

        Returns
        -------
        frame : DataFrame of shape (20, 8)
            Indexed by ``model`` and ``figure``: the ``document``'s, the ``mean``, ``sd``,
            ``lowest`` and ``highest`` of ours over seeds, the mean of an independent ``rerun``,
            whether the document's lies ``inside`` our range, and if it does not, an
            ``explanation``.
        """
        return beside(
            (
                Figure(
                    model.name,
                    name,
                    printed,
                    model.values(name),
                    HALF_UNITS.get((model.name, name), 5e-5),
                    (DOCUMENT_EPOCHS[model.split.X_valid is not None], len(model.history)),
                    getattr(model.rerun, name, None),
                )
                for model in self
                if model.published is not None
                for name, printed in vars(model.published).items()
                if printed is not None
            ),
            REASONS,
        )

    def beside(self, other: YeastResult) -> pd.DataFrame:
        """Figures over seeds beside those of another run, as a rule with the other engine.

        Parameters
        ----------
        other : YeastResult
            Of the same seeds.

        Returns
        -------
        frame : DataFrame of shape (n_figures, 5)
            Indexed by ``model`` and ``figure``: ``mean`` and ``sd`` of ours, ``other_mean`` and
            ``other_sd``, and the ``largest_difference`` of a seed's two values. Without dropout
            engines differ by rounding errors; with it they draw other masks.

        Raises
        ------
        TypeError
            If `other` is the result of another study.
        ValueError
            If it is of other seeds.
        """
        return beside_other(self, other, ("accuracy", "macro_f1", "train_loss", "valid_loss"))

    def to_frame(self) -> pd.DataFrame:
        """One row for each model: its figures over seeds, and those of others.

        Returns
        -------
        frame : DataFrame of shape (n_models, n_columns)
            Indexed by the models' names. For each of ``accuracy``, ``macro_f1``, ``train_loss``,
            ``train_accuracy`` and ``valid_loss`` the mean, its ``_sd``, ``_lowest`` and
            ``_highest`` over seeds, the ``document``'s figure and, where there is one, the
            independent re-run's mean ``rerun``; for ``accuracy`` and ``macro_f1`` also mean and
            sd over ``other_splits``. Columns have two levels: figure and statistic.
        """
        import pandas as pd

        rows = {model.name: dict(_figures(model)) for model in self}
        frame = pd.DataFrame.from_dict(rows, orient="index")
        frame.columns = pd.MultiIndex.from_tuples(frame.columns, names=["figure", "statistic"])  # type: ignore[arg-type]
        return frame.rename_axis("model")


def _figures(model: YeastModel) -> Iterator[tuple[tuple[str, str], float | None]]:
    spreads = {
        "accuracy": model.accuracy,
        "macro_f1": model.macro_f1,
        "train_loss": model.last("train_loss"),
        "train_accuracy": model.last("train_accuracy"),
        "valid_loss": model.last("valid_loss"),
    }
    for name, spread in spreads.items():
        yield (name, "mean"), spread.mean
        yield (name, "sd"), spread.sd
        yield (name, "lowest"), spread.lowest
        yield (name, "highest"), spread.highest
        yield (name, "document"), getattr(model.published, name, None)
        if name in model.other_splits:
            yield (name, "rerun"), getattr(model.rerun, name, None)
            others = model.other_splits[name]
            yield (name, "other_splits"), others.mean()
            yield (name, "other_splits_sd"), others.std()
