"""A parameter is declared once; signature, constraints and docstring are made from that."""

import inspect
import re
from collections import Counter
from dataclasses import fields

import pytest
from sklearn.base import clone

from sknn.estimators import (
    ScratchMLPClassifier,
    ScratchMLPRegressor,
    TorchMLPClassifier,
    TorchMLPRegressor,
)
from sknn.estimators._declare import estimator, parameter

CLASSES = [ScratchMLPClassifier, ScratchMLPRegressor, TorchMLPClassifier, TorchMLPRegressor]

of_each_class = pytest.mark.parametrize("Estimator", CLASSES, ids=lambda cls: cls.__name__)


def documented(Estimator):
    """Type and default of every parameter, as the docstring has them."""
    _, _, rest = inspect.getdoc(Estimator).partition("Parameters\n----------\n")
    section, _, _ = rest.partition("\n\nAttributes\n----------\n")
    entries = re.findall(r"^(\w+) : (.*), default=(.*)$", section, flags=re.MULTILINE)
    return {name: (kind, default) for name, kind, default in entries}


@of_each_class
def test_signature_constraints_and_docstring_agree(Estimator):
    signature = inspect.signature(Estimator).parameters
    assert list(Estimator._parameter_constraints) == list(signature)
    entries = documented(Estimator)
    assert list(entries) == list(signature)
    assert {name: default for name, (_, default) in entries.items()} == {
        name: repr(p.default) for name, p in signature.items()
    }
    assert set(Estimator().get_params()) == set(signature)


@of_each_class
def test_every_default_is_allowed(Estimator):
    Estimator()._validate_params()


@of_each_class
def test_the_words_that_a_docstring_names_are_those_that_are_allowed(Estimator):
    for field in fields(Estimator):
        name, kind, text = field.name, field.metadata["kind"], field.metadata["text"]
        # A long list has a line for each instead.
        words = re.findall(r"'(\w+)'", kind) or re.findall(r"^- '(\w+)'", text, flags=re.MULTILINE)
        allowed = {
            option
            for constraint in Estimator._parameter_constraints[name]
            for option in getattr(constraint, "options", ())
            if isinstance(option, str)
        }
        assert set(words) == allowed, name


def test_a_parameter_is_declared_once():
    """Of them all only `monitor` differs between the targets: a classifier has no R² to watch."""
    homes = {home for Estimator in CLASSES for home in Estimator.__mro__}
    declared = [
        name
        for home in homes
        for name in vars(home).get("__annotations__", {})
        # With a default of its own, that is; another annotation is a checker's.
        if name in vars(home) and any(name in C._parameter_constraints for C in CLASSES)
    ]
    assert set(declared) == {name for C in CLASSES for name in C._parameter_constraints}
    assert [name for name, n in Counter(declared).items() if n > 1] == ["monitor"]


def test_words_in_braces():
    @estimator(other="  something else ")
    class Example:
        """An example with {parameters} and {other}; {unknown} is left.

        Parameters
        ----------
        {parameters}
        """

        first: int = parameter(1, ["integer"], "int", "One.", kw_only=False)
        second: str = parameter("a", [str], "str", "Two\nlines.")

    assert "something else; {unknown} is left" in Example.__doc__
    assert "first : int, default=1\n    One.\nsecond : str, default='a'\n    Two\n    lines." in (
        Example.__doc__
    )
    assert str(inspect.signature(Example)) == "(first=1, *, second='a')"
    assert Example._parameter_constraints == {"first": ["integer"], "second": [str]}
    with pytest.raises(TypeError, match="positional"):
        Example(1, "b")


@of_each_class
def test_init_does_nothing_but_store(Estimator):
    """As `clone` needs it: what is handed over is kept, untouched and unchecked."""
    marks = {name: object() for name in inspect.signature(Estimator).parameters}
    made = Estimator(**marks)
    assert vars(made) == marks
    assert {name: getattr(made, name) for name in marks} == marks
    defaults = Estimator()
    assert clone(defaults).get_params() == defaults.get_params()
