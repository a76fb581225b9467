"""The README's Python blocks run, one after the other, as a newcomer would paste them."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def test_python_blocks_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a block saves a model
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, README.name, "exec"), names)
    printed = capsys.readouterr().out
    assert "precision" in printed
    assert "best epoch:" in printed
    assert "True\n" in printed  # the loaded model predicts as the saved one
    accuracy = float(printed.split()[-1])
    assert 0.5 < accuracy <= 1
