"""The arguments of the command, and its help."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from sknn._cli._examples import (
    EXAMPLES,
    FIT_EXAMPLES,
    PREDICT_EXAMPLES,
    REPORT_EXAMPLES,
    STUDY_EXAMPLES,
)
from sknn._cli._fit import run_fit
from sknn._cli._predict import run_predict
from sknn._cli._report import run_report
from sknn._cli._study import ENGINES, REFIT_EPOCHS, REFITS, run_producers, run_yeast
from sknn._cli._tasks import SCORINGS, TASKS
from sknn._cli._types import count, layers, levels, seed, share, splits
from sknn._text import printable
from sknn._version import __version__

USAGE = 2


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with the message."""
        self.exit(USAGE, printable(f"{self.prog}: error: {message} (see {self.prog} --help)\n"))


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command."""
    parser = Parser(
        prog="sknn",
        description="Multilayer perceptrons for scikit-learn.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sknn {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_fit(commands)
    _add_predict(commands)
    _add_report(commands)
    study = _add_command(
        commands,
        "study",
        "run a study on real data",
        "Run a published study on real data with many seeds, and lay its figures beside ours.",
        STUDY_EXAMPLES,
    )
    studies = study.add_subparsers(title="studies", metavar="STUDY", required=True)
    _add_producers(studies)
    _add_yeast(studies)
    return parser


def _add_command(commands: Any, name: str, text: str, description: str, examples: str) -> Any:
    parser = commands.add_parser(
        name,
        help=text,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(refuse=parser.error)
    return parser


def _add_fit(commands: Any) -> None:
    parser = _add_command(
        commands,
        "fit",
        "train a network on a table, report on it and save it",
        "Read a table, fill its gaps, make numbers of its categories, train a network on a part of "
        "its rows,\nmeasure it on the others, and write model.sknn, report.html, metrics.json, "
        "history.csv and\npredictions.csv. The saved model is the one that was measured.",
        FIT_EXAMPLES,
    )
    table = parser.add_argument_group("the table")
    _add_table(table)
    _add_target(table)
    table.add_argument(
        "--task",
        choices=("auto", *TASKS),
        default="auto",
        help="what the target holds: classes, or numbers to predict (default: what its values make "
        "plain)",
    )
    _add_names(table, "--categories", "columns whose values are names, though they may be numbers")
    _add_names(table, "--drop", "columns to leave out")
    _add_names(table, "--keep", "columns to keep, though they look like a number of the row")
    _add_training(parser.add_argument_group("the training"))
    files = parser.add_argument_group("the output")
    files.add_argument(
        "--out", metavar="DIR", type=Path, help="directory for the files (default: output/DATA)"
    )
    files.add_argument("--overwrite", action="store_true", help="replace files of a former run")
    _add_raw_labels(files)
    _add_output(files)
    parser.set_defaults(run=run_fit)


def _add_training(group: Any) -> None:
    add = group.add_argument
    add(
        "--engine",
        choices=("scratch", "torch"),
        default="scratch",
        help="what trains the network: NumPy, or PyTorch (default: %(default)s)",
    )
    add(
        "--scale",
        choices=("standard", "l2"),
        default="standard",
        help="bring columns to mean 0 and variance 1, or divide them by their norms "
        "(default: %(default)s)",
    )
    add(
        "--loss",
        choices=tuple(SCORINGS),
        help="of a regression: what the network makes small, and so what it predicts (default: "
        "squared_error)",
    )
    add(
        "--quantiles",
        metavar="Q[,Q...]",
        type=levels,
        help="levels of --loss quantile, as in 0.05,0.5,0.95 (default: 0.1,0.5,0.9)",
    )
    add(
        "--search",
        action="store_true",
        help="choose learning rate, L2 penalty and dropout by cross-validation on the training "
        "rows; done by NumPy, many networks at once, with either engine",
    )
    add(
        "--hidden",
        metavar="N[,N...]",
        type=layers,
        default=(100,),
        help="units of the hidden layers (default: 100)",
    )
    for name, default, text in (
        ("epochs", 100, "epochs of training (default: %(default)s)"),
        ("jobs", 1, "stacks of a search at a time, each in a process (default: %(default)s)"),
    ):
        add(f"--{name}", metavar="N", type=count, default=default, help=text)
    add(
        "--seed",
        metavar="N",
        type=seed,
        default=0,
        help="seed of the split and of the network (default: %(default)s)",
    )
    add(
        "--test-size",
        metavar="SHARE",
        type=share,
        default=0.25,
        help="share of the rows to measure on (default: %(default)s)",
    )


def _add_predict(commands: Any) -> None:
    parser = _add_command(
        commands,
        "predict",
        "classes and probabilities, or numbers, for the rows of a table",
        "Read a model of 'sknn fit' (or of sknn.io.save) and a table, whose columns are found by "
        "name,\nand print CSV, a line for each row: the predicted class and the probability of "
        "every class, or the\npredicted number, with its quantiles or its standard deviation if "
        "they were learnt.",
        PREDICT_EXAMPLES,
    )
    _add_model(parser)
    _add_table(parser)
    parser.add_argument("--out", metavar="FILE", type=Path, help="write to a file instead")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    _add_raw_labels(parser)
    _add_output(parser)
    parser.set_defaults(run=run_predict)


def _add_report(commands: Any) -> None:
    parser = _add_command(
        commands,
        "report",
        "how a saved model does on a table",
        "Read a model of 'sknn fit' (or of sknn.io.save) and a table whose target is known; "
        "print a\nreport, and write it as one HTML page.",
        REPORT_EXAMPLES,
    )
    _add_model(parser)
    _add_table(parser)
    _add_target(parser)
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        default=Path("report.html"),
        help="the page (default: %(default)s)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing page")
    _add_output(parser)
    parser.set_defaults(run=run_report)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model, as saved by sknn")


def _add_table(parser: Any) -> None:
    parser.add_argument(
        "data",
        metavar="DATA",
        type=Path,
        help="a CSV file with a header (its separator is found out), or a Parquet file",
    )
    _add_names(parser, "--missing", "texts that stand for no value, such as '?'", "TEXT")
    parser.add_argument(
        "--encoding", metavar="NAME", help="encoding of a CSV file (default: UTF-8)"
    )


def _add_target(parser: Any) -> None:
    parser.add_argument("--target", metavar="COLUMN", required=True, help="the column to predict")
    parser.add_argument(
        "--skip-unlabelled", action="store_true", help="leave out rows whose target is missing"
    )


def _add_names(parser: Any, option: str, text: str, metavar: str = "COLUMN") -> None:
    # One name each time: names may hold commas, and what follows the last is no name.
    parser.add_argument(
        option,
        metavar=metavar,
        action="append",
        default=[],
        help=f"{text}; may be given several times",
    )


def _add_raw_labels(parser: Any) -> None:
    parser.add_argument(
        "--raw-labels",
        action="store_true",
        help="write classes to CSV as they are, even if a spreadsheet would take them for formulas",
    )


def _add_output(parser: Any) -> None:
    parser.add_argument("--json", action="store_true", help="print a JSON object as the result")
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes")


def _add_producers(studies: Any) -> None:
    parser = _add_command(
        studies,
        "producers",
        "which of three companies made a product",
        "Train three networks (no penalty, L2, L1) on the producers table with many seeds, and two "
        "that\nanswer what is left open; print the reports and write figures, tables and a page.",
        STUDY_EXAMPLES,
    )
    _add_study(parser, "producers", "epochs of each fit (default: %(default)s)")
    parser.add_argument(
        "--no-alternatives",
        dest="alternatives",
        action="store_false",
        help="train the document's three networks only, and not what answers its open questions: "
        "Adam on standardised columns, and L1 by proximal steps at a falling rate",
    )
    parser.add_argument(
        "--key-features",
        action="store_true",
        help=f"rank the features in refits of the L1 network, of {REFIT_EPOCHS} epochs at most",
    )
    parser.add_argument(
        "--refits",
        metavar="N",
        type=count,
        help=f"refits by each importance of --key-features (default: {REFITS})",
    )
    parser.set_defaults(run=run_producers)


def _add_yeast(studies: Any) -> None:
    parser = _add_command(
        studies,
        "yeast",
        "where in the cell a protein sits",
        "Train networks on the yeast table in four ways and with four regularisers, with many "
        "seeds;\nprint the figures and write tables and a page.",
        STUDY_EXAMPLES,
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        type=Path,
        help="file that holds the table (default: it is fetched from OpenML)",
    )
    _add_study(
        parser,
        "yeast",
        "epochs of each fit, of the four ways to train 100 at most (default: %(default)s)",
    )
    parser.add_argument(
        "--no-architectures",
        dest="architectures",
        action="store_false",
        help="leave out the networks of 16, 32 and 64 neurons in one to four layers, with and "
        "without normalization and residual connections, which take most of the time",
    )
    parser.set_defaults(run=run_yeast)


def _add_study(parser: argparse.ArgumentParser, name: str, epochs: str) -> None:
    """What all studies have in common."""
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("output", name),
        help="directory for the files (default: %(default)s)",
    )
    for option, default, text in (
        ("epochs", 1000, epochs),
        ("seeds", 20, "seeds to train each model with (default: %(default)s)"),
        ("jobs", None, "fits at a time, each in its own process (default: one a processor)"),
    ):
        parser.add_argument(f"--{option}", metavar="N", type=count, default=default, help=text)
    parser.add_argument(
        "--other-splits",
        metavar="N",
        type=splits,
        default=0,
        help="train on so many other splits of the rows too (default: %(default)s)",
    )
    parser.add_argument(
        "--engine",
        choices=(*ENGINES, "both"),
        default="scratch",
        help="what trains the networks: NumPy, PyTorch, or one after the other, which lays their "
        "figures side by side and writes those of NumPy to the other files (default: %(default)s)",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="compare with other classifiers by repeated cross-validation, which takes long",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object as the result")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
