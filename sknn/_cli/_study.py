"""``sknn study``: the studies, their tables, files and pages."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sknn._cli._console import Console, show, show_json
from sknn._cli._study_progress import StudyProgress

REFITS, REFIT_EPOCHS = 300, 250
PAGE = "report.html"
ENGINES = ("scratch", "torch")


def run_producers(arguments: argparse.Namespace, console: Console) -> None:
    """Run the producers study."""
    from sknn import report
    from sknn.studies import producers, producers_comparison, producers_key_features

    if arguments.refits and not arguments.key_features:
        arguments.refuse("argument --refits: goes with --key-features only")
    study = _Study(arguments, console)
    result, other = study.run_engines(
        producers,
        seeds=arguments.seeds,
        epochs=arguments.epochs,
        other_splits=arguments.other_splits,
        alternatives=arguments.alternatives,
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
    page = report.Report.from_study(
        result, key_features=key_features, comparison=comparison, other=other
    )
    with study.files(page) as folder:
        report.write_producers(result, folder)
        if key_features is not None:
            report.write_key_features(key_features, folder)
    study.show(lambda: report.producers_tables(result))
    study.show_engines(result, other)
    if comparison is not None:
        study.show(lambda: report.comparison_tables(comparison))
    if key_features is not None:
        study.show(lambda: report.key_features_table(key_features))
    study.finish(page)


def run_yeast(arguments: argparse.Namespace, console: Console) -> None:
    """Run the yeast study."""
    from sknn import report
    from sknn.studies import yeast, yeast_comparison

    study = _Study(arguments, console)
    result, other = study.run_engines(
        yeast,
        path=arguments.data,
        seeds=arguments.seeds,
        other_splits=arguments.other_splits,
        optimizer_epochs=min(100, arguments.epochs),
        regularizer_epochs=arguments.epochs,
        architectures=arguments.architectures,
    )
    comparison = None
    if arguments.compare:
        comparison = study.run(yeast_comparison, path=arguments.data)
    study.stop()
    page = report.Report.from_study(result, comparison=comparison, other=other)
    with study.files(page) as folder:
        report.write_yeast(result, folder)
    study.show(lambda: report.yeast_tables(result))
    study.show_engines(result, other)
    if comparison is not None:
        study.show(lambda: report.comparison_tables(comparison))
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

    def run_engines(self, function: Callable[..., Any], **options: Any) -> tuple[Any, Any]:
        """A study with the engine that was asked for, and with the other one if both were."""
        engine = self.arguments.engine
        if engine != "both":
            return self.run(function, engine=engine, **options), None
        scratch, torch = (self.run(function, engine=each, **options) for each in ENGINES)
        return scratch, torch

    def stop(self) -> None:
        """Stop the clock."""
        self.seconds = time.perf_counter() - self._started

    def show(self, text: Callable[[], str]) -> None:
        """Print a result, unless nobody wants it."""
        if self.talks:
            show(text())

    def show_engines(self, result: Any, other: Any) -> None:
        """Print both engines' figures, if both have run."""
        from sknn.report import engines_table

        if other is not None:
            self.show(lambda: engines_table(result, other))

    @contextmanager
    def files(self, page: Any) -> Iterator[Path]:
        """A folder for the files of the study, the page among them.

        They come before what is printed: whoever reads that may have gone.
        """
        from sknn.report._files_of_run import files_of_run

        out = self.arguments.out
        with files_of_run(out, overwrite=True) as unfinished:
            yield unfinished
            files = sorted(unfinished.iterdir(), key=lambda path: (path.suffix, path.name))
            page.to_html(unfinished / PAGE)
        self.paths = [*(out / path.name for path in files), out / PAGE]

    def finish(self, report: Any) -> None:
        """Say where everything is."""
        if self.arguments.json:
            show_json({**report.to_dict(), "files": [str(path) for path in self.paths]})
        if self.talks:
            names = "\n".join(f"  {path.name}" for path in self.paths)
            done = f"{self.progress.done} fits in {self.seconds:.0f} s."
            show(f"{done} Files in {self.arguments.out}:\n{names}\n\nThe page: {self.paths[-1]}")
