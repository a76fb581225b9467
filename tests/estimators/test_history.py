"""`history_` against figures that scikit-learn computes from predictions."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, log_loss

COLUMNS = [
    "train_loss",
    "penalty",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "learning_rate",
    "seconds",
]


class Snapshots:
    """A callback that keeps the estimators at the beginning and end of every epoch."""

    def __init__(self):
        self.begins, self.ends = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        if context.parent is not None:
            self.begins.append(fitted_estimator)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.parent is not None:
            self.ends.append(fitted_estimator)


@pytest.fixture
def snapshots(make, table):
    """Fits, and returns the estimator with what it was before and after every epoch."""

    def fit(X=None, y=None, sample_weight=None, **params):
        callback = Snapshots()
        fit_params = {name: params.pop(name) for name in list(params) if name.endswith("_val")}
        estimator = make(**params).set_callbacks(callback)
        X, y = (table[0] if X is None else X), (table[1] if y is None else y)
        estimator.fit(X, y, sample_weight=sample_weight, **fit_params)
        return estimator, callback.begins, callback.ends

    return fit


WEIGHT = np.random.default_rng(5).uniform(0, 2, 120)


class TestAgainstMetrics:
    @pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
    def test_training_figures_are_from_before_the_update(self, snapshots, table, weight):
        fitted, begins, _ = snapshots(batch_size="full", sample_weight=weight, max_iter=6)
        X, y = table
        for epoch, before in enumerate(begins):
            loss = log_loss(y, before.predict_proba(X), sample_weight=weight)
            accuracy = accuracy_score(y, before.predict(X), sample_weight=weight)
            assert_allclose(fitted.history_["train_loss"][epoch], loss, rtol=1e-9)
            assert_allclose(fitted.history_["train_accuracy"][epoch], accuracy, rtol=1e-9)

    def test_the_first_loss_is_that_of_the_initial_weights(self, make, table, initial_weights):
        start = make(batch_size="full").fit(*table)
        start.coefs_, start.intercepts_ = initial_weights(make(), *table)
        expected = log_loss(table[1], start.predict_proba(table[0]))
        assert_allclose(start.history_["train_loss"][0], expected, rtol=1e-9)

    @pytest.mark.parametrize("weight", [None, WEIGHT[:60]], ids=["unweighted", "weighted"])
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_validation_figures_are_from_after_the_epoch(self, snapshots, held_out, weight, dtype):
        X_val, y_val = held_out
        fitted, _, ends = snapshots(
            X_val=X_val, y_val=y_val, sample_weight_val=weight, dtype=dtype, dropout=0.2
        )
        for epoch, after in enumerate(ends):
            proba = after.predict_proba(X_val)
            loss = log_loss(y_val, proba, sample_weight=weight)
            accuracy = accuracy_score(y_val, proba.argmax(axis=1), sample_weight=weight)
            rtol = 1e-9 if dtype == "float64" else 1e-5
            assert_allclose(fitted.history_["valid_loss"][epoch], loss, rtol=rtol)
            assert_allclose(fitted.history_["valid_accuracy"][epoch], accuracy, rtol=rtol)
        assert_array_equal(fitted.validation_scores_, fitted.history_["valid_accuracy"])

    def test_penalty_is_from_after_the_epoch(self, snapshots):
        fitted, _, ends = snapshots(l1=0.01, l2=0.3, max_iter=4)
        for epoch, after in enumerate(ends):
            weights = np.concatenate([coef.ravel() for coef in after.coefs_])
            expected = 0.01 * np.linalg.norm(weights, 1) + 0.15 * np.linalg.norm(weights) ** 2
            assert_allclose(fitted.history_["penalty"][epoch], expected, rtol=1e-12)

    def test_adamw_reports_no_penalty(self, snapshots):
        fitted, _, _ = snapshots(solver="adamw", l2=0.3)
        assert (fitted.history_["penalty"] == 0).all()

    def test_loss_curve_is_the_objective(self, make, table):
        fitted = make(l1=0.01, l2=0.1).fit(*table)
        history = fitted.history_
        assert_array_equal(fitted.loss_curve_, history["train_loss"] + history["penalty"])
        assert fitted.loss_ == fitted.loss_curve_[-1]
        assert fitted.best_loss_ == min(fitted.loss_curve_)

    def test_label_smoothing_is_in_both_losses(self, snapshots, table, held_out):
        fitted, begins, ends = snapshots(
            batch_size="full", label_smoothing=0.3, X_val=held_out[0], y_val=held_out[1]
        )
        # Cross-entropy with smoothed targets: a mixture of the loss of every label.
        for column, estimator, (X, y) in (
            ("train_loss", begins[-1], table),
            ("valid_loss", ends[-1], held_out),
        ):
            proba = estimator.predict_proba(X)
            even = np.mean(
                [log_loss(np.full(len(y), c), proba, labels=[0, 1, 2]) for c in range(3)]
            )
            expected = 0.7 * log_loss(y, proba) + 0.3 * even
            assert_allclose(fitted.history_[column][-1], expected, rtol=1e-9)

    @pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
    def test_batches(self, make, table, initial_weights, weight):
        """At rest, a batch's figures are those of its rows."""
        X, y = table
        still = {"learning_rate_init": 1e-300, "l2": 0.0, "solver": "sgd", "shuffle": False}
        fitted = make(record="batch", batch_size=50, max_iter=2, **still)
        fitted.fit(X, y, sample_weight=weight, X_val=X, y_val=y)
        frame = fitted.history_.to_frame("batch")
        assert frame.index.tolist() == [(e, b) for e in (1, 2) for b in (1, 2, 3)]
        scaled = np.ones(120) if weight is None else weight / weight.mean()
        losses = -np.log(fitted.predict_proba(X)[np.arange(120), y])
        hits = fitted.predict(X) == y
        for batch in range(3):
            rows = slice(50 * batch, 50 * batch + 50)
            loss = (scaled * losses)[rows].mean()
            accuracy = np.average(hits[rows], weights=scaled[rows])
            assert_allclose(frame.loc[(2, batch + 1), "train_loss"], loss, rtol=1e-9)
            assert_allclose(frame.loc[(2, batch + 1), "train_accuracy"], accuracy, rtol=1e-9)
        valid = [losses[i : i + 50].mean() for i in (0, 50, 100)]
        expected = np.full(2, np.ptp(valid))
        assert_allclose(fitted.history_.volatility("valid_loss"), expected, rtol=1e-9)
        assert_allclose(
            fitted.history_.volatility(),
            frame["train_loss"].groupby("epoch").agg(np.ptp),
            rtol=1e-12,
        )

    def test_epoch_loss_is_the_mean_over_rows(self, make, table):
        history = make(record="batch", batch_size=35).fit(*table).history_
        losses = history.to_frame("batch")["train_loss"].to_numpy().reshape(10, 4)
        assert_allclose(losses @ [35, 35, 35, 15] / 120, history["train_loss"], rtol=1e-12)


class TestColumns:
    def test_lengths_and_types(self, make, table, held_out):
        history = make(max_iter=7).fit(*table, X_val=held_out[0], y_val=held_out[1]).history_
        assert list(history.epochs) == COLUMNS
        assert len(history) == 7
        for name in COLUMNS:
            assert history[name].shape == (7,) and history[name].dtype == np.float64
            assert np.isfinite(history[name]).all()
        assert (history["seconds"] > 0).all()
        assert (history["learning_rate"] == 0.01).all()

    def test_without_validation(self, make, table):
        fitted = make().fit(*table)
        assert np.isnan(fitted.history_["valid_loss"]).all()
        assert np.isnan(fitted.history_["valid_accuracy"]).all()
        with pytest.raises(ValueError, match="X_val"):
            fitted.history_.best_epoch()
        assert (
            fitted.history_.best_epoch("train_loss") == np.argmin(fitted.history_["train_loss"]) + 1
        )

    def test_columns_are_copies(self, make, table):
        history = make().fit(*table).history_
        history["train_loss"][:] = 0
        assert (history["train_loss"] > 0).all()

    @pytest.mark.parametrize("name", ["loss", "volatility", "", 0])
    def test_unknown_names(self, make, table, name):
        history = make(record="batch").fit(*table).history_
        with pytest.raises(KeyError, match=r"train_loss.*valid_accuracy"):
            history[name]
        with pytest.raises(KeyError, match=r"train_loss.*valid_accuracy"):
            history.volatility(name)
        with pytest.raises(KeyError):
            history.best_epoch(name)

    def test_volatility_needs_batches(self, make, table):
        with pytest.raises(ValueError, match="record='batch'"):
            make().fit(*table).history_.volatility()
        with pytest.raises(ValueError, match="validation data"):
            make(record="batch").fit(*table).history_.volatility("valid_loss")

    def test_volatility_of_one_batch_is_zero(self, make, table):
        history = make(record="batch", batch_size="full").fit(*table).history_
        assert (history.volatility() == 0).all()
        assert (history.volatility("train_accuracy") == 0).all()

    @pytest.mark.parametrize("batch_size", [20, 35, 120, "full"])
    def test_recording_batches_changes_nothing_else(self, make, table, assert_same_fit, batch_size):
        params = {"batch_size": batch_size, "dropout": 0.1}
        recorded = make(**params, record="batch").fit(*table)
        assert_same_fit(recorded, make(**params).fit(*table))
        n_batches = -(-120 // batch_size) if isinstance(batch_size, int) else 1
        assert len(recorded.history_.to_frame("batch")) == 10 * n_batches


class TestFrame:
    def test_epochs(self, make, table, held_out):
        history = make(max_iter=5).fit(*table, X_val=held_out[0], y_val=held_out[1]).history_
        frame = history.to_frame()
        assert isinstance(frame, pd.DataFrame)
        assert frame.index.name == "epoch" and frame.index.tolist() == [1, 2, 3, 4, 5]
        assert frame.columns.tolist() == COLUMNS
        for name in COLUMNS:
            assert_array_equal(frame[name], history[name])

    def test_volatility_columns(self, make, table):
        history = make(record="batch").fit(*table).history_
        frame = history.to_frame()
        assert_array_equal(frame["train_loss_volatility"], history.volatility())
        assert "valid_loss_volatility" not in frame

    def test_batches_need_batches(self, make, table):
        history = make().fit(*table).history_
        with pytest.raises(ValueError, match="record='batch'"):
            history.to_frame("batch")
        with pytest.raises(ValueError, match="'epoch' or 'batch', got 'week'"):
            history.to_frame("week")

    def test_a_record_that_begins_midway(self, make, table):
        fitted = make(warm_start=True, max_iter=3).fit(*table)
        history = fitted.set_params(record="batch").fit(*table).history_
        frame = history.to_frame("batch")
        assert frame.index.get_level_values("epoch").unique().tolist() == [4, 5, 6]
        assert len(history.to_frame()) == 6

    def test_a_record_that_ends_midway(self, make, table):
        """Volatility belongs to the epochs that it was recorded in."""
        fitted = make(warm_start=True, max_iter=3, record="batch").fit(*table)
        history = fitted.set_params(record="epoch").fit(*table).history_
        frame = history.to_frame("batch")
        assert frame.index.get_level_values("epoch").unique().tolist() == [1, 2, 3]
        losses = frame["train_loss"].groupby("epoch").mean()  # of batches of equal size
        assert_allclose(losses, history["train_loss"][:3], rtol=1e-9)


def test_copies_and_pickles(make, table):
    history = make(record="batch").fit(*table).history_
    for twin in (pickle.loads(pickle.dumps(history)), copy.deepcopy(history), history.copy()):
        pd.testing.assert_frame_equal(twin.to_frame(), history.to_frame())
        pd.testing.assert_frame_equal(twin.to_frame("batch"), history.to_frame("batch"))


def test_repr(make, table):
    history = make(max_iter=3).fit(*table).history_
    assert "3 epochs" in repr(history) and "train_loss" in repr(history)
