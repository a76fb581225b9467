"""Text that comes from users' tables, made harmless for terminals."""

from __future__ import annotations

import re

# Characters that command a terminal or turn its text around, and halves of characters.
COMMANDS = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


def printable(text: str) -> str:
    r"""The text with what would command a terminal written as escapes, such as ``\x1b``."""
    return COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def printable_json(text: str) -> str:
    """The same for JSON, which has escapes of its own and loses nothing."""
    return COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
