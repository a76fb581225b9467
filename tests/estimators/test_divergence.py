"""A loss or weight that is no number any more stops the fit, and says why."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV

MESSAGE = r"diverged.*epoch \d+.*`learning_rate_init`=1e\+06"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "identity", "tanh", "logistic"])
def test_too_large_a_step(make, table, dtype, activation):
    """Where the loss does not blow up the weight decay does."""
    estimator = make(
        solver="sgd",
        learning_rate_init=1e6,
        dtype=dtype,
        activation=activation,
        max_iter=300,
        l2=1.0,
        early_stopping=False,
    )
    with pytest.raises(ValueError, match=MESSAGE):
        estimator.fit(*table)
    with pytest.raises(ValueError, match="not fitted"):
        estimator.predict(table[0])


def test_names_the_epoch_and_the_rate_in_force(make, table):
    """Where weight decay does nothing but multiply, the epoch of the overflow can be counted."""
    estimator = make(
        solver="sgd",
        learning_rate_init=2.0,
        momentum=0.0,
        l2=1e10,
        batch_size="full",
        max_iter=100,
        hidden_layer_sizes=(),
    )
    with pytest.raises(ValueError, match=r"in epoch (\d+)") as caught:
        estimator.fit(*table)
    epoch = int(str(caught.value).partition("in epoch ")[2].partition(",")[0])
    # Each update multiplies by 2e10, and the penalty's squares end at 1.8e308.
    assert abs(epoch - 154 / np.log10(2e10)) <= 1
    assert "=2 " in str(caught.value)


@pytest.mark.parametrize("rate", [1e80, 1e150, 1e200, 1e300])
@pytest.mark.parametrize("l2", [0.0, 1e-4])
def test_in_the_only_epoch(make, table, rate, l2):
    """With no second epoch to see what the first did."""
    estimator = make(solver="sgd", learning_rate_init=rate, max_iter=1, batch_size="full", l2=l2)
    if l2 > 0 and rate >= 1e200:
        with pytest.raises(ValueError, match=r"diverged.* epoch 1"):
            estimator.fit(*table)
    else:
        estimator.fit(*table)
        assert np.isfinite(estimator.loss_)
        assert all(np.isfinite(coef).all() for coef in estimator.coefs_)


def test_of_the_validation_loss(make, table):
    """Rows far out overflow where the training rows do not."""
    X_val = np.full((3, 6), 1e200)
    with pytest.raises(ValueError, match=r"diverged|non-finite"):
        make(activation="identity", learning_rate_init=1e100, max_iter=1, solver="sgd").fit(
            *table, X_val=X_val, y_val=[0, 1, 2]
        )


@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop"])
def test_scaled_steps_stay_finite(make, table, solver):
    fitted = make(solver=solver, learning_rate_init=1e3).fit(*table)
    assert np.isfinite(fitted.loss_curve_).all()
    assert np.isfinite(fitted.predict_proba(table[0])).all()


def test_columns_out_of_scale(make, table):
    with pytest.raises(ValueError, match="Scale the columns"):
        make(dtype="float64", solver="sgd", max_iter=50).fit(1e150 * table[0], table[1])


def test_lbfgs_does_not_speak_of_a_learning_rate_that_is_none(make, table):
    X = table[0].copy()
    X[0] = [1.7e308, -1.7e308] * 3
    with pytest.raises(ValueError, match=r"diverged.* epoch 1") as caught:
        make(solver="lbfgs", activation="identity").fit(X, table[1])
    assert "nan" not in str(caught.value)
    assert "learning_rate_init" not in str(caught.value)


def test_clipping_prevents_it(make, table):
    params = {"solver": "sgd", "learning_rate_init": 5.0, "max_iter": 200, "activation": "identity"}
    X = 100 * table[0]
    with pytest.raises(ValueError, match="diverged"):
        make(**params, l2=0.5).fit(X, table[1])
    fitted = make(**params, l2=0.0, max_grad_norm=1e-3).fit(X, table[1])
    assert np.isfinite(fitted.loss_curve_).all()


def test_a_search_goes_on_with_the_other_candidates(make, table):
    grid = {"learning_rate_init": [0.01, 1e100]}
    search = GridSearchCV(make(solver="sgd"), grid, cv=2)
    with (
        pytest.warns(FitFailedWarning, match="diverged"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search.fit(*table)
    assert search.best_params_ == {"learning_rate_init": 0.01}
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]


def test_partial_fit_after_a_divergence(make, table):
    estimator = make(solver="sgd").partial_fit(*table, classes=[0, 1, 2])
    proba = estimator.predict_proba(table[0])
    estimator.set_params(learning_rate_init=1e200)
    with pytest.raises(ValueError, match="diverged"):
        estimator.partial_fit(*table)
    np.testing.assert_array_equal(estimator.predict_proba(table[0]), proba)
    estimator.set_params(learning_rate_init=0.01).partial_fit(*table)
    assert estimator.n_iter_ == 2
    assert np.isfinite(estimator.loss_curve_).all()


def test_no_warning_of_numpy_gets_out(make, table, recwarn):
    with pytest.raises(ValueError, match="diverged"):
        make(solver="sgd", learning_rate_init=1e100, max_iter=50).fit(*table)
    assert not [w for w in recwarn if not issubclass(w.category, ConvergenceWarning)]
