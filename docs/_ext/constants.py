"""Constants are described by the comment above them, ``#: What this is``.

Sphinx looks for it where a name is documented. Ours are documented by the room that exports them,
and written in one of its private modules.
"""

import importlib
import pkgutil

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer


def comment_of(room: str, name: str) -> list[str]:
    """The lines of the comment above a constant, in whichever module of the room it is."""
    for module in pkgutil.iter_modules(importlib.import_module(room).__path__, f"{room}."):
        if not module.ispkg:
            comments = ModuleAnalyzer.for_module(module.name).find_attr_docs()
            if ("", name) in comments:
                return comments["", name]
    return []


def describe(
    app: Sphinx, kind: str, name: str, value: object, options: object, lines: list[str]
) -> None:
    """Put the comment in the place of the docstring that a constant cannot have."""
    if kind == "data" and name.startswith("sknn."):
        lines[:] = comment_of(*name.rsplit(".", 1))


def setup(app: Sphinx) -> dict[str, bool]:
    """Describe constants."""
    # Before numpydoc, which reads what is there.
    app.connect("autodoc-process-docstring", describe, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
