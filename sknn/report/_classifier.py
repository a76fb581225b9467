"""The sections of a report on one fitted classifier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from sknn.report._blocks import Notes, Section
from sknn.report._evaluation import Evaluation
from sknn.report._importance import importance_section, measure_importance
from sknn.report._metrics import versions
from sknn.report._model import model_section, network_of, search_section, training_section
from sknn.report._overview import Data, as_frame, encode, overview_section
from sknn.report._performance import errors_section, headlines, probabilities_section
from sknn.report._words import count, percent


def classifier_report(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    X_train: Any,
    y_train: ArrayLike | None,
    search: Any,
    target: str,
    notes: Sequence[str],
    n_repeats: int | None,
    random_state: Any,
) -> dict[str, Any]:
    """What :class:`Report` is made with, beside its title."""
    model = estimator
    if hasattr(estimator, "best_estimator_"):
        model, search = estimator.best_estimator_, estimator
    _check(model, X, X_train, y_train)
    found = Evaluation.from_estimator(model, X, y)
    names = getattr(model, "feature_names_in_", None)
    data = Data(
        target=target,
        classes=found.names,
        X=as_frame(X, names),
        y=found.y_true,
        X_train=None if X_train is None else as_frame(X_train, names),
        y_train=None if y_train is None else encode(y_train, found.classes),
    )
    network = network_of(model)
    # What was found comes first, and how it came about after it.
    sections = [errors_section(found), probabilities_section(found)]
    tree = {"target": target, **found.to_dict(), "versions": versions()}
    if n_repeats != 0:
        importance = measure_importance(
            model, X, y, list(data.X.columns), n_repeats=n_repeats, random_state=random_state
        )
        sections.append(importance_section(importance))
        tree["importance"] = importance.to_dict()
    with np.errstate(over="ignore", invalid="ignore"):  # of statistics of large numbers
        sections.append(overview_section(data, found))
    sections.append(model_section(model))
    if search is not None:
        sections.append(search_section(search))
        tree["search"] = {
            "candidates": len(search.cv_results_["params"]),
            "best_params": {name: _plain(value) for name, value in search.best_params_.items()},
            "scoring": _plain(search.scoring),
            "best_score": float(search.best_score_),
        }
    if network is not None:
        tree["epochs"] = int(network.n_iter_)
        if len(network.history_):
            sections.append(training_section(network))
    if notes:
        sections.append(Section("What to know besides", [Notes(tuple(notes))]))
        tree["notes"] = list(notes)
    return {
        "sections": sections,
        "subtitle": _subtitle(model, data, found),
        "headlines": headlines(found),
        "created": date.today().isoformat(),
        "data": tree,
    }


def _subtitle(model: Any, data: Data, found: Evaluation) -> str:
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    seen = "" if data.X_train is None else " that it has not seen"
    return (
        f"A {type(last).__name__} tells {len(data.classes)} {data.classes_name} apart with an "
        f"accuracy of {percent(found.accuracy)} on {count(found.n_rows, 'row')}{seen}."
    )


def _check(model: Any, X: Any, X_train: Any, y_train: Any) -> None:
    if not is_classifier(model):
        raise ValueError(f"`estimator` must be a classifier, got {type(model).__name__}")
    check_is_fitted(model)
    if len(model.classes_) < 2:
        raise ValueError(
            "`estimator` must tell at least 2 classes apart for a report, got one that knows only "
            f"{model.classes_.tolist()}"
        )
    if (X_train is None) != (y_train is None):
        raise ValueError("`X_train` and `y_train` must be given together, or not at all")
    if X_train is not None and np.shape(X_train)[1] != np.shape(X)[1]:
        raise ValueError(
            f"`X_train` must have the {np.shape(X)[1]} columns of `X`, got {np.shape(X_train)[1]}"
        )


def _plain(value: Any) -> Any:
    """A parameter's value for JSON."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
