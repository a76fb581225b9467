"""
Probabilities that can be believed
==================================

A network that was trained for too long is right about as often as before, and far surer of itself.
Three remedies, seen in a reliability curve: of all rows for which a network says 80 %, are 80 % of
that class?
"""

# %%
# Train on 150 patients, test on 419. The first network is trained without a penalty, for 150
# epochs.

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier, ScratchMLPEnsembleClassifier

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=150, stratify=y, random_state=0
)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)

settings = dict(learning_rate_init=0.01, max_iter=150, n_iter_no_change=np.inf, random_state=0)
too_long = ScratchMLPClassifier((64,), l2=0, **settings)
models = {
    "trained for too long": too_long,
    "mean of 20 networks": ScratchMLPEnsembleClassifier(too_long, n_estimators=20, random_state=0),
    "one temperature": CalibratedClassifierCV(too_long, method="temperature", cv=3),
    "l2 = 0.03": ScratchMLPClassifier((64,), l2=0.03, **settings),
}
probabilities = {
    name: model.fit(X_train, y_train).predict_proba(X_test)[:, 1] for name, model in models.items()
}

# %%
# The accuracies hardly differ. The log losses do, and the histogram says why: the first network
# has almost no doubts, though it has reasons for them.

import matplotlib.pyplot as plt

fig, panels = plt.subplots(2, 4, figsize=(11, 5.2), height_ratios=(2, 1), sharex=True, sharey="row")
edges = np.array([0, 0.02, 0.1, 0.3, 0.7, 0.9, 0.98, 1])
for (above, below), (name, p) in zip(panels.T, probabilities.items(), strict=True):
    bins = np.digitize(p, edges[1:-1])
    said = [p[bins == b].mean() for b in np.unique(bins)]
    was = [y_test[bins == b].mean() for b in np.unique(bins)]
    above.plot([0, 1], [0, 1], ":", color="gray")
    above.plot(said, was, "o-")
    above.set_title(name)
    accuracy, loss = ((p > 0.5) == y_test).mean(), log_loss(y_test, p)
    above.text(0.97, 0.03, f"log loss {loss:.3f}\naccuracy {accuracy:.3f}", ha="right")
    below.hist(p, bins=np.linspace(0, 1, 21), color="#9a9a9a")
    below.set(yscale="log", xlabel="probability of benign")
panels[0, 0].set_ylabel("share that is benign")
panels[1, 0].set_ylabel("rows")
plt.show()
