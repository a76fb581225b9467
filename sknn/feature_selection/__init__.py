"""Which features matter, found with networks."""

from ._mlp_selector import MLPFeatureSelector
from ._path import RegularizationPath
from ._rank_stability import RankStabilitySelector

__all__ = ["MLPFeatureSelector", "RankStabilitySelector", "RegularizationPath"]
