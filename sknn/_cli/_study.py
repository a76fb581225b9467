"""``sknn study``: the studies, their tables and their files."""

from __future__ import annotations

import argparse
import time

from sknn._cli._console import Console, show, show_json
from sknn._cli._study_progress import StudyProgress

REFITS, REFIT_EPOCHS = 300, 250


def run_producers(arguments: argparse.Namespace, console: Console) -> None:
    """Run the producers study."""
    from sknn import report
    from sknn.studies import producers, producers_key_features

    if arguments.refits and not arguments.key_features:
        arguments.refuse("argument --refits: goes with --key-features only")
    progress = StudyProgress()
    console.summary = progress.summary
    # Before the work, not after it.
    report.output_directory(arguments.out)
    started = time.perf_counter()
    key_features = None
    with progress.shown(quiet=arguments.quiet):
        result = producers(
            seeds=arguments.seeds,
            epochs=arguments.epochs,
            n_jobs=arguments.jobs or -1,
            progress=progress,
        )
    if arguments.key_features:
        with progress.shown(quiet=arguments.quiet):
            key_features = producers_key_features(
                n_refits=arguments.refits or REFITS,
                epochs=min(REFIT_EPOCHS, arguments.epochs),
                n_jobs=arguments.jobs or -1,
                progress=progress,
            )
    seconds = time.perf_counter() - started
    talks = not (arguments.quiet or arguments.json)
    if talks:
        show(report.producers_tables(result))
    paths = report.write_producers(result, arguments.out)
    if key_features is not None:
        if talks:
            show(report.key_features_table(key_features))
        paths += report.write_key_features(key_features, arguments.out)
    if arguments.json:
        show_json(report.producers_metrics(result))
    if talks:
        names = "\n".join(f"  {path.name}" for path in paths)
        show(f"{progress.done} fits in {seconds:.0f} s. Files in {arguments.out}:\n{names}")
