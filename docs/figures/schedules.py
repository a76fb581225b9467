"""What each schedule multiplies `learning_rate_init` by."""

import matplotlib.pyplot as plt
import numpy as np

from sknn.training import constant, cosine, invscaling, onecycle

step = np.arange(1000)
factors = {
    "constant": (constant(step), "#6F6F6F"),
    "cosine": (cosine(step, 1000), "#0072B2"),
    "onecycle": (onecycle(step, 1000), "#D55E00"),
    "invscaling, power_t=0.25": (invscaling(step // 10 * 100, 0.25), "#009E73"),
}
figure, axes = plt.subplots(figsize=(7, 3))
for name, (factor, color) in factors.items():
    axes.plot(step / 10, factor, label=name, color=color)
axes.set(xlabel="epoch", ylabel="factor", xlim=(0, 100), ylim=(0, 1.08))
axes.legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.68))
axes.spines[["top", "right"]].set_visible(False)
