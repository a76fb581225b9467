"""Code that a page includes, without what is on the page anyway.

The examples of docstrings are left out: a page has its own. With the flag ``:summary:``, of the
docstrings no more than the first paragraph is shown.
"""

import re
from typing import ClassVar

from docutils.nodes import Node, Text, literal_block
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.directives.code import LiteralInclude

DOCSTRING = re.compile(r'(?P<open>r?""")(?P<text>.*?)(?P<last>\n *)?"""', re.DOTALL)
EXAMPLES = re.compile(r"\n\n *Examples\n *-{8}\n.*", re.DOTALL)


def shortened(code: str, summary: bool = False) -> str:
    """Code whose docstrings have no examples, or no more than their first paragraph."""

    def shorten(found: re.Match[str]) -> str:
        text = EXAMPLES.sub("", found["text"])
        text = text.partition("\n\n")[0] if summary else text
        last = (found["last"] or "") if "\n" in text else ""
        return f'{found["open"]}{text}{last}"""'

    return DOCSTRING.sub(shorten, code)


class IncludedCode(LiteralInclude):
    """The directive ``literalinclude``, which shortens the docstrings of Python."""

    option_spec: ClassVar = {**LiteralInclude.option_spec, "summary": directives.flag}

    def run(self) -> list[Node]:
        """Include, then shorten."""
        included = super().run()
        if self.options.get("language") == "python":
            for node in included:
                for block in node.findall(literal_block):
                    block.rawsource = shortened(block.astext(), "summary" in self.options)
                    block.children = []
                    block += Text(block.rawsource)
        return included


def setup(app: Sphinx) -> dict[str, bool]:
    """Put the directive in the place of Sphinx's."""
    app.add_directive("literalinclude", IncludedCode, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
