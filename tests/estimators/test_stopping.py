"""When training stops, what it keeps, and when it warns."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss


def epochs_until_stop(values, patience, tol):
    """Scikit-learn's rule, on a recorded curve where less is better: the epoch of the stop."""
    best, count = np.inf, 0
    for epoch, value in enumerate(values, 1):
        count = 0 if value <= best - tol else count + 1
        best = min(best, value)
        if count > patience:
            return epoch
    return None


@pytest.fixture(scope="module")
def early(make, held_out):
    """An estimator that overfits, and validation data to see it by."""

    def fit(table, **params):
        defaults = {
            "hidden_layer_sizes": (30,),
            "early_stopping": True,
            "max_iter": 300,
            "n_iter_no_change": 5,
            "tol": 0.0,
        }
        estimator = make(**(defaults | params))
        return estimator.fit(*table, X_val=held_out[0], y_val=held_out[1])

    return fit


class TestBestWeights:
    def test_by_loss(self, early, table, held_out):
        fitted = early(table, monitor="valid_loss")
        losses = fitted.history_["valid_loss"]
        assert len(losses) == fitted.n_iter_ < 300
        assert losses.argmin() < fitted.n_iter_ - 1
        found = log_loss(held_out[1], fitted.predict_proba(held_out[0]))
        assert_allclose(found, losses.min(), rtol=1e-9)
        assert fitted.best_validation_score_ == fitted.score(*held_out)
        assert fitted.best_validation_score_ == fitted.validation_scores_[losses.argmin()]
        assert fitted.history_.best_epoch() == losses.argmin() + 1
        assert fitted.best_loss_ is None

    def test_by_accuracy(self, early, table, held_out):
        fitted = early(table, monitor="valid_accuracy", n_iter_no_change=20)
        scores = fitted.history_["valid_accuracy"]
        assert scores.max() > scores[-1]
        assert fitted.score(*held_out) == scores.max() == fitted.best_validation_score_
        assert_array_equal(fitted.validation_scores_, scores)
        assert fitted.history_.best_epoch("valid_accuracy") == scores.argmax() + 1
        # Of equal epochs the first is kept.
        found = log_loss(held_out[1], fitted.predict_proba(held_out[0]))
        assert_allclose(found, fitted.history_["valid_loss"][scores.argmax()], rtol=1e-9)

    def test_at_max_iter_too(self, early, table, held_out):
        fitted = early(table, n_iter_no_change=np.inf, max_iter=150)
        losses = fitted.history_["valid_loss"]
        assert fitted.n_iter_ == 150 and losses.argmin() < 149
        found = log_loss(held_out[1], fitted.predict_proba(held_out[0]))
        assert_allclose(found, losses.min(), rtol=1e-9)

    def test_with_weights_of_the_validation_rows(self, make, table, held_out):
        weight = np.random.default_rng(0).uniform(0, 2, len(held_out[1]))
        fitted = make(early_stopping=True, max_iter=100, learning_rate_init=0.05).fit(
            *table, X_val=held_out[0], y_val=held_out[1], sample_weight_val=weight
        )
        found = log_loss(held_out[1], fitted.predict_proba(held_out[0]), sample_weight=weight)
        assert_allclose(found, fitted.history_["valid_loss"].min(), rtol=1e-9)
        found = accuracy_score(held_out[1], fitted.predict(held_out[0]), sample_weight=weight)
        assert_allclose(found, fitted.best_validation_score_)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_the_best_epoch_is_the_same_as_a_fit_that_ends_there(
        self, early, make, table, held_out, dtype
    ):
        fitted = early(table, dtype=dtype)
        best = fitted.history_.best_epoch()
        shorter = make(hidden_layer_sizes=(30,), max_iter=best, dtype=dtype).fit(*table)
        for left, right in zip(fitted.coefs_, shorter.coefs_, strict=True):
            assert_array_equal(left, right)


class TestSplit:
    def test_its_size_and_classes(self, make, table):
        """Held-out rows take no part in training: moving them changes nothing but the record."""
        X, y = table
        fitted = make(early_stopping=True, validation_fraction=0.25, max_iter=3).fit(X, y)
        scores = np.array(fitted.validation_scores_) * 30
        assert_allclose(scores, scores.round(), atol=1e-9)

    @pytest.mark.parametrize(("fraction", "n_held_out"), [(0.001, 1), (0.01, 2), (0.999, 119)])
    def test_fewer_rows_than_classes(self, make, table, fraction, n_held_out):
        settings = {"validation_fraction": fraction, "batch_size": "auto"}
        estimator = make(early_stopping=True, max_iter=20, **settings)
        with pytest.warns(UserWarning, match=rf"holds out {n_held_out} of 120.*without stratify"):
            scores = np.array(estimator.fit(*table).validation_scores_) * n_held_out
        assert_allclose(scores, scores.round(), atol=1e-9)

    def test_a_class_of_one_row_is_trained_on(self, make, table):
        labels = np.array(["a", "b", "c"], dtype=object)[table[1]]
        labels[0] = "rare"
        far = table[0].copy()
        far[0] = 50.0  # where no other row is
        for seed in range(5):
            estimator = make(early_stopping=True, max_iter=60, random_state=seed)
            with pytest.warns(UserWarning, match=r"4 classes \['rare'\] have the fewest rows"):
                assert estimator.fit(far, labels).predict(far[:1]) == ["rare"]

    def test_the_others_are_stratified_all_the_same(self, make, table):
        """Ten of the twelve rows held out are of the first class and two of the second."""
        y = np.repeat([0, 1, 2], [100, 19, 1])
        for seed in range(8):
            estimator = make(early_stopping=True, max_iter=1, random_state=seed, record="batch")
            with pytest.warns(UserWarning, match=r"\[2\] have the fewest rows"):
                estimator.fit(table[0] * 0, y)  # nothing to learn but the shares of the classes
            assert estimator.validation_scores_[-1] in (0, 2 / 12, 10 / 12)

    def test_given_rows_replace_it(self, make, table, held_out):
        """All of X is trained on then: the first epoch equals one without early stopping."""
        valid = {"X_val": held_out[0], "y_val": held_out[1]}
        early = make(early_stopping=True, max_iter=1).fit(*table, **valid)
        plain = make(max_iter=1).fit(*table, **valid)
        assert_array_equal(early.coefs_[0], plain.coefs_[0])

    def test_without_early_stopping_validation_is_only_recorded(
        self, make, table, held_out, assert_same_fit
    ):
        recorded = make(dropout=0.2, max_iter=20).fit(*table, X_val=held_out[0], y_val=held_out[1])
        plain = make(dropout=0.2, max_iter=20).fit(*table)
        for left, right in zip(recorded.coefs_, plain.coefs_, strict=True):
            assert_array_equal(left, right)
        assert len(recorded.validation_scores_) == 20
        assert recorded.best_validation_score_ is None
        assert plain.validation_scores_ is None and plain.best_validation_score_ is None
        assert recorded.best_loss_ == min(recorded.loss_curve_)


# A fit whose objective goes up and down.
RESTLESS = {"learning_rate_init": 0.05, "max_iter": 300, "l2": 0.01}


@pytest.fixture(scope="module")
def curve(make, table):
    """Its objective, if nothing stops it."""
    return make(**RESTLESS).fit(*table).loss_curve_


@pytest.fixture(scope="module")
def valid_history(early, table):
    """What validation says of a fit that nothing stops."""
    return early(table, n_iter_no_change=np.inf).history_


class TestRule:
    @pytest.mark.parametrize("patience", [1, 4, 10])
    @pytest.mark.parametrize("tol", [0.0, 1e-3, 1e-2])
    def test_of_the_training_objective(self, make, table, curve, patience, tol):
        expected = epochs_until_stop(curve, patience, tol)
        assert expected is not None
        fitted = make(**RESTLESS | {"n_iter_no_change": patience, "tol": tol}).fit(*table)
        assert fitted.n_iter_ == expected
        assert_array_equal(fitted.loss_curve_, curve[:expected])

    @pytest.mark.parametrize("monitor", ["valid_loss", "valid_accuracy"])
    @pytest.mark.parametrize(("patience", "tol"), [(1, 0.0), (3, 0.01), (8, 0.001)])
    def test_of_validation(self, early, table, valid_history, monitor, patience, tol):
        sign = -1 if monitor == "valid_accuracy" else 1
        expected = epochs_until_stop(sign * valid_history[monitor], patience, tol)
        fitted = early(table, monitor=monitor, n_iter_no_change=patience, tol=tol)
        assert fitted.n_iter_ == expected

    def test_infinity_never_stops_and_never_warns(self, make, table):
        fitted = make(max_iter=60, tol=100.0, n_iter_no_change=np.inf)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert fitted.fit(*table).n_iter_ == 60

    def test_max_iter_warns(self, make, table):
        with pytest.warns(ConvergenceWarning, match=r"max_iter`?=3"):
            make(max_iter=3, n_iter_no_change=10).fit(*table)

    def test_the_warning_points_at_the_caller(self, make, table):
        with pytest.warns(ConvergenceWarning) as record:
            make(max_iter=3, n_iter_no_change=10).fit(*table)
        assert [w.filename for w in record] == [__file__]

    def test_a_stop_in_the_last_epoch_is_a_stop(self, make, table):
        params = {"learning_rate_init": 0.05, "n_iter_no_change": 2, "tol": 1e-2}
        stop = make(**params, max_iter=500).fit(*table).n_iter_
        assert make(**params, max_iter=stop).fit(*table).n_iter_ == stop  # and does not warn
        with pytest.warns(ConvergenceWarning):
            make(**params, max_iter=stop - 1).fit(*table)


class TestAdaptive:
    def test_divides_by_five_until_it_is_tiny(self, make, table):
        fitted = make(
            solver="sgd",
            learning_rate="adaptive",
            learning_rate_init=0.1,
            n_iter_no_change=2,
            tol=0.05,
            max_iter=2000,
        ).fit(*table)
        rates = fitted.history_["learning_rate"]
        steps = rates[np.flatnonzero(np.diff(rates)) + 1] / rates[np.flatnonzero(np.diff(rates))]
        assert_allclose(steps, 0.2)
        assert 1e-6 / 5 <= rates[-1] <= 1e-6 < rates[-1] * 5
        assert fitted.n_iter_ < 2000

    @pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop"])
    def test_of_every_solver(self, make, table, solver):
        fitted = make(
            solver=solver, learning_rate="adaptive", n_iter_no_change=1, tol=0.1, max_iter=500
        ).fit(*table)
        assert_allclose(
            np.unique(fitted.history_["learning_rate"])[::-1], 0.01 / 5.0 ** np.arange(7)
        )

    def test_of_the_validation_loss(self, early, table, held_out):
        fitted = early(table, learning_rate="adaptive", n_iter_no_change=3, max_iter=500)
        rates, losses = fitted.history_["learning_rate"], fitted.history_["valid_loss"]
        assert rates[-1] <= 1e-6
        found = log_loss(held_out[1], fitted.predict_proba(held_out[0]))
        assert_allclose(found, losses.min(), rtol=1e-9)


def test_labels_of_one_validation_class_are_enough(make, table, held_out):
    one = held_out[1] == 1
    fitted = make(early_stopping=True).fit(*table, X_val=held_out[0][one], y_val=held_out[1][one])
    assert len(fitted.validation_scores_) == 10


def test_verbose_prints_a_line_an_epoch(make, table, held_out, capsys):
    fitted = make(verbose=True, max_iter=4).fit(*table, X_val=held_out[0], y_val=held_out[1])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert f"{fitted.loss_curve_[-1]:.6f}" in lines[-1]
    assert f"{fitted.history_['valid_accuracy'][-1]:.4f}" in lines[-1]
    make(max_iter=4).fit(*table)
    assert capsys.readouterr().out == ""
