"""Tables, estimators and comparisons that the tests of files share."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import sknn.io
from sknn.estimators import ScratchMLPClassifier, TorchMLPClassifier
from sknn.estimators._classifier import BaseMLPClassifier
from sknn.training import History


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
    """90 rows, 5 columns, 3 classes that no network of this size gets all right."""
    X, y = make_classification(
        90, 5, n_informative=4, n_redundant=0, n_classes=3, flip_y=0.1, random_state=0
    )
    X.flags.writeable = y.flags.writeable = False
    return X, y


CLASSIFIERS = [ScratchMLPClassifier, TorchMLPClassifier]


@pytest.fixture(scope="session", params=CLASSIFIERS, ids=["scratch", "torch"])
def Classifier(request: pytest.FixtureRequest) -> type[BaseMLPClassifier]:
    """Either class: what they promise is the same."""
    return request.param


@pytest.fixture(scope="session")
def Other(Classifier: type[BaseMLPClassifier]) -> type[BaseMLPClassifier]:
    """The other one."""
    return CLASSIFIERS[1 - CLASSIFIERS.index(Classifier)]


def build(kind: type[BaseMLPClassifier], **params: Any) -> BaseMLPClassifier:
    """A small seeded estimator that trains for exactly `max_iter` epochs and warns of nothing."""
    defaults = {
        "hidden_layer_sizes": (6, 4),
        "batch_size": 20,
        "max_iter": 5,
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
def fitted(table) -> ScratchMLPClassifier:
    """A fitted classifier that can be gone on from; not to be changed."""
    return build(ScratchMLPClassifier, warm_start=True, early_stopping=True).fit(*table)


@pytest.fixture(scope="session")
def fitted_pipeline(table) -> Pipeline:
    """A fitted pipeline; not to be changed."""
    return make_pipeline(StandardScaler(), build(ScratchMLPClassifier)).fit(*table)


@pytest.fixture
def there_and_back(tmp_path) -> Callable[..., Any]:
    """Saves an estimator, and loads it."""

    def travel(estimator: Any, cls: Any = None, trusted: Any = ()) -> Any:
        path = tmp_path / "there.sknn"
        sknn.io.save(estimator, path, trusted=trusted)
        return sknn.io.load(path, cls, trusted=trusted)

    return travel


def same(one: Any, other: Any) -> bool:
    """Whether two values are of equal types all the way down, and equal; NaN equals NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        alike = (one.dtype, one.shape) == (other.dtype, other.shape)
        return alike and same(one.tolist(), other.tolist())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, np.random.RandomState):
        return same(one.get_state(legacy=False), other.get_state(legacy=False))
    if isinstance(one, History):
        return same(one.epochs, other.epochs) and same(one.batches, other.batches)
    return one == other or (one != one and other != other)


@pytest.fixture(scope="session")
def differences() -> Callable[[Any, Any], list[str]]:
    """Names the parameters and fitted attributes in which two classifiers differ."""

    def compare(one: BaseMLPClassifier, other: BaseMLPClassifier) -> list[str]:
        if type(one) is not type(other):
            return [f"{type(one)} and {type(other)}"]
        names = {*vars(one), *vars(other)}
        public = {name for name in names if not name.startswith("_")}
        return sorted(
            name
            for name in public | set(one.get_params())
            if not same(getattr(one, name, "none"), getattr(other, name, "none"))
        )

    return compare


@pytest.fixture(scope="session")
def assert_same_model(differences) -> Callable[..., None]:
    """Asserts that two classifiers agree in all that they show, and in every bit they predict."""

    def compare(one: BaseMLPClassifier, other: BaseMLPClassifier, X: Any) -> None:
        assert differences(one, other) == []
        assert str(one.get_metadata_routing()) == str(other.get_metadata_routing())
        for method in ("predict", "predict_proba", "predict_log_proba"):
            assert same(getattr(one, method)(X), getattr(other, method)(X)), method

    return compare


@pytest.fixture(scope="session")
def assert_same_weights() -> Callable[..., None]:
    """Asserts that two fits came to the same weights and, time aside, the same history."""

    def compare(one: BaseMLPClassifier, other: BaseMLPClassifier) -> None:
        for name in ("coefs_", "intercepts_", "loss_curve_", "validation_scores_"):
            assert same(getattr(one, name), getattr(other, name)), name
        assert same(one.history_.batches, other.history_.batches)

    return compare
