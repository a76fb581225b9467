"""scikit-learn's own checks of what an estimator must be, without an exception."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn.classifiers import ScratchMLPClassifier

SMALL = {"hidden_layer_sizes": (12,), "max_iter": 60, "learning_rate_init": 0.02}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:`batch_size`=:UserWarning")
@parametrize_with_checks(
    [
        ScratchMLPClassifier(max_iter=60),
        ScratchMLPClassifier(**SMALL, solver="sgd", batch_size=10, l1=1e-3, max_grad_norm=1.0),
        ScratchMLPClassifier(**SMALL, solver="lbfgs"),
        ScratchMLPClassifier(**SMALL, solver="rmsprop", learning_rate="invscaling", power_t=0.1),
        ScratchMLPClassifier(**SMALL, solver="adamw", learning_rate="onecycle"),
        ScratchMLPClassifier(**SMALL, early_stopping=True, validation_fraction=0.3),
        ScratchMLPClassifier(**SMALL, dropout=0.1, input_dropout=0.1, label_smoothing=0.1),
        ScratchMLPClassifier(**SMALL, warm_start=True, record="batch"),
        ScratchMLPClassifier(**SMALL, dtype="float32", class_weight="balanced"),
        ScratchMLPClassifier(**(SMALL | {"hidden_layer_sizes": (), "batch_size": "full"})),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_the_checks_can_fail():
    with pytest.warns(ConvergenceWarning):
        ScratchMLPClassifier(max_iter=1).fit(np.eye(4), [0, 1, 0, 1])
