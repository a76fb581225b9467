"""scikit-learn's checks of estimators whose networks have normalization, residuals or embeddings.

That batch normalization contradicts the checks of weights is in `test_checks_by_configuration.py`.
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
DEEP = {
    "hidden_layer_sizes": (8, 8),
    "activation": ["mish", "gelu"],
    "normalization": "layer",
    "residual": True,
}
EMBEDDED = {"hidden_layer_sizes": (8,), "embedding": "periodic", "input_scale": True}


def estimators(*kinds):
    for kind in kinds:
        device = {"device": "cpu"} if "Torch" in kind.__name__ else {}
        common = {"max_iter": 25, "learning_rate_init": 0.05} | device
        yield kind(**DEEP, **common)
        yield kind(**EMBEDDED, **common)


@parametrize_with_checks(list(estimators(ScratchMLPClassifier, ScratchMLPRegressor)))
def test_checks_of_the_numpy_engine(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(list(estimators(TorchMLPClassifier, TorchMLPRegressor)))
def test_checks_of_the_pytorch_engine(estimator, check):
    check(estimator)
