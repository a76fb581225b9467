"""The history of a net, as skorch keeps it: a row of figures for every epoch."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isnan
from typing import Any

from skorch.history import History as SkorchHistory

from sknn.training import History

# What skorch calls scores.
SCORES = {"accuracy": "acc", "r2": "r2"}


def last_row(history: Any) -> dict[str, Any]:
    """The last epoch of a skorch history, which skorch itself finds in a copy of the whole."""
    return list.__getitem__(history, -1)


def skorch_history(history: History) -> SkorchHistory:
    """A history as skorch's nets have it, under the names that skorch has for its columns."""
    names = {
        "train_loss": "train_loss",
        f"train_{history.score}": f"train_{SCORES[history.score]}",
        "valid_loss": "valid_loss",
        f"valid_{history.score}": f"valid_{SCORES[history.score]}",
        "seconds": "dur",
    }
    columns = {name: history.epochs[column] for column, name in names.items()}
    rows = SkorchHistory()
    for i in range(len(history)):
        figures = {name: values[i] for name, values in columns.items() if not isnan(values[i])}
        rows.append({"batches": [], "epoch": i + 1, **figures})
    return rows


class BestFigures:
    """Marks the epochs of a history that were the best so far, as skorch does.

    Parameters
    ----------
    score : str
        Skorch's name of the score.
    rows : iterable of dict
        The epochs so far.
    """

    def __init__(self, score: str, rows: Iterable[dict[str, Any]] = ()) -> None:
        self.score = score
        self._best: dict[str, float] = {}
        for row in rows:
            self.note(row)

    def note(self, row: dict[str, Any], *prefixes: str) -> None:
        """Mark what is best in a row, of training, of validation or of both."""
        for prefix in prefixes or ("train", "valid"):
            for name, sign in ((f"{prefix}_loss", 1), (f"{prefix}_{self.score}", -1)):
                if name in row:
                    value = sign * row[name]
                    row[f"{name}_best"] = is_best = value < self._best.get(name, inf)
                    if is_best:
                        self._best[name] = value
