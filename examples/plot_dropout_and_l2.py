"""
Dropout against L2
==================

150 patients to train on, 30 measurements of each, and 64 hidden units: a network can learn these
rows by heart. Which remedy works better, and how strong should it be? Sixteen seeds for each
setting, since one seed may say anything; all 160 networks train together.
"""

# %%
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier, fit_many

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=150, stratify=y, random_state=0
)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)

mlp = ScratchMLPClassifier(
    (64,), l2=0, learning_rate_init=0.01, max_iter=150, n_iter_no_change=np.inf
)
settings = [
    *({"dropout": rate} for rate in (0, 0.2, 0.4, 0.6, 0.8)),
    *({"l2": strength} for strength in (0.001, 0.003, 0.01, 0.03, 0.1)),
]
seeds = range(16)
models = fit_many(
    [clone(mlp).set_params(**s, random_state=seed) for s in settings for seed in seeds],
    X_train,
    y_train,
)
losses = np.array([log_loss(y_test, model.predict_proba(X_test)) for model in models])
losses = losses.reshape(len(settings), len(seeds))

# %%
# On this table L2 is the remedy: 0.03 halves the loss. Dropout alone makes matters worse. It
# keeps units from relying on each other, and does not keep the network from becoming ever surer
# of itself. Each dot is a seed.

import matplotlib.pyplot as plt

fig, panels = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
rng = np.random.default_rng(0)
parts = (("dropout", slice(0, 5)), ("l2", slice(5, 10)))
for ax, (name, part) in zip(panels, parts, strict=True):
    for i, values in enumerate(losses[part]):
        ax.plot(i + rng.uniform(-0.12, 0.12, len(values)), values, "o", color="C0", alpha=0.45)
        ax.plot([i - 0.25, i + 0.25], [values.mean()] * 2, color="C1", lw=2.5)
    ax.axhline(losses[0].mean(), ls=":", color="gray", zorder=0)
    ax.set_xticks(range(5), [setting[name] for setting in settings[part]])
    ax.set(xlabel=name, ylim=(0, None))
panels[0].set(ylabel="log loss on new rows", title="Dropout")
panels[1].set_title("L2")
panels[1].text(4.4, losses[0].mean() * 1.02, "neither", ha="right", va="bottom", color="gray")
plt.show()

# %%
# What happens while training: the validation loss of one network each. Early stopping would have
# saved the first one.

fig, ax = plt.subplots(figsize=(7, 3.6))
for label, setting in (
    ("neither", {}),
    ("dropout 0.6", {"dropout": 0.6}),
    ("l2 0.03", {"l2": 0.03}),
):
    model = clone(mlp).set_params(**setting, random_state=0)
    history = model.fit(X_train, y_train, X_val=X_test, y_val=y_test).history_
    (line,) = ax.plot(history["valid_loss"], label=f"{label}: new rows")
    ax.plot(history["train_loss"], ls=":", color=line.get_color())
ax.set(xlabel="epoch", ylabel="loss", ylim=(0, 0.5), title="Dotted: training rows")
ax.legend()
plt.show()
