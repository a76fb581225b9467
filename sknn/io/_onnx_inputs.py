"""Inputs of an ONNX model: their types, and a table as what they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx.helper import tensor_dtype_to_np_dtype
from skl2onnx.common.data_types import StringTensorType, TensorType, guess_proto_type

from ._onnx_rows import Column, Table, as_frame, selected_names

if TYPE_CHECKING:
    import pandas as pd

# What stands for a missing value in a column of text: ONNX's text has none, and onnxruntime makes
# the last three of Python's own.
MISSING_TEXTS = ("", "nan", "None", "<NA>")

Types = list[tuple[str, Any]]


def check_types(initial_types: Any) -> None:
    """Raise ValueError where names and types are not what skl2onnx takes."""
    is_list = isinstance(initial_types, list) and initial_types
    if not is_list or not all(
        isinstance(pair, tuple)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and isinstance(pair[1], TensorType)
        and len(pair[1].shape) == 2
        and (pair[1].shape[1] is None or pair[1].shape[1] >= 1)
        for pair in initial_types
    ):
        raise ValueError(
            "`initial_types` must be a list of names and tensor types, such as ('X', "
            f"FloatTensorType([None, 5])), of skl2onnx.common.data_types, got {initial_types!r}"
        )


def default_types(estimator: Any, columns: Sequence[Column], number: Any) -> Types:
    """One input for all columns, or one for each where they are picked by name or mix types.

    Parameters
    ----------
    estimator : estimator
        What is to read them.
    columns : sequence of Column
        Its columns.
    number : type
        skl2onnx's type of numbers.

    Returns
    -------
    initial_types : list of tuple
        Names and types, as skl2onnx takes them.
    """
    texts = [column.is_text for column in columns]
    if selected_names(estimator) is None and len(set(texts)) == 1:
        return [("X", (StringTensorType if texts[0] else number)([None, len(columns)]))]
    return [
        (
            column.name if isinstance(column.name, str) else f"x{column.place}",
            (StringTensorType if column.is_text else number)([None, 1]),
        )
        for column in columns
    ]


def feed(table: Table, initial_types: Types) -> tuple[dict[str, np.ndarray], Table]:
    """A table as inputs, and the table that is equal to these inputs once they were rounded.

    Raises
    ------
    ValueError
        If the table does not fit the types.
    """
    frame = as_frame(table)
    names = [name for name, _ in initial_types]
    is_named = not isinstance(table, np.ndarray) and set(names) <= set(frame.columns)
    inputs: dict[str, np.ndarray] = {}
    seen, place = table.copy(), 0
    for name, kind in initial_types:
        if is_named:
            places = [frame.columns.tolist().index(name)]
        else:
            width = kind.shape[1]
            places = list(range(place, frame.shape[1] if width is None else place + width))
            place = places[-1] + 1
        if places[-1] >= frame.shape[1]:
            break
        dtype = np.dtype(tensor_dtype_to_np_dtype(guess_proto_type(kind)))
        cells = [_cells(frame.columns[i], frame.iloc[:, i], dtype) for i in places]
        inputs[name] = np.column_stack(cells)
        for i, values in zip(places, cells, strict=True):
            if dtype.kind != "O" and dtype != np.float64:
                _replace(seen, i, values)
    if not is_named and (place != frame.shape[1] or len(inputs) < len(names)):
        raise ValueError(
            f"`initial_types` must have as many columns as the rows, {frame.shape[1]}, or the "
            f"names of some of them, got {initial_types!r}"
        )
    return inputs, seen


def _cells(name: Any, values: pd.Series, dtype: np.dtype) -> np.ndarray:
    if values.dtype == "category":
        values = values.astype(object)
    if dtype.kind == "O":
        is_missing = values.isna()
        texts = values.astype(object).map(str)
        return texts.mask(is_missing, MISSING_TEXTS[0]).to_numpy(object)
    try:
        numbers = values.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`initial_types` must have text for column {name!r}, which holds {error}"
        ) from error
    if dtype.kind in "iub" and not np.isfinite(numbers).all():
        raise ValueError(
            f"`initial_types` must have floats for column {name!r}, which has missing values"
        )
    return numbers.astype(dtype)


def _replace(table: Table, place: int, values: np.ndarray) -> None:
    """Put rounded numbers where a table has floats."""
    if isinstance(table, np.ndarray):
        if table.dtype.kind == "f":
            table[:, place] = values
    elif isinstance(dtype := table.dtypes.iloc[place], np.dtype) and dtype.kind == "f":
        table.isetitem(place, values.astype(dtype))
