"""Transformers that make a table ready for a network."""

from sknn.preprocessing._column_norm_scaler import ColumnNormScaler
from sknn.preprocessing._piecewise_linear_encoder import PiecewiseLinearEncoder
from sknn.preprocessing._plain_frame import PlainFrame
from sknn.preprocessing._robust_smooth_scaler import RobustSmoothScaler
from sknn.preprocessing._table import TableColumns, choose_columns, make_table_transformer

__all__ = [
    "ColumnNormScaler",
    "PiecewiseLinearEncoder",
    "PlainFrame",
    "RobustSmoothScaler",
    "TableColumns",
    "choose_columns",
    "make_table_transformer",
]
