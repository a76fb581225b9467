"""Tables that the tests of the command share, and models that it made of them."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sknn
from sknn import _cli

COMMAND = [sys.executable, "-m", "sknn"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(sknn.__file__).parents[1])}


def _draw_nothing(monkeypatch):
    # Figures have tests of their own, and take longer than everything else.
    nothing = {"both": "<svg></svg>"}
    monkeypatch.setattr("sknn.report._html.to_svgs", lambda draw, prefix: nothing)
    monkeypatch.setattr("sknn.report._write.producers_figures", lambda result: {})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Pages without their figures, where the command runs within this process."""
    _draw_nothing(monkeypatch)


@pytest.fixture
def run():
    """The command as a process."""

    def run(*arguments, cwd, **options):
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=cwd,
            env=ENVIRONMENT,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            **options,
        )

    return run


@pytest.fixture
def main(capsys):
    """The command within this process: exit code, standard output, lines of standard error."""

    def main(*arguments):
        try:
            code = _cli.main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            code = exit_.code
        streams = capsys.readouterr()
        return code, streams.out, streams.err.splitlines()

    return main


@pytest.fixture(scope="session")
def write_csv():
    """Writes a table."""
    return _write_csv


def _write_csv(path, header, rows, delimiter=",", encoding="utf-8"):
    with open(path, "w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return path


@pytest.fixture(scope="session")
def survey(tmp_path_factory):
    """A table as people have them: gaps, categories, decimal commas, names, a byte-order mark."""
    rng = np.random.default_rng(0)
    rows = []
    for k in range(160):
        kind = int(rng.integers(3))
        size = f"{10 + 4 * kind + rng.normal():.2f}".replace(".", ",")
        rows.append(
            [
                7000 + k * k,
                size if rng.random() > 0.1 else "?",
                rng.choice(["Köln", "Łódź", "東京"]) if rng.random() > 0.1 else "",
                f"{rng.integers(3) * 101:05d}",
                f"remark {k}; really",
                ["süß", "sauer", "bitter, herb"][kind],
            ]
        )
    header = ["Kunden-ID", "Größe (cm)", "Ort", "PLZ", "Bemerkung", "Geschmack"]
    path = tmp_path_factory.mktemp("survey") / "umfrage.csv"
    return _write_csv(path, header, rows, ";", "utf-8-sig")


OPTIONS = ["--missing", "?", "--categories", "PLZ", "--epochs", "15", "--hidden", "8"]


@pytest.fixture
def options():
    """What makes a fit of it quick."""
    return list(OPTIONS)


@pytest.fixture(scope="session")
def fitted(survey, tmp_path_factory):
    """What ``sknn fit`` makes of it."""
    out = tmp_path_factory.mktemp("fitted") / "here"
    arguments = ["fit", survey, "--target", "Geschmack", *OPTIONS, "--out", out, "--quiet"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        _draw_nothing(monkeypatch)
        assert _cli.main([str(argument) for argument in arguments]) == 0
    return out
