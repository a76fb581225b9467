"""The tables of the studies, as scikit-learn's own loaders return theirs, and anyone's table."""

from sknn.datasets._producers import load_producers
from sknn.datasets._read_table import read_table
from sknn.datasets._yeast import load_yeast

__all__ = ["load_producers", "load_yeast", "read_table"]
