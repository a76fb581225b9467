"""Which features matter, found with networks."""

from ._rank_stability import RankStabilitySelector

__all__ = ["RankStabilitySelector"]
