"""``sknn study``: the studies, their tables, files and pages."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sknn._cli._console import Console, show, show_json
from sknn._cli._study_progress import StudyProgress

REFITS, REFIT_EPOCHS = 300, 250
PAGE = "report.html"


def run_producers(arguments: argparse.Namespace, console: Console) -> None:
    """Run the producers study."""
    from sknn import report
    from sknn.studies import producers, producers_comparison, producers_key_features

    if arguments.refits and not arguments.key_features:
        arguments.refuse("argument --refits: goes with --key-features only")
    study = _Study(arguments, console)
    result = study.run(
        producers,
        seeds=arguments.seeds,
        epochs=arguments.epochs,
        engine=arguments.engine,
        other_splits=arguments.other_splits,
    )
    key_features = comparison = None
    if arguments.key_features:
        key_features = study.run(
            producers_key_features,
            n_refits=arguments.refits or REFITS,
            epochs=min(REFIT_EPOCHS, arguments.epochs),
        )
    if arguments.compare:
        comparison = study.run(producers_comparison)
    study.stop()
    study.show(lambda: report.producers_tables(result))
    if comparison is not None:
        study.show(lambda: report.comparison_tables(comparison))
    study.paths += report.write_producers(result, arguments.out)
    if key_features is not None:
        study.show(lambda: report.key_features_table(key_features))
        study.paths += report.write_key_features(key_features, arguments.out)
    study.finish(report.Report.from_study(result, key_features=key_features, comparison=comparison))


def run_yeast(arguments: argparse.Namespace, console: Console) -> None:
    """Run the yeast study."""
    from sknn import report
    from sknn.studies import yeast, yeast_comparison

    study = _Study(arguments, console)
    result = study.run(
        yeast,
        path=arguments.data,
        seeds=arguments.seeds,
        engine=arguments.engine,
        other_splits=arguments.other_splits,
        optimizer_epochs=min(100, arguments.epochs),
        regularizer_epochs=arguments.epochs,
    )
    comparison = None
    if arguments.compare:
        comparison = study.run(yeast_comparison, path=arguments.data)
    study.stop()
    study.show(lambda: report.yeast_tables(result))
    if comparison is not None:
        study.show(lambda: report.comparison_tables(comparison))
    page = report.Report.from_study(result, comparison=comparison)
    study.paths += report.write_yeast(result, arguments.out)
    study.finish(page)


class _Study:
    """A study that is run, shown and written."""

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        from sknn.report import output_directory

        self.arguments = arguments
        self.progress = StudyProgress()
        console.summary = self.progress.summary
        self.talks = not (arguments.quiet or arguments.json)
        self.paths: list[Path] = []
        # Before the work, not after it.
        output_directory(arguments.out)
        self._started = time.perf_counter()
        self.seconds = 0.0

    def run(self, function: Callable[..., Any], **options: Any) -> Any:
        """A part of the study, its fits shown as they finish."""
        with self.progress.shown(quiet=self.arguments.quiet):
            return function(**options, n_jobs=self.arguments.jobs or -1, progress=self.progress)

    def stop(self) -> None:
        """Stop the clock."""
        self.seconds = time.perf_counter() - self._started

    def show(self, text: Callable[[], str]) -> None:
        """Print a result, unless nobody wants it."""
        if self.talks:
            show(text())

    def finish(self, report: Any) -> None:
        """Write the page, and say where everything is."""
        page = report.to_html(self.arguments.out / PAGE, overwrite=True)
        self.paths.append(page)
        if self.arguments.json:
            show_json({**report.to_dict(), "files": [str(path) for path in self.paths]})
        if self.talks:
            names = "\n".join(f"  {path.name}" for path in self.paths)
            done = f"{self.progress.done} fits in {self.seconds:.0f} s."
            show(f"{done} Files in {self.arguments.out}:\n{names}\n\nThe page: {page}")
