"""Transformers that make a table ready for a network."""

from sknn.preprocessing._column_norm_scaler import ColumnNormScaler
from sknn.preprocessing._plain_frame import PlainFrame
from sknn.preprocessing._table import TableColumns, choose_columns, make_table_transformer

__all__ = [
    "ColumnNormScaler",
    "PlainFrame",
    "TableColumns",
    "choose_columns",
    "make_table_transformer",
]
