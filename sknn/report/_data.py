"""The rows that a report is about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sknn.report._blocks import Picture, Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Data(ABC):
    """Rows to measure on, and the rows that were trained on, if they are known.

    Where the rows that were trained on are not known, nothing is said to be held out.
    """

    target: str
    X: pd.DataFrame
    y: NDArray[Any]
    X_train: pd.DataFrame | None
    y_train: NDArray[Any] | None

    @property
    @abstractmethod
    def predicted(self) -> str:
        """What is predicted, in words."""

    @abstractmethod
    def target_table(self) -> Table:
        """What the target holds, in figures."""

    @abstractmethod
    def target_pictures(self) -> list[Picture]:
        """The same, drawn; none where there is nothing to see."""

    @property
    def described(self) -> pd.DataFrame:
        """The rows that tables and figures of the data are about."""
        return self.X if self.X_train is None else self.X_train

    @property
    def described_y(self) -> NDArray[Any]:
        """Their targets."""
        return self.y if self.y_train is None else self.y_train

    @property
    def described_name(self) -> str:
        """What to call them."""
        return "table" if self.X_train is None else "training rows"

    @cached_property
    def has_twin(self) -> NDArray[np.bool_]:
        """Which held-out rows stand among the training rows word for word, shape (n_rows,)."""
        if self.X_train is None:
            return np.zeros(len(self.X), dtype=bool)
        import pandas as pd

        known = pd.util.hash_pandas_object(self.X_train, index=False)
        return pd.util.hash_pandas_object(self.X, index=False).isin(known).to_numpy()
