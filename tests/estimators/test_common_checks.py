"""scikit-learn's own checks of what an estimator must be, without an expected failure.

Settings that contradict a check are in `test_checks_by_configuration.py`.
"""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn.estimators import (
    ScratchMLPClassifier,
    ScratchMLPRegressor,
    TorchMLPClassifier,
    TorchMLPRegressor,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:`batch_size`=:UserWarning"),
]


def small(Estimator=ScratchMLPClassifier, **params):
    defaults = {"hidden_layer_sizes": (12,), "max_iter": 25, "learning_rate_init": 0.05}
    return Estimator(**(defaults | params))


@parametrize_with_checks(
    [
        ScratchMLPClassifier(max_iter=60),
        TorchMLPClassifier(max_iter=15, learning_rate_init=0.02),
        small(solver="sgd", max_grad_norm=5.0),
        small(solver="lbfgs", hidden_layer_sizes=(), l2=1e-2, tol=1e-9, max_iter=500),
        small(solver="rmsprop", activation="tanh", learning_rate="adaptive"),
        small(solver="adamw", activation="logistic", label_smoothing=0.1),
        small(hidden_layer_sizes=(8, 8), activation="tanh", nesterovs_momentum=False),
        small(record="batch", l1=1e-4, verbose=True, n_iter_no_change=float("inf")),
        small(TorchMLPClassifier, solver="sgd", max_grad_norm=5.0, record="batch"),
        small(
            TorchMLPClassifier,
            solver="lbfgs",
            hidden_layer_sizes=(),
            l2=1e-2,
            tol=1e-9,
            max_iter=60,
        ),
        ScratchMLPRegressor(max_iter=60),
        TorchMLPRegressor(max_iter=25, learning_rate_init=0.02),
        small(ScratchMLPRegressor, loss="huber", activation="tanh", solver="adamw"),
        small(ScratchMLPRegressor, loss="quantile", quantiles=(0.2, 0.7), record="batch"),
        small(ScratchMLPRegressor, loss="gaussian", max_grad_norm=5.0),
        small(ScratchMLPRegressor, solver="lbfgs", hidden_layer_sizes=(), l2=1e-2, tol=1e-9),
        small(TorchMLPRegressor, loss="absolute_error", solver="sgd", max_iter=100),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
