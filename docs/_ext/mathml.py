"""Equations as MathML: every browser draws it, without a script and without a network."""

import re

from docutils.nodes import math, math_block
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

# MathML's fences grow by themselves, and its dots are where they are.
SIZES = re.compile(r"\\(?:big|Big|bigg|Bigg)[lr]?(?![A-Za-z])")
DOTS = re.compile(r"\\dots(?![A-Za-z])")


def to_mathml(node: math | math_block, *, as_block: bool) -> str:
    """Translate an equation from LaTeX."""
    latex = DOTS.sub(r"\\ldots", SIZES.sub("", node.astext()))
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


def visit_block(self: HTML5Translator, node: math_block) -> None:
    """Write an equation on a line of its own."""
    self.body.append(f'<div class="math">{to_mathml(node, as_block=True)}</div>')


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
