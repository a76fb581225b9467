"""
What a penalty leaves of a network
==================================

The first layer of a network, as a picture: a row for each measurement, a column for each hidden
unit. L2 makes weights small, L1 sets many to exactly zero, and the group penalty sets whole rows
to zero, and so chooses measurements.
"""

# %%
import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier
from sknn.datasets import load_producers

X, y = load_producers(return_X_y=True, as_frame=True)
X = StandardScaler().set_output(transform="pandas").fit_transform(X)
mlp = ScratchMLPClassifier(
    (24,), l2=0, learning_rate_init=0.01, max_iter=300, n_iter_no_change=np.inf, random_state=0
)
settings = {
    "l2 = 0.03": {"l2": 0.03},
    "l1 = 0.005": {"l1": 0.005},
    "group_l1 = 0.15": {"group_l1": 0.15},
}
models = {name: clone(mlp).set_params(**s).fit(X, y) for name, s in settings.items()}

# %%
import matplotlib.pyplot as plt

from sknn.inspection import NetworkDisplay

for name, model in models.items():
    display = NetworkDisplay.from_estimator(model, class_names=["1", "2", "3"])
    used = f"{model.selected_features_.sum()} of 13 measurements are used"
    display.figure_.suptitle(f"{name}: {used}", fontsize=11)
plt.show()

# %%
# All three classify their training rows about equally well:

for name, model in models.items():
    print(
        f"{name:16} accuracy {model.score(X, y):.3f}, loss {model.history_['train_loss'][-1]:.3f}"
    )
