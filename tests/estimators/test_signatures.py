"""One vocabulary: the classes of both engines say the same of what they share, word by word."""

import inspect
import re

import pytest

from sknn.estimators import (
    ScratchMLPClassifier,
    ScratchMLPRegressor,
    TorchMLPClassifier,
    TorchMLPRegressor,
)

of_each_target = pytest.mark.parametrize(
    "pair",
    [(ScratchMLPClassifier, TorchMLPClassifier), (ScratchMLPRegressor, TorchMLPRegressor)],
    ids=["classifiers", "regressors"],
)

OF_TORCH_ALONE = {
    "Parameters": ["device", "compile", "skorch_callbacks"],
    "Attributes": ["net_"],
}


def entries(Estimator, section):
    """What a section of the docstring says of every name: its type and its description."""
    _, _, rest = inspect.getdoc(Estimator).partition(f"{section}\n{'-' * len(section)}\n")
    body = re.split(r"\n\n(?=[A-Z][A-Za-z ]+\n-+\n)", rest, maxsplit=1)[0]
    parts = re.split(r"^(\w+) : ", body, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], (text.rstrip() for text in parts[1::2]), strict=True))


@of_each_target
def test_parameters_are_the_same_in_order_kind_and_default(pair):
    ours, theirs = (list(inspect.signature(cls).parameters.values()) for cls in pair)
    assert theirs[: len(ours)] == ours
    extra = {parameter.name: parameter.default for parameter in theirs[len(ours) :]}
    assert list(extra.items()) == [
        ("device", "auto"),
        ("compile", False),
        ("skorch_callbacks", None),
    ]
    assert all(p.kind is p.KEYWORD_ONLY for p in theirs[len(ours) :])


@of_each_target
@pytest.mark.parametrize("section", ["Parameters", "Attributes"])
def test_what_is_shared_is_documented_in_the_same_words(section, pair):
    ours, theirs = (entries(cls, section) for cls in pair)
    assert list(theirs) == list(ours) + OF_TORCH_ALONE[section]
    assert {name: theirs[name] for name in ours} == ours


@of_each_target
def test_the_sections_are_read_to_their_ends(pair):
    for cls in pair:
        assert list(entries(cls, "Parameters")) == list(inspect.signature(cls).parameters)


@of_each_target
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fitted_attributes_are_documented_and_the_same(pair, table):
    for Estimator in pair:
        every_part = {"normalization": "batch", "embedding": "periodic", "input_scale": True}
        fitted = Estimator(max_iter=1, **every_part).fit(*table)
        public = {
            name
            for name in {*vars(fitted), *dir(type(fitted))}
            if name.endswith("_") and name[0] != "_"
        }
        documented = set(entries(type(fitted), "Attributes"))
        assert public == documented - {"feature_names_in_"}


@of_each_target
def test_methods_are_the_same(pair):
    ours, theirs = (
        {name: value for name, value in inspect.getmembers(cls) if name[0] != "_"} for cls in pair
    )
    assert theirs.keys() - ours.keys() == {"net_", "device", "compile", "skorch_callbacks"}
    assert ours.keys() <= theirs.keys()
    for name, value in ours.items():
        if callable(value):
            # `set_fit_request` and its like name the class in their annotations.
            given, expected = (
                [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
                for f in (theirs[name], value)
            )
            assert given == expected, name
            assert inspect.getdoc(value) == inspect.getdoc(theirs[name]), name
