"""What the estimators of sknn are in ONNX's operators. Loaded only where skl2onnx is installed."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.algebra.onnx_ops import (
    OnnxAdd,
    OnnxArgMax,
    OnnxCast,
    OnnxDiv,
    OnnxGather,
    OnnxIdentity,
    OnnxMatMul,
    OnnxRelu,
    OnnxSigmoid,
    OnnxSoftmax,
    OnnxTanh,
)
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, guess_proto_type
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

from sknn.preprocessing import ColumnNormScaler, PlainFrame

ACTIVATIONS = {
    "identity": OnnxIdentity,
    "logistic": OnnxSigmoid,
    "relu": OnnxRelu,
    "tanh": OnnxTanh,
}


def convert(estimator: Any, classifier: Any, initial_types: Any) -> Any:
    """The ONNX model of a classifier, or of a pipeline around it.

    Parameters
    ----------
    estimator : estimator
    classifier : estimator
        The one of ours in it.
    initial_types : list of tuple or None
        Inputs; None for one that has the classifier's dtype.
    """
    cls = type(classifier)
    update_registered_converter(
        cls,
        f"Sknn{cls.__name__}",
        calculate_linear_classifier_output_shapes,
        _convert_classifier,
        options={"zipmap": [True, False, "columns"], "nocl": [True, False]},
    )
    update_registered_converter(
        ColumnNormScaler, "SknnColumnNormScaler", _scaler_shape, _convert_scaler
    )
    update_registered_converter(PlainFrame, "SknnPlainFrame", _frame_shape, _convert_frame)
    if initial_types is None:
        initial_types = [("X", _tensor_type(classifier)([None, estimator.n_features_in_]))]
    return convert_sklearn(
        estimator,
        initial_types=initial_types,
        options={id(classifier): {"zipmap": False}},
    )


def _tensor_type(classifier: Any) -> Any:
    is_single = classifier.coefs_[0].dtype == np.float32
    return FloatTensorType if is_single else DoubleTensorType


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    model, opset = operator.raw_operator, {"op_version": container.target_opset}
    label, probabilities = (output.full_name for output in operator.outputs)
    hidden = OnnxCast(
        operator.inputs[0], to=guess_proto_type(_tensor_type(model)([None, None])), **opset
    )
    activation = ACTIVATIONS[model._plan.activation]
    for i, (W, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        if i:
            hidden = activation(hidden, **opset)
        hidden = OnnxAdd(OnnxMatMul(hidden, W, **opset), b, **opset)
    classes = model.classes_
    classes = classes.astype(np.int64) if classes.dtype.kind in "biu" else classes.astype(object)
    results = (
        OnnxGather(
            classes,
            OnnxArgMax(hidden, axis=1, keepdims=0, **opset),
            output_names=[label],
            **opset,
        ),
        OnnxCast(
            OnnxSoftmax(hidden, axis=1, **opset),
            to=guess_proto_type(operator.outputs[1].type),
            output_names=[probabilities],
            **opset,
        ),
    )
    for result in results:
        result.add_to(scope, container)


def _scaler_shape(operator: Any) -> None:
    (column_type,) = (type(variable.type) for variable in operator.inputs[:1])
    kind = DoubleTensorType if column_type is DoubleTensorType else FloatTensorType
    operator.outputs[0].type = kind([None, operator.raw_operator.n_features_in_])


def _convert_scaler(scope: Any, operator: Any, container: Any) -> None:
    scaler, opset = operator.raw_operator, {"op_version": container.target_opset}
    # In double precision and back, as the scaler itself divides.
    double = guess_proto_type(DoubleTensorType([None, None]))
    quotient = OnnxDiv(OnnxCast(operator.inputs[0], to=double, **opset), scaler.norms_, **opset)
    result = OnnxCast(
        quotient,
        to=guess_proto_type(operator.outputs[0].type),
        output_names=[operator.outputs[0].full_name],
        **opset,
    )
    result.add_to(scope, container)


def _frame_shape(operator: Any) -> None:
    operator.outputs[0].type = copy(operator.inputs[0].type)
    operator.outputs[0].type.shape = [None, operator.raw_operator.n_features_in_]


def _convert_frame(scope: Any, operator: Any, container: Any) -> None:
    # A runtime is given arrays, which have no frame to be freed from.
    name = [operator.outputs[0].full_name]
    opset = {"op_version": container.target_opset}
    OnnxIdentity(operator.inputs[0], output_names=name, **opset).add_to(scope, container)
