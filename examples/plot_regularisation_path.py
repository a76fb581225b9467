"""
From thirty features to none
============================

Thirty measurements of a tumour, and the question which of them a network needs. A penalty on whole
features grows step by step, and the network goes on from where it was: those that it can best do
without leave first. Cross-validation says how many it takes.
"""

# %%
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPFeatureSelector, RegularizationPath, ScratchMLPClassifier

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
scaler = StandardScaler().set_output(transform="pandas")
path = RegularizationPath(n_lambdas=25, random_state=0)
path.fit(scaler.fit_transform(X_train), y_train)
print(f"{path.support_.sum()} of {len(path.support_)}:", ", ".join(X.columns[path.support_]))

# %%
# Each line is a measurement, and how large its weights are while the penalty grows to the right.
# Below, the loss on held-out rows: flat for a long way, since most measurements repeat what
# others say. The choice is the strongest penalty whose loss is within a standard error of the
# least.

from sknn.inspection import RegularizationPathDisplay

RegularizationPathDisplay.from_path(path)

# %%
# In a Pipeline the selector is fitted on the training rows of each fold alone, so this
# comparison is an honest one.

mlp = ScratchMLPClassifier(
    (32,), l2=0.01, learning_rate_init=0.01, max_iter=60, n_iter_no_change=np.inf, random_state=0
)
selector = MLPFeatureSelector(n_lambdas=12, cv=3, random_state=0)
for name, model in {
    "all thirty": make_pipeline(StandardScaler(), mlp),
    "selected": make_pipeline(StandardScaler(), selector, mlp),
}.items():
    losses = -cross_val_score(model, X, y, cv=3, scoring="neg_log_loss")
    print(f"{name:12} log loss {losses.mean():.3f}")

# %%
# Five of thirty measurements do nearly as well. They are not better: a network with a little L2
# copes with the others, and what selection buys is a shorter list.
