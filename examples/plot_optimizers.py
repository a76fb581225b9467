"""
Optimizers compared
===================

Five ways to use a gradient, on 1,797 handwritten digits. Each solver gets its best learning rate
out of four, by the validation loss at the end, so that none is favoured by a default.
"""

# %%
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknn import ScratchMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(
    X / 16, y, test_size=0.3, stratify=y, random_state=0
)
common = dict(
    hidden_layer_sizes=(64,), batch_size=64, max_iter=40, n_iter_no_change=np.inf, random_state=0
)


def fitted(solver, rate, **more):
    """Train one network, and record its validation rows."""
    mlp = ScratchMLPClassifier(solver=solver, learning_rate_init=rate, **common, **more)
    return mlp.fit(X_train, y_train, X_val=X_val, y_val=y_val)


candidates = {
    "SGD": [fitted("sgd", rate, momentum=0) for rate in (0.03, 0.1, 0.3, 1.0)],
    "SGD, momentum 0.9": [fitted("sgd", rate) for rate in (0.01, 0.03, 0.1, 0.3)],
    "RMSprop": [fitted("rmsprop", rate) for rate in (0.0003, 0.001, 0.003, 0.01)],
    "Adam": [fitted("adam", rate) for rate in (0.001, 0.003, 0.01, 0.03)],
    "L-BFGS": [fitted("lbfgs", 0.001)],
}
best = {
    name: min(models, key=lambda mlp: mlp.history_["valid_loss"].min())
    for name, models in candidates.items()
}

# %%
# With its own best rate each of the first four gets to about the same validation loss, in about
# as many epochs. Momentum is fastest to fit the training rows, and RMSprop the most restless. An
# "epoch" of L-BFGS is one step on all rows, where the others make twenty; counted by passes over
# the data it is slowest here.

import matplotlib.pyplot as plt

fig, panels = plt.subplots(1, 2, figsize=(9.5, 4), sharex=True)
for name, mlp in best.items():
    label = name if name == "L-BFGS" else f"{name}, η = {mlp.learning_rate_init:g}"
    for ax, column in zip(panels, ("train_loss", "valid_loss"), strict=True):
        ax.plot(np.arange(1, mlp.n_iter_ + 1), mlp.history_[column], label=label)
for ax, title in zip(panels, ("Training loss", "Validation loss"), strict=True):
    ax.set(yscale="log", xlabel="epoch", title=title)
panels[1].set_ylim(0.06, 2)
panels[0].legend()
plt.show()

# %%
for name, mlp in best.items():
    accuracy = mlp.history_["valid_accuracy"].max()
    print(f"{name:18} best validation accuracy {accuracy:.3f}")
