"""Everything that comes before training: from inputs and parameters to a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sknn._sklearn_compat import validate_data
from sknn.training import Engine, Plan, Problem, Rows, Streams, TrainState

from ._base import BaseMLP
from ._inputs import Inputs, make_problem, row_weights, validation_rows
from ._resolve import resolve_plan, training_dtypes
from ._resume import check_resumable, resumed_state
from ._targets import Encoded, Target


@dataclass(frozen=True)
class Terms:
    """What has to be known of a training when it has ended.

    `holds_out` says whether its validation rows were taken from the training rows.
    """

    plan: Plan
    target: Target
    holds_out: bool


@dataclass(frozen=True)
class Job(Terms):
    """A training that is ready to begin."""

    engine: Engine
    problem: Problem
    state: TrainState

    @property
    def terms(self) -> Terms:
        """Its terms alone, without data."""
        return Terms(self.plan, self.target, self.holds_out)


class Memo:
    """Results of the steps of `prepare`, for fits that have steps in common.

    A result is found again by what it was computed from: by the identity of arrays, which are kept
    so that no other can take their place, and by the value of all else.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def get(self, compute: Callable[[], Any], *origins: Any) -> tuple[Any, bool]:
        """What `compute` returns, and whether it was known."""
        key = tuple(o if isinstance(o, _BY_VALUE) else id(o) for o in origins)
        if key in self._found:
            return self._found[key][0], True
        result = compute()
        self._found[key] = result, origins
        return result, False


_BY_VALUE = (str, int, float, type(None))

# What `validate_data` leaves on an estimator.
FEATURES = ("n_features_in_", "feature_names_in_")


def prepare(
    estimator: BaseMLP,
    inputs: Inputs,
    *,
    resume: bool,
    max_iter: int,
    partial: bool,
    memo: Memo | None = None,
) -> Job:
    """Validate what was given, and settle what to train on, how, and where to start from.

    Parameters
    ----------
    estimator : estimator
    inputs : Inputs
    resume : bool
        Whether to go on from what the estimator has learnt.
    max_iter : int
        Most epochs of this training.
    partial : bool
        Whether `inputs` are a part of the data only.
    memo : Memo, optional
        Of fits that may have been given the same; equal problems become one.
    """
    memo = memo or Memo()

    # 1. Validate the data.
    X, encoded, weights, valid_rows = _validated_rows(
        estimator, inputs, resume=resume, partial=partial, memo=memo
    )
    # L-BFGS has a test of its own for convergence, and trains on all rows, as in scikit-learn.
    stops_early = estimator.early_stopping and estimator.solver != "lbfgs"
    holds_out = stops_early and valid_rows is None
    if resume and holds_out and not estimator._held_out:
        raise ValueError(
            "`early_stopping` cannot hold rows out of a fit that goes on from one that was "
            "trained on all of them: pass `X_val` and `y_val`, or set warm_start=False."
        )

    engine = estimator._engine
    engine.check(X.dtype, estimator.solver)

    # 2. The streams of random numbers: new ones, or those of the fit that is gone on from.
    before = estimator._state if resume else None
    streams = draw_streams(estimator.random_state) if before is None else before.streams[0]

    # 3. The problem and the plan, with nothing left open.
    fraction = float(estimator.validation_fraction) if holds_out else None
    seed = streams.split_seed if holds_out else 0
    (problem, target), _ = memo.get(
        lambda: make_problem(
            X, encoded, weights, valid_rows, validation_fraction=fraction, seed=seed
        ),
        "problem",
        X,
        encoded,
        weights,
        valid_rows,
        fraction,
        seed,
    )
    plan = resolve_plan(
        estimator,
        n_rows=len(problem.train),
        n_features=X.shape[1],
        target=target,
        dtype=X.dtype,
        max_iter=max_iter,
    )
    plan = estimator._adjusted(plan)

    # 4. The first weights, or the last.
    if resume:
        check_resumable(estimator, target, plan, partial)
        state = resumed_state(estimator, plan, streams)
    else:
        state = engine.start([plan], [streams])
    return Job(plan, target, holds_out, engine, problem, state)


def _validated_rows(
    estimator: BaseMLP, inputs: Inputs, *, resume: bool, partial: bool, memo: Memo
) -> tuple[Any, Encoded, np.ndarray | None, Rows | None]:
    """The rows with their targets and weights, and the validation rows that were given."""
    goes_on = resume and estimator.solver != "lbfgs"  # which works in float64 whatever came before
    dtypes = estimator._plan.dtype if goes_on else training_dtypes(estimator)
    (X, y, features), is_known = memo.get(
        lambda: _validate(estimator, inputs, dtypes, reset=not resume),
        "data",
        inputs.X,
        inputs.y,
        str(dtypes),
        repr(estimator._target_settings(inputs.y)),
        estimator._accepted_sparse(),
        resume,
    )
    if is_known:  # by another estimator, which has learnt the names of the features
        for name in FEATURES:
            estimator.__dict__.pop(name, None)
        estimator.__dict__.update(features)
    encoded, _ = memo.get(
        lambda: estimator._encode(y, resume=resume, partial=partial),
        "target",
        y,
        repr(estimator._target_terms()),
        estimator if partial or resume else None,
    )
    weight, class_weight = inputs.sample_weight, getattr(estimator, "class_weight", None)
    weights, _ = memo.get(
        lambda: row_weights(X, encoded, weight, class_weight),
        "weights",
        encoded,
        weight,
        repr(class_weight),
    )
    valid = (inputs.X_val, inputs.y_val, inputs.sample_weight_val)
    valid_rows, _ = memo.get(
        lambda: validation_rows(estimator, valid, encoded.target, X.dtype),
        "valid",
        X,
        encoded,
        estimator._accepted_sparse(),
        *valid,
    )
    return X, encoded, weights, valid_rows


def _validate(
    estimator: BaseMLP, inputs: Inputs, dtypes: Any, *, reset: bool
) -> tuple[Any, np.ndarray, dict[str, Any]]:
    """Rows, targets, and what the estimator has learnt of the features, by name of attribute."""
    estimator._check_target(inputs.y)
    # In C order, whatever it came in: products of another layout could have other last bits.
    X, y = validate_data(
        estimator,
        inputs.X,
        inputs.y,
        accept_sparse=estimator._accepted_sparse(),
        dtype=dtypes,
        order="C",
        reset=reset,
        **estimator._target_settings(inputs.y),
    )
    return X, y, {name: vars(estimator)[name] for name in FEATURES if name in vars(estimator)}


def draw_streams(random_state: Any) -> Streams:
    """The streams of a new fit, from one draw of four words."""
    words = check_random_state(random_state).randint(2**32, size=4, dtype=np.int64)
    return Streams(words.tolist())
