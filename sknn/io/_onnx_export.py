"""From an estimator to an ONNX model that predicts the same. Loaded only with the extra."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from skl2onnx import convert_sklearn
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, RobustScaler

from sknn.feature_selection import MLPFeatureSelector, RankStabilitySelector
from sknn.preprocessing import ColumnNormScaler, PlainFrame, RobustSmoothScaler

from ._onnx_check import differences, first_wrong_part, open_session, predict
from ._onnx_converters import CLASSIFIERS, REGRESSORS, register
from ._onnx_inputs import Types, check_types, default_types, feed
from ._onnx_rows import (
    Column,
    Table,
    as_table,
    columns_of_fit,
    columns_of_table,
    made_rows,
    rows_of,
)
from ._onnx_transformers import CONVERTERS
from ._table import is_one_of

# What these return changes smoothly with the numbers that go in, so that any rows will do. For
# others, such as trees and bins, it matters on which side of a threshold rounding puts a row.
# Networks and ensembles of networks are of that kind too.
PLAIN = (
    ColumnNormScaler,
    FunctionTransformer,
    MLPFeatureSelector,
    MaxAbsScaler,
    MinMaxScaler,
    PCA,
    PlainFrame,
    RankStabilitySelector,
    RobustScaler,
    RobustSmoothScaler,
    TruncatedSVD,
)


def export(
    estimator: Any, original: Any, X: Any, initial_types: Types | None, tolerance: float
) -> tuple[Any, str | None]:
    """The ONNX model of an estimator, and what its user should be told.

    Parameters
    ----------
    estimator : estimator
        Simplified and fitted.
    original : estimator
        What was simplified.
    X, initial_types, tolerance
        As for `to_onnx`.

    Returns
    -------
    model : onnx.ModelProto
    caveat : str or None

    Raises
    ------
    ValueError
        If there is none that predicts the same.
    """
    register()
    for name, part in _leaves("", estimator):
        if not _is_known(part):
            raise ValueError(
                "`estimator` cannot be converted to ONNX: neither sknn nor skl2onnx has a "
                f"converter for {name}{part!r}"
            )
    table = None if X is None else as_table(X)
    if table is not None:
        predict(original, table)  # raises what is wrong with these rows
    else:
        for name, part in _leaves("", estimator):
            is_network = is_one_of(type(part), CLASSIFIERS | REGRESSORS)
            if not is_network and not isinstance(part, (str, *CONVERTERS, *PLAIN)):
                raise ValueError(
                    "`X` must be rows to compare the model on, best those of the training set, for "
                    f"{name}{part!r}: what holds on rows made from statistics may fail on others"
                )
    columns = columns_of_fit(estimator) if table is None else columns_of_table(estimator, table)
    trial = _Trial(original, columns, table, tolerance)
    if initial_types is not None:
        check_types(initial_types)
        plain = rows_of(estimator, columns, None, np.float64) if table is None else table
        feed(plain, initial_types)  # raises what does not fit
        return trial.model(estimator, initial_types), None
    if _dtype(estimator, table) == np.float32:
        return trial.model(estimator, default_types(estimator, columns, FloatTensorType)), None
    try:
        return trial.model(estimator, default_types(estimator, columns, DoubleTensorType)), None
    except ValueError as error:  # for one thing, onnxruntime has some operators for floats only
        types = default_types(estimator, columns, FloatTensorType)
        try:
            model = trial.model(estimator, types)
        except ValueError:
            raise error from None
        return model, f"Numbers go into the model in single precision. In double precision: {error}"


def _leaves(name: str, estimator: Any) -> Iterator[tuple[str, Any]]:
    """The parts that need a converter of their own, with their places in words."""
    if isinstance(estimator, Pipeline):
        parts = estimator.steps
    elif isinstance(estimator, FeatureUnion):
        parts = estimator.transformer_list
    elif isinstance(estimator, ColumnTransformer):
        parts = [part[:2] for part in estimator.transformers_]
    else:
        yield name, estimator
        return
    for inner, part in parts:
        yield from _leaves(f"{inner!r}, ", part)


def _last(estimator: Any) -> Any:
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def _is_known(estimator: Any) -> bool:
    is_ours = type(estimator) in CONVERTERS or hasattr(estimator, "onnx_converter")
    return isinstance(estimator, str) or is_ours or type(estimator) in sklearn_operator_name_map


def _dtype(estimator: Any, table: Table | None) -> np.dtype:
    """The dtype of numbers in the table, or that of the network."""
    if table is not None:
        found = [table.dtype] if isinstance(table, np.ndarray) else table.dtypes
        floats = [dtype for dtype in found if isinstance(dtype, np.dtype) and dtype.kind == "f"]
        if floats:
            return np.result_type(*floats)
    last = _last(estimator)
    last = getattr(last, "estimators_", [last])[0]
    return last.coefs_[0].dtype if hasattr(last, "coefs_") else np.dtype(np.float64)


@dataclass(frozen=True)
class _Trial:
    """Rows that a model has to pass.

    Parameters
    ----------
    original : estimator
        What predicts them as the model has to.
    columns : list of Column
    table : DataFrame, ndarray or None
        The caller's rows.
    tolerance : float
    """

    original: Any
    columns: list[Column]
    table: Table | None
    tolerance: float

    def model(self, estimator: Any, initial_types: Types) -> Any:
        """The model with these inputs.

        Raises
        ------
        ValueError
            If there is none, or it does not predict the same.
        """
        rows: list[tuple[str, Table]] = []
        try:
            model = self._converted(estimator, initial_types)
            rows.extend(self._rows(initial_types))
            self._check(self.original, model, initial_types, rows)
        except ValueError as error:

            def fails(part: Any) -> bool:
                try:
                    for _, some in rows:
                        predict(part, some)
                except Exception:
                    return False
                try:
                    self._check(part, self._converted(part, initial_types), initial_types, rows)
                except ValueError:
                    return True
                return False

            part = first_wrong_part(estimator, fails)
            if part is None:
                raise
            raise ValueError(f"{error}. The first step that fails is {part}.") from error
        return model

    def _converted(self, estimator: Any, initial_types: Types) -> Any:
        try:
            return _convert(estimator, initial_types)
        except Exception as error:  # of many kinds, from skl2onnx
            raise ValueError(
                "`estimator` cannot be converted to ONNX with "
                f"`initial_types`={initial_types!r}: {error!r}"
            ) from error

    def _check(
        self, estimator: Any, model: Any, initial_types: Types, rows: list[tuple[str, Table]]
    ) -> None:
        for name, some in rows:
            try:
                session = open_session(model)
                gaps = differences(estimator, session, some, initial_types, self.tolerance)
            except Exception as error:
                raise ValueError(
                    "`estimator` cannot be written as ONNX: onnxruntime cannot run the model on "
                    f"{name} with `initial_types`={initial_types!r}: {error}"
                ) from error
            worst = int(gaps.argmax())
            if not gaps[worst] <= self.tolerance:
                how = f"by {gaps[worst]:.2g}" if np.isfinite(gaps[worst]) else "in the label or NaN"
                raise ValueError(
                    "`estimator` cannot be written as ONNX: predictions in onnxruntime differ from "
                    f"its own, most in row {worst} of {name}, {how}, where `tolerance` is "
                    f"{self.tolerance:g}"
                )

    def _rows(self, initial_types: Types) -> Iterator[tuple[str, Table]]:
        """The caller's rows, and made ones as difficult as the estimator accepts."""
        if self.table is not None:
            yield "`X`", self.table
        is_single = any(isinstance(kind, FloatTensorType) for _, kind in initial_types)
        dtype = np.float32 if is_single else np.float64
        problems: list[Exception] = []

        def accepts(rows: Table) -> bool:
            try:
                predict(self.original, feed(rows, initial_types)[1])
            except Exception as error:  # what the estimator refuses need not be compared
                problems.append(error)
                return False
            return True

        rows = made_rows(self.original, self.columns, self.table, dtype, accepts)
        if accepts(rows):
            source = "fitted statistics" if self.table is None else "values in `X`"
            yield f"rows made from the {source}", rows
        elif self.table is None:
            raise ValueError(
                "`X` must be rows to compare the model on, since `estimator` cannot predict those "
                f"made from its fitted statistics: {problems[-1]}"
            ) from problems[-1]


def _convert(estimator: Any, initial_types: Types) -> Any:
    """The model by skl2onnx, whose inputs are called what `initial_types` calls them."""
    last = _last(estimator)
    model = convert_sklearn(
        estimator,
        initial_types=initial_types,
        options={id(last): {"zipmap": False}} if hasattr(last, "predict_proba") else None,
        custom_shape_calculators={cls: shape for cls, (shape, _) in CONVERTERS.items()},
        custom_conversion_functions={cls: convert for cls, (_, convert) in CONVERTERS.items()},
    )
    if len(model.graph.input) == len(initial_types):
        _name_inputs(model.graph, [name for name, _ in initial_types])
    return model


def _name_inputs(graph: Any, names: list[str]) -> None:
    """Call inputs what the caller does; skl2onnx makes identifiers, such as `petal_length__cm_`."""
    inner = [name for node in graph.node for name in node.output]
    inner += [constant.name for constant in graph.initializer]
    renamed = {}
    for name in inner:  # a column may be called what an output is
        renamed[name] = name
        while renamed[name] in names:
            renamed[name] += "_"
    renamed |= {given.name: name for given, name in zip(graph.input, names, strict=True)}
    for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        value.name = renamed.get(value.name, value.name)
    for node in graph.node:
        for ends in (node.input, node.output):
            ends[:] = [renamed.get(name, name) for name in ends]
