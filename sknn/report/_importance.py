"""What each column is worth to a model: what is lost when its values are shuffled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance

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
class Cost:
    """What a shuffle makes worse, and how that is shown.

    Parameters
    ----------
    key : str
        Its name in the tree of figures.
    header, axis : str
        What to call it in a table, and beside an axis.
    digits : int
        Decimals.
    factor : float, default=1.0
        What to multiply it by.
    """

    key: str
    header: str
    axis: str
    digits: int
    factor: float = 1.0


# Scores an estimator by each cost, so that more is better.
Scoring = Callable[[Any, Any, Any], dict[str, float]]


@dataclass(frozen=True)
class Importance:
    """What shuffles did, the most important column first.

    Parameters
    ----------
    names : list of str of length n_columns
        The columns.
    costs : dict of Cost to ndarray of shape (n_columns, n_repeats)
        What was lost; columns are ordered by the first.
    n_rows : int
        Rows that each was measured on.
    """

    names: list[str]
    costs: dict[Cost, NDArray[np.float64]]
    n_rows: int

    @property
    def leading(self) -> tuple[Cost, NDArray[np.float64]]:
        """What columns are ordered by."""
        return next(iter(self.costs.items()))

    def to_dict(self) -> dict[str, dict[str, float]]:
        """The means by column."""
        return {
            name: {cost.key: float(values[k].mean()) for cost, values in self.costs.items()}
            for k, name in enumerate(self.names)
        }


def measure_importance(
    estimator: Any,
    X: Any,
    y: Any,
    names: list[str],
    *,
    costs: Sequence[Cost],
    scoring: Scoring,
    n_repeats: int | None,
    random_state: Any,
) -> Importance:
    """Shuffle each column of `X`, and measure; columns are ordered by the first of `costs`."""
    n_rows = min(len(y), MOST_ROWS)
    if n_repeats is None:
        n_repeats = int(np.clip(MOST_SHUFFLES // len(names), 1, MOST_REPEATS))
    rows, score = X, scoring
    if is_frame(X) and not hasattr(X, "iloc"):
        # scikit-learn would make an array of another library's frame, without names and types.
        rows, score = _places(X), partial(_of_places, X, scoring)
    results: Any = permutation_importance(
        estimator,
        rows,
        y,
        scoring=score,
        n_repeats=n_repeats,
        random_state=random_state,
        max_samples=n_rows,
    )
    found = {cost: results[cost.key].importances[: len(names)] for cost in costs}
    order = np.argsort(-found[costs[0]].mean(axis=1), kind="stable")
    return Importance(
        [names[k] for k in order], {cost: values[order] for cost, values in found.items()}, n_rows
    )


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
    n_repeats = found.leading[1].shape[1]
    text = (
        f"Each column in turn was shuffled {count(n_repeats, 'time')} among "
        f"{count(found.n_rows, 'row')}. Columns that say the same stand in for each other, so each "
        "seems to matter little."
    )
    header = ["column", *(cell for cost in found.costs for cell in (cost.header, "± sd"))]
    rows = []
    for k, name in enumerate(found.names):
        row = [name]
        for cost, values in found.costs.items():
            own = cost.factor * values[k]
            row += [signed(own.mean(), cost.digits), f"{own.std():.{cost.digits}f}"]
        rows.append(row)
    table = Table("What a shuffle of a column costs, in figures", header, rows, beside=True)
    return Section("What its columns are worth", [Text(text), _picture(found), table])


def _picture(found: Importance) -> Picture:
    cost, costs = found.leading
    names, values = found.names[:MOST_SHOWN], cost.factor * costs[:MOST_SHOWN]
    what = cost.axis

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
