"""The command ``sknn``: calls the public functions, and says what comes of it.

Tables go to standard output; progress and errors go to standard error. Whatever takes long to load
is imported by the command that needs it, so ``sknn --help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sknn import __version__

if TYPE_CHECKING:
    from sknn.studies import FitProgress

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
REFITS, REFIT_EPOCHS = 300, 250

EXAMPLES = """\
examples:
  sknn study producers
      the whole study: three models, 20 seeds, 1000 epochs; files go to output/producers
  sknn study producers --out results --epochs 100 --seeds 3
      a quick look
  sknn study producers --key-features
      and the key features: 300 refits ranked by weights, 300 by gradients
  sknn study producers --quiet --jobs 1
      no output but files and errors, one fit at a time
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments, without the program's name; None for those of the process.

    Returns
    -------
    code : int
        0 if all went well, 1 after an error, 130 after Ctrl-C. Wrong usage exits with 2.
    """
    arguments = _parser().parse_args(argv)
    progress = _Progress()
    try:
        arguments.run(arguments, progress)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _complain(f"interrupted: {progress.summary()}", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python must not try to flush the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ValueError, OSError) as error:
        return _complain(f"error: {error}", FAILED)
    except Exception as error:
        return _complain(f"error: {type(error).__name__}: {error}", FAILED)
    return OK


# ---------------------------------------------------------------------------------------
# arguments


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="sknn",
        description="Multilayer-perceptron classifiers for scikit-learn.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sknn {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    study = commands.add_parser("study", help="run a study on real data")
    studies = study.add_subparsers(title="studies", metavar="STUDY", required=True)
    _add_producers(studies)
    return parser


def _add_producers(studies: argparse._SubParsersAction) -> None:
    parser = studies.add_parser(
        "producers",
        help="which of three companies made a product",
        description="Train three networks (no penalty, L2, L1) on the producers table with many "
        "seeds; print the reports and write figures and tables.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("output", "producers"),
        help="directory for the files (default: %(default)s)",
    )
    for name, default, text in (
        ("epochs", 1000, "epochs of each fit (default: %(default)s)"),
        ("seeds", 20, "seeds to train each model with (default: %(default)s)"),
        ("jobs", None, "fits at a time, each in its own process (default: one a processor)"),
        ("refits", None, f"refits by each importance of --key-features (default: {REFITS})"),
    ):
        parser.add_argument(f"--{name}", metavar="N", type=_count, default=default, help=text)
    parser.add_argument(
        "--key-features",
        action="store_true",
        help=f"rank the features in refits of the L1 network, of {REFIT_EPOCHS} epochs at most",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=_study_producers, refuse=parser.error)


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be an int of at least 1, got {text!r}")
    return value


# ---------------------------------------------------------------------------------------
# commands


def _study_producers(arguments: argparse.Namespace, progress: _Progress) -> None:
    from sknn import report
    from sknn.studies import producers, producers_key_features

    if arguments.refits and not arguments.key_features:
        arguments.refuse("argument --refits: goes with --key-features only")
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
    if not arguments.quiet:
        _print(report.producers_tables(result))
    paths = report.write_producers(result, arguments.out)
    if key_features is not None:
        if not arguments.quiet:
            _print(report.key_features_table(key_features))
        paths += report.write_key_features(key_features, arguments.out)
    if not arguments.quiet:
        names = "\n".join(f"  {path.name}" for path in paths)
        _print(f"{progress.done} fits in {seconds:.0f} s. Files in {arguments.out}:\n{names}")


def _print(text: str) -> None:
    # A terminal that lacks a character shows another one in its place.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    print(text, flush=True)


def _complain(message: str, code: int) -> int:
    print("sknn:", " ".join(message.split()), file=sys.stderr)
    return code


# ---------------------------------------------------------------------------------------
# progress


class _Progress:
    """Counts the fits of a study, and shows them as they finish."""

    def __init__(self) -> None:
        self.done = self.total = 0
        self._before = 0
        self._by_model: Counter[str] = Counter()
        self._show: Callable[[FitProgress], None] = _ignore

    def __call__(self, fit: FitProgress) -> None:
        self.done, self.total = self._before + fit.done, self._before + fit.total
        self._by_model[fit.model] += 1
        self._show(fit)

    @contextmanager
    def shown(self, *, quiet: bool) -> Iterator[None]:
        """Show the fits that finish meanwhile: a bar on a terminal, lines elsewhere.

        The fits of an earlier part of the study stay counted.
        """
        self._before = self.done
        if quiet:
            yield
        elif sys.stderr.isatty():
            with _bar() as self._show:
                yield
        else:
            self._show = _line
            yield

    def summary(self) -> str:
        """What is finished, and what is not."""
        if not self.done:
            return "no fit had finished; no file was written"
        if self.done == self.total:
            return f"all {self.total} fits had finished, but not all files were written"
        models = ", ".join(f"{name} {count}" for name, count in self._by_model.items())
        return f"{self.done} of {self.total} fits had finished ({models}); no file was written"


def _ignore(fit: FitProgress) -> None:
    """Show nothing."""


def _line(fit: FitProgress) -> None:
    # Refits, of which there are hundreds, get a line now and then.
    if fit.seed is None and fit.done % -(-fit.total // 20) and fit.done < fit.total:
        return
    print(f"{fit.done}/{fit.total} {_words(fit)}", file=sys.stderr, flush=True)


def _words(fit: FitProgress) -> str:
    words = fit.model if fit.seed is None else f"{fit.model}, seed {fit.seed}"
    return words if fit.accuracy is None else f"{words}: accuracy {fit.accuracy:.3f}"


@contextmanager
def _bar() -> Iterator[Callable[[FitProgress], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("first fit", total=None)

        def show(fit: FitProgress) -> None:
            bar.update(task, completed=fit.done, total=fit.total, description=_words(fit))

        yield show
