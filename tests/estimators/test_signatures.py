"""One vocabulary: the two classes say the same of what they share, word by word."""

import inspect
import re

import pytest

from sknn.estimators import ScratchMLPClassifier, TorchMLPClassifier

OF_TORCH_ALONE = {
    "Parameters": ["device", "compile", "skorch_callbacks"],
    "Attributes": ["net_"],
}


def entries(Classifier, section):
    """What a section of the docstring says of every name: its type and its description."""
    _, _, rest = inspect.getdoc(Classifier).partition(f"{section}\n{'-' * len(section)}\n")
    body = re.split(r"\n\n(?=[A-Z][A-Za-z ]+\n-+\n)", rest, maxsplit=1)[0]
    parts = re.split(r"^(\w+) : ", body, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], (text.rstrip() for text in parts[1::2]), strict=True))


def test_parameters_are_the_same_in_order_kind_and_default():
    ours, theirs = (
        list(inspect.signature(Classifier).parameters.values())
        for Classifier in (ScratchMLPClassifier, TorchMLPClassifier)
    )
    assert theirs[: len(ours)] == ours
    extra = {parameter.name: parameter.default for parameter in theirs[len(ours) :]}
    assert list(extra.items()) == [
        ("device", "auto"),
        ("compile", False),
        ("skorch_callbacks", None),
    ]
    assert all(p.kind is p.KEYWORD_ONLY for p in theirs[len(ours) :])


@pytest.mark.parametrize("section", ["Parameters", "Attributes"])
def test_what_is_shared_is_documented_in_the_same_words(section):
    ours, theirs = (entries(C, section) for C in (ScratchMLPClassifier, TorchMLPClassifier))
    assert list(theirs) == list(ours) + OF_TORCH_ALONE[section]
    assert {name: theirs[name] for name in ours} == ours


def test_the_sections_are_read_to_their_ends():
    for Classifier in (ScratchMLPClassifier, TorchMLPClassifier):
        assert list(entries(Classifier, "Parameters")) == list(
            inspect.signature(Classifier).parameters
        )


def test_fitted_attributes_are_documented_and_the_same(make_scratch, make_torch, table):
    for make in (make_scratch, make_torch):
        every_part = {"normalization": "batch", "embedding": "periodic", "input_scale": True}
        fitted = make(max_iter=1, **every_part).fit(*table)
        public = {
            name
            for name in {*vars(fitted), *dir(type(fitted))}
            if name.endswith("_") and name[0] != "_"
        }
        documented = set(entries(type(fitted), "Attributes"))
        assert public == documented - {"feature_names_in_"}


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "predict_proba", "score"])
def test_methods_are_the_same(method):
    ours, theirs = (getattr(C, method) for C in (ScratchMLPClassifier, TorchMLPClassifier))
    assert inspect.signature(ours) == inspect.signature(theirs)
    assert inspect.getdoc(ours) == inspect.getdoc(theirs)
