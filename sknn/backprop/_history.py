"""What training looked like, epoch by epoch and, if recorded, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

EPOCH_COLUMNS = (
    "train_loss",
    "penalty",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "learning_rate",
    "seconds",
)
BATCH_COLUMNS = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")


@dataclass
class History:
    """The record of one model's training.

    ``history["train_loss"]`` is a column as an array of one value an epoch. Columns:

    - ``train_loss``: the data term of the objective over the epoch's batches, each taken before
      its update; ``penalty``: the penalty terms at the epoch's end.
    - ``train_accuracy``: over the same batches.
    - ``valid_loss``, ``valid_accuracy``: on the validation rows, after the epoch; NaN without any.
    - ``learning_rate``: of the epoch's last update; ``seconds``: the epoch's wall time.

    Losses and accuracies are weighted by the rows' weights.

    Parameters
    ----------
    epochs : dict of str to list of float
        The columns.
    batches : dict of str to dict of int to ndarray
        With ``record="batch"``: by epoch, from 1, an array of one value a batch, for the training
        batches and for the validation rows cut into batches of the same size.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.backprop import History
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

    epochs: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in EPOCH_COLUMNS}
    )
    batches: dict[str, dict[int, NDArray[np.float64]]] = field(
        default_factory=lambda: {name: {} for name in BATCH_COLUMNS}
    )

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.epochs["train_loss"])

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        """Return one column, shape (n_epochs,)."""
        if column not in self.epochs:
            raise KeyError(f"column must be one of {list(self.epochs)}, got {column!r}")
        return np.array(self.epochs[column])

    def __repr__(self) -> str:
        """Show length and last epoch."""
        if not len(self):
            return "History(0 epochs)"
        last = ", ".join(f"{name}={column[-1]:.4g}" for name, column in self.epochs.items())
        return f"History({len(self)} epochs; last: {last})"

    def append(self, row: dict[str, float]) -> None:
        """Add an epoch; `row` has a value for every column."""
        for name, column in self.epochs.items():
            column.append(row[name])

    def append_batches(self, row: dict[str, NDArray[np.float64]]) -> None:
        """Add the batch values of the epoch that was appended last."""
        for name, values in row.items():
            self.batches[name][len(self)] = values

    def truncate(self, n_epochs: int) -> None:
        """Forget the epochs after the first `n_epochs`."""
        for column in self.epochs.values():
            del column[n_epochs:]
        for values in self.batches.values():
            for epoch in [epoch for epoch in values if epoch > n_epochs]:
                del values[epoch]

    def copy(self) -> History:
        """Return a copy that later epochs leave alone."""
        return History(
            {name: list(column) for name, column in self.epochs.items()},
            {name: dict(values) for name, values in self.batches.items()},
        )

    def best_epoch(
        self, monitor: Literal["train_loss", "valid_loss", "valid_accuracy"] = "valid_loss"
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
        best = np.nanargmax(column) if monitor.endswith("accuracy") else np.nanargmin(column)
        return int(best) + 1

    def volatility(self, column: str = "train_loss") -> NDArray[np.float64]:
        """Return highest minus lowest batch value within each epoch, shape (n_epochs,).

        NaN for an epoch whose batches were not recorded.

        Parameters
        ----------
        column : {"train_loss", "train_accuracy", "valid_loss", "valid_accuracy"}
            Which of the batch values.

        Raises
        ------
        KeyError
            If there is no such column.
        ValueError
            If batches were not recorded.
        """
        if column not in self.batches:
            raise KeyError(f"column must be one of {list(self.batches)}, got {column!r}")
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
        recorded = self.batches["train_loss"]
        sizes = [len(values) for values in recorded.values()]
        rows = pd.MultiIndex.from_arrays(
            [
                np.repeat(list(recorded), sizes),
                np.concatenate([np.arange(1, size + 1) for size in sizes]),
            ],
            names=["epoch", "batch"],
        )
        names = ("train_loss", "train_accuracy")
        columns = {name: np.concatenate(list(self.batches[name].values())) for name in names}
        return pd.DataFrame(columns, index=rows)
