"""`learning_rate_range`: which learning rates a network can be trained with."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d
from sklearn.base import clone, is_regressor
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, check_X_y
from sklearn.utils.class_weight import compute_class_weight

from sknn._sklearn_compat import Interval, check_sample_weight, validate_params
from sknn.estimators._base import BaseMLP
from sknn.estimators._labels import has_columns
from sknn.estimators._resolve import resolve_batch_size
from sknn.estimators._results import DivergedError

# Decay of the running mean that is watched for divergence, and the multiple of its least.
DECAY, TOO_MUCH = 0.9, 4.0
# Losses that may be negative: a multiple of them says nothing, and they are measured in units of 1.
WITHOUT_ZERO = frozenset({"poisson", "gamma", "gaussian"})
# Width of the window that losses are smoothed with, in decades of the rate.
WIDTH = 0.12
# Settings for single updates, at a rate that is given each time.
PLAIN: dict[str, Any] = {
    "learning_rate": "constant",
    "early_stopping": False,
    "warm_start": False,
    "shuffle": False,
    "verbose": False,
    "record": "epoch",
}


@dataclass(frozen=True)
class LearningRateRange:
    """What a learning-rate range test found.

    Parameters
    ----------
    rates : ndarray of shape (n_updates,)
        The learning rates of the updates that were made.

    losses : ndarray of shape (n_updates,)
        The losses of their batches, each before its update.

    smoothed_losses : ndarray of shape (n_updates,)
        These, smoothed over neighbouring rates.

    suggestion : float or None
        The rate at which the smoothed loss falls most steeply; None if it never falls by as much
        as a twentieth.

    diverged : bool
        Whether training diverged before the highest rate was reached.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed_losses: NDArray[np.float64]
    suggestion: float | None
    diverged: bool


@validate_params(
    {
        "estimator": "no_validation",  # see below, and the fit itself
        "X": "no_validation",
        "y": "no_validation",
        "sample_weight": ["array-like", None],
        "lowest": [Interval(Real, 0, None, closed="neither")],
        "highest": [Interval(Real, 0, None, closed="neither")],
        "n_updates": [Interval(Integral, 10, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def learning_rate_range(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    lowest: float = 1e-6,
    highest: float = 10.0,
    n_updates: int = 250,
    random_state: Any = None,
) -> LearningRateRange:
    """Train a copy of a network while its learning rate rises, and see what its loss does.

    The rate grows by the same factor with every update. While it is too low nothing happens;
    then the loss falls, the faster the better; then the steps are too long, and it rises. The test
    ends there, or at the highest rate.

    Parameters
    ----------
    estimator : classifier or regressor of sknn.estimators, or Pipeline that ends in one
        What to test, fitted or not; it is left as it is. The steps before the network are fitted
        on all rows.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Training rows.

    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Their classes, or the numbers to predict.

    sample_weight : array-like of shape (n_samples,), default=None
        Their weights; they are scaled to mean 1 within each batch.

    lowest : float, default=1e-06
        The first learning rate.

    highest : float, default=10.0
        The last learning rate.

    n_updates : int, default=250
        Updates from the first to the last, at least 10.

    random_state : int, RandomState instance or None, default=None
        Source of the order of the rows; None for that of the estimator.

    Returns
    -------
    found : LearningRateRange
        Rates, losses, and a suggestion for `learning_rate_init`.

    Raises
    ------
    TypeError
        If there is no network to test.

    ValueError
        If a parameter or the data are invalid, or the solver is 'lbfgs', which has no rate.

    See Also
    --------
    ConvergenceDisplay : Draws it.

    Notes
    -----
    An update is that of the network's own solver with its own batch size, so that momentum and
    second moments are on their way as they are in training; a schedule, early stopping and what
    `fit` would do at the end of an epoch are left out. The target of a regressor is scaled by all
    rows, as `fit` does. Training has diverged where the running mean of the loss (decay 0.9) is
    above four times its least and above where it began, or a value is not finite. A loss that may
    be negative (Poisson, gamma, negative log likelihood) must rise above its least by 3, or by
    three times its size.

    The loss L is smoothed by a Gaussian window over log-rates, which does not shift it as a running
    mean would, and the suggestion is argmin dL / d log(rate) up to the least loss, a quarter of a
    decade at the lowest rates left out, where few losses are averaged. It suits a
    constant rate; a schedule that decays from its highest rate bears two to three times as much.

    References
    ----------
    L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn.estimators import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> from sknn.inspection import learning_rate_range
    >>> X, y = load_producers(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), ScratchMLPClassifier(batch_size=20))
    >>> found = learning_rate_range(model, X, y, random_state=0)
    >>> 0.0003 < found.suggestion < 0.03
    True
    """
    if not lowest < highest:
        raise ValueError(f"`lowest` must be below `highest`, got {lowest!r} and {highest!r}")
    network, rows = _prepare(estimator, X, y)
    rows, targets = check_X_y(
        rows,
        y,
        accept_sparse="csr",
        dtype=[np.float64, np.float32],
        multi_output=has_columns(y),
        y_numeric=is_regressor(network),
    )
    weights = None if sample_weight is None else check_sample_weight(sample_weight, rows)
    rng = check_random_state(
        deepcopy(network.random_state) if random_state is None else random_state
    )
    size = resolve_batch_size(network.batch_size, len(targets))
    network.set_params(batch_size="full", **PLAIN)
    settle = _settle_regressor if is_regressor(network) else _settle_classifier
    targets, given = settle(network, targets, weights)
    unit = 1.0 if getattr(network, "loss", None) in WITHOUT_ZERO else 0.0
    rates = np.geomspace(lowest, highest, n_updates)
    losses, watch, diverged = list[float](), _Watch(unit), False
    for rate, batch in zip(rates, _batches(len(targets), size, rng), strict=False):
        network.set_params(learning_rate_init=float(rate))
        weight = None if weights is None else weights[batch]
        try:
            network.partial_fit(rows[batch], targets[batch], weight, **given)
        except DivergedError:
            diverged = True
            break
        losses.append(float(network.history_["train_loss"][-1]))
        diverged = watch.has_diverged(losses[-1])
        if diverged:
            break
    if len(losses) < 2:
        raise ValueError(
            f"training diverges at `lowest`={lowest!r} already: scale the columns of X, or lower it"
        )
    return _summary(rates[: len(losses)], np.array(losses), diverged, unit)


def _prepare(estimator: Any, X: Any, y: Any) -> tuple[BaseMLP, Any]:
    """A copy of the network, and the rows as they reach it."""
    network = estimator
    while isinstance(network, Pipeline):
        before = network[:-1]
        if len(before):
            X = clone(before).fit_transform(X, y)
        network = network.steps[-1][1]
    if not isinstance(network, BaseMLP):
        raise TypeError(
            "`estimator` must be a ScratchMLP or TorchMLP classifier or regressor, or a Pipeline "
            f"that ends in one, got {type(network).__name__}"
        )
    if network.solver == "lbfgs":
        raise ValueError("`estimator` must have a solver with a learning rate, got solver='lbfgs'")
    return clone(network).set_callbacks(), X


def _settle_classifier(network: Any, labels: Any, weights: Any) -> tuple[Any, dict[str, Any]]:
    """The labels, and what each update is told besides: all classes."""
    classes = np.unique(labels) if labels.ndim == 1 else np.arange(labels.shape[1])
    if isinstance(network.class_weight, str):
        balanced = compute_class_weight(network.class_weight, classes=classes, y=labels)
        network.set_params(class_weight=dict(zip(classes.tolist(), balanced.tolist(), strict=True)))
    return labels, {"classes": classes}


def _settle_regressor(network: Any, y: Any, weights: Any) -> tuple[Any, dict[str, Any]]:
    """The numbers on the scale that all rows give them: the first batch would give another one."""
    encoded = network._encode(y, resume=False, partial=False)
    scaled = encoded.target.fitted_to(encoded.y, weights).scaled(encoded.y, np.dtype(np.float64))
    network.set_params(scale_target=False)
    return scaled if scaled.shape[1] > 1 else scaled[:, 0], {}


def _batches(n_rows: int, size: int, rng: np.random.RandomState) -> Iterator[NDArray[np.intp]]:
    """Whole batches of shuffled rows, epoch after epoch."""
    while True:
        order = rng.permutation(n_rows)
        for start in range(0, n_rows - size + 1, size):
            yield order[start : start + size]


class _Watch:
    """The running mean of the losses, and whether it has left its least far behind."""

    def __init__(self, unit: float) -> None:
        self.unit = unit
        self.n, self.mean, self.least, self.first = 0, 0.0, np.inf, 0.0

    def has_diverged(self, loss: float) -> bool:
        """Take the next loss."""
        self.n += 1
        self.mean = DECAY * self.mean + (1 - DECAY) * loss
        mean = self.mean / (1 - DECAY**self.n)  # as if there had been no zero to begin with
        self.least = min(self.least, mean)
        if self.n <= 10:
            self.first = max(self.first, mean)
        room = (TOO_MUCH - 1) * max(abs(self.least), self.unit)
        return not mean <= max(self.least + room, self.first)


def _summary(
    rates: NDArray[np.float64], losses: NDArray[np.float64], diverged: bool, unit: float
) -> LearningRateRange:
    finite = np.isfinite(losses)
    rates, losses = rates[finite], losses[finite]
    step = np.log10(rates[1] / rates[0])
    # Losses beyond where they began say no more than that they are: they would drown the rest.
    start = losses[: max(3, len(losses) // 20)].max()
    capped = np.minimum(losses, start + max(abs(start), unit))
    smoothed = gaussian_filter1d(capped, WIDTH / step, mode="nearest")
    end = int(smoothed.argmin())
    suggestion = None
    # At the edge few losses are averaged, and a single one may make the steepest slope.
    edge = int(2 * WIDTH / step)
    if end > edge and smoothed[0] - smoothed[end] > 0.05 * max(abs(smoothed[0]), unit):
        slopes = np.gradient(smoothed[: end + 1], np.log(rates[: end + 1]))
        suggestion = float(rates[edge + int(slopes[edge:].argmin())])
    return LearningRateRange(rates, losses, smoothed, suggestion, diverged)
