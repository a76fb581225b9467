"""What width, depth, normalization and residual connections do to the networks of the study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sknn.studies._yeast_protocol import RANDOM_STATE

if TYPE_CHECKING:
    import pandas as pd

LEVELS = ["depth", "width", "variant", "split", "seed"]
FIGURES = ["accuracy", "macro_f1", "log_loss"]


@dataclass(frozen=True)
class YeastArchitectures:
    """Networks of three widths and four depths, with and without normalization and residuals.

    A *variant* is what a network of some depth and width is trained as: ``"all_epochs"`` as the
    document trains, to the last epoch; all others end after more than 50 epochs without a lower
    validation loss, at the weights of the lowest: ``"plain"``, ``"residual"``, ``"batch"`` and
    ``"layer"`` (normalization), ``"batch_residual"`` and ``"layer_residual"``.

    Parameters
    ----------
    runs : DataFrame of shape (n_runs, 5)
        A row for each training: ``accuracy``, ``macro_f1`` and ``log_loss`` on the test rows, the
        number of ``epochs``, and the ``seconds`` that it took. Networks that train together share
        the time of each epoch. Indexed by ``depth``, ``width``, ``variant``, ``split`` and
        ``seed``; split 42 is the document's.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn.studies import YeastArchitectures
    >>> names = ["depth", "width", "variant", "split", "seed"]
    >>> index = [(2, 32, "plain", 42, 0), (2, 32, "plain", 42, 1), (2, 32, "batch", 42, 0)]
    >>> found = {
    ...     "accuracy": [0.60, 0.62, 0.65],
    ...     "macro_f1": [0.50, 0.52, 0.55],
    ...     "log_loss": [1.1, 1.1, 1.0],
    ...     "epochs": [300, 340, 200],
    ...     "seconds": [0.3, 0.4, 0.5],
    ... }
    >>> runs = pd.DataFrame(found, index=pd.MultiIndex.from_tuples(index, names=names))
    >>> frame = YeastArchitectures(runs).to_frame()
    >>> print(frame.loc[(2, 32, "plain"), ("accuracy", "mean")].round(2))
    0.61
    """

    runs: pd.DataFrame

    @property
    def has_other_splits(self) -> bool:
        """Whether there are trainings on other splits than the document's."""
        return len(self._over("splits")) > 0

    def to_frame(self, over: Literal["seeds", "splits"] = "seeds") -> pd.DataFrame:
        """Mean and standard deviation of every figure of every network.

        Parameters
        ----------
        over : {"seeds", "splits"}, default="seeds"
            Over the seeds on the document's split, or over the other splits.

        Returns
        -------
        frame : DataFrame of shape (75, 10)
            Indexed by ``depth``, ``width`` and ``variant``. Columns have two levels: the figures
            of `runs`, and ``mean`` and ``sd``.
        """
        return _spreads(self._over(over), ["depth", "width", "variant"])

    def deeper(self, over: Literal["seeds", "splits"] = "seeds") -> pd.DataFrame:
        """What more hidden layers change: each network compared with that of one hidden layer.

        Parameters
        ----------
        over : {"seeds", "splits"}, default="seeds"
            Over the seeds on the document's split, or over the other splits.

        Returns
        -------
        frame : DataFrame of shape (n_rows, 8)
            Indexed by ``depth`` and ``variant``, of the variants that one layer can have. For
            ``accuracy``, ``macro_f1`` and ``log_loss`` ``mean`` and ``sd`` of the difference, for
            ``seconds`` of the ratio, between networks of equal width, variant, seed and split;
            averaged over the widths for each seed and split.
        """
        runs = self._over(over)
        return _changes(runs, runs[runs.index.get_level_values("depth") == 1].droplevel("depth"))

    def gains(self, over: Literal["seeds", "splits"] = "seeds") -> pd.DataFrame:
        """What each variant changes: each network compared with the plain one.

        Parameters
        ----------
        over : {"seeds", "splits"}, default="seeds"
            Over the seeds on the document's split, or over the other splits.

        Returns
        -------
        frame : DataFrame of shape (n_rows, 8)
            As that of `deeper`, between networks of equal depth, width, seed and split.
        """
        runs = self._over(over)
        return _changes(
            runs, runs[runs.index.get_level_values("variant") == "plain"].droplevel("variant")
        )

    def _over(self, over: str) -> pd.DataFrame:
        if over not in ("seeds", "splits"):
            raise ValueError(f"`over` must be 'seeds' or 'splits', got {over!r}")
        is_own = self.runs.index.get_level_values("split") == RANDOM_STATE
        return self.runs[is_own if over == "seeds" else ~is_own]


def _changes(runs: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Spreads of differences and ratios to the runs that agree in all levels they have."""
    beside = runs[[]].join(reference, on=[n for n in LEVELS if n in reference.index.names])
    changes = runs[FIGURES] - beside[FIGURES]
    changes["seconds"] = runs["seconds"] / beside["seconds"]
    changes = changes.dropna()
    levels = ["depth", "variant", "split", "seed"]
    return _spreads(changes.groupby(level=levels, sort=False).mean(), ["depth", "variant"])


def _spreads(runs: pd.DataFrame, levels: list[str]) -> pd.DataFrame:
    """Mean and standard deviation of every column, in groups by some levels of the index."""
    grouped = runs.astype(np.float64).groupby(level=levels, sort=False)
    frame = grouped.agg(["mean", "std"]).rename(columns={"std": "sd"})
    frame.columns = frame.columns.set_names(["figure", "statistic"])
    return frame
