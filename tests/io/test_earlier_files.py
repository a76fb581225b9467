"""Files of earlier versions, which wrote transformers by skops, load and predict as they did."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

import sknn.io

FILES = Path(__file__).parent / "files"
TEXTS = ["a good film", "a bad film", "good and great", "bad and dull", "a good film"]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")


def rows_of(name: str):
    if name == "table":
        frame = pd.read_json(FILES / "table.json", orient="records")
        return frame.astype({"size": "category"})
    if name == "texts":
        return TEXTS
    return np.loadtxt(FILES / "numbers.csv", delimiter=",")


@pytest.mark.parametrize("name", ["network", "table", "texts", "numbers"])
def test_a_file_of_an_earlier_version(name, tmp_path):
    model, X = sknn.io.load(FILES / f"{name}.sknn"), rows_of(name)
    expected = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))[name]
    assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
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
