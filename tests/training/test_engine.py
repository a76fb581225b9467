"""What an engine is: both meet the protocol, and mean the same by it."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from sknn._torch import TorchEngine
from sknn.backprop import NumPyEngine
from sknn.training import Engine, NetworkSpec, Outcome, Streams

ENGINES = [NumPyEngine(), TorchEngine("cpu")]
MEMBERS = [name for name in (*vars(Engine), *Engine.__annotations__) if not name.startswith("_")]

of_each_engine = pytest.mark.parametrize("engine", ENGINES, ids=["NumPy", "Torch"])


def test_what_the_protocol_asks_for():
    assert sorted(MEMBERS) == ["check", "predict", "stacks", "start", "train"]


@of_each_engine
@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_an_engine_has_every_member(engine, member):
    ours = getattr(engine, member)
    if member == "stacks":
        assert isinstance(ours, bool)
        return
    asked = list(inspect.signature(getattr(Engine, member)).parameters.values())[1:]
    given = list(inspect.signature(ours).parameters.values())
    assert given[: len(asked)] == asked
    # Whatever one engine has besides can be left out.
    assert all(p.default is not inspect.Parameter.empty for p in given[len(asked) :])


def test_only_numpy_trains_stacks():
    assert NumPyEngine.stacks
    assert not TorchEngine.stacks


@of_each_engine
def test_a_training_by_the_protocol(engine, make_plan, make_problem):
    problem, plan = make_problem(n_valid=11), make_plan(monitor="valid_loss", restore_best=True)
    engine.check(plan.dtype, plan.solver)
    state = engine.start([plan], [Streams([1, 2, 3, 4])])
    assert state.outcomes == [Outcome.RUNNING]
    before = state.parameters.values.copy()
    state = engine.train([problem], [plan], state)
    assert state.outcomes == [Outcome.REACHED_MAX_ITER]
    assert len(state.histories[0]) == plan.max_iter
    assert (state.parameters.values != before).any()


def test_both_engines_start_alike_and_arrive_alike(make_plan, make_problem):
    problem, plan = make_problem(weighted=True, n_valid=11), make_plan(l2=0.1)
    states = [e.start([plan], [Streams([1, 2, 3, 4])]) for e in ENGINES]
    assert_array_equal(states[0].parameters.values, states[1].parameters.values)
    ends = [e.train([problem], [plan], s) for e, s in zip(ENGINES, states, strict=True)]
    assert_allclose(ends[1].parameters.values, ends[0].parameters.values, rtol=0, atol=1e-10)
    for column in ("train_loss", "penalty", "train_accuracy", "valid_loss", "valid_accuracy"):
        one, other = (end.histories[0][column] for end in ends)
        assert_allclose(other, one, rtol=0, atol=1e-10, err_msg=column)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_both_engines_predict_alike_for_every_model(is_sparse, random_parameters):
    spec = NetworkSpec((4, 6, 3), "tanh")
    parameters = random_parameters(3, spec.layer_sizes)
    X = np.random.default_rng(0).normal(size=(600, 4)) * (np.arange(4) != 2)
    X = csr_array(X) if is_sparse else X
    outputs = [engine.predict(spec, parameters.arrays, X) for engine in ENGINES]
    assert outputs[0].shape == outputs[1].shape == (3, 600, 3)
    assert_allclose(outputs[1], outputs[0], rtol=0, atol=1e-12)


@of_each_engine
def test_given_parameters_are_where_training_starts(engine, make_plan, random_parameters):
    plan = make_plan()
    parameters = random_parameters(1, plan.spec.layer_sizes)
    state = engine.start([plan], [Streams([1, 2, 3, 4])], parameters)
    assert state.parameters is parameters
    # No number was drawn for weights that nobody needs.
    fresh = Streams([1, 2, 3, 4])
    assert state.streams[0].weights.random() == fresh.weights.random()
