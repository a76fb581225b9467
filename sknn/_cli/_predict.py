"""``sknn predict``: classes and probabilities, or numbers, of new rows."""

from __future__ import annotations

import argparse
import io
from typing import Any

from sknn._cli._console import Console, show, show_json
from sknn._cli._output import check_places, predictions_frame, without_formulas, write_table
from sknn._cli._tables import known_categories, match_columns, read


def load_model(arguments: argparse.Namespace) -> Any:
    """The model of a command."""
    from sknn.io import load

    if not arguments.model.is_file():
        raise FileNotFoundError(f"there is no file {str(arguments.model)!r}")
    return load(arguments.model)


def run_predict(arguments: argparse.Namespace, console: Console) -> None:
    """Predict, and print or write a table."""
    from sknn.report import output_directory
    from sknn.report._files_of_run import write_alone

    if arguments.out is not None:
        console.to_write = [arguments.out]
        check_places(console.to_write, overwrite=arguments.overwrite)
    with console.stage(f"reading {arguments.model} and {arguments.data}"):
        model = load_model(arguments)
        table = read(arguments, as_text=known_categories(model))
        X = match_columns(table, model, console)
    if arguments.out is not None:
        output_directory(arguments.out.parent)
    with console.stage(f"predicting {len(X)} rows"):
        predictions = predictions_frame(model, X)
    rows = predictions if arguments.raw_labels else without_formulas(predictions, console)
    if arguments.out is not None:
        write_alone(
            arguments.out, lambda path: write_table(path, rows), overwrite=arguments.overwrite
        )
    if arguments.json:
        show_json(_tree(model, predictions))
    elif arguments.out is None:
        text = io.StringIO()
        rows.to_csv(text, index=False, lineterminator="\n")
        show(text.getvalue().rstrip("\n"), as_it_is=True)
    elif not arguments.quiet:
        show(f"{len(X)} rows predicted. File:\n  {arguments.out}")


def _tree(model: Any, predictions: Any) -> dict[str, Any]:
    from sklearn.base import is_classifier

    if not is_classifier(model):
        return {name: predictions[name].tolist() for name in predictions.columns}
    return {
        "classes": model.classes_.tolist(),
        "predicted": predictions["predicted"].tolist(),
        "probabilities": predictions.iloc[:, 1:].to_numpy().tolist(),
    }
