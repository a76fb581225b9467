"""Our classifiers beside the strongest simple alternatives, on the same folds."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.utils import check_X_y
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sknn._sklearn_compat import Interval, validate_params
from sknn.datasets import load_producers, load_yeast
from sknn.studies._attainable import ATTAINABLE_PRODUCERS, ATTAINABLE_YEAST
from sknn.studies._comparison_result import ComparisonResult
from sknn.studies._contenders import BLENDS, Contender, other_contenders, our_contenders
from sknn.studies._parallel import run_in_parallel
from sknn.studies._results import FitProgress
from sknn.studies._scores import has_twin


@dataclass(frozen=True)
class _Predicted:
    """What the classifiers of one job predict for the test rows of one fold."""

    probabilities: dict[str, NDArray[np.float64]]
    chosen: dict[str, dict[str, Any]]
    seconds: dict[str, float]


@validate_params(
    {
        "X": ["array-like"],
        "y": ["array-like"],
        "models": [dict, None],
        "n_splits": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
        "n_jobs": [Integral, None],
        "progress": [callable, None],
    },
    prefer_skip_nested_validation=True,
)
def compare(
    X: Any,
    y: Any,
    models: Mapping[str, Any] | None = None,
    *,
    n_splits: int = 5,
    n_repeats: int = 4,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Callable[[FitProgress], object] | None = None,
) -> ComparisonResult:
    """Compare classifiers on a table, by repeated stratified cross-validation.

    By default our classifiers (as they come, with early stopping, tuned, an ensemble, blends with a
    forest) beside scikit-learn's network, logistic regression, an RBF-SVC, a random forest and
    histogram gradient boosting. Settings are chosen by searches within the training rows of each
    fold, and never see its test rows.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_features)
        Numbers, none missing. Each classifier scales them itself.

    y : array-like of shape (n_rows,)
        Class labels.

    models : dict of str to estimator, default=None
        Classifiers with `predict_proba` to compare instead, by name. An estimator that has
        `best_params_` after its fit is taken for a search.

    n_splits : int, default=5
        Folds of each repeat.

    n_repeats : int, default=4
        Repeats.

    random_state : int, default=0
        Seed of the folds.

    n_jobs : int, default=None
        Fits at a time, each in a process of its own; None is 1 unless in a
        :class:`joblib.parallel_config` context, -1 is one for each processor.

    progress : callable, default=None
        Called with a :class:`FitProgress` after each classifier and fold.

    Returns
    -------
    result : ComparisonResult
        All predictions, scores with standard errors, and the settings that were chosen.

    Raises
    ------
    ValueError
        If a parameter or the data are invalid, or a fit fails.

    See Also
    --------
    producers_comparison, yeast_comparison : The comparisons on the tables of the studies.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sknn.datasets import load_producers
    >>> from sknn.studies import compare
    >>> X, y = load_producers(return_X_y=True)
    >>> models = {
    ...     "dummy": DummyClassifier(),
    ...     "logistic": LogisticRegression(solver="newton-cg"),
    ... }
    >>> result = compare(X / X.max(axis=0), y, models, n_repeats=1)
    >>> result.to_frame()["accuracy", "mean"].round(1).to_dict()
    {'dummy': 0.4, 'logistic': 1.0}
    """
    X, y = check_X_y(X, y, dtype=[np.float64, np.float32])
    contenders = _contenders(models)
    cv = RepeatedStratifiedKFold(n_splits=n_splits, n_repeats=n_repeats, random_state=random_state)
    splits = list(cv.split(X, y))
    done = _run(X, y, splits, contenders, n_jobs, progress)
    folds = np.empty((n_repeats, len(y)), dtype=int)
    twins = np.empty((n_repeats, len(y)), dtype=bool)
    for i, (train, test) in enumerate(splits):
        folds[i // n_splits, test] = i % n_splits
        twins[i // n_splits, test] = has_twin(X[test], X[train])
    titles = {name: title for each in contenders for name, title in each.titles.items()}
    classes = np.unique(y)
    probabilities = {
        name: _lay_out([fold.probabilities[name] for fold in done[name]], splits, n_repeats, y)
        for name in titles
    }
    for blend in BLENDS if models is None else ():
        titles[blend.name] = blend.title
        probabilities[blend.name] = np.mean([probabilities[name] for name in blend.of], axis=0)
    return ComparisonResult(
        classes=classes,
        y=y,
        folds=folds,
        twins=twins,
        titles=titles,
        probabilities=probabilities,
        chosen={
            name: [fold.chosen[name] for fold in predicted]
            for name, predicted in done.items()
            if name in predicted[0].chosen
        },
        seconds={
            name: np.reshape([fold.seconds[name] for fold in predicted], (n_repeats, n_splits))
            for name, predicted in done.items()
        },
        attainable={},
    )


def producers_comparison(**options: Any) -> ComparisonResult:
    """Compare classifiers on the producers table.

    Parameters
    ----------
    **options : dict
        As for :func:`compare`.

    Returns
    -------
    result : ComparisonResult
        With what an independent comparison found.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sknn.studies import producers_comparison
    >>> result = producers_comparison(models={"dummy": DummyClassifier()}, n_repeats=1)
    >>> result.n_folds
    5
    """
    X, y = load_producers(return_X_y=True)
    return replace(compare(X, y, **options), attainable=ATTAINABLE_PRODUCERS)


def yeast_comparison(
    path: str | os.PathLike[str] | None = None, **options: Any
) -> ComparisonResult:
    """Compare classifiers on the yeast table.

    Some of its rows are exact duplicates of others: a classifier that learns rows by heart is
    right on those whose twin it was trained on. ``result.to_frame("without twins")`` leaves
    them out.

    Parameters
    ----------
    path : str, path-like or None, default=None
        The file that holds the table; None to get it from OpenML, as
        :func:`sknn.datasets.load_yeast` does.

    **options : dict
        As for :func:`compare`.

    Returns
    -------
    result : ComparisonResult
        With what an independent comparison found.

    Examples
    --------
    >>> from sknn.studies import yeast_comparison
    >>> result = yeast_comparison("yeast.csv", n_jobs=-1)  # doctest: +SKIP
    >>> result.to_frame("without twins")  # doctest: +SKIP
    """
    X, y = load_yeast(path, return_X_y=True)
    return replace(compare(X, y, **options), attainable=ATTAINABLE_YEAST)


def _contenders(models: Mapping[str, Any] | None) -> list[Contender]:
    if models is None:
        return [*our_contenders(), *other_contenders()]
    if not models:
        raise ValueError("`models` must name at least one classifier, got none")
    for name, estimator in models.items():
        if not hasattr(estimator, "predict_proba"):
            raise ValueError(
                f"`models` must be classifiers with `predict_proba`, got {estimator!r} as {name!r}"
            )
    return [Contender(name, name, estimator) for name, estimator in models.items()]


def _run(
    X: Any,
    y: Any,
    splits: Sequence[tuple[Any, Any]],
    contenders: Sequence[Contender],
    n_jobs: int | None,
    progress: Callable[[FitProgress], object] | None,
) -> dict[str, list[_Predicted]]:
    """What all contenders predict on all folds, by their names and those of their followers."""
    classes = np.unique(y)
    # Fold after fold, so that what is known early is known of all contenders.
    jobs = [(each, X, y, *split, classes) for split in splits for each in contenders]
    done: dict[str, list[_Predicted]] = {name: [] for each in contenders for name in each.titles}
    for i, predicted in enumerate(run_in_parallel(_predict, jobs, n_jobs)):
        contender, test = jobs[i][0], jobs[i][4]
        for name in contender.titles:
            done[name].append(predicted)
        if progress is not None:
            winners = classes[predicted.probabilities[contender.name].argmax(axis=1)]
            accuracy = float(np.mean(winners == y[test]))
            progress(FitProgress(i + 1, len(jobs), contender.title, accuracy=accuracy))
    return done


def _predict(
    contender: Contender, X: Any, y: Any, train: Any, test: Any, classes: Any
) -> _Predicted:
    """Fit a contender and what follows it on one fold, in whatever process joblib has chosen."""
    found = _Predicted({}, {}, {})
    leader = clone(contender.estimator)
    makes = {contender.name: lambda leader: leader}
    makes |= {each.name: each.make for each in contender.followers}
    for name, make in makes.items():
        fitted = make(leader)
        started = time.perf_counter()
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted.fit(X[train], y[train])
            probabilities = fitted.predict_proba(X[test])
        found.seconds[name] = time.perf_counter() - started
        # A class of a single row may be missing from the training rows.
        found.probabilities[name] = np.zeros((len(test), len(classes)))
        found.probabilities[name][:, np.searchsorted(classes, fitted.classes_)] = probabilities
        if hasattr(fitted, "best_params_"):
            found.chosen[name] = dict(fitted.best_params_)
    return found


def _lay_out(
    folds: Sequence[NDArray[np.float64]],
    splits: Sequence[tuple[Any, Any]],
    n_repeats: int,
    y: NDArray[Any],
) -> NDArray[np.float64]:
    """Probabilities of all rows in each repeat, shape (n_repeats, n_rows, n_classes)."""
    laid = np.empty((n_repeats, len(y), folds[0].shape[1]))
    per_repeat = len(splits) // n_repeats
    for i, ((_, test), probabilities) in enumerate(zip(splits, folds, strict=True)):
        laid[i // per_repeat, test] = probabilities
    return laid
