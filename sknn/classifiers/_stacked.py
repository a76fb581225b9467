"""`fit_many`: many classifiers fitted together, each as it would be by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from sknn._sklearn_compat import check_sample_weight

from ._prepare import Given, Job, Memo
from ._scratch import ScratchMLPClassifier
from ._stacks import (
    prepare_job,
    settle,
    stacks_of,
    train_stack,
    trains_in_stacks,
    warn_of_unfinished,
)


def fit_many(
    estimators: Iterable[ScratchMLPClassifier],
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    splits: Sequence[Any] | None = None,
    n_jobs: int | None = None,
) -> list[ScratchMLPClassifier]:
    """Fit many classifiers together, several times as fast as one after the other.

    Each comes out bit for bit as its own ``fit`` on one BLAS thread would leave it. They may
    differ in anything. Those that differ only in `random_state`, rates and their schedules,
    momentum and betas, penalties, dropout, `class_weight`, label smoothing, `tol`,
    `n_iter_no_change` and in their rows train as one *stack*: the same few array operations make
    an update of all of them.

    Parameters
    ----------
    estimators : iterable of ScratchMLPClassifier
        What to fit, in place.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,)
        Class labels.
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
    estimators : list of ScratchMLPClassifier
        The same, fitted.

    Raises
    ------
    ValueError
        If an estimator is of another kind or comes twice, `splits` does not fit, or a fit fails:
        the first such error, after all others are fitted.
    KeyboardInterrupt
        On Ctrl-C; no estimator of a stack is fitted then.

    Examples
    --------
    >>> from sknn.classifiers import ScratchMLPClassifier, fit_many
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
    splits = None if splits is None else list(splits)  # each row of an array becomes one object
    _check_estimators(estimators)
    givens = _givens(len(estimators), X, y, sample_weight, splits)
    errors: dict[int, Exception] = {}
    jobs: dict[int, Job] = {}
    memo = Memo()
    for i, (estimator, given) in enumerate(zip(estimators, givens, strict=True)):
        try:
            if trains_in_stacks(estimator):
                jobs[i] = prepare_job(estimator, given, memo)
            else:
                estimator.fit(given.X, given.y, given.sample_weight)
        except Exception as error:  # of this one alone
            errors[i] = error
    pieces = stacks_of(jobs, effective_n_jobs(n_jobs))
    done = Parallel(n_jobs=n_jobs)(
        delayed(train_stack)([jobs[i] for i in piece]) for piece in pieces
    )
    n_unfinished = 0
    for piece, states in zip(pieces, done, strict=True):
        for i, state in zip(piece, states, strict=True):
            try:
                n_unfinished += settle(estimators[i], jobs[i], state)
            except ValueError as error:
                errors[i] = error
    warn_of_unfinished(n_unfinished, len(estimators))
    if errors:
        raise errors[min(errors)]
    return estimators


def _check_estimators(estimators: Sequence[Any]) -> None:
    for estimator in estimators:
        if not isinstance(estimator, ScratchMLPClassifier):
            raise ValueError(
                f"`estimators` must be instances of ScratchMLPClassifier, got {estimator!r}"
            )
    if len(set(map(id, estimators))) < len(estimators):
        raise ValueError("`estimators` must be different objects, got one of them twice")


def _givens(
    n: int, X: Any, y: Any, sample_weight: Any, splits: Sequence[Any] | None
) -> list[Given]:
    """What each estimator is fitted on; those with equal rows get the same objects."""
    if splits is None:
        return [Given(X, y, sample_weight)] * n
    if len(splits) != n:
        raise ValueError(f"`splits` must be one for each of the {n} estimators, got {len(splits)}")
    if sample_weight is not None:
        sample_weight = check_sample_weight(sample_weight, X, allow_all_zero_weights=True)
    found: dict[int, Given] = {}
    for split in splits:
        if id(split) not in found:
            found[id(split)] = Given(X, y, sample_weight).take(split)
    return [found[id(split)] for split in splits]
