"""``sknn report``: how a saved model does on rows whose target is known."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from sknn._cli._console import Console, show, show_json
from sknn._cli._output import check_places
from sknn._cli._predict import load_model
from sknn._cli._tables import find_column, known_categories, match_columns, read, some, take_target
from sknn._cli._targets import as_labels, as_numbers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def run_report(arguments: argparse.Namespace, console: Console) -> None:
    """Measure, print, and write a page."""
    from sklearn.base import is_classifier

    from sknn.report import Report, output_directory

    console.to_write = [arguments.out]
    check_places(console.to_write, overwrite=arguments.overwrite)
    with console.stage(f"reading {arguments.model} and {arguments.data}"):
        model = load_model(arguments)
        read_target = _labels if is_classifier(model) else _numbers
        # Classes that are text are text here too, if they look like numbers.
        texts = [*known_categories(model)]
        if is_classifier(model) and model.classes_.dtype.kind not in "iuf":
            texts.append(arguments.target.strip())
        table = read(arguments, as_text=texts)
        target = find_column(table, arguments.target, "--target")
        rows, values = take_target(
            table, target, skip_unlabelled=arguments.skip_unlabelled, console=console
        )
        y = read_target(values, target, model)
        X = match_columns(rows, model, console)
    output_directory(arguments.out.parent)
    with console.stage("measuring"):
        report = Report.from_estimator(
            model,
            X,
            y,
            target=target,
            title=f"{arguments.model.name} on {arguments.data.name}",
            notes=[
                "Whether the model has been trained on some of these rows is not known: figures on "
                "rows that it has learnt from say nothing of new ones."
            ],
        )
    with console.stage("writing"):
        report.to_html(arguments.out, overwrite=arguments.overwrite)
    if arguments.json:
        show_json({**report.to_dict(), "files": {"report.html": str(arguments.out)}})
    elif not arguments.quiet:
        show(report.to_markdown())
        show(f"Page:\n  {arguments.out}")


def _numbers(values: pd.Series, target: str, model: Any) -> np.ndarray:
    return as_numbers(values, target)


def _labels(values: pd.Series, target: str, model: Any) -> np.ndarray:
    y, classes = as_labels(values), model.classes_
    known = set(classes.tolist())
    strange = [label for label in y.tolist() if label not in known]
    if strange:
        raise ValueError(
            f"--target: column {target!r} holds {some(sorted(set(strange)))} in {len(strange)} of "
            f"{len(y)} rows, and the model knows {some(classes.tolist())}: mend or leave out these "
            "rows"
        )
    return y
