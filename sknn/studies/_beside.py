"""Every figure of a document beside ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sknn.studies._results import Spread

if TYPE_CHECKING:
    import pandas as pd

UNEXPLAINED = "one run there, other seeds here: no cause is known"


@dataclass(frozen=True)
class Figure:
    """A figure that a document prints, and the same for each of our seeds.

    Parameters
    ----------
    model : str
        Short name of the model.
    name : str
        What the figure is.
    printed : float
        The document's.
    ours : array-like of shape (n_seeds,)
        Ours.
    half_unit : float
        Half a unit of the last digit that the document prints.
    rerun : float or None
        The mean of an independent re-run, where there is one.
    """

    model: str
    name: str
    printed: float
    ours: ArrayLike
    half_unit: float
    rerun: float | None = None


def beside(figures: Iterable[Figure], reasons: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """Lay figures of a document beside ours.

    Parameters
    ----------
    figures : iterable of Figure
        What the document prints.
    reasons : dict of (str, str) to str
        Why ours lies elsewhere, by model and figure.

    Returns
    -------
    frame : DataFrame of shape (n_figures, 8)
        Indexed by ``model`` and ``figure``: the ``document``'s, the ``mean``, ``sd``, ``lowest``
        and ``highest`` of ours, the mean of the ``rerun``, whether the document's lies ``inside``
        our range, but for rounding, and if it does not, the ``explanation``.
    """
    import pandas as pd

    rows = []
    for figure in figures:
        ours = Spread.of(figure.ours)
        # What rounding leaves of a float's last bits should not decide.
        slack = figure.half_unit * (1 + 1e-9)
        inside = ours.lowest - slack <= figure.printed <= ours.highest + slack
        reason = reasons.get((figure.model, figure.name), UNEXPLAINED)
        rows.append(
            {
                "model": figure.model,
                "figure": figure.name,
                "document": figure.printed,
                "mean": ours.mean,
                "sd": ours.sd,
                "lowest": ours.lowest,
                "highest": ours.highest,
                "rerun": np.nan if figure.rerun is None else figure.rerun,
                "inside": inside,
                "explanation": "" if inside else reason,
            }
        )
    return pd.DataFrame(rows).set_index(["model", "figure"])
