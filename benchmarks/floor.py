"""How far an update is from the floor of the hardware, and where the rest of its time goes.

The floor is what no library can leave out: the matrix products of an update, timed alone in
preallocated arrays, and one pass over the parameters. The stages are the engine's own public
pieces, each timed alone; what they do not account for is in the last line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn import ScratchMLPClassifier
from sknn.backprop import Activation, Linear, RowStack, Run, penalty_values
from sknn.estimators._prepare import Job
from sknn.training import (
    EpochHook,
    Parameters,
    Plan,
    Problem,
    Tally,
    TrainState,
    draw_orders,
)

from ._cases import DTYPES, Case, cases
from ._harness import Ratio, Report, Settings, Times, interleave

Task = Callable[[], object]
Array = NDArray[Any]


def run(settings: Settings) -> list[Report]:
    """Take the updates of every case apart."""
    ratios = Report(
        "floor: an update beside its bare products and one pass over the parameters",
        ("case", "dtype", "update µs", "floor µs", "products", "update / floor"),
    )
    table: dict[str, list[str]] = {}
    columns: list[str] = []
    shares = Report("where an update's time goes", ())
    for case in cases(settings.smoke):
        X, y = case.load()
        for dtype in DTYPES:
            times = _take_apart(case, X.astype(dtype), y, settings)
            _add_ratio(ratios, case, dtype, times)
            columns.append(f"({case.key}) {dtype.replace('float', 'f')}")
            for name, share in _shares(times).items():
                table.setdefault(name, []).append(f"{share:.0%}")
                shares.records.append(
                    {"case": case.key, "dtype": dtype, "stage": name, "share": share}
                )
    shares.headers = ("stage", *columns)
    shares.rows = [(name, *cells) for name, cells in table.items()]
    return [ratios, shares]


def _add_ratio(report: Report, case: Case, dtype: str, times: Times) -> None:
    floor = times["floor: products"] + times["floor: one pass"]
    ratio = Ratio.of(times["update"], floor)
    update, least = (float(np.median(t)) * 1e6 for t in (times["update"], floor))
    products = float(np.median(times["floor: products"] / floor))
    report.add(
        (
            f"({case.key}) {case.title}",
            dtype,
            f"{update:.1f}",
            f"{least:.1f}",
            f"{products:.0%}",
            str(ratio),
        ),
        case=case.key,
        dtype=dtype,
        update_us=update,
        floor_us=least,
        share_of_products=products,
        ratio=vars(ratio),
    )


def _shares(times: Times) -> dict[str, float]:
    """Each stage's share of an update, and what is left."""
    found = {
        name: float(np.median(t / times["update"])) for name, t in times.items() if name != "update"
    }
    stages = sum(share for name, share in found.items() if not name.startswith("floor"))
    return {**found, "the loop, and what pieces cost together": 1 - stages}


def _take_apart(case: Case, X: Array, y: Array, settings: Settings) -> Times:
    """Seconds per update of the whole, of the floor and of every stage."""
    opened = _Opened(**case.ours().set_params(max_iter=1).get_params()).fit(X, y)
    # The pieces are timed on states of their own: what one does to its arrays over and over must
    # not turn another's numbers into ones that take longer.
    whole, layers, flat = (
        Run([p], [plan], deepcopy(s), RowStack.of([p.train])) for p, plan, s in [opened.given] * 3
    )
    n_updates = int(whole.batches.n_steps[0])
    tasks: dict[str, tuple[Task, int]] = {"update": (whole.epoch, n_updates)}
    tasks |= {name: (task, 1) for name, task in _floor(whole, settings).items()}
    tasks |= _layer_stages(layers)
    tasks |= _flat_stages(flat)
    with np.errstate(all="ignore"):
        seconds = interleave({name: task for name, (task, _) in tasks.items()}, settings)
    times = {name: seconds[name] / covered for name, (_, covered) in tasks.items()}
    times["backward products"] = times["backward products"] - times["bias sums"]
    return times


class _Opened(ScratchMLPClassifier):
    """Keeps what the estimator hands to its engine, as it is after training."""

    given: tuple[Problem, Plan, TrainState]

    def _train(self, job: Job, hook: EpochHook | None) -> TrainState:
        state = super()._train(job, hook)
        self.given = job.problem, job.plan, state
        return state


def _floor(run: Run, settings: Settings) -> dict[str, Task]:
    """The products of an update, each in the faster orientation, and one pass."""
    spec = run.plans[0].spec
    parameters = Parameters(run.state.parameters.values.copy(), spec.layout)
    gradients = Parameters(1e-3 * parameters.values, spec.layout)
    widths, n_rows = spec.layer_sizes, run.batches.batch_size
    products = [
        _faster(A, B, out, settings)
        for A, B, out in _products(parameters, gradients, widths, n_rows)
    ]

    def multiply() -> None:
        for A, B, out in products:
            np.matmul(A, B, out=out)

    def step() -> None:
        np.subtract(parameters.values, gradients.values, out=parameters.values)

    return {"floor: products": multiply, "floor: one pass": step}


def _products(
    parameters: Parameters, gradients: Parameters, widths: Sequence[int], n_rows: int
) -> Iterator[tuple[Array, Array, Array]]:
    """A, B and where to put AB, in the order in which an update needs them."""
    dtype = parameters.values.dtype
    rng = np.random.default_rng(0)
    outputs = [rng.random((n_rows, width)).astype(dtype) for width in widths]
    slopes = [np.ones_like(output) for output in outputs]
    weights = [W[0] for W in parameters.weights]
    for W, (X, Z) in zip(weights, pairwise(outputs), strict=True):
        yield X, W, np.empty_like(Z)
    for i in reversed(range(len(weights))):
        yield outputs[i].T, slopes[i + 1], gradients.weights[i][0]
        if i > 0:
            yield slopes[i + 1], weights[i].T, np.empty_like(outputs[i])


def _faster(A: Array, B: Array, out: Array, settings: Settings) -> tuple[Array, Array, Array]:
    """The product itself or its transpose, BᵀAᵀ, whichever BLAS is faster at."""
    both = (A, B, out), (B.T, np.ascontiguousarray(A.T), np.empty(out.shape[::-1], out.dtype))
    tasks = {str(i): partial(np.matmul, *operands) for i, operands in enumerate(both)}
    seconds = [times.min() for times in interleave(tasks, settings).values()]
    return both[int(np.argmin(seconds))]


def _layer_stages(run: Run) -> dict[str, tuple[Task, int]]:
    """What works on a batch: tasks, and how many updates each of them covers."""
    n_updates = int(run.batches.n_steps[0])
    n_rows = int(run.batches.rows.sizes[0])
    block = next(run.batches.epoch(draw_orders([run.state.streams[0].order], n_rows)))
    batch = block.batches[0]
    (update,) = run.updates.values()
    network, loss = update.laid_out(batch.n_rows)
    linears = [layer for layer in network.layers if isinstance(layer, Linear)]
    activations = [layer for layer in network.layers if isinstance(layer, Activation)]
    # Once through the network, so that every layer holds its input and output.
    logits = network.forward(batch.X)
    loss.forward(logits)
    network.backward(loss.backward(batch.targets, batch.weights))
    inputs = [layer.input for layer in linears]
    incoming = [np.full_like(layer.output, 1e-3) for layer in linears]

    def gather() -> None:
        orders = draw_orders([streams.order for streams in run.state.streams], n_rows)
        for _ in run.batches.epoch(orders):
            pass

    def forward() -> None:
        for layer, X in zip(linears, inputs, strict=True):
            layer.forward(X)

    def activate() -> None:
        for layer in activations:
            layer.forward(layer.output)

    def judge() -> None:
        loss.forward(logits, batch.trace)
        loss.backward(batch.targets, batch.weights)

    def backward() -> None:
        for layer, gradient in zip(linears, incoming, strict=True):
            layer.backward(gradient)

    def sum_biases() -> None:
        for layer, gradient in zip(linears, incoming, strict=True):
            np.add.reduce(gradient, axis=1, keepdims=True, out=layer.grad_bias)

    def derive() -> None:
        for layer, gradient in zip(activations, incoming, strict=False):
            layer.backward(gradient)

    def tally() -> None:
        Tally(run.state.n_models).add_rows(*block.rows(), block.weights)

    return {
        "gather rows": (gather, n_updates),
        "forward affine": (forward, 1),
        "activations": (activate, 1),
        "loss": (judge, 1),
        "backward products": (backward, 1),
        "bias sums": (sum_biases, 1),
        "activations' derivatives": (derive, 1),
        "loss and accuracy of the epoch": (tally, len(block.batches)),
    }


def _flat_stages(run: Run) -> dict[str, tuple[Task, int]]:
    """What works on the flat arrays: tasks, and how many updates each of them covers."""
    n_updates = int(run.batches.n_steps[0])
    (update,) = run.updates.values()
    parameters, gradients = run.state.parameters, run.gradients
    gradients.values[...] = np.random.default_rng(0).normal(scale=1e-3, size=gradients.values.shape)
    # A step as long as any other, but one that leaves the parameters where they are.
    rates = np.zeros((n_updates, run.state.n_models))
    update.optimizer.begin_epoch(rates, run.state.n_updates)
    weights = parameters.values[:, : parameters.n_weights]
    weight_gradients = gradients.values[:, : parameters.n_weights]
    scratch = np.empty_like(weights)

    def penalize() -> None:
        for penalty in update.penalties:
            penalty_gradient = penalty.gradient(weights, out=scratch)
            np.add(weight_gradients, penalty_gradient, out=weight_gradients)

    def end_epoch() -> None:
        penalty_values(run.penalties, parameters)
        np.isfinite(parameters.values).all(axis=1)
        run.checkpoint.save(run.state)
        update.optimizer.begin_epoch(rates, run.state.n_updates)

    return {
        "penalties": (penalize, 1),
        "optimizer step": (lambda: update.optimizer.step(0), 1),
        "once per epoch": (end_epoch, n_updates),
    }
