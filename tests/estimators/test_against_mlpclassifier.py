"""Whole fits against scikit-learn's MLPClassifier, where the two are defined alike.

Alike are: three or more classes (it has one logit for two), unshuffled batches of equal size,
``l2 = alpha / batch_size``, SGD whose rate and momentum do not change together, and Adam with a
negligible `epsilon` (which it does not correct for bias).
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.neural_network import MLPClassifier

BATCH = 20
EPOCHS = 25  # of six updates each


@pytest.fixture
def fit_both(table, start_from):
    """Fits both from the same weights; ours has one epoch of another fit behind it."""

    def fit(make, *, alpha=0.01, epochs=EPOCHS, sample_weight=None, dtype=np.float64, **params):
        X, y = table[0].astype(dtype), table[1]
        shared = {
            "hidden_layer_sizes": (8, 5),
            "batch_size": BATCH,
            "shuffle": False,
            "random_state": 3,
            "n_iter_no_change": np.inf,
        } | params
        theirs = MLPClassifier(**shared, alpha=alpha, max_iter=epochs)
        still = MLPClassifier(**shared | {"learning_rate_init": 1e-300}, max_iter=1).fit(X, y)
        batch_size = len(X) if shared["batch_size"] >= len(X) else shared["batch_size"]
        ours = make(**shared, l2=alpha / batch_size, max_iter=epochs)
        start_from(ours, still.coefs_, still.intercepts_, X, y, sample_weight=sample_weight)
        return ours, theirs.fit(X, y, sample_weight=sample_weight)

    return fit


def assert_equal_training(ours, theirs, atol=1e-10):
    for name in ("coefs_", "intercepts_"):
        for left, right in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert_allclose(left, right, rtol=0, atol=atol, err_msg=name)
    # Its loss curve holds the penalty as it was before each update, ours as it is after the epoch.
    if theirs.alpha == 0:
        assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_, rtol=0, atol=atol)


SGD = {"solver": "sgd", "learning_rate_init": 0.1}
ADAM = {"solver": "adam", "learning_rate_init": 0.01, "epsilon": 1e-20}
SOLVERS = {
    "plain": SGD | {"momentum": 0.0},
    "momentum": SGD | {"momentum": 0.9, "nesterovs_momentum": False},
    "nesterov": SGD | {"momentum": 0.8, "nesterovs_momentum": True},
    "invscaling": SGD | {"momentum": 0.0, "learning_rate": "invscaling", "power_t": 0.3},
    "adam": ADAM,
    "adam-betas": ADAM | {"beta_1": 0.7, "beta_2": 0.95},
}
ACTIVATIONS = ("relu", "tanh", "logistic", "identity")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestWholeFits:
    # Every solver with two of the activations, every activation with three of the solvers.
    @pytest.mark.parametrize(
        ("activation", "params"),
        [
            pytest.param(activation, params, id=f"{name}-{activation}")
            for i, (name, params) in enumerate(SOLVERS.items())
            for activation in (ACTIVATIONS[i % 2], ACTIVATIONS[2 + i % 2])
        ],
    )
    def test_weights(self, make, fit_both, activation, params):
        assert_equal_training(*fit_both(make, activation=activation, **params))

    @pytest.mark.parametrize("params", [SGD, ADAM], ids=["sgd", "adam"])
    def test_loss_curve(self, make, fit_both, params):
        assert_equal_training(*fit_both(make, alpha=0.0, **params))

    @pytest.mark.parametrize("hidden", [(), (7,), (6, 5, 4)], ids=str)
    def test_depths(self, make, fit_both, hidden):
        assert_equal_training(*fit_both(make, hidden_layer_sizes=hidden, **SGD))

    def test_sample_weight_of_a_full_batch(self, make, fit_both, table):
        # It does not rescale weights, ours have mean 1: they agree where the mean is 1 already.
        weight = np.random.default_rng(0).uniform(0.1, 3.0, len(table[1]))
        weight /= weight.mean()
        ours, theirs = fit_both(
            make, alpha=0.0, sample_weight=weight, batch_size=len(weight), epochs=60, **SGD
        )
        assert_equal_training(ours, theirs)

    def test_ragged_last_batch(self, make, fit_both):
        ours, theirs = fit_both(make, alpha=0.0, batch_size=35, **SGD)
        assert_equal_training(ours, theirs)

    def test_float32(self, make, fit_both):
        ours, theirs = fit_both(make, dtype=np.float32, epochs=3, **SGD)
        assert ours.coefs_[0].dtype == theirs.coefs_[0].dtype == np.float32
        assert_equal_training(ours, theirs, atol=2e-6)

    def test_predictions(self, make, fit_both, held_out):
        ours, theirs = fit_both(make, **ADAM)
        assert_allclose(
            ours.predict_proba(held_out[0]), theirs.predict_proba(held_out[0]), atol=1e-10
        )
        assert ours.score(*held_out) == theirs.score(*held_out)

    def test_adaptive_learning_rate_and_the_stopping_rule(self, make, fit_both):
        adaptive = {
            "learning_rate": "adaptive",
            "n_iter_no_change": 2,
            "tol": 1e-3,
            "learning_rate_init": 0.5,
            "solver": "sgd",
            # Its velocity holds the rates of the past, ours the gradients.
            "momentum": 0.0,
        }
        ours, theirs = fit_both(make, alpha=0.0, epochs=1000, **adaptive)
        assert theirs.n_iter_ < 1000
        assert ours.n_iter_ - 1 == theirs.n_iter_
        assert_equal_training(ours, theirs)
        assert len(np.unique(ours.history_["learning_rate"][1:])) > 5

    @pytest.mark.parametrize("patience", [1, 3, 10])
    def test_number_of_epochs_until_it_stops(self, make, fit_both, patience):
        ours, theirs = fit_both(
            make, alpha=0.0, epochs=500, n_iter_no_change=patience, tol=2e-3, **SGD
        )
        assert theirs.n_iter_ < 500
        assert ours.n_iter_ - 1 == theirs.n_iter_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_same_attributes_after_a_fit(make, table):
    ours = make().fit(*table)
    theirs = MLPClassifier((8, 5), max_iter=10, random_state=0).fit(*table)
    for name in ("classes_", "n_features_in_", "n_layers_", "n_outputs_", "out_activation_"):
        left, right = getattr(ours, name), getattr(theirs, name)
        assert np.array_equal(left, right), name
    assert [c.shape for c in ours.coefs_] == [c.shape for c in theirs.coefs_]
    assert [c.shape for c in ours.intercepts_] == [c.shape for c in theirs.intercepts_]
    for name in ("n_iter_", "loss_", "best_loss_", "loss_curve_", "validation_scores_"):
        left, right = getattr(ours, name), getattr(theirs, name)
        assert np.shape(left) == np.shape(right), name
        assert (left is None) == (right is None), name
    early = make(early_stopping=True).fit(*table)
    theirs = MLPClassifier((8, 5), max_iter=10, random_state=0, early_stopping=True).fit(*table)
    assert len(early.validation_scores_) == len(theirs.validation_scores_) == 10
    assert early.best_loss_ is None and theirs.best_loss_ is None
    assert 0 <= early.best_validation_score_ <= 1


def test_parameters_of_the_same_name_have_the_same_default(make):
    ours, theirs = type(make())().get_params(), MLPClassifier().get_params()
    shared = set(ours) & set(theirs)
    assert len(shared) >= 18
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
