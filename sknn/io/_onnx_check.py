"""An ONNX model compared, in onnxruntime, with the estimator that it was made from."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnxruntime
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from ._onnx_inputs import Types, feed
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


def predict(estimator: Any, rows: Table) -> tuple[Any, Any]:
    """Labels and probabilities by a classifier, or None and the columns of a transformer."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if hasattr(estimator, "predict_proba"):
            return np.asarray(estimator.predict(rows)), np.asarray(estimator.predict_proba(rows))
        columns: Any = estimator.transform(rows)
    return None, columns.toarray() if hasattr(columns, "toarray") else np.asarray(columns)


def differences(
    estimator: Any, session: Any, rows: Table, initial_types: Types, tolerance: float
) -> np.ndarray:
    """How much a model differs from its estimator in each row.

    A difference is in units of 1, or of the number itself where that is larger. It is infinite
    where one of them has no number, or labels differ that are not equally likely.

    Raises
    ------
    Exception
        Of any kind, where the model cannot predict these rows.
    """
    inputs, seen = feed(rows, initial_types)
    outputs = session.run(None, {given.name: inputs[given.name] for given in session.get_inputs()})
    labels, expected = predict(estimator, seen)
    found = outputs[-1]
    if found.shape != expected.shape:
        raise ValueError(f"it returns the shape {found.shape} instead of {expected.shape}")
    if found.dtype == object or expected.dtype == object:
        return np.where((found.astype(str) == expected.astype(str)).all(axis=1), 0.0, np.inf)
    with np.errstate(invalid="ignore"):
        gaps = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    is_equal = (found == expected) | (np.isnan(found) & np.isnan(expected))
    gaps = np.where(is_equal, 0, np.where(np.isnan(gaps), np.inf, gaps)).max(axis=1, initial=0)
    if labels is not None:
        place = {label: i for i, label in enumerate(estimator.classes_.tolist())}
        theirs_of, ours_of = outputs[0].tolist(), labels.tolist()
        for i in np.flatnonzero(outputs[0] != labels):
            ours, theirs = place[ours_of[i]], place.get(theirs_of[i])
            if theirs is None or expected[i, ours] - expected[i, theirs] > 2 * tolerance:
                gaps[i] = np.inf
    return gaps


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
