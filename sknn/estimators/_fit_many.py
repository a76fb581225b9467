"""`fit_many`: many networks fitted together, each as it would be by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from sknn._sklearn_compat import check_sample_weight

from ._fit import TrainableMLP
from ._inputs import Inputs
from ._prepare import Job, Memo
from ._stacks import (
    prepare_job,
    settle,
    train_in_stacks,
    train_stack,
    trains_in_stacks,
    warn_of_unfinished,
)

Network = TypeVar("Network", bound=TrainableMLP)


def fit_many(
    estimators: Iterable[Network],
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    splits: Sequence[Any] | None = None,
    n_jobs: int | None = None,
) -> list[Network]:
    """Fit many networks together, several times as fast as one after the other.

    Each comes out bit for bit as its own ``fit`` would leave it. They may differ in anything. Those
    that differ only in `random_state`, rates and their schedules, momentum and betas, penalties,
    dropout, `class_weight`, label smoothing, `tol`, `n_iter_no_change` and in their rows train as
    one *stack*: the same few array operations make an update of all of them.

    Parameters
    ----------
    estimators : iterable of ScratchMLPClassifier or of ScratchMLPRegressor
        What to fit, in place.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,)
        Class labels; of several labels or numbers per row, (n_samples, n_targets).
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    splits : sequence of array-like of int or bool, default=None
        The rows of each estimator, as indices or a mask; rows may come more than once. Pass the
        same object for estimators with the same rows. None for all rows.
    n_jobs : int, default=None
        Stacks that train at the same time, through joblib: `joblib.parallel_config` may spread
        them over a cluster. None means 1, unless in such a context; -1 all processors.

    Returns
    -------
    estimators : list of ScratchMLPClassifier or of ScratchMLPRegressor
        The same, fitted.

    Raises
    ------
    ValueError
        If an estimator is of another kind or comes twice, `splits` does not fit, or a fit fails:
        the first such error, after all others are fitted.
    KeyboardInterrupt
        On Ctrl-C; those whose stacks have ended are fitted.

    Examples
    --------
    >>> from sknn.estimators import ScratchMLPClassifier, fit_many
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> X = X / X.max(axis=0)
    >>> models = [
    ...     ScratchMLPClassifier(max_iter=50, n_iter_no_change=float("inf"), random_state=seed)
    ...     for seed in range(5)
    ... ]
    >>> [model.n_iter_ for model in fit_many(models, X, y)]
    [50, 50, 50, 50, 50]
    """
    estimators = list(estimators)
    _check_estimators(estimators)
    given_of = _givens(len(estimators), X, y, sample_weight, splits)
    errors: dict[int, Exception] = {}
    apart = [i for i, estimator in enumerate(estimators) if not trains_in_stacks(estimator)]
    for i in apart:
        try:
            given = given_of(i, Memo())
            estimators[i].fit(given.X, given.y, given.sample_weight)
        except Exception as error:  # of this one alone
            errors[i] = error

    def make_ready(i: int, memo: Memo) -> Job | None:
        try:
            return prepare_job(estimators[i], given_of(i, memo), memo)
        except Exception as error:
            errors[i] = error
            return None

    together = sorted(set(range(len(estimators))) - set(apart))
    n_unfinished = 0
    for ended in train_in_stacks(together, make_ready, train_stack, n_jobs):
        for i, terms, state in ended:
            try:
                n_unfinished += settle(estimators[i], terms, state)
            except ValueError as error:
                errors[i] = error
    warn_of_unfinished(n_unfinished, len(estimators))
    if errors:
        raise errors[min(errors)]
    return estimators


def _check_estimators(estimators: Sequence[Any]) -> None:
    for estimator in estimators:
        if not (isinstance(estimator, TrainableMLP) and estimator._engine.stacks):
            raise ValueError(
                f"`estimators` must be instances of ScratchMLPClassifier or ScratchMLPRegressor, "
                f"got {estimator!r}"
            )
    if len(set(map(id, estimators))) < len(estimators):
        raise ValueError("`estimators` must be different objects, got one of them twice")


def _givens(
    n: int, X: Any, y: Any, sample_weight: Any, splits: Sequence[Any] | None
) -> Callable[[int, Memo], Inputs]:
    """What each estimator is fitted on; those with equal rows get the same objects."""
    if splits is None:
        everything = Inputs(X, y, sample_weight)
        return lambda i, memo: everything
    splits = list(splits)  # each row of an array becomes one object
    if len(splits) != n:
        raise ValueError(f"`splits` must be one for each of the {n} estimators, got {len(splits)}")
    if sample_weight is not None:
        sample_weight = check_sample_weight(sample_weight, X, allow_all_zero_weights=True)
    everything = Inputs(X, y, sample_weight)
    return lambda i, memo: memo.get(lambda: everything.take(splits[i]), "rows", splits[i])[0]
