"""The table that a model was made for, in words and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sknn._frames import plain_frame
from sknn.report._blocks import Block, Facts, Section, Table, Text
from sknn.report._data import Data
from sknn.report._overview_pictures import overview_pictures
from sknn.report._words import count, number, percent

if TYPE_CHECKING:
    import pandas as pd

# Rows of a table of columns, beyond which it is cut, and says so.
MOST_COLUMNS = 60


class Found(Protocol):
    """What was found on the rows to measure on."""

    def figure_on(self, rows: NDArray[np.bool_]) -> str:
        """The main figure on some of them, in words."""


def as_frame(X: Any, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Any table as a DataFrame; columns without names are called x0, x1 and so on."""
    import pandas as pd
    from scipy import sparse

    X = plain_frame(X)
    if isinstance(X, pd.DataFrame):
        return X.set_axis([str(name) for name in X.columns], axis=1).reset_index(drop=True)
    values = X.toarray() if sparse.issparse(X) else np.asarray(X)  # type: ignore[attr-defined]
    columns = list(names) if names is not None else [f"x{k}" for k in range(values.shape[1])]
    return pd.DataFrame(values, columns=columns)


def overview_section(data: Data, found: Found) -> Section:
    """How many rows, what is predicted, what the columns hold."""
    blocks = overview_blocks(data)
    if data.has_twin.any():
        blocks.insert(1, Text(_twins(data, found)))
    return Section("The table", blocks)


def overview_blocks(data: Data) -> list[Block]:
    """The same, without a heading."""
    frame = data.described
    n_numbers = len(numeric_columns(frame))
    n_missing = int(frame.isna().to_numpy().sum())
    kinds = [
        count(n_numbers, "column of numbers", "columns of numbers"),
        count(frame.shape[1] - n_numbers, "category", "categories"),
    ]
    facts = [
        ("Predicted", data.predicted),
        ("Rows", _rows(data)),
        ("Columns", " and ".join(kind for kind in kinds if not kind.startswith("0 "))),
        (
            "Missing values",
            f"{n_missing:,} in the {data.described_name}, {percent(n_missing / frame.size)}"
            if n_missing
            else f"none in the {data.described_name}",
        ),
    ]
    blocks: list[Block] = [Facts(facts)]
    blocks += [data.target_table(), _column_table(data)]
    if frame.shape[1] > MOST_COLUMNS:
        blocks.append(Text(f"And {frame.shape[1] - MOST_COLUMNS} more columns."))
    return blocks + overview_pictures(data)


def _twins(data: Data, found: Found) -> str:
    text = (
        f"{data.has_twin.sum():,} of the {len(data.X):,} held-out rows stand word for word among "
        "the training rows, where a model can learn them by heart."
    )
    others = ~data.has_twin
    if not others.any():
        return text
    return f"{text} On the other {others.sum()} rows {found.figure_on(others)}."


def numeric_columns(frame: pd.DataFrame) -> list[str]:
    """Columns of numbers, but not of truths."""
    return list(frame.select_dtypes("number").columns)


def _rows(data: Data) -> str:
    if data.y_train is None:
        return f"{len(data.X):,}"
    return f"{len(data.y_train):,} trained on, {len(data.X):,} held out"


def _column_table(data: Data) -> Table:
    frame = data.described
    header = ["column", "missing", "different", "lowest", "median", "highest", "most frequent"]
    rows = [_column(frame[name]) for name in frame.columns[:MOST_COLUMNS]]
    # A table has no column that is empty in all rows.
    filled = [k for k in range(len(header)) if any(row[k] for row in rows)]
    return Table(
        f"Columns, in the {data.described_name}",
        [header[k] for k in filled],
        [[row[k] for k in filled] for row in rows],
        text_columns=[place for place, k in enumerate(filled) if k == 6],
    )


def _column(values: pd.Series) -> list[str]:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    present = values.dropna()
    cells = [str(values.name), f"{len(values) - len(present):,}", f"{present.nunique():,}"]
    if is_numeric_dtype(values) and not is_bool_dtype(values):
        figures = [present.min(), present.median(), present.max()] if len(present) else []
        return [*cells, *([number(figure) for figure in figures] or ["–"] * 3), ""]
    if not len(present):
        return [*cells, "", "", "", "–"]
    counts = present.astype(str).value_counts()
    return [
        *cells,
        "",
        "",
        "",
        f"{_short(counts.index[0])} ({percent(counts.iloc[0] / len(values))})",
    ]


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
