"""The README's blocks run, one after the other, as a newcomer would paste them."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sknn._cli import main

README = Path(__file__).resolve().parents[1] / "README.md"
COMMANDS = ("sknn fit", "sknn predict")


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder with a table as people have it, gaps and words in it, and where models are saved."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "name": [f"fish {i}" for i in range(150)],
            "length": rng.normal(20, 4, 150).round(1),
            "water": rng.choice(["lake", "river"], 150),
        }
    )
    table["label"] = np.where(
        table["length"] + 4 * (table["water"] == "lake") > 22, "perch", "roach"
    )
    table.loc[::9, "length"] = np.nan
    table.loc[::14, "water"] = None
    table.to_csv(tmp_path / "mine.csv", index=False)
    table.drop(columns="label").tail(20).to_csv(tmp_path / "new.csv", index=False)
    monkeypatch.chdir(tmp_path)


def test_python_blocks_run(capsys, mine):
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, README.name, "exec"), names)
    printed = capsys.readouterr().out
    assert "precision" in printed
    assert "best epoch:" in printed
    assert "True\n" in printed  # the loaded model predicts as the saved one
    assert re.search(r"\['(perch|roach)'", printed)  # and one of a table with gaps and words
    accuracy = float(printed.split()[-1])
    assert 0.5 < accuracy <= 1


@pytest.mark.slow
def test_commands_run(capsys, mine):
    lines = [line for line in README.read_text().splitlines() if line.startswith(COMMANDS)]
    assert [line.split()[1] for line in lines] == ["fit", "predict"]
    for line in lines:
        assert main(shlex.split(line)[1:]) == 0
    assert Path("output/mine/report.html").stat().st_size > 0
    header, *rows = capsys.readouterr().out.splitlines()[-21:]
    assert "perch" in header
    assert len(rows) == 20
