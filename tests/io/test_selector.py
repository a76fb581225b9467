"""A pipeline with a selector in it can be saved without further words."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn.io
from sknn import RankStabilitySelector, ScratchMLPClassifier
from sknn.datasets import load_producers


@pytest.mark.parametrize(
    "estimator", [None, ScratchMLPClassifier((4,), max_iter=2, n_iter_no_change=np.inf)]
)
def test_a_selector_before_the_network(estimator, tmp_path):
    X, y = load_producers(return_X_y=True)
    model = make_pipeline(
        StandardScaler(),
        RankStabilitySelector(estimator, n_refits=2, random_state=0),
        ScratchMLPClassifier(max_iter=2, n_iter_no_change=np.inf, random_state=0),
    ).fit(X, y)
    sknn.io.save(model, tmp_path / "model.sknn")
    loaded = sknn.io.load(tmp_path / "model.sknn")
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert_array_equal(loaded[1].ranks_, model[1].ranks_)
