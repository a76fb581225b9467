"""scikit-learn's checks of estimators, over many configurations of ours.

What every configuration must pass is in `test_common_checks.py`. Here are the settings one by one,
with the checks that a setting contradicts: those must fail, all others must pass.

    python tests/estimators/test_checks_by_configuration.py [PART OF A NAME ...]

prints the counts of every configuration, of ensembles and selectors too and, for comparison, of
`MLPClassifier`; with the reason of each failure.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import check_estimator

from sknn import (
    MLPFeatureSelector,
    RankStabilitySelector,
    RegularizationPath,
    ScratchMLPClassifier,
    ScratchMLPEnsembleClassifier,
    StackedGridSearchCV,
    TorchMLPClassifier,
)

# ---------------------------------------------------------------------------------------
# checks that a setting contradicts

# A batch, a mask, a held-out split or a count of rows falls on rows, and a row twice is two rows.
ROWS_ARE_NOT_WEIGHTS = frozenset(
    {
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    }
)
# float32 has not the seven digits that the same two checks compare.
FEWER_DIGITS = ROWS_ARE_NOT_WEIGHTS
# `partial_fit` sees a part of the data and one epoch, and refuses what needs more.
NO_PARTIAL_FIT = frozenset(
    {
        "check_fit_score_takes_y",
        "check_n_features_in_after_fitting",
        "check_estimators_partial_fit_n_features",
    }
)
# A second fit of a warm start is not to end where the first one did.
GOES_ON = frozenset(
    {"check_supervised_y_2d", "check_classifiers_multilabel_representation_invariance"}
)
# A tenth of 50 rows with one class ten million times as heavy: all are right after an epoch, and
# those weights are restored.
FEW_ROWS_TO_CHOOSE_BY = frozenset({"check_class_weight_classifiers"})


@dataclass(frozen=True)
class Setting:
    """Parameters, and the checks that they contradict."""

    params: Mapping[str, Any]
    contradicts: frozenset[str] = field(default_factory=frozenset)


SETTINGS = {
    "small": Setting({}),
    "linear": Setting({"hidden_layer_sizes": (), "learning_rate_init": 0.5}),
    "sgd": Setting({"solver": "sgd"}),
    "adamw": Setting({"solver": "adamw"}),
    "rmsprop": Setting({"solver": "rmsprop"}),
    "lbfgs": Setting({"solver": "lbfgs", "max_iter": 12}),
    "early_stopping": Setting({"early_stopping": True}, ROWS_ARE_NOT_WEIGHTS | NO_PARTIAL_FIT),
    "early_stopping, 0.3": Setting(
        {"early_stopping": True, "validation_fraction": 0.3}, ROWS_ARE_NOT_WEIGHTS | NO_PARTIAL_FIT
    ),
    "early_stopping, accuracy": Setting(
        {"early_stopping": True, "monitor": "valid_accuracy"},
        ROWS_ARE_NOT_WEIGHTS | NO_PARTIAL_FIT | FEW_ROWS_TO_CHOOSE_BY,
    ),
    "early_stopping, lbfgs": Setting({"early_stopping": True, "solver": "lbfgs", "max_iter": 12}),
    "dropout": Setting({"dropout": 0.2, "input_dropout": 0.1}, ROWS_ARE_NOT_WEIGHTS),
    "batch_size full": Setting({"batch_size": "full"}),
    "batch_size 1": Setting({"batch_size": 1, "max_iter": 4}, ROWS_ARE_NOT_WEIGHTS),
    "batch_size 3": Setting({"batch_size": 3, "max_iter": 8}, ROWS_ARE_NOT_WEIGHTS),
    "label_smoothing": Setting({"label_smoothing": 0.1}),
    "activations": Setting({"hidden_layer_sizes": (8, 8), "activation": ["mish", "gelu"]}),
    # Every row of a batch has a part in its mean, whatever its weight.
    "normalization, batch": Setting({"normalization": "batch"}, ROWS_ARE_NOT_WEIGHTS),
    "normalization, layer": Setting({"normalization": "layer"}),
    "residual": Setting({"hidden_layer_sizes": (8, 8), "residual": True}),
    "embedding": Setting({"embedding": "periodic"}),
    "input_scale": Setting({"input_scale": True}),
    "l1, prox": Setting({"l1": 1e-3}),
    "l1, subgradient": Setting({"l1": 1e-3, "l1_method": "subgradient"}),
    "group_l1": Setting({"group_l1": 1e-3}),
    "invscaling": Setting({"learning_rate": "invscaling", "power_t": 0.1}, ROWS_ARE_NOT_WEIGHTS),
    "adaptive": Setting({"learning_rate": "adaptive", "solver": "sgd"}),
    "cosine": Setting({"learning_rate": "cosine"}, NO_PARTIAL_FIT),
    "onecycle": Setting({"learning_rate": "onecycle"}, NO_PARTIAL_FIT),
    "float32": Setting({"dtype": "float32"}, FEWER_DIGITS),
    "balanced": Setting({"class_weight": "balanced"}, NO_PARTIAL_FIT),
    "warm_start": Setting({"warm_start": True}, GOES_ON),
    "warm_start, lbfgs": Setting({"warm_start": True, "solver": "lbfgs", "max_iter": 12}, GOES_ON),
    "record batch": Setting({"record": "batch"}),
    "no shuffle": Setting({"shuffle": False}),
    "max_grad_norm": Setting({"max_grad_norm": 1.0}),
    "n_iter_no_change inf": Setting({"n_iter_no_change": float("inf")}),
}
# Of the Torch class, those that its own code decides. What contradicts nothing is in
# `test_common_checks.py` in other combinations; one by one, it is left to the command.
OF_TORCH = ("early_stopping", "dropout", "float32", "warm_start, lbfgs", "normalization, batch")


def small(kind: type[BaseEstimator], **params: Any) -> Any:
    defaults = {"hidden_layer_sizes": (12,), "max_iter": 25, "learning_rate_init": 0.05}
    if kind is TorchMLPClassifier:
        defaults["device"] = "cpu"
    return kind(**(defaults | params))


def configurations() -> Iterator[tuple[str, BaseEstimator, frozenset[str] | None]]:
    """Names, estimators and the checks that they contradict; None where it is not for us to say."""
    for name, setting in SETTINGS.items():
        for kind in (ScratchMLPClassifier, TorchMLPClassifier):
            yield f"{kind.__name__}: {name}", small(kind, **setting.params), setting.contradicts
    scratch = small(ScratchMLPClassifier, random_state=0)
    early = small(ScratchMLPClassifier, early_stopping=True)
    walk = {"n_lambdas": 4, "epochs_per_lambda": 3}
    for name, estimator, contradicts in (
        ("ensemble", ScratchMLPEnsembleClassifier(scratch, 3), frozenset()),
        (
            "ensemble: bootstrap",
            ScratchMLPEnsembleClassifier(scratch, 3, bootstrap=True),
            ROWS_ARE_NOT_WEIGHTS,
        ),
        (
            "ensemble: early_stopping",
            ScratchMLPEnsembleClassifier(early, 3),
            ROWS_ARE_NOT_WEIGHTS,
        ),
        ("selector", MLPFeatureSelector(scratch, cv=2, **walk), frozenset()),
        (
            "selector: l1",
            MLPFeatureSelector(scratch, cv=2, penalty="l1", relax=False, **walk),
            frozenset(),
        ),
        (
            "selector: told how many",
            MLPFeatureSelector(scratch, n_features_to_select=1, **walk),
            frozenset(),
        ),
        ("path", RegularizationPath(scratch, **walk), frozenset()),
        ("rank stability", RankStabilitySelector(scratch, n_refits=5), frozenset()),
        (
            "rank stability: subsample",
            RankStabilitySelector(scratch, n_refits=5, subsample=0.5),
            ROWS_ARE_NOT_WEIGHTS,
        ),
        ("search", StackedGridSearchCV(scratch, {"l2": [0.0, 0.1]}, cv=2), frozenset()),
    ):
        yield name, estimator, contradicts
    for name, params in (
        ("defaults", {}),
        ("early_stopping", {"early_stopping": True}),
        ("lbfgs", {"solver": "lbfgs"}),
        ("warm_start", {"warm_start": True}),
    ):
        yield f"MLPClassifier: {name}", MLPClassifier(**params), None


def run_checks(estimator: BaseEstimator) -> tuple[Counter[str], dict[str, str]]:
    """How many checks ended how, and the reasons of those that failed."""
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {
        result["check_name"]: " ".join(f"{result['exception']!r}".split())
        for result in results
        if result["status"] == "failed"
    }
    return Counter(result["status"] for result in results), failed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of all that a check may lead to; warnings have tests
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((ScratchMLPClassifier, n) for n, setting in SETTINGS.items() if setting.contradicts),
        (ScratchMLPClassifier, "early_stopping, lbfgs"),
        *((TorchMLPClassifier, n) for n in OF_TORCH),
    ],
)
def test_checks_fail_where_the_setting_contradicts_them(kind, name):
    setting = SETTINGS[name]
    _, failed = run_checks(small(kind, **setting.params))
    unexpected = {check: why for check, why in failed.items() if check not in setting.contradicts}
    assert not unexpected
    assert setting.contradicts == failed.keys()


def main(parts: list[str]) -> None:
    """Print the counts of the configurations whose names contain any of `parts`."""
    total: Counter[str] = Counter()
    for name, estimator, contradicts in configurations():
        if parts and not any(part in name for part in parts):
            continue
        counts, failed = run_checks(estimator)
        expected = failed.keys() & (contradicts or ())
        print(
            f"{name}: {counts['passed']} passed, {counts['failed']} failed, "
            f"{len(expected)} of these contradict the setting",
            flush=True,
        )
        for check in sorted(failed.keys() - expected):
            print(f"    {check}: {failed[check][:200]}")
        for check in sorted((contradicts or frozenset()) - failed.keys()):
            print(f"    {check}: passes, and is listed as contradicted")
        if contradicts is not None:
            total += counts + Counter({"contradict": len(expected)})
    print(
        f"ours together: {total['passed'] + total['failed']} checks, {total['failed']} failed, "
        f"{total['contradict']} of these contradict the setting"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1:])
