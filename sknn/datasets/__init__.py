"""The two tables of the studies, as scikit-learn's own loaders return theirs."""

from sknn.datasets._producers import load_producers
from sknn.datasets._yeast import load_yeast

__all__ = ["load_producers", "load_yeast"]
