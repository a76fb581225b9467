"""What every update rule has: pieces that stay in the cache, rates by part, the proximal step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sknn.training import FloatArray, IntArray, Parameters, Plan

from ._proximal import ProximalStep

# Numbers that one pass handles before the next pass comes: all arrays of a step's passes over
# such a piece stay in the cache together.
PIECE = 65536


class Optimizer(ABC):
    """A rule that moves parameters against a gradient.

    Parameters
    ----------
    plans : sequence of Plan of length K
        Where the settings come from.
    parameters, gradients : Parameters of K models
        Updated and read in place.
    slots : dict of str to ndarray of shape (K, P)
        What the rule remembers between steps; see `slot_names`.

    Attributes
    ----------
    reach : ndarray of shape (n_steps, K)
        In float64. A constant gradient g moves a weight by ``reach * g`` in a step in the end,
        or by ``reach * g / metric`` where the rule has a metric: by as much, per unit of their
        strength, penalties with a corner pull.

    Examples
    --------
    `plan` is that of `Plan`'s example. A rule of your own, which has eyes for signs only:

    >>> import numpy as np
    >>> from sknn.backprop import OPTIMIZERS, Optimizer
    >>> from sknn.training import NetworkSpec, Parameters
    >>> sorted(OPTIMIZERS)
    ['adam', 'adamw', 'rmsprop', 'sgd']
    >>> class SignSGD(Optimizer):
    ...     slot_names = ()
    ...     has_metric = False
    ...
    ...     def _configure(self, plans):
    ...         pass
    ...
    ...     def _update(self, i, part, *piece):
    ...         values, gradient, *_ = piece
    ...         values -= self.learning_rate[part][i] * np.sign(gradient)
    >>> parameters = Parameters(np.array([[1.0, 2.0]]), NetworkSpec((1, 1)).layout)
    >>> gradients = Parameters(np.array([[50.0, -0.01]]), NetworkSpec((1, 1)).layout)
    >>> optimizer = SignSGD([plan], parameters, gradients, slots={})
    >>> optimizer.begin_epoch(learning_rates=np.array([[0.1]]), n_updates=np.array([0]))
    >>> optimizer.step(0)
    >>> parameters.values.round(3)
    array([[0.9, 2.1]])
    """

    slot_names: ClassVar[tuple[str, ...]]
    has_metric: ClassVar[bool] = True

    def __init__(
        self,
        plans: Sequence[Plan],
        parameters: Parameters,
        gradients: Parameters,
        slots: Mapping[str, FloatArray],
    ) -> None:
        self.parameters, self.slots = parameters, slots
        self.dtype = parameters.values.dtype
        self.factors = [factor for _, factor in parameters.layout.rates]
        self.learning_rate: list[FloatArray] = []
        self.reach: NDArray[np.float64] = np.empty((0, 0))
        self.proximal = ProximalStep.of(plans, parameters, self.has_metric)
        arrays = [parameters.values, gradients.values, *(slots[n] for n in self.slot_names)]
        keeps_metric = self.has_metric and self.proximal is not None
        parts = [part for part, _ in parameters.layout.rates]
        self.pieces = list(_pieces(arrays, parts, keeps_metric))
        self._configure(plans)

    @abstractmethod
    def _configure(self, plans: Sequence[Plan]) -> None:
        """Read this rule's settings out of the plans."""

    @classmethod
    def zero_slots(cls, values: FloatArray) -> dict[str, FloatArray]:
        """The memory of a rule that has not stepped yet."""
        return {name: np.zeros_like(values) for name in cls.slot_names}

    def begin_epoch(self, learning_rates: NDArray[np.float64], n_updates: IntArray) -> None:
        """Prepare the coefficients of an epoch.

        Parameters
        ----------
        learning_rates : ndarray of shape (n_steps, K)
        n_updates : ndarray of shape (K,)
            Updates that each model has had before.
        """
        self.learning_rate = self._by_part(learning_rates)
        self.reach = self._reach(learning_rates, n_updates)
        if self.proximal is not None:
            self.proximal.begin_epoch(self.reach)

    def _by_part(self, rates: NDArray[np.float64]) -> list[FloatArray]:
        """The rates (n_steps, K, 1) of each part of the parameters that has rates of its own."""
        return [(rates * factor)[:, :, None].astype(self.dtype) for factor in self.factors]

    def _reach(
        self, learning_rates: NDArray[np.float64], n_updates: IntArray
    ) -> NDArray[np.float64]:
        return learning_rates

    def step(self, i: int) -> None:
        """Make update i of the epoch, i from 0, and the proximal step after it."""
        if self.proximal is None:
            for part, piece in self.pieces:
                self._update(i, part, *piece)
            return
        start = 0
        for part, piece in self.pieces:
            self._update(i, part, *piece)
            values, scratch, metric = piece[0], piece[-2], piece[-1]
            # While the piece is still in the cache.
            self.proximal.after_piece(
                i, start, values, metric if self.has_metric else None, scratch
            )
            start += values.shape[1]
        self.proximal.after_step(i)

    def end_epoch(self) -> None:  # noqa: B027  # most rules have nothing to tidy up
        """Called after the last update of an epoch."""

    @abstractmethod
    def _update(self, i: int, part: int, *piece: FloatArray) -> None:
        """Update a piece: parameters, gradient, one array per slot, scratch, metric.

        Its rate is ``self.learning_rate[part][i]``. A rule with a metric leaves it in the last,
        which is scratch too where nobody asks for it.
        """


def _pieces(
    arrays: Sequence[FloatArray], parts: Sequence[slice], keeps_metric: bool
) -> Iterator[tuple[int, tuple[FloatArray, ...]]]:
    """Cut arrays of shape (K, P) into column ranges, and lend all of them scratch and metric.

    A piece is of one part, whose number it comes with. Scratch and metric are one array, unless the
    metric is to be kept.
    """
    n_models, n_params = arrays[0].shape
    width = max(1, min(n_params, PIECE // n_models))
    scratch = np.empty((n_models, width), arrays[0].dtype)
    metric = np.empty_like(scratch) if keeps_metric else scratch
    for number, part in enumerate(parts):
        for start in range(part.start, part.stop, width):
            stop = min(start + width, part.stop)
            views = [array[:, start:stop] for array in arrays]
            yield number, (*views, scratch[:, : stop - start], metric[:, : stop - start])
