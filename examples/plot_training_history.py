"""
A training, epoch by epoch and batch by batch
=============================================

Every fit keeps a record, and two displays draw it: how loss and accuracy went, and how much the
batches of an epoch differ. 150 patients to train on, 419 to validate on, and no penalty.
"""

# %%
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier

X, y = load_breast_cancer(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, train_size=150, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train, X_val = scaler.transform(X_train), scaler.transform(X_val)

mlp = ScratchMLPClassifier(
    (64,),
    l2=0,
    learning_rate_init=0.01,
    batch_size=15,
    max_iter=60,
    n_iter_no_change=np.inf,
    record="batch",
    random_state=0,
)
mlp = mlp.fit(X_train, y_train, X_val=X_val, y_val=y_val)

# %%
# The validation loss is lowest after two epochs and then rises, while the accuracy hardly moves:
# the network gets no better, only surer of itself.

from sknn.inspection import TrainingHistoryDisplay

TrainingHistoryDisplay.from_estimator(mlp, name="no penalty")

# %%
# The same, with a penalty beside it.

penalised = clone(mlp).set_params(l2=0.03).fit(X_train, y_train, X_val=X_val, y_val=y_val)
models = {"no penalty": mlp, "l2 = 0.03": penalised}
TrainingHistoryDisplay.from_estimator(models)

# %%
# *Volatility* is the largest loss of a batch in an epoch less the smallest. It says how much a
# single step may be led astray.

from sknn.inspection import VolatilityDisplay

VolatilityDisplay.from_estimator(models, measure="loss")
