"""Files of earlier versions, which had two outputs with a softmax for two classes."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

import sknn.io
from sknn.estimators import ScratchMLPClassifier
from sknn.estimators._targets import Classes
from sknn.io import _model
from sknn.training import Parameters, TrainState


@pytest.fixture
def two_outputs():
    """A classifier as earlier versions have fitted it, and its rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = np.where(X[:, 0] > 0, "yes", "no")
    model = ScratchMLPClassifier((5,), max_iter=3, n_iter_no_change=np.inf, random_state=0)
    model.fit(X, y)
    plan = replace(model._plan, layer_sizes=(4, 5, 2), loss="softmax_cross_entropy")
    parameters = Parameters.zeros(1, plan.spec.layout, np.float64)
    parameters.values[...] = rng.normal(size=parameters.values.shape)
    state = TrainState.around(parameters, [plan], model._state.streams)
    state.histories = [model.history_]
    model._plan, model._target = plan, Classes(plan.loss, model.classes_)
    model._state = state
    model.coefs_ = [W[0] for W in parameters.weights]
    model.intercepts_ = [b[0, 0] for b in parameters.biases]
    return model, X, y


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Saves without the settings that those versions did not know, and loads."""

    def run(model):
        to_plain = _model.to_plain

        def as_before(estimator):
            header, arrays = to_plain(estimator)
            for name in ("loss", "quantiles"):
                del header["plan"][name]
            return header, arrays

        for module in ("_files", "_objects"):
            monkeypatch.setattr(f"sknn.io.{module}.to_plain", as_before)
        sknn.io.save(model, tmp_path / "before.sknn")
        return sknn.io.load(tmp_path / "before.sknn")

    return run


def test_they_predict_and_train_on_as_they_did(two_outputs, load):
    model, X, y = two_outputs
    again = load(model)
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    expected = softmax(hidden @ model.coefs_[1] + model.intercepts_[1], axis=1)
    assert_allclose(again.predict_proba(X), expected, rtol=1e-12)
    assert_allclose(again.predict_log_proba(X), np.log(expected), atol=1e-12)
    assert_array_equal(again.predict(X), model.classes_[expected.argmax(axis=1)])
    again.partial_fit(X, y)
    assert again.coefs_[1].shape == (5, 2) and again.out_activation_ == "softmax"
    again.fit(X, y)
    assert again.coefs_[1].shape == (5, 1) and again.out_activation_ == "logistic"
