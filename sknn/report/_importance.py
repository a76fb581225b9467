"""What each column is worth to a classifier: what is lost when its values are shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, log_loss

from sknn._frames import is_frame
from sknn.report._blocks import Picture, Section, Table, Text
from sknn.report._canvas import canvas, label
from sknn.report._words import count, signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName

# Rows that one shuffle is measured on at most, and columns that are shown.
MOST_ROWS, MOST_SHOWN = 2000, 25
# Shuffles of one column, and of all, where nobody has said how many.
MOST_REPEATS, MOST_SHUFFLES = 5, 300


@dataclass(frozen=True)
class Importance:
    """What shuffles did, the most important column first.

    Parameters
    ----------
    names : list of str of length n_columns
        The columns.
    accuracy_drop : ndarray of shape (n_columns, n_repeats)
        Accuracy that was lost.
    loss_rise : ndarray of shape (n_columns, n_repeats) or None
        Log loss that was added, in nats; None for a classifier without probabilities.
    n_rows : int
        Rows that each was measured on.
    """

    names: list[str]
    accuracy_drop: NDArray[np.float64]
    loss_rise: NDArray[np.float64] | None
    n_rows: int

    @property
    def leading(self) -> NDArray[np.float64]:
        """What columns are ordered by: the rise of the loss, if there is one."""
        return self.accuracy_drop if self.loss_rise is None else self.loss_rise

    def to_dict(self) -> dict[str, dict[str, float]]:
        """The means by column."""
        columns = {"accuracy_drop": self.accuracy_drop}
        if self.loss_rise is not None:
            columns["log_loss_rise"] = self.loss_rise
        return {
            name: {column: float(values[k].mean()) for column, values in columns.items()}
            for k, name in enumerate(self.names)
        }


def measure_importance(
    estimator: Any, X: Any, y: Any, names: list[str], *, n_repeats: int | None, random_state: Any
) -> Importance:
    """Shuffle each column of `X`, and measure."""
    n_rows = min(len(y), MOST_ROWS)
    if n_repeats is None:
        n_repeats = int(np.clip(MOST_SHUFFLES // len(names), 1, MOST_REPEATS))
    scoring = _accuracy_and_loss if hasattr(estimator, "predict_proba") else _accuracy
    rows: Any = X
    if is_frame(X) and not hasattr(X, "iloc"):
        # scikit-learn would make an array of another library's frame, without names and types.
        rows, scoring = _places(X), partial(_of_places, X, scoring)
    results = permutation_importance(
        estimator,
        rows,
        y,
        scoring=scoring,
        n_repeats=n_repeats,
        random_state=random_state,
        max_samples=n_rows,
    )
    drop = results["accuracy"].importances[: len(names)]
    rise = results["loss"].importances[: len(names)] if "loss" in results else None
    leading = drop if rise is None else rise
    order = np.argsort(-leading.mean(axis=1), kind="stable")
    return Importance(
        [names[k] for k in order], drop[order], None if rise is None else rise[order], n_rows
    )


def _accuracy(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    return {"accuracy": float(accuracy_score(y, estimator.predict(X)))}


def _accuracy_and_loss(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    # Both from one prediction; and, unlike scikit-learn's scorer, for rows of some classes only.
    probabilities = estimator.predict_proba(X)
    predicted = estimator.classes_[probabilities.argmax(axis=1)]
    loss = log_loss(y, probabilities, labels=estimator.classes_)
    return {"accuracy": float(accuracy_score(y, predicted)), "loss": -float(loss)}


def _places(X: Any) -> NDArray[np.intp]:
    """For each cell of a frame its row, and two columns more."""
    n_rows, n_columns = X.shape
    return np.repeat(np.arange(n_rows)[:, None], n_columns + 2, axis=1)


def _of_places(X: Any, scoring: Any, estimator: Any, places: NDArray[Any], y: Any) -> Any:
    """Score the frame whose cells were moved as their places were: those of one column at most."""
    import narwhals as nw

    table = nw.from_native(X, eager_only=True)
    # With two columns more most of a row's places are its own, however few columns there are.
    rows = np.median(places, axis=1).astype(np.intp)
    moved = np.flatnonzero((places[:, :-2] != rows[:, None]).any(axis=0))
    shuffled = [table[table.columns[k]][places[:, k].tolist()] for k in moved]
    return scoring(estimator, table[rows.tolist()].with_columns(*shuffled).to_native(), y)


def importance_section(found: Importance) -> Section:
    """A figure and a table of what columns are worth."""
    n_repeats = found.accuracy_drop.shape[1]
    text = (
        f"Each column in turn was shuffled {count(n_repeats, 'time')} among "
        f"{count(found.n_rows, 'row')}. Columns that say the same stand in for each other, so each "
        "seems to matter little."
    )
    columns = {"accuracy lost, points": 100 * found.accuracy_drop}
    digits = [2]
    if found.loss_rise is not None:
        columns = {"log loss added": found.loss_rise, **columns}
        digits = [3, 2]
    header = ["column", *(cell for name in columns for cell in (name, "± sd"))]
    rows = []
    for k, name in enumerate(found.names):
        row = [name]
        for values, places in zip(columns.values(), digits, strict=True):
            row += [signed(values[k].mean(), places), f"{values[k].std():.{places}f}"]
        rows.append(row)
    table = Table("What a shuffle of a column costs, in figures", header, rows, beside=True)
    return Section("What its columns are worth", [Text(text), _picture(found), table])


def _picture(found: Importance) -> Picture:
    by_loss = found.loss_rise is not None
    shown = slice(0, MOST_SHOWN)
    names, values = found.names[shown], found.leading[shown]
    values = values if by_loss else 100 * values
    what = "rise of the log loss" if by_loss else "accuracy lost, in points"

    def draw(theme: ThemeName) -> Figure:
        figure, axes, look = canvas(theme, 5.4, max(2.2, 0.75 + 0.27 * len(names)))
        color, _ = look.line(0)
        places = np.arange(len(names))
        axes.barh(places, values.mean(axis=1), height=0.62, color=color, alpha=0.45)
        for repeat in values.T:
            axes.plot(repeat, places, "o", color=color, markersize=3.5, alpha=0.8)
        axes.axvline(0, color=look.muted, linewidth=0.8)
        axes.set_yticks(places, [label(_short(name)) for name in names])
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(what)
        return figure

    first = [f"{name} ({signed(values[k].mean())})" for k, name in enumerate(names[:3])]
    more = f"The {len(names)} most important of {len(found.names)} columns. "
    return Picture(
        "What a shuffle of a column costs",
        f"Bars of the {what} by column. The first: {', '.join(first)}.",
        draw,
        ("" if len(names) == len(found.names) else more) + "Bars: the mean. Dots: each shuffle.",
    )


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
