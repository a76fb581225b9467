"""L-BFGS against optima that scikit-learn and SciPy find by other ways."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler


@pytest.fixture
def linear(make):
    def build(**params):
        defaults = {
            "hidden_layer_sizes": (),
            "tol": 1e-10,
            "max_iter": 2000,
            "n_iter_no_change": 10,
        }
        return make(solver="lbfgs", **(defaults | params))

    return build


@pytest.mark.parametrize("l2", [1e-3, 0.05, 1.0])
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
def test_without_hidden_layer_it_is_logistic_regression(linear, table, l2, weighted):
    X, y = table
    weight = np.random.default_rng(0).uniform(0.2, 2, len(y)) if weighted else None
    n = len(y) if weight is None else weight.sum()
    ours = linear(l2=l2).fit(X, y, sample_weight=weight)
    theirs = LogisticRegression(C=1 / (n * l2), tol=1e-12, max_iter=10_000, solver="newton-cg")
    theirs.fit(X, y, sample_weight=weight)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=3e-4)
    # Weights are pinned by the penalty, intercepts up to the softmax's shift.
    assert_allclose(ours.coefs_[0].T, theirs.coef_, atol=2e-3)
    centred = ours.intercepts_[0] - ours.intercepts_[0].mean()
    assert_allclose(centred, theirs.intercept_ - theirs.intercept_.mean(), atol=2e-3)


@pytest.mark.parametrize("l2", [0.01, 0.2])
def test_two_classes(linear, table, l2):
    X, y = table[0], np.array(["no", "yes"])[(table[1] == 2).astype(int)]
    theirs = LogisticRegression(C=1 / (len(y) * l2), tol=1e-12, max_iter=10_000).fit(X, y)
    ours = linear(l2=l2).fit(X, y)
    assert ours.n_outputs_ == 1 and ours.out_activation_ == "logistic"
    assert_allclose(ours.coefs_[0], theirs.coef_.T, atol=1e-3)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=3e-4)


def test_the_objective_reached_is_the_least(linear, table):
    X, y = table
    theirs = LogisticRegression(C=1 / (len(y) * 0.01), tol=1e-12, solver="newton-cholesky")
    theirs.fit(X, y)
    least = log_loss(y, theirs.predict_proba(X)) + 0.005 * (theirs.coef_**2).sum()
    assert least - 1e-12 <= linear(l2=0.01).fit(X, y).loss_ <= least * (1 + 1e-7)


def test_the_optimum_does_not_depend_on_the_start(linear, table):
    fits = [linear(l2=0.01, random_state=seed).fit(*table) for seed in (0, 1)]
    assert_allclose(fits[0].coefs_[0], fits[1].coefs_[0], atol=1e-3)


def test_hidden_layers_against_mlpclassifier(make, table, start_from):
    """From equal weights both minimise the same function with the same minimiser."""
    X, y = table
    n, shared = len(y), {"hidden_layer_sizes": (5,), "activation": "tanh", "random_state": 0}
    still = MLPClassifier(
        **shared, max_iter=1, solver="sgd", learning_rate_init=1e-300, alpha=0, shuffle=False
    )
    with pytest.warns(ConvergenceWarning):
        still.fit(X, y)
    theirs = MLPClassifier(**shared, solver="lbfgs", alpha=1.0, max_iter=3000, tol=1e-8)
    theirs.fit(X, y)
    ours = make(**shared, solver="lbfgs", l2=1.0 / n, max_iter=3000, tol=1e-8)
    start_from(ours, still.coefs_, still.intercepts_, X, y)
    assert_allclose(ours.loss_, theirs.loss_, rtol=1e-6)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=2e-3)


def test_records_iterations(linear, table, held_out):
    fitted = linear(hidden_layer_sizes=(4,), tol=1e-6, l2=0.01)
    fitted.fit(*table, X_val=held_out[0], y_val=held_out[1])
    curve = np.array(fitted.loss_curve_)
    assert len(curve) == fitted.n_iter_ > 5
    assert (np.diff(curve) <= 0).all()
    assert fitted.loss_ == curve[-1] == fitted.best_loss_
    assert fitted.history_["valid_accuracy"][-1] == fitted.score(*held_out)


def test_limits_warn(make, table):
    with pytest.warns(ConvergenceWarning, match=r"not converged"):
        fitted = make(solver="lbfgs", max_iter=3, n_iter_no_change=10).fit(*table)
    assert fitted.n_iter_ == 3
    with pytest.warns(ConvergenceWarning):
        make(solver="lbfgs", max_fun=5, max_iter=1000, n_iter_no_change=10).fit(*table)


def test_early_stopping_is_for_the_other_solvers(make, table, held_out, assert_same_fit):
    plain = make(solver="lbfgs", max_iter=50, l2=0.0).fit(*table)
    early = make(solver="lbfgs", max_iter=50, l2=0.0, early_stopping=True).fit(*table)
    assert_same_fit(early, plain)  # no row held out
    watched = make(solver="lbfgs", max_iter=50, l2=0.0, early_stopping=True)
    watched.fit(*table, X_val=held_out[0], y_val=held_out[1])
    assert_array_equal(watched.coefs_[0], plain.coefs_[0])
    assert len(watched.validation_scores_) == watched.n_iter_
    # As MLPClassifier has it.
    theirs = [
        MLPClassifier((5,), solver="lbfgs", max_iter=20, early_stopping=early, random_state=0)
        for early in (False, True)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert_array_equal(*(model.fit(*table).coefs_[0] for model in theirs))


def test_works_in_float64(make, table):
    fitted = make(solver="lbfgs", max_iter=1000, tol=1e-3, l2=0.1).fit(
        StandardScaler().fit_transform(table[0]).astype(np.float32), table[1]
    )
    assert fitted.coefs_[0].dtype == fitted.predict_proba(table[0]).dtype == np.float64


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"l1": 0.1}, r"`l1` must be 0 with solver='lbfgs'.*got 0\.1"),
        ({"group_l1": 0.2}, r"`group_l1` must be 0 with solver='lbfgs'.*got 0\.2"),
        ({"dropout": 0.5}, r"`dropout` must be 0 .*got 0\.5"),
        ({"dropout": (0.0, 0.5)}, r"`dropout` must be 0 "),
        ({"input_dropout": 0.5}, r"`input_dropout` must be 0 "),
        ({"dtype": "float32"}, r"`dtype` must be .*got 'float32'"),
    ],
    ids=str,
)
def test_refuses(make, table, params, message):
    with pytest.raises(ValueError, match=message):
        make(solver="lbfgs", **params).fit(*table)


def test_warm_start_goes_on_from_the_weights(make, table):
    fitted = make(solver="lbfgs", max_iter=20, warm_start=True, l2=0.01)
    fitted.fit(*table)
    before = fitted.loss_
    fitted.set_params(max_iter=2000, tol=1e-5).fit(*table)
    assert fitted.loss_ < before
    assert fitted.n_iter_ > 20
    assert (np.diff(fitted.loss_curve_) <= 1e-12).all()


def test_a_search_that_stalls_warns_with_its_reason(make_scratch, table, monkeypatch):
    def minimize(*args, **kwargs):
        found = optimize.minimize(*args, **kwargs)
        found.update(status=2, message="ABNORMAL: ")
        return found

    monkeypatch.setattr("sknn.training._lbfgs.minimize", minimize)
    with pytest.warns(ConvergenceWarning, match="stopped before it converged: ABNORMAL: ") as found:
        make_scratch(solver="lbfgs", max_iter=2000).fit(*table)
    assert [w.filename for w in found] == [__file__]
