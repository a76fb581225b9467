"""Plans, problems and comparisons that the tests of training and of its engine share."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from threadpoolctl import threadpool_limits

import sknn.backprop
from sknn.training import (
    History,
    NetworkSpec,
    Parameters,
    Plan,
    Problem,
    Rows,
    Streams,
    TrainState,
)

SIZES = (5, 7, 4, 3)
PLAN = Plan(
    NetworkSpec(SIZES),
    learning_rate_init=0.01,
    batch_size=10,
    max_iter=4,
    l2=0.0,
    n_iter_no_change=np.inf,
)


@pytest.fixture(scope="module")
def one_blas_thread() -> Iterator[None]:
    """Bits are promised for an equal number of BLAS threads, and one is fastest here."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def make_plan() -> Callable[..., Plan]:
    """Builds a plan of a small network; by default nothing regularises or stops."""

    def build(
        layer_sizes: Sequence[int] = SIZES, activation: str = "relu", **settings: Any
    ) -> Plan:
        return replace(PLAN, spec=NetworkSpec(tuple(layer_sizes), activation), **settings)

    return build


@pytest.fixture(scope="session")
def lbfgs_plan(make_plan) -> Callable[..., Plan]:
    """Builds a plan of L-BFGS: all rows in one batch."""

    def build(**changes: Any) -> Plan:
        defaults = {"solver": "lbfgs", "batch_size": 47, "max_iter": 200, "l2": 0.01}
        return make_plan(**defaults | changes)

    return build


@pytest.fixture(scope="session")
def torch_objective() -> Callable[[Problem, Plan, Parameters], float]:
    """Computes the objective of the first model by PyTorch, from the definition in the docs."""
    import torch

    activations = {
        "identity": lambda z: z,
        "logistic": torch.sigmoid,
        "relu": torch.relu,
        "tanh": torch.tanh,
    }

    def compute(problem: Problem, plan: Plan, parameters: Parameters) -> float:
        rows = problem.train
        A = torch.tensor(rows.X if isinstance(rows.X, np.ndarray) else rows.X.toarray())
        Ws = [torch.tensor(W[0]) for W in parameters.weights]
        for i, (W, b) in enumerate(zip(Ws, parameters.biases, strict=True)):
            A = A @ W + torch.tensor(b[0, 0])
            if i < len(Ws) - 1:
                A = activations[plan.spec.activation](A)
        each = torch.nn.functional.cross_entropy(
            A, torch.tensor(rows.y), reduction="none", label_smoothing=plan.label_smoothing
        )
        weights = torch.ones(len(rows)) if rows.weights is None else torch.tensor(rows.weights)
        return float((weights * each).mean() + sum(0.5 * plan.l2 * (W**2).sum() for W in Ws))

    return compute


@pytest.fixture(scope="session")
def make_problem() -> Callable[..., Problem]:
    """Builds three overlapping clouds of points, in which there is something to learn."""

    def build(
        n_rows: int = 47,
        n_features: int = 5,
        n_classes: int = 3,
        *,
        weighted: bool = False,
        n_valid: int = 0,
        is_sparse: bool = False,
        dtype: Any = np.float64,
        seed: int = 0,
    ) -> Problem:
        rng = np.random.default_rng(seed)
        centers = rng.normal(size=(n_classes, n_features))

        def rows(n: int) -> Rows:
            labels = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=n)])[:n]
            X = (centers[labels] + rng.normal(size=(n, n_features))).astype(dtype)
            if is_sparse:
                X = sparse.csr_array(np.where(rng.random(X.shape) < 0.6, 0, X).astype(dtype))
            weights = None
            if weighted:
                weights = rng.uniform(0.1, 3.0, n)
                weights = (weights / weights.mean()).astype(dtype)
            return Rows(X, labels.astype(np.intp), weights)

        train = rows(n_rows)
        return Problem(train, rows(n_valid) if n_valid else None)

    return build


@pytest.fixture(scope="session")
def random_parameters() -> Callable[..., Parameters]:
    """Parameters of K models from a standard normal distribution, times `scale`."""

    def draw(
        n_models: int,
        layer_sizes: Sequence[int],
        dtype: Any = np.float64,
        *,
        seed: int = 0,
        scale: float = 0.5,
    ) -> Parameters:
        parameters = Parameters.zeros(n_models, NetworkSpec(tuple(layer_sizes)).layout, dtype)
        rng = np.random.default_rng(seed)
        parameters.values[...] = scale * rng.standard_normal(parameters.values.shape)
        return parameters

    return draw


@pytest.fixture(scope="session")
def start() -> Callable[..., TrainState]:
    """A fresh state of the models with the given seeds."""

    def build(plans: Sequence[Plan], seeds: Sequence[int] | None = None) -> TrainState:
        seeds = range(len(plans)) if seeds is None else seeds
        return sknn.backprop.start(plans, [Streams([seed, 1, 2, 3]) for seed in seeds])

    return build


@pytest.fixture(scope="session")
def fit(start) -> Callable[..., TrainState]:
    """Trains fresh models with the given seeds."""

    def run(
        problem: Problem,
        plans: Plan | Sequence[Plan],
        seeds: Sequence[int] | None = None,
        on_epoch: Any = None,
    ) -> TrainState:
        plans = [plans] if isinstance(plans, Plan) else plans
        return sknn.backprop.train(problem, plans, start(plans, seeds), on_epoch)

    return run


@pytest.fixture(scope="session")
def assert_same_history() -> Callable[[History, History], None]:
    """Asserts that two histories are equal in every bit apart from the times."""

    def compare(one: History, other: History) -> None:
        for column in one.epochs:
            if column != "seconds":
                assert_array_equal(one[column], other[column], err_msg=column)
        assert len(one["seconds"]) == len(other["seconds"])
        for column, values in one.batches.items():
            assert list(values) == list(other.batches[column]), column
            for epoch, left in values.items():
                right = other.batches[column][epoch]
                assert_array_equal(left, right, err_msg=f"batches of {epoch}: {column}")

    return compare


@pytest.fixture(scope="session")
def assert_same_state(assert_same_history) -> Callable[[TrainState, TrainState], None]:
    """Asserts that two states are equal in every bit apart from the times."""

    def compare(one: TrainState, other: TrainState) -> None:
        assert one.parameters.values.dtype == other.parameters.values.dtype
        assert_array_equal(one.parameters.values, other.parameters.values, err_msg="parameters")
        assert_array_equal(one.buffers.values, other.buffers.values, err_msg="buffers")
        assert one.slots.keys() == other.slots.keys()
        for name, slot in one.slots.items():
            assert slot.dtype == one.parameters.values.dtype
            assert_array_equal(slot, other.slots[name], err_msg=name)
        assert (one.best is None) == (other.best is None)
        if one.best is not None:
            assert_array_equal(one.best, other.best, err_msg="best")
            assert_array_equal(one.best_buffers, other.best_buffers, err_msg="best buffers")
        assert (one.gradient_sums is None) == (other.gradient_sums is None)
        if one.gradient_sums is not None:
            assert one.gradient_sums.dtype == other.gradient_sums.dtype
            assert_array_equal(one.gradient_sums, other.gradient_sums, err_msg="gradient sums")
        assert_array_equal(one.n_updates, other.n_updates)
        assert_array_equal(one.rows_seen, other.rows_seen)
        assert one.stopping == other.stopping
        assert one.outcomes == other.outcomes
        for left, right in zip(one.streams, other.streams, strict=True):
            assert left.order.bit_generator.state == right.order.bit_generator.state
            assert left.dropout.bit_generator.state == right.dropout.bit_generator.state
        for left, right in zip(one.histories, other.histories, strict=True):
            assert_same_history(left, right)

    return compare
