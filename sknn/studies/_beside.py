"""Every figure of a document beside ours, and ours with one engine beside those with the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    epochs : (int, int)
        For how many epochs the document trained, and for how many we did.
    rerun : float or None
        The mean of an independent re-run, where there is one.
    """

    model: str
    name: str
    printed: float
    ours: ArrayLike
    half_unit: float
    epochs: tuple[int, int]
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
                "explanation": "" if inside else _explanation(figure, reasons),
            }
        )
    return pd.DataFrame(rows).set_index(["model", "figure"])


def _explanation(figure: Figure, reasons: Mapping[tuple[str, str], str]) -> str:
    """Why ours lies elsewhere: first of all because it is not the same training."""
    theirs, ours = figure.epochs
    known = reasons.get((figure.model, figure.name))
    if theirs == ours:
        return known or UNEXPLAINED
    kind = "shorter" if ours < theirs else "longer"
    reason = f"a {kind} run here, {ours} epochs in place of the document's {theirs:,}"
    return f"{reason}; besides, {known}" if known else reason


def beside_other(result: Any, other: Any, figures: Iterable[str]) -> pd.DataFrame:
    """Lay figures of a study's result beside those of another result of the same study.

    Parameters
    ----------
    result, other : ProducersResult or YeastResult
        Both of the same study, with the same seeds.
    figures : iterable of str
        What the models' ``values`` know.

    Returns
    -------
    frame : DataFrame of shape (n_figures, 5)
        Indexed by ``model`` and ``figure``; models that either lacks, and figures that there are
        none of, are left out.

    Raises
    ------
    TypeError
        If `other` is not of the same study.
    ValueError
        If its seeds are others.
    """
    import pandas as pd

    if type(other) is not type(result):
        kind = type(result).__name__
        raise TypeError(f"`other` must be a {kind}, got {type(other).__name__}")
    if other.seeds != result.seeds:
        raise ValueError(f"`other` must be of seeds {result.seeds}, got {other.seeds}")
    theirs = {model.name: model for model in other}
    rows = {}
    for model in result:
        for figure in figures if model.name in theirs else ():
            own, others = model.values(figure), theirs[model.name].values(figure)
            if not np.isnan(own).all():
                spread, spread_of_other = Spread.of(own), Spread.of(others)
                rows[model.name, figure] = {
                    "mean": spread.mean,
                    "sd": spread.sd,
                    "other_mean": spread_of_other.mean,
                    "other_sd": spread_of_other.sd,
                    "largest_difference": float(np.abs(own - others).max()),
                }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["model", "figure"])
