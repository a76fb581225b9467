"""What operators and strangers do: signals, closed pipes, control characters, formulas."""

import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import sknn.io
from sknn._cli import _fit
from sknn._cli._output import without_formulas
from sknn._cli._parser import build_parser
from sknn._text import printable, printable_json

ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")
EVIL = '=HYPERLINK("http://x")\x1b]0;owned\x07[bold]\x9b31m\u202e'


@pytest.fixture
def evil(write_csv, tmp_path):
    """A table whose labels and names of columns are commands of terminals and spreadsheets."""
    rng = np.random.default_rng(0)
    rows = [[f"{rng.normal() + k % 2:.3f}", k + 1, [EVIL, "b"][k % 2]] for k in range(60)]
    return write_csv(tmp_path / "t.csv", ["x\x1b[31m[red]", "id\x07", "y"], rows)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_is_as_ctrl_c(main, survey, options, tmp_path, monkeypatch, name):
    count = _fit._Epochs.on_fit_task_end

    def interrupt(self, estimator, context):
        count(self, estimator, context)
        if context.task_name == "epoch" and self.done == 4:
            os.kill(os.getpid(), getattr(signal, name))

    monkeypatch.setattr(_fit._Epochs, "on_fit_task_end", interrupt)
    before = signal.getsignal(getattr(signal, name))
    code, out, err = main("fit", survey, "--target", "Geschmack", *options, "--out", tmp_path)
    assert (code, out) == (128 + getattr(signal, name), "")
    assert "interrupted: training stopped after epoch " in err[-1]
    assert sknn.io.load(tmp_path / "model.sknn")[-1].n_iter_ in (3, 4)
    assert os.listdir(tmp_path) == ["model.sknn"]
    assert signal.getsignal(getattr(signal, name)) == before


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
def test_a_model_that_was_stopped_takes_the_place_of_a_whole_run(
    main, survey, options, tmp_path, monkeypatch
):
    """Not beside figures of another model."""
    arguments = ["fit", survey, "--target", "Geschmack", *options, "--out", tmp_path, "--quiet"]
    assert main(*arguments)[0] == 0
    (tmp_path / "mine.txt").write_text("mine")

    def stop(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("sknn.report.Report.from_estimator", stop)
    code, _, err = main(*arguments, "--overwrite", "--seed", "1")
    assert code == 143
    assert "; written: " in err[-1] and "; not written: " in err[-1]
    assert sorted(os.listdir(tmp_path)) == ["mine.txt", "model.sknn"]


def test_no_control_character_reaches_the_terminal(main, evil, tmp_path):
    out = tmp_path / "o\x1b[31m"
    common = ["--target", "y", "--epochs", "3", "--out", out]
    for arguments in (
        ["fit", evil, *common],
        ["fit", evil, *common],  # an error, with the path
        ["fit", evil, "--target", "z\x1b[0m"],
        ["report", out / "model.sknn", evil, "--target", "y", "--out", tmp_path / "r\x07.html"],
        ["predict", tmp_path / "no\x1b", evil],
        ["predict", out / "model.sknn", evil, "--json"],
        ["fit", evil, "--target", "y", "--epochs", "\x1b[1m"],
    ):
        _, text, lines = main(*arguments)
        assert not ESCAPE.search(text)
        assert lines
        assert not ESCAPE.search("\n".join(lines))
        if arguments[-1] == "--json":
            assert json.loads(text)["classes"] == [EVIL, "b"]
    page = (tmp_path / "r\x07.html").read_text(encoding="utf-8")
    assert not ESCAPE.search(page)
    # Names of columns that matplotlib draws, too, without a warning that it lacks a glyph.
    assert not any("Glyph" in line for line in lines)


def test_rows_are_data_in_a_pipe_and_text_on_a_terminal(main, evil, tmp_path, monkeypatch):
    assert main("fit", evil, "--target", "y", "--epochs", "3", "--out", tmp_path, "--quiet")[0] == 0
    arguments = ["predict", tmp_path / "model.sknn", evil, "--quiet", "--raw-labels"]
    _, text, _ = main(*arguments)
    assert f"probability of {EVIL}".replace('"', '""') in text
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _, text, _ = main(*arguments)
    assert not ESCAPE.search(text)


def test_spreadsheets_are_given_no_formulas(main, evil, tmp_path):
    common = ["fit", evil, "--target", "y", "--epochs", "3", "--out", tmp_path]
    code, _, err = main(*common)
    assert code == 0
    assert any("begins like a formula" in line and "--raw-labels" in line for line in err)
    assert set(pd.read_csv(tmp_path / "predictions.csv")["true"]) == {"'" + EVIL, "b"}
    assert main(*common, "--raw-labels", "--overwrite", "--quiet")[0] == 0
    assert set(pd.read_csv(tmp_path / "predictions.csv")["true"]) == {EVIL, "b"}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("-", "'-"),
        ("-1.5", "-1.5"),
        ("+3e4", "+3e4"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_formulas(cell, expected):
    class Console:
        def note(self, text):
            assert cell != expected

    table = pd.DataFrame({"predicted": [cell, "b"], "p": [-0.5, 1]})
    safe = without_formulas(table, Console())
    assert safe["predicted"].tolist() == [expected, "b"]
    assert safe["p"].tolist() == [-0.5, 1]


def test_text_that_is_harmless_stays():
    text = "Größe [bold] 東京 \\x1b 👩‍💻\n\tnext"
    assert printable(text) == printable_json(text) == text
    assert printable("\x1b\x9b\udc80\u2066") == "\\x1b\\x9b\\udc80\\u2066"


def test_usage_that_holds_commands(capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["\x1b[31m"])
    assert not ESCAPE.search(capsys.readouterr().err)


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes there")
def test_more_than_a_pipe_holds(tmp_path, fitted, survey):
    table = pd.read_csv(survey, sep=";", dtype=str)
    pd.concat([table] * 40).to_csv(tmp_path / "long.csv", sep=";", index=False)
    arguments = ["predict", fitted / "model.sknn", tmp_path / "long.csv", "--missing", "?"]
    with subprocess.Popen(
        [sys.executable, "-m", "sknn", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        process.stdout.close()
        assert "roken" not in process.stderr.read()
    assert process.returncode == 1
