"""
A Pipeline, tuned over learning rate, penalty and dropout
=========================================================

The usual work on a table: scale, train, tune, and look at rows that were kept aside. The table has
178 products with 13 chemical measurements each, and the question is which of three companies made
them.
"""

# %%
# A quarter of the rows is kept for the end. Scaler and network go into one Pipeline, so that the
# scaler never sees a row that the network is tested on.

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier, StackedGridSearchCV
from sknn.datasets import load_producers

X, y = load_producers(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

mlp = ScratchMLPClassifier((64,), max_iter=60, n_iter_no_change=np.inf, random_state=0)
model = Pipeline([("scale", StandardScaler()), ("mlp", mlp)])

# %%
# 4 × 5 × 2 candidates on 5 folds are 200 networks. All of them differ in rates alone, so they
# train together as a few stacks. The score is the log loss: with 26 rows in a fold, accuracy is
# too coarse to rank anything.

grid = {
    "mlp__learning_rate_init": [0.001, 0.003, 0.01, 0.03],
    "mlp__l2": [0, 1e-4, 1e-3, 1e-2, 1e-1],
    "mlp__dropout": [0, 0.3],
}
search = StackedGridSearchCV(model, grid, cv=5, scoring="neg_log_loss").fit(X_train, y_train)
print(search.best_params_)

# %%
# What the search has seen. The learning rate decides most. A penalty of up to 0.001 makes no
# difference, 0.01 helps where the rate is too large, and 0.1 is too much. Dropout changes little in
# so short a training.

import matplotlib.pyplot as plt
import pandas as pd

results = pd.DataFrame(search.cv_results_["params"]).rename(columns=lambda name: name[5:])
results["loss"] = -search.cv_results_["mean_test_score"]
low, high = results["loss"].min(), results["loss"].quantile(0.7)

fig, panels = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
for ax, (dropout, part) in zip(panels, results.groupby("dropout"), strict=True):
    table = part.pivot(index="learning_rate_init", columns="l2", values="loss")
    rates, penalties, table = table.index, table.columns, table.to_numpy()
    image = ax.imshow(table, cmap="viridis_r", vmin=low, vmax=high, aspect="auto")
    for i, j in np.ndindex(table.shape):
        dark = table[i, j] > (low + high) / 2
        ax.text(j, i, f"{table[i, j]:.3f}", ha="center", va="center", color="w" if dark else "k")
    ax.set_xticks(range(len(penalties)), penalties)
    ax.set_yticks(range(len(rates)), rates)
    ax.set(xlabel="l2", title=f"dropout = {dropout}")
    ax.grid(False)
panels[0].set_ylabel("learning_rate_init")
fig.colorbar(image, ax=panels, label="log loss in cross-validation", extend="max")
plt.show()

# %%
# Only now the rows that were kept aside.

from sklearn.metrics import classification_report

print(classification_report(y_test, search.predict(X_test)))

# %%
# And a file, which holds scaler and network and no code.

import tempfile
from pathlib import Path

import sknn.io

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "producers.sknn")
    sknn.io.save(search.best_estimator_, path)
    again = sknn.io.load(path)
    size = path.stat().st_size

print(f"{size / 1024:.0f} KiB,", (again.predict(X_test) == search.predict(X_test)).all())
