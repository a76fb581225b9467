"""The command ``sknn``: calls the public functions, and says what comes of it.

Tables go to standard output; progress and errors go to standard error. Whatever takes long to load
is imported by the command that needs it, so ``sknn --help`` answers at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from sknn._cli._console import Console, ReaderLeft, complain, flush, streams
from sknn._cli._parser import build_parser
from sknn._cli._signals import ended_by_signals

OK, FAILED = 0, 1
# On Ctrl-C no other fit follows: see `sknn._sklearn_compat.is_outermost_fit`.
HANDS_INTERRUPTS_ON = True


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments, without the program's name; None for those of the process.

    Returns
    -------
    code : int
        0 if all went well, 1 after an error, 130 after Ctrl-C, 143 after SIGTERM. Wrong usage exits
        with 2.
    """
    with streams():
        try:
            return _run(argv)
        except ReaderLeft:
            # Whoever read our output has seen enough.
            return FAILED


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit:  # after help
        flush()
        raise
    console = Console(quiet=arguments.quiet)
    with ended_by_signals() as exit_code:
        try:
            with warnings.catch_warnings():
                # A warning is a note of one line.
                warnings.showwarning = lambda message, *_, **__: console.note(str(message))
                arguments.run(arguments, console)
        except KeyboardInterrupt as interrupt:
            # Whoever has something to say of it raises it with words.
            words = str(interrupt) or console.summary()
            return complain(f"interrupted: {words}", exit_code())
        except OSError as error:
            # The system's words, without their number.
            words = error.strerror or str(error) or type(error).__name__
            place = "" if error.filename is None else f": {str(error.filename)!r}"
            return complain(f"error: {words}{place}", FAILED)
        except ReaderLeft:
            raise
        except ValueError as error:
            return complain(f"error: {error}", FAILED)
        except Exception as error:
            return complain(f"error: {type(error).__name__}: {error}", FAILED)
    return OK
