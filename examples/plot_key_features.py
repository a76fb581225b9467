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

import numpy as np
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

import matplotlib.pyplot as plt

order = np.argsort(selector.mean_rank_)
counts = selector.rank_counts_[order]
fig, (ax, bars) = plt.subplots(1, 2, figsize=(10, 5), width_ratios=(3, 1), sharey=True)
ax.imshow(counts, cmap="Blues", aspect="auto", vmax=counts.max())
for i, j in np.ndindex(counts.shape):
    if counts[i, j]:
        shade = "w" if counts[i, j] > counts.max() / 2 else "k"
        ax.text(j, i, counts[i, j], ha="center", va="center", fontsize=8, color=shade)
ax.set_xticks(range(13), range(1, 14))
ax.set_yticks(range(13), X.columns[order])
ax.set(xlabel="rank", title="How often each measurement had each rank")
ax.grid(False)
probability = selector.selection_probability_[order]
bars.barh(range(13), probability, color=["C1" if p >= 0.5 else "#9a9a9a" for p in probability])
bars.set(xlim=(0, 1), xlabel="share of refits", title="Among the first four")
bars.grid(axis="y", visible=False)
plt.show()
