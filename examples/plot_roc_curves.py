"""
ROC curves of a network
=======================

How well does a network tell three species of iris apart by their sepals alone? The petals, which
make the question easy, are left out. Probabilities come from cross-validation, so that every
flower is judged by a network that has not seen it.
"""

# %%
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPClassifier

iris = load_iris()
X, y = iris.data[:, :2], iris.target  # length and width of the sepals
model = make_pipeline(
    StandardScaler(),
    ScratchMLPClassifier(
        (32,), learning_rate_init=0.01, max_iter=100, n_iter_no_change=np.inf, random_state=0
    ),
)
folds = StratifiedKFold(10, shuffle=True, random_state=0)
probabilities = cross_val_predict(model, X, y, cv=folds, method="predict_proba")

# %%
# Each species against the rest, and their averages. Setosa is no problem. The other two overlap: to
# find nine in ten of the virginicas one has to accept more than a quarter of the other flowers as
# well.

from sknn.inspection import OneVsRestRocDisplay

OneVsRestRocDisplay.from_predictions(y, probabilities, class_names=list(iris.target_names))

# %%
# How far would these curves move with other flowers? A curve for each fold, their mean and their
# spread.

from sklearn.model_selection import cross_validate

results = cross_validate(model, X, y, cv=folds, return_estimator=True, return_indices=True)
OneVsRestRocDisplay.from_cv_results(results, X, y, class_names=list(iris.target_names))
