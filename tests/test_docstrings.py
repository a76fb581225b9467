"""Docstrings state the signature: every public name is found and checked, new ones too."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sklearn.base import BaseEstimator

import sknn

ROOMS = sorted(
    module.name
    for module in pkgutil.iter_modules(sknn.__path__)
    if module.ispkg and not module.name.startswith("_")
)
# A docstring of the engine is its equation: it may leave out what goes without saying, though
# what it does say must be so.
TERSE = {"backprop", "training"}


# ---------------------------------------------------------------------------------------
# reading numpydoc


@dataclass(frozen=True)
class Entry:
    """One documented parameter: ``name : kind``."""

    name: str
    kind: str

    @property
    def default(self) -> str | None:
        found = re.search(r"\bdefault(?:=|: ?| )(.+)$", self.kind)
        return found[1].strip().strip("`") if found else None


def sections_of(docstring: str) -> dict[str, list[str]]:
    """The lines under each underlined title."""
    lines = inspect.cleandoc(docstring).splitlines()
    titles = [
        i
        for i in range(len(lines) - 1)
        if lines[i].strip() and re.fullmatch(r"-{3,}", lines[i + 1].strip())
    ]
    ends = [*titles, len(lines)][1:]
    return {lines[i].strip(): lines[i + 2 : end] for i, end in zip(titles, ends, strict=True)}


def parameters_of(docstring: str) -> list[Entry]:
    lines = sections_of(docstring).get("Parameters", [])
    return [
        Entry(name.strip().lstrip("*"), kind.strip())
        for line in lines
        if line and not line.startswith(" ")
        for names, _, kind in [line.partition(" : ")]
        for name in names.split(",")
    ]


def signature_of(function: Callable) -> dict[str, inspect.Parameter]:
    parameters = dict(inspect.signature(function).parameters)
    parameters.pop("self", None)
    return parameters


def means(text: str, value: object) -> bool:
    """Whether a documented default states a value."""
    if repr(value) == "<factory>":  # of a dataclass: something empty, made anew each time
        return text in {"{}", "[]"}
    try:
        stated = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text in {repr(value), str(value), getattr(value, "__name__", ""), f"np.{value}"}
    return type(stated) is type(value) and stated == value


def disagreements(function: Callable, docstring: str) -> Iterator[str]:
    """What a docstring says of the parameters that is not so."""
    signature = signature_of(function)
    for entry in parameters_of(docstring):
        parameter = signature.get(entry.name)
        if parameter is None:
            yield f"{entry.name} is documented, but is no parameter"
        elif parameter.default is parameter.empty:
            if entry.default is not None:
                yield f"{entry.name} is documented with default {entry.default}, but has none"
        elif entry.default is not None and not means(entry.default, parameter.default):
            yield (
                f"{entry.name} = {parameter.default!r} is documented with default {entry.default}"
            )


def omissions(function: Callable, docstring: str) -> Iterator[str]:
    """What a docstring does not say of the parameters, or says in another order."""
    documented = [entry.name for entry in parameters_of(docstring)]
    in_signature = list(signature_of(function))
    if documented != in_signature:
        yield f"Parameters documents {documented}, the signature is {in_signature}"
    for entry in parameters_of(docstring):
        default = getattr(
            signature_of(function).get(entry.name), "default", inspect.Parameter.empty
        )
        # `y : None` says it already.
        if default is not inspect.Parameter.empty and not entry.default and entry.kind != "None":
            yield f"{entry.name} = {default!r} is documented without its default"


# ---------------------------------------------------------------------------------------
# every public name


def public_objects() -> Iterator[tuple[str, str, object]]:
    for room in ROOMS:
        module = importlib.import_module(f"sknn.{room}")
        for name in module.__all__:
            yield room, name, getattr(module, name)


PUBLIC = [
    pytest.param(room, value, id=f"{room}.{name}")
    for room, name, value in public_objects()
    if inspect.isclass(value) or inspect.isfunction(value)
]
ESTIMATORS = [
    pytest.param(value, id=f"{room}.{name}")
    for room, name, value in public_objects()
    if inspect.isclass(value) and issubclass(value, BaseEstimator)
]


def methods_of(cls: type) -> Iterator[Callable]:
    """Public methods that are written in sknn, here or in a base class."""
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith("_") and method.__module__.partition(".")[0] == "sknn":
            yield method


@pytest.mark.parametrize(("room", "value"), PUBLIC)
def test_docstring_states_the_signature(room, value):
    docstring = value.__doc__
    assert docstring, "a public name needs a docstring"
    # What dataclass writes where nobody has written anything.
    assert not docstring.startswith(f"{value.__name__}(")
    complaints = list(disagreements(value, docstring))
    if room not in TERSE:
        complaints += omissions(value, docstring)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(("room", "value"), PUBLIC)
def test_docstrings_of_methods_state_their_signatures(room, value):
    if not inspect.isclass(value):
        return
    complaints = []
    for method in methods_of(value):
        # An override may leave the docstring to the method that it overrides.
        overridden = (getattr(base, method.__name__, None) for base in value.__mro__)
        docstring = next((each.__doc__ for each in overridden if each and each.__doc__), None)
        if not docstring:
            complaints.append(f"{method.__name__} needs a docstring")
            continue
        found = list(disagreements(method, docstring))
        if room not in TERSE:
            found += omissions(method, docstring)
        complaints += [f"{method.__name__}: {complaint}" for complaint in found]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_estimator_documents_what_fit_leaves_and_shows_itself(estimator):
    sections = sections_of(estimator.__doc__)
    has_parameters = bool(inspect.signature(estimator).parameters)
    needed = {"Attributes", "Examples", *(["Parameters"] if has_parameters else [])}
    assert needed <= set(sections)
    assert any(line.startswith(">>> ") for line in sections["Examples"])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_estimator_is_a_public_name_of_sknn(estimator):
    if inspect.isabstract(estimator):
        return
    assert estimator.__name__ in sknn.__all__
    assert getattr(sknn, estimator.__name__) is estimator


# ---------------------------------------------------------------------------------------
# the reading itself


def documented(a, b=2, *, c="x", d=float("inf"), e=None):
    """One line.

    Parameters
    ----------
    a, b : int, default=2
        Two at once.
    c : {"x", "y"}, default='x'
        A string.

        With a second paragraph.
    d : float, default=np.inf
        No literal.
    f : int
        Not there.

    Returns
    -------
    nothing : None
        At all.
    """


def test_the_reading_of_a_docstring():
    assert [entry.name for entry in parameters_of(documented.__doc__)] == ["a", "b", "c", "d", "f"]
    assert list(disagreements(documented, documented.__doc__)) == [
        "a is documented with default 2, but has none",
        "f is documented, but is no parameter",
    ]
    (omission,) = omissions(documented, documented.__doc__)
    assert "'e'" in omission


def half_documented(a=1, b=None):
    """One line.

    Parameters
    ----------
    a : int
        Its default goes unsaid.
    b : None
        Ignored.
    """


def test_a_default_must_be_said():
    assert list(omissions(half_documented, half_documented.__doc__)) == [
        "a = 1 is documented without its default"
    ]


@pytest.mark.parametrize(
    ("text", "value", "agrees"),
    [
        ("0.001", 0.001, True),
        ("1e-3", 0.001, True),
        ("0", 0.0, False),
        ("1", True, False),
        ("(100,)", (100,), True),
        ('"relu"', "relu", True),
        ("relu", "tanh", False),
        ("None", None, True),
        ("np.inf", float("inf"), True),
        ("False", None, False),
    ],
)
def test_the_reading_of_a_default(text, value, agrees):
    assert means(text, value) is agrees


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_lists_its_public_names(room):
    module = importlib.import_module(f"sknn.{room}")
    assert module.__doc__
    assert len(set(module.__all__)) == len(module.__all__) > 0
