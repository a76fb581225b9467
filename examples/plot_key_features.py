"""
Three hundred refits: which measurements give a producer away?
==============================================================

One training of a network ranks its features by chance as well as by worth. So the network is
trained 300 times, each time with another seed and on other rows, and each time the 13 measurements
are ranked by the sizes of their weights in the first layer.
"""

# %%
# :class:`~sknn.feature_selection.RankStabilitySelector` does it, in stacks. With ``subsample``
# each refit sees half of the rows, which makes it stability selection.

import time

from sklearn.preprocessing import StandardScaler

from sknn import RankStabilitySelector
from sknn.datasets import load_producers

X, y = load_producers(return_X_y=True, as_frame=True)
X = StandardScaler().set_output(transform="pandas").fit_transform(X)

start = time.perf_counter()
selector = RankStabilitySelector(
    n_refits=300, n_features_to_select=4, subsample=0.5, random_state=0
).fit(X, y)
print(f"300 refits in {time.perf_counter() - start:.1f} s")
print("selected:", ", ".join(selector.get_feature_names_out()))

# %%
# Each row of the picture is a measurement, each column a rank, and the number says in how many
# of the 300 refits it had that rank. Proline is among the first four in nearly all of them, and
# the end of the list is as clear. In the middle, a single training would have told a story of
# its own.

from sknn.inspection import FeatureDistributionDisplay, FeatureRankDisplay

FeatureRankDisplay.from_estimator(selector)

# %%
# How the measurements are distributed, producer by producer, the most important first.

FeatureDistributionDisplay.from_estimator(
    selector, X, y, class_names=["producer 1", "producer 2", "producer 3"]
)

# %%
# Those that are kept, and in which share of the refits they were among the first four:

for place in selector.mean_rank_.argsort()[:6]:
    kept = "kept" if selector.support_[place] else ""
    print(f"{X.columns[place]:30} {selector.selection_probability_[place]:.2f} {kept}")
