"""The figure of the README: 200 networks as one stack, and what that saves.

``python docs/figures/stack.py`` writes ``docs/_static/stack.png``. It takes half a minute of one
processor.
"""

import os
import time
import warnings
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from PIL import Image
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier, fit_many
from sknn.datasets import load_producers

RATES, SEEDS, EPOCHS = np.logspace(-4, -1.5, 20), range(10), 100
COMMON = {"hidden_layer_sizes": (32,), "batch_size": 32, "max_iter": EPOCHS}
TARGET = Path(__file__).resolve().parents[1] / "_static" / "stack.png"


def networks(cls: type, patience: float) -> list:
    """A network for every rate and seed."""
    return [
        cls(learning_rate_init=rate, random_state=seed, n_iter_no_change=patience, **COMMON)
        for rate in RATES
        for seed in SEEDS
    ]


def seconds(work) -> float:
    """Processor time of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Train, time and draw."""
    X, y = load_producers(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    warnings.simplefilter("ignore", ConvergenceWarning)
    theirs = networks(MLPClassifier, 10 * EPOCHS)
    ours, stacked = (networks(ScratchMLPClassifier, np.inf) for _ in range(2))
    fit_many(networks(ScratchMLPClassifier, np.inf)[:2], X, y)  # warm up
    times = {
        "MLPClassifier,\none by one": seconds(lambda: [mlp.fit(X, y) for mlp in theirs]),
        "ScratchMLPClassifier,\none by one": seconds(lambda: [mlp.fit(X, y) for mlp in ours]),
        "ScratchMLPClassifier,\nfit_many": seconds(lambda: fit_many(stacked, X, y)),
    }
    same = all((a.coefs_[0] == b.coefs_[0]).all() for a, b in zip(ours, stacked, strict=True))
    assert same, "a network of the stack differs from the same network by itself"
    draw(stacked, times)


def draw(models: list, times: dict[str, float]) -> None:
    """Draw the losses of all networks, and the times."""
    mpl.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, (curves, bars) = plt.subplots(
        1, 2, figsize=(10, 3.3), width_ratios=(1.1, 1), layout="constrained"
    )
    norm, colours = LogNorm(RATES[0], RATES[-1]), plt.get_cmap("viridis")
    for mlp in models:
        colour = colours(norm(mlp.learning_rate_init))
        loss = mlp.history_["train_loss"]
        curves.plot(np.arange(1, EPOCHS + 1), loss, color=colour, lw=0.7, alpha=0.8)
    curves.set(yscale="log", xlabel="epoch", ylabel="training loss", xlim=(1, EPOCHS))
    curves.set_title(f"{len(models)} networks, trained together", loc="left")
    scale = mpl.cm.ScalarMappable(norm, colours)
    figure.colorbar(scale, ax=curves, label="learning_rate_init")

    values = list(times.values())
    labels = [
        f"{value:.1f} s"
        + (f"  ({values[0] / value:.1f} times as fast)" if value < values[0] else "")
        for value in values
    ]
    drawn = bars.barh(list(times), values, color=["#B0B0B0", "#56B4E9", "#0072B2"], height=0.62)
    bars.bar_label(drawn, labels, padding=4)
    bars.invert_yaxis()
    bars.set(xlim=(0, values[0] * 1.22), xlabel="seconds on one processor")
    bars.tick_params(axis="y", length=0)
    bars.set_title("The time it takes", loc="left")
    figure.savefig(TARGET, dpi=160, facecolor="white")
    with Image.open(TARGET) as image:  # few colours: a third of the size
        image.convert("RGB").quantize(128).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
