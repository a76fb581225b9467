"""Tables, estimators and comparisons that the tests of the classifiers share."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from threadpoolctl import threadpool_limits

from sknn.estimators import ScratchMLPClassifier, TorchMLPClassifier
from sknn.estimators._classifier import BaseMLPClassifier


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread():
    """Bits are promised for an equal number of BLAS threads, and one is fastest here."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="session")
def table() -> tuple[np.ndarray, np.ndarray]:
    """120 rows, 6 columns, 3 classes that no network of this size gets all right."""
    X, y = make_classification(
        120, 6, n_informative=4, n_redundant=0, n_classes=3, flip_y=0.1, random_state=0
    )
    X.flags.writeable = y.flags.writeable = False
    return X, y


@pytest.fixture(scope="session")
def held_out() -> tuple[np.ndarray, np.ndarray]:
    """60 more rows of the same make."""
    X, y = make_classification(
        180, 6, n_informative=4, n_redundant=0, n_classes=3, flip_y=0.1, random_state=0
    )
    return X[120:].copy(), y[120:].copy()


@pytest.fixture(
    scope="session",
    params=[ScratchMLPClassifier, TorchMLPClassifier],
    ids=["scratch", "torch"],
)
def Classifier(request: pytest.FixtureRequest) -> type[BaseMLPClassifier]:
    """Either class: what they promise is the same."""
    return request.param


def build(kind: type[BaseMLPClassifier], **params: Any) -> BaseMLPClassifier:
    """A small seeded estimator that trains for exactly `max_iter` epochs and warns of nothing."""
    defaults = {
        "hidden_layer_sizes": (8, 5),
        "batch_size": 20,
        "max_iter": 10,
        "learning_rate_init": 0.01,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    if kind is TorchMLPClassifier:
        defaults["device"] = "cpu"
    return kind(**(defaults | params))


@pytest.fixture(scope="session")
def make(Classifier: type[BaseMLPClassifier]) -> Callable[..., BaseMLPClassifier]:
    """Builds small seeded estimators of either class."""
    return partial(build, Classifier)


@pytest.fixture(scope="session")
def make_scratch() -> Callable[..., ScratchMLPClassifier]:
    """Builds them in NumPy."""
    return partial(build, ScratchMLPClassifier)


@pytest.fixture(scope="session")
def make_torch() -> Callable[..., TorchMLPClassifier]:
    """Builds them in PyTorch, on the CPU."""
    return partial(build, TorchMLPClassifier)


@pytest.fixture(scope="session")
def assert_same_fit() -> Callable[[Any, Any], None]:
    """Asserts that two fitted estimators agree in every bit of weights and of history."""

    def compare(one: BaseMLPClassifier, other: BaseMLPClassifier) -> None:
        assert one.n_iter_ == other.n_iter_
        for name in ("coefs_", "intercepts_"):
            for left, right in zip(getattr(one, name), getattr(other, name), strict=True):
                assert left.dtype == right.dtype
                assert_array_equal(left, right, err_msg=name)
        for column in one.history_.epochs:
            if column != "seconds":
                assert_array_equal(one.history_[column], other.history_[column], err_msg=column)

    return compare


@pytest.fixture(scope="session")
def start_from() -> Callable[..., BaseMLPClassifier]:
    """Fits an estimator from given weights: a warm start whose optimizer remembers nothing."""

    def fit(estimator, coefs, intercepts, X, y, **fit_params):
        params = estimator.get_params()
        first = {"warm_start": False, "max_iter": 1, "n_iter_no_change": np.inf}
        estimator.set_params(**first).fit(X, y)
        estimator._state, estimator.t_ = None, 0  # as in a file that holds the weights alone
        estimator.coefs_ = [np.array(coef) for coef in coefs]
        estimator.intercepts_ = [np.array(intercept) for intercept in intercepts]
        estimator.set_params(**params | {"warm_start": True})
        return estimator.fit(X, y, **fit_params)

    return fit


@pytest.fixture(scope="session")
def initial_weights() -> Callable[..., tuple[list[np.ndarray], list[np.ndarray]]]:
    """The weights that a fit starts from: those after updates too small to move them."""

    def find(estimator, X, y):
        still = {
            "learning_rate_init": 1e-40,
            "solver": "sgd",
            "max_iter": 1,
            "l1": 0.0,
            "group_l1": 0.0,
            "l2": 0.0,
            "dropout": 0.0,
            "input_dropout": 0.0,
            "early_stopping": False,
            "n_iter_no_change": np.inf,
        }
        fitted = type(estimator)(**(estimator.get_params() | still)).fit(X, y)
        return fitted.coefs_, fitted.intercepts_

    return find
