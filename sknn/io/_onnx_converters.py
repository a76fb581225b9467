"""The estimators of sknn in ONNX's operators. Loaded only where skl2onnx is installed."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from skl2onnx import update_registered_converter, update_registered_parser
from skl2onnx._parse import parse_sklearn
from skl2onnx.algebra.onnx_ops import (
    OnnxAdd,
    OnnxCast,
    OnnxConcat,
    OnnxDiv,
    OnnxGather,
    OnnxIdentity,
    OnnxMax,
    OnnxMin,
    OnnxMul,
    OnnxSqrt,
    OnnxSub,
)
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, guess_proto_type

from sknn import estimators
from sknn.feature_selection import MLPFeatureSelector, RankStabilitySelector, RegularizationPath
from sknn.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV
from sknn.preprocessing import (
    ColumnNormScaler,
    PiecewiseLinearEncoder,
    PlainFrame,
    RobustSmoothScaler,
)
from sknn.preprocessing._bins import Bins
from sknn.preprocessing._robust_smooth_scaler import BOUND

from ._onnx_networks import (
    convert_classifier,
    convert_classifiers,
    convert_regressor,
    convert_regressors,
    parse_regressor,
    proto_type,
    shape_of_classifier,
    shape_of_regressor,
)

CLASSIFIERS = {
    "ScratchMLPClassifier": convert_classifier,
    "ScratchMLPEnsembleClassifier": convert_classifiers,
    "TorchMLPClassifier": convert_classifier,
}
REGRESSORS = {
    "ScratchMLPEnsembleRegressor": convert_regressors,
    "ScratchMLPRegressor": convert_regressor,
    "TorchMLPRegressor": convert_regressor,
}


def register() -> None:
    """Make every estimator of sknn known to skl2onnx."""
    cls: Any
    for name, convert in CLASSIFIERS.items():
        update_registered_converter(
            getattr(estimators, name),
            f"Sknn{name}",
            shape_of_classifier,
            convert,
            options={"zipmap": [True, False, "columns"], "nocl": [True, False]},
        )
    for name, convert in REGRESSORS.items():
        update_registered_converter(
            getattr(estimators, name),
            f"Sknn{name}",
            shape_of_regressor,
            convert,
            parser=parse_regressor,
        )
    for cls, shape, convert in (
        (PlainFrame, _shape_of_frame, _convert_frame),
        (ColumnNormScaler, shape_of_scaler, _convert_scaler),
        (RobustSmoothScaler, shape_of_scaler, _convert_smooth_scaler),
        (PiecewiseLinearEncoder, _shape_of_encoder, _convert_encoder),
        (MLPFeatureSelector, shape_of_selector, convert_selector),
        (RankStabilitySelector, shape_of_selector, convert_selector),
    ):
        update_registered_converter(cls, f"Sknn{cls.__name__}", shape, convert)
    for cls in (RegularizationPath, StackedGridSearchCV, StackedRandomizedSearchCV):
        update_registered_parser(cls, _parse_best)


def float_type(operator: Any) -> Any:
    """The type that scikit-learn's transformers compute in: float32 only if all inputs are."""
    is_single = all(isinstance(variable.type, FloatTensorType) for variable in operator.inputs)
    return FloatTensorType if is_single else DoubleTensorType


# ---- transformers ----


def shape_of_scaler(operator: Any) -> None:
    """As many columns out as in."""
    kind = float_type(operator)
    operator.outputs[0].type = kind([None, operator.raw_operator.n_features_in_])


def _convert_scaler(scope: Any, operator: Any, container: Any) -> None:
    opset = {"op_version": container.target_opset}
    result = OnnxDiv(_in_double(operator, opset), operator.raw_operator.norms_, **opset)
    _return(result, scope, operator, container)


def _convert_smooth_scaler(scope: Any, operator: Any, container: Any) -> None:
    opset = {"op_version": container.target_opset}
    scaler = operator.raw_operator
    is_constant = scaler.scale_ == 0
    distance = OnnxSub(_in_double(operator, opset), scaler.center_, **opset)
    z = OnnxDiv(distance, np.where(is_constant, 1.0, scaler.scale_), **opset)
    # ONNX has no hypot: the square of a larger number might overflow.
    largest = np.where(is_constant, 0.0, 1e150)
    z = OnnxMax(OnnxMin(z, largest, **opset), -largest, **opset)
    share = OnnxDiv(z, np.array([BOUND]), **opset)
    square = OnnxAdd(OnnxMul(share, share, **opset), np.array([1.0]), **opset)
    _return(OnnxDiv(z, OnnxSqrt(square, **opset), **opset), scope, operator, container)


def _shape_of_encoder(operator: Any) -> None:
    kind = float_type(operator)
    operator.outputs[0].type = kind([None, int(operator.raw_operator.n_bins_.sum())])


def _convert_encoder(scope: Any, operator: Any, container: Any) -> None:
    opset = {"op_version": container.target_opset}
    bins = Bins.of(operator.raw_operator.bin_edges_)
    X = OnnxGather(_in_double(operator, opset), bins.columns.astype(np.int64), axis=1, **opset)
    distance = OnnxSub(X, bins.starts, **opset)
    encoded = OnnxDiv(distance, np.where(bins.widths > 0, bins.widths, 1.0), **opset)
    encoded = OnnxMin(OnnxMax(encoded, bins.lower, **opset), bins.upper, **opset)
    _return(encoded, scope, operator, container)


def _in_double(operator: Any, opset: dict[str, Any]) -> Any:
    """The columns in double precision, in which the transformers of sknn compute."""
    columns = [
        OnnxCast(column, to=proto_type(DoubleTensorType), **opset) for column in operator.inputs
    ]
    return columns[0] if len(columns) == 1 else OnnxConcat(*columns, axis=1, **opset)


def _return(result: Any, scope: Any, operator: Any, container: Any) -> None:
    """Make `result` the output, in the type that the shape function has promised."""
    output = operator.outputs[0]
    OnnxCast(
        result,
        to=guess_proto_type(output.type),
        output_names=[output.full_name],
        op_version=container.target_opset,
    ).add_to(scope, container)


def _shape_of_frame(operator: Any) -> None:
    operator.outputs[0].type = copy(operator.inputs[0].type)
    operator.outputs[0].type.shape = [None, operator.raw_operator.n_features_in_]


def _convert_frame(scope: Any, operator: Any, container: Any) -> None:
    # A runtime is given arrays, which have no frame to be freed from.
    opset = {"op_version": container.target_opset}
    columns = operator.inputs
    whole = OnnxConcat(*columns, axis=1, **opset) if len(columns) > 1 else columns[0]
    name = [operator.outputs[0].full_name]
    OnnxIdentity(whole, output_names=name, **opset).add_to(scope, container)


def shape_of_selector(operator: Any) -> None:
    """As many columns out as are selected."""
    kind = type(operator.inputs[0].type)
    operator.outputs[0].type = kind([None, int(operator.raw_operator.get_support().sum())])


def convert_selector(scope: Any, operator: Any, container: Any) -> None:
    """The selected columns."""
    result = OnnxGather(
        operator.inputs[0],
        operator.raw_operator.get_support(indices=True).astype(np.int64),
        axis=1,
        output_names=[operator.outputs[0].full_name],
        op_version=container.target_opset,
    )
    result.add_to(scope, container)


# ---- what has found another estimator ----


def _parse_best(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    options = (scope.options or {}).get(id(model))
    if options:
        scope.add_options(id(model.best_estimator_), options)
    return parse_sklearn(scope, model.best_estimator_, inputs, custom_parsers=custom_parsers)
