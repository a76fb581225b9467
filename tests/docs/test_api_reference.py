"""The API reference has every public name, and every one of them says what it takes."""

import importlib
import pkgutil
import sys
from pathlib import Path

import pytest

import sknn

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def rooms():
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        return importlib.import_module("api_list").ROOMS
    finally:
        sys.path.pop(0)


def test_the_list_has_every_room(rooms):
    public = {
        f"sknn.{module.name}"
        for module in pkgutil.iter_modules(sknn.__path__)
        if module.ispkg and not module.name.startswith("_")
    }
    assert {room.module for room in rooms} == public
    assert len(rooms) == len(public)


def test_the_list_has_every_name_once(rooms):
    for room in rooms:
        assert sorted(room.names) == sorted(importlib.import_module(room.module).__all__), (
            f"docs/_ext/api_list.py and {room.module}.__all__ differ"
        )


def test_what_sknn_exports_is_in_the_list(rooms):
    names = {name for room in rooms for name in room.names}
    modules = {room.module.partition(".")[2] for room in rooms}
    assert set(sknn.__all__) - {"__version__"} <= names | modules
