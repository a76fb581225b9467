"""
Prediction intervals
====================

A forecast that is a single number does not say how far off it may be. Two losses learn that as
well: ``loss="quantile"`` predicts quantiles of the target, which never cross, and
``loss="gaussian"`` its mean and standard deviation. Are their intervals as wide as they should be?
"""

# %%
# The table of 442 diabetes patients: ten measurements, and the progression of the disease a year
# later. Half of the patients are the test set. So few training rows call for a strong penalty,
# dropout and few epochs: a network that memorises its training rows predicts intervals that are too
# narrow.

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)

levels = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
settings = dict(
    hidden_layer_sizes=(32,),
    l2=0.1,
    dropout=0.2,
    learning_rate="cosine",
    learning_rate_init=0.01,
    max_iter=60,
    n_iter_no_change=np.inf,
    random_state=0,
)
quantile = ScratchMLPRegressor(loss="quantile", quantiles=levels, **settings)
gaussian = ScratchMLPRegressor(loss="gaussian", **settings)
models = {
    "quantile": make_pipeline(StandardScaler(), quantile).fit(X_train, y_train),
    "gaussian": make_pipeline(StandardScaler(), gaussian).fit(X_train, y_train),
}

# %%
# The test patients in the order of their predicted medians. The legend compares the share that an
# interval should hold with the share of the observed values inside.

from sknn.inspection import PredictionIntervalDisplay

PredictionIntervalDisplay.from_estimator(models["quantile"], X_test, y_test)

# %%
# One network predicts all quantiles. Gradient-boosted trees need a model for each level, and their
# quantiles may cross. For so few rows the trees are small, and there are few of them.

from sklearn.ensemble import HistGradientBoostingRegressor

from sknn.inspection import QuantilePredictions

trees = [
    HistGradientBoostingRegressor(
        loss="quantile", quantile=level, max_iter=40, max_leaf_nodes=4, random_state=0
    ).fit(X_train, y_train)
    for level in levels
]
found = {
    name: QuantilePredictions.from_estimator(model, X_test, y_test, levels=levels)
    for name, model in models.items()
}
found["boosted trees"] = QuantilePredictions.from_predictions(
    y_test, np.column_stack([tree.predict(X_test) for tree in trees]), levels=levels
)
for name, one in found.items():
    crossings = (np.diff(one.quantiles, axis=1) < 0).any(axis=1).mean()
    print(
        f"{name:13}  pinball loss {one.pinball_loss:5.2f}  "
        f"80 % interval holds {one.coverages[0.8]:.0%}  rows that cross {crossings:.0%}"
    )

# %%
# Calibration shows on the test set which intervals are off. Bars are 95 % intervals for a share of
# 221 rows: where one reaches the diagonal, chance explains the distance. Only the widest interval
# tells the models apart. It should hold 90 % of the observed values, and holds 98 % with the
# quantile network and 84 % with the trees.

import matplotlib.pyplot as plt

from sknn.inspection import IntervalCalibrationDisplay

fig, axes = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
IntervalCalibrationDisplay(found).plot(axes[0])
IntervalCalibrationDisplay(found).plot(axes[1], kind="intervals")

# %%
# An interval can have another width for each row. Those of the Gaussian network grow with the
# prediction.

mean, std = models["gaussian"].predict(X_test, return_std=True)
order = np.argsort(mean)
for name, rows in zip(("lowest", "highest"), np.array_split(order, 3)[::2], strict=True):
    print(f"mean standard deviation, {name} third of the predictions: {std[rows].mean():.0f}")

PredictionIntervalDisplay.from_estimator(models["gaussian"], X_test, y_test, levels=[0.1, 0.5, 0.9])
plt.show()
