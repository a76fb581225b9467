"""Selectors on sparse rows whose indices point beyond them."""

import numpy as np
import pytest
from scipy import sparse

from sknn import MLPFeatureSelector, RankStabilitySelector, ScratchMLPClassifier

NETWORK = ScratchMLPClassifier((4,), max_iter=2, n_iter_no_change=np.inf)
SELECTORS = [
    RankStabilitySelector(NETWORK, n_refits=2, n_features_to_select=2, random_state=0),
    MLPFeatureSelector(NETWORK, n_features_to_select=2, n_lambdas=3, random_state=0),
]


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: type(selector).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_bad_indices_are_refused(selector):
    X = sparse.random_array((60, 5), density=0.6, rng=np.random.default_rng(0), format="csr")
    selector.fit(X, np.arange(60) % 3)
    few = selector.transform(X)
    assert few.shape == (60, 2) and selector.inverse_transform(few).shape == (60, 5)
    for method, rows in (("transform", X), ("inverse_transform", few)):
        bad = rows.tocsr().copy()
        bad.indices[0] = 99
        with pytest.raises(ValueError, match="`X`"):
            getattr(selector, method)(bad)
