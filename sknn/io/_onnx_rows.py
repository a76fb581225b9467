"""Rows to try an ONNX model on: the caller's, or some that are made from what a fit has learnt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

if TYPE_CHECKING:
    import pandas as pd

Table: TypeAlias = "pd.DataFrame | np.ndarray"

UNSEEN = "\N{BLACK CHESS QUEEN}"
FEWEST_ROWS, MOST_ROWS = 64, 1000
SHARE_MISSING = 0.2
# Fitted attributes that show where the values of a column lay, and how far apart.
CENTRES = ("mean_", "center_", "data_min_", "statistics_")
SPREADS = ("data_range_", "scale_", "max_abs_", "norms_")


@dataclass(frozen=True)
class Column:
    """A column that a model reads.

    Parameters
    ----------
    place : int
        Its place in the table.
    name : object
        What the frame calls it; its place in an array.
    is_text : bool
        Whether it holds text; otherwise numbers, or true and false.
    values : list
        Some of its values, without missing ones.
    missing : object
        What a missing value is.
    """

    place: int
    name: Any
    is_text: bool
    values: list[Any]
    missing: Any


def as_table(X: Any) -> Table:
    """Rows as a frame of pandas or a dense array.

    Raises
    ------
    ValueError
        If `X` has no rows or is not two-dimensional.
    """
    import pandas as pd

    if hasattr(X, "tocsr"):  # of SciPy
        X = X.tocsr()[:MOST_ROWS].toarray()
    elif hasattr(X, "to_dict") and not isinstance(X, pd.DataFrame):  # of polars
        X = pd.DataFrame({name: values.to_list() for name, values in X.to_dict().items()})
    table = X if isinstance(X, pd.DataFrame) else np.asarray(X)
    if isinstance(table, np.ndarray) and table.dtype.kind == "U":  # of numbers too, maybe
        table = np.asarray(X, dtype=object)
    if table.ndim != 2 or len(table) == 0:
        raise ValueError(f"`X` must be rows of a table, got an array of shape {table.shape}")
    return table


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN or one of the missing values of pandas."""
    import pandas as pd

    return bool(pd.isna(value))


def as_frame(table: Table) -> pd.DataFrame:
    """The table as a frame, whose columns keep the kind of missing values that they have."""
    import pandas as pd

    if not isinstance(table, np.ndarray):
        return table
    return pd.DataFrame(table, dtype=table.dtype if table.dtype.kind in "fiubO" else object)


def selected_names(estimator: Any) -> set[str] | None:
    """The columns that an estimator picks by name; None if it takes all as they come."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[0][1]
    if not isinstance(estimator, ColumnTransformer):
        return None
    chosen = [
        name
        for _, part, columns in estimator.transformers_
        if not (isinstance(part, str) and part == "drop")
        for name in np.ravel(np.asarray(columns, dtype=object)).tolist()
    ]
    return set(chosen) if all(isinstance(name, str) for name in chosen) else None


# ---- columns ----


def columns_of_table(estimator: Any, table: Table) -> list[Column]:
    """The columns of a table that an estimator reads.

    Raises
    ------
    ValueError
        If one holds neither numbers nor text.
    """
    frame, used = as_frame(table), selected_names(estimator)
    columns = [
        _describe(i, name, frame.iloc[:, i])
        for i, name in enumerate(frame.columns)
        if used is None or name in used
    ]
    if all(column.values for column in columns):
        return columns
    # Whether a column without values holds text, only the fit can tell.
    known = {column.name: column for column in columns_of_fit(estimator)}
    return [column if column.values else known.get(column.name, column) for column in columns]


def columns_of_fit(estimator: Any) -> list[Column]:
    """The columns that an estimator reads, by what its first transformers have learnt of them."""
    places = np.arange(estimator.n_features_in_)
    names = getattr(estimator, "feature_names_in_", places)
    known: dict[int, Column] = {}
    _learn(estimator, places, names, known)
    used = selected_names(estimator)
    return [known[i] for i in places.tolist() if used is None or names[i] in used]


def _describe(place: int, name: Any, values: pd.Series) -> Column:
    gaps = values.isna()
    different = values[~gaps].unique().tolist()
    is_text = not all(isinstance(value, Real) for value in different)
    if is_text and not all(isinstance(value, str | Real) for value in different):
        raise ValueError(
            "`X` must have columns of numbers, of text, or of true and false, which is what ONNX "
            f"has; column {name!r} holds {different[0]!r}"
        )
    is_none = values.dtype == object and any(value is None for value in values[gaps])
    return Column(place, name, is_text, different[:MOST_ROWS], None if is_none else np.nan)


def _learn(estimator: Any, places: np.ndarray, names: np.ndarray, known: dict[int, Column]) -> None:
    """Add the columns at `places`, which are those that `estimator` sees, to those `known`."""
    import pandas as pd

    steps = [step for _, step in getattr(estimator, "steps", [("", estimator)])]
    if isinstance(steps[0], Pipeline):
        _learn(steps[0], places, names, known)
    elif isinstance(steps[0], FeatureUnion):
        _learn(steps[0].transformer_list[0][1], places, names, known)
    elif isinstance(steps[0], ColumnTransformer):
        for _, part, columns in steps[0].transformers_:
            at = {name: i for i, name in enumerate(names[places].tolist())}
            _learn(part, places[[at.get(column, column) for column in columns]], names, known)
    draws = np.random.default_rng(0).normal(size=(FEWEST_ROWS, len(places)))
    numbers = _first(steps, CENTRES, 0.0, places) + draws * _first(steps, SPREADS, 1.0, places)
    of_steps = [getattr(step, "categories_", []) for step in steps]
    categories = next((found for found in of_steps if len(found) == len(places)), numbers.T)
    for place, values in zip(places.tolist(), categories, strict=True):
        if place not in known:
            known[place] = _describe(place, names[place], pd.Series(values, dtype=values.dtype))


def _first(
    steps: Sequence[Any], attributes: Sequence[str], default: float, places: np.ndarray
) -> np.ndarray:
    """The first of some fitted attributes that any step has for all columns."""
    for step in steps:
        for attribute in attributes:
            found = np.ravel(np.asarray(getattr(step, attribute, None)))
            if found.dtype.kind == "f" and len(found) >= len(places):
                return np.nan_to_num(found[: len(places)])
    return np.full(len(places), default)


# ---- rows ----


def made_rows(
    estimator: Any,
    columns: Sequence[Column],
    table: Table | None,
    dtype: Any,
    accepts: Callable[[Table], bool],
) -> Table:
    """Rows of values that columns have, made as difficult as the estimator accepts them.

    Parameters
    ----------
    estimator : estimator
        What is to predict them.
    columns : sequence of Column
    table : DataFrame or ndarray, or None
        What all other columns are taken from.
    dtype : dtype
        Of numbers.
    accepts : callable
        Whether the estimator predicts rows.

    Returns
    -------
    rows : DataFrame or ndarray
        With missing values, and values that no row of training had, in each column in which they
        are accepted.
    """

    def make(missing: set[int], unseen: set[int]) -> Table:
        return rows_of(estimator, columns, table, dtype, missing, unseen)

    everywhere = {column.place for column in columns}
    rows = make(everywhere, everywhere)
    if accepts(rows) or not accepts(make(set(), set())):
        return rows
    missing = {place for place in everywhere if accepts(make({place}, set()))}
    unseen = {place for place in everywhere if accepts(make(set(), {place}))}
    return make(missing, unseen)


def rows_of(
    estimator: Any,
    columns: Sequence[Column],
    table: Table | None,
    dtype: Any,
    missing: Collection[int] = (),
    unseen: Collection[int] = (),
) -> Table:
    """Rows as of `made_rows`, difficult in the columns at these places."""
    import pandas as pd

    n_rows = max(len(column.values) for column in columns) + 2
    n_rows = min(max(n_rows, FEWEST_ROWS), MOST_ROWS)
    rng = np.random.default_rng(0)
    made = {
        column.place: _cells(
            column, n_rows, rng, column.place in missing, column.place in unseen, dtype
        )
        for column in columns
    }
    names: Any = getattr(estimator, "feature_names_in_", None)
    if isinstance(table, np.ndarray) or (table is None and names is None):
        return np.column_stack([*made.values()])
    parts = {place: pd.Series(values, dtype=values.dtype) for place, values in made.items()}
    if table is None:
        return pd.DataFrame({names[place]: part for place, part in parts.items()})
    some = table.iloc[np.resize(np.arange(len(table)), n_rows)].reset_index(drop=True)
    whole = [parts.get(i, some.iloc[:, i]) for i in range(some.shape[1])]
    return pd.concat(whole, axis=1).set_axis(table.columns, axis=1)


def _cells(
    column: Column,
    n_rows: int,
    rng: np.random.Generator,
    has_missing: bool,
    has_unseen: bool,
    dtype: Any,
) -> np.ndarray:
    known = column.values or [0.0]
    values = [known[i] for i in rng.permutation(np.resize(np.arange(len(known)), n_rows))]
    if has_unseen:
        values[rng.integers(n_rows)] = UNSEEN if column.is_text else max(known) + 1
    if has_missing:
        for i in np.flatnonzero(rng.random(n_rows) < SHARE_MISSING):
            values[i] = column.missing
    is_plain = not column.is_text and column.missing is not None and not isinstance(known[0], bool)
    return np.array(values, dtype=dtype if is_plain else object)
