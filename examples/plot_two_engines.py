"""
NumPy and PyTorch in step
=========================

:class:`~sknn.estimators.ScratchMLPClassifier` and :class:`~sknn.estimators.TorchMLPClassifier`
are one estimator with two engines. From equal seeds they have equal initial weights and see the
rows in equal order. Then they may differ only by rounding, since one does with NumPy what the
other does by PyTorch's automatic differentiation. How far apart are they after some hundred
updates?
"""

# %%
# A callback notes the weights after each epoch. It is scikit-learn's kind of callback, and works
# for both.

import numpy as np
from sklearn.datasets import load_digits

from sknn import ScratchMLPClassifier, TorchMLPClassifier


class NoteWeights:
    """Keeps the weights of the first layer after every epoch."""

    def __init__(self):
        self.weights = []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.weights.append(fitted_estimator.coefs_[0].copy())

    def teardown(self, estimator, context):
        pass


X, y = load_digits(return_X_y=True)
X, y = X[:600] / 16, y[:600]


def path(Classifier, dtype, **more):
    """The weights of the first layer, epoch by epoch."""
    note = NoteWeights()
    mlp = Classifier(
        (32,),
        batch_size=60,
        max_iter=60,
        n_iter_no_change=np.inf,
        dtype=dtype,
        random_state=0,
        **more,
    )
    mlp.set_callbacks(note).fit(X, y)
    return np.array(note.weights)


# %%
# The differences stay near the limits of the formats: 600 updates later all weights agree to
# fourteen digits in float64, and to six in float32.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(7.5, 4))
for dtype, color in (("float32", "C1"), ("float64", "C0")):
    scratch, torch = (
        path(ScratchMLPClassifier, dtype),
        path(TorchMLPClassifier, dtype, device="cpu"),
    )
    difference = np.abs(scratch - torch).max(axis=(1, 2))
    updates = 10 * np.arange(1, len(difference) + 1)
    ax.plot(updates, np.maximum(difference, 1e-17), color=color, label=dtype)
    ax.axhline(np.finfo(dtype).eps, color=color, ls=":", lw=1)
    ax.text(632, np.finfo(dtype).eps, f"ε of {dtype}", va="center", color=color, clip_on=False)
ax.set(yscale="log", xlim=(0, 630), ylim=(1e-17, 1e-3), xlabel="updates")
ax.set_ylabel("largest difference of a weight")
ax.set_title("ScratchMLPClassifier and TorchMLPClassifier, Adam")
ax.legend(loc="upper left")
plt.show()
