"""What `import sknn` costs over an empty interpreter, and what it must not load."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ._harness import CLOCKS, Report, Settings, interleave

TARGET_MS = 20
HEAVY = ("matplotlib.pyplot", "pandas", "skorch", "sklearn", "torch")
HOUSE = Path(__file__).resolve().parents[1]


def run(settings: Settings) -> list[Report]:
    """Start interpreters with and without the import in turn."""
    loaded = _loaded_by("import sknn", HEAVY)
    report = Report(
        "import sknn: milliseconds beyond an interpreter that imports nothing",
        ("", "ms (range)", "at most"),
        notes=[f"loads {', '.join(loaded)}" if loaded else f"loads none of {', '.join(HEAVY)}"],
    )
    # One start varies more than one fit does.
    rounds = replace(settings, repeats=3 * settings.repeats)
    tasks = {"with": lambda: _python("import sknn"), "without": lambda: _python("pass")}
    clock = _cpu_of_children if settings.clock == "cpu" else CLOCKS["wall"]
    seconds = interleave(tasks, rounds, one_call=True, clock=clock)
    extra = (seconds["with"] - seconds["without"]) * 1000
    median, low, high = float(np.median(extra)), float(extra.min()), float(extra.max())
    report.add(
        ("import sknn", f"{median:.1f} ({low:.1f}–{high:.1f})", str(TARGET_MS)),
        milliseconds={"median": median, "low": low, "high": high},
        target=TARGET_MS,
        loaded=loaded,
    )
    return [report]


def _loaded_by(code: str, modules: Sequence[str]) -> list[str]:
    """Which of these modules are there once `code` has run."""
    printed = _python(f"{code}; import sys; print(*sys.modules, sep=chr(10))")
    return [module for module in modules if module in printed.splitlines()]


def _cpu_of_children() -> float:
    """Processor time of the interpreters that have been started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, cwd=HOUSE, capture_output=True, text=True).stdout
