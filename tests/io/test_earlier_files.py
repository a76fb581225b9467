"""Files of earlier versions load and predict as they did.

The oldest have transformers that skops wrote. Later ones name classes of sknn with their
subpackage, and all of them have two outputs with a softmax for two classes.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import clone

import sknn.io
from sknn import ScratchMLPClassifier, TorchMLPClassifier

FILES = Path(__file__).parent / "files"
TEXTS = ["a good film", "a bad film", "good and great", "bad and dull", "a good film"]
EXPECTED = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")


def rows_of(name: str):
    if name == "table":
        frame = pd.read_json(FILES / "table.json", orient="records")
        return frame.astype({"size": "category"})
    if name == "texts":
        return TEXTS
    return np.loadtxt(FILES / "numbers.csv", delimiter=",")


@pytest.mark.parametrize("name", [path.stem for path in sorted(FILES.glob("*.sknn"))])
def test_a_file_of_an_earlier_version(name, tmp_path):
    model, X = sknn.io.load(FILES / f"{name}.sknn"), rows_of(name)
    assert_allclose(model.predict_proba(X), EXPECTED[name], rtol=1e-12)
    clone(model)
    sknn.io.save(model, tmp_path / "model.sknn")
    again = sknn.io.load(tmp_path / "model.sknn")
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_a_network_goes_on():
    model, X = sknn.io.load(FILES / "network.sknn"), rows_of("network")
    assert model.n_iter_ == 2
    assert len(model.history_.batches["train_loss"]) == 2
    model.set_params(early_stopping=False)
    assert model.fit(X, model.classes_[[0, 1, 0, 1, 0]]).n_iter_ == 4


# ---------------------------------------------------------------------------------------
# two outputs for two classes


@pytest.mark.parametrize("cls", [ScratchMLPClassifier, TorchMLPClassifier])
def test_two_outputs_predict_as_they_did(cls):
    model, X = sknn.io.load(FILES / "two_classes.sknn", cls=cls), rows_of("numbers")
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    expected = softmax(hidden @ model.coefs_[1] + model.intercepts_[1], axis=1)
    assert expected.shape == (5, 2)
    assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    assert_allclose(model.predict_log_proba(X), np.log(expected), atol=1e-12)
    assert_array_equal(model.predict(X), model.classes_[expected.argmax(axis=1)])


@pytest.mark.filterwarnings("ignore:`batch_size`")
def test_two_outputs_train_on_as_they_did():
    """`expected.json` has what the version that wrote the file made of these rows."""
    model, X = sknn.io.load(FILES / "two_classes.sknn"), rows_of("numbers")
    y = np.array(["no", "yes", "no", "yes", "no"])
    model.fit(X, y)
    assert_allclose(model.predict_proba(X), EXPECTED["two_classes_went_on"], rtol=1e-12)
    assert model.coefs_[1].shape == (3, 2)
    assert model.out_activation_ == "softmax"
    model.set_params(warm_start=False).fit(X, y)
    assert model.coefs_[1].shape == (3, 1)
    assert model.out_activation_ == "logistic"
