"""A pipeline with a selector in it can be saved without further words."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn.io
from sknn import MLPFeatureSelector, RankStabilitySelector, ScratchMLPClassifier
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


@pytest.mark.parametrize("n_features_to_select", [None, 3])
def test_the_features_of_a_path_before_the_network(n_features_to_select, tmp_path):
    X, y = load_producers(return_X_y=True)
    network = ScratchMLPClassifier((4,), max_iter=5, n_iter_no_change=np.inf)
    model = make_pipeline(
        StandardScaler(),
        MLPFeatureSelector(
            network,
            n_features_to_select=n_features_to_select,
            lambdas=[0.01, 0.1],
            epochs_per_lambda=2,
            cv=2,
            random_state=0,
        ),
        ScratchMLPClassifier(max_iter=2, n_iter_no_change=np.inf, random_state=0),
    ).fit(X, y)
    sknn.io.save(model, tmp_path / "model.sknn")
    loaded = sknn.io.load(tmp_path / "model.sknn")
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert_array_equal(loaded[1].path_.norms_, model[1].path_.norms_)
