"""What a report says of a fitted regressor."""

from __future__ import annotations

from typing import Any

import numpy as np

from sknn.report._findings import Findings, Rows
from sknn.report._importance import Cost
from sknn.report._number_data import UNNAMED, NumberData
from sknn.report._overview import as_frame
from sknn.report._predictions import headlines, intervals_sections, predictions_section
from sknn.report._regression_evaluation import (
    RegressionEvaluation,
    as_numbers,
    names_of_targets,
    r2_of,
)
from sknn.report._words import count, decimal

R2 = Cost("r2_drop", "R² lost", "R² lost", 3)


@np.errstate(over="ignore", invalid="ignore")  # of squares of large numbers
def evaluate_regressor(model: Any, rows: Rows, target: str | None) -> Findings:
    """Measure a fitted regressor on some rows.

    Raises
    ------
    ValueError
        If `y` holds anything but finite numbers.
    """
    names = names_of_targets(rows.y)
    if len(names) == 1 and target is not None:
        names = [target]
    found = RegressionEvaluation.from_estimator(model, rows.X, rows.y, names=names)
    columns = getattr(model, "feature_names_in_", None)
    data = NumberData(
        target=target or UNNAMED,
        X=as_frame(rows.X, columns),
        y=found.y_true,
        X_train=None if rows.X_train is None else as_frame(rows.X_train, columns),
        y_train=None if rows.y_train is None else as_numbers(rows.y_train, "y_train"),
        names=names,
    )
    return Findings(
        found=found,
        data=data,
        sections=[predictions_section(found), *intervals_sections(found)],
        headlines=headlines(found),
        subtitle=_subtitle(model, data, found),
        costs=(R2,),
        scoring=_r2,
    )


def _subtitle(model: Any, data: NumberData, found: RegressionEvaluation) -> str:
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    seen = "" if data.X_train is None else " that it has not seen"
    several = "" if len(data.names) == 1 else f", {len(data.names)} numbers for each row,"
    return (
        f"A {type(last).__name__} predicts {data.target}{several} with an R² of "
        f"{decimal(found.r2)} on {count(found.n_rows, 'row')}{seen}."
    )


def _r2(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    true, predicted = as_numbers(y, "y"), as_numbers(estimator.predict(X), "y_pred")
    return {R2.key: float(r2_of(true, predicted).mean())}
