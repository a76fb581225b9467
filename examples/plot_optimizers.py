"""
Tmp
===

One.
"""

# %%
import matplotlib.pyplot as plt
from sknn.classifiers import ScratchMLPClassifier
m = ScratchMLPClassifier()
plt.plot([1, 2])
