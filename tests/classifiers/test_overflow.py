"""A fit may end with finite weights that are too large to predict with: that is an error too."""

import numpy as np
import pytest


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_no_nan_is_predicted(Classifier, table, method):
    mlp = Classifier(
        solver="sgd",
        activation="identity",
        momentum=0,
        learning_rate_init=1e150,
        max_iter=1,
        batch_size="full",
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(*table)
    with pytest.raises(ValueError, match=r"not finite.*`learning_rate_init`, which was 1e\+150"):
        getattr(mlp, method)(table[0] * 1e100)


def test_infinite_patience_never_warns_of_lbfgs_either(Classifier, table):
    mlp = Classifier(solver="lbfgs", max_iter=2, n_iter_no_change=np.inf, random_state=0)
    assert mlp.fit(*table).n_iter_ == 2
