"""The producers study: which of three companies made a product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sknn._sklearn_compat import Interval, StrOptions, validate_params
from sknn.datasets import load_producers
from sknn.studies._parallel import run_in_parallel
from sknn.studies._producers_protocol import ALTERNATIVES, MODELS, Model, pipeline_of
from sknn.studies._producers_result import (
    ProducersModel,
    ProducersResult,
    ProducersRuns,
    ProducersSplit,
)
from sknn.studies._published import PUBLISHED, RERUN
from sknn.studies._results import FitProgress, check_seeds
from sknn.studies._scores import score
from sknn.studies._training import Engine

CURVES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
# The document's.
RANDOM_STATE = 0


@dataclass(frozen=True)
class _Task:
    """One fit of the study."""

    model: Model
    split: ProducersSplit
    seed: int
    epochs: int
    last_batch: str
    engine: Engine
    is_first: bool


@dataclass(frozen=True)
class _Fit:
    """What one fit sends back: a whole pipeline is kept for the first seed only."""

    task: _Task
    scores: dict[str, float]
    predictions: NDArray[np.int_]
    curves: dict[str, NDArray[np.float64]]
    pipeline: Pipeline | None


@validate_params(
    {
        "seeds": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "last_batch": [StrOptions({"sum", "mean"})],
        "engine": [StrOptions({"scratch", "torch"})],
        "other_splits": [Interval(Integral, 0, None, closed="left")],
        "alternatives": ["boolean"],
        "n_jobs": [Integral, None],
        "progress": [callable, None],
    },
    prefer_skip_nested_validation=True,
)
def producers(
    *,
    seeds: int | Sequence[int] = 20,
    epochs: int = 1000,
    last_batch: Literal["sum", "mean"] = "sum",
    engine: Engine = "scratch",
    other_splits: int = 0,
    alternatives: bool = False,
    n_jobs: int | None = None,
    progress: Callable[[FitProgress], object] | None = None,
) -> ProducersResult:
    """Train the study's three networks, each with many seeds, on one split of the producers table.

    The networks have two hidden layers of 128 units and are trained by plain mini-batch gradient
    descent with batches of 10 rows: one without a penalty, one with L2, one with L1. Columns are
    divided by their norm over the training rows. The test rows are passed to the fits to have
    their loss and accuracy recorded after every epoch; nothing is chosen by them.

    Parameters
    ----------
    seeds : int or sequence of int, default=20
        The seeds of weights and batch order: 0 to ``seeds - 1``, or those given.

    epochs : int, default=1000
        Epochs of each fit.

    last_batch : {"sum", "mean"}, default="sum"
        The last batch of an epoch has 3 rows in place of 10. With "sum" its step is that of the
        summed gradient, as in the document; with "mean" that of the mean gradient, as everywhere
        else in sknn, and 10/3 times as long.

    engine : {"scratch", "torch"}, default="scratch"
        What trains the networks: NumPy or PyTorch.

    other_splits : int, default=0
        Other splits to train each model on, with one seed each.

    alternatives : bool, default=False
        Whether to train also what one would do instead: standardised columns and Adam, 50 epochs;
        and the L1 penalty by proximal steps, which make exact zeros, with a learning rate that
        falls to nothing.

    n_jobs : int, default=None
        Fits to run at a time, each in a process of its own; None is 1 unless in a
        :class:`joblib.parallel_config` context, -1 is one for each processor.

    progress : callable, default=None
        Called with a :class:`FitProgress` after each fit.

    Returns
    -------
    result : ProducersResult
        All figures, the pipelines fitted with the first seed, and others' figures to compare.

    Raises
    ------
    ValueError
        If a parameter is invalid or a fit diverges.

    Notes
    -----
    Each fit uses one thread for linear algebra, so the result does not depend on ``n_jobs``: it is
    the same bit for bit, times apart.

    Examples
    --------
    >>> from sknn.studies import producers
    >>> result = producers(seeds=2, epochs=20)
    >>> result["l2"].accuracies.shape
    (2,)
    >>> len(result["l2"].history)
    20
    """
    chosen = check_seeds(seeds)
    models = (*MODELS, *(ALTERNATIVES if alternatives else ()))
    split = producers_split()
    others = [producers_split(RANDOM_STATE + k) for k in range(1, other_splits + 1)]
    tasks = [
        _Task(model, own, seed, model.epochs(epochs), last_batch, engine, is_first)
        for model in models
        for own, seed, is_first in (
            *((split, seed, seed == chosen[0]) for seed in chosen),
            *((other, other.random_state, False) for other in others),
        )
    ]
    fits: dict[str, list[_Fit]] = {task.model.name: [] for task in tasks}
    jobs = [(task,) for task in tasks]
    for done, fit in enumerate(run_in_parallel(_fit, jobs, n_jobs), start=1):
        task = fit.task
        fits[task.model.name].append(fit)
        if progress is not None:
            accuracy = fit.scores["accuracy"]
            progress(FitProgress(done, len(jobs), task.model.title, task.seed, accuracy))
    found = [_collect(model, fits[model.name]) for model in models]
    return ProducersResult(
        split=split,
        epochs=int(epochs),
        seeds=chosen,
        models=tuple(each for each in found if isinstance(each, ProducersModel)),
        alternatives=tuple(each for each in found if not isinstance(each, ProducersModel)),
        engine=engine,
    )


def producers_split(random_state: int = RANDOM_STATE) -> ProducersSplit:
    """The document's split, or another one of the same sizes."""
    bunch = load_producers(as_frame=True)
    X_train, X_test, y_train, y_test = train_test_split(
        bunch.data, bunch.target, test_size=0.25, random_state=random_state
    )
    return ProducersSplit(X_train, X_test, y_train, y_test, bunch.target_names, random_state)


def _fit(task: _Task) -> _Fit:
    """Run one fit of the study, in whatever process joblib has chosen."""
    split = task.split
    # One thread: bits depend on the number of threads, and processes share the processors.
    with threadpool_limits(1), config_context(enable_metadata_routing=True):
        pipeline = pipeline_of(task.model, task.engine, task.seed, task.epochs, task.last_batch)
        pipeline.fit(split.X_train, split.y_train, X_val=split.X_test, y_val=split.y_test)
        probabilities = pipeline.predict_proba(split.X_test)
    scores = score(split.y_test.to_numpy(), probabilities, pipeline.classes_)
    history = pipeline[-1].history_
    curves = {name: history[name] for name in CURVES}
    predictions = pipeline.classes_[probabilities.argmax(axis=1)]
    return _Fit(task, scores, predictions, curves, pipeline if task.is_first else None)


def _collect(model: Model, fits: list[_Fit]) -> ProducersRuns:
    """Lay the fits of one model side by side."""
    import pandas as pd

    own = [fit for fit in fits if fit.task.split.random_state == RANDOM_STATE]
    others = [fit for fit in fits if fit.task.split.random_state != RANDOM_STATE]
    pipeline, split = own[0].pipeline, own[0].task.split
    assert pipeline is not None
    with threadpool_limits(1):
        probabilities = pipeline.predict_proba(split.X_test)
    predictions = own[0].predictions
    report: dict[str, Any] = classification_report(
        split.y_test,
        predictions,
        target_names=split.target_names,
        output_dict=True,
        # A short training may leave a producer that is never predicted.
        zero_division=0.0,
    )
    index = pd.Index([fit.task.split.random_state for fit in others], name="random_state")
    figures: dict[str, Any] = {
        "name": model.name,
        "title": model.title,
        "seeds": tuple(fit.task.seed for fit in own),
        "all_predictions": np.stack([fit.predictions for fit in own]),
        "accuracies": np.array([fit.scores["accuracy"] for fit in own]),
        "curves": {name: np.stack([fit.curves[name] for fit in own]) for name in CURVES},
        "pipeline": pipeline,
        "probabilities": probabilities,
        "predictions": predictions,
        "report": report,
        "other_splits": pd.DataFrame(
            [fit.scores for fit in others],
            index=index,
            columns=["accuracy", "macro_f1", "log_loss"],
            dtype=np.float64,
        ),
    }
    if model.name not in PUBLISHED:
        return ProducersRuns(**figures)
    return ProducersModel(**figures, published=PUBLISHED[model.name], rerun=RERUN[model.name])
