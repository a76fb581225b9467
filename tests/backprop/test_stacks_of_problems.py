"""Stacks whose models learn from rows of their own: each as if it were alone, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sknn.backprop import RowStack, train
from sknn.training import Outcome, Problem, Rows

SOLVERS = ("sgd", "adam", "adamw", "rmsprop", "lbfgs")


@st.composite
def problems_of_models(draw, make_problem):
    """Problems that share all, some or nothing of their rows, of several sizes."""
    is_sparse = draw(st.booleans())
    has_valid = draw(st.booleans())
    pool = [
        make_problem(
            draw(st.integers(12, 40)),
            weighted=draw(st.booleans()),
            n_valid=draw(st.sampled_from([7, 11])) if has_valid else 0,
            is_sparse=is_sparse,
            seed=seed,
        )
        for seed in range(draw(st.integers(1, 3)))
    ]
    chosen = draw(st.lists(st.sampled_from(pool), min_size=2, max_size=6))
    if draw(st.booleans()):  # equal rows, other weights
        rows = chosen[0].train
        weights = np.linspace(0.5, 1.5, len(rows))
        chosen[0] = replace(chosen[0], train=Rows(rows.X, rows.y, weights))
    return chosen


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_model_is_as_it_would_be_alone(
    solver, make_problem, make_plan, start, assert_same_state
):
    @settings(max_examples=10)
    @given(st.data())
    def check(data):
        problems = data.draw(problems_of_models(make_problem))
        shared = {
            "solver": solver,
            "batch_size": data.draw(st.sampled_from([1, 4, 10])),
            "record": data.draw(st.sampled_from(["epoch", "batch"])),
            "shuffle": data.draw(st.booleans()),
            "restore_best": problems[0].valid is not None,
            "max_iter": 4,
        }
        if problems[0].valid is not None:
            shared["monitor"] = data.draw(st.sampled_from(["valid_loss", "valid_accuracy"]))
        if solver == "lbfgs":
            shared["shuffle"] = False
        plans = [
            make_plan(
                **shared,
                learning_rate_init=data.draw(st.sampled_from([0.001, 0.05])),
                n_iter_no_change=data.draw(st.sampled_from([1, np.inf])),
                tol=data.draw(st.sampled_from([0.0, 0.1])),
                l2=data.draw(st.sampled_from([0.0, 0.01])),
                dropout=(0.0, 0.0)
                if solver == "lbfgs"
                else data.draw(st.sampled_from([(0.0, 0.0), (0.5, 0.0)])),
                label_smoothing=data.draw(st.sampled_from([0.0, 0.1])),
            )
            for _ in problems
        ]
        seeds = list(range(len(plans)))
        together = train(problems, plans, start(plans, seeds))
        for k, (problem, plan) in enumerate(zip(problems, plans, strict=True)):
            alone = train(problem, [plan], start([plan], [k]))
            assert_same_state(together.take([k]), alone)

    check()


@pytest.mark.parametrize("batch_size", [10, 60])
def test_one_model_that_diverges_leaves_the_others_alone(
    batch_size, make_problem, make_plan, start, assert_same_state
):
    problems = [make_problem(n, seed=n) for n in (60, 33, 47)]
    if batch_size == 60:  # all rows in one batch
        problems = [problems[0]] * 3
    rates = (0.01, 1e200, 0.02)
    plans = [make_plan(learning_rate_init=rate, batch_size=batch_size) for rate in rates]
    together = train(problems, plans, start(plans, [0, 1, 2]))
    assert together.outcomes[1] is Outcome.DIVERGED
    for k in (0, 2):
        alone = train(problems[k], [plans[k]], start([plans[k]], [k]))
        assert_same_state(together.take([k]), alone)


def test_what_models_share_is_kept_once(make_problem):
    one, other = make_problem(20).train, make_problem(30, seed=1).train
    weighted = Rows(one.X, one.y, np.full(20, 1.5))
    stack = RowStack.of([other, one, one, weighted])
    assert stack.X.shape[0] == 50
    assert stack.starts.tolist() == [0, 30, 30, 30]
    assert stack.sizes.tolist() == [30, 20, 20, 20]
    for start, n_rows, weight in zip(stack.weight_starts, stack.sizes, (1, 1, 1, 1.5), strict=True):
        assert (stack.weights[start : start + n_rows] == weight).all()
    alone = RowStack.of([one, one])
    assert alone.X is one.X
    assert alone.weights is None


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda p: replace(p, valid=p.train), "validation rows"),
        (lambda p: Problem(Rows(p.train.X[:10], p.train.y[:10])), "several batches"),
    ],
)
def test_what_cannot_be_stacked_says_why(change, name, make_problem, make_plan, start):
    problem = make_problem()
    plans = [make_plan()] * 2
    with pytest.raises(ValueError, match=f"`{name}` must be equal"):
        train([problem, change(problem)], plans, start(plans))
