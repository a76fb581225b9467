"""References that are links where they can be.

- What ``sknn`` exports from one of its rooms may be called by either name.

- A name in single backticks links to what it names, and is code where it names nothing: the name
  of a parameter, say. No warning either way.
- A reference to another project that exists but cannot be linked, because there is no network to
  fetch its index from, is code as well. One to a name that does not exist stays an error.
"""

import importlib
import logging as standard_logging
from typing import Any

from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PyXRefRole
from sphinx.environment import BuildEnvironment

import sknn


class SoftRole(PyXRefRole):
    """The default role: a name in single backticks."""

    def process_link(
        self, env: BuildEnvironment, refnode: Element, has_explicit_title: bool, *name: str
    ) -> tuple[str, str]:
        """Mark the reference as one that may lead nowhere."""
        refnode["soft"] = True
        refnode["refdomain"], refnode["reftype"] = "py", "obj"
        return super().process_link(env, refnode, has_explicit_title, *name)


def exists(name: str) -> bool:
    """Whether a dotted name can be imported."""
    parts = name.split(".")
    for n_module in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:n_module]))
        except ImportError:
            continue
        for part in parts[n_module:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def fall_back(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: Element
) -> Element | None:
    """Show the name where there is nothing to link it to, and that is no mistake."""
    target = node.get("reftarget", "")
    package, _, name = target.partition(".")
    if package == "sknn" and name in sknn._HOME:
        whole = f"sknn.{sknn._HOME[name]}.{name}"
        python = env.get_domain("py")
        return python.resolve_xref(
            env, node["refdoc"], app.builder, node["reftype"], whole, node, contnode
        )
    if node.get("soft"):
        return contnode
    is_foreign = node.get("refdomain") == "py" and package != "sknn" and "." in target
    return contnode if is_foreign and exists(target) else None


class _Unreachable(standard_logging.Filter):
    """Drops the warning that an index could not be fetched."""

    def filter(self, record: standard_logging.LogRecord) -> bool:
        return "failed to reach any of the inventories" not in record.msg


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the role ``soft`` and what comes after intersphinx."""
    app.add_role("soft", SoftRole())
    app.connect("missing-reference", fall_back, priority=900)
    standard_logging.getLogger("sphinx.sphinx.ext.intersphinx").addFilter(_Unreachable())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
