"""The estimators of sknn in ONNX's operators. Loaded only where skl2onnx is installed."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from skl2onnx import update_registered_converter, update_registered_parser
from skl2onnx._parse import parse_sklearn
from skl2onnx.algebra.onnx_ops import (
    OnnxAdd,
    OnnxArgMax,
    OnnxCast,
    OnnxConcat,
    OnnxDiv,
    OnnxGather,
    OnnxIdentity,
    OnnxMatMul,
    OnnxMax,
    OnnxMin,
    OnnxMul,
    OnnxNeg,
    OnnxReduceMean,
    OnnxRelu,
    OnnxSigmoid,
    OnnxSoftmax,
    OnnxSqrt,
    OnnxSub,
    OnnxTanh,
)
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, guess_proto_type
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

from sknn.estimators import (
    ScratchMLPClassifier,
    ScratchMLPEnsembleClassifier,
    TorchMLPClassifier,
)
from sknn.estimators._base import arrays_of
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

ACTIVATIONS = {
    "identity": OnnxIdentity,
    "logistic": OnnxSigmoid,
    "relu": OnnxRelu,
    "tanh": OnnxTanh,
}


def register() -> None:
    """Make every estimator of sknn known to skl2onnx."""
    cls: Any
    for cls, convert in (
        (ScratchMLPClassifier, _convert_network),
        (TorchMLPClassifier, _convert_network),
        (ScratchMLPEnsembleClassifier, _convert_ensemble),
    ):
        update_registered_converter(
            cls,
            f"Sknn{cls.__name__}",
            calculate_linear_classifier_output_shapes,
            convert,
            options={"zipmap": [True, False, "columns"], "nocl": [True, False]},
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


def proto_type(kind: Any) -> Any:
    """ONNX's number for one of skl2onnx's types of tensors."""
    return guess_proto_type(kind([None, None]))


def float_type(operator: Any) -> Any:
    """The type that scikit-learn's transformers compute in: float32 only if all inputs are."""
    is_single = all(isinstance(variable.type, FloatTensorType) for variable in operator.inputs)
    return FloatTensorType if is_single else DoubleTensorType


# ---- classifiers ----


def _convert_network(scope: Any, operator: Any, container: Any) -> None:
    opset = {"op_version": container.target_opset}
    model = operator.raw_operator
    arrays = {name: array[0] for name, array in arrays_of(model).items()}
    logits = _outputs(operator, container, model, arrays)
    if _has_one_output(model):
        # Equal ones have the label of the first; the sign is kept where probabilities are rounded.
        decision = OnnxConcat(OnnxNeg(logits, **opset), logits, axis=1, **opset)
        probabilities = OnnxSigmoid(decision, **opset)
    else:
        decision, probabilities = logits, OnnxSoftmax(logits, axis=1, **opset)
    _add_outputs(scope, operator, container, decision, probabilities)


def _convert_ensemble(scope: Any, operator: Any, container: Any) -> None:
    opset = {"op_version": container.target_opset}
    members = operator.raw_operator.estimators_
    each = [arrays_of(member) for member in members]
    arrays = {name: np.concatenate([arrays[name] for arrays in each]) for name in each[0]}
    logits = _outputs(operator, container, members[0], arrays)
    if _has_one_output(members[0]):
        both = OnnxConcat(OnnxNeg(logits, **opset), logits, axis=2, **opset)
        probabilities = OnnxSigmoid(both, **opset)
    else:
        probabilities = OnnxSoftmax(logits, axis=2, **opset)
    mean = OnnxReduceMean(probabilities, np.array([0]), keepdims=0, **opset)
    _add_outputs(scope, operator, container, mean, mean)


def _has_one_output(model: Any) -> bool:
    """Whether a network has one logistic output for two classes."""
    return bool(model._plan.loss == "sigmoid_cross_entropy")


def _outputs(operator: Any, container: Any, model: Any, arrays: Any) -> Any:
    """Outputs of one network, or of all at once, where arrays have an axis of networks in front."""
    opset = {"op_version": container.target_opset}
    kind = FloatTensorType if model._plan.dtype == np.float32 else DoubleTensorType
    hidden = OnnxCast(operator.inputs[0], to=proto_type(kind), **opset)
    for layer in model._plan.spec.layers:
        if layer.kind == "activation":
            hidden = ACTIVATIONS[layer.name](hidden, **opset)
        elif layer.kind == "linear":
            W, b = arrays[f"weights.{layer.index}"], arrays[f"biases.{layer.index}"]
            hidden = OnnxAdd(OnnxMatMul(hidden, W, **opset), b, **opset)
    return hidden


def _add_outputs(
    scope: Any, operator: Any, container: Any, decision: Any, probabilities: Any
) -> None:
    """The label with the largest `decision`, and the probabilities, as the operator's outputs."""
    opset = {"op_version": container.target_opset}
    label, of_classes = operator.outputs
    classes = operator.raw_operator.classes_
    classes = classes.astype(np.int64) if classes.dtype.kind in "biu" else classes.astype(object)
    results = (
        OnnxGather(
            classes,
            OnnxArgMax(decision, axis=1, keepdims=0, **opset),
            output_names=[label.full_name],
            **opset,
        ),
        OnnxCast(
            probabilities,
            to=guess_proto_type(of_classes.type),
            output_names=[of_classes.full_name],
            **opset,
        ),
    )
    for result in results:
        result.add_to(scope, container)


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
