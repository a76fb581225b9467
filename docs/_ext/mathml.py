"""Equations as MathML: every browser draws it, without a script and without a network."""

import re

from docutils.nodes import SkipNode, math, math_block
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

# What docutils does not know, in words that it knows. MathML's fences grow by themselves.
SPELLINGS = (
    (re.compile(r"\\(?:big|Big|bigg|Bigg)[lr]?(?![A-Za-z])"), ""),
    (re.compile(r"\\dots(?![A-Za-z])"), r"\\ldots"),
    (re.compile(r"\\(log|tanh)\s+(?=[\w\\])"), r"\\\1\\,"),
    (re.compile(r"\\(t?frac)\s*(\d)\s*(\d)"), r"\\\1{\2}{\3}"),
)


def to_mathml(node: math | math_block, *, as_block: bool) -> str:
    """Translate an equation from LaTeX."""
    latex = node.astext()
    for spelling, other in SPELLINGS:
        latex = spelling.sub(other, latex)
    if as_block and (r"\\" in latex or "&" in latex) and r"\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    try:
        return latex2mathml.tex2mathml(latex, as_block=as_block)
    except MathError as error:
        logger.warning("no MathML for %r: %s", latex, error, location=node)
        return f"<code>{latex}</code>"


def visit_inline(self: HTML5Translator, node: math) -> None:
    """Write an equation within a line."""
    self.body.append(to_mathml(node, as_block=False))
    raise SkipNode  # its text is LaTeX


def visit_block(self: HTML5Translator, node: math_block) -> None:
    """Write an equation on a line of its own."""
    self.body.append(f'<div class="equation">{to_mathml(node, as_block=True)}</div>')
    raise SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
