"""Time of an update per network, against how many are trained together."""

import time

import matplotlib.pyplot as plt
import numpy as np

from sknn.backprop import SoftmaxCrossEntropy, build_network
from sknn.training import NetworkSpec, Parameters, Plan

SPEC, ROWS, DTYPE = NetworkSpec((8, 32, 10)), 32, np.dtype("float32")


def seconds_per_update(n_models: int) -> float:
    """Median over some repetitions, of processor time."""
    rng = np.random.default_rng(0)
    parameters, gradients = (Parameters.zeros(n_models, SPEC.layout, DTYPE) for _ in range(2))
    parameters.values[...] = rng.normal(scale=0.25, size=parameters.values.shape)
    network = build_network(SPEC, parameters.arrays, ROWS, gradients.arrays)
    loss = SoftmaxCrossEntropy([Plan(SPEC, dtype=DTYPE)] * n_models, ROWS)
    X = rng.normal(size=(n_models, ROWS, SPEC.n_features)).astype(DTYPE)
    labels = rng.integers(SPEC.n_outputs, size=(n_models, ROWS))
    targets = np.eye(SPEC.n_outputs, dtype=DTYPE)[labels]
    step = np.empty_like(gradients.values)
    n_updates, found = max(4, 400 // n_models), []
    for _ in range(9):
        start = time.process_time()
        for _ in range(n_updates):
            loss.forward(network.forward(X))
            network.backward(loss.backward(targets, None))
            np.multiply(gradients.values, DTYPE.type(0.001), out=step)
            np.subtract(parameters.values, step, out=parameters.values)
        found.append((time.process_time() - start) / n_updates)
    return float(np.median(found))


counts = [1, 2, 4, 8, 16, 32, 64, 128, 256]
times = [seconds_per_update(count) * 1e6 / count for count in counts]
figure, axes = plt.subplots(figsize=(7, 3))
axes.plot(counts, times, "o-", color="#0072B2")
axes.set(xscale="log", ylim=(0, None))
axes.set(xlabel="networks in the stack, K", ylabel="µs per update and network")
axes.set_xticks(counts, counts)
axes.minorticks_off()
axes.spines[["top", "right"]].set_visible(False)
