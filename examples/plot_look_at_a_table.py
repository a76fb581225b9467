"""
A look at a table before training
=================================

Four pictures that take a line each: what the columns look like, how many rows each class has,
which columns say the same, and how the classes differ. The table is that of the producers.
"""

# %%
# The columns. Some have long tails, and all have scales of their own: proline goes to 1,680, hue to
# 1.7. A network wants them scaled.

from sknn.datasets import load_producers
from sknn.inspection import (
    ClassBalanceDisplay,
    CorrelationDisplay,
    FeatureDistributionDisplay,
    FeatureHistogramDisplay,
)

X, y = load_producers(return_X_y=True, as_frame=True)
names = ["producer 1", "producer 2", "producer 3"]
FeatureHistogramDisplay.from_data(X)

# %%
# The classes are of about one size. No need to weigh them.

ClassBalanceDisplay.from_labels(y, class_names=names)

# %%
# Columns that say the same: flavanoids and total phenols. A ranking of features by what is lost
# without one of them will make either look unimportant.

CorrelationDisplay.from_data(X)

# %%
# And how the classes differ. No column tells all three apart; proline and flavanoids together
# nearly do.

FeatureDistributionDisplay.from_data(
    X[["proline", "flavanoids", "color intensity", "ash"]], y, class_names=names
)
