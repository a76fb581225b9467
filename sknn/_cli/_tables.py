"""Tables that the command is given: columns, rows, and what is wrong with them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sknn._cli._console import Console

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def read(arguments: argparse.Namespace, as_text: Iterable[str] = ()) -> pd.DataFrame:
    """The table of a command."""
    from sknn.datasets import read_table

    return read_table(
        arguments.data, missing=arguments.missing, as_text=as_text, encoding=arguments.encoding
    )


def find_column(table: pd.DataFrame, name: str, option: str) -> str:
    """The name of a column.

    Raises
    ------
    ValueError
        If there is none of that name; it says which is nearest.
    """
    columns = list(table.columns)
    if name.strip() in columns:
        return name.strip()
    near = nearest(name, columns)
    hint = f"did you mean {near!r}?" if near else f"it has {some(columns)}"
    raise ValueError(f"{option}: the table has no column {name!r}; {hint}")


def nearest(name: str, columns: Sequence[str]) -> str | None:
    """The column that is called most like `name`."""
    by_lower = {column.lower(): column for column in columns}
    found = get_close_matches(name.strip().lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def take_target(
    table: pd.DataFrame, target: str, *, skip_unlabelled: bool, console: Console
) -> tuple[pd.DataFrame, pd.Series]:
    """Rows without their target, and the target.

    Raises
    ------
    ValueError
        If the column is absent, a row has no target, or the column holds dates.
    """
    from pandas.api.types import is_datetime64_any_dtype

    name = find_column(table, target, "--target")
    y = table[name]
    if is_datetime64_any_dtype(y):
        raise ValueError(f"--target: column {name!r} holds dates, and must hold classes or numbers")
    absent = y.isna()
    if absent.all():
        raise ValueError(f"--target: column {name!r} has no values")
    if absent.any():
        first = absent.to_numpy().argmax() + 1
        rows = f"{absent.sum()} of {len(y)} rows (the first is row {first})"
        if not skip_unlabelled:
            raise ValueError(
                f"--target: column {name!r} has no value in {rows}: fill them in, or pass "
                "--skip-unlabelled to leave these rows out"
            )
        console.note(f"left out {rows}, which have no value in column {name!r}")
        # The index stays: it says which rows of the file these are.
        table, y = table[~absent], y[~absent]
    return table.drop(columns=name), y


def match_columns(
    table: pd.DataFrame, estimator: Any, console: Console
) -> pd.DataFrame | np.ndarray:
    """The columns that a model has learnt from, in its order; an array if it knows no names.

    Raises
    ------
    ValueError
        If one is absent, or holds text where the model knows numbers.
    """
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return _by_place(table, estimator)
    wanted = [str(name) for name in names]
    absent = [name for name in wanted if name not in table.columns]
    if absent:
        others = [column for column in table.columns if column not in wanted]
        near = nearest(absent[0], others)
        hint = f"; is it called {near!r} here?" if near else ""
        raise ValueError(f"the table lacks {_columns(absent)}, which the model needs{hint}")
    extra = [column for column in table.columns if column not in wanted]
    if extra:
        console.note(f"not looked at: {_columns(extra)}, which the model does not know")
    categories = set(known_categories(estimator))
    for name in wanted:
        if name not in categories:
            _check_numbers(table[name], name)
    return table[wanted]


def known_categories(estimator: Any) -> list[str]:
    """The columns that a model of ``sknn fit`` takes as categories."""
    first = estimator.steps[0][1] if hasattr(estimator, "steps") else None
    parts = getattr(first, "transformers_", ())
    return [str(name) for part, _, columns in parts if part == "categories" for name in columns]


def _by_place(table: pd.DataFrame, estimator: Any) -> np.ndarray:
    n_columns = estimator.n_features_in_
    if table.shape[1] != n_columns:
        raise ValueError(
            f"the model has learnt from {n_columns} columns without names, and the table has "
            f"{table.shape[1]}"
        )
    for name in table.columns:
        _check_numbers(table[name], name)
    return table.to_numpy()


def _check_numbers(values: pd.Series, name: str) -> None:
    import numpy as np
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(values):
        # Of a column with decimal commas only the text is wrong that has made text of it.
        values = values.astype(object).where(values.notna(), np.nan)
        numbers = pd.to_numeric(values.astype(str).str.replace(",", ".", n=1), errors="coerce")
    else:
        numbers = values
    text = np.flatnonzero(numbers.isna() & values.notna())
    infinite = np.flatnonzero(np.isinf(numbers.to_numpy(np.float64)))
    for rows, kind in ((text, "the text "), (infinite, "")):
        if len(rows):
            value = values.iloc[rows[0]]
            shown = repr(value) if kind else str(value)
            raise ValueError(
                f"column {name!r} was numbers in training, and holds {kind}{shown} in row "
                f"{rows[0] + 1} ({_rows(len(rows))}): mend it, or pass --missing {shown} if it "
                "stands for no value"
            )


def _columns(names: Sequence[str]) -> str:
    noun = "the column" if len(names) == 1 else "the columns"
    return f"{noun} {some(names)}"


def some(names: Sequence[object], most: int = 8) -> str:
    """The first of several names."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _rows(n: int) -> str:
    return "1 such row" if n == 1 else f"{n} such rows"
