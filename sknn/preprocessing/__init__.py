"""Transformers that put the columns of a table on one scale."""

from sknn.preprocessing._column_norm_scaler import ColumnNormScaler

__all__ = ["ColumnNormScaler"]
