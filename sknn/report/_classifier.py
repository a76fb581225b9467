"""What a report says of a fitted classifier."""

from __future__ import annotations

from typing import Any

from sklearn.metrics import accuracy_score, log_loss

from sknn.report._class_data import UNNAMED, ClassData, encode
from sknn.report._evaluation import Evaluation
from sknn.report._findings import Findings, Rows
from sknn.report._importance import Cost
from sknn.report._overview import as_frame
from sknn.report._performance import errors_section, headlines, probabilities_section
from sknn.report._words import count, percent

ACCURACY = Cost("accuracy_drop", "accuracy lost, points", "accuracy lost, in points", 2, 100.0)
LOG_LOSS = Cost("log_loss_rise", "log loss added", "rise of the log loss", 3)


def evaluate_classifier(model: Any, rows: Rows, target: str | None) -> Findings:
    """Measure a fitted classifier on some rows.

    Raises
    ------
    ValueError
        If it knows one class only, or `y` holds a label that it does not know.
    """
    if len(model.classes_) < 2:
        raise ValueError(
            "`estimator` must tell at least 2 classes apart for a report, got one that knows only "
            f"{model.classes_.tolist()}"
        )
    found = Evaluation.from_estimator(model, rows.X, rows.y)
    names = getattr(model, "feature_names_in_", None)
    data = ClassData(
        target=target or UNNAMED,
        X=as_frame(rows.X, names),
        y=found.y_true,
        X_train=None if rows.X_train is None else as_frame(rows.X_train, names),
        y_train=None if rows.y_train is None else encode(rows.y_train, found.classes),
        classes=found.names,
    )
    has_probabilities = hasattr(model, "predict_proba")
    return Findings(
        found=found,
        data=data,
        sections=[errors_section(found), probabilities_section(found)],
        headlines=headlines(found),
        subtitle=_subtitle(model, data, found),
        costs=(LOG_LOSS, ACCURACY) if has_probabilities else (ACCURACY,),
        scoring=_accuracy_and_loss if has_probabilities else _accuracy,
    )


def _subtitle(model: Any, data: ClassData, found: Evaluation) -> str:
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    seen = "" if data.X_train is None else " that it has not seen"
    return (
        f"A {type(last).__name__} tells {len(data.classes)} {data.classes_name} apart with an "
        f"accuracy of {percent(found.accuracy)} on {count(found.n_rows, 'row')}{seen}."
    )


def _accuracy(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    return {ACCURACY.key: float(accuracy_score(y, estimator.predict(X)))}


def _accuracy_and_loss(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    # Both from one prediction; and, unlike scikit-learn's scorer, for rows of some classes only.
    probabilities = estimator.predict_proba(X)
    predicted = estimator.classes_[probabilities.argmax(axis=1)]
    loss = log_loss(y, probabilities, labels=estimator.classes_)
    return {ACCURACY.key: float(accuracy_score(y, predicted)), LOG_LOSS.key: -float(loss)}
