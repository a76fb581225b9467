"""Ctrl-C: the last complete epoch is kept where the user can have it, and re-raised elsewhere."""

import copy
import os
import signal
import threading
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import BaggingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn._warnings import TrainingInterrupted

SOLVERS = ["sgd", "adam", "adamw", "rmsprop", "lbfgs"]

pytestmark = [
    pytest.mark.skipif(
        threading.current_thread() is not threading.main_thread(),
        reason="signals reach the main thread alone",
    ),
    pytest.mark.skipif(
        signal.getsignal(signal.SIGINT) is not signal.default_int_handler,
        reason="SIGINT is ignored here, as in what a shell runs in the background",
    ),
]


@contextmanager
def interrupted(after_epoch=None):
    """Expects a fit that returns, and warns; pytest itself would end with a KeyboardInterrupt."""
    match = "(?i)interrupted" + ("" if after_epoch is None else f".*epoch {after_epoch}")
    try:
        with pytest.warns(UserWarning, match=match) as record:
            yield record
    except KeyboardInterrupt:
        pytest.fail("the interrupt reached the caller, and the weights are lost")


class CtrlC:
    """Interrupts in the hook of an epoch, by exception or signal, or some seconds after it.

    Where Python runs a finalizer or a callback of the garbage collector, an interrupt is lost: as
    a person would, the signal is sent again while the fit has not ended.
    """

    def __init__(self, at, how="raise", hook="end"):
        self.at, self.how, self.hook, self.n_epochs = at, how, hook, 0
        self.ended = threading.Event()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.ended.set()

    def interrupt(self):
        if self.how == "raise":
            raise KeyboardInterrupt
        if self.how == "signal":
            os.kill(os.getpid(), signal.SIGINT)
        else:
            threading.Thread(target=self.press, daemon=True).start()

    def press(self):
        wait = self.how
        while not self.ended.wait(wait):
            os.kill(os.getpid(), signal.SIGINT)
            wait = 10  # by then a fit that was told has ended

    def on_fit_task_begin(self, estimator, context):
        if context.parent is not None and context.task_name == "epoch":
            self.n_epochs += 1
            if self.hook == "begin" and self.n_epochs == self.at:
                self.interrupt()

    def on_fit_task_end(self, estimator, context):
        if self.hook == "end" and context.task_name == "epoch" and self.n_epochs == self.at:
            self.interrupt()


def shorter(make, table, n_epochs, **params):
    """The same fit, ended after some epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(**params | {"max_iter": n_epochs}).fit(*table)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("how", ["raise", "signal"])
class TestInAHook:
    def test_after_an_epoch(self, make, table, assert_same_fit, solver, how):
        params = {"solver": solver, "max_iter": 50}
        if solver != "lbfgs":
            params["dropout"] = 0.1
        estimator = make(**params).set_callbacks(CtrlC(4, how))
        with interrupted(after_epoch=4):
            estimator.fit(*table)
        assert_same_fit(estimator, shorter(make, table, 4, **params))
        assert estimator.predict(table[0]).shape == (120,)

    def test_before_an_epoch(self, make, table, assert_same_fit, solver, how):
        estimator = make(solver=solver, max_iter=50).set_callbacks(CtrlC(4, how, "begin"))
        with interrupted(after_epoch=3):
            estimator.fit(*table)
        assert_same_fit(estimator, shorter(make, table, 3, solver=solver))


class TestMidEpoch:
    """A signal at a moment of its own, as a person's is."""

    @pytest.fixture
    def big(self):
        rng = np.random.default_rng(0)
        return rng.normal(size=(6000, 20)), rng.integers(3, size=6000)

    @pytest.mark.parametrize("solver", SOLVERS)
    @pytest.mark.parametrize("seconds", [0.1, 0.21])
    def test_falls_back_to_the_last_complete_epoch(
        self, make, big, assert_same_fit, solver, seconds
    ):
        params = {"solver": solver, "hidden_layer_sizes": (50,), "tol": 1e-12}
        estimator = make(**params, max_iter=100_000, max_fun=10**9)
        estimator.set_callbacks(CtrlC(1, how=seconds))
        with interrupted():
            estimator.fit(*big)
        assert 1 <= estimator.n_iter_ < 100_000
        assert len(estimator.history_) == len(estimator.loss_curve_) == estimator.n_iter_
        assert_same_fit(estimator, shorter(make, big, estimator.n_iter_, **params))

    @pytest.mark.parametrize("solver", SOLVERS)
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_during_validation(self, make, table, assert_same_fit, solver, early_stopping):
        """The epoch is not complete yet while its validation rows are looked at."""
        rng = np.random.default_rng(0)
        valid = {"X_val": rng.normal(size=(1_000_000, 6)), "y_val": rng.integers(3, size=1_000_000)}
        params = {"solver": solver, "early_stopping": early_stopping, "tol": 1e-12}
        estimator = make(**params, max_iter=1000).set_callbacks(CtrlC(2, how=0.02))
        with interrupted(after_epoch=2):
            estimator.fit(*table, **valid)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert_same_fit(estimator, make(**params, max_iter=2).fit(*table, **valid))

    def test_going_on_is_as_if_nothing_had_been(self, make, big, assert_same_fit):
        params = {"dropout": 0.2, "record": "batch", "learning_rate": "invscaling"}
        estimator = make(**params, max_iter=10_000, warm_start=True)
        estimator.set_callbacks(CtrlC(1, how=0.3))
        with interrupted():
            estimator.fit(*big)
        n_epochs = estimator.n_iter_
        estimator.set_callbacks().set_params(max_iter=2).fit(*big)
        once = shorter(make, big, n_epochs + 2, **params)
        assert_same_fit(estimator, once)
        assert_array_equal(estimator.history_.volatility(), once.history_.volatility())


def test_before_the_first_epoch_there_is_nothing_to_keep(make, table):
    estimator = make().set_callbacks(CtrlC(1, hook="begin"))
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(*table)
    with pytest.raises(ValueError, match="not fitted"):
        estimator.predict(table[0])


def test_early_stopping_keeps_the_best_weights(make, table, held_out):
    estimator = make(early_stopping=True, max_iter=300, learning_rate_init=0.05)
    estimator.set_callbacks(CtrlC(40))
    with interrupted():
        estimator.fit(*table, X_val=held_out[0], y_val=held_out[1])
    losses = estimator.history_["valid_loss"]
    assert len(losses) == 40 and losses.argmin() < 39
    found = log_loss(held_out[1], estimator.predict_proba(held_out[0]))
    assert_allclose(found, losses.min(), rtol=1e-9)


def test_warm_start_goes_on(make, table, assert_same_fit):
    estimator = make(warm_start=True, max_iter=30, dropout=0.1).set_callbacks(CtrlC(5))
    with interrupted():
        estimator.fit(*table)
    estimator.set_callbacks().set_params(max_iter=7).fit(*table)
    assert_same_fit(estimator, make(max_iter=12, dropout=0.1).fit(*table))


def test_an_interrupted_second_fit_keeps_the_first(make, table, assert_same_fit):
    """Until the second fit has an epoch behind it, the first one's last is the last complete."""
    estimator = make(warm_start=True, max_iter=3).fit(*table)
    before = copy.deepcopy(estimator)
    estimator.set_callbacks(CtrlC(1, hook="begin"))
    with interrupted(after_epoch=3):
        estimator.fit(*table)
    assert_same_fit(estimator, before)


def test_it_does_not_warn_of_convergence_too(make, table):
    estimator = make(max_iter=30, n_iter_no_change=10).set_callbacks(CtrlC(5))
    with interrupted() as record:
        estimator.fit(*table)
    assert [w.category for w in record] == [TrainingInterrupted]
    assert record[0].filename == __file__


@pytest.mark.parametrize("named", [False, True])
def test_a_pipeline_returns(make, table, named):
    mlp = make(max_iter=50).set_callbacks(CtrlC(3))
    steps = [("scale", StandardScaler()), ("mlp", mlp)]
    pipeline = Pipeline(steps) if named else make_pipeline(StandardScaler(), mlp)
    with interrupted(after_epoch=3):
        pipeline.fit(*table)
    assert pipeline[-1].n_iter_ == 3
    assert pipeline.predict(table[0]).shape == (120,)


def run_search(mlp, table):
    GridSearchCV(mlp, {"l2": [0.0, 0.1]}, cv=2).fit(*table)


def run_search_of_pipelines(mlp, table):
    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", mlp)])
    GridSearchCV(pipeline, {"mlp__l2": [0.0]}, cv=2, error_score=0.0).fit(*table)


def run_cross_validation(mlp, table):
    cross_val_score(mlp, *table, cv=2)


def run_ensemble(mlp, table):
    BaggingClassifier(mlp, n_estimators=2).fit(*table)


@pytest.mark.parametrize(
    "run", [run_search, run_search_of_pipelines, run_cross_validation, run_ensemble]
)
def test_what_would_go_on_with_other_fits_is_interrupted(make, table, run):
    callback = CtrlC(3)
    with pytest.raises(KeyboardInterrupt):
        run(make(max_iter=50).set_callbacks(callback), table)
    assert callback.n_epochs == 3  # no other fit was begun


def test_partial_fit_in_the_hook_of_its_epoch(make, table, assert_same_fit):
    estimator = make().partial_fit(*table, classes=[0, 1, 2]).set_callbacks(CtrlC(1))
    with interrupted(after_epoch=2):
        estimator.partial_fit(*table)
    assert_same_fit(estimator, make(max_iter=2).fit(*table))
