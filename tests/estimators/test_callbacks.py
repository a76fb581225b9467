"""Callbacks of scikit-learn 1.9 on the classifier alone and in what holds it."""

import copy
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import sknn.io
from sknn.preprocessing import ColumnNormScaler

SOLVERS = ["sgd", "adam", "adamw", "rmsprop", "lbfgs"]


class Recorder:
    """Keeps every call, with the state of the estimator that came with it."""

    def __init__(self, at_end=lambda epoch, estimator: False, at_begin=lambda epoch: None):
        self.calls, self.epochs, self.at_end, self.at_begin = [], 0, at_end, at_begin

    def setup(self, estimator, context):
        self.calls.append(("setup", context.max_subtasks, {}))

    def teardown(self, estimator, context):
        self.calls.append(("teardown", context.max_subtasks, {}))

    def on_fit_task_begin(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        given = {"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator}
        self.calls.append(("begin", context.task_name, given))
        if context.parent is not None:
            self.at_begin(self.epochs + 1)

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        given = {"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator}
        self.calls.append(("end", context.task_name, given))
        if context.parent is not None:
            self.epochs += 1
            return self.at_end(self.epochs, fitted_estimator)
        return None

    def of(self, name, task=None):
        return [g for n, t, g in self.calls if n == name and (task is None or t == task)]


class Plain:
    """A callback that wants none of the arguments."""

    def __init__(self, at=None, error=None):
        self.n_epochs, self.at, self.error = 0, at, error
        self.torn_down = False

    def setup(self, estimator, context):
        self.max_subtasks = context.max_subtasks

    def teardown(self, estimator, context):
        self.torn_down = True

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.n_epochs += context.parent is not None
        if self.error is not None and self.n_epochs == self.at:
            raise self.error


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestHooks:
    def test_order_and_counts(self, make, table, solver):
        recorder = Recorder()
        fitted = make(solver=solver, max_iter=6).set_callbacks(recorder).fit(*table)
        assert fitted.n_iter_ == 6
        names = [name for name, _, _ in recorder.calls]
        assert names == ["setup", "begin"] + ["begin", "end"] * 6 + ["end", "teardown"]
        assert recorder.calls[0][1] >= 6

    def test_objects_are_the_user_s_own(self, make, table, solver):
        X = pd.DataFrame(table[0], columns=list("abcdef"))
        y, weight = np.array(list("abc"))[table[1]].tolist(), np.ones(120)
        recorder = Recorder()
        make(solver=solver, max_iter=2).set_callbacks(recorder).fit(X, y, sample_weight=weight)
        for _, _, given in recorder.calls[1:-1]:
            assert given["X"] is X and given["y"] is y
            assert list(given["metadata"]) == ["sample_weight"]
            assert given["metadata"]["sample_weight"] is weight
        recorder = Recorder()
        make(solver=solver, max_iter=2).set_callbacks(recorder).fit(X, y)
        assert all(given["metadata"] is None for _, _, given in recorder.calls[1:-1])

    def test_fitted_estimator_is_as_if_training_had_ended(self, make, table, solver):
        recorder = Recorder()
        make(solver=solver, max_iter=5).set_callbacks(recorder).fit(*table)
        for epoch, given in enumerate(recorder.of("end")[:5], 1):
            shorter = make(solver=solver, max_iter=epoch).fit(*table)
            seen = given["fitted"]
            assert seen.n_iter_ == epoch == len(seen.history_) == len(seen.loss_curve_)
            assert_array_equal(seen.predict_proba(table[0]), shorter.predict_proba(table[0]))
            assert_array_equal(seen.loss_curve_, shorter.loss_curve_)
        for earlier, later in zip(recorder.of("end")[:4], recorder.of("begin")[2:], strict=True):
            assert_array_equal(earlier["fitted"].coefs_[0], later["fitted"].coefs_[0])

    def test_fitted_estimator_is_independent(self, make, table, solver):
        def spoil(epoch, estimator):
            estimator.coefs_[0][:] = np.nan
            estimator.history_.epochs["train_loss"].clear()
            estimator.loss_curve_.clear()

        fitted = make(solver=solver).set_callbacks(Recorder(spoil)).fit(*table)
        plain = make(solver=solver).fit(*table)
        assert_array_equal(fitted.coefs_[0], plain.coefs_[0])
        assert_array_equal(fitted.loss_curve_, plain.loss_curve_)

    def test_the_whole_fit_ends_with_a_usable_estimator(self, make, table, solver):
        recorder = Recorder()
        fitted = make(solver=solver, max_iter=3).set_callbacks(recorder).fit(*table)
        last = recorder.of("end", "fit")[-1]["fitted"]
        assert_array_equal(last.predict_proba(table[0]), fitted.predict_proba(table[0]))

    def test_true_stops(self, make, table, solver):
        recorder = Recorder(lambda epoch, estimator: epoch == 4)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted = make(solver=solver, max_iter=50, n_iter_no_change=99)
            fitted.set_callbacks(recorder).fit(*table)
        assert fitted.n_iter_ == 4
        shorter = make(solver=solver, max_iter=4).fit(*table)
        assert_array_equal(fitted.coefs_[0], shorter.coefs_[0])
        assert [name for name, _, _ in recorder.calls][-2:] == ["end", "teardown"]

    def test_raising_reaches_the_caller(self, make, table, solver):
        callback = Plain(at=3, error=RuntimeError("enough"))
        estimator = make(solver=solver).set_callbacks(callback)
        with pytest.raises(RuntimeError, match="enough"):
            estimator.fit(*table)
        assert callback.n_epochs == 3 and callback.torn_down
        estimator.set_callbacks().fit(*table)
        plain = make(solver=solver).fit(*table)
        assert_array_equal(estimator.coefs_[0], plain.coefs_[0])

    def test_do_not_change_the_fit(self, make, table, solver, assert_same_fit):
        params = {"solver": solver, "record": "batch"}
        if solver != "lbfgs":
            params["dropout"] = 0.2
        fitted = make(**params).set_callbacks(Recorder(), Plain()).fit(*table)
        assert_same_fit(fitted, make(**params).fit(*table))


def test_hooks_of_a_fit_that_stops_early(make, table):
    recorder = Recorder()
    fitted = make(learning_rate_init=0.1, tol=1.0, n_iter_no_change=3, max_iter=100)
    fitted.set_callbacks(recorder).fit(*table)
    assert recorder.epochs == fitted.n_iter_ < 100


def test_early_stopping_shows_the_best_weights_so_far(make, table, held_out):
    recorder = Recorder()
    fitted = make(early_stopping=True, max_iter=80, learning_rate_init=0.05)
    fitted.set_callbacks(recorder).fit(*table, X_val=held_out[0], y_val=held_out[1])
    seen = [
        log_loss(held_out[1], given["fitted"].predict_proba(held_out[0]))
        for given in recorder.of("end")[:-1]
    ]
    best = np.minimum.accumulate(fitted.history_["valid_loss"])
    assert best[-1] < fitted.history_["valid_loss"][-1]
    assert_allclose(seen, best, rtol=1e-9)


def test_hooks_of_partial_fit(make, table):
    recorder = Recorder()
    estimator = make().set_callbacks(recorder)
    for _ in range(3):
        estimator.partial_fit(*table, classes=[0, 1, 2])
    assert recorder.epochs == 3
    assert len(recorder.of("setup")) == len(recorder.of("teardown")) == 3


def test_hooks_of_a_warm_start(make, table):
    recorder = Recorder()
    estimator = make(warm_start=True, max_iter=2).set_callbacks(recorder).fit(*table).fit(*table)
    assert recorder.epochs == 4
    assert [given["fitted"].n_iter_ for given in recorder.of("end", "epoch")] == [1, 2, 3, 4]
    assert estimator.n_iter_ == 4


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, GeneratorExit])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_error_leaves_the_last_complete_epoch_where_fits_go_on(
    make, table, assert_same_fit, error, solver
):
    settings = {"solver": solver, "batch_size": 20, "dropout": 0.2 * (solver == "adam")}
    estimator = make(warm_start=True, max_iter=10, **settings)
    with pytest.raises(error):
        estimator.set_callbacks(Plain(at=4, error=error())).fit(*table)
    assert_same_fit(estimator, make(max_iter=4, **settings).fit(*table))
    if solver == "adam":
        estimator.set_params(max_iter=6).set_callbacks().fit(*table)
        assert_same_fit(estimator, make(max_iter=10, **settings).fit(*table))


def test_an_error_in_a_fit_that_does_not_go_on_leaves_the_last_fit(make, table, assert_same_fit):
    estimator = make(max_iter=3).fit(*table)
    before = copy.deepcopy(estimator)
    with pytest.raises(RuntimeError):
        estimator.set_callbacks(Plain(at=2, error=RuntimeError())).fit(*table)
    assert_same_fit(estimator, before)


@pytest.mark.filterwarnings("ignore:Callbacks are not saved")
def test_what_a_callback_saves_goes_on_exactly(make, table, assert_same_fit, tmp_path):
    """Saved after epoch 4 of 10, then trained for the other six."""

    copies = []

    def save(epoch, fitted):
        if epoch == 4:
            sknn.io.save(fitted, tmp_path / "four.sknn")
            copies.append(copy.deepcopy(fitted).set_callbacks())

    settings = {
        "batch_size": 20,
        "dropout": 0.2,
        "early_stopping": True,
        "n_iter_no_change": np.inf,
    }
    whole = make(max_iter=10, **settings).set_callbacks(Recorder(at_end=save)).fit(*table)
    for model in (sknn.io.load(tmp_path / "four.sknn"), *copies):
        model.set_params(max_iter=6, warm_start=True).fit(*table)
        assert_same_fit(model, whole)


def test_what_is_no_callback(make):
    with pytest.raises(TypeError, match="FitCallback"):
        make().set_callbacks(print)


class TestScoringMonitor:
    def test_alone(self, make, table):
        monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
        recorder = Recorder()
        make(max_iter=5).set_callbacks(monitor, recorder).fit(*table)
        log = monitor.get_logs().data_as_pandas
        epochs = log[log["task_name"] != "fit"]
        assert len(epochs) == 5
        X, y = table
        for row, given in zip(epochs.itertuples(), recorder.of("end")[:5], strict=True):
            assert row.accuracy == accuracy_score(y, given["fitted"].predict(X))
            assert_allclose(row.neg_log_loss, -log_loss(y, given["fitted"].predict_proba(X)))

    @pytest.mark.parametrize("solver", SOLVERS)
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_weights_are_passed_on(self, make, table, solver):
        monitor = ScoringMonitor(scoring="accuracy")
        weight = np.random.default_rng(0).uniform(0, 3, 120)
        fitted = make(solver=solver, max_iter=4).set_callbacks(monitor)
        fitted.fit(*table, sample_weight=weight)
        last = [row for row in monitor.get_logs().data if row["task_name"] != "fit"][-1]
        assert_allclose(last["accuracy"], fitted.score(*table, sample_weight=weight))

    def test_strings_and_frames(self, make, table):
        monitor = ScoringMonitor(scoring="accuracy")
        X, y = pd.DataFrame(table[0], columns=list("abcdef")), np.array(list("xyz"))[table[1]]
        fitted = make(max_iter=3).set_callbacks(monitor).fit(X, y)
        assert monitor.get_logs().data[-1]["accuracy"] == fitted.score(X, y)

    @pytest.mark.parametrize("scaler", [ColumnNormScaler, StandardScaler])
    def test_in_a_pipeline(self, make, table, scaler):
        monitor = ScoringMonitor(scoring="accuracy")
        mlp = make(max_iter=4).set_callbacks(monitor)
        pipeline = Pipeline([("scale", scaler()), ("mlp", mlp)]).fit(*table)
        rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
        assert len(rows) == 4
        assert rows[-1]["accuracy"] == pipeline.score(*table)

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_under_a_search(self, make, table, n_jobs):
        monitor = ScoringMonitor(scoring="accuracy")
        pipeline = Pipeline(
            [("scale", ColumnNormScaler()), ("mlp", make(max_iter=3).set_callbacks(monitor))]
        )
        grid = {"mlp__l2": [0.0, 0.1]}
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs).fit(*table)
        rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
        assert len(rows) == 3 * (2 * 2 + 1)
        assert search.score(*table) in {row["accuracy"] for row in rows}

    def test_of_a_fit_that_diverges(self, make, table):
        """The monitor must not hide why: scorers refuse what is not a number."""
        monitor = ScoringMonitor(scoring="neg_log_loss")
        estimator = make(solver="sgd", learning_rate_init=1e100, max_iter=50)
        with pytest.raises(ValueError, match="diverged"):
            estimator.set_callbacks(monitor).fit(*table)


class TestProgressBar:
    @pytest.mark.parametrize("solver", SOLVERS)
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_alone(self, make, Classifier, table, capsys, solver):
        make(solver=solver, max_iter=4).set_callbacks(ProgressBar()).fit(*table)
        assert Classifier.__name__ in capsys.readouterr().out

    def test_in_a_pipeline(self, make, Classifier, table, capsys):
        pipeline = Pipeline([("scale", ColumnNormScaler()), ("mlp", make())])
        pipeline.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*table)
        out = capsys.readouterr().out
        assert "Pipeline" in out and Classifier.__name__ in out

    def test_under_a_search(self, make, Classifier, table, capsys):
        search = GridSearchCV(
            Pipeline([("scale", ColumnNormScaler()), ("mlp", make())]),
            {"mlp__l2": [0.0, 0.1]},
            cv=2,
        )
        search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*table)
        out = capsys.readouterr().out
        assert "GridSearchCV" in out and Classifier.__name__ in out

    def test_of_a_fit_that_stops_early(self, make, table, capsys):
        estimator = make(max_iter=1000, tol=1.0, n_iter_no_change=2)
        assert estimator.set_callbacks(ProgressBar()).fit(*table).n_iter_ < 10
        assert "100%" in capsys.readouterr().out

    def test_of_a_fit_that_diverges(self, make, Classifier, table, capsys):
        estimator = make(solver="sgd", learning_rate_init=1e100, max_iter=50)
        with pytest.raises(ValueError, match="diverged"):
            estimator.set_callbacks(ProgressBar()).fit(*table)
        assert Classifier.__name__ in capsys.readouterr().out
