"""The fits of a study as they finish."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sknn._cli._console import tell
from sknn._text import printable

if TYPE_CHECKING:
    from sknn.studies import FitProgress


class StudyProgress:
    """Counts the fits of a study, and shows them as they finish."""

    def __init__(self) -> None:
        self.done = self.total = 0
        self._before = 0
        self._by_model: Counter[str] = Counter()
        self._show: Callable[[FitProgress], None] = _ignore

    def __call__(self, fit: FitProgress) -> None:
        self.done, self.total = self._before + fit.done, self._before + fit.total
        self._by_model[fit.model] += 1
        self._show(fit)

    @contextmanager
    def shown(self, *, quiet: bool) -> Iterator[None]:
        """Show the fits that finish meanwhile: a bar on a terminal, lines elsewhere.

        The fits of an earlier part of the study stay counted.
        """
        self._before = self.done
        if quiet:
            yield
        elif sys.stderr.isatty():
            with _bar() as self._show:
                yield
        else:
            self._show = _line
            yield

    def summary(self) -> str:
        """What is finished, and what is not."""
        if not self.done:
            return "no fit had finished; no file was written"
        if self.done == self.total:
            return f"all {self.total} fits had finished, but not all files were written"
        models = ", ".join(f"{name} {count}" for name, count in self._by_model.items())
        return f"{self.done} of {self.total} fits had finished ({models}); no file was written"


def _ignore(fit: FitProgress) -> None:
    """Show nothing."""


def _line(fit: FitProgress) -> None:
    # Refits, of which there are hundreds, get a line now and then.
    if fit.seed is None and fit.done % -(-fit.total // 20) and fit.done < fit.total:
        return
    tell(f"{fit.done}/{fit.total} {_words(fit)}")


def _words(fit: FitProgress) -> str:
    words = fit.model if fit.seed is None else f"{fit.model}, seed {fit.seed}"
    return printable(words if fit.accuracy is None else f"{words}: accuracy {fit.accuracy:.3f}")


@contextmanager
def _bar() -> Iterator[Callable[[FitProgress], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("first fit", total=None)

        def show(fit: FitProgress) -> None:
            bar.update(task, completed=fit.done, total=fit.total, description=_words(fit))

        yield show
