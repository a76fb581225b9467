"""Settings that are valid each by itself, and make no sense where they stand."""

import numpy as np
import pytest


def test_early_stopping_cannot_be_turned_on_after_training_on_all_rows(make, table, held_out):
    """The rows that it would hold out have been trained on."""
    fitted = make(max_iter=3, warm_start=True).fit(*table)
    fitted.set_params(early_stopping=True)
    with pytest.raises(ValueError, match=r"`early_stopping` cannot hold rows out.*`X_val`"):
        fitted.fit(*table)
    fitted.fit(*table, X_val=held_out[0], y_val=held_out[1])
    assert fitted.n_iter_ == 6


def test_early_stopping_may_go_on(make, table):
    fitted = make(max_iter=3, warm_start=True, early_stopping=True).fit(*table)
    assert fitted.fit(*table).n_iter_ == 6


@pytest.mark.parametrize("warm", [False, True], ids=["plain before", "warm before"])
def test_activation_stays(make, table, warm):
    fitted = make(max_iter=2, activation="relu", warm_start=warm).fit(*table)
    fitted.set_params(activation="tanh", warm_start=True)
    with pytest.raises(
        ValueError, match=r"`activation` must stay as in the fit.*'relu', got 'tanh'"
    ):
        fitted.fit(*table)


def test_prediction_keeps_the_activation_of_the_fit(make, table):
    fitted = make(max_iter=2, activation="relu").fit(*table)
    before = fitted.predict_proba(table[0])
    np.testing.assert_array_equal(
        fitted.set_params(activation="tanh").predict_proba(table[0]), before
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"epsilon": 1e-60}, "`epsilon` must be above 0 and finite in float32, got 1e-60"),
        ({"dropout": 1 - 1e-9}, "`dropout` must be below 1 in float32, got 0.999999999"),
        ({"input_dropout": 1 - 1e-9}, "`input_dropout` must be below 1 in float32"),
        ({"label_smoothing": 1 - 1e-9}, "`label_smoothing` must be below 1 in float32"),
    ],
)
def test_a_setting_must_survive_rounding(make, table, params, message):
    make(max_iter=1, dtype="float64", **params).fit(*table)
    with pytest.raises(ValueError, match=message):
        make(max_iter=1, dtype="float32", **params).fit(*table)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"class_weight": {0: "a", 1: 1, 2: 1}}, "`class_weight` must be a number for each class"),
        ({"hidden_layer_sizes": [[1], [2, 3]]}, "`hidden_layer_sizes` must be ints of at least 1"),
        ({"dropout": [[0.1], [0.1, 0.2]]}, r"`dropout` must be a float in \[0, 1\), or one for"),
    ],
)
def test_errors_name_the_parameter(make, table, params, message):
    with pytest.raises(ValueError, match=message):
        make(**params).fit(*table)


def test_steps_that_overflow_are_no_silent_standstill(make, table):
    """In float32 the norm of a huge gradient is infinite; a step of length 0 teaches nothing."""
    X = (table[0] * 1e25).astype(np.float32)
    with pytest.raises(ValueError, match="diverged"):
        make(solver="sgd", max_grad_norm=1.0).fit(X, table[1])
    with pytest.raises(ValueError, match="diverged"):
        make(solver="adam").fit(X, table[1])


def test_many_classes_are_numbered_quickly(make):
    n_classes = 3_000
    y = np.arange(n_classes).repeat(2)
    fitted = make(max_iter=1, hidden_layer_sizes=(2,)).fit(np.ones((len(y), 1)), y)
    assert len(fitted.classes_) == n_classes
