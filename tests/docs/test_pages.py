"""The code on every page of the documentation runs, and prints what the page says."""

import contextlib
import doctest
import io
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
GENERATED = {"_build", "api", "gallery"}
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if not GENERATED & set(path.relative_to(DOCS).parts) and "```py" in path.read_text("utf-8")
)

BLOCK = re.compile(
    r"^(?P<skip>% not run: [^\n]+\n+)?```(?P<kind>python|pycon)\n(?P<code>.*?)^```\n"
    r"(?:\n```output\n(?P<output>.*?)^```)?",
    re.DOTALL | re.MULTILINE,
)
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@dataclass(frozen=True)
class Block:
    """A block of code: a program, or a session with its output."""

    code: str
    is_session: bool
    line: int
    output: str | None = None


def blocks_of(text: str) -> Iterator[Block]:
    """The blocks that are to run: all but those below a line ``% not run: why``."""
    for found in BLOCK.finditer(text):
        if not found["skip"]:
            line = text.count("\n", 0, found.start("code")) + 1
            yield Block(found["code"], found["kind"] == "pycon", line, found["output"])


def agree(shown: str, printed: str) -> bool:
    """Whether two outputs have equal words, and numbers as near as another processor's are."""
    words = [NUMBER.sub("#", text).split() for text in (shown, printed)]
    ours, theirs = ([float(number) for number in NUMBER.findall(text)] for text in (shown, printed))
    return words[0] == words[1] and all(
        math.isclose(a, b, rel_tol=0.05, abs_tol=0.02) for a, b in zip(ours, theirs, strict=True)
    )


def run(path: Path, blocks: list[Block]) -> None:
    """Run the blocks of a page one after the other, as one who pastes them does."""
    names: dict[str, object] = {"__name__": "__main__"}
    complaints: list[str] = []
    for block in blocks:
        if block.is_session:
            session = doctest.DocTestParser().get_doctest(
                block.code, {}, path.stem, str(path), block.line - 1
            )
            session.globs = names
            runner = doctest.DocTestRunner(optionflags=FLAGS)
            runner.run(session, out=complaints.append, clear_globs=False)
        else:
            # Empty lines before it, so that a traceback shows the line of the page.
            code = compile("\n" * (block.line - 1) + block.code, str(path), "exec")
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(code, names)
            if block.output is not None and not agree(block.output, printed.getvalue()):
                complaints.append(f"line {block.line} prints\n{printed.getvalue()}")
    assert not complaints, "".join(complaints)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty folder, figures that stay invisible, and one thread."""
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "MPLBACKEND", "agg")
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=str(path.relative_to(DOCS).with_suffix("")),
            marks=pytest.mark.slow if path.read_text("utf-8").startswith("% slow") else (),
        )
        for path in PAGES
    ],
)
def test_code_runs(path, elsewhere):
    run(path, list(blocks_of(path.read_text(encoding="utf-8"))))


def test_the_reading_of_a_page():
    text = (
        "a\n```python\nx = 1\n```\n% not run: why\n```python\nboom\n```\n```pycon\n>>> x\n1\n```\n"
    )
    first, second = blocks_of(text)
    assert (first.code, first.is_session, first.line) == ("x = 1\n", False, 3)
    assert (second.is_session, second.line) == (True, 10)
    run(Path("page.md"), [first, second])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```pycon\n>>> 1 + 1\n3\n```\n", "Expected"),
        ("```python\nprint('loss', 0.5)\n```\n\n```output\nloss 0.6\n```\n", r"prints\s+loss 0.5"),
        ("```python\nprint('loss', 0.5)\n```\n\n```output\ngain 0.5\n```\n", r"prints\s+loss 0.5"),
    ],
)
def test_a_wrong_output_is_found(text, complaint):
    with pytest.raises(AssertionError, match=complaint):
        run(Path("page.md"), list(blocks_of(text)))


def test_the_last_digits_of_an_output_may_differ():
    text = "```python\nprint({'loss': 0.501, 'epochs': 100})\n```\n\n```output\n%s\n```\n"
    run(Path("page.md"), list(blocks_of(text % "{'loss': 0.503, 'epochs': 101}")))
