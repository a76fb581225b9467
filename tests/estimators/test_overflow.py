"""A fit may end with finite weights that are too large to predict with: that is an error too."""

import re

import numpy as np
import pytest


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_no_nan_is_predicted(Classifier, table, method):
    mlp = Classifier(
        solver="sgd",
        activation="identity",
        momentum=0,
        learning_rate_init=1e150,
        max_iter=1,
        batch_size="full",
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(*table)
    with pytest.raises(ValueError, match=r"not finite.*`learning_rate_init`, which was 1e\+150"):
        getattr(mlp, method)(table[0] * 1e100)


def test_infinite_patience_never_warns_of_lbfgs_either(Classifier, table):
    mlp = Classifier(solver="lbfgs", max_iter=2, n_iter_no_change=np.inf, random_state=0)
    assert mlp.fit(*table).n_iter_ == 2


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("learning_rate_init", (1e40, 3.5e38, 1e-50)),
        ("epsilon", (1e40, 1e-50)),
        ("max_grad_norm", (1e-50,)),
        ("l1", (1e40,)),
        ("l2", (1e40,)),
        ("group_l1", (1e40,)),
        ("dropout", (1 - 1e-9,)),
        ("input_dropout", (1 - 1e-9,)),
        ("label_smoothing", (1 - 1e-9,)),
    ],
)
def test_a_setting_that_float32_cannot_hold_is_named(make, table, name, values, solver):
    X = table[0].astype(np.float32)
    for value in values:
        found = f"`{name}` must be .* in float32, got {re.escape(repr(value))}"
        with pytest.raises(ValueError, match=found):
            make(solver=solver, **{name: value}).fit(X, table[1])
        with pytest.raises(ValueError, match=found):
            make(solver=solver, **{name: value}).partial_fit(X, table[1], classes=[0, 1, 2])


@pytest.mark.parametrize(
    "params",
    [
        {"max_grad_norm": 1e40},
        {"l1": 1e-50, "l2": 1e-50, "group_l1": 1e-50, "dropout": 1e-50, "label_smoothing": 1e-50},
        {"tol": 1e300},
        {"beta_1": 1 - 1e-9},
        {"beta_2": 1 - 1e-9},
    ],
    ids=str,
)
def test_a_setting_that_float32_rounds_away_changes_nothing_else(make, table, params):
    fitted = make(dtype="float32", **params).fit(*table)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
