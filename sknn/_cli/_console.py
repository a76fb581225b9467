"""What a person at a terminal is told, while a command works and after."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Parameters of functions that are options of the command, too.
OPTIONS = ("missing", "categories", "keep", "encoding")


class Console:
    """Says what is going on, and remembers what is finished.

    Parameters
    ----------
    quiet : bool
        Whether to say nothing but results that were asked for, and errors.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.doing = "starting"
        self.written: list[Path] = []
        self.to_write: list[Path] = []
        self.summary: Callable[[], str] = self._summary

    def note(self, text: str) -> None:
        """Say something worth knowing, in one line."""
        if not self.quiet:
            print("sknn: note:", _one_line(text).replace("`", ""), file=sys.stderr, flush=True)

    def wrote(self, path: Path) -> None:
        """Take a file for finished."""
        self.written.append(path)
        if path in self.to_write:
            self.to_write.remove(path)

    @contextmanager
    def stage(self, words: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Show that something goes on: a bar on a terminal, a line elsewhere.

        Parameters
        ----------
        words : str
            What goes on, as in "training".
        total : int, default=None
            Steps that it takes at most; None if they are not counted.

        Yields
        ------
        advance : callable
            Takes the number of steps that are done.
        """
        self.doing = words
        if self.quiet:
            yield _ignore
        elif sys.stderr.isatty():
            with _bar(words, total) as advance:
                yield advance
        else:
            print(words, file=sys.stderr, flush=True)
            yield _ignore

    def _summary(self) -> str:
        parts = [f"while {self.doing}"]
        if self.written:
            parts.append(f"written: {_names(self.written)}")
            if self.to_write:
                parts.append(f"not written: {_names(self.to_write)}")
        else:
            parts.append("no file was written")
        return "; ".join(parts)


def show(text: str) -> None:
    """Print a result."""
    # A terminal that lacks a character shows another one in its place.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    print(text, flush=True)


def show_json(tree: object) -> None:
    """Print a result for a program."""
    import json

    show(json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False))


def complain(message: str, code: int) -> int:
    """Say in one line what went wrong."""
    print("sknn:", _one_line(message), file=sys.stderr)
    return code


def _one_line(text: str) -> str:
    """What a function says, in words of the command."""
    line = " ".join(text.split()).replace("`max_iter`=", "--epochs ")
    return re.sub(f"`({'|'.join(OPTIONS)})`", r"--\1", line)


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _ignore(done: int) -> None:
    """Show nothing."""


@contextmanager
def _bar(words: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Terminal(stderr=True)) as bar:
        task = bar.add_task(words, total=total)

        def advance(done: int) -> None:
            bar.update(task, completed=done)

        yield advance
        # A stage that ends early is as done as one that does not.
        bar.update(task, total=1, completed=1)
