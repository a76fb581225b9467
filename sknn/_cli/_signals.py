"""Signals that end the command as Ctrl-C does: what is complete is kept."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

# What a scheduler or a container sends, and what a terminal that is closed does.
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], int]]:
    """Raise KeyboardInterrupt for these signals.

    Yields
    ------
    exit_code : callable
        Returns what the process is to exit with after an interrupt: 128 and the signal's number.
    """
    received: list[int] = []
    former: dict[int, Any] = {}

    def interrupt(number: int, frame: object) -> NoReturn:
        received.append(number)
        # Another one ends the process at once.
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    for number in ENDING:
        # Whoever ignores one, as nohup does, goes on ignoring it.
        if signal.getsignal(number) is signal.SIG_DFL:
            former[number] = signal.signal(number, interrupt)
    try:
        yield lambda: 128 + (received[0] if received else signal.SIGINT)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
