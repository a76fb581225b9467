"""An ONNX model compared, in onnxruntime, with the estimator that it was made from."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from sklearn.base import is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from ._onnx_inputs import Types, feed
from ._onnx_networks import networks_of, second_output, target_of
from ._onnx_rows import Table


def open_session(model: Any) -> onnxruntime.InferenceSession:
    """A model in onnxruntime, on the CPU.

    Raises
    ------
    Exception
        Of onnxruntime's kinds, if it cannot run the model.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised; nothing is printed besides
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


@dataclass(frozen=True)
class Prediction:
    """What an estimator makes of rows.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,) or (n_rows, n_labels), or None
        By a classifier.
    columns : list of ndarray of shape (n_rows, n_columns)
        Probabilities; the numbers of a regressor, and what comes with them; or what a transformer
        returns.
    origins, units : list
        For each of `columns`, what differences are measured from, and by.
    """

    labels: Any
    columns: list[Any]
    origins: Sequence[Any] = (0.0,)
    units: Sequence[Any] = (1.0,)


def predict(estimator: Any, rows: Table) -> Prediction:
    """Predict rows by an estimator itself."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if hasattr(estimator, "predict_proba"):
            labels = _dense(estimator.predict(rows))
            return Prediction(labels, [_dense(estimator.predict_proba(rows))])
        if is_regressor(estimator):
            return _numbers(estimator, rows)
        return Prediction(None, [_dense(estimator.transform(rows))])


def _dense(values: Any) -> np.ndarray:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values)


def _numbers(estimator: Any, rows: Table) -> Prediction:
    """The numbers by a regressor, and the standard deviations or quantiles that come with them.

    They are measured in standard deviations of the target, where that is known: neither a large
    mean nor tiny units may hide a difference.
    """
    found = np.asarray(estimator.predict(rows))
    columns = [found.reshape(len(found), -1)]
    network, rows = _end(estimator, rows)
    target, second = target_of(network), second_output(network)
    if second == "std":
        deviations = np.asarray(network.predict(rows, return_std=True)[1])
        columns.append(deviations.reshape(len(deviations), -1))
    elif second == "quantiles":
        members = networks_of(network)
        each = [one._target.predict_quantiles(one._validated_outputs(rows)) for one in members]
        columns.append(np.mean(each, axis=0))
    center: Any = 0.0 if target is None else target.center
    scale: Any = target.scale if target is not None and target.scales else np.zeros(1)
    origins = [center, 0.0 if second == "std" else center]
    units = []
    for column, origin in zip(columns, origins, strict=False):
        usual = np.abs(column - origin).mean(axis=0)
        units.append(np.where(scale > 0, scale, np.where(usual > 0, usual, 1.0)))
    return Prediction(None, columns, origins[: len(columns)], units)


def _end(estimator: Any, rows: Any) -> tuple[Any, Any]:
    """What a pipeline or search ends in, and the rows that reach it."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif isinstance(estimator, Pipeline):
            rows = estimator[:-1].transform(rows) if len(estimator) > 1 else rows
            estimator = estimator[-1]
        else:
            return estimator, rows


def differences(
    estimator: Any, session: Any, rows: Table, initial_types: Types, tolerance: float
) -> np.ndarray:
    """How much a model differs from its estimator in each row.

    A difference is in units of 1, or of the number itself where that is larger; of a regressor, in
    those of its target. It is infinite where one of them has no number, or labels differ that are
    not equally likely.

    Raises
    ------
    Exception
        Of any kind, where the model cannot predict these rows.
    """
    inputs, seen = feed(rows, initial_types)
    outputs = session.run(None, {given.name: inputs[given.name] for given in session.get_inputs()})
    expected = predict(estimator, seen)
    found = outputs if expected.labels is None else outputs[1:]
    if len(found) != len(expected.columns):
        raise ValueError(f"it has {len(found)} outputs instead of {len(expected.columns)}")
    parts = zip(found, expected.columns, expected.origins, expected.units, strict=True)
    gaps = np.max([_gaps(*part) for part in parts], axis=0)
    if expected.labels is not None:
        gaps[_has_wrong_label(estimator, outputs[0], expected, tolerance)] = np.inf
    return gaps


def _gaps(found: np.ndarray, expected: np.ndarray, origin: Any, unit: Any) -> np.ndarray:
    """The largest difference in each row."""
    if found.shape != expected.shape:
        raise ValueError(f"it returns the shape {found.shape} instead of {expected.shape}")
    if found.dtype == object or expected.dtype == object:
        return np.where((found.astype(str) == expected.astype(str)).all(axis=1), 0.0, np.inf)
    with np.errstate(invalid="ignore"):
        gaps = np.abs(found - expected)
        if expected.dtype.kind == "f":  # in which the last digit may be rounded either way
            gaps = np.maximum(gaps - np.spacing(np.abs(expected)), 0)
        gaps = gaps / np.maximum(unit, np.abs(expected - origin))
    is_equal = (found == expected) | (np.isnan(found) & np.isnan(expected))
    gaps = np.where(is_equal, 0, np.where(np.isnan(gaps), np.inf, gaps))
    return np.asarray(gaps.max(axis=1, initial=0))


def _has_wrong_label(
    estimator: Any, found: np.ndarray, expected: Prediction, tolerance: float
) -> np.ndarray:
    """Whether a row has another label than the estimator gives it, or one that is as likely."""
    labels, (probabilities, *_) = expected.labels, expected.columns
    if labels.ndim == 2:
        return np.asarray(
            ((found != labels) & (np.abs(probabilities - 0.5) > tolerance)).any(axis=1)
        )
    wrong = np.zeros(len(labels), bool)
    place = {label: i for i, label in enumerate(estimator.classes_.tolist())}
    theirs_of, ours_of = found.tolist(), labels.tolist()
    for i in np.flatnonzero(found != labels):
        ours, theirs = place[ours_of[i]], place.get(theirs_of[i])
        if theirs is None or probabilities[i, ours] - probabilities[i, theirs] > 2 * tolerance:
            wrong[i] = True
    return wrong


def first_wrong_part(estimator: Any, differs: Callable[[Any], bool]) -> str | None:
    """The first part of a pipeline that differs, in words; None if none does by itself.

    Parameters
    ----------
    estimator : estimator
    differs : callable
        Whether the model of an estimator differs from it.
    """
    for name, part, until in _parts(estimator):
        if differs(until):
            return f"{name!r}, {part!r}"
    return None


def _parts(estimator: Any) -> Iterator[tuple[str, Any, Any]]:
    """Names and parts of a pipeline, inner ones first, each with an estimator that ends in it."""
    if isinstance(estimator, Pipeline):
        for i, (name, step) in enumerate(estimator.steps[:-1]):
            if i == 0:
                yield from _parts(step)
            yield name, step, Pipeline(estimator.steps[: i + 1])
    elif isinstance(estimator, ColumnTransformer):
        for name, part, columns in estimator.transformers_:
            alone = copy.copy(estimator)
            alone.transformers_ = [(name, part, columns)]
            yield name, part, alone
