"""The yeast study: where in the cell a protein sits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sknn._sklearn_compat import Interval, StrOptions, validate_params
from sknn.datasets import load_yeast
from sknn.estimators import ScratchMLPClassifier
from sknn.model_selection import StackedGridSearchCV
from sknn.studies._published_yeast import PUBLISHED_YEAST, RERUN_YEAST
from sknn.studies._results import FitProgress, check_seeds
from sknn.studies._scores import neg_log_loss, score
from sknn.studies._training import Engine, classifier_of, fit_each, untrained
from sknn.studies._yeast_architectures import FIGURES, LEVELS, YeastArchitectures
from sknn.studies._yeast_protocol import (
    ADAM,
    ARCHITECTURES,
    GRID,
    OPTIMIZERS,
    RANDOM_STATE,
    REGULARIZERS,
    Architecture,
    Model,
    YeastSplit,
    network_of,
    split_in_three,
    split_in_two,
)
from sknn.studies._yeast_result import YeastModel, YeastResult
from sknn.studies._yeast_table import YeastTable


@dataclass(frozen=True)
class _Task:
    """One network of the study and the split that it belongs to."""

    model: Model
    split: YeastSplit
    epochs: int
    seed: int


@dataclass(frozen=True)
class _Fit:
    """A trained network: its place among the tasks, and what it predicts for the test rows."""

    place: int
    task: _Task
    pipeline: Pipeline
    probabilities: NDArray[np.float64]
    seconds: float

    @cached_property
    def scores(self) -> dict[str, float]:
        """Accuracy, macro F1 and log loss on the test rows."""
        y = self.task.split.y_test.to_numpy()
        return score(y, self.probabilities, self.pipeline.classes_)


@validate_params(
    {
        "path": [str, os.PathLike, None],
        "engine": [StrOptions({"scratch", "torch"})],
        "seeds": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "other_splits": [Interval(Integral, 0, RANDOM_STATE, closed="both")],
        "optimizer_epochs": [Interval(Integral, 1, None, closed="left")],
        "regularizer_epochs": [Interval(Integral, 1, None, closed="left")],
        "questions": ["boolean"],
        "architectures": ["boolean"],
        "n_jobs": [Integral, None],
        "progress": [callable, None],
    },
    prefer_skip_nested_validation=True,
)
def yeast(
    path: str | os.PathLike[str] | None = None,
    *,
    engine: Engine = "scratch",
    seeds: int | Sequence[int] = 20,
    other_splits: int = 20,
    optimizer_epochs: int = 100,
    regularizer_epochs: int = 1000,
    questions: bool = True,
    architectures: bool = True,
    n_jobs: int | None = None,
    progress: Callable[[FitProgress], object] | None = None,
) -> YeastResult:
    """Train the study's networks, each with many seeds, on the document's splits and on others.

    A network of 8, 32 and 10 units is trained in four ways on a split into training and test rows,
    and with four regularisers on a split into training, validation and test rows. Columns are
    standardised by the training rows. Then the questions are answered that the document asks at
    its end: fewer or more neurons, more layers, batch normalization and residual connections, a
    tuned dropout and λ.

    Parameters
    ----------
    path : str, path-like or None, default=None
        The file that holds the table; None to get it from OpenML, as
        :func:`sknn.datasets.load_yeast` does.

    engine : {"scratch", "torch"}, default="scratch"
        What trains the networks: NumPy, many seeds at a time, or PyTorch.

    seeds : int or sequence of int, default=20
        The seeds of weights, batch order and dropout: 0 to ``seeds - 1``, or those given.

    other_splits : int, default=20
        Other splits to train each model on, with one seed each: 42 at most.

    optimizer_epochs : int, default=100
        Epochs of the four ways to train.

    regularizer_epochs : int, default=1000
        Epochs of all others, at most: those of `architectures` end earlier as a rule.

    questions : bool, default=True
        Whether to answer the document's questions.

    architectures : bool, default=True
        Whether those on the architecture are among them: 75 networks of 16, 32 or 64 neurons in
        one to four layers, with and without batch normalization, layer normalization and residual
        connections. They take most of the time of the study.

    n_jobs : int, default=None
        Stacks of networks to train at a time, each in a process of its own; None is 1 unless in a
        :class:`joblib.parallel_config` context, -1 is one for each processor.

    progress : callable, default=None
        Called with a :class:`FitProgress` after each fit. The search for dropout and λ counts as
        one. With the fits of `architectures` it gets no seed.

    Returns
    -------
    result : YeastResult
        All figures, all networks of the document's splits, and others' figures to compare.

    Raises
    ------
    FileNotFoundError
        If `path` does not exist.

    ValueError
        If a parameter is invalid, the file is not the yeast table, or a fit diverges.

    OSError
        If there is no `path`, and OpenML cannot be reached.

    Notes
    -----
    Each fit uses one thread for linear algebra, so the result does not depend on ``n_jobs``. The
    search for dropout and λ trains in NumPy with either engine: 75 networks in stacks. Engines draw
    other dropout masks; without dropout their networks agree.

    Examples
    --------
    >>> from sknn.studies import yeast
    >>> result = yeast("yeast.csv", n_jobs=-1)  # doctest: +SKIP
    >>> result["l2"].accuracy.mean  # doctest: +SKIP
    0.617...
    """
    chosen = check_seeds(seeds)
    X, y = load_yeast(path, return_X_y=True, as_frame=True)
    shapes = ARCHITECTURES if questions and architectures else ()
    blocks = (
        (split_in_two, OPTIMIZERS, optimizer_epochs),
        (split_in_three, REGULARIZERS, regularizer_epochs),
    )
    n_fits = len(chosen) + other_splits
    n_models = sum(len(models) for _, models, _ in blocks) + int(questions) + len(shapes)
    count = _Count(progress, n_models * n_fits + int(questions))
    found: dict[str, YeastModel] = {}
    splits = []
    for split, models, epochs in blocks:
        own = [split(X, y, seed) for seed in (RANDOM_STATE, *range(other_splits))]
        found |= _run(models, own, epochs, chosen, engine, n_jobs, count)
        splits.append(own)
    search = tuned = None
    if questions:
        search = _search(splits[1][0], regularizer_epochs, n_jobs)
        count("search for dropout and λ")
        best = {name.partition("__")[2]: value for name, value in search.best_params_.items()}
        model = Model("tuned", "tuned dropout and λ", {**ADAM, **best})
        tuned = _run((model,), splits[1], regularizer_epochs, chosen, engine, n_jobs, count)[
            "tuned"
        ]
    return YeastResult(
        table=YeastTable(X, y),
        engine=engine,
        seeds=chosen,
        optimizers=tuple(found[model.name] for model in OPTIMIZERS),
        regularizers=tuple(found[model.name] for model in REGULARIZERS),
        architectures=(
            _compare(shapes, splits[1], regularizer_epochs, chosen, engine, n_jobs, count)
            if shapes
            else None
        ),
        tuned=tuned,
        search=search,
        untrained_accuracies=_untrained(splits[0][0], chosen),
    )


class _Count:
    """Tells `progress` of each fit, and how many there are."""

    def __init__(self, progress: Callable[[FitProgress], object] | None, total: int) -> None:
        self.progress, self.done, self.total = progress, 0, total

    def __call__(self, title: str, seed: int | None = None, accuracy: float | None = None) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(FitProgress(self.done, self.total, title, seed, accuracy))


def _tasks(
    model: Model, splits: Sequence[YeastSplit], epochs: int, seeds: Sequence[int]
) -> list[_Task]:
    """A model with all seeds on the first split, and once on each of the others."""
    own = [_Task(model, splits[0], epochs, seed) for seed in seeds]
    return own + [_Task(model, split, epochs, split.random_state) for split in splits[1:]]


def _fits(tasks: Sequence[_Task], engine: Engine, n_jobs: int | None) -> Iterator[_Fit]:
    """Train networks; yield each as soon as it is fitted."""
    classifier = classifier_of(engine)
    networks = [network_of(classifier, task.model, task.epochs, task.seed) for task in tasks]
    rows = [task.split.scaled for task in tasks]
    for i, network, seconds in fit_each(networks, rows, n_jobs):
        split = tasks[i].split
        pipeline = Pipeline([("scale", split.scaler), ("mlp", network)])
        with threadpool_limits(1):
            yield _Fit(i, tasks[i], pipeline, pipeline.predict_proba(split.X_test), seconds)


def _run(
    models: Sequence[Model],
    splits: Sequence[YeastSplit],
    epochs: int,
    seeds: Sequence[int],
    engine: Engine,
    n_jobs: int | None,
    count: _Count,
) -> dict[str, YeastModel]:
    """Train models with all seeds on the first split, and once on each of the others."""
    tasks = [task for model in models for task in _tasks(model, splits, epochs, seeds)]
    fits: dict[int, _Fit] = {}
    for fit in _fits(tasks, engine, n_jobs):
        fits[fit.place] = fit
        count(fit.task.model.title, fit.task.seed, fit.scores["accuracy"])
    return {
        model.name: _collect(
            model, [fits[i] for i, task in enumerate(tasks) if task.model is model], len(seeds)
        )
        for model in models
    }


def _compare(
    architectures: Sequence[Architecture],
    splits: Sequence[YeastSplit],
    epochs: int,
    seeds: Sequence[int],
    engine: Engine,
    n_jobs: int | None,
    count: _Count,
) -> YeastArchitectures:
    """Train networks as `_run` does, and keep no more of each than its figures."""
    import pandas as pd

    runs: dict[tuple[Any, ...], dict[str, float]] = {}
    for own in architectures:
        # One architecture at a time: all of their states would fill the memory of a small machine.
        tasks = _tasks(own.model, splits, epochs, seeds)
        shape = own.depth, own.width, own.variant.name
        # Each has its place from the start: stacks end in any order.
        runs |= {(*shape, task.split.random_state, task.seed): {} for task in tasks}
        for fit in _fits(tasks, engine, n_jobs):
            runs[*shape, fit.task.split.random_state, fit.task.seed] |= {
                **fit.scores,
                "epochs": len(fit.pipeline[-1].history_),
                "seconds": fit.seconds,
            }
            count(own.model.title)
    frame = pd.DataFrame.from_dict(runs, orient="index")
    frame.index = frame.index.set_names(LEVELS)
    return YeastArchitectures(frame)


def _collect(model: Model, fits: list[_Fit], n_seeds: int) -> YeastModel:
    """Lay the fits of one model side by side: those of all seeds come before those of splits."""
    import pandas as pd

    own, others = fits[:n_seeds], fits[n_seeds:]
    index = pd.Index([fit.task.split.random_state for fit in others], name="random_state")
    return YeastModel(
        name=model.name,
        title=model.title,
        split=own[0].task.split,
        seeds=tuple(fit.task.seed for fit in own),
        pipelines=tuple(fit.pipeline for fit in own),
        probabilities=np.stack([fit.probabilities for fit in own]),
        other_splits=pd.DataFrame(
            [fit.scores for fit in others], index=index, columns=FIGURES, dtype=np.float64
        ),
        published=PUBLISHED_YEAST.get(model.name),
        rerun=RERUN_YEAST.get(model.name),
    )


def _search(split: YeastSplit, epochs: int, n_jobs: int | None) -> StackedGridSearchCV:
    """Look for dropout and λ among the training rows: the other rows stay out of it."""
    network = network_of(ScratchMLPClassifier, Model("", "", ADAM), epochs, seed=0)
    return StackedGridSearchCV(
        Pipeline([("scale", StandardScaler()), ("mlp", network)]),
        {f"mlp__{name}": values for name, values in GRID.items()},
        scoring=neg_log_loss,
        n_jobs=n_jobs,
        # Three proteins of the rarest site are among the training rows.
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
        refit=False,
    ).fit(split.X_train, split.y_train)


def _untrained(split: YeastSplit, seeds: Sequence[int]) -> Any:
    """Test accuracies of networks that are what their seeds made them."""
    rows, X_test = split.scaled, split.scaler.transform(split.X_test)
    networks = [network_of(ScratchMLPClassifier, OPTIMIZERS[0], 1, seed) for seed in seeds]
    with threadpool_limits(1):
        return np.array(
            [untrained(network, rows).score(X_test, split.y_test) for network in networks]
        )
