"""Data frames of any library and any dtype, made pandas' with NumPy's values: the one place."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def is_frame(X: Any) -> bool:
    """Whether it is a data frame in memory: of pandas, polars, pyarrow or the like.

    Raises
    ------
    ValueError
        If it is a frame that has yet to be computed.
    """
    import narwhals as nw

    table = nw.from_native(X, pass_through=True)
    if isinstance(table, nw.LazyFrame):
        raise ValueError(
            f"`X` must be a table in memory, got a {type(X).__name__} that has yet to be computed: "
            "call its `collect()` or `compute()`"
        )
    return isinstance(table, nw.DataFrame)


def plain_frame(X: Any) -> Any:
    """The same table as a pandas DataFrame of NumPy's values; what is no data frame as it is.

    Numbers become ints, or floats with NaN where one is missing; texts, categories and truths that
    are nullable become objects with NaN, which stands for None, too; dates become NumPy's. Columns
    that are so already are not touched.

    Parameters
    ----------
    X : object
        A data frame of pandas, polars, pyarrow or another library that narwhals reads, or anything
        else.

    Returns
    -------
    frame : DataFrame or object
        A DataFrame, if it was a data frame.

    Raises
    ------
    ValueError
        If two columns have one name, or the frame has yet to be computed.
    """
    if isinstance(X, np.ndarray):
        return X
    import narwhals as nw
    import pandas as pd

    if isinstance(X, pd.DataFrame):
        _refuse_equal_names(list(X.columns))
        foreign = [k for k in range(X.shape[1]) if _is_foreign(X.iloc[:, k])]
        frame = X.copy(deep=False) if foreign else X
        for k in foreign:
            frame.isetitem(k, _plain_series(X.iloc[:, k]))
        return frame
    if not is_frame(X):
        return X
    table = nw.from_native(X, eager_only=True)
    _refuse_equal_names(table.columns)
    columns = {name: _values(table[name]) for name in table.columns}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table)))


def _refuse_equal_names(names: list[Any]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        places = ", ".join(str(k) for k, name in enumerate(names, 1) if name == repeated[0])
        raise ValueError(
            f"`X` must have columns of different names, got {repeated[0]!r} for columns {places}"
        )


def _is_foreign(column: pd.Series) -> bool:
    import pandas as pd

    if column.dtype == object:
        return any(value is None or value is pd.NA for value in column[column.isna()])
    return isinstance(column.dtype, pd.SparseDtype) or (
        getattr(column.dtype, "na_value", None) is pd.NA
    )


def _plain_series(column: pd.Series) -> Any:
    import narwhals as nw
    import pandas as pd

    if column.dtype == object:
        return column.where(column.notna(), np.nan)
    if isinstance(column.dtype, pd.SparseDtype):
        return column.astype(column.dtype.subtype)
    values = _values(nw.from_native(column, series_only=True))
    return pd.Series(values, index=column.index)


def _values(column: Any) -> np.ndarray:
    """The values of a series of narwhals."""
    import narwhals as nw

    dtype = column.dtype
    if isinstance(dtype, nw.Categorical | nw.Enum):
        # As text: the numbers that stand for categories differ from library to library.
        column = column.cast(nw.String)
    elif dtype.is_decimal() or (dtype.is_numeric() and column.null_count()):
        column = column.cast(nw.Float64)
    elif dtype == nw.Date:
        column = column.cast(nw.Datetime("us"))
    values = column.to_numpy()
    if values.dtype == object and column.null_count():
        values = np.where(column.is_null().to_numpy().astype(bool), np.nan, values)
    return values
