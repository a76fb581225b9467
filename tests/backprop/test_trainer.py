"""The training loop: against a loop in PyTorch, in stacks, interrupted and gone on with."""

import pickle
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from sknn.backprop import OPTIMIZERS, train
from sknn.training import History, Outcome, Streams

SOLVERS = list(OPTIMIZERS)
ACTIVATIONS = {
    "identity": lambda z: z,
    "logistic": torch.sigmoid,
    "relu": torch.relu,
    "tanh": torch.tanh,
}

# ---------------------------------------------------------------------------------------
# one model against a loop written with PyTorch alone


class TorchLoop:
    """A fit by PyTorch, from the initial weights and the random streams of the engine."""

    def __init__(self, problem, plan, parameters, streams):
        self.problem, self.plan, self.streams = problem, plan, streams
        self.Ws = [torch.tensor(W[0], requires_grad=True) for W in parameters.weights]
        self.bs = [torch.tensor(b[0, 0], requires_grad=True) for b in parameters.biases]
        self.train_rows = self.tensors(problem.train)
        self.columns = {name: [] for name in History().epochs if name != "seconds"}
        self.batches = {name: [] for name in History().batches}

    @staticmethod
    def tensors(rows):
        X = rows.X if isinstance(rows.X, np.ndarray) else rows.X.toarray()
        weights = np.ones(len(X)) if rows.weights is None else rows.weights
        return torch.tensor(X), torch.tensor(rows.y), torch.tensor(weights)

    def optimizer(self):
        plan, parts = self.plan, self.Ws + self.bs
        betas = {"betas": (plan.beta_1, plan.beta_2), "eps": plan.epsilon}
        return {
            "sgd": lambda: torch.optim.SGD(
                parts, momentum=plan.momentum, nesterov=plan.nesterovs_momentum
            ),
            "rmsprop": lambda: torch.optim.RMSprop(parts, alpha=0.99, eps=plan.epsilon),
            "adam": lambda: torch.optim.Adam(parts, **betas),
            "adamw": lambda: torch.optim.AdamW(
                [{"params": self.Ws, "weight_decay": plan.l2}, {"params": self.bs}],
                weight_decay=0,
                **betas,
            ),
        }[plan.solver]()

    def logits(self, X, masked):
        for i, (W, b) in enumerate(zip(self.Ws, self.bs, strict=True)):
            rate = self.plan.dropout_rates[i]
            if masked and rate:
                kept = self.streams.dropout.random(tuple(X.shape)) >= rate
                X = X * torch.tensor(kept) / (1 - rate)
            X = X @ W + b
            if i < len(self.Ws) - 1:
                X = ACTIVATIONS[self.plan.spec.activation](X)
        return X

    def losses_and_hits(self, logits, labels, weights):
        smoothing = self.plan.label_smoothing
        each = functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)
        return weights * each, weights * (logits.argmax(1) == labels)

    def penalty(self):
        l2 = 0 if self.plan.solver == "adamw" else self.plan.l2
        return sum(self.plan.l1 * W.abs().sum() + 0.5 * l2 * (W**2).sum() for W in self.Ws)

    def rate(self, step, n_steps, n_rows):
        init, total = self.plan.learning_rate_init, self.plan.max_iter * n_steps
        if self.plan.learning_rate == "cosine":
            return init * (1 + np.cos(np.pi * step / total)) / 2
        if self.plan.learning_rate == "invscaling":
            return init / (1 + (step // n_steps) * n_rows) ** self.plan.power_t
        return init

    def run(self):
        plan, (X, labels, weights) = self.plan, self.train_rows
        optimizer, step = self.optimizer(), 0
        n_rows, size = len(X), plan.batch_size
        for _ in range(plan.max_iter):
            order = np.arange(n_rows)
            if plan.shuffle and size < n_rows:
                order = self.streams.order.permutation(n_rows)
            losses, hits, seen = [], [], []
            for start in range(0, n_rows, size):
                rows = torch.tensor(order[start : start + size])
                rate = self.rate(step, -(-n_rows // size), n_rows)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                optimizer.zero_grad()
                logits = self.logits(X[rows], masked=True)
                loss, hit = self.losses_and_hits(logits, labels[rows], weights[rows])
                (loss.mean() + self.penalty()).backward()
                if np.isfinite(plan.max_grad_norm):
                    clip_grad_norm_(self.Ws + self.bs, plan.max_grad_norm)
                optimizer.step()
                step += 1
                losses.append(loss.detach())
                hits.append(hit)
                seen.append(weights[rows])
            self.note(losses, hits, seen, rate)
        return self

    @torch.no_grad()
    def note(self, losses, hits, seen, rate):
        row = {
            "train_loss": torch.cat(losses).mean(),
            "penalty": self.penalty(),
            "train_accuracy": torch.cat(hits).sum() / torch.cat(seen).sum(),
            "learning_rate": rate,
            "valid_loss": np.nan,
            "valid_accuracy": np.nan,
        }
        self.batches["train_loss"].append([loss.mean() for loss in losses])
        self.batches["train_accuracy"].append(
            [hit.sum() / weight.sum() for hit, weight in zip(hits, seen, strict=True)]
        )
        if self.problem.valid is not None:
            X, labels, weights = self.tensors(self.problem.valid)
            loss, hit = self.losses_and_hits(self.logits(X, masked=False), labels, weights)
            row["valid_loss"] = loss.sum() / weights.sum()
            row["valid_accuracy"] = hit.sum() / weights.sum()
            cuts = list(range(self.plan.batch_size, len(X), self.plan.batch_size))
            parts = [torch.tensor_split(values, cuts) for values in (loss, hit, weights)]
            self.batches["valid_loss"].append([part.mean() for part in parts[0]])
            self.batches["valid_accuracy"].append(
                [hit.sum() / weight.sum() for _, hit, weight in zip(*parts, strict=True)]
            )
        for name, column in self.columns.items():
            column.append(float(row[name]))

    @property
    def values(self):
        return np.concatenate([p.detach().numpy().ravel() for p in self.Ws + self.bs])


EVERYTHING = {
    "l1": 0.001,
    "l1_method": "subgradient",
    "l2": 0.01,
    "dropout": (0.3, 0.2),
    "input_dropout": 0.1,
    "label_smoothing": 0.1,
    "max_grad_norm": 0.5,
    "learning_rate": "invscaling",
    "power_t": 0.2,
}
FITS = {
    "plain": {},
    "sgd": {"solver": "sgd"},
    "sgd-without-nesterov": {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.8},
    "rmsprop": {"solver": "rmsprop"},
    "adamw": {"solver": "adamw", "l2": 0.5},
    "penalties": {"l1": 0.001, "l2": 0.01, "l1_method": "subgradient"},
    "clipping": {"solver": "sgd", "max_grad_norm": 0.3},
    "clipping-seldom": {"solver": "sgd", "max_grad_norm": 1.0},
    "dropout": {"dropout": (0.5, 0.2), "input_dropout": 0.2},
    "dropout-in-one-layer": {"dropout": (0.0, 0.4)},
    "smoothing": {"label_smoothing": 0.2},
    "cosine": {"learning_rate": "cosine"},
    "unshuffled": {"shuffle": False},
    "full-batch": {"batch_size": 47, "dropout": (0.1, 0.1)},
    "per-sample": {"batch_size": 1, "max_iter": 2},
    "no-hidden-layer": {"layer_sizes": (5, 3)},
    "everything": EVERYTHING,
    "everything-sgd": EVERYTHING | {"solver": "sgd"},
    "everything-adamw": EVERYTHING | {"solver": "adamw"},
}


# Every case with and without weights, each time with the next activation.
@pytest.mark.parametrize(
    ("case", "weighted", "activation"),
    [
        (case, weighted, list(ACTIVATIONS)[(i + weighted) % len(ACTIVATIONS)])
        for i, case in enumerate(FITS)
        for weighted in (False, True)
    ],
)
def test_a_fit_equals_pytorchs(case, weighted, activation, make_plan, make_problem, start):
    """Weights, and every column of the history, over 20 to 100 updates."""
    plan = make_plan(activation=activation, record="batch", **FITS[case])
    problem = make_problem(weighted=weighted, n_valid=13)
    state = start([plan])
    peer = TorchLoop(problem, plan, deepcopy(state.parameters), Streams([0, 1, 2, 3])).run()
    state = train(problem, [plan], state)
    assert_allclose(state.parameters.values[0], peer.values, rtol=1e-9, atol=1e-10)
    history = state.histories[0]
    for name, column in peer.columns.items():
        assert_allclose(history[name], column, rtol=1e-10, err_msg=name)
    for name, epochs in peer.batches.items():
        assert list(history.batches[name]) == list(range(1, len(epochs) + 1))
        for found, expected in zip(history.batches[name].values(), epochs, strict=True):
            assert_allclose(found, np.array(expected), rtol=1e-10, err_msg=name)
    assert state.n_updates[0] == plan.max_iter * -(-47 // plan.batch_size)
    assert (history["seconds"] > 0).all()


@pytest.mark.parametrize("solver", SOLVERS)
def test_sparse_and_dense_rows_make_the_same_fit(solver, make_plan, make_problem, fit):
    dense, rows = make_problem(n_valid=9), make_problem(n_valid=9, is_sparse=True)
    problem = replace(
        dense,
        train=replace(rows.train, X=rows.train.X.toarray()),
        valid=replace(rows.valid, X=rows.valid.X.toarray()),
    )
    plan = make_plan(solver=solver, l2=0.01, dropout=(0.2, 0.2))
    one, other = fit(rows, plan), fit(problem, plan)
    assert_allclose(one.parameters.values, other.parameters.values, rtol=1e-9, atol=1e-10)
    for column in ("train_loss", "valid_loss", "valid_accuracy"):
        assert_allclose(one.histories[0][column], other.histories[0][column], rtol=1e-9)


def test_a_fit_in_float32_stays_in_float32_and_near(make_plan, make_problem, fit):
    problem = make_problem(dtype=np.float32, weighted=True, n_valid=9)
    plan = make_plan(**EVERYTHING | {"dropout": (), "input_dropout": 0.0})
    rounded = fit(problem, replace(plan, dtype=np.dtype(np.float32)))
    exact = fit(make_problem(weighted=True, n_valid=9), plan)
    assert rounded.parameters.values.dtype == np.float32
    assert {slot.dtype for slot in rounded.slots.values()} == {np.dtype(np.float32)}
    assert_allclose(rounded.parameters.values, exact.parameters.values, rtol=1e-3, atol=1e-3)


# ---------------------------------------------------------------------------------------
# stacks

# One list of per-model settings per case; a stack of them against each of them alone.
STACKS = {
    "equal": [{}, {}, {}],
    "learning-rates": [{"learning_rate_init": rate} for rate in (0.3, 0.01, 1e-5)],
    "schedules": [
        {"learning_rate": "constant"},
        {"learning_rate": "invscaling", "power_t": 0.3},
        {"learning_rate": "invscaling", "power_t": 0.5},
        {"learning_rate": "cosine"},
        {"learning_rate": "onecycle"},
        {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.05},
    ],
    "l1": [{"l1": 0.01}, {}, {"l1": 0.001}],
    "l2": [{}, {"l2": 0.1}, {"l2": 0.001}],
    "both": [{"l1": 0.01}, {"l2": 0.01}, {}, {"l1": 0.001, "l2": 0.1}],
    "l1-subgradient": [{"l1": l1, "l1_method": "subgradient"} for l1 in (0.0, 0.01, 0.1)],
    "group-l1": [{"group_l1": 0.03}, {}, {"group_l1": 1e-5}, {"group_l1": 10.0}],
    "group-l1-and-l1": [
        {"group_l1": 0.02, "l1": 0.001},
        {"l1": 0.01},
        {"group_l1": 0.02, "l2": 0.1},
        {},
        {"momentum": 0.0, "group_l1": 0.01, "l1": 0.01},
    ],
    "dropout": [{"dropout": (0.5, 0.0)}, {}, {"dropout": (0.0, 0.3)}, {"dropout": (0.1, 0.1)}],
    "input-dropout": [{"input_dropout": 0.3}, {}, {"input_dropout": 0.1, "dropout": (0.2, 0.0)}],
    "smoothing": [{"label_smoothing": 0.1}, {}, {"label_smoothing": 0.5}],
    "clipping": [{"max_grad_norm": 0.1}, {}, {"max_grad_norm": 1.0}],
    "early-leavers": [
        {"n_iter_no_change": 1, "tol": 10.0},
        {},
        {"n_iter_no_change": 3, "tol": 10.0, "dropout": (0.2, 0.2)},
        {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 10.0},
    ],
    "diverging": [{}, {"learning_rate_init": 1e30, "l2": 0.1}, {"dropout": (0.2, 0.2)}],
    "optimizers": [
        {"momentum": 0.9, "beta_1": 0.9, "epsilon": 1e-8},
        {"momentum": 0.5, "beta_1": 0.5, "epsilon": 1e-4},
        {"momentum": 0.8, "beta_2": 0.9, "epsilon": 1e-6},
    ],
}


def assert_stack_equals_its_models(fit, assert_same_state, problem, plans):
    seeds = [10 + k for k in range(len(plans))]
    stack = fit(problem, plans, seeds)
    for k, (plan, seed) in enumerate(zip(plans, seeds, strict=True)):
        alone = fit(problem, plan, [seed])
        if alone.outcomes == [Outcome.DIVERGED]:
            # Infinity times a neighbour's penalty is NaN: the wreck may look different.
            assert stack.outcomes[k] is Outcome.DIVERGED
            assert len(stack.histories[k]) == len(alone.histories[0])
        else:
            assert_same_state(stack.take([k]), alone)
    return stack


# Every case with every solver; the precision alternates over both.
@pytest.mark.parametrize(
    ("solver", "dtype", "case"),
    [
        (solver, (np.float32, np.float64)[(i + j) % 2], case)
        for i, solver in enumerate(SOLVERS)
        for j, case in enumerate(STACKS)
    ],
)
def test_a_stack_equals_its_models(
    solver, dtype, case, make_plan, make_problem, fit, assert_same_state
):
    problem = make_problem(dtype=dtype, weighted=True, n_valid=60)
    common = {"solver": solver, "dtype": np.dtype(dtype), "record": "batch", "max_iter": 6}
    plans = [make_plan(restore_best=True, monitor="valid_loss", **common | s) for s in STACKS[case]]
    stack = assert_stack_equals_its_models(fit, assert_same_state, problem, plans)
    outcomes = {
        "early-leavers": [
            Outcome.CONVERGED,
            Outcome.REACHED_MAX_ITER,
            Outcome.CONVERGED,
            Outcome.REACHED_MAX_ITER,
        ]
    }
    if case in outcomes:
        assert stack.outcomes == outcomes[case]
        assert [len(history) for history in stack.histories] == [3, 6, 5, 6]
    if case == "diverging" and solver == "sgd":
        assert stack.outcomes[1] is Outcome.DIVERGED
        assert stack.outcomes[::2] == [Outcome.REACHED_MAX_ITER] * 2
        assert np.isfinite(stack.parameters.values[::2]).all()


SHAPES = [
    {},
    {"batch_size": 47},
    {"batch_size": 1},
    {"shuffle": False},
    {"layer_sizes": (5, 3)},
    {"layer_sizes": (5, 1, 3)},
    {"layer_sizes": (5, 130, 90, 3)},
    {"layer_sizes": (5, 130, 90, 3), "batch_size": 47},
]


# Every shape with every activation; dense and sparse rows alternate over both.
@pytest.mark.parametrize(
    ("activation", "shape", "is_sparse"),
    [
        pytest.param(activation, shape, is_sparse, id=f"{activation}-{shape}-{is_sparse}")
        for i, activation in enumerate(ACTIVATIONS)
        for j, shape in enumerate(SHAPES)
        for is_sparse in [(i + j) % 2 == 1]
    ],
)
def test_a_stack_of_any_shape_equals_its_models(
    activation, shape, is_sparse, make_plan, make_problem, fit, assert_same_state
):
    problem = make_problem(dtype=np.float32, weighted=True, is_sparse=is_sparse, n_valid=60)
    common = {"activation": activation, "dtype": np.dtype(np.float32), "max_iter": 3} | shape
    dropout = (0.3,) * (len(shape.get("layer_sizes", (0, 0, 0, 0))) - 2)
    plans = [
        make_plan(**common, input_dropout=0.2, l2=0.01),
        make_plan(**common, dropout=dropout, label_smoothing=0.1),
        make_plan(**common, learning_rate_init=0.1, max_grad_norm=1.0),
    ]
    assert_stack_equals_its_models(fit, assert_same_state, problem, plans)


def test_many_rows_and_classes(make_plan, make_problem, fit, assert_same_state):
    """Several blocks an epoch, more classes than a register holds, the last block ragged."""
    problem = make_problem(4003, 9, 12, n_valid=1100, weighted=True, dtype=np.float32)
    common = {
        "layer_sizes": (9, 17, 12),
        "batch_size": 50,
        "dtype": np.dtype(np.float32),
        "max_iter": 2,
        "record": "batch",
    }
    plans = [make_plan(**common, l1=l1, learning_rate_init=0.01 + l1) for l1 in (0.0, 0.001, 0.01)]
    assert_stack_equals_its_models(fit, assert_same_state, problem, plans)


PER_MODEL = st.fixed_dictionaries(
    {},
    optional={
        "learning_rate_init": st.sampled_from([1e-4, 0.01, 0.3, 1e30]),
        "learning_rate": st.sampled_from(
            ["constant", "invscaling", "adaptive", "cosine", "onecycle"]
        ),
        "l1": st.sampled_from([0.0, 0.001, 0.1]),
        "l2": st.sampled_from([0.0, 0.001, 0.1]),
        "group_l1": st.sampled_from([0.0, 0.003, 0.1]),
        "input_dropout": st.sampled_from([0.0, 0.3]),
        "label_smoothing": st.sampled_from([0.0, 0.2]),
        "max_grad_norm": st.sampled_from([np.inf, 0.1, 1.0]),
        "momentum": st.sampled_from([0.5, 0.9]),
        "beta_1": st.sampled_from([0.0, 0.9]),
        "beta_2": st.sampled_from([0.9, 0.999]),
        "n_iter_no_change": st.sampled_from([1, 2, np.inf]),
        "tol": st.sampled_from([0.0, 0.1, 10.0]),
        "rate": st.sampled_from([0.0, 0.4]),
    },
)
SHARED = st.fixed_dictionaries(
    {
        "solver": st.sampled_from(SOLVERS),
        "activation": st.sampled_from(list(ACTIVATIONS)),
        "batch_size": st.integers(1, 23),
        "dtype": st.sampled_from([np.dtype(np.float32), np.dtype(np.float64)]),
        "shuffle": st.booleans(),
        "hidden": st.lists(st.sampled_from([1, 2, 5, 17]), max_size=2),
        "restore_best": st.booleans(),
    }
)


@given(
    SHARED,
    st.lists(PER_MODEL, min_size=2, max_size=4),
    st.integers(2, 11),
    st.integers(1, 6),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=40)
def test_any_stack_equals_its_models(
    make_plan,
    make_problem,
    fit,
    assert_same_state,
    shared,
    models,
    n_classes,
    n_features,
    weighted,
    is_sparse,
):
    shared = dict(shared)
    hidden = shared.pop("hidden")
    problem = make_problem(
        23,
        n_features,
        n_classes,
        weighted=weighted,
        is_sparse=is_sparse,
        dtype=shared["dtype"],
        n_valid=30,
    )
    plans = []
    for model in models:
        model = dict(model)
        dropout = (model.pop("rate", 0.0),) * len(hidden)
        plans.append(
            make_plan(
                layer_sizes=(n_features, *hidden, n_classes), dropout=dropout, **shared, **model
            )
        )
    assert_stack_equals_its_models(fit, assert_same_state, problem, plans)


def test_place_in_the_stack_does_not_matter(make_plan, make_problem, fit, assert_same_state):
    problem = make_problem(n_valid=9)
    plans = [make_plan(**s, max_iter=6) for s in STACKS["early-leavers"]]
    one = fit(problem, plans, [0, 1, 2, 3])
    order = [2, 0, 3, 1]
    other = fit(problem, [plans[k] for k in order], order)
    assert_same_state(other, one.take(order))


def test_momentum_of_some_models_only(make_plan, make_problem, fit):
    problem = make_problem()
    plans = [make_plan(solver="sgd", momentum=momentum) for momentum in (0.0, 0.9)]
    stack = fit(problem, plans, [0, 1])
    for k in (0, 1):
        alone = fit(problem, plans[k], [k])
        assert_array_equal(stack.parameters.values[k], alone.parameters.values[0])


def test_slots_of_a_model_without_momentum(make_plan, make_problem, fit, assert_same_state):
    problem = make_problem()
    plans = [make_plan(solver="sgd", momentum=momentum) for momentum in (0.0, 0.9)]
    assert_stack_equals_its_models(fit, assert_same_state, problem, plans)


def test_momentum_that_is_taken_away(make_plan, make_problem, fit, assert_same_state):
    """From 0.9 to 0: what was remembered is forgotten, by itself and in a stack."""
    problem = make_problem()
    before = make_plan(solver="sgd", momentum=0.9)
    after = [replace(before, momentum=0.0), before]
    stack = train(problem, after, fit(problem, [before] * 2))
    alone = train(problem, after[:1], fit(problem, before))
    assert_same_state(stack.take([0]), alone)


def test_a_neighbours_penalty_ends_no_training(make_plan, make_problem, start):
    """Weights of columns that are all 0 may be as large as they like."""
    problem = make_problem(dtype=np.float32)
    problem.train.X[...] = 0
    plans = [make_plan(l1=l1, dtype=np.dtype(np.float32)) for l1 in (0.0, 0.1)]
    state = start(plans)
    state.parameters.weights[0][0] = 3e38  # of the model without the penalty
    alone, stack = (train(problem, plans[:n], deepcopy(state).take(range(n))) for n in (1, 2))
    assert alone.outcomes == [Outcome.REACHED_MAX_ITER]
    assert stack.outcomes == [Outcome.REACHED_MAX_ITER] * 2
    assert_array_equal(stack.parameters.values[0], alone.parameters.values[0])


def test_a_neighbours_clipping_touches_nothing(make_plan, make_problem, fit, assert_same_state):
    """Gradients whose squares overflow: a norm of infinity is only there where it is asked for."""
    problem = make_problem(dtype=np.float32)
    problem.train.X[...] *= np.float32(1e22)
    common = {"solver": "sgd", "learning_rate_init": 1e-30, "dtype": np.dtype(np.float32)}
    plans = [make_plan((5, 3), max_grad_norm=norm, **common) for norm in (np.inf, 1.0)]
    stack = assert_stack_equals_its_models(fit, assert_same_state, problem, plans)
    assert stack.outcomes[0] is Outcome.REACHED_MAX_ITER


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_repeated_fits_are_equal(solver, dtype, make_plan, make_problem, fit, assert_same_state):
    problem = make_problem(dtype=dtype)
    plan = make_plan(solver=solver, dtype=np.dtype(dtype), dropout=(0.2, 0.2), l2=0.01)
    assert_same_state(fit(problem, plan), fit(problem, plan))
    different = fit(problem, plan, [1])
    assert (different.parameters.values != fit(problem, plan).parameters.values).any()


def test_the_data_are_left_alone(make_plan, make_problem, fit):
    for shuffle in (True, False):
        problem = make_problem(weighted=True, n_valid=9)
        before = deepcopy(problem)
        fit(problem, make_plan(input_dropout=0.2, shuffle=shuffle, label_smoothing=0.1))
        for rows, expected in ((problem.train, before.train), (problem.valid, before.valid)):
            assert_array_equal(rows.X, expected.X)
            assert_array_equal(rows.y, expected.y)
            assert_array_equal(rows.weights, expected.weights)


# ---------------------------------------------------------------------------------------
# what may stand in one stack


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layer_sizes", (5, 7, 5, 3)),
        ("activation", "tanh"),
        ("solver", "sgd"),
        ("nesterovs_momentum", False),
        ("batch_size", 11),
        ("max_iter", 5),
        ("max_fun", 1),
        ("monitor", "valid_loss"),
        ("restore_best", True),
        ("shuffle", False),
        ("record", "batch"),
        ("dtype", np.dtype(np.float32)),
    ],
)
def test_what_must_be_equal_in_a_stack(name, value, make_plan, make_problem, start):
    named = "spec" if name in ("layer_sizes", "activation") else name
    plans = [make_plan(), make_plan(), make_plan(**{name: value})]
    state = start([make_plan()] * 3)
    before = state.parameters.values.copy()
    with pytest.raises(ValueError, match=f"`{named}` must be equal for all models of a stack"):
        train(make_problem(), plans, state)
    assert_array_equal(state.parameters.values, before)


@pytest.mark.parametrize(("n_plans", "n_models"), [(2, 3), (3, 2), (1, 2)])
def test_as_many_plans_as_models(n_plans, n_models, make_plan, make_problem, start):
    with pytest.raises(ValueError, match="plan"):
        train(make_problem(), [make_plan()] * n_plans, start([make_plan()] * n_models))


# ---------------------------------------------------------------------------------------
# outcomes and hooks


class Recorder:
    """Counts what it is told, and stops the training where it is asked to."""

    def __init__(self, stop_at=None):
        self.stop_at, self.begun, self.ended = stop_at, [], []

    def begin(self, state):
        assert len(self.begun) == len(self.ended)
        self.begun.append(state.n_models)

    def end(self, state):
        self.ended.append(([len(h) for h in state.histories], list(state.outcomes)))
        assert len(self.begun) == len(self.ended)
        return len(self.ended) == self.stop_at


def test_hooks_are_told_of_every_epoch(make_plan, make_problem, fit):
    hook = Recorder()
    plans = [make_plan(max_iter=6), make_plan(max_iter=6, n_iter_no_change=1, tol=10.0)]
    state = fit(make_problem(), plans, on_epoch=hook)
    assert hook.begun == [2, 2, 2, 1, 1, 1], "only models that are still training"
    assert [lengths for lengths, _ in hook.ended] == [[1, 1], [2, 2], [3, 3], [4], [5], [6]]
    assert hook.ended[2][1] == [Outcome.RUNNING, Outcome.CONVERGED]
    assert state.outcomes == [Outcome.REACHED_MAX_ITER, Outcome.CONVERGED]


def test_a_hook_stops_all_models_that_are_running(make_plan, make_problem, fit, assert_same_state):
    hook = Recorder(stop_at=3)
    plans = [make_plan(max_iter=6), make_plan(max_iter=6, n_iter_no_change=1, tol=10.0)]
    state = fit(make_problem(), plans, on_epoch=hook)
    # The second converges in the very epoch at which the hook stops the first.
    assert state.outcomes == [Outcome.STOPPED_BY_CALLBACK, Outcome.CONVERGED]
    assert (len(hook.begun), len(hook.ended)) == (3, 3)
    expected = fit(make_problem(), [replace(plan, max_iter=3) for plan in plans])
    assert_array_equal(state.parameters.values, expected.parameters.values)


@pytest.mark.parametrize(
    ("changes", "outcome", "n_epochs"),
    [
        ({}, Outcome.REACHED_MAX_ITER, 4),
        ({"n_iter_no_change": 1, "tol": 10.0}, Outcome.CONVERGED, 3),
        ({"n_iter_no_change": 2, "tol": 10.0}, Outcome.CONVERGED, 4),
        ({"n_iter_no_change": 3, "tol": 10.0}, Outcome.REACHED_MAX_ITER, 4),
        ({"solver": "sgd", "learning_rate_init": 1e30, "l2": 0.1}, Outcome.DIVERGED, 1),
        (
            {
                "n_iter_no_change": 0,
                "tol": 10.0,
                "learning_rate": "adaptive",
                "learning_rate_init": 4e-6,
            },
            Outcome.CONVERGED,
            3,
        ),
    ],
)
def test_outcome(changes, outcome, n_epochs, make_plan, make_problem, fit):
    state = fit(make_problem(), make_plan(**changes))
    assert state.outcomes == [outcome]
    assert len(state.histories[0]) == n_epochs


def test_a_model_has_diverged_where_only_the_validation_loss_is_infinite(
    make_plan, make_problem, fit
):
    problem = make_problem(n_valid=9)
    problem.valid.X[0, 0] = np.inf
    state = fit(problem, make_plan(activation="identity"))
    assert state.outcomes == [Outcome.DIVERGED]


def test_adaptive_rates_fall_by_five(make_plan, make_problem, fit):
    plan = make_plan(learning_rate="adaptive", learning_rate_init=0.1, n_iter_no_change=0, tol=10.0)
    history = fit(make_problem(), plan).histories[0]
    assert_allclose(history["learning_rate"], [0.1, 0.1, 0.02, 0.004], rtol=1e-14)


# ---------------------------------------------------------------------------------------
# going on


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "adaptive"])
def test_two_halves_are_one_whole(
    solver, schedule, make_plan, make_problem, start, fit, assert_same_state
):
    problem = make_problem(n_valid=9, weighted=True)
    common = {
        "solver": solver,
        "learning_rate": schedule,
        "dropout": (0.2, 0.1),
        "input_dropout": 0.1,
        "l2": 0.01,
        "record": "batch",
        "restore_best": True,
        "monitor": "valid_loss",
    }
    models = [{}, {"learning_rate_init": 0.1}]
    if schedule == "adaptive":
        models = [{"n_iter_no_change": 1, "tol": 0.02}, {"n_iter_no_change": 2, "tol": 0.1}]
    whole = fit(problem, [make_plan(max_iter=10, **common | s) for s in models])
    halves = [make_plan(max_iter=5, **common | s) for s in models]
    state = train(problem, halves, start(halves))
    state = train(problem, halves, state)
    assert_same_state(state, whole)


def test_changed_settings_take_effect(make_plan, make_problem, start):
    """A second fit with a rate of 0.1 is not one with 0.01."""
    problem = make_problem()
    first = train(problem, [make_plan()], start([make_plan()]))
    same, other = (
        train(problem, [make_plan(**changes)], deepcopy(first))
        for changes in ({}, {"learning_rate_init": 0.1, "l2": 0.5})
    )
    assert_array_equal(other.histories[0]["learning_rate"], [0.01] * 4 + [0.1] * 4)
    assert other.histories[0]["penalty"][4] > 0 == same.histories[0]["penalty"][4]


@pytest.mark.parametrize("copy", [deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
def test_a_copied_or_pickled_state_goes_on(copy, make_plan, make_problem, fit, assert_same_state):
    problem = make_problem()
    plan = make_plan(dropout=(0.2, 0.2), max_iter=2)
    state = copy(fit(problem, plan))
    assert_same_state(train(problem, [plan], state), fit(problem, replace(plan, max_iter=4)))


@pytest.mark.parametrize(
    ("first", "second"), [("valid_accuracy", "valid_loss"), ("objective", "valid_loss")]
)
def test_another_monitor_has_another_best(first, second, make_plan, make_problem, start):
    """An accuracy of 0.9, watched as -0.9, is below any loss."""
    problem = make_problem(n_valid=15)
    common = {"restore_best": True, "solver": "sgd", "learning_rate_init": 0.01}
    state = start([make_plan(**common)])
    state.parameters.values[...] *= 1e-3  # nothing is learnt yet: losses fall from here
    state = train(problem, [make_plan(monitor=first, **common)], state)
    state = train(problem, [make_plan(monitor=second, **common)], state)
    history = state.histories[0]
    assert state.stopping[0].best_epoch > 4
    assert state.stopping[0].best == history["valid_loss"][4:].min()


def test_invscaling_counts_the_rows_of_all_fits(make_plan, make_problem, start):
    """Also where they differ in size: the rate changes between epochs only."""
    plan = make_plan(learning_rate="invscaling", learning_rate_init=1.0, max_iter=2)
    state = start([plan])
    for n_rows in (47, 20, 100):
        state = train(make_problem(n_rows), [plan], state)
    seen = np.array([0, 47, 94, 114, 134, 234])
    assert_allclose(state.histories[0]["learning_rate"], 1 / np.sqrt(1 + seen), rtol=1e-14)


# ---------------------------------------------------------------------------------------
# Ctrl-C


def interrupt(monkeypatch, owner, name, at):
    """Have KeyboardInterrupt raised as the `at`-th call of a function from now on returns."""
    function, calls = getattr(owner, name), []

    def call(*args, **kwargs):
        calls.append(1)
        result = function(*args, **kwargs)
        if len(calls) == at:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(owner, name, call)


def train_interrupted(problem, plans, state, hook=None):
    try:
        return train(problem, plans, state, hook)
    except KeyboardInterrupt:  # which would end the session
        pytest.fail("KeyboardInterrupt got out of `train`")


@pytest.mark.parametrize("at", [1, 3, 5, 13, 15])
@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_restores_the_last_complete_epoch(
    solver, at, make_plan, make_problem, start, fit, assert_same_state, monkeypatch
):
    """5 updates an epoch; what was interrupted then goes on as if nothing had been."""
    problem = make_problem(n_valid=9)
    common = {
        "solver": solver,
        "dropout": (0.2, 0.2),
        "record": "batch",
        "restore_best": True,
        "monitor": "valid_loss",
    }
    plans = [make_plan(max_iter=6, **common), make_plan(max_iter=6, l2=0.1, **common)]
    whole = fit(problem, plans)
    hook = Recorder()
    with monkeypatch.context() as patch:
        interrupt(patch, OPTIMIZERS[solver], "step", at)
        state = train_interrupted(problem, plans, start(plans), hook)
    n_complete = (at - 1) // 5
    assert state.outcomes == [Outcome.INTERRUPTED] * 2
    assert [len(history) for history in state.histories] == [n_complete] * 2
    assert len(hook.ended) == n_complete
    if n_complete:
        shorter = fit(problem, [replace(plan, max_iter=n_complete) for plan in plans])
        assert_array_equal(state.parameters.values, shorter.parameters.values)
    rest = [replace(plan, max_iter=6 - n_complete) for plan in plans]
    assert_same_state(train(problem, rest, state), whole)


def test_ctrl_c_leaves_models_that_have_finished_alone(
    make_plan, make_problem, start, fit, monkeypatch
):
    plans = [
        make_plan(max_iter=6),
        make_plan(max_iter=6, n_iter_no_change=1, tol=10.0),
        make_plan(max_iter=6, l2=0.1),
    ]
    undisturbed = fit(make_problem(), plans)
    with monkeypatch.context() as patch:
        interrupt(patch, OPTIMIZERS["adam"], "step", 22)
        state = train_interrupted(make_problem(), plans, start(plans))
    assert state.outcomes == [Outcome.INTERRUPTED, Outcome.CONVERGED, Outcome.INTERRUPTED]
    assert [len(history) for history in state.histories] == [4, 3, 4]
    assert_array_equal(state.parameters.values[1], undisturbed.parameters.values[1])


@pytest.mark.parametrize(
    ("owner", "name", "at"),
    [
        (History, "append", 5),
        (History, "append", 6),
        (History, "append_batches", 5),
        (History, "append_batches", 6),
        # The arrays of a checkpoint, one by one: all 8 are copied once before training.
        *[(np, "copyto", 3 * 8 + i) for i in range(1, 9)],
    ],
)
def test_ctrl_c_while_an_epoch_is_noted_down(
    owner, name, at, make_plan, make_problem, start, fit, assert_same_state, monkeypatch
):
    """Two models, interrupted at the end of their third epoch: it has happened or it has not."""
    problem = make_problem(n_valid=9)
    common = {"record": "batch", "restore_best": True, "monitor": "valid_loss"}
    plans = [make_plan(max_iter=5, **common), make_plan(max_iter=5, l2=0.1, **common)]
    whole = fit(problem, plans)
    state = start(plans)
    with monkeypatch.context() as patch:
        interrupt(patch, owner, name, at)
        state = train_interrupted(problem, plans, state)
    assert state.outcomes == [Outcome.INTERRUPTED] * 2
    n_complete = len(state.histories[0])
    assert n_complete in (2, 3)
    shorter = fit(problem, [replace(plan, max_iter=n_complete) for plan in plans])
    assert_array_equal(state.result()[0].values, shorter.result()[0].values)
    rest = [replace(plan, max_iter=5 - n_complete) for plan in plans]
    assert_same_state(train(problem, rest, state), whole)


@pytest.mark.parametrize("method", ["begin", "end"])
def test_ctrl_c_in_a_hook_ends_the_training_too(
    method, make_plan, make_problem, start, fit, assert_same_state, monkeypatch
):
    plans = [make_plan(max_iter=5)]
    with monkeypatch.context() as patch:
        interrupt(patch, Recorder, method, 3)
        state = train_interrupted(make_problem(), plans, start(plans), Recorder())
    assert state.outcomes == [Outcome.INTERRUPTED]
    n_complete = len(state.histories[0])
    assert n_complete == (2 if method == "begin" else 3)
    rest = [replace(plans[0], max_iter=5 - n_complete)]
    assert_same_state(train(make_problem(), rest, state), fit(make_problem(), plans))
