"""
Watching a border form, with a callback
=======================================

A callback sees every epoch. This one keeps a copy of the network at some of them, to draw how the
border between three species of iris forms.
"""

# %%
# ``fitted_estimator`` is a copy of the estimator as if the fit had ended at this epoch. The
# callback names it among its arguments, and so gets it.

import numpy as np
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier


class Snapshots:
    """Keeps the estimator as it was after some of the epochs."""

    def __init__(self, epochs):
        self.epochs = epochs
        self.kept = {}

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch" and fitted_estimator.n_iter_ in self.epochs:
            self.kept[fitted_estimator.n_iter_] = fitted_estimator

    def teardown(self, estimator, context):
        pass


iris = load_iris()
X, y = StandardScaler().fit_transform(iris.data[:, 2:]), iris.target
snapshots = Snapshots({1, 5, 20, 200})
mlp = ScratchMLPClassifier(
    (16, 16),
    learning_rate_init=0.01,
    batch_size=30,
    max_iter=200,
    n_iter_no_change=np.inf,
    random_state=0,
)
mlp = mlp.set_callbacks(snapshots).fit(X, y)

# %%
# Colours are probabilities, and within the white lines none of the three exceeds 0.6. After one
# epoch the network knows next to nothing. After five setosa is found, after twenty the line
# between the others. What comes later moves no flower to another side: it only makes the network
# surer.

import matplotlib.pyplot as plt

across, up = np.meshgrid(np.linspace(-2, 2.2, 200), np.linspace(-2, 2.2, 200))
points = np.column_stack([across.ravel(), up.ravel()])
colors = np.array([[0, 114, 178], [213, 94, 0], [0, 158, 115]]) / 255

fig, panels = plt.subplots(2, 2, figsize=(8, 7.4), sharex=True, sharey=True)
for ax, (epoch, network) in zip(panels.flat, sorted(snapshots.kept.items()), strict=True):
    probabilities = network.predict_proba(points)
    picture = 1 - (1 - probabilities @ colors) * 0.55
    ax.imshow(
        picture.reshape(200, 200, 3), origin="lower", extent=(-2, 2.2, -2, 2.2), aspect="auto"
    )
    ax.contour(across, up, probabilities.max(axis=1).reshape(200, 200), [0.6], colors="w")
    for number, name in enumerate(iris.target_names):
        ax.plot(*X[y == number].T, "o", color=colors[number], mec="w", mew=0.6, label=name)
    accuracy = network.history_["train_accuracy"][-1]
    ax.set_title(f"epoch {epoch}: accuracy {network.score(X, y):.2f}")
    ax.grid(False)
panels[0, 0].legend(loc="upper left", frameon=True)
fig.supxlabel("length of the petals, standardised")
fig.supylabel("width of the petals, standardised")
plt.show()
