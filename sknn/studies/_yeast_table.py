"""The look at the yeast table that comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class YeastTable:
    """The look at the data that comes first.

    Parameters
    ----------
    X : DataFrame of shape (1484, 8)
        The features.

    y : Series of shape (1484,)
        The site of each protein.
    """

    X: pd.DataFrame
    y: pd.Series

    @property
    def class_counts(self) -> pd.Series:
        """Rows of each site, the most frequent first."""
        return self.y.value_counts()

    @property
    def n_missing(self) -> pd.Series:
        """Missing values of each feature."""
        return self.X.isna().sum()

    @property
    def correlation(self) -> pd.DataFrame:
        """Correlations of the features, shape (8, 8)."""
        return self.X.corr()

    @property
    def n_twins(self) -> int:
        """Rows whose features another row has too."""
        return int(self.X.duplicated(keep=False).sum())

    def describe(self) -> pd.DataFrame:
        """Count, mean, standard deviation and quartiles of each feature.

        Returns
        -------
        frame : DataFrame of shape (8, 8)
            As of :meth:`pandas.DataFrame.describe`.
        """
        return self.X.describe()
