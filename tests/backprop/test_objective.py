"""The objective of L-BFGS against finite differences and PyTorch."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import check_grad

from sknn.backprop import NetworkObjective

FACTORS = (
    (0.0, 0.2),
    (False, True),
    (False, True),
    ((5, 3), (5, 4, 3), (5, 6, 4, 3)),
    ("identity", "logistic", "relu", "tanh"),
)
# Half of all combinations, in which any four settings still meet.
CASES = [
    tuple(factor[i] for factor, i in zip(FACTORS, places, strict=True))
    for places in product(*(range(len(factor)) for factor in FACTORS))
    if sum(places) % 2 == 0
]


@pytest.mark.parametrize(("smoothing", "is_sparse", "weighted", "layer_sizes", "activation"), CASES)
def test_objective(
    smoothing, is_sparse, weighted, layer_sizes, activation, lbfgs_plan, make_problem,
    random_parameters, torch_objective,
):  # fmt: skip
    problem = make_problem(weighted=weighted, is_sparse=is_sparse)
    plan = lbfgs_plan(
        activation=activation, layer_sizes=layer_sizes, label_smoothing=smoothing, l2=0.1
    )
    objective = NetworkObjective(problem, plan)
    for seed in range(2):  # its buffers are used again
        parameters = random_parameters(1, layer_sizes, seed=seed)
        x = parameters.values[0]
        value, gradient = objective(x)
        assert_allclose(value, torch_objective(problem, plan, parameters), rtol=1e-13)
        error = check_grad(lambda x: objective(x)[0], lambda x, g=gradient: g, x)
        assert error < 1e-6 * max(1, np.linalg.norm(gradient))


def test_what_the_objective_returns_is_the_callers(lbfgs_plan, make_problem, random_parameters):
    """SciPy keeps gradients; a second call must not overwrite the first one's."""
    plan = lbfgs_plan()
    objective = NetworkObjective(make_problem(), plan)
    one, other = (random_parameters(1, plan.spec.layer_sizes, seed=k).values[0] for k in (0, 1))
    before = one.copy()
    _, gradient = objective(one)
    kept = gradient.copy()
    objective(other)
    assert_array_equal(gradient, kept)
    assert_array_equal(one, before)
