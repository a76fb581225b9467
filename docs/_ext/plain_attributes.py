"""Two corrections of how numpydoc shows parameters and attributes.

- An attribute is described by the docstring that lists it. numpydoc would put a property's own
  docstring in its place, which for attributes that scikit-learn's classes compute is a text about
  scikit-learn.
- ``ndarray of shape (n_features_in_,)`` is no reference to a target named ``n_features_in``.
"""

import re

from numpydoc.docscrape_sphinx import SphinxDocString
from sphinx.application import Sphinx

UNDERSCORE = re.compile(r"(?<=\w)_(?!\w|`)")

_str_param_list = SphinxDocString._str_param_list


def as_listed(self: SphinxDocString, name: str, fake_autosummary: bool = False) -> list[str]:
    """Lines of a section of names, without looking any of them up."""
    self[name] = [entry._replace(type=UNDERSCORE.sub(r"\\_", entry.type)) for entry in self[name]]
    return _str_param_list(self, name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Take numpydoc's look-up away."""
    SphinxDocString._str_param_list = as_listed
    return {"parallel_read_safe": True, "parallel_write_safe": True}
