"""A fitted network as plain data, a header and arrays; and a network out of them."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context

from sknn._version import __version__
from sknn.backprop import LOSSES, OPTIMIZERS, start
from sknn.estimators._arrays import arrays_of
from sknn.estimators._base import BaseMLP
from sknn.estimators._prepare import Terms
from sknn.estimators._regressor import BaseMLPRegressor
from sknn.estimators._results import at_rest, fitted_attributes
from sknn.estimators._targets import Classes, Target
from sknn.training import EarlyStopping, History, Parameters, Plan, Streams, TrainState

from ._codec import decode, encode
from ._plans import check_plan, name_in_files, plan_from_plain, plan_to_plain, shapes_in_files
from ._table import NETWORKS, class_of
from ._targets import check_target, target_from_plain, target_to_plain

GENERATORS = ("weights", "order", "dropout")
# Methods that take metadata.
METHODS = (
    "fit",
    "partial_fit",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score",
    "split",
    "transform",
    "inverse_transform",
)
Arrays = dict[str, np.ndarray]


def versions() -> dict[str, str]:
    """What a file was written with."""
    packages = ("numpy", "scikit-learn")
    return {"sknn": __version__, "python": platform.python_version()} | {
        package: version(package) for package in packages
    }


# ---- out of a network ----


def to_plain(estimator: BaseMLP) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays that say all that a fitted network knows.

    Raises
    ------
    ValueError
        If a parameter or a class label is of a type that a file cannot hold, or a parameter or a
        weight is not what a fit would have left.
    """
    parameters = estimator.get_params(deep=False)
    parameters.pop("skorch_callbacks", None)
    plan, target = estimator._plan, estimator._target
    if isinstance(target, Classes):  # which may be called something else by now
        target = replace(target, classes=estimator.classes_)
    names = getattr(estimator, "feature_names_in_", None)
    estimator._validate_params()
    check_plan(plan, names)
    check_target(target, plan)
    header = {
        "class": type(estimator).__name__,
        "parameters": {name: encode(value, name) for name, value in parameters.items()},
        "requests": requests_of(estimator),
        "target": target_to_plain(target),
        "feature_names": encode(names, "X"),
        "plan": plan_to_plain(plan),
        "dtype": plan.dtype.name,
        "best_validation_score": encode(estimator.best_validation_score_, "best_validation_score_"),
        "held_out": bool(estimator._held_out),
        "state": None,
    }
    shapes, own = shapes_in_files(plan), arrays_of(estimator)
    arrays = {
        name_in_files(name): array.reshape(shapes[name_in_files(name)])
        for name, array in own.items()
    }
    for name, shape in shapes.items():
        _expect(arrays, name, shape, plan.dtype)
    arrays |= _history_arrays(estimator.history_)
    if estimator._state is not None:
        header["state"], more = _state_to_plain(estimator._state, estimator.t_)
        arrays |= more
    return header, arrays


def requests_of(estimator: Any) -> dict[str, dict[str, Any]]:
    """What `set_fit_request` and its like have set on an estimator, by method."""
    if not hasattr(estimator, "_metadata_request"):
        return {}
    routing = estimator.get_metadata_routing()
    requests = {
        method: {
            name: alias
            for name, alias in getattr(routing, method).requests.items()
            if alias is not None
        }
        for method in METHODS
        if hasattr(routing, method)
    }
    return {method: request for method, request in requests.items() if request}


def _history_arrays(history: History) -> Arrays:
    arrays = {f"history.{name}": np.array(column) for name, column in history.epochs.items()}
    for name, by_epoch in history.batches.items():
        if by_epoch:
            arrays[f"batches.{name}"] = np.concatenate(list(by_epoch.values()))
            arrays[f"batches.{name}.epochs"] = np.array(list(by_epoch))
            arrays[f"batches.{name}.sizes"] = np.array([len(v) for v in by_epoch.values()])
    return arrays


def _state_to_plain(state: TrainState, rows_seen: int) -> tuple[dict[str, Any], Arrays]:
    """What a fit that goes on needs to know beyond the weights."""
    (streams,) = state.streams
    header = {
        "n_updates": int(state.n_updates[0]),
        "rows_seen": int(rows_seen),
        "stopping": encode(asdict(state.stopping[0]), "stopping"),
        "entropy": [int(word) for word in streams.entropy],
        "generators": encode(
            {name: getattr(streams, name).bit_generator.state for name in GENERATORS}, "streams"
        ),
    }
    arrays = {f"state.slots.{name}": slot for name, slot in state.slots.items()}
    if state.best is not None:
        arrays |= {"state.parameters": state.parameters.values, "state.best": state.best}
    if state.best_buffers is not None and state.best_buffers.size:
        buffers = {"state.buffers": state.buffers.values, "state.best_buffers": state.best_buffers}
        arrays |= buffers
    return header, arrays


# ---- into a network ----


def set_requests(estimator: Any, requests: Mapping[str, Mapping[str, Any]]) -> None:
    """Set again what `requests_of` has found."""
    with config_context(enable_metadata_routing=True):
        for method, request in requests.items():
            if method not in METHODS:
                raise ValueError(f"it has requests of the unknown method {method!r:.50}")
            getattr(estimator, f"set_{method}_request")(**request)


def from_plain(
    header: Mapping[str, Any], arrays: Mapping[str, np.ndarray], cls: type[BaseMLP] | None
) -> BaseMLP:
    """A network as `to_plain` found it; of class `cls`, if that is given.

    Raises
    ------
    Exception
        Of many kinds, where header and arrays are not what `to_plain` gave.
    """
    cls = _class_of(header["class"], cls)
    known = cls().get_params(deep=False)
    given = {name: decode(value) for name, value in header["parameters"].items()}
    estimator = cls(**{name: value for name, value in given.items() if name in known})
    estimator._validate_params()
    set_requests(estimator, header["requests"])

    # 1. What was learnt from, and how.
    plan = plan_from_plain(header["plan"], header["dtype"])
    names = decode(header["feature_names"])
    check_plan(plan, names)
    target = _target(header, plan, cls)

    # 2. The weights and the history, in a state like the one that training ended with. Memory is
    # taken only for weights that the file has.
    for name, shape in shapes_in_files(plan).items():
        _expect(arrays, name, shape, plan.dtype)
    parameters = Parameters.zeros(1, plan.spec.layout, plan.dtype)
    buffers = Parameters.zeros(1, plan.spec.buffers, plan.dtype)
    for name, view in (parameters.arrays | buffers.arrays).items():
        view[...] = arrays[name_in_files(name)].reshape(view.shape)
        if name.startswith("variances.") and (view < 0).any():
            raise ValueError(f"its {name} must be at least 0, got {view!r:.100}")
    saved = header["state"]
    streams = Streams((0, 0, 0, 0) if saved is None else saved["entropy"])
    # L-BFGS has no memory of its own: none is taken that what was saved would only replace.
    state = start([replace(plan, solver="lbfgs")], [streams], parameters)
    state.buffers = buffers
    state.histories = [_history(arrays, LOSSES[plan.loss].score)]
    attributes = fitted_attributes(state, Terms(plan, target, header["held_out"] is True))
    attributes["best_validation_score_"] = decode(header["best_validation_score"])
    attributes["n_features_in_"] = plan.spec.n_features
    if names is not None:
        attributes["feature_names_in_"] = names
    for name, value in attributes.items():
        setattr(estimator, name, value)

    # 3. What a fit that goes on needs.
    estimator._state = None
    if saved is not None:
        _restore(state, plan, saved, arrays)
        estimator._state, estimator.t_ = at_rest(state), int(state.rows_seen[0])
    return estimator


def _class_of(saved: Any, asked: type[BaseMLP] | None) -> type[BaseMLP]:
    """The class that was saved, or the one of the same kind that is asked for."""
    if saved not in NETWORKS:
        raise ValueError(f"it holds a {saved!r:.50}, which is unknown here")
    known: type[BaseMLP] = class_of(f"sknn.{saved}")
    if asked is None:
        return known
    if issubclass(asked, BaseMLPRegressor) != issubclass(known, BaseMLPRegressor):
        raise ValueError(f"`cls` must be of the kind of the {saved} in it, got {asked.__name__}")
    return asked


def _target(header: Mapping[str, Any], plan: Plan, cls: type[BaseMLP]) -> Target:
    """What the network predicts."""
    if "classes" in header:  # of an earlier version, which predicted nothing else
        plain = {"kind": "classes", "classes": header["classes"]}
    else:
        plain = header["target"]
    target = target_from_plain(plain, plan)
    if issubclass(cls, BaseMLPRegressor) != (plain["kind"] == "numbers"):
        raise ValueError(f"a {cls.__name__} cannot predict the {plain['kind']} in it")
    return target


def _expect(
    arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], dtype: np.dtype
) -> np.ndarray:
    array = arrays[name]
    if array.shape != shape or array.dtype != dtype or not np.isfinite(array).all():
        raise ValueError(f"its {name} must be finite {dtype} of shape {shape}, got {array!r:.100}")
    return array


def _history(arrays: Mapping[str, np.ndarray], score: str) -> History:
    empty = History(score=score)
    n_epochs = arrays["history.train_loss"].size
    epochs = {name: _numbers(arrays, f"history.{name}", n_epochs).tolist() for name in empty.epochs}
    return History(epochs, {name: _batches(arrays, name, n_epochs) for name in empty.batches})


def _batches(
    arrays: Mapping[str, np.ndarray], name: str, n_epochs: int
) -> dict[int, NDArray[np.float64]]:
    """The values of every batch, by the number of their epoch."""
    if f"batches.{name}" not in arrays:
        return {}
    numbers, sizes = (arrays[f"batches.{name}.{part}"] for part in ("epochs", "sizes"))
    known = numbers.tolist()
    if (
        not numbers.dtype.kind == sizes.dtype.kind == "i"
        or not numbers.shape == sizes.shape == (len(known),)
        or known != sorted(set(known) & set(range(1, n_epochs + 1)))
        or (sizes < 1).any()
    ):
        raise ValueError(f"its batches of {name} must be those of its {n_epochs} epochs")
    values = _numbers(arrays, f"batches.{name}", sum(sizes.tolist()))
    parts = np.split(values, np.cumsum(sizes)[:-1])
    return {epoch: part.copy() for epoch, part in zip(known, parts, strict=bool(known))}


def _numbers(arrays: Mapping[str, np.ndarray], name: str, length: int) -> NDArray[np.float64]:
    """A column of a history, which may hold NaN."""
    array = arrays[name]
    if array.shape != (length,) or array.dtype.kind != "f":
        raise ValueError(f"its {name} must be {length} floats, got {array!r:.100}")
    return array


def _restore(
    state: TrainState, plan: Plan, saved: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    values = state.parameters.values
    optimizer = OPTIMIZERS.get(plan.solver)
    names = optimizer.slot_names if optimizer else ()
    state.slots = {
        name: _expect(arrays, f"state.slots.{name}", values.shape, values.dtype) for name in names
    }
    if "state.best" in arrays:
        values[...] = _expect(arrays, "state.parameters", values.shape, values.dtype)
        state.best = _expect(arrays, "state.best", values.shape, values.dtype)
        state.best_buffers = state.buffers.values.copy()
    if "state.best_buffers" in arrays:
        shape = state.buffers.values.shape
        state.buffers.values[...] = _expect(arrays, "state.buffers", shape, values.dtype)
        state.best_buffers = _expect(arrays, "state.best_buffers", shape, values.dtype)
    state.n_updates[:], state.rows_seen[:] = saved["n_updates"], saved["rows_seen"]
    state.stopping = [EarlyStopping(**decode(saved["stopping"]))]
    for name, generator in decode(saved["generators"]).items():
        if name in GENERATORS:
            getattr(state.streams[0], name).bit_generator.state = generator
