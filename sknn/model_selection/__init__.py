"""Searches over hyperparameters that train whole grids at once."""

from ._search import StackedGridSearchCV, StackedRandomizedSearchCV

__all__ = ["StackedGridSearchCV", "StackedRandomizedSearchCV"]
