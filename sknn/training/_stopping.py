"""When to stop: one rule, used by both engines and for every monitored value."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

SMALLEST_LEARNING_RATE = 1e-6


@dataclass
class EarlyStopping:
    """Counts epochs without improvement of one model's monitored value, where less is better.

    The value is the training objective, the validation loss, or minus the validation accuracy.
    An epoch counts as no improvement when it is not below the best by more than `tol`; training
    stops when the count exceeds `n_iter_no_change`. With `adaptive`, the learning rate is
    divided by 5 in place of stopping, until it is `SMALLEST_LEARNING_RATE` or less.

    Parameters
    ----------
    tol : float
        The least improvement that counts.
    n_iter_no_change : float
        Epochs without improvement that are allowed; infinity never stops.
    adaptive : bool, default=False
        Whether to divide the learning rate before giving up.
    monitor : str, default="objective"
        Name of the value.

    Examples
    --------
    The third epoch in a row that is not better by 0.01 is one too many. The best is noted anyway:

    >>> from sknn.training import EarlyStopping
    >>> rule = EarlyStopping(tol=0.01, n_iter_no_change=2)
    >>> for epoch, loss in enumerate([1.0, 0.8, 0.795, 0.8, 0.81], start=1):
    ...     print(rule.update(loss, epoch, learning_rate=0.1), rule.count, rule.stopped)
    True 0 False
    True 0 False
    True 1 False
    False 2 False
    False 3 True
    >>> rule.best, rule.best_epoch
    (0.795, 3)
    """

    tol: float
    n_iter_no_change: float
    adaptive: bool = False
    monitor: str = "objective"
    best: float = field(default=np.inf)
    best_epoch: int = field(default=0)
    count: int = field(default=0)
    learning_rate_factor: float = field(default=1.0)
    stopped: bool = field(default=False)

    def update(self, value: float, epoch: int, learning_rate: float) -> bool:
        """Take in an epoch's value; return whether it is the best so far.

        Parameters
        ----------
        value : float
            The monitored value, less being better.
        epoch : int
            Number of this epoch, from 1.
        learning_rate : float
            The rate in force, `learning_rate_factor` included.
        """
        self.count = self.count + 1 if value > self.best - self.tol else 0
        improved = value < self.best
        if improved:
            self.best = value
            self.best_epoch = epoch
        if self.count > self.n_iter_no_change:
            if self.adaptive and learning_rate > SMALLEST_LEARNING_RATE:
                self.learning_rate_factor /= 5.0
                self.count = 0
            else:
                self.stopped = True
        return improved

    def resume(self, asked: EarlyStopping) -> bool:
        """Go on with another fit, whose settings may have changed.

        A rule that has fired counts afresh; one that is to watch another value also forgets the
        best one.

        Parameters
        ----------
        asked : EarlyStopping
            A fresh rule with the settings of that fit.

        Returns
        -------
        bool
            Whether the best value was forgotten.
        """
        forgets = asked.monitor != self.monitor
        if forgets:
            self.best, self.best_epoch = asked.best, asked.best_epoch
        if forgets or self.stopped:
            self.count, self.stopped = 0, False
        if not asked.adaptive:
            self.learning_rate_factor = 1.0
        self.tol, self.n_iter_no_change = asked.tol, asked.n_iter_no_change
        self.adaptive, self.monitor = asked.adaptive, asked.monitor
        return forgets
