"""What a fitted classifier holds: weights in one place, and a past that costs nothing."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sknn.io


def set_weights(model, value):
    model.coefs_ = [np.full_like(W, value) for W in model.coefs_]


def reload(model, tmp_path):
    sknn.io.save(model, tmp_path / "model.sknn")
    return sknn.io.load(tmp_path / "model.sknn")


class TestWeightsOfTheUser:
    @pytest.mark.parametrize("early", [False, True], ids=["", "early_stopping"])
    @pytest.mark.parametrize("way", ["set", "in place", "pickle", "file", "lists"])
    def test_training_goes_on_from_them(self, make, table, tmp_path, way, early):
        # Steps of SGD that are as small as this move no weight by a thousandth.
        still = {"solver": "sgd", "learning_rate_init": 1e-6, "l2": 0.0}
        model = make(**still, warm_start=True, early_stopping=early, max_iter=2).fit(*table)
        if way == "in place":
            for W in model.coefs_:
                W[:] = 0.25
        else:
            set_weights(model, 0.25)
        if way == "pickle":
            model = pickle.loads(pickle.dumps(model))
        elif way == "file":
            model = reload(model, tmp_path)
        elif way == "lists":
            model.coefs_ = [W.tolist() for W in model.coefs_]
        model.fit(*table)
        for W in model.coefs_:
            assert_allclose(W, 0.25, atol=1e-3)

    def test_federated_averaging(self, make, table):
        """The mean of two steps of gradient descent on halves is a step on the whole."""
        X, y = table
        settings = {"solver": "sgd", "momentum": 0.0, "batch_size": "full", "l2": 0.0}
        one, other, whole = (make(**settings) for _ in range(3))
        for _ in range(5):
            one.partial_fit(X[:60], y[:60], classes=[0, 1, 2])
            other.partial_fit(X[60:], y[60:], classes=[0, 1, 2])
            whole.partial_fit(X, y, classes=[0, 1, 2])
            for name in ("coefs_", "intercepts_"):
                pairs = zip(getattr(one, name), getattr(other, name), strict=True)
                means = [(a + b) / 2 for a, b in pairs]
                setattr(one, name, means)
                setattr(other, name, list(means))
                for mean, expected in zip(means, getattr(whole, name), strict=True):
                    assert_allclose(mean, expected, atol=1e-12)

    def test_the_optimizer_remembers(self, make, table, assert_same_fit):
        """Setting what is there already changes nothing."""
        model = make(max_iter=5).fit(*table)
        model.coefs_ = [W.copy() for W in model.coefs_]
        assert_same_fit(model.partial_fit(*table), make(max_iter=6).fit(*table))

    def test_other_shapes_are_an_error(self, make, table):
        model = make(warm_start=True).fit(*table)
        model.coefs_ = [W[:, :2] for W in model.coefs_]
        with pytest.raises(ValueError, match=r"`coefs_` must have the shapes .*\(6, 8\).*\(6, 2\)"):
            model.fit(*table)

    def test_a_shallow_copy_trains_for_itself(self, make, table, assert_same_fit):
        model = make(warm_start=True, max_iter=3).fit(*table)
        before = copy.deepcopy(model)
        twin = copy.copy(model).fit(*table)
        assert_same_fit(model, before)
        assert_same_fit(twin, make(max_iter=6).fit(*table))
        assert_same_fit(model.fit(*table), twin)


class TestGoingOnAfterAPlainFit:
    @pytest.mark.parametrize("settings", [{}, {"learning_rate": "invscaling", "solver": "sgd"}])
    def test_partial_fit(self, make, table, assert_same_fit, settings):
        settings |= {"batch_size": 20, "dropout": 0.2}
        model = make(max_iter=5, **settings).fit(*table).partial_fit(*table).partial_fit(*table)
        assert_same_fit(model, make(max_iter=7, **settings).fit(*table))

    def test_warm_start_that_was_set_later(self, make, table, assert_same_fit):
        model = make(max_iter=5).fit(*table).set_params(warm_start=True).fit(*table)
        assert_same_fit(model, make(max_iter=10).fit(*table))

    def test_what_is_read_only(self, make, table, tmp_path, assert_same_fit):
        fitted = make(max_iter=3, early_stopping=True, validation_fraction=0.3).fit(*table)
        joblib.dump(fitted, tmp_path / "model")
        mapped = joblib.load(tmp_path / "model", mmap_mode="r")
        assert not mapped.coefs_[0].flags.writeable
        mapped.set_params(warm_start=True).fit(*table)
        assert_same_fit(mapped, fitted.set_params(warm_start=True).fit(*table))

    @pytest.mark.parametrize("solvers", [("adam", "lbfgs"), ("lbfgs", "adam"), ("sgd", "rmsprop")])
    def test_another_solver(self, make, table, solvers):
        first, second = solvers
        model = make(solver=first, warm_start=True, max_iter=30).fit(*table)
        loss, before = model.loss_, [W.copy() for W in model.coefs_]
        still = {"solver": second, "max_iter": 1, "learning_rate_init": 1e-9}
        model.set_params(**still).fit(*table)
        assert model.n_iter_ > 30 or first == "lbfgs"
        if second == "lbfgs":
            assert model.loss_ < loss
        else:
            for left, right in zip(model.coefs_, before, strict=True):
                assert_allclose(left, right, atol=1e-7)

    def test_float32_weights_under_lbfgs(self, make, table):
        model = make(dtype="float32", warm_start=True, max_iter=20).fit(*table)
        loss = model.loss_
        model.set_params(solver="lbfgs", dtype="auto", max_iter=5).fit(*table)
        assert model.coefs_[0].dtype == np.float64 and model.loss_ < loss

    def test_the_rate_goes_by_rows_seen(self, make, table):
        model = make(max_iter=3, batch_size="auto").fit(*table)
        assert model.t_ == 360
        assert model.partial_fit(table[0][:7], table[1][:7]).t_ == 367


class TestPast:
    def test_copies_share_it(self, make, table):
        model = make(max_iter=50).fit(*table)
        history = model.history_
        twin = history.copy()
        model.partial_fit(*table)
        assert (len(history), len(twin), len(model.history_)) == (50, 50, 51)
        assert_array_equal(model.history_["train_loss"][:50], twin["train_loss"])

    def test_two_futures_of_one_past(self, make, table):
        model = make(max_iter=3).fit(*table)
        one, other = copy.copy(model).partial_fit(*table), copy.copy(model).partial_fit(*table)
        other.partial_fit(*table)
        one.partial_fit(*table)
        assert_array_equal(one.history_["train_loss"], other.history_["train_loss"])
        assert len(model.history_) == len(model.loss_curve_) == 3

    def test_an_epoch_adds_seven_numbers_to_a_pickle(self, make, table):
        def size(max_iter):
            model = make(hidden_layer_sizes=(2,), batch_size="full", max_iter=max_iter)
            return len(pickle.dumps(model.fit(*table)))

        assert size(60) - size(20) <= 40 * 7 * 8 + 50
