"""Writes the pages of the API reference, from the list in `api_list`, before Sphinx reads them."""

import importlib
import inspect
from pathlib import Path

from api_list import ROOMS, Room
from pages_with import pages_with
from sklearn.base import BaseEstimator
from sphinx.application import Sphinx

# More help nobody: some names are on every page.
MOST_PAGES = 8

INDEX = """\
.. _api:

=============
API reference
=============

Every public name of sknn, by subpackage. The estimators, searches and
``fit_many`` can be imported from ``sknn`` itself as well.

"""


def write_pages(app: Sphinx) -> None:
    """Write an index, a page per room and a page per name into ``docs/api``."""
    folder = Path(app.srcdir, "api")
    shown = pages_with(Path(app.srcdir))
    pages = {folder / "index.rst": _index()}
    for room in ROOMS:
        pages[folder / f"{room.module}.rst"] = _room_page(room)
        for name in room.names:
            pages[folder / f"{room.module}.{name}.rst"] = _name_page(
                room, name, shown.get(name, [])
            )
    folder.mkdir(exist_ok=True)
    for old in set(folder.glob("*.rst")) - set(pages):
        old.unlink()
    for path, text in pages.items():
        # An unchanged page keeps its date, and Sphinx what it knows of it.
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _index() -> str:
    parts = [INDEX, ".. toctree::\n   :hidden:\n\n"]
    parts += [f"   {room.module}\n" for room in ROOMS]
    for room in ROOMS:
        parts.append(f"\n:doc:`{room.module}`\n{'-' * (len(room.module) + 8)}\n\n")
        summary = inspect.getdoc(importlib.import_module(room.module)).partition("\n")[0]
        parts.append(f"{summary}\n\n.. currentmodule:: {room.module}\n\n")
        if room.module in ("sknn.backprop", "sknn.training"):
            parts.append(
                f"Its names are listed on :doc:`a page of their own <{room.module}>`; "
                ":doc:`/learn/index` explains them.\n"
            )
        else:
            parts.append(_table(tuple(room.names)))
    return "".join(parts)


def _room_page(room: Room) -> str:
    title = room.module
    parts = [f"{title}\n{'=' * len(title)}\n\n.. automodule:: {title}\n\n"]
    parts.append(f".. currentmodule:: {title}\n\n.. toctree::\n   :hidden:\n\n")
    parts += [f"   {title}.{name}\n" for name in room.names]
    for group, names in room.groups.items():
        if len(room.groups) > 1:
            parts.append(f"\n{group}\n{'-' * len(group)}\n")
        parts.append("\n" + _table(names))
    return "".join(parts)


def _table(names: tuple[str, ...]) -> str:
    return ".. autosummary::\n   :nosignatures:\n\n" + "".join(f"   {name}\n" for name in names)


def _name_page(room: Room, name: str, pages: list[str]) -> str:
    value = getattr(importlib.import_module(room.module), name)
    parts = [f"{name}\n{'=' * len(name)}\n\n.. currentmodule:: {room.module}\n\n"]
    if inspect.isclass(value):
        parts.append(f".. autoclass:: {name}\n")
        methods = methods_of(value)
        parts.append("".join(f"\n   .. auto{kind}:: {method}\n" for method, kind in methods))
        inherited = inherited_methods(value)
        if inherited:
            parts.append(
                "\n   Methods inherited from scikit-learn: "
                + ", ".join(f"``{method}``" for method in inherited)
                + ".\n"
            )
    elif inspect.isfunction(value):
        parts.append(f".. autofunction:: {name}\n")
    else:
        parts.append(f".. autodata:: {name}\n   :no-value:\n")
    if pages:
        parts.append("\n.. rubric:: Pages with it\n\n")
        parts += [f"- :doc:`/{page}`\n" for page in pages[:MOST_PAGES]]
    parts.append(f"\n.. minigallery:: {room.module}.{name}\n   :add-heading: Examples with it\n")
    return "".join(parts)


def methods_of(cls: type) -> list[tuple[str, str]]:
    """Public methods and properties that are written in sknn, and the directive for each."""
    found = []
    for name in dir(cls):
        member = inspect.getattr_static(cls, name)
        if name.startswith("_") or not _is_ours(cls, name):
            continue
        if isinstance(member, property):
            found.append((name, "attribute"))
        elif callable(getattr(cls, name)) and not inspect.isclass(member):
            found.append((name, "method"))
    order = {name: i for i, base in enumerate(cls.__mro__[::-1]) for name in vars(base)}
    places = {name: i for base in cls.__mro__[::-1] for i, name in enumerate(vars(base))}
    return sorted(found, key=lambda entry: (-order[entry[0]], places[entry[0]]))


def inherited_methods(cls: type) -> list[str]:
    """Public methods of an estimator that scikit-learn has written."""
    return [
        name
        for name, member in inspect.getmembers(cls, callable)
        if not name.startswith("_")
        and not _is_ours(cls, name)
        and issubclass(cls, BaseEstimator)
        and not inspect.isclass(member)
    ]


def _home(cls: type, name: str) -> type:
    return next(base for base in cls.__mro__ if name in vars(base))


def _is_ours(cls: type, name: str) -> bool:
    home = _home(cls, name)
    # `set_fit_request` and the like, which scikit-learn adds to classes of ours.
    is_added = type(vars(home)[name]).__name__ == "RequestMethod"
    return home.__module__.partition(".")[0] == "sknn" and not is_added


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages when a build begins."""
    app.connect("builder-inited", write_pages, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
