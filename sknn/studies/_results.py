"""What results of every study are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Spread:
    """A figure over several runs.

    Parameters
    ----------
    mean : float
        Its mean.

    sd : float
        Its sample standard deviation (n − 1 in the denominator); NaN for a single run.

    lowest : float
        Its lowest value.

    highest : float
        Its highest value.

    Examples
    --------
    >>> from sknn.studies import Spread
    >>> Spread.of([0.25, 0.5, 0.75])
    Spread(mean=0.5, sd=0.25, lowest=0.25, highest=0.75)
    """

    mean: float
    sd: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: ArrayLike) -> Self:
        """Sum up one value a run.

        Parameters
        ----------
        values : array-like of shape (n_runs,)
            The values, at least one.

        Returns
        -------
        spread : Spread
            Their mean, standard deviation and range.
        """
        values = np.asarray(values, dtype=np.float64)
        sd = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        return cls(float(values.mean()), sd, float(values.min()), float(values.max()))


@dataclass(frozen=True)
class FitProgress:
    """Handed to a study's ``progress`` after each fit.

    Parameters
    ----------
    done : int
        Fits finished so far, this one among them.

    total : int
        Fits in the whole study.

    model : str
        Title of the model that was fitted.

    seed : int or None, default=None
        Its seed; None if that does not matter.

    accuracy : float or None, default=None
        Its accuracy on the test rows; None if that was not looked at.
    """

    done: int
    total: int
    model: str
    seed: int | None = None
    accuracy: float | None = None


def check_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """The seeds that were asked for: the first so many, or those given."""
    if isinstance(seeds, int | np.integer):
        return tuple(range(seeds))
    chosen = list(seeds)
    valid = all(isinstance(seed, int | np.integer) and 0 <= seed < 2**32 for seed in chosen)
    if not chosen or not valid or len(set(chosen)) < len(chosen):
        raise ValueError(
            "`seeds` must be an int of at least 1, or different ints from 0 to 2**32 - 1, "
            f"got {seeds!r}"
        )
    return tuple(int(seed) for seed in chosen)
