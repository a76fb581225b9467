"""What a person at a terminal is told, while a command works and after."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from sknn._text import printable, printable_json

# Parameters of functions that are options of the command, too.
OPTIONS = {
    "missing": "--missing",
    "categories": "--categories",
    "keep": "--keep",
    "encoding": "--encoding",
    "max_iter": "--epochs",
}


class ReaderLeft(Exception):
    """Standard output was closed by whoever read it."""


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
            tell(f"sknn: note: {_one_line(text)}".replace("`", ""))

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
            with _bar(printable(words), total) as advance:
                yield advance
        else:
            tell(words)
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


def tell(text: str) -> None:
    """Say something beside the result."""
    try:
        print(printable(text), file=sys.stderr, flush=True)
    except OSError:
        # That nobody listens is no reason to lose the work.
        _to_nowhere(sys.stderr)


@contextmanager
def streams() -> Iterator[None]:
    """Somewhere to print to, where a stream was closed before the process began.

    Its number would go to the next file that is opened otherwise, and so would what is printed.
    """
    former = sys.stdout, sys.stderr
    with open(os.devnull, "w") as stdout, open(os.devnull, "w") as stderr:
        sys.stdout, sys.stderr = sys.stdout or stdout, sys.stderr or stderr
        try:
            yield
        finally:
            sys.stdout, sys.stderr = former


def show(text: str, *, as_it_is: bool = False) -> None:
    """Print a result.

    Parameters
    ----------
    text : str
        The result.
    as_it_is : bool, default=False
        Whether it is data, which reaches a file or a program to the letter; a terminal never.
    """
    # A terminal that lacks a character shows another one in its place.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    flush(f"{text if as_it_is and not sys.stdout.isatty() else printable(text)}\n")


def flush(text: str = "") -> None:
    """Print a text, and all that was printed before.

    Raises
    ------
    ReaderLeft
        If nobody reads it.
    """
    try:
        print(text, end="", flush=True)
    except OSError as error:
        # Python must not try again.
        _to_nowhere(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise ReaderLeft from error
        raise


def show_json(tree: object) -> None:
    """Print a result for a program."""
    import json

    show(printable_json(json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)))


def complain(message: str, code: int) -> int:
    """Say in one line what went wrong."""
    tell(f"sknn: {_one_line(message)}")
    return code


def _to_nowhere(stream: TextIO) -> None:
    with suppress(OSError, ValueError):  # a stream that is no file has nothing left to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _one_line(text: str) -> str:
    """What a function says, in words of the command."""
    line = " ".join(text.split())
    return re.sub(f"`({'|'.join(OPTIONS)})`", lambda found: OPTIONS[found[1]], line)


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
