"""``sknn fit``: from a table to a trained, measured and saved model."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sknn._cli._console import Console, show, show_json
from sknn._cli._output import check_places
from sknn._cli._tables import find_column, read, take_target
from sknn._cli._tasks import Task, check_task, find_task
from sknn._warnings import TrainingInterrupted

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FILES = ("model.sknn", "metrics.json", "history.csv", "predictions.csv", "report.html")
# Learning rates, penalties and dropouts: 27 networks, which a search trains as stacks. Without one
# it is the middle of each. Columns that are divided by their norms are small: they call for longer
# and more steps, and for larger weights.
GRIDS = {
    "standard": {
        "mlp__learning_rate_init": [0.002, 0.005, 0.01],
        "mlp__l2": [1e-3, 3e-3, 1e-2],
        "mlp__dropout": [0.0, 0.2, 0.4],
    },
    "l2": {
        "mlp__learning_rate_init": [0.01, 0.03, 0.1],
        "mlp__l2": [1e-5, 3e-5, 1e-4],
        "mlp__dropout": [0.0, 0.2, 0.4],
    },
}
# On Ctrl-C no other fit follows: see `sknn._sklearn_compat.is_outermost_fit`.
HANDS_INTERRUPTS_ON = True


@dataclass
class Rows:
    """Rows to train on and rows to measure on, and what to say of them."""

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: np.ndarray
    y_test: np.ndarray
    columns: Any
    task: Task
    notes: list[str] = field(default_factory=list)


def run_fit(arguments: argparse.Namespace, console: Console) -> None:
    """Train, measure, save, and report."""
    from sknn import io
    from sknn.report import output_directory
    from sknn.report._files_of_run import files_of_run

    check_task(arguments)
    out = arguments.out or Path("output", arguments.data.stem)
    paths = {name: out / name for name in FILES}
    check_places(paths.values(), overwrite=arguments.overwrite)
    with console.stage(f"reading {arguments.data}"):
        rows = _prepare(arguments, console)
    output_directory(out)
    console.to_write = list(paths.values())
    pipeline = _pipeline(arguments, rows)
    search = _search(arguments, pipeline, rows, console) if arguments.search else None
    if search is not None:
        pipeline.set_params(**search.best_params_)
    if arguments.engine == "torch":
        pipeline.steps[-1] = ("mlp", rows.task.with_torch(pipeline[-1]))
    stopped = _train(pipeline, rows, console)
    with files_of_run(out, FILES, overwrite=arguments.overwrite) as folder:
        write = _Writer(folder, out, console)
        write("model.sknn", lambda path: io.save(pipeline, path))
        failure, report = None, None
        try:
            if stopped:
                raise KeyboardInterrupt(
                    f"training stopped after epoch {pipeline[-1].n_iter_}, whose weights are in "
                    f"{paths['model.sknn']}; it was not measured: 'sknn report' does that"
                )
            with console.stage("measuring"):
                report = _measure(pipeline, rows, arguments, search)
            with console.stage("writing"):
                _write(report, pipeline, rows, write, raw_labels=arguments.raw_labels)
        except BaseException as error:
            # What is complete is kept.
            failure = error
    if failure is not None:
        raise failure
    _tell(report, paths, arguments)


def _prepare(arguments: argparse.Namespace, console: Console) -> Rows:
    from sknn.preprocessing import choose_columns

    table = read(arguments, as_text=arguments.categories)
    target = find_column(table, arguments.target, "--target")
    X, values = take_target(
        table, target, skip_unlabelled=arguments.skip_unlabelled, console=console
    )
    task = find_task(arguments, values, target)
    y = task.read(values, target)
    dropped = [find_column(X, name, "--drop") for name in arguments.drop]
    X = X.drop(columns=dropped)
    # The target may be named among them, to say that its numbers are names.
    names = [name for name in arguments.categories if name.strip() != target]
    columns = choose_columns(
        X,
        categories=[find_column(X, name, "--categories") for name in names],
        keep=[find_column(X, name, "--keep") for name in arguments.keep],
    )
    notes = [_why_left_out(X[name], reason) for name, reason in columns.left_out.items()]
    if dropped:
        notes.append(f"Left out as asked for: {', '.join(dropped)}.")
    for note in notes:
        console.note(note)
    X_train, X_test, y_train, y_test = task.split(X[columns.used], y)
    return Rows(X_train, X_test, y_train, y_test, columns, task, notes)


def _why_left_out(values: pd.Series, reason: str) -> str:
    # What is empty or always the same is no better for being kept.
    hint = " `--keep` or `--categories` keeps it." if values.nunique() > 1 else ""
    return f"Column {str(values.name)!r} was left out: it {reason}.{hint}"


def _pipeline(arguments: argparse.Namespace, rows: Rows) -> Any:
    """Everything up to training, with NumPy's network and the middle setting of each parameter."""
    from sklearn.pipeline import Pipeline

    from sknn.preprocessing import make_table_transformer

    prepare = make_table_transformer(rows.columns, scale=arguments.scale)
    pipeline = Pipeline([("prepare", prepare), ("mlp", rows.task.network(len(rows.y_train)))])
    grid = GRIDS[arguments.scale]
    return pipeline.set_params(**{name: values[len(values) // 2] for name, values in grid.items()})


def _search(arguments: argparse.Namespace, pipeline: Any, rows: Rows, console: Console) -> Any:
    import numpy as np

    from sknn.model_selection import StackedGridSearchCV

    grid, folds = GRIDS[arguments.scale], rows.task.folds(rows.y_train)
    search = StackedGridSearchCV(
        pipeline,
        grid,
        scoring=rows.task.scoring(rows.y_train, folds),
        cv=folds,
        n_jobs=arguments.jobs,
        refit=False,
    )
    n_candidates = int(np.prod([len(values) for values in grid.values()]))
    words = f"searching: {n_candidates} candidates on {folds.n_splits} folds"
    with console.stage(words), warnings.catch_warnings():
        # That a class has fewer rows than folds, or that a candidate has not converged.
        warnings.simplefilter("ignore", UserWarning)
        return search.fit(rows.X_train, rows.y_train)


def _train(pipeline: Any, rows: Rows, console: Console) -> bool:
    """Fit; True if Ctrl-C ended it after a complete epoch.

    Loss and score on the rows to measure on are recorded. Nothing is chosen by them.
    """
    prepare, mlp = pipeline[0], pipeline[-1]
    with console.stage(f"training, {mlp.max_iter} epochs", mlp.max_iter) as advance:
        mlp.set_callbacks(_Epochs(advance))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Z_train = prepare.fit_transform(rows.X_train, rows.y_train)
            Z_test = prepare.transform(rows.X_test)
            mlp.fit(Z_train, rows.y_train, X_val=Z_test, y_val=rows.y_test)
        mlp.set_callbacks()
    stopped = any(issubclass(warning.category, TrainingInterrupted) for warning in caught)
    for warning in caught:
        if issubclass(warning.category, DeprecationWarning | FutureWarning):
            continue
        rows.notes.append(str(warning.message))
        if not stopped:
            console.note(str(warning.message))
    return stopped


class _Epochs:
    """Counts epochs, as a callback of scikit-learn's."""

    def __init__(self, advance: Any) -> None:
        self.advance, self.done = advance, 0

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Count an epoch."""
        if context.task_name == "epoch":
            self.done += 1
            self.advance(self.done)

    def teardown(self, estimator: Any, context: Any) -> None:
        """End."""


def _measure(pipeline: Any, rows: Rows, arguments: argparse.Namespace, search: Any) -> Any:
    from sknn.report import Report

    return Report.from_estimator(
        pipeline,
        rows.X_test,
        rows.y_test,
        X_train=rows.X_train,
        y_train=rows.y_train,
        search=search,
        target=arguments.target.strip(),
        notes=rows.notes,
        random_state=arguments.seed,
    )


class _Writer:
    """Writes files to a folder that will be moved, and removes those that are not complete."""

    def __init__(self, folder: Path, out: Path, console: Console) -> None:
        self.folder, self.out, self.console = folder, out, console

    def __call__(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file."""
        try:
            write(self.folder / name)
        except BaseException:
            (self.folder / name).unlink(missing_ok=True)
            raise
        self.console.wrote(self.out / name)


def _write(report: Any, pipeline: Any, rows: Rows, write: _Writer, *, raw_labels: bool) -> None:
    """Everything but the model."""
    from sknn._cli._output import predictions_frame, without_formulas, write_json, write_table

    tree, history = report.to_dict(), pipeline[-1].history_.to_frame().reset_index()
    predictions = predictions_frame(pipeline, rows.X_test)
    predictions.insert(0, "row", rows.X_test.index + 1)
    predictions.insert(1, "true", rows.y_test)
    if not raw_labels:
        predictions = without_formulas(predictions, write.console)
    write("metrics.json", lambda path: write_json(path, tree))
    write("history.csv", lambda path: write_table(path, history))
    write("predictions.csv", lambda path: write_table(path, predictions))
    write("report.html", report.to_html)


def _tell(report: Any, paths: dict[str, Path], arguments: argparse.Namespace) -> None:
    if arguments.json:
        files = {name: str(path) for name, path in paths.items()}
        show_json({**report.to_dict(), "files": files})
    elif not arguments.quiet:
        show(report.to_markdown(sections=[report.sections[0].title]))
        names = "\n".join(f"  {path}" for path in paths.values())
        show(f"Files:\n{names}")
