"""
A learning-rate range test
==========================

Which learning rate? Two ways to find out. The thorough one: train a network at each of 41 rates
for a few epochs, all at once, and look. The picture shows where training crawls, where it works,
and where it breaks.
"""

# %%
# Five seeds for each rate: 205 networks per solver, and they train as one stack.

import time

import numpy as np
from sklearn.datasets import load_digits

from sknn import ScratchMLPClassifier, fit_many

X, y = load_digits(return_X_y=True)
X, y = X[:600] / 16, y[:600]
rates, seeds = np.logspace(-4, 1, 41), range(5)


def losses(solver):
    """The training loss after five epochs, for every rate and seed."""
    models = [
        ScratchMLPClassifier(
            (32,),
            solver=solver,
            learning_rate_init=rate,
            batch_size=50,
            max_iter=5,
            n_iter_no_change=np.inf,
            random_state=seed,
        )
        for rate in rates
        for seed in seeds
    ]
    return np.array([m.loss_ for m in fit_many(models, X, y)]).reshape(len(rates), len(seeds))


start = time.perf_counter()
found = {"SGD with momentum": losses("sgd"), "Adam": losses("adam")}
print(f"{2 * len(rates) * len(seeds)} networks in {time.perf_counter() - start:.1f} s")

# %%
# SGD wants rates some eight times as large as Adam's. Both have a basin of nearly a power of
# ten, and to the right of it a cliff. For a long training take a third of the best rate: it is
# on the safe side.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(8, 4))
for (name, values), color in zip(found.items(), ("C0", "C1"), strict=True):
    middle = np.median(values, axis=1)
    ax.fill_between(rates, values.min(axis=1), values.max(axis=1), color=color, alpha=0.2, lw=0)
    ax.plot(rates, middle, color=color, label=name)
    best = rates[middle.argmin()]
    ax.plot(best, middle.min(), "o", color=color)
    ax.annotate(
        f"best: {best:.2g}", (best, middle.min()), (0, -14), textcoords="offset points", ha="center"
    )
ax.axhline(np.log(10), ls=":", color="gray")
ax.text(12, np.log(10) - 0.02, "guessing", ha="right", va="top", color="gray", fontsize=9)
ax.set(xscale="log", ylim=(-0.25, 3.2), xlabel="learning_rate_init", ylabel="loss after 5 epochs")
ax.legend(loc="lower left", bbox_to_anchor=(0, 0.12))
plt.show()

# %%
# The quick way: one network, whose rate rises with every update until it breaks. It suggests the
# rate at which the loss falls most steeply.

from sknn.inspection import ConvergenceDisplay, learning_rate_range

mlp = ScratchMLPClassifier((32,), batch_size=50, random_state=0)
found = {
    "Adam": learning_rate_range(mlp, X, y),
    "SGD with momentum": learning_rate_range(mlp.set_params(solver="sgd"), X, y),
}
ConvergenceDisplay.from_range(found)
