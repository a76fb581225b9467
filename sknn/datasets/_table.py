"""What a loader hands back: one form for every table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch


@dataclass(frozen=True)
class Table:
    """A labelled table.

    Parameters
    ----------
    data : ndarray of shape (n_samples, n_features)
        The features.

    target : ndarray of shape (n_samples,)
        The label of each row.

    feature_names : list of str
        Name of each column of ``data``.

    target_column : str
        Name of ``target`` as a column.

    target_names : list of str
        Name of each class, in the order of the sorted labels.

    description : str
        What the table is and where it is from.
    """

    data: NDArray[np.float64]
    target: NDArray[Any]
    feature_names: list[str]
    target_column: str
    target_names: list[str]
    description: str

    def to_bunch(self) -> Bunch:
        """Arrays, as a loader returns them by default.

        Returns
        -------
        bunch : Bunch
            With ``frame`` None.
        """
        return self._bunch(self.data, self.target, None)

    def to_frame_bunch(self) -> Bunch:
        """The same with pandas objects.

        Returns
        -------
        bunch : Bunch
            With ``frame`` the features and, as its last column, the target.
        """
        # A user of arrays does not wait for pandas to load.
        import pandas as pd

        frame = pd.DataFrame(self.data, columns=self.feature_names)
        frame[self.target_column] = self.target
        return self._bunch(frame[self.feature_names], frame[self.target_column], frame)

    def _bunch(self, data: Any, target: Any, frame: Any) -> Bunch:
        return Bunch(
            data=data,
            target=target,
            frame=frame,
            feature_names=list(self.feature_names),
            target_names=list(self.target_names),
            DESCR=self.description,
        )


def deliver(table: Table, *, return_X_y: bool, as_frame: bool) -> Bunch | tuple[Any, Any]:
    """Hand a table back in the form that the caller of a loader asked for.

    Parameters
    ----------
    table : Table
        The table.

    return_X_y : bool
        Whether to return ``(data, target)`` instead of a Bunch.

    as_frame : bool
        Whether the objects are pandas'.

    Returns
    -------
    bunch or (data, target) : Bunch or tuple
        The table.
    """
    bunch = table.to_frame_bunch() if as_frame else table.to_bunch()
    return (bunch.data, bunch.target) if return_X_y else bunch
