"""Which features matter: `MLPFeatureSelector` beside other ways to find out, where it is known.

Made-up tables of two classes whose support is known. Every way gets the rows, scaled, and hands
back a set of features; one and the same network is then fitted on these alone. Some find out by
themselves how many there are. The others are told, which is more than anybody knows in earnest.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import mutual_info_classif
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from sknn import MLPFeatureSelector, ScratchMLPClassifier

from ._harness import Report, Settings

FOLDS = 3
N_TEST = 2000
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Table:
    """Rows to learn from, rows to test on, and which features the classes are made of."""

    X: NDArray[np.float64]
    y: NDArray[np.int_]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int_]
    support: Mask


def make_table(kind: str, n_rows: int, n_features: int, seed: int) -> Table:
    """Independent normal columns, and a class drawn by the logistic function of a signal.

    `linear` has five features in a sum. `interactions` has two products of two features, which
    no way that looks at one feature at a time can see. `decoys` is `linear` with five more columns
    that are correlated with those of the sum by 0.8 and say nothing that these do not say.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows + N_TEST, n_features))
    support = np.zeros(n_features, dtype=bool)
    if kind == "interactions":
        support[:4] = True
        signal = 4 * (np.sign(X[:, 0] * X[:, 1]) + np.sign(X[:, 2] * X[:, 3]))
        signal += rng.choice([-1, 1], size=len(X))  # where the two disagree, either class
    else:
        support[:5] = True
        signal = X[:, :5] @ np.array([3.0, -2.5, 2.0, 1.5, -1.0])
    if kind == "decoys":
        X[:, 5:10] = 0.8 * X[:, :5] + 0.6 * X[:, 5:10]
    y = (rng.random(len(X)) < 1 / (1 + np.exp(-signal))).astype(int)
    order = rng.permutation(n_features)  # no way is to profit from the order of the columns
    X, support = X[:, order], support[order]
    mean, deviation = X[:n_rows].mean(axis=0), X[:n_rows].std(axis=0)
    X = (X - mean) / deviation
    return Table(X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:], support)


def first(importances: NDArray[np.float64], k: int) -> Mask:
    """The k features of largest importance."""
    ranks = np.argsort(np.argsort(-importances, kind="stable"), kind="stable")
    return np.asarray(ranks < k)


# ---- the ways; `told` of them get the right number of features ----


def everything(X: Any, y: Any) -> Mask:
    return np.ones(X.shape[1], dtype=bool)


def ours(X: Any, y: Any) -> Mask:
    return np.asarray(MLPFeatureSelector(cv=FOLDS, random_state=0).fit(X, y).support_)


def lassonet(X: Any, y: Any) -> Mask:
    """The features at the least loss on rows held out: with its folds it takes minutes a table."""
    from lassonet import LassoNetClassifier

    inside, outside, y_inside, y_outside = train_test_split(
        X.astype(np.float32), y, test_size=0.3, random_state=0
    )
    model = LassoNetClassifier(**_LASSONET)
    path = model.path(inside, y_inside, X_val=outside, y_val=y_outside)
    best = min(path, key=lambda item: item.val_loss)
    return np.asarray(best.selected.numpy(), dtype=bool)


def l1_logistic(X: Any, y: Any) -> Mask:
    model = LogisticRegressionCV(
        Cs=10, cv=FOLDS, l1_ratios=(1.0,), solver="saga", max_iter=1000, tol=1e-3,
        scoring="neg_log_loss", use_legacy_attributes=False,
    )  # fmt: skip
    return np.asarray(np.abs(model.fit(X, y).coef_).max(axis=0) > 1e-6)


def told_ours(X: Any, y: Any, k: int) -> Mask:
    return np.asarray(MLPFeatureSelector(n_features_to_select=k, random_state=0).fit(X, y).support_)


def told_lassonet(X: Any, y: Any, k: int) -> Mask:
    from lassonet import LassoNetClassifier

    model = LassoNetClassifier(**_LASSONET)
    model.path(X.astype(np.float32), y)
    return first(model.feature_importances_.numpy(), k)


def told_mutual_information(X: Any, y: Any, k: int) -> Mask:
    return first(mutual_info_classif(X, y, random_state=0), k)


def told_forest(X: Any, y: Any, k: int) -> Mask:
    forest = RandomForestClassifier(300, random_state=0).fit(X, y)
    return first(forest.feature_importances_, k)


def told_permutation(X: Any, y: Any, k: int) -> Mask:
    inside, outside, y_inside, y_outside = train_test_split(X, y, test_size=0.3, random_state=0)
    model = network().fit(inside, y_inside)
    found = permutation_importance(
        model, outside, y_outside, scoring="neg_log_loss", n_repeats=10, random_state=0
    )
    return first(found.importances_mean, k)


# Its steps are 5 % where they come at 2 %: that takes less than half of its time.
_LASSONET: dict[str, Any] = {
    "hidden_dims": (32,),
    "path_multiplier": 1.05,
    "random_state": 0,
    "verbose": 0,
}

ALONE: Mapping[str, Callable[[Any, Any], Mask]] = {
    "no selection": everything,
    "MLPFeatureSelector": ours,
    "LassoNetClassifier, held-out rows": lassonet,
    "L1 logistic regression, CV": l1_logistic,
}
TOLD: Mapping[str, Callable[[Any, Any, int], Mask]] = {
    "MLPFeatureSelector": told_ours,
    "LassoNetClassifier": told_lassonet,
    "permutation importance of a network": told_permutation,
    "random-forest importance": told_forest,
    "mutual information": told_mutual_information,
}


def network() -> ScratchMLPClassifier:
    """What is fitted on the features that were found."""
    return ScratchMLPClassifier(
        (32,), l2=0.01, learning_rate_init=0.01, max_iter=100, n_iter_no_change=np.inf,
        random_state=0,
    )  # fmt: skip


def run(settings: Settings) -> list[Report]:
    """Find the features of every table in every way; means over a few tables of each kind."""
    kinds, sizes = ("linear", "interactions", "decoys"), [(300, 20, 3), (1000, 50, 1)]
    if settings.smoke:
        kinds, sizes = ("decoys",), [(60, 10, 1)]
        _LASSONET.update(path_multiplier=2.0, n_iters=(5, 5))
    reports = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _one_torch_thread()
        for kind in kinds:
            for n_rows, n_features, n_tables in sizes:
                tables = [make_table(kind, n_rows, n_features, seed) for seed in range(n_tables)]
                reports.append(_compare(kind, tables))
    return reports


def _compare(kind: str, tables: list[Table]) -> Report:
    n_rows, n_features = tables[0].X.shape
    report = Report(
        f"{kind}, {n_rows} × {n_features}, {tables[0].support.sum()} features matter; "
        f"means over {len(tables)} tables",
        ("way", "told how many", "features", "precision", "recall", "accuracy", "seconds"),
    )
    for is_told, ways in ((False, ALONE), (True, TOLD)):
        for name, way in ways.items():
            found = []
            for table in tables:
                told = (int(table.support.sum()),) if is_told else ()
                start = time.process_time()
                try:
                    mask = way(table.X, table.y, *told)  # type: ignore[operator]
                except ImportError:  # a peer that is not installed
                    break
                seconds = time.process_time() - start
                found.append((*_judge(table, mask), seconds))
            if found:
                size, precision, recall, accuracy, seconds = np.mean(found, axis=0)
                report.add(
                    (
                        name,
                        "yes" if is_told else "no",
                        f"{size:.1f}",
                        f"{precision:.2f}",
                        f"{recall:.2f}",
                        f"{100 * accuracy:.1f}",
                        f"{seconds:.1f}",
                    ),
                    way=name,
                    told=is_told,
                    features=float(size),
                    precision=float(precision),
                    recall=float(recall),
                    accuracy=float(accuracy),
                    seconds=float(seconds),
                )
    return report


def _judge(table: Table, mask: Mask) -> tuple[float, float, float, float]:
    """Number of features, precision, recall, and accuracy of a network that sees them alone."""
    size, hits = int(mask.sum()), int((mask & table.support).sum())
    if not size:
        share = float(np.bincount(table.y_test).max() / len(table.y_test))
        return 0.0, 1.0, 0.0, share
    model = network().fit(table.X[:, mask], table.y)
    accuracy = float(model.score(table.X_test[:, mask], table.y_test))
    return float(size), hits / size, hits / int(table.support.sum()), accuracy


def _one_torch_thread() -> None:
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)
