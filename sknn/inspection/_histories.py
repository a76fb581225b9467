"""Histories that users hand over, and what all of several have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sknn.inspection._fitted import describe
from sknn.training import History


def check_histories(
    histories: History | Mapping[str, History | Sequence[History]],
) -> dict[str, tuple[History, ...]]:
    """The histories by name.

    Raises
    ------
    TypeError, ValueError
        If they are none, or one has no epoch.
    """
    if isinstance(histories, History):
        histories = {"training": histories}
    if not isinstance(histories, Mapping):
        raise TypeError(
            "`histories` must be a History or a dict of str to History or to list of History, got "
            f"{type(histories).__name__}"
        )
    found = {}
    for name, runs in histories.items():
        found[str(name)] = tuple(runs) if isinstance(runs, list | tuple) else (runs,)
        for run in found[str(name)]:
            if not isinstance(run, History) or not len(run):
                raise ValueError(
                    f"`histories` must hold History objects of at least one epoch, got {run!r} "
                    f"for {name!r}"
                )
    if not found or not all(found.values()):
        raise ValueError("`histories` must hold at least one History for each name, got none")
    return found


def score_of(histories: Mapping[str, Sequence[History]]) -> str:
    """What all of them have beside their losses: "accuracy" or "r2".

    Raises
    ------
    ValueError
        If they differ in that.
    """
    scores = {run.score for runs in histories.values() for run in runs}
    if len(scores) > 1:
        raise ValueError(
            "`histories` must be all of classifiers or all of regressors, got some with accuracy "
            "and some with R²: draw them in two figures"
        )
    return scores.pop()


def estimators_of(cv_results: Mapping[str, Any]) -> list[Any]:
    """The fitted estimators of a cross-validation.

    Raises
    ------
    ValueError
        If they were not kept.
    """
    if not isinstance(cv_results, Mapping) or "estimator" not in cv_results:
        got = f"a dict of {list(cv_results)}" if isinstance(cv_results, Mapping) else cv_results
        raise ValueError(
            "`cv_results` must be what cross_validate returned with return_estimator=True, got "
            f"{got}"
        )
    return list(cv_results["estimator"])


def describe_all(networks: Sequence[Any]) -> list[str]:
    """What is true of all these networks."""
    first, *others = [describe(net) for net in networks]
    shared = [part for part in first if all(part in other for other in others)]
    return [*shared, f"{len(networks)} trainings"] if others else shared
