"""Networks and ensembles of networks in ONNX's operators. Loaded only where skl2onnx is installed.

The layers come from the network's spec, and what follows the last of them from its target: classes,
sets of labels, or numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from skl2onnx.algebra.onnx_ops import (
    OnnxAbs,
    OnnxAdd,
    OnnxArgMax,
    OnnxCast,
    OnnxConcat,
    OnnxCumSum,
    OnnxExp,
    OnnxGather,
    OnnxGreater,
    OnnxLog,
    OnnxMax,
    OnnxMul,
    OnnxNeg,
    OnnxReduceMean,
    OnnxRelu,
    OnnxSigmoid,
    OnnxSoftmax,
    OnnxSqrt,
    OnnxSub,
    OnnxSum,
)
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    guess_proto_type,
)
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

from sknn.backprop import LOSSES, SMALLEST_SD
from sknn.estimators._arrays import arrays_of
from sknn.estimators._targets import LabelSets, Numbers

from ._onnx_layers import apply_layers
from ._table import ENSEMBLES, is_one_of


def proto_type(kind: Any) -> Any:
    """ONNX's number for one of skl2onnx's types of tensors."""
    return guess_proto_type(kind([None, None]))


def _opset(container: Any) -> dict[str, Any]:
    return {"op_version": container.target_opset}


def networks_of(model: Any) -> Any:
    """Those of an ensemble, or the one that `model` is."""
    return model.estimators_ if is_one_of(type(model), ENSEMBLES) else [model]


def _outputs(operator: Any, container: Any, model: Any, arrays: Any) -> Any:
    """Outputs of one network, or of all at once, where arrays have an axis of networks in front."""
    opset = _opset(container)
    kind = FloatTensorType if model._plan.dtype == np.float32 else DoubleTensorType
    hidden = OnnxCast(operator.inputs[0], to=proto_type(kind), **opset)
    return apply_layers(model._plan.spec.layers, arrays, hidden, opset)


def _outputs_of_one(operator: Any, container: Any) -> Any:
    model = operator.raw_operator
    arrays = {name: array[0] for name, array in arrays_of(model).items()}
    return _outputs(operator, container, model, arrays)


def _outputs_of_all(operator: Any, container: Any) -> Any:
    members = operator.raw_operator.estimators_
    each = [arrays_of(member) for member in members]
    arrays = {name: np.concatenate([arrays[name] for arrays in each]) for name in each[0]}
    return _outputs(operator, container, members[0], arrays)


def _add(scope: Any, operator: Any, container: Any, results: Any) -> None:
    """Make `results` the outputs of an operator, in their types."""
    for result, output in zip(results, operator.outputs, strict=False):
        OnnxCast(
            result,
            to=guess_proto_type(output.type),
            output_names=[output.full_name],
            **_opset(container),
        ).add_to(scope, container)


# ---- classifiers ----


def shape_of_classifier(operator: Any) -> None:
    """A label for each row, or an indicator for each of its labels; and their probabilities."""
    target = networks_of(operator.raw_operator)[0]._target
    if not isinstance(target, LabelSets):
        calculate_linear_classifier_output_shapes(operator)
        return
    label, probabilities = operator.outputs
    shape = [operator.inputs[0].get_first_dimension(), target.n_labels]
    label.set_type(Int64TensorType(shape))
    probabilities.type.shape = shape


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Labels and probabilities of one network."""
    opset = _opset(container)
    model = operator.raw_operator
    outputs = _outputs_of_one(operator, container)
    probabilities = _probabilities(model, outputs, opset)
    if isinstance(model._target, LabelSets):
        is_there = OnnxGreater(outputs, np.zeros(1, model._plan.dtype), **opset)
        _add(scope, operator, container, (is_there, probabilities))
        return
    decision = outputs
    if _has_one_output(model):
        # Equal ones have the label of the first; the sign is kept where probabilities are rounded.
        decision = OnnxConcat(OnnxNeg(outputs, **opset), outputs, axis=1, **opset)
    _add_classes(scope, operator, container, decision, probabilities)


def convert_classifiers(scope: Any, operator: Any, container: Any) -> None:
    """Labels and probabilities of an ensemble."""
    opset = _opset(container)
    first = operator.raw_operator.estimators_[0]
    outputs = _outputs_of_all(operator, container)
    mean = _mean(_probabilities(first, outputs, opset), opset)
    if isinstance(first._target, LabelSets):
        half = np.array([0.5], first._plan.dtype)
        _add(scope, operator, container, (OnnxGreater(mean, half, **opset), mean))
        return
    _add_classes(scope, operator, container, mean, mean)


def _has_one_output(model: Any) -> bool:
    """Whether a network has one logistic output for two classes."""
    return bool(model._plan.loss == "sigmoid_cross_entropy")


def _probabilities(model: Any, outputs: Any, opset: dict[str, Any]) -> Any:
    """Probabilities of the classes or labels, along the last axis."""
    if isinstance(model._target, LabelSets):
        return OnnxSigmoid(outputs, **opset)
    if not _has_one_output(model):
        return OnnxSoftmax(outputs, axis=-1, **opset)
    return OnnxSigmoid(OnnxConcat(OnnxNeg(outputs, **opset), outputs, axis=-1, **opset), **opset)


def _add_classes(
    scope: Any, operator: Any, container: Any, decision: Any, probabilities: Any
) -> None:
    """The label with the largest `decision`, and the probabilities, as the operator's outputs."""
    opset = _opset(container)
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


# ---- regressors ----


def target_of(model: Any) -> Numbers | None:
    """The target of a regressor, or of the first network of an ensemble of them; else None."""
    target = getattr(networks_of(model)[0], "_target", None)
    return target if isinstance(target, Numbers) else None


def second_output(model: Any) -> str | None:
    """What a regressor has beyond its predictions: "std", "quantiles", or nothing."""
    target = target_of(model)
    if target is not None and target.loss == "quantile":
        return "quantiles"
    is_ensemble = networks_of(model)[0] is not model
    has_std = target is not None and (target.loss == "gaussian" or is_ensemble)
    return "std" if has_std else None


def parse_regressor(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """An operator that has the predictions, and what comes with them, as outputs."""
    target, second = target_of(model), second_output(model)
    assert target is not None
    operator = scope.declare_local_operator(f"Sknn{type(model).__name__}", model)
    operator.inputs = inputs
    # In the precision of y, whatever the network computes in: y may need all of its digits.
    kind = FloatTensorType if target.dtype == np.float32 else DoubleTensorType
    for name in ("variable", second) if second else ("variable",):
        operator.outputs.append(scope.declare_local_variable(name, kind()))
    return operator.outputs


def shape_of_regressor(operator: Any) -> None:
    """A column for each number; of the second output, for each number or quantile."""
    target = target_of(operator.raw_operator)
    assert target is not None
    n_rows = operator.inputs[0].get_first_dimension()
    widths = target.n_targets, len(target.levels) or target.n_targets
    # Other converters ask for predictions alone.
    for output, width in zip(operator.outputs, widths, strict=False):
        output.type.shape = [n_rows, width]


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Predictions of one network, in the units of y."""
    opset = _opset(container)
    model = operator.raw_operator
    target = model._target
    found, deviation = _numbers(model, _outputs_of_one(operator, container), opset)
    found = second = _in_units(found, target.scale, target.center, opset)
    if deviation is not None:
        second = _in_units(deviation, target.scale, None, opset)
    _add(scope, operator, container, (_middle(target, found, opset), second))


def convert_regressors(scope: Any, operator: Any, container: Any) -> None:
    """The mean of the predictions of an ensemble, and their spread or the mean of quantiles."""
    opset = _opset(container)
    members = operator.raw_operator.estimators_
    target = members[0]._target
    found, deviation = _numbers(members[0], _outputs_of_all(operator, container), opset)
    center, scale = (
        np.stack([getattr(member._target, name)[None] for member in members])
        for name in ("center", "scale")
    )
    each = _in_units(found, scale, center, opset)
    mean = second = _mean(each, opset)
    if target.loss != "quantile":
        error = OnnxSub(each, mean, **opset)
        square = _mean(OnnxMul(error, error, **opset), opset)
        if deviation is not None:
            noise = _in_units(deviation, scale, None, opset)
            square = OnnxAdd(square, _mean(OnnxMul(noise, noise, **opset), opset), **opset)
        second = OnnxSqrt(square, **opset)
    _add(scope, operator, container, (_middle(target, mean, opset), second))


def _in_units(found: Any, scale: Any, center: Any, opset: dict[str, Any]) -> Any:
    """What a network has learnt, in the units of y and in double precision."""
    double = OnnxCast(found, to=proto_type(DoubleTensorType), **opset)
    product = OnnxMul(double, scale, **opset)
    # Not `Add`, which onnxruntime leaves out where a number is 0 in single precision.
    return product if center is None else OnnxSum(product, center, **opset)


def _numbers(network: Any, outputs: Any, opset: dict[str, Any]) -> tuple[Any, Any]:
    """Predictions on the scale that a network learns, and standard deviations or None."""
    target, dtype = network._target, network._plan.dtype
    if LOSSES[target.loss].out_activation == "exp":
        return OnnxExp(outputs, **opset), None
    if target.loss == "gaussian":
        mean, log_sd = (
            OnnxGather(outputs, np.arange(target.n_targets) + start, axis=-1, **opset)
            for start in (0, target.n_targets)
        )
        least = np.array([SMALLEST_SD], dtype)
        return mean, OnnxMax(OnnxExp(log_sd, **opset), least, **opset)
    n_levels = len(target.levels)
    if n_levels > 1:
        lowest = OnnxGather(outputs, np.array([0]), axis=-1, **opset)
        steps = OnnxGather(outputs, np.arange(1, n_levels), axis=-1, **opset)
        each = OnnxConcat(lowest, _softplus(steps, dtype, opset), axis=-1, **opset)
        return OnnxCumSum(each, np.array(-1), **opset), None
    return outputs, None


def _softplus(z: Any, dtype: np.dtype, opset: dict[str, Any]) -> Any:
    """log(1 + exp(z)); the operator of that name is there in single precision only."""
    small = OnnxExp(OnnxNeg(OnnxAbs(z, **opset), **opset), **opset)
    log = OnnxLog(OnnxAdd(small, np.ones(1, dtype), **opset), **opset)
    return OnnxAdd(OnnxRelu(z, **opset), log, **opset)


def _mean(each: Any, opset: dict[str, Any]) -> Any:
    return OnnxReduceMean(each, np.array([0]), keepdims=0, **opset)


def _middle(target: Numbers, found: Any, opset: dict[str, Any]) -> Any:
    """What `predict` returns: of quantiles the middle one."""
    if target.loss != "quantile":
        return found
    return OnnxGather(found, np.array([target.middle]), axis=-1, **opset)
