"""The producers study: which of three companies made a product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.metrics import accuracy_score, classification_report
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sknn._sklearn_compat import Interval, StrOptions, validate_params
from sknn.backprop import Plan
from sknn.classifiers import ScratchMLPClassifier
from sknn.datasets import load_producers
from sknn.preprocessing import ColumnNormScaler
from sknn.studies._parallel import run_in_parallel
from sknn.studies._producers_result import ProducersModel, ProducersResult, ProducersSplit
from sknn.studies._published import PUBLISHED, RERUN
from sknn.studies._results import FitProgress

CURVES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")


@dataclass(frozen=True)
class _Model:
    """A row of the study's table of models."""

    name: str
    title: str
    penalty: dict[str, float]


MODELS = (
    _Model("none", "no penalty", {"l1": 0.0, "l2": 0.0}),
    _Model("l2", "L2 penalty", {"l1": 0.0, "l2": 0.008}),
    _Model("l1", "L1 penalty", {"l1": 0.0008, "l2": 0.0}),
)


@dataclass(frozen=True)
class _Fit:
    """What one fit sends back: a whole pipeline is kept for the first seed only."""

    model: _Model
    seed: int
    accuracy: float
    curves: dict[str, NDArray[np.float64]]
    pipeline: Pipeline | None


@validate_params(
    {
        "seeds": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "last_batch": [StrOptions({"sum", "mean"})],
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
    chosen = _check_seeds(seeds)
    split = producers_split()
    fits: dict[str, list[_Fit]] = {model.name: [] for model in MODELS}
    jobs = [
        (model, seed, epochs, last_batch, split, seed == chosen[0])
        for model in MODELS
        for seed in chosen
    ]
    for done, fit in enumerate(run_in_parallel(_fit, jobs, n_jobs), start=1):
        fits[fit.model.name].append(fit)
        if progress is not None:
            progress(FitProgress(done, len(jobs), fit.model.title, fit.seed, fit.accuracy))
    models = tuple(_collect(model, fits[model.name], split) for model in MODELS)
    return ProducersResult(split, int(epochs), chosen, models)


def _check_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
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


def producers_split() -> ProducersSplit:
    """The document's split."""
    bunch = load_producers(as_frame=True)
    X_train, X_test, y_train, y_test = train_test_split(
        bunch.data, bunch.target, test_size=0.25, random_state=0
    )
    return ProducersSplit(X_train, X_test, y_train, y_test, bunch.target_names)


class SummedGradientMLPClassifier(ScratchMLPClassifier):
    """The document's network: a batch's step is that of its summed gradient.

    A batch that is smaller than the others then makes a smaller step.
    """

    def _resolve_plan(self, **shape: Any) -> Plan:
        return replace(super()._resolve_plan(**shape), divisor=self.batch_size)


def _pipeline(model: _Model, seed: int, epochs: int, last_batch: str) -> Pipeline:
    classifier = SummedGradientMLPClassifier if last_batch == "sum" else ScratchMLPClassifier
    mlp = classifier(
        hidden_layer_sizes=(128, 128),
        solver="sgd",
        learning_rate_init=0.1,
        momentum=0.0,
        nesterovs_momentum=False,
        batch_size=10,
        max_iter=epochs,
        # As many epochs as asked for: no stop on convergence.
        n_iter_no_change=np.inf,
        record="batch",
        random_state=seed,
        l1_method="subgradient",  # as the document's
        **model.penalty,
    )
    # The validation rows go through the same scaler as the training rows, and on to `fit`.
    mlp.set_fit_request(X_val=True, y_val=True)
    return Pipeline([("scale", ColumnNormScaler()), ("mlp", mlp)], transform_input=["X_val"])


def _fit(
    model: _Model,
    seed: int,
    epochs: int,
    last_batch: str,
    split: ProducersSplit,
    keep_pipeline: bool,
) -> _Fit:
    """Run one fit of the study, in whatever process joblib has chosen."""
    # One thread: bits depend on the number of threads, and processes share the processors.
    with threadpool_limits(1), config_context(enable_metadata_routing=True):
        pipeline = _pipeline(model, seed, epochs, last_batch)
        pipeline.fit(split.X_train, split.y_train, X_val=split.X_test, y_val=split.y_test)
        accuracy = accuracy_score(split.y_test, pipeline.predict(split.X_test))
    history = pipeline[-1].history_
    curves = {name: history[name] for name in CURVES}
    return _Fit(model, seed, float(accuracy), curves, pipeline if keep_pipeline else None)


def _collect(model: _Model, fits: list[_Fit], split: ProducersSplit) -> ProducersModel:
    """Lay the fits of one model side by side."""
    pipeline = fits[0].pipeline
    assert pipeline is not None
    with threadpool_limits(1):
        probabilities = pipeline.predict_proba(split.X_test)
    predictions = pipeline.classes_[probabilities.argmax(axis=1)]
    report: dict[str, Any] = classification_report(
        split.y_test,
        predictions,
        target_names=split.target_names,
        output_dict=True,
        # A short training may leave a producer that is never predicted.
        zero_division=0.0,
    )
    return ProducersModel(
        name=model.name,
        title=model.title,
        seeds=tuple(fit.seed for fit in fits),
        accuracies=np.array([fit.accuracy for fit in fits]),
        curves={name: np.stack([fit.curves[name] for fit in fits]) for name in CURVES},
        pipeline=pipeline,
        probabilities=probabilities,
        predictions=predictions,
        report=report,
        published=PUBLISHED[model.name],
        rerun=RERUN[model.name],
    )
