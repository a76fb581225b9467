"""
A stacked search beside scikit-learn's
======================================

:class:`~sknn.model_selection.StackedGridSearchCV` trains the candidates of a grid together. Its
results are those of :class:`sklearn.model_selection.GridSearchCV`, to the last bit. How much
sooner are they there?
"""

# %%
# 24 candidates on 5 folds, by three ways: scikit-learn's search over scikit-learn's network,
# scikit-learn's search over ours, and the stacked search over ours. One processor, processor time.

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier, StackedGridSearchCV
from sknn.datasets import load_producers

X, y = load_producers(return_X_y=True)
common = dict(hidden_layer_sizes=(32,), batch_size=32, max_iter=20, random_state=0)
rates = [0.001, 0.003, 0.01, 0.03]
strengths = [0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]


def timed(Search, mlp, grid):
    """Search, and how many seconds it took."""
    model = Pipeline([("scale", StandardScaler()), ("mlp", mlp)])
    search = Search(model, {f"mlp__{name}": values for name, values in grid.items()}, cv=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.process_time()
        search.fit(X, y)
        return search, time.process_time() - start


theirs = {"learning_rate_init": rates, "alpha": [strength * 32 for strength in strengths]}
ours = {"learning_rate_init": rates, "l2": strengths}
mlp = ScratchMLPClassifier(n_iter_no_change=np.inf, **common)
_, seconds_sklearn = timed(GridSearchCV, MLPClassifier(n_iter_no_change=1000, **common), theirs)
one_by_one, seconds_one_by_one = timed(GridSearchCV, mlp, ours)
stacked, seconds_stacked = timed(StackedGridSearchCV, mlp, ours)

# %%
# The two searches over our network agree in every score:

scores = [search.cv_results_["mean_test_score"] for search in (one_by_one, stacked)]
print((scores[0] == scores[1]).all(), one_by_one.best_params_ == stacked.best_params_)

# %%

import matplotlib.pyplot as plt

seconds = [seconds_sklearn, seconds_one_by_one, seconds_stacked]
names = [
    "GridSearchCV,\nMLPClassifier",
    "GridSearchCV,\nScratchMLPClassifier",
    "StackedGridSearchCV,\nScratchMLPClassifier",
]
fig, ax = plt.subplots(figsize=(8, 2.8))
bars = ax.barh(names, seconds, color=["#9a9a9a", "C0", "C1"])
ax.bar_label(
    bars,
    [f"{s:.1f} s" + (f", ÷ {seconds[0] / s:.1f}" if s < seconds[0] else "") for s in seconds],
    padding=4,
)
ax.invert_yaxis()
ax.set(xlabel="seconds of processor time for 121 networks", xlim=(0, max(seconds) * 1.15))
ax.grid(axis="y", visible=False)
plt.show()
