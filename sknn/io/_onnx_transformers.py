"""Transformers of scikit-learn in ONNX's operators, where skl2onnx's own are wrong or lacking.

Those of skl2onnx leave out the indicators of `SimpleImputer` and the rare and missing categories of
`OneHotEncoder`, and use operators that onnxruntime has in single precision only. These hold for one
export; skl2onnx's registry keeps its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx.algebra.onnx_ops import (
    OnnxAdd,
    OnnxCast,
    OnnxConcat,
    OnnxDiv,
    OnnxEqual,
    OnnxGather,
    OnnxIdentity,
    OnnxIsNaN,
    OnnxLabelEncoder_2,
    OnnxMatMul,
    OnnxMul,
    OnnxOr,
    OnnxSub,
    OnnxWhere,
)
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
    guess_proto_type,
)
from sklearn import feature_selection
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from ._onnx_converters import (
    convert_selector,
    float_type,
    shape_of_scaler,
    shape_of_selector,
)
from ._onnx_inputs import MISSING_TEXTS
from ._onnx_networks import proto_type
from ._onnx_rows import is_missing

MISSING = object()  # in the place of any missing value among categories


def _opset(container: Any) -> dict[str, Any]:
    return {"op_version": container.target_opset}


def _is_text(operator: Any) -> bool:
    return any(isinstance(variable.type, StringTensorType) for variable in operator.inputs)


def _dtype(operator: Any) -> type:
    """NumPy's dtype of what `_together` returns."""
    if _is_text(operator):
        return object
    return np.float32 if float_type(operator) is FloatTensorType else np.float64


def _together(operator: Any, opset: dict[str, Any]) -> Any:
    """All columns that come in as one tensor: text, or numbers in floating point."""
    kind = StringTensorType if _is_text(operator) else float_type(operator)
    parts = [OnnxCast(variable, to=proto_type(kind), **opset) for variable in operator.inputs]
    return parts[0] if len(parts) == 1 else OnnxConcat(*parts, axis=1, **opset)


def _columns(X: Any, places: Any, opset: dict[str, Any]) -> Any:
    return OnnxGather(X, np.asarray(places, dtype=np.int64), axis=1, **opset)


def _return(result: Any, scope: Any, operator: Any, container: Any) -> None:
    """Make `result` the output, in the type that the shape function has promised."""
    output = operator.outputs[0]
    settings = _opset(container) | {"output_names": [output.full_name]}
    if isinstance(output.type, StringTensorType):
        last = OnnxIdentity(result, **settings)
    else:
        last = OnnxCast(result, to=guess_proto_type(output.type), **settings)
    last.add_to(scope, container)


# ---- StandardScaler, PolynomialFeatures ----


def _convert_standard_scaler(scope: Any, operator: Any, container: Any) -> None:
    scaler, opset = operator.raw_operator, _opset(container)
    # In the dtype of the numbers, as the scaler itself subtracts and divides.
    result, dtype = _together(operator, opset), _dtype(operator)
    if scaler.with_mean:
        result = OnnxSub(result, scaler.mean_.astype(dtype), **opset)
    if scaler.with_std:
        result = OnnxDiv(result, scaler.scale_.astype(dtype), **opset)
    _return(result, scope, operator, container)


def _shape_of_polynomial(operator: Any) -> None:
    kind = float_type(operator)
    operator.outputs[0].type = kind([None, operator.raw_operator.n_output_features_])


def _convert_polynomial(scope: Any, operator: Any, container: Any) -> None:
    """One product for each power, in which ones take the place of factors that it lacks."""
    powers, opset = operator.raw_operator.powers_, _opset(container)
    X, dtype = _together(operator, opset), _dtype(operator)
    ones = powers.shape[1]  # the place of a column of ones, behind all others
    zeros = OnnxMul(_columns(X, [0], opset), np.zeros(1, dtype), **opset)
    X = OnnxConcat(X, OnnxAdd(zeros, np.ones(1, dtype), **opset), axis=1, **opset)
    factors = [np.repeat(np.arange(ones), row) for row in powers]
    result = None
    for i in range(max(1, *map(len, factors))):
        places = [row[i] if i < len(row) else ones for row in factors]
        factor = _columns(X, places, opset)
        result = factor if result is None else OnnxMul(result, factor, **opset)
    _return(result, scope, operator, container)


# ---- missing values ----


def _is_missing(X: Any, operator: Any, opset: dict[str, Any]) -> Any:
    """Where `X` has what the transformer takes for a missing value."""
    missing = operator.raw_operator.missing_values
    is_text = _is_text(operator)
    if is_missing(missing) and not is_text:
        return OnnxIsNaN(X, **opset)
    result = None
    for value in MISSING_TEXTS if is_missing(missing) else [str(missing) if is_text else missing]:
        found = OnnxEqual(X, np.array([value], _dtype(operator)), **opset)
        result = found if result is None else OnnxOr(result, found, **opset)
    return result


def _kept(imputer: Any) -> np.ndarray:
    """The places of the columns that an imputer keeps; those without a value have no statistic."""
    return np.flatnonzero([not is_missing(value) for value in imputer.statistics_])


def _shape_of_imputer(operator: Any) -> None:
    imputer, is_text = operator.raw_operator, _is_text(operator)
    n_columns = len(_kept(imputer))
    if imputer.add_indicator:
        if is_text:
            raise ValueError("SimpleImputer(add_indicator=True) on text would mix two types")
        n_columns += len(imputer.indicator_.features_)
    kind = StringTensorType if is_text else float_type(operator)
    operator.outputs[0].type = kind([None, n_columns])


def _convert_imputer(scope: Any, operator: Any, container: Any) -> None:
    imputer, opset = operator.raw_operator, _opset(container)
    X, kept = _together(operator, opset), _kept(imputer)
    gaps = _is_missing(X, operator, opset)
    filling = imputer.statistics_[kept].astype(_dtype(operator))
    result = OnnxWhere(_columns(gaps, kept, opset), filling, _columns(X, kept, opset), **opset)
    if imputer.add_indicator and len(imputer.indicator_.features_):
        indicators = _columns(gaps, imputer.indicator_.features_, opset)
        indicators = OnnxCast(indicators, to=proto_type(float_type(operator)), **opset)
        result = OnnxConcat(result, indicators, axis=1, **opset)
    _return(result, scope, operator, container)


def _shape_of_indicator(operator: Any) -> None:
    n_columns = len(operator.raw_operator.features_)
    operator.outputs[0].type = DoubleTensorType([None, n_columns])


def _convert_indicator(scope: Any, operator: Any, container: Any) -> None:
    opset = _opset(container)
    gaps = _is_missing(_together(operator, opset), operator, opset)
    result = _columns(gaps, operator.raw_operator.features_, opset)
    _return(result, scope, operator, container)


# ---- OneHotEncoder ----


def _places(encoder: Any, j: int) -> tuple[dict[Any, int], int, int]:
    """Where the categories of column `j` go among the columns that it becomes.

    Parameters
    ----------
    encoder : OneHotEncoder
    j : int

    Returns
    -------
    places : dict
        The place of each category; `n_columns` for one that has none.
    unknown : int
        The same for a value that is no category; ``n_columns + 1`` where the encoder refuses it.
    n_columns : int
        How many columns column `j` becomes.
    """

    def named(values: Any) -> list[Any]:
        return [MISSING if is_missing(value) else value for value in values]

    categories = named(encoder.categories_[j])
    if categories.count(MISSING) > 1:
        raise ValueError(f"OneHotEncoder with two kinds of missing values in column {j}")
    rare = getattr(encoder, "infrequent_categories_", None)
    rare = set() if rare is None or rare[j] is None else set(named(rare[j]))
    # Common categories come first, each a group of its own, and all rare ones are the last group.
    groups = {value: i for i, value in enumerate(v for v in categories if v not in rare)}
    is_kept = np.ones(len(groups) + bool(rare), dtype=bool)
    groups |= dict.fromkeys(rare, len(groups))
    if encoder.drop_idx_ is not None and encoder.drop_idx_[j] is not None:
        is_kept[groups[categories[encoder.drop_idx_[j]]]] = False
    n_columns = int(is_kept.sum())
    place = np.where(is_kept, np.cumsum(is_kept) - 1, n_columns).tolist()
    unknown = n_columns
    if encoder.handle_unknown == "error":
        unknown = n_columns + 1
    elif encoder.handle_unknown != "ignore" and rare:
        unknown = place[-1]
    return {value: place[groups[value]] for value in categories}, unknown, n_columns


def _shape_of_one_hot(operator: Any) -> None:
    encoder = operator.raw_operator
    n_columns = sum(_places(encoder, j)[2] for j in range(encoder.n_features_in_))
    kind = FloatTensorType if encoder.dtype == np.float32 else DoubleTensorType
    operator.outputs[0].type = kind([None, n_columns])


def _convert_one_hot(scope: Any, operator: Any, container: Any) -> None:
    encoder, opset = operator.raw_operator, _opset(container)
    to = guess_proto_type(operator.outputs[0].type)
    nan = np.array([np.nan], np.float32 if encoder.dtype == np.float32 else np.float64)
    # Columns of text and of numbers may come in together, each in a tensor of its own.
    columns = [
        (variable, i)
        for variable in operator.inputs
        for i in range(variable.type.shape[1] or encoder.n_features_in_)
    ]
    blocks = []
    for j, (variable, i) in enumerate(columns):
        places, unknown, n_columns = _places(encoder, j)
        if n_columns == 0:
            continue
        place_of = (
            _place_of_text if isinstance(variable.type, StringTensorType) else _place_of_number
        )
        place = place_of(_columns(variable, [i], opset), variable, places, unknown, opset)
        block = OnnxCast(OnnxEqual(place, np.arange(n_columns)[None], **opset), to=to, **opset)
        if unknown > n_columns:  # ONNX cannot refuse a row, but it need not make up its answer
            is_refused = OnnxEqual(place, np.array([[unknown]]), **opset)
            block = OnnxWhere(is_refused, nan, block, **opset)
        blocks.append(block)
    result = blocks[0] if len(blocks) == 1 else OnnxConcat(*blocks, axis=1, **opset)
    _return(result, scope, operator, container)


def _place_of_text(
    column: Any, variable: Any, places: dict[Any, int], unknown: int, opset: dict[str, Any]
) -> Any:
    keys = {str(value): place for value, place in places.items() if value is not MISSING}
    if len(keys) + (MISSING in places) < len(places):
        raise ValueError("OneHotEncoder with categories that are equal as text")
    if MISSING in places:
        if MISSING_TEXTS[0] in keys:
            raise ValueError("OneHotEncoder with categories of empty and of missing text")
        keys = dict.fromkeys(MISSING_TEXTS, places[MISSING]) | keys
    return OnnxLabelEncoder_2(
        column,
        keys_strings=list(keys),
        values_int64s=list(keys.values()),
        default_int64=unknown,
        **opset,
    )


def _place_of_number(
    column: Any, variable: Any, places: dict[Any, int], unknown: int, opset: dict[str, Any]
) -> Any:
    """The place of the one category that is equal, found as a sum over all of them."""
    is_single = isinstance(variable.type, FloatTensorType)
    kind, dtype = (FloatTensorType, np.float32) if is_single else (DoubleTensorType, np.float64)
    X = OnnxCast(column, to=proto_type(kind), **opset)
    known = {value: place for value, place in places.items() if value is not MISSING}
    terms = []
    if known:
        terms.append((OnnxEqual(X, np.array([*known], dtype)[None], **opset), [*known.values()]))
    if MISSING in places:
        terms.append((OnnxIsNaN(X, **opset), [places[MISSING]]))
    place = np.array([unknown])
    for is_equal, to in terms:
        shift = np.array(to)[:, None] - unknown
        is_equal = OnnxCast(is_equal, to=proto_type(Int64TensorType), **opset)
        place = OnnxAdd(OnnxMatMul(is_equal, shift, **opset), place, **opset)
    return place


SELECTORS = (
    feature_selection.GenericUnivariateSelect,
    feature_selection.RFE,
    feature_selection.RFECV,
    feature_selection.SelectFdr,
    feature_selection.SelectFpr,
    feature_selection.SelectFromModel,
    feature_selection.SelectFwe,
    feature_selection.SelectKBest,
    feature_selection.SelectPercentile,
    feature_selection.SequentialFeatureSelector,
    feature_selection.VarianceThreshold,
)
# For each class what skl2onnx calls a shape calculator, and a converter.
CONVERTERS = {
    MissingIndicator: (_shape_of_indicator, _convert_indicator),
    OneHotEncoder: (_shape_of_one_hot, _convert_one_hot),
    PolynomialFeatures: (_shape_of_polynomial, _convert_polynomial),
    SimpleImputer: (_shape_of_imputer, _convert_imputer),
    StandardScaler: (shape_of_scaler, _convert_standard_scaler),
} | dict.fromkeys(SELECTORS, (shape_of_selector, convert_selector))
