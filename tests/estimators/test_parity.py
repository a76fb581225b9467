"""From equal seeds the two engines arrive at equal weights, to rounding, and tell the same of it.

``pytest -s tests/estimators/test_parity.py`` prints the largest difference of a weight for every
configuration. (Both engines are held against an independent loop in `test_against_torch.py`.)
"""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

HISTORY = ("train_loss", "penalty", "valid_loss", "train_accuracy", "valid_accuracy")
SGD = {"solver": "sgd", "learning_rate_init": 0.1}
LBFGS = {"solver": "lbfgs", "max_iter": 30, "activation": "tanh"}
STOPPING = {"early_stopping": True, "n_iter_no_change": 3, "tol": 1e-2, "max_iter": 60}

# Of 102 updates (17 epochs of six) where they do not say otherwise.
HUNDRED = {
    "sgd": SGD | {"momentum": 0.0},
    "sgd momentum": SGD | {"momentum": 0.7, "nesterovs_momentum": False},
    "sgd nesterov": SGD,
    "adam": {"solver": "adam"},
    "adam, other constants": {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1},
    "adamw": {"solver": "adamw", "l2": 0.3},
    "rmsprop": {"solver": "rmsprop", "learning_rate_init": 1e-3},
    "lbfgs": LBFGS,
    "lbfgs, weights and smoothing": LBFGS
    | {"weighted": True, "class_weight": "balanced", "label_smoothing": 0.1, "l2": 0.05},
    "lbfgs, no hidden layer": LBFGS | {"hidden_layer_sizes": (), "record": "batch"},
    "lbfgs, early stopping": LBFGS | STOPPING | {"valid": True, "max_iter": 30},
    "lbfgs, sparse": LBFGS | {"convert": sparse.csr_array},
    "invscaling": SGD | {"learning_rate": "invscaling", "power_t": 0.2},
    "invscaling adam": {"learning_rate": "invscaling", "power_t": 0.1},
    "adaptive": SGD
    | {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.02, "max_iter": 20},
    "cosine": SGD | {"learning_rate": "cosine"},
    "cosine rmsprop": {"solver": "rmsprop", "learning_rate": "cosine"},
    "onecycle": SGD | {"learning_rate": "onecycle"},
    "onecycle adamw": {"solver": "adamw", "learning_rate": "onecycle", "l2": 0.1},
    "l1": {"l1": 0.002, "l2": 0.0},
    "l1 sgd": SGD | {"l1": 0.002, "l2": 0.0},
    "l1 adamw": {"solver": "adamw", "l1": 0.03, "l2": 0.1},
    "l1 plain sgd": SGD | {"momentum": 0.0, "l1": 0.03},
    "l1 momentum": SGD | {"momentum": 0.7, "nesterovs_momentum": False, "l1": 0.03},
    "l1 rmsprop": {"solver": "rmsprop", "learning_rate_init": 3e-3, "l1": 0.05},
    "l1 cosine": {"learning_rate": "cosine", "l1": 2e-3},
    "l1 subgradient": {"l1": 0.002, "l2": 0.0, "l1_method": "subgradient"},
    "l1 subgradient sgd": SGD | {"l1": 0.002, "l1_method": "subgradient"},
    "group_l1": {"group_l1": 0.02},
    "group_l1 sgd": SGD | {"momentum": 0.0, "group_l1": 0.02},
    "group_l1 nesterov": SGD | {"group_l1": 0.005, "max_grad_norm": 0.3},
    "group_l1 adamw": {"solver": "adamw", "group_l1": 0.03, "l2": 0.1, "learning_rate": "cosine"},
    "group_l1 rmsprop": {"solver": "rmsprop", "learning_rate_init": 1e-3, "group_l1": 0.02},
    "group_l1 and l1": {"group_l1": 0.02, "l1": 1e-3, "weighted": True, "record": "batch"},
    "group_l1 and l1 sgd": SGD | {"group_l1": 0.01, "l1": 1e-3, "valid": True},
    "group_l1, early stopping": STOPPING | {"group_l1": 0.01, "learning_rate": "adaptive"},
    "group_l1, all features removed": {"group_l1": 5.0},
    "group_l1, no hidden layer": {"group_l1": 0.02, "hidden_layer_sizes": ()},
    "l2": SGD | {"l2": 0.05},
    "l1 and l2": SGD | {"l1": 1e-4, "l2": 0.02},
    "no penalty": {"l2": 0.0},
    "max_grad_norm": SGD | {"max_grad_norm": 0.3},
    "max_grad_norm and penalties": {"max_grad_norm": 0.1, "l1": 0.01, "l2": 0.1},
    "max_grad_norm adamw": {"solver": "adamw", "max_grad_norm": 0.1, "l2": 0.1},
    "identity": SGD | {"activation": "identity"},
    "logistic": SGD | {"activation": "logistic"},
    "tanh": SGD | {"activation": "tanh"},
    "no hidden layer": SGD | {"hidden_layer_sizes": ()},
    "one hidden layer": SGD | {"hidden_layer_sizes": 7},
    "three hidden layers": SGD | {"hidden_layer_sizes": (7, 6, 5)},
    "sample_weight": SGD | {"weighted": True},
    "class_weight": SGD | {"class_weight": {0: 0.5, 1: 3.0, 2: 1.0}},
    "balanced, and weights": {"weighted": True, "class_weight": "balanced", "record": "batch"},
    "label_smoothing": SGD | {"label_smoothing": 0.2},
    "early stopping": STOPPING,
    "early stopping by accuracy": STOPPING | {"monitor": "valid_accuracy"},
    "early stopping, weighted": STOPPING | {"weighted": True, "class_weight": "balanced"},
    "early stopping, X_val": STOPPING | {"valid": True, "learning_rate_init": 0.05},
    "early stopping by accuracy, X_val": STOPPING | {"valid": True, "monitor": "valid_accuracy"},
    "early stopping, adaptive": STOPPING | {"learning_rate": "adaptive", "n_iter_no_change": 1},
    "batches of one": SGD | {"batch_size": 1, "max_iter": 1, "learning_rate_init": 0.01},
    "ragged batches": SGD | {"batch_size": 35, "max_iter": 25, "record": "batch"},
    "ragged batches, weighted": {"batch_size": 35, "max_iter": 25, "weighted": True},
    "full batch": {"batch_size": "full", "max_iter": 100},
    "unshuffled": SGD | {"shuffle": False},
    "record": SGD | {"record": "batch", "valid": True},
    "record, weighted": SGD | {"record": "batch", "valid": True, "weighted": True},
    "sparse": {"convert": sparse.csr_array, "record": "batch"},
    "sparse, full batch": {"convert": sparse.csc_array, "batch_size": "full", "max_iter": 100},
    "sparse, early stopping": STOPPING | {"convert": sparse.csr_array, "valid": True},
    "two classes": SGD | {"labels": np.array(["no", "yes", "no"])},
    "strings": {"labels": np.array(["b", "a", "c"])},
    "everything": {
        "solver": "adamw",
        "weighted": True,
        "class_weight": {0: 0.5, 1: 3.0, 2: 1.0},
        "label_smoothing": 0.1,
        "max_grad_norm": 0.5,
        "l1": 1e-4,
        "l2": 1e-2,
        "learning_rate": "cosine",
        "record": "batch",
        "valid": True,
        "batch_size": 35,
        "max_iter": 25,
    },
}
THOUSAND = {
    "tanh sgd": SGD | {"activation": "tanh", "learning_rate_init": 0.02},
    "relu sgd, weighted": SGD | {"momentum": 0.5, "weighted": True, "label_smoothing": 0.1},
    "logistic adam, l1": {"activation": "logistic", "l1": 1e-4},
    "relu adam": {"learning_rate_init": 1e-3},
    "relu adam, l1 and group_l1": {"learning_rate_init": 1e-3, "l1": 1e-3, "group_l1": 0.01},
    "adamw cosine": {"solver": "adamw", "l2": 0.1, "learning_rate": "cosine"},
    "tanh rmsprop": {"solver": "rmsprop", "learning_rate_init": 1e-3, "activation": "tanh"},
}
FLOAT32 = {
    "sgd": SGD,
    "adam, weighted": {"weighted": True, "valid": True},
    "adam, l1 and group_l1": {"l1": 1e-3, "group_l1": 0.02},
    "rmsprop, clipped": {"solver": "rmsprop", "max_grad_norm": 0.5, "learning_rate_init": 1e-3},
}


@pytest.fixture(scope="module")
def differences():
    """The largest differences found, by configuration; printed when the last is known."""
    found = {}
    yield found
    print("\n\nlargest difference of a weight between the two engines")
    for name, difference in found.items():
        print(f"{name:55} {difference:9.2e}")


@pytest.fixture
def fit(table, held_out):
    """Fits an estimator; some of `params` are about the data."""

    def run(make, *, weighted=False, valid=False, convert=np.asarray, labels=None, **params):
        X, y = table
        X_val, y_val = held_out
        if labels is not None:
            y, y_val = labels[y], labels[y_val]
        X = np.where(np.abs(X) < 0.3, 0, X) if sparse.issparse(convert(X)) else X
        rng = np.random.default_rng(1)
        fit_params = {}
        if weighted:
            weight = rng.uniform(0, 3, len(y))
            weight[::7] = 0.0
            fit_params["sample_weight"] = weight
        if valid:
            fit_params |= {"X_val": convert(X_val), "y_val": y_val}
            if weighted:
                fit_params["sample_weight_val"] = rng.uniform(0, 3, len(y_val))
        return make(**({"max_iter": 17} | params)).fit(convert(X), y, **fit_params)

    return run


def largest_difference(one, other):
    return max(
        float(np.abs(left - right).max())
        for name in ("coefs_", "intercepts_")
        for left, right in zip(getattr(one, name), getattr(other, name), strict=True)
    )


def assert_same_story(one, other, X, atol):
    """Everything that a fit tells of itself, and its predictions."""
    for name in ("n_iter_", "n_layers_", "n_outputs_", "n_features_in_", "out_activation_"):
        assert getattr(one, name) == getattr(other, name), name
    assert_array_equal(one.classes_, other.classes_)
    for name in (
        "loss_",
        "best_loss_",
        "loss_curve_",
        "validation_scores_",
        "best_validation_score_",
    ):
        left, right = getattr(one, name), getattr(other, name)
        assert type(left) is type(right), name
        if left is not None:
            assert_allclose(left, right, rtol=0, atol=atol, err_msg=name)
    for level in ("epoch", "batch") if one.record == "batch" else ("epoch",):
        ours, theirs = one.history_.to_frame(level), other.history_.to_frame(level)
        assert ours.columns.tolist() == theirs.columns.tolist()
        assert ours.index.equals(theirs.index)
        for column in ours.columns.drop("seconds", errors="ignore"):
            bound = {"rtol": 1e-12} if column == "learning_rate" else {"rtol": 0, "atol": atol}
            assert_allclose(ours[column], theirs[column], **bound, err_msg=column)
    assert_array_equal(one.predict(X), other.predict(X))
    assert one.predict_proba(X).dtype == other.predict_proba(X).dtype
    assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=0, atol=atol)
    assert_allclose(one.predict_log_proba(X), other.predict_log_proba(X), rtol=0, atol=100 * atol)


@pytest.fixture
def compare(fit, differences, make_scratch, make_torch, held_out, record_property):
    def run(name, params, atol, device="cpu"):
        scratch, torch_ = fit(make_scratch, **params), fit(make_torch, device=device, **params)
        difference = largest_difference(scratch, torch_)
        differences[name] = difference
        record_property("largest_difference", difference)
        assert difference <= atol
        assert_same_story(scratch, torch_, held_out[0], 10 * atol)
        return scratch, torch_

    return run


@pytest.mark.parametrize("name", HUNDRED)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_after_a_hundred_updates(compare, name):
    scratch, _ = compare(name, HUNDRED[name], atol=1e-10)
    if "all features removed" in name:
        assert not scratch.selected_features_.any()
    if "l1" in name and "subgradient" not in name and "group_l1" not in name:
        assert scratch.sparsity_.sum() > 0
    if "adaptive" in name:
        assert len(np.unique(scratch.history_["learning_rate"])) > 1
    if "early stopping" in name and "lbfgs" not in name:
        assert scratch.n_iter_ < 60


@pytest.mark.parametrize("name", THOUSAND)
def test_after_a_thousand_updates(compare, name):
    compare(f"{name}, 1002 updates", {"max_iter": 167} | THOUSAND[name], atol=1e-8)


@pytest.mark.parametrize("name", FLOAT32)
def test_in_float32_as_far_as_its_digits_go(compare, name):
    compare(f"{name}, float32", FLOAT32[name] | {"dtype": "float32"}, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", HUNDRED)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_on_a_gpu(compare, name):
    compare(f"{name}, CUDA", HUNDRED[name], atol=1e-10, device="cuda")


@pytest.mark.parametrize("params", [SGD, {}, {"solver": "rmsprop"}], ids=["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_of_partial_fit_in_chunks(make_scratch, make_torch, table, held_out, params, schedule):
    X, y = table
    params = params | {"learning_rate": schedule, "power_t": 0.2, "record": "batch"}
    ours, theirs = make_scratch(**params), make_torch(**params)
    for start, stop in [(0, 50), (50, 70), (70, 120), (0, 120), (30, 77)] * 4:
        for estimator in (ours, theirs):
            estimator.partial_fit(X[start:stop], y[start:stop], classes=[0, 1, 2])
    assert largest_difference(ours, theirs) <= 1e-10
    assert_same_story(ours, theirs, held_out[0], 1e-9)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_of_warm_starts_with_other_settings(make_scratch, make_torch, table, held_out, solver):
    ours, theirs = (
        make(solver=solver, warm_start=True, max_iter=6) for make in (make_scratch, make_torch)
    )
    changes = {"learning_rate_init": 0.003, "l2": 0.01}, {"l1": 1e-3, "batch_size": 35}
    for change in ({}, *changes):
        for estimator in (ours, theirs):
            estimator.set_params(**change).fit(*table)
    assert largest_difference(ours, theirs) <= 1e-10
    assert_same_story(ours, theirs, held_out[0], 1e-9)
