"""What training looked like, epoch by epoch and, if recorded, batch by batch."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


def epoch_columns(score: str) -> tuple[str, ...]:
    """Names of the columns with a value an epoch, of a history with this score."""
    train, valid = ("train_loss", "penalty", f"train_{score}"), ("valid_loss", f"valid_{score}")
    return (*train, *valid, "learning_rate", "seconds")


def batch_columns(score: str) -> tuple[str, ...]:
    """Names of the columns with a value a batch."""
    return ("train_loss", f"train_{score}", "valid_loss", f"valid_{score}")


class History:
    """The record of one model's training.

    ``history["train_loss"]`` is a column as an array of one value an epoch. Columns:

    - ``train_loss``: the data term of the objective over the epoch's batches, each taken before
      its update; ``penalty``: the penalty terms at the epoch's end.
    - ``train_accuracy``, of a regressor ``train_r2``: over the same batches.
    - ``valid_loss``, and ``valid_accuracy`` or ``valid_r2``: on the validation rows, after the
      epoch; NaN without any.
    - ``learning_rate``: of the epoch's last update; ``seconds``: the epoch's wall time.

    All of them are weighted by the rows' weights. Losses of a regressor that scales its target
    are on the scale that it trains on.

    Parameters
    ----------
    epochs : dict of str to sequence of float, optional
        The columns, of equal length; by default all of the above, empty.
    batches : dict of str to dict of int to ndarray, optional
        With ``record="batch"``: by epoch, from 1, an array of one value a batch, for the training
        batches and for the validation rows cut into batches of the same size.
    score : {"accuracy", "r2"}, default="accuracy"
        Which columns a history without `epochs` has; with them, they say so.

    Attributes
    ----------
    score : str
        "accuracy", or "r2" for regressors.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.training import History
    >>> list(History().epochs)[:5]
    ['train_loss', 'penalty', 'train_accuracy', 'valid_loss', 'valid_accuracy']
    >>> history = History({"train_loss": [0.7, 0.4, 0.5], "learning_rate": [0.1, 0.1, 0.02]})
    >>> history
    History(3 epochs; last: train_loss=0.5, learning_rate=0.02)
    >>> history["train_loss"], history.best_epoch("train_loss")
    (array([0.7, 0.4, 0.5]), 2)
    >>> history.append_batches({"train_loss": np.array([0.25, 0.75])})
    >>> history.volatility("train_loss")
    array([nan, nan, 0.5])
    """

    # Copies share the arrays, so that a copy costs nothing however long the past is. Each of them
    # sees the epochs up to its own length; appending copies only where another has gone further.

    def __init__(
        self,
        epochs: Mapping[str, Sequence[float]] | None = None,
        batches: Mapping[str, Mapping[int, NDArray[np.float64]]] | None = None,
        score: str = "accuracy",
    ) -> None:
        if epochs is None:
            epochs = dict.fromkeys(epoch_columns(score), ())
        elif any(name.endswith("_r2") for name in epochs):
            score = "r2"
        self.score = score
        self._columns = {name: array("d", values) for name, values in epochs.items()}
        self._batches = {name: dict((batches or {}).get(name, {})) for name in batch_columns(score)}
        lengths = {name: len(column) for name, column in self._columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"`epochs` must have columns of equal length, got {lengths}")
        (self._n_epochs,) = set(lengths.values())

    def __len__(self) -> int:
        """Return the number of epochs."""
        return self._n_epochs

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        """Return one column, shape (n_epochs,)."""
        if column not in self._columns:
            raise KeyError(f"column must be one of {list(self._columns)}, got {column!r}")
        return np.array(self._columns[column][: self._n_epochs])

    def __repr__(self) -> str:
        """Show length and last epoch."""
        if not len(self):
            return "History(0 epochs)"
        last = ", ".join(f"{name}={value:.4g}" for name, value in self.at(len(self)).items())
        return f"History({len(self)} epochs; last: {last})"

    def __getstate__(self) -> dict[str, Any]:
        """Return what this one holds, without what others have appended."""
        n_epochs = self._n_epochs
        return {
            "epochs": {name: column[:n_epochs] for name, column in self._columns.items()},
            "batches": self.batches,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what `__getstate__` returned."""
        self.__init__(**state)  # type: ignore[misc]

    @property
    def epochs(self) -> dict[str, list[float]]:
        """The columns as lists, in a dict of the caller's own."""
        return {name: column[: self._n_epochs].tolist() for name, column in self._columns.items()}

    @property
    def batches(self) -> dict[str, dict[int, NDArray[np.float64]]]:
        """The batch values by column and epoch, in dicts of the caller's own."""
        return {
            name: {epoch: row for epoch, row in values.items() if epoch <= self._n_epochs}
            for name, values in self._batches.items()
        }

    def at(self, epoch: int) -> dict[str, float]:
        """Return the values of one epoch, counted from 1, by column.

        Raises
        ------
        IndexError
            If there is no such epoch.
        """
        if not 1 <= epoch <= self._n_epochs:
            raise IndexError(f"`epoch` must be from 1 to {self._n_epochs}, got {epoch}")
        return {name: column[epoch - 1] for name, column in self._columns.items()}

    def append(self, row: Mapping[str, float]) -> None:
        """Add an epoch; `row` has a value for every column."""
        if any(len(column) != self._n_epochs for column in self._columns.values()):
            self.__setstate__(self.__getstate__())
        for name, column in self._columns.items():
            column.append(row[name])
        # Last of all: an interrupt on the way leaves the epochs as they were.
        self._n_epochs += 1

    def append_batches(self, row: Mapping[str, NDArray[np.float64]]) -> None:
        """Add the batch values of the epoch that was appended last."""
        for name, values in row.items():
            self._batches[name][len(self)] = values

    def truncate(self, n_epochs: int) -> None:
        """Forget the epochs after the first `n_epochs`."""
        self._n_epochs = min(self._n_epochs, n_epochs)

    def copy(self) -> History:
        """Return a copy that later epochs leave alone, at no cost of its own."""
        copy = object.__new__(History)
        copy.__dict__.update(self.__dict__)
        return copy

    def best_epoch(
        self,
        monitor: Literal["train_loss", "valid_loss", "valid_accuracy", "valid_r2"] = "valid_loss",
    ) -> int:
        """Return the epoch, counted from 1, at which `monitor` was best.

        Raises
        ------
        ValueError
            If no validation rows were given and `monitor` needs them.
        """
        column = self[monitor]
        if not len(column) or np.isnan(column).all():
            raise ValueError(
                f"`monitor`={monitor!r} has no values: fit with `X_val` and `y_val`, or with "
                "`early_stopping=True`."
            )
        best = np.nanargmin if monitor.endswith("loss") else np.nanargmax
        return int(best(column)) + 1

    def volatility(self, column: str = "train_loss") -> NDArray[np.float64]:
        """Return highest minus lowest batch value within each epoch, shape (n_epochs,).

        NaN for an epoch whose batches were not recorded.

        Parameters
        ----------
        column : {"train_loss", "train_accuracy", "valid_loss", "valid_accuracy"}
            Which of the batch values; of regressors, r2 instead of accuracy.

        Raises
        ------
        KeyError
            If there is no such column.
        ValueError
            If batches were not recorded.
        """
        if column not in self._batches:
            raise KeyError(f"column must be one of {list(self._batches)}, got {column!r}")
        values = self.batches[column]
        if not values:
            raise ValueError(
                f"no batch values of {column!r} were recorded: fit with `record='batch'`"
                + (" and with validation data." if column.startswith("valid") else ".")
            )
        volatility = np.full(len(self), np.nan)
        for epoch, batch_values in values.items():
            volatility[epoch - 1] = np.nanmax(batch_values) - np.nanmin(batch_values)
        return volatility

    def to_frame(self, level: Literal["epoch", "batch"] = "epoch") -> pd.DataFrame:
        """Return the record as a data frame.

        Parameters
        ----------
        level : {"epoch", "batch"}, default="epoch"
            One row an epoch, indexed by ``epoch`` from 1, with volatility columns where batches
            were recorded; or one row a training batch, indexed by ``epoch`` and ``batch``.
        """
        import pandas as pd

        if level == "epoch":
            index = pd.RangeIndex(1, len(self) + 1, name="epoch")
            frame = pd.DataFrame(self.epochs, index=index)
            for name, values in self.batches.items():
                if values:
                    frame[f"{name}_volatility"] = self.volatility(name)
            return frame
        if level != "batch":
            raise ValueError(f"`level` must be 'epoch' or 'batch', got {level!r}")
        self.volatility("train_loss")  # raises where there is nothing to show
        batches = self.batches
        recorded = batches["train_loss"]
        sizes = [len(values) for values in recorded.values()]
        rows = pd.MultiIndex.from_arrays(
            [
                np.repeat(list(recorded), sizes),
                np.concatenate([np.arange(1, size + 1) for size in sizes]),
            ],
            names=["epoch", "batch"],
        )
        names = ("train_loss", f"train_{self.score}")
        columns = {name: np.concatenate(list(batches[name].values())) for name in names}
        return pd.DataFrame(columns, index=rows)
