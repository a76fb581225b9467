"""Trajectories of every optimizer against torch.optim, number by number."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sknn.backprop import OPTIMIZERS
from sknn.backprop._optimizer_base import PIECE
from sknn.training import NetworkSpec, Parameters

N_EPOCHS, N_STEPS, N_MODELS = 5, 20, 3
LARGE, SMALL = (150, 150, 5), (4, 3, 2)

# Settings of the plan, model by model.
MOMENTA = [{"momentum": 0.9}, {"momentum": 0.5}, {"momentum": 0.99}]
BETAS = [
    {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "l2": 0.1},
    {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "l2": 0.0},
    {"beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-10, "l2": 1.0},
]
CASES = {
    "sgd": ("sgd", [{"momentum": 0.0}] * 3, {}),
    "sgd-plain-nesterov": ("sgd", [{"momentum": 0.0}] * 3, {"nesterovs_momentum": True}),
    "momentum": ("sgd", MOMENTA, {"nesterovs_momentum": False}),
    "nesterov": ("sgd", MOMENTA, {"nesterovs_momentum": True}),
    "momentum-some": (
        "sgd",
        [{"momentum": 0.0}, {"momentum": 0.9}, {"momentum": 0.0}],
        {"nesterovs_momentum": False},
    ),
    "nesterov-some": (
        "sgd",
        [{"momentum": 0.0}, {"momentum": 0.9}, {"momentum": 0.5}],
        {"nesterovs_momentum": True},
    ),
    "adam": ("adam", BETAS, {}),
    "adamw": ("adamw", BETAS, {}),
    "rmsprop": ("rmsprop", BETAS, {}),
}


def torch_optimizer(plan, weights, biases):
    if plan.solver == "sgd":
        nesterov = plan.nesterovs_momentum and plan.momentum > 0
        return torch.optim.SGD([weights, biases], lr=1.0, momentum=plan.momentum, nesterov=nesterov)
    if plan.solver == "rmsprop":
        return torch.optim.RMSprop([weights, biases], lr=1.0, alpha=0.99, eps=plan.epsilon)
    settings = {"lr": 1.0, "betas": (plan.beta_1, plan.beta_2), "eps": plan.epsilon}
    if plan.solver == "adam":
        return torch.optim.Adam([weights, biases], **settings)
    groups = [{"params": weights, "weight_decay": plan.l2}, {"params": biases, "weight_decay": 0}]
    return torch.optim.AdamW(groups, **settings)


class Peers:
    """One torch optimizer per model, on its weights and its biases."""

    def __init__(self, plans, parameters):
        n = parameters.n_weights
        self.parts, self.optimizers = [], []
        for plan, row in zip(plans, parameters.values, strict=True):
            parts = [torch.tensor(part.copy(), requires_grad=True) for part in (row[:n], row[n:])]
            self.parts.append(parts)
            self.optimizers.append(torch_optimizer(plan, *parts))

    def step(self, gradients, rates):
        n = gradients.n_weights
        for model, (parts, optimizer) in enumerate(zip(self.parts, self.optimizers, strict=True)):
            for group in optimizer.param_groups:
                group["lr"] = float(rates[model])
            row = gradients.values[model]
            parts[0].grad, parts[1].grad = (torch.tensor(p.copy()) for p in (row[:n], row[n:]))
            optimizer.step()

    @property
    def values(self):
        return np.stack([np.concatenate([p.detach().numpy() for p in ps]) for ps in self.parts])


def rates_of_epoch(rng):
    """Rates that change from step to step and from model to model."""
    return rng.uniform(0.001, 0.02, (N_STEPS, N_MODELS))


def random_gradients(gradients, rng):
    """Numbers of very different sizes, a few of them 0."""
    values = rng.standard_normal(gradients.values.shape)
    values *= 10.0 ** np.linspace(-4, 1, values.shape[1])
    values[:, ::17] = 0
    gradients.values[...] = values


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("sizes", "piece"), [(LARGE, PIECE), (SMALL, PIECE), (SMALL, 7), (SMALL, 1)]
)
def test_trajectory(case, sizes, piece, make_plan, random_parameters, monkeypatch):
    """Over 100 steps in epochs; the optimizer is made anew midway, as when a model has left."""
    solver, settings, common = CASES[case]
    plans = [make_plan(solver=solver, layer_sizes=sizes, **s, **common) for s in settings]
    parameters = random_parameters(N_MODELS, sizes)
    gradients = Parameters.zeros(N_MODELS, NetworkSpec(sizes).layout, np.float64)
    monkeypatch.setattr("sknn.backprop._optimizer_base.PIECE", piece)
    assert (parameters.values.size > piece) == ((sizes, piece) != (SMALL, PIECE))
    slots = OPTIMIZERS[solver].zero_slots(parameters.values)
    peers = Peers(plans, parameters)
    start = parameters.values.copy()

    rng = np.random.default_rng(0)
    for epoch in range(N_EPOCHS):
        if epoch % 2 == 0:
            optimizer = OPTIMIZERS[solver](plans, parameters, gradients, slots)
        rates = rates_of_epoch(rng)
        optimizer.begin_epoch(rates, np.full(N_MODELS, epoch * N_STEPS))
        for step in range(N_STEPS):
            if step % 4 == 0 or sizes == SMALL:
                random_gradients(gradients, rng)
            optimizer.step(step)
            peers.step(gradients, rates[step])
        assert_allclose(parameters.values, peers.values, rtol=1e-10, atol=1e-10)
    assert (np.abs(parameters.values - start).max(axis=1) > 0.01).all()


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_is_left_alone(case, make_plan, random_parameters):
    solver, settings, common = CASES[case]
    plans = [make_plan(solver=solver, layer_sizes=SMALL, **s, **common) for s in settings]
    parameters = random_parameters(N_MODELS, SMALL)
    gradients = random_parameters(N_MODELS, SMALL, seed=1)
    before = gradients.values.copy()
    slots = OPTIMIZERS[solver].zero_slots(parameters.values)
    optimizer = OPTIMIZERS[solver](plans, parameters, gradients, slots)
    optimizer.begin_epoch(np.full((1, N_MODELS), 0.1), np.zeros(N_MODELS, int))
    optimizer.step(0)
    assert_array_equal(gradients.values, before)


@pytest.mark.parametrize("solver", ["adam", "adamw"])
def test_models_may_have_had_different_numbers_of_updates(solver, make_plan, random_parameters):
    """Bias corrections are a matter of each model's own count."""
    plans = [make_plan(solver=solver, layer_sizes=SMALL, **s) for s in BETAS[:2]]
    parameters = random_parameters(2, SMALL)
    gradients = random_parameters(2, SMALL, seed=1)
    peers = Peers(plans, parameters)
    slots = OPTIMIZERS[solver].zero_slots(parameters.values)
    # The second model alone, 3 steps ahead.
    ahead = Parameters(parameters.values[1:], NetworkSpec(SMALL).layout)
    gradient = Parameters(gradients.values[1:], NetworkSpec(SMALL).layout)
    views = {name: slot[1:] for name, slot in slots.items()}
    alone = OPTIMIZERS[solver](plans[1:], ahead, gradient, views)
    alone.begin_epoch(np.full((3, 1), 0.01), np.array([0]))
    for step in range(3):
        alone.step(step)
        peers.step(gradients, [0.0, 0.01])
    # PyTorch has counted the first model's steps of rate 0, too: it begins again.
    first = Peers(plans[:1], Parameters(parameters.values[:1], NetworkSpec(SMALL).layout))
    peers.parts[0], peers.optimizers[0] = first.parts[0], first.optimizers[0]

    optimizer = OPTIMIZERS[solver](plans, parameters, gradients, slots)
    optimizer.begin_epoch(np.full((5, 2), 0.01), np.array([0, 3]))
    for step in range(5):
        optimizer.step(step)
        peers.step(gradients, [0.01, 0.01])
    assert_allclose(parameters.values, peers.values, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_float32_stays_float32_and_close(solver, make_plan, random_parameters):
    """Against PyTorch in float64: rounding must not add up to more than rounding."""
    plan = make_plan(solver=solver, layer_sizes=SMALL, dtype=np.dtype(np.float32), l2=0.1)
    parameters = random_parameters(1, SMALL, np.float32)
    gradients = Parameters.zeros(1, NetworkSpec(SMALL).layout, np.float32)
    peers = Peers(
        [plan], Parameters(parameters.values.astype(np.float64), NetworkSpec(SMALL).layout)
    )
    slots = OPTIMIZERS[solver].zero_slots(parameters.values)
    assert all(slot.dtype == np.float32 for slot in slots.values())
    optimizer = OPTIMIZERS[solver]([plan], parameters, gradients, slots)
    rng = np.random.default_rng(0)
    optimizer.begin_epoch(np.full((100, 1), 0.01), np.array([0]))
    for step in range(100):
        random_gradients(gradients, rng)
        exact = Parameters(gradients.values.astype(np.float64), NetworkSpec(SMALL).layout)
        optimizer.step(step)
        peers.step(exact, [0.01])
    assert parameters.values.dtype == np.float32
    assert_allclose(parameters.values, peers.values, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_that_was_always_zero_moves_nothing(solver, dtype, make_plan, random_parameters):
    plan = make_plan(solver=solver, layer_sizes=SMALL, dtype=np.dtype(dtype), epsilon=1e-8)
    parameters = random_parameters(1, SMALL, dtype)
    before = parameters.values.copy()
    slots = OPTIMIZERS[solver].zero_slots(parameters.values)
    gradients = Parameters.zeros(1, NetworkSpec(SMALL).layout, dtype)
    optimizer = OPTIMIZERS[solver]([plan], parameters, gradients, slots)
    optimizer.begin_epoch(np.full((2, 1), 0.1), np.array([0]))
    optimizer.step(0)
    optimizer.step(1)
    assert_array_equal(parameters.values, before)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("piece", [PIECE, 7])
def test_parts_that_learn_at_a_tenth_of_the_rate(solver, piece, make_plan, monkeypatch):
    """The arrays of an embedding, in a parameter group of their own for `torch.optim`."""
    monkeypatch.setattr("sknn.backprop._optimizer_base.PIECE", piece)
    spec = NetworkSpec((2, 3, 2), normalization="layer", embedding="periodic", input_scale=True)
    plans = [replace(make_plan(solver=solver, l2=l2), spec=spec) for l2 in (0.3, 0.0)]
    rng = np.random.default_rng(0)
    parameters, gradients = (Parameters.zeros(2, spec.layout, float) for _ in range(2))
    parameters.values[...] = rng.normal(size=parameters.values.shape)
    first = parameters.values.copy()
    optimizer = OPTIMIZERS[solver](
        plans, parameters, gradients, OPTIMIZERS[solver].zero_slots(parameters.values)
    )
    n_weights, (_, (slow, _)) = parameters.n_weights, spec.layout.rates
    cuts = [slice(0, n_weights), slice(n_weights, slow.start), slow]
    peers = []
    for plan, row in zip(plans, first, strict=True):
        parts = [torch.tensor(row[cut], requires_grad=True) for cut in cuts]
        peer = torch_optimizer(plan, *parts[:2])
        peer.add_param_group({"params": parts[2], "weight_decay": 0.0})
        peers.append((parts, peer))
    rates = rng.uniform(0.001, 0.02, (30, 2))
    optimizer.begin_epoch(rates, np.zeros(2, int))
    for step in range(30):
        gradients.values[...] = rng.normal(size=gradients.values.shape)
        optimizer.step(step)
        for k, (parts, peer) in enumerate(peers):
            for group in peer.param_groups:
                group["lr"] = rates[step, k]
            peer.param_groups[-1]["lr"] *= 0.1
            for part, cut in zip(parts, cuts, strict=True):
                part.grad = torch.tensor(gradients.values[k, cut])
            peer.step()
    for k, (parts, _) in enumerate(peers):
        for part, cut in zip(parts, cuts, strict=True):
            found = parameters.values[k, cut]
            assert_allclose(found, part.detach().numpy(), rtol=1e-10, atol=1e-12)


def test_a_plain_step_of_the_embedding_is_a_tenth_as_long(make_plan):
    spec = NetworkSpec((2, 3, 2), embedding="periodic")
    plan = replace(make_plan(solver="sgd", momentum=0.0), spec=spec)
    parameters, gradients = (Parameters.zeros(1, spec.layout, float) for _ in range(2))
    gradients.values[...] = 1.0
    slots = OPTIMIZERS["sgd"].zero_slots(parameters.values)
    optimizer = OPTIMIZERS["sgd"]([plan], parameters, gradients, slots)
    optimizer.begin_epoch(np.array([[0.5]]), np.zeros(1, int))
    optimizer.step(0)
    slow = {"frequencies", "phases", "embedding_weights", "embedding_biases"}
    for name, array in parameters.arrays.items():
        assert_allclose(array, -0.05 if name in slow else -0.5, rtol=1e-15, err_msg=name)
