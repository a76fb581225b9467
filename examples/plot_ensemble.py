"""
Where networks disagree
=======================

Thirty networks that differ only in their seed agree where there is data, and disagree where there
is none. Their mean is the better prediction, and their spread a warning.
"""

# %%
import numpy as np
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier, ScratchMLPEnsembleClassifier

iris = load_iris()
X, y = StandardScaler().fit_transform(iris.data[:, :2]), iris.target
mlp = ScratchMLPClassifier((32, 32), learning_rate_init=0.01, max_iter=150, n_iter_no_change=np.inf)
ensemble = ScratchMLPEnsembleClassifier(mlp, n_estimators=30, random_state=0).fit(X, y)

# %%
# Left and middle: the probability of virginica by one of the networks, and by the mean of all.
# Right: how much they differ. Single networks draw sharp borders far from any flower; the mean
# does not.

import matplotlib.pyplot as plt

axis = np.linspace(-4, 4, 160)
across, up = np.meshgrid(axis, axis)
points = np.column_stack([across.ravel(), up.ravel()])
pictures = {
    "one network": (ensemble.estimators_[0].predict_proba(points)[:, 2], "viridis", 1),
    "mean of 30": (ensemble.predict_proba(points)[:, 2], "viridis", 1),
    "their spread": (ensemble.predict_std(points)[:, 2], "magma", 0.5),
}
fig, panels = plt.subplots(1, 3, figsize=(11, 3.6), sharex=True, sharey=True)
for ax, (title, (values, cmap, top)) in zip(panels, pictures.items(), strict=True):
    image = ax.pcolormesh(axis, axis, values.reshape(160, 160), cmap=cmap, vmin=0, vmax=top)
    ax.plot(*X[y != 2].T, "o", ms=3, color="w", mec="k", mew=0.4)
    ax.plot(*X[y == 2].T, "^", ms=4, color="w", mec="k", mew=0.4)
    ax.set(title=title, xlabel="length of the sepals")
    ax.grid(False)
    fig.colorbar(image, ax=ax)
panels[0].set_ylabel("width of the sepals")
plt.show()
