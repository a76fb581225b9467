"""A table as people have it, numbers beside words, made ready for a network."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn._frames import plain_frame
from sknn._sklearn_compat import Interval, StrOptions, validate_params
from sknn.preprocessing._column_norm_scaler import ColumnNormScaler
from sknn.preprocessing._plain_frame import PlainFrame
from sknn.preprocessing._robust_smooth_scaler import RobustSmoothScaler

if TYPE_CHECKING:
    import pandas as pd

# A column of whole numbers, all different, that is called so names rows and measures nothing.
NAMES_OF_ROWS = re.compile(r"(?i)(^|[^a-z])(id|idx|index|key|nr|no|number)$|^unnamed[: ]+\d+$")
# A text with as many different values as this share of the rows says nothing of other rows.
TOO_MANY_VALUES = 0.9
# Fewer rows than these can be in order by chance.
FEWEST_ROWS_IN_ORDER = 10
# Text in which so many different values are numbers, and half of all, was meant to be numbers.
FEWEST_NUMBERS_IN_TEXT = 10
# Numbers as people write them for people: 1,234.50 $, 45 %, 1 000, 12'000,5.
DRESSED_NUMBER = (
    r"[^\w\s]?\s*[+-]?(\d+|\d{1,3}([ ,.'\u2019\u00a0\u202f]\d{3})+)([.,]\d+)?\s*[^\w\s]?"
)
# 2024-12-31, 31.12.2024 or 12/31/24, whatever time of day comes after it.
DATE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2}))([T ].*)?")
HOLDS_DATES = "holds dates: make numbers of them, such as the year or the weekday"


@dataclass(frozen=True)
class TableColumns:
    """Which columns of a table are numbers, which are categories, and which say nothing.

    Parameters
    ----------
    numbers : list of str
        Columns of quantities.
    categories : list of str
        Columns of names.
    left_out : dict of str to str
        Columns that no network can learn from, and why, as the end of a sentence that begins
        with the column.
    """

    numbers: list[str]
    categories: list[str]
    left_out: dict[str, str]

    @property
    def used(self) -> list[str]:
        """Numbers, then categories."""
        return [*self.numbers, *self.categories]


def choose_columns(
    X: pd.DataFrame, *, categories: Iterable[str] = (), keep: Iterable[str] = ()
) -> TableColumns:
    """Tell the columns of a table apart by what they hold.

    Left out is a column without values, with one value in all rows, of dates, of text that differs
    in nearly every row, or of whole numbers that number the rows or name them.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        A table, without the column that is to be predicted; of pandas, polars, pyarrow or another
        library that narwhals reads.
    categories : iterable of str, default=()
        Columns whose values are names, whatever they look like; none of them is left out.
    keep : iterable of str, default=()
        Columns that are not left out, though they look like it.

    Returns
    -------
    columns : TableColumns
        Their names.

    Raises
    ------
    ValueError
        If a column of `categories` or `keep` is not there, names of columns are not strings or
        come twice, a column holds numbers mixed with text, infinite numbers, or neither numbers nor
        text nor dates, or nothing is left.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn.preprocessing import choose_columns
    >>> X = pd.DataFrame({"id": [7, 9, 8], "size": [3.1, None, 2.9], "site": ["a", "b", "a"]})
    >>> columns = choose_columns(X)
    >>> columns.numbers, columns.categories
    (['size'], ['site'])
    >>> columns.left_out
    {'id': 'has another whole number in each row, and the name of a column that names rows'}
    """
    X = plain_frame(X)
    _check_names(X)
    categories, keep = list(categories), set(keep)
    for name, asked in (("categories", categories), ("keep", keep)):
        absent = [column for column in asked if column not in X.columns]
        if absent:
            raise ValueError(f"`{name}` must be columns of the table, got {absent[0]!r}")
    chosen = TableColumns([], [], {})
    for column in X.columns:
        values = X[column]
        _refuse_strange_types(column, values)
        if column in categories:
            chosen.categories.append(column)
            continue
        is_number = _is_numeric(values)
        (_refuse_infinity if is_number else _refuse_numbers_in_text)(column, values)
        with np.errstate(over="ignore", invalid="ignore"):  # of differences of large numbers
            reason = None if column in keep else _says_nothing(column, values)
        if reason:
            chosen.left_out[column] = reason
        else:
            (chosen.numbers if is_number else chosen.categories).append(column)
    if not chosen.used:
        reasons = "; ".join(f"{column!r} {why}" for column, why in chosen.left_out.items())
        raise ValueError(f"the table has no column to learn from: {reasons or 'it has none'}")
    return chosen


@validate_params(
    {
        "columns": [TableColumns],
        "scale": [StrOptions({"standard", "l2", "robust"})],
        "max_categories": [Interval(Integral, 2, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def make_table_transformer(
    columns: TableColumns,
    *,
    scale: Literal["standard", "l2", "robust"] = "standard",
    max_categories: int = 30,
) -> ColumnTransformer:
    """A transformer that makes a matrix without gaps of a table with numbers and categories.

    Missing numbers become the median of their column, and a column of zeros and ones says where
    they were missing; then numbers are scaled. Each value of a category becomes a column of zeros
    and ones, and so does a missing one. Values that are rare or new share a column.

    Parameters
    ----------
    columns : TableColumns
        What the columns are, from :func:`choose_columns`; others are not looked at.
    scale : {"standard", "l2", "robust"}, default="standard"
        "standard" brings numbers to mean 0 and variance 1 by
        :class:`sklearn.preprocessing.StandardScaler`, and leaves zeros and ones as they are; "l2"
        divides every column by its norm, by :class:`ColumnNormScaler`; "robust" scales numbers by
        their quartiles and compresses outliers, by :class:`RobustSmoothScaler`, and leaves zeros
        and ones as they are.
    max_categories : int, default=30
        Columns that one category becomes at most.

    Returns
    -------
    transformer : ColumnTransformer
        Not fitted; the first step of a :class:`sklearn.pipeline.Pipeline`, which
        :func:`sknn.io.save` saves.

    See Also
    --------
    sknn.datasets.read_table : Reads such a table from a file.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn.preprocessing import choose_columns, make_table_transformer
    >>> X = pd.DataFrame({"size": [3.0, None, 1.0], "site": ["a", "b", "a"]})
    >>> transformer = make_table_transformer(choose_columns(X), scale="l2")
    >>> transformer.fit_transform(X).shape
    (3, 4)
    >>> list(transformer.get_feature_names_out())
    ['numbers__size', 'numbers__missingindicator_size', 'categories__site_a', 'categories__site_b']
    """
    impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    encode = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=max_categories, sparse_output=False
    )
    scalers = {"standard": StandardScaler, "l2": ColumnNormScaler, "robust": RobustSmoothScaler}
    scaler = scalers[scale]()
    steps: list[tuple[str, Any]] = [("plain", PlainFrame()), ("encode", encode)]
    if scale == "l2":
        steps.append(("scale", ColumnNormScaler()))
    parts = [
        (
            "numbers",
            Pipeline([("plain", PlainFrame()), ("impute", impute), ("scale", scaler)]),
            columns.numbers,
        ),
        ("categories", Pipeline(steps), columns.categories),
    ]
    return ColumnTransformer([part for part in parts if part[2]])


def _check_names(X: Any) -> None:
    if getattr(X.columns, "nlevels", 1) > 1:
        raise ValueError(
            f"`X` must have one level of column names, got {X.columns.nlevels}, as in "
            f"{X.columns[0]!r}: join them"
        )
    # scikit-learn takes whole numbers for places.
    if list(X.columns) == list(range(X.shape[1])):
        return
    for name in X.columns:
        if not isinstance(name, str):
            raise ValueError(
                f"`X` must have column names that are strings, got {name!r}: "
                "X.columns = X.columns.astype(str)"
            )


def _refuse_strange_types(column: str, values: pd.Series) -> None:
    """Refuse what is no number, no text, no truth and no date."""
    is_known = values.dtype.kind in "biufMO" and not hasattr(values.dtype, "freq")
    if is_known and values.dtype == object:
        is_known = all(isinstance(value, Hashable) for value in values)
    if not is_known:
        kind = "lists or the like" if values.dtype == object else f"values of type {values.dtype}"
        raise ValueError(
            f"column {column!r} must hold numbers, text or dates, and holds {kind}: convert it, or "
            "leave it out"
        )


def _is_numeric(values: pd.Series) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return bool(is_numeric_dtype(values) and not is_bool_dtype(values))


def _says_nothing(column: str, values: pd.Series) -> str | None:
    """Why a column is no use, if it is none."""
    from pandas.api.types import is_datetime64_any_dtype

    present = values.dropna()
    if present.empty:
        return "has no values"
    if is_datetime64_any_dtype(values):
        return HOLDS_DATES
    n_different = present.nunique()
    if n_different == 1 and len(present) == len(values):
        return "has the same value in every row"
    if not _is_numeric(values):
        if all(DATE.fullmatch(str(value)) for value in present.unique()):
            return HOLDS_DATES
        is_name = len(present) > 2 and n_different >= TOO_MANY_VALUES * len(present)
        return "is text that differs in nearly every row" if is_name else None
    if len(present) < len(values) or n_different < len(values) or (present % 1 != 0).any():
        return None
    if len(values) >= FEWEST_ROWS_IN_ORDER and np.ptp(present) == len(values) - 1:
        return "numbers the rows"
    if NAMES_OF_ROWS.search(str(column)):
        return "has another whole number in each row, and the name of a column that names rows"
    return None


def _refuse_numbers_in_text(column: str, values: pd.Series) -> None:
    import pandas as pd

    present = values.dropna().astype(str)
    different = pd.Series(present.unique())
    # A decimal comma makes a number, too, of which a text among them has made text.
    numbers = different.str.replace(",", ".", n=1, regex=False)
    is_number = pd.to_numeric(numbers, errors="coerce").notna()
    is_number |= different.str.fullmatch(DRESSED_NUMBER)
    if is_number.sum() < FEWEST_NUMBERS_IN_TEXT or is_number.mean() < 0.5:
        return
    text = different[~is_number]
    if text.empty:
        raise ValueError(
            f"column {column!r} holds numbers as text, such as {different.iloc[0]!r}: make plain "
            "numbers of them, or name the column in `categories` if they are names"
        )
    first = text.iloc[0]
    rows = np.flatnonzero(values.astype(object) == first)
    raise ValueError(
        f"column {column!r} holds numbers, and the text {first!r} in {_rows(rows)}: name that text "
        "in `missing` if it stands for no value, or the column in `categories` if its numbers are "
        "names"
    )


def _refuse_infinity(column: str, values: pd.Series) -> None:
    with np.errstate(over="ignore"):  # of numbers that are longer than float64's
        infinite = np.flatnonzero(np.isinf(values.to_numpy(np.float64, na_value=np.nan)))
    if len(infinite):
        raise ValueError(
            f"column {column!r} must hold finite numbers, and is infinite in {_rows(infinite)}"
        )


def _rows(places: np.ndarray) -> str:
    """Rows in words, counted from 1."""
    if len(places) == 1:
        return f"row {places[0] + 1}"
    return f"{len(places)} rows (the first is row {places[0] + 1})"
