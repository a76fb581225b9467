"""A report on one fitted estimator: what those on classifiers and on regressors have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import check_is_fitted

from sknn.report._blocks import Notes, Section
from sknn.report._classifier import evaluate_classifier
from sknn.report._findings import Findings, Rows
from sknn.report._importance import importance_section, measure_importance
from sknn.report._metrics import versions
from sknn.report._model import model_section, network_of, search_section, training_section
from sknn.report._overview import overview_section
from sknn.report._regressor import evaluate_regressor

# Takes the fitted model, the rows, and what the user calls the target.
Evaluate = Callable[[Any, Rows, str | None], Findings]


def estimator_report(
    estimator: Any,
    rows: Rows,
    *,
    search: Any,
    target: str | None,
    notes: Sequence[str],
    n_repeats: int | None,
    random_state: Any,
) -> dict[str, Any]:
    """What :class:`Report` is made with, beside its title."""
    model = estimator
    if hasattr(estimator, "best_estimator_"):
        model, search = estimator.best_estimator_, estimator
    evaluate = _evaluate_of(model)
    _check(model, rows)
    findings = evaluate(model, rows, target)
    found, data = findings.found, findings.data
    network = network_of(model)
    # What was found comes first, and how it came about after it.
    sections = [*findings.sections]
    tree = {"target": data.target, **found.to_dict(), "versions": versions()}
    if n_repeats != 0:
        importance = measure_importance(
            model,
            rows.X,
            rows.y,
            list(data.X.columns),
            costs=findings.costs,
            scoring=findings.scoring,
            n_repeats=n_repeats,
            random_state=random_state,
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
        "title": f"Predicting {data.target}",
        "sections": sections,
        "subtitle": findings.subtitle,
        "headlines": findings.headlines,
        "created": date.today().isoformat(),
        "data": tree,
    }


def _evaluate_of(model: Any) -> Evaluate:
    if is_classifier(model):
        return evaluate_classifier
    if is_regressor(model):
        return evaluate_regressor
    raise ValueError(f"`estimator` must be a classifier or a regressor, got {type(model).__name__}")


def _check(model: Any, rows: Rows) -> None:
    check_is_fitted(model)
    X_train, n_columns = rows.X_train, np.shape(rows.X)[1]
    if (X_train is None) != (rows.y_train is None):
        raise ValueError("`X_train` and `y_train` must be given together, or not at all")
    if X_train is not None and np.shape(X_train)[1] != n_columns:
        raise ValueError(
            f"`X_train` must have the {n_columns} columns of `X`, got {np.shape(X_train)[1]}"
        )


def _plain(value: Any) -> Any:
    """A parameter's value for JSON."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
