"""What the pages leave out of the code that they include, and how they describe constants."""

import importlib
import sys
from pathlib import Path

import pytest

import sknn.backprop

pytest.importorskip("sphinx")

EXTENSIONS = Path(__file__).resolve().parents[2] / "docs" / "_ext"

CODE = '''\
def half(x):
    r"""Half of x.

    Whatever x is.{example}
    """
    return x / 2  # not a third


def one():
    """Always 1."""
'''
EXAMPLE = """

    Examples
    --------
    As you would expect:

    >>> half(4)
    2.0"""


@pytest.fixture(scope="module")
def extension():
    """Imports one of the extensions of the documentation."""
    sys.path.insert(0, str(EXTENSIONS))
    yield importlib.import_module
    sys.path.remove(str(EXTENSIONS))


def test_examples_are_left_out(extension):
    shortened = extension("included_code").shortened
    assert shortened(CODE.format(example=EXAMPLE)) == CODE.format(example="")
    assert shortened(CODE.format(example="")) == CODE.format(example="")


def test_a_summary_is_the_first_paragraph(extension):
    code = extension("included_code").shortened(CODE.format(example=EXAMPLE), summary=True)
    assert code.startswith('def half(x):\n    r"""Half of x."""\n    return x / 2')
    assert code.endswith('    """Always 1."""\n')


def test_every_constant_is_described(extension):
    comment_of = extension("constants").comment_of
    constants = [
        name for name in sknn.backprop.__all__ if not callable(getattr(sknn.backprop, name))
    ]
    assert constants
    assert all(any(comment_of("sknn.backprop", name)) for name in constants)
    assert comment_of("sknn.backprop", "no such name") == []
