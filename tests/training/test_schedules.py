"""Schedules against PyTorch's and scikit-learn's."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPClassifier
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

from sknn.training import constant, cosine, invscaling, onecycle


def torch_rates(make_scheduler, n_steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make_scheduler(optimizer)
    rates = []
    for _ in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_constant():
    assert_array_equal(constant(np.arange(3, 8)), np.ones(5))


@pytest.mark.parametrize("n_steps", [1, 2, 7, 100])
def test_cosine(n_steps):
    rates = torch_rates(lambda o: CosineAnnealingLR(o, T_max=n_steps), n_steps)
    # PyTorch multiplies from step to step, and so rounds more.
    assert_allclose(cosine(np.arange(n_steps), n_steps), rates, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("n_steps", [1, 2, 3, 4, 5, 10, 101, 1000])
def test_onecycle(n_steps):
    rates = torch_rates(
        lambda o: OneCycleLR(o, max_lr=1.0, total_steps=n_steps, cycle_momentum=False), n_steps
    )
    assert_allclose(onecycle(np.arange(n_steps), n_steps), rates, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("power_t", [0.5, 0.9, 0.0])
def test_invscaling(power_t):
    """scikit-learn keeps the rate of the epoch that would come next."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(35, 2)), np.arange(35) % 2
    peer = MLPClassifier(
        (2,),
        solver="sgd",
        learning_rate="invscaling",
        power_t=power_t,
        learning_rate_init=1.0,
        batch_size=10,
        random_state=0,
    )
    rates = [1.0]
    for _ in range(5):
        peer.partial_fit(X, y, classes=[0, 1])
        rates.append(peer._optimizer.learning_rate)
    assert_allclose(invscaling(35 * np.arange(6), power_t), rates, rtol=1e-14)


@pytest.mark.parametrize(
    "schedule",
    [
        constant,
        lambda t: invscaling(t, 0.5),
        lambda t: cosine(t, 20),
        lambda t: onecycle(t, 20),
    ],
)
def test_an_epochs_rates_are_those_of_its_steps_one_by_one(schedule):
    together = schedule(np.arange(5, 15))
    assert together.dtype == np.float64
    assert_array_equal(together, [schedule(np.array([step]))[0] for step in range(5, 15)])
