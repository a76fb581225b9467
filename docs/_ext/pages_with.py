"""On which pages a public name is shown: in their code, or in their text as a link.

Names are read from the source of pages, so that none is counted for being a word of a sentence.
"""

import ast
import doctest
import re
from collections.abc import Iterator
from pathlib import Path

# What a build writes, and what is included from elsewhere.
GENERATED = {"_build", "api", "gallery", "generated"}
CODE = re.compile(r"^```(?P<kind>python|pycon)\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\{(?:class|func|data|mod)\}`~?sknn\.(?:\w+\.)*(?P<name>\w+)`")


def written_pages(docs: Path) -> list[Path]:
    """The pages that somebody wrote, in the order of their names."""
    return sorted(
        path for path in docs.rglob("*.md") if not GENERATED & set(path.relative_to(docs).parts)
    )


def programs_of(page: str) -> Iterator[str]:
    """The code of a page; of a session, what was typed."""
    for block in CODE.finditer(page):
        yield block["code"] if block["kind"] == "python" else typed(block["code"])


def typed(session: str) -> str:
    """What was typed in a session, without what it printed."""
    return "".join(example.source for example in doctest.DocTestParser().get_examples(session))


def names_used(program: str) -> set[str]:
    """Names that a program imports from sknn, or reaches through one of its modules."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sknn":
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("sknn."):
            used.add(node.attr)
    return used


def names_linked(page: str) -> set[str]:
    """Names that the text of a page links to."""
    return {link["name"] for link in LINK.finditer(page)}


def pages_with(docs: Path) -> dict[str, list[str]]:
    """The pages that show each name: first those that use it."""
    using: dict[str, list[str]] = {}
    linking: dict[str, list[str]] = {}
    for path in written_pages(docs):
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(docs).with_suffix("").as_posix()
        used = {name for program in programs_of(text) for name in names_used(program)}
        for name in used:
            using.setdefault(name, []).append(place)
        for name in names_linked(text) - used:
            linking.setdefault(name, []).append(place)
    return {name: using.get(name, []) + linking.get(name, []) for name in using | linking}
