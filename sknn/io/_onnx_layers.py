"""The layers of a network in ONNX's operators. Loaded only where skl2onnx is installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from onnx import TensorProto
from onnx.helper import np_dtype_to_tensor_dtype
from skl2onnx.algebra.onnx_ops import (
    OnnxAbs,
    OnnxAdd,
    OnnxCast,
    OnnxConcat,
    OnnxCos,
    OnnxDiv,
    OnnxErf,
    OnnxExp,
    OnnxIdentity,
    OnnxLog,
    OnnxMatMul,
    OnnxMax,
    OnnxMin,
    OnnxMul,
    OnnxNeg,
    OnnxReduceMean,
    OnnxRelu,
    OnnxReshape,
    OnnxSigmoid,
    OnnxSqrt,
    OnnxSub,
    OnnxTanh,
    OnnxTranspose,
    OnnxUnsqueeze,
)

from sknn.backprop import EPSILON, SELU_ALPHA, SELU_SCALE
from sknn.training import N_EMBEDDED, LayerSpec

Apply = Callable[[Any, dict[str, Any], Any], Any]


def apply_layers(
    layers: Sequence[LayerSpec],
    arrays: Mapping[str, np.ndarray],
    hidden: Any,
    opset: dict[str, Any],
) -> Any:
    """What layers make of `hidden`; arrays may have an axis of networks in front."""
    for layer in layers:
        own = partial(_named, arrays, layer.index)
        if layer.kind == "linear":
            W, b = own("weights", "biases")
            hidden = OnnxAdd(OnnxMatMul(hidden, W, **opset), b, **opset)
        elif layer.kind == "activation":
            hidden = ACTIVATIONS[layer.name](hidden, opset, arrays["weights.0"].dtype.type)
        elif layer.kind == "residual":
            branch = apply_layers(layer.branch, arrays, hidden, opset)
            hidden = OnnxAdd(branch, hidden, **opset)
        elif layer.kind == "input_scale":
            hidden = OnnxMul(hidden, arrays["input_scale"], **opset)
        elif layer.kind == "embedding":
            hidden = _periodic(hidden, arrays, opset)
        elif layer.name == "batch":
            scale, shift, mean, variance = own("scales", "shifts", "means", "variances")
            factor = scale / np.sqrt(variance + scale.dtype.type(EPSILON))
            hidden = OnnxMul(OnnxSub(hidden, mean, **opset), factor, **opset)
            hidden = OnnxAdd(hidden, shift, **opset)
        elif layer.name == "layer":
            scale, shift = own("scales", "shifts")
            hidden = _layer_norm(hidden, scale, shift, opset)
    return hidden


def _named(arrays: Mapping[str, np.ndarray], index: int, *roles: str) -> list[np.ndarray]:
    return [arrays[f"{role}.{index}"] for role in roles]


def _layer_norm(hidden: Any, scale: np.ndarray, shift: np.ndarray, opset: dict[str, Any]) -> Any:
    axis, number = np.array([-1]), scale.dtype.type
    centered = OnnxSub(hidden, OnnxReduceMean(hidden, axis, keepdims=1, **opset), **opset)
    square = OnnxMul(centered, centered, **opset)
    variance = OnnxReduceMean(square, axis, keepdims=1, **opset)
    root = OnnxSqrt(OnnxAdd(variance, np.array([number(EPSILON)]), **opset), **opset)
    normalized = OnnxDiv(centered, root, **opset)
    return OnnxAdd(OnnxMul(normalized, scale, **opset), shift, **opset)


def _periodic(hidden: Any, arrays: Mapping[str, np.ndarray], opset: dict[str, Any]) -> Any:
    """The embedding, feature by feature: (…, d, n_rows, ·), then back to rows."""
    frequencies, weights = arrays["frequencies"], arrays["embedding_weights"]
    n_features = weights.shape[-3]
    front = list(range(weights.ndim - 3))  # the axis of networks, if there is one
    n_front = len(front)
    if n_front:  # rows that all networks share
        ones = np.ones((len(weights), 1, 1), weights.dtype)
        hidden = OnnxMul(hidden, ones, **opset)
    column = OnnxUnsqueeze(
        OnnxTranspose(hidden, perm=[*front, n_front + 1, n_front], **opset),
        np.array([-1]),
        **opset,
    )
    angle = OnnxMul(column, (2 * np.pi * frequencies).astype(weights.dtype), **opset)
    waves = OnnxCos(OnnxAdd(angle, arrays["phases"], **opset), **opset)
    units = OnnxAdd(OnnxMatMul(waves, weights, **opset), arrays["embedding_biases"], **opset)
    together = OnnxConcat(column, units, axis=n_front + 2, **opset)
    by_row = OnnxTranspose(together, perm=[*front, n_front + 1, n_front, n_front + 2], **opset)
    shape = [0] * n_front + [-1, n_features * (1 + N_EMBEDDED)]
    return OnnxReshape(by_row, np.array(shape, np.int64), **opset)


# ---- activations ----


def _softplus(Z: Any, opset: dict[str, Any], number: Any) -> Any:
    # Written out: not every runtime has the operator in double precision.
    small = OnnxExp(OnnxNeg(OnnxAbs(Z, **opset), **opset), **opset)
    log = OnnxLog(OnnxAdd(small, np.array([number(1)]), **opset), **opset)
    return OnnxAdd(OnnxMax(Z, np.array([number(0)]), **opset), log, **opset)


def _silu(Z: Any, opset: dict[str, Any], number: Any) -> Any:
    return OnnxMul(Z, OnnxSigmoid(Z, **opset), **opset)


def _gelu(Z: Any, opset: dict[str, Any], number: Any) -> Any:
    scaled = OnnxMul(Z, np.array([number(0.5**0.5)]), **opset)
    # onnxruntime has the error function in single precision only.
    single = OnnxErf(OnnxCast(scaled, to=TensorProto.FLOAT, **opset), **opset)
    erf = OnnxCast(single, to=np_dtype_to_tensor_dtype(np.dtype(number)), **opset)
    gate = OnnxAdd(erf, np.array([number(1)]), **opset)
    return OnnxMul(OnnxMul(Z, np.array([number(0.5)]), **opset), gate, **opset)


def _mish(Z: Any, opset: dict[str, Any], number: Any) -> Any:
    return OnnxMul(Z, OnnxTanh(_softplus(Z, opset, number), **opset), **opset)


def _elu(Z: Any, opset: dict[str, Any], number: Any, scale: float = 1, alpha: float = 1) -> Any:
    zero = np.array([number(0)])
    negative = OnnxExp(OnnxMin(Z, zero, **opset), **opset)
    negative = OnnxMul(
        OnnxSub(negative, np.array([number(1)]), **opset),
        np.array([number(scale * alpha)]),
        **opset,
    )
    positive = OnnxMul(OnnxMax(Z, zero, **opset), np.array([number(scale)]), **opset)
    return OnnxAdd(positive, negative, **opset)


def _leaky_relu(Z: Any, opset: dict[str, Any], number: Any) -> Any:
    return OnnxMax(Z, OnnxMul(Z, np.array([number(0.01)]), **opset), **opset)


def _operator(operator: Any) -> Apply:
    return lambda Z, opset, number: operator(Z, **opset)


ACTIVATIONS: dict[str, Apply] = {
    "identity": _operator(OnnxIdentity),
    "logistic": _operator(OnnxSigmoid),
    "relu": _operator(OnnxRelu),
    "tanh": _operator(OnnxTanh),
    "silu": _silu,
    "gelu": _gelu,
    "mish": _mish,
    "selu": partial(_elu, scale=SELU_SCALE, alpha=SELU_ALPHA),
    "elu": _elu,
    "leaky_relu": _leaky_relu,
    "softplus": _softplus,
}
