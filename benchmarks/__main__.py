"""``python -m benchmarks``: time what sknn promises, and print it beside the targets."""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from sklearn.exceptions import ConvergenceWarning

from ._harness import CLOCKS, Report, Settings, describe_machine, show

# Modules of this package, imported when it is their turn: the last six bring in PyTorch.
THEMES = (
    "fit",
    "predict",
    "floor",
    "imports",
    "stacks",
    "sparsity",
    "torch_fit",
    "torch_predict",
    "engines",
    "device",
    "past",
    "selection",
)


def main() -> None:
    """Run the themes that were asked for."""
    arguments = _parse()
    repeats = 2 if arguments.smoke else arguments.repeats
    settings = Settings(repeats, arguments.smoke, arguments.clock)
    # Scikit-learn's estimator warns of the very thing that makes the work equal: that it did
    # not stop before the last epoch.
    warnings.simplefilter("ignore", ConvergenceWarning)
    machine = describe_machine()
    for name, value in machine.items():
        print(f"{name:>12}  {value}")
    print(f"{'repeats':>12}  {repeats}: median of the pairs and (least–largest)")
    print(f"{'clock':>12}  {settings.clock}")
    results: dict[str, list[Report]] = {}
    start = time.perf_counter()
    for name in arguments.only:
        results[name] = []
        for report in import_module(f".{name}", __package__).run(settings):
            show(report)
            sys.stdout.flush()
            results[name].append(report)
    print(f"\n{time.perf_counter() - start:.0f} seconds")
    if arguments.json is not None:
        tables = {
            name: {report.title: report.records for report in reports}
            for name, reports in results.items()
        }
        data = {"machine": machine, "settings": asdict(settings), "results": tables}
        arguments.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: does everything run?")
    parser.add_argument(
        "--only",
        type=_themes,
        default=list(THEMES),
        metavar="NAME[,NAME]",
        help=f"some of {', '.join(THEMES)}",
    )
    parser.add_argument("--repeats", type=_at_least_one, default=7, metavar="N", help="default: 7")
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="what to read; default: cpu")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args()


def _themes(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in THEMES:
            raise argparse.ArgumentTypeError(
                f"must be names out of {', '.join(THEMES)}, got {name!r}"
            )
    return names


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be an int of at least 1, got {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
