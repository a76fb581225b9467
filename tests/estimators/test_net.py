"""`net_` in the hands of a skorch user, and skorch's callbacks in those of ours."""

import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
import skorch
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
)
from skorch.dataset import ValidSplit


class Watcher(Callback):
    """Looks at every batch and gradient, and so has skorch's own loop run."""

    def __init__(self):
        self.calls_ = []

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.calls_.append(("begin", training))

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        self.calls_.append(("end", training))

    def on_grad_computed(self, net, named_parameters=None, **kwargs):
        assert all(p.grad is not None for _, p in named_parameters)
        self.calls_.append(("gradient", True))


class AtEpochEnd(Callback):
    """Looks at epochs alone, and leaves the fast loop in place."""

    def __init__(self, do=lambda net: None):
        self.do, self.n_epochs_ = do, 0

    def on_epoch_end(self, net, **kwargs):
        self.n_epochs_ += 1
        self.do(net)


class CtrlC(Callback):
    """A person's Ctrl-C in a batch of an epoch."""

    def __init__(self, epoch, batch):
        self.epoch, self.batch = epoch, batch

    def on_epoch_begin(self, net, **kwargs):
        self.n_batches_ = 0

    def on_batch_end(self, net, **kwargs):
        self.n_batches_ += 1
        if (len(net.history), self.n_batches_) == (self.epoch, self.batch):
            raise KeyboardInterrupt


def of_type(fitted, kind):
    return next(c for _, c in fitted.net_.callbacks_ if isinstance(c, kind))


def weights_of(net):
    return [p.detach().numpy().T for p in net.module_.parameters()]


def assert_weights(fitted, net):
    ours = [a for pair in zip(fitted.coefs_, fitted.intercepts_, strict=True) for a in pair]
    for left, right in zip(ours, weights_of(net), strict=True):
        assert_array_equal(left, right)


class TestNet:
    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"solver": "lbfgs", "max_iter": 30, "tol": 1e-2, "l2": 0.1},
            {"dropout": 0.2, "dtype": "float32"},
            {"early_stopping": True, "max_iter": 30},
            {"hidden_layer_sizes": (), "l1": 1e-3, "learning_rate": "cosine"},
        ],
        ids=str,
    )
    def test_it_is_the_estimator(self, make_torch, table, held_out, params):
        fitted = make_torch(**params).fit(table[0], np.array(list("abc"))[table[1]])
        net = fitted.net_
        assert isinstance(net, skorch.NeuralNetClassifier)
        assert_weights(fitted, net)
        found, expected = net.predict_proba(held_out[0]), fitted.predict_proba(held_out[0])
        assert found.dtype == expected.dtype
        assert_allclose(found, expected, atol=1e-6 if found.dtype == np.float32 else 1e-12)
        assert_array_equal(fitted.classes_[net.predict(held_out[0])], fitted.predict(held_out[0]))
        assert net.score(*held_out) == accuracy_score(held_out[1], net.predict(held_out[0]))

    def test_history(self, make_torch, table, held_out):
        fitted = make_torch().fit(*table, X_val=held_out[0], y_val=held_out[1])
        names = {
            "train_loss": "train_loss",
            "train_acc": "train_accuracy",
            "valid_loss": "valid_loss",
            "valid_acc": "valid_accuracy",
            "dur": "seconds",
        }
        for twin in (fitted, pickle.loads(pickle.dumps(fitted))):
            history = twin.net_.history
            assert len(history) == 10
            assert history[:, "epoch"] == list(range(1, 11))
            for theirs, ours in names.items():
                assert_array_equal(history[:, theirs], fitted.history_[ours])

    @pytest.mark.parametrize("how", ["warm_start", "partial_fit"])
    def test_history_goes_on(self, make_torch, table, how):
        estimator = make_torch(warm_start=True, max_iter=2)
        for _ in range(3):
            if how == "warm_start":
                estimator.fit(*table)
            else:
                estimator.partial_fit(*table, classes=[0, 1, 2])
        assert len(estimator.net_.history) == estimator.n_iter_
        assert_array_equal(
            estimator.net_.history[:, "train_loss"], estimator.history_["train_loss"]
        )
        assert_weights(estimator, estimator.net_)

    def test_weights_that_cannot_be_written_to(self, make_torch, table):
        """As those of a model that joblib has mapped into memory."""
        fitted = pickle.loads(pickle.dumps(make_torch(max_iter=3).fit(*table)))
        for array in (*fitted.coefs_, *fitted.intercepts_):
            array.flags.writeable = False
        assert_weights(fitted, fitted.net_)

    def test_partial_fit_goes_on(self, make_torch, table):
        net = make_torch(max_iter=3).fit(*table).net_
        loss = net.history[-1, "train_loss"]
        net.partial_fit(*table).partial_fit(*table)
        assert len(net.history) == 9
        assert net.history[-1, "train_loss"] < loss

    def test_its_loss_is_the_estimators(self, make_torch, table):
        """At rest: with a row order of its own, and a validation split of skorch's."""
        fitted = make_torch(batch_size="full", solver="sgd").fit(*table)
        net = fitted.net_.set_params(lr=0.0, max_epochs=1)
        net.partial_fit(*table)
        expected = log_loss(table[1], fitted.predict_proba(table[0]))
        assert_allclose(net.history[-1, "train_loss"], expected, rtol=1e-9)
        weight = np.random.default_rng(0).uniform(0, 2, 120)
        weight /= weight.mean()
        net.partial_fit({"X": table[0], "sample_weight": weight}, table[1])
        expected = log_loss(table[1], fitted.predict_proba(table[0]), sample_weight=weight)
        assert_allclose(net.history[-1, "train_loss"], expected, rtol=1e-9)

    def test_fit_starts_from_new_weights(self, make_torch, table, held_out):
        fitted = make_torch(max_iter=60).fit(*table)
        net, old = fitted.net_, fitted.predict_proba(held_out[0])
        before = weights_of(net)[0].copy()
        net.fit(*table)
        assert len(net.history) == 60
        assert not np.allclose(weights_of(net)[0], before)
        assert net.score(*table) > 0.7
        # and the estimator is what it was
        assert_array_equal(fitted.predict_proba(held_out[0]), old)

    def test_initial_weights_of_its_own_are_those_of_ours(self, make_torch, table):
        net = make_torch(hidden_layer_sizes=(300,), dtype="float32").fit(*table).net_
        torch.manual_seed(0)
        net.initialize()
        for layer, fans in zip(net.module_.linears, (306, 303), strict=True):
            bound = np.sqrt(6 / fans)
            for parameter in (layer.weight, layer.bias):
                assert parameter.abs().max() <= bound
            assert layer.weight.abs().max() > 0.98 * bound

    def test_of_lbfgs_goes_on_with_that_of_pytorch(self, make_torch, table):
        net = make_torch(solver="lbfgs", max_iter=3, l2=0.01).fit(*table).net_
        before = log_loss(table[1], net.predict_proba(table[0]))
        net.set_params(lr=0.1).partial_fit(*table, epochs=1)
        assert_allclose(net.history[-1, "train_loss"], before)
        assert log_loss(table[1], net.predict_proba(table[0])) < before

    def test_settings_can_be_changed(self, make_torch, table):
        net = make_torch().fit(*table).net_
        spec = replace(net.module__spec, activation="tanh")
        net.set_params(max_epochs=4, lr=0.05, module__spec=spec, batch_size=30).fit(*table)
        assert len(net.history) == 4
        assert any(isinstance(layer, torch.nn.Tanh) for layer in net.module_)

    def test_a_validation_split_of_skorch(self, make_torch, table):
        net = make_torch().fit(*table).net_
        net.set_params(train_split=ValidSplit(5, stratified=True), max_epochs=3)
        net.fit(*table)
        assert np.isfinite(net.history[:, "valid_loss"]).all()
        assert np.isfinite(net.history[:, "train_loss"]).all()

    def test_clone_and_search(self, make_torch, table):
        net = make_torch().fit(*table).net_
        twin = clone(net)
        assert not twin.initialized_
        assert cross_val_score(twin, *table, cv=2).min() > 0.3
        search = GridSearchCV(clone(net), {"lr": [1e-6, 0.05], "max_epochs": [20]}, cv=2)
        assert search.fit(*table).best_params_["lr"] == 0.05

    def test_pickles(self, make_torch, table, held_out):
        net = make_torch(max_iter=3).fit(*table).net_
        twin = pickle.loads(pickle.dumps(net))
        assert_array_equal(twin.predict_proba(held_out[0]), net.predict_proba(held_out[0]))
        twin.partial_fit(*table)
        assert len(twin.history) == 6

    def test_parameters_are_saved_and_loaded(self, make_torch, table, tmp_path):
        fitted, other = make_torch().fit(*table), make_torch(random_state=1).fit(*table)
        path = tmp_path / "weights.pt"
        fitted.net_.save_params(f_params=path)
        other.net_.load_params(f_params=path)
        assert_weights(fitted, other.net_)
        fresh = clone(fitted.net_).initialize()
        fresh.load_params(f_params=path)
        assert_weights(fitted, fresh)

    def test_sparse_rows_and_frames(self, make_torch, table):
        net = make_torch().fit(*table).net_
        dense = net.predict_proba(table[0])
        assert_allclose(net.predict_proba(sparse.csr_array(table[0])), dense, atol=1e-12)
        net.partial_fit(sparse.csr_array(table[0]), table[1])

    def test_there_is_none_before_fit(self, make_torch):
        assert not hasattr(make_torch(), "net_")

    def test_of_a_fit_that_diverges_after_one_that_did_not(self, make_torch, table):
        estimator = make_torch(solver="sgd").fit(*table)
        with pytest.raises(ValueError, match="diverged"):
            estimator.set_params(learning_rate_init=1e100, max_iter=50).fit(*table)
        assert_weights(estimator, estimator.net_)
        assert len(estimator.net_.history) == estimator.n_iter_ == 10

    def test_dropout_drops_its_share_and_scales_the_rest(self, make_torch, table):
        fitted = make_torch(dropout=0.25, input_dropout=0.5, max_iter=1).fit(*table)
        drops = [m for m in fitted.net_.module_ if isinstance(m, torch.nn.Dropout)]
        assert [m.p for m in drops] == [0.5, 0.25, 0.25]
        for generator in (None, torch.Generator().manual_seed(0)):
            fitted.net_.module_.draw_masks_from(generator)
            for module in drops:
                dropped = module.train()(torch.ones(300, 300))
                assert_allclose((dropped == 0).float().mean(), module.p, atol=0.01)
                assert_allclose(dropped[dropped != 0], 1 / (1 - module.p))
                assert_array_equal(module.eval()(torch.ones(3, 3)), torch.ones(3, 3))


WATCHED = {
    "plain": {},
    "sgd, recorded": {"solver": "sgd", "record": "batch", "batch_size": 35},
    "dropout": {"dropout": 0.2, "input_dropout": 0.1},
    "penalties, clipped": {"l1": 1e-3, "l2": 0.1, "group_l1": 0.01, "max_grad_norm": 0.3},
    "adamw, onecycle": {"solver": "adamw", "learning_rate": "onecycle"},
    "rmsprop, invscaling": {"solver": "rmsprop", "learning_rate": "invscaling"},
    "stopping": {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 2, "tol": 0.1},
    "float32": {"dtype": "float32", "label_smoothing": 0.1},
    "batch of all": {"batch_size": "full"},
    "unshuffled": {"shuffle": False},
}


class TestWhoLooksAtBatches:
    @pytest.mark.parametrize("data", ["plain", "weighted", "sparse"])
    @pytest.mark.parametrize("params", WATCHED.values(), ids=WATCHED)
    def test_changes_nothing(self, make_torch, table, held_out, assert_same_fit, params, data):
        X, y = (sparse.csr_array(table[0]) if data == "sparse" else table[0]), table[1]
        fit_params = {"X_val": held_out[0], "y_val": held_out[1]}
        if data == "weighted":
            fit_params["sample_weight"] = np.random.default_rng(0).uniform(0, 2, 120)
            fit_params["sample_weight_val"] = np.linspace(0, 1, 60)
        watched = make_torch(skorch_callbacks=[Watcher()], **params).fit(X, y, **fit_params)
        plain = make_torch(**params).fit(X, y, **fit_params)
        assert_same_fit(watched, plain)
        if params.get("record") == "batch":
            frames = [fitted.history_.to_frame("batch") for fitted in (watched, plain)]
            assert_array_equal(*frames)
            assert_array_equal(*(f.history_.volatility("valid_loss") for f in (watched, plain)))
        calls = of_type(watched, Watcher).calls_
        size = watched.net_.batch_size
        n_updates = watched.n_iter_ * -(-120 // size)
        assert calls.count(("gradient", True)) == calls.count(("end", True)) == n_updates
        assert calls.count(("end", False)) >= watched.n_iter_

    def test_sees_each_batch_in_skorchs_history(self, make_torch, table):
        watched = make_torch(skorch_callbacks=[Watcher()], record="batch", batch_size=30)
        watched.fit(*table)
        frame = watched.history_.to_frame("batch")
        found = np.array(watched.net_.history[:, "batches", :, "train_loss"]).ravel()
        assert_allclose(found, frame["train_loss"], rtol=1e-12)

    def test_may_change_gradients(self, make_torch, table):
        params = {"solver": "sgd", "l2": 0.0, "learning_rate_init": 0.1}
        ours = make_torch(max_grad_norm=0.3, **params).fit(*table)
        clipping = GradientNormClipping(0.3)
        theirs = make_torch(skorch_callbacks=[clipping], **params).fit(*table)
        assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-12)
        assert not np.allclose(ours.coefs_[0], make_torch(**params).fit(*table).coefs_[0])

    @pytest.mark.parametrize("watched", [False, True])
    @pytest.mark.parametrize(
        "params", [{}, {"l1": 1e-3, "group_l1": 0.1}, {"max_grad_norm": 1.0}], ids=str
    )
    def test_may_freeze_a_layer(self, make_torch, table, initial_weights, params, watched):
        callbacks = [Freezer("0.*"), *([AtEpochEnd()] if not watched else [LRScheduler()])]
        estimator = make_torch(skorch_callbacks=callbacks, **params)
        first = initial_weights(make_torch(), *table)[0]
        fitted = estimator.fit(*table)
        assert_array_equal(fitted.coefs_[0], first[0])
        assert not np.allclose(fitted.coefs_[1], first[1])


class TestCallbacks:
    @pytest.mark.parametrize("caching", [True, False])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_epoch_scoring(self, make_torch, table, held_out, caching, weighted):
        scores = [
            EpochScoring("accuracy", name="acc", lower_is_better=False, use_caching=caching),
            EpochScoring("neg_log_loss", name="nll", use_caching=caching),
            EpochScoring("roc_auc_ovr", name="auc", use_caching=caching),
            EpochScoring("accuracy", name="of_train", on_train=True, use_caching=False),
        ]
        weight = np.linspace(0.5, 2, 120) if weighted else None
        fitted = make_torch(skorch_callbacks=scores).fit(
            *table, sample_weight=weight, X_val=held_out[0], y_val=held_out[1]
        )
        history = fitted.net_.history
        assert_allclose(history[:, "acc"], fitted.history_["valid_accuracy"])
        assert_allclose(history[:, "nll"], -fitted.history_["valid_loss"])
        proba = fitted.predict_proba(held_out[0])
        assert_allclose(history[-1, "auc"], roc_auc_score(held_out[1], proba, multi_class="ovr"))
        assert history[-1, "of_train"] == fitted.score(*table)

    def test_scoring_does_not_change_the_fit(self, make_torch, table, assert_same_fit):
        scores = [EpochScoring("accuracy", on_train=True)]
        for params in ({}, {"dropout": 0.3}):
            scored = make_torch(skorch_callbacks=scores, **params).fit(*table)
            assert_same_fit(scored, make_torch(**params).fit(*table))

    def test_checkpoint_brings_back_the_best(self, make_torch, table, held_out, tmp_path):
        valid = {"X_val": held_out[0], "y_val": held_out[1]}
        checkpoint = Checkpoint(monitor="valid_loss_best", dirname=tmp_path, load_best=True)
        params = {"max_iter": 120, "learning_rate_init": 0.05}
        fitted = make_torch(skorch_callbacks=[checkpoint], **params).fit(*table, **valid)
        ours = make_torch(early_stopping=True, **params).fit(*table, **valid)
        assert 1 < ours.history_.best_epoch() < 120
        for left, right in zip(fitted.coefs_, ours.coefs_, strict=True):
            assert_array_equal(left, right)
        assert_weights(fitted, fitted.net_)
        twin = pickle.loads(pickle.dumps(fitted))
        assert_array_equal(twin.predict_proba(held_out[0]), ours.predict_proba(held_out[0]))

    def test_rates_by_the_epoch(self, make_torch, make_scratch, table, assert_same_fit):
        """Against warm starts of the other engine with the rates that the schedule names."""
        schedule = LRScheduler(policy=torch.optim.lr_scheduler.StepLR, step_size=3, gamma=0.1)
        fitted = make_torch(skorch_callbacks=[schedule], max_iter=9).fit(*table)
        rates = np.repeat([0.01, 0.001, 0.0001], 3)
        assert_allclose(fitted.history_["learning_rate"], rates, rtol=1e-12)
        steps = make_scratch(max_iter=3, warm_start=True)
        for rate in rates[::3]:
            steps.set_params(learning_rate_init=rate).fit(*table)
        assert_allclose(fitted.coefs_[0], steps.coefs_[0], atol=1e-12)

    def test_rates_by_the_batch(self, make_torch, table):
        """OneCycleLR is there twice: theirs and ours."""
        schedule = LRScheduler(
            policy=torch.optim.lr_scheduler.OneCycleLR,
            max_lr=0.01,
            total_steps=60,
            cycle_momentum=False,
            step_every="batch",
        )
        theirs = make_torch(skorch_callbacks=[schedule]).fit(*table)
        ours = make_torch(learning_rate="onecycle").fit(*table)
        assert_allclose(theirs.coefs_[0], ours.coefs_[0], atol=1e-12)

    @pytest.mark.parametrize("load_best", [False, True])
    def test_early_stopping(self, make_torch, table, held_out, load_best):
        """A stop by a callback is none to warn of, whatever the patience is."""
        stop = EarlyStopping(patience=3, threshold=0.0, load_best=load_best)
        params = {"max_iter": 300, "n_iter_no_change": 250, "learning_rate_init": 0.05}
        fitted = make_torch(skorch_callbacks=[stop], **params)
        fitted.fit(*table, X_val=held_out[0], y_val=held_out[1])  # warnings are errors here
        losses = fitted.history_["valid_loss"]
        assert fitted.n_iter_ == len(losses) == len(fitted.net_.history) < 300
        epoch = losses.argmin() + 1 if load_best else fitted.n_iter_
        assert losses.argmin() + 1 < fitted.n_iter_
        shorter = make_torch(max_iter=epoch, learning_rate_init=0.05).fit(*table)
        assert_array_equal(fitted.coefs_[0], shorter.coefs_[0])

    def test_a_stop_inside_a_search_is_none_of_the_search(self, make_torch, table):
        def stop(net):
            if len(net.history) == 2:
                raise KeyboardInterrupt

        mlp = make_torch(skorch_callbacks=[AtEpochEnd(stop)])
        search = GridSearchCV(mlp, {"l2": [0.0, 0.1]}, cv=2).fit(*table)
        assert search.best_estimator_.n_iter_ == 2

    def test_sees_the_epoch_s_figures(self, make_torch, table, held_out):
        seen = []

        def look(net):
            seen.append((net.history[-1, "valid_loss"], net.history[-1, "train_acc_best"]))

        fitted = make_torch(skorch_callbacks=[AtEpochEnd(look)])
        fitted.fit(*table, X_val=held_out[0], y_val=held_out[1])
        assert_array_equal([loss for loss, _ in seen], fitted.history_["valid_loss"])
        accuracies = fitted.history_["train_accuracy"]
        best = [a > max(accuracies[:i], default=0) for i, a in enumerate(accuracies)]
        assert [b for _, b in seen] == best

    def test_may_change_weights(self, make_torch, table):
        def clear(net):
            with torch.no_grad():
                net.module_[0].weight.zero_()

        fitted = make_torch(skorch_callbacks=[AtEpochEnd(clear)]).fit(*table)
        assert_weights(fitted, fitted.net_)
        assert (fitted.coefs_[0] == 0).all()

    @pytest.mark.parametrize(
        "given",
        [AtEpochEnd, AtEpochEnd(), ("mine", AtEpochEnd()), ("mine", AtEpochEnd)],
        ids=["class", "instance", "named instance", "named class"],
    )
    def test_forms(self, make_torch, table, given):
        fitted = make_torch(skorch_callbacks=[given]).fit(*table)
        assert of_type(fitted, AtEpochEnd).n_epochs_ == 10
        if isinstance(given, tuple):
            assert "mine" in dict(fitted.net_.callbacks_)
        assert_weights(fitted, clone(fitted).fit(*table).net_)

    def test_instances_are_cloned(self, make_torch, table):
        mine = AtEpochEnd()
        estimator = make_torch(skorch_callbacks=[mine])
        for _ in range(2):
            assert of_type(estimator.fit(*table), AtEpochEnd).n_epochs_ == 10
        assert mine.n_epochs_ == 0

    def test_print_log(self, make_torch, table):
        lines = []
        fitted = make_torch(skorch_callbacks=[PrintLog(sink=lines.append)], max_iter=3).fit(*table)
        fitted.net_.set_params(verbose=1).partial_fit(*table)
        assert f"{fitted.net_.history[-1, 'train_loss']:.4f}" in lines[-1]

    def test_an_error_reaches_the_caller_and_leaves_the_last_fit(self, make_torch, table):
        def fail(net):
            raise RuntimeError("enough")

        estimator = make_torch().fit(*table)
        before = estimator.predict_proba(table[0])
        with pytest.raises(RuntimeError, match="enough"):
            estimator.set_params(skorch_callbacks=[AtEpochEnd(fail)]).fit(*table)
        assert_array_equal(estimator.predict_proba(table[0]), before)
        assert_weights(estimator, estimator.net_)

    @pytest.mark.parametrize(
        "wrong",
        [
            ["print_log"],
            [None],
            [5],
            [print],
            [dict],
            [AtEpochEnd(), object()],
            [(AtEpochEnd(), "mine")],
            [("mine", "yours")],
            [("mine", AtEpochEnd(), 3)],
            [("epoch_timer", AtEpochEnd())],
            AtEpochEnd(),
            "print_log",
            {"mine": AtEpochEnd()},
        ],
        ids=lambda wrong: re.sub(" at 0x[0-9a-f]+", "", str(wrong)),
    )
    def test_wrong_ones(self, make_torch, table, wrong):
        with pytest.raises(ValueError, match="skorch_callbacks"):
            make_torch(skorch_callbacks=wrong).fit(*table)

    def test_lbfgs_has_no_epochs_for_them(self, make_torch, table):
        with pytest.raises(
            ValueError, match=r"`skorch_callbacks` must be None with solver='lbfgs'"
        ):
            make_torch(solver="lbfgs", skorch_callbacks=[AtEpochEnd()]).fit(*table)
        make_torch(solver="lbfgs", skorch_callbacks=[], max_iter=3).fit(*table)

    @pytest.mark.parametrize(
        "wrong", [{"device": "abacus"}, {"skorch_callbacks": [5]}], ids=["device", "callbacks"]
    )
    def test_a_fit_that_is_refused_draws_nothing(self, make_torch, table, wrong):
        passed, twin = np.random.RandomState(7), np.random.RandomState(7)
        with pytest.raises(ValueError):
            make_torch(random_state=passed, **wrong).fit(*table)
        assert passed.randint(2**32, dtype=np.int64) == twin.randint(2**32, dtype=np.int64)


class TestCtrlC:
    @pytest.fixture
    def slow_sgd(self, monkeypatch):
        """Has the optimizer interrupt its step of a given number."""

        def interrupt_at(number):
            step, calls = torch.optim.SGD.step, []

            def interrupted(self, *args, **kwargs):
                calls.append(1)
                if len(calls) == number:
                    raise KeyboardInterrupt
                return step(self, *args, **kwargs)

            monkeypatch.setattr(torch.optim.SGD, "step", interrupted)

        return interrupt_at

    def check(self, make_torch, table, assert_same_fit, estimator, **params):
        with pytest.warns(UserWarning, match="(?i)interrupted.*epoch 3"):
            estimator.fit(*table)
        shorter = make_torch(max_iter=3, **params).fit(*table)
        assert_same_fit(estimator, shorter)
        assert_weights(estimator, estimator.net_)
        assert len(estimator.net_.history) == 3
        assert "train_loss" in estimator.net_.history[-1]

    @pytest.mark.parametrize("params", [{}, {"dropout": 0.2}, {"record": "batch"}], ids=str)
    def test_in_a_batch(self, make_torch, table, assert_same_fit, params):
        estimator = make_torch(skorch_callbacks=[CtrlC(4, 3)], **params)
        self.check(make_torch, table, assert_same_fit, estimator, **params)

    def test_in_a_step(self, make_torch, table, assert_same_fit, slow_sgd, monkeypatch):
        estimator = make_torch(solver="sgd")
        slow_sgd(21)  # the third of the fourth epoch
        with monkeypatch.context():
            self.check(make_torch, table, assert_same_fit, estimator, solver="sgd")

    def test_goes_on(self, make_torch, table, assert_same_fit, slow_sgd):
        estimator = make_torch(solver="sgd", warm_start=True)
        slow_sgd(21)
        with pytest.warns(UserWarning, match="(?i)interrupted"):
            estimator.fit(*table)
        estimator.set_params(max_iter=7).fit(*table)
        assert_same_fit(estimator, make_torch(solver="sgd").fit(*table))

    def test_in_a_search(self, make_torch, table, slow_sgd):
        slow_sgd(21)
        with pytest.raises(KeyboardInterrupt):
            GridSearchCV(make_torch(solver="sgd"), {"l2": [0.0, 0.1]}, cv=2).fit(*table)
        with pytest.raises(KeyboardInterrupt):
            mlp = make_torch(skorch_callbacks=[CtrlC(4, 3)])
            GridSearchCV(mlp, {"l2": [0.0, 0.1]}, cv=2).fit(*table)

    def test_in_the_first_epoch(self, make_torch, table):
        estimator = make_torch(skorch_callbacks=[CtrlC(1, 3)])
        with pytest.raises(KeyboardInterrupt):
            estimator.fit(*table)
        with pytest.raises(ValueError, match="not fitted"):
            estimator.predict(table[0])

    def test_with_early_stopping_keeps_the_best(self, make_torch, table, held_out):
        valid = {"X_val": held_out[0], "y_val": held_out[1]}
        params = {"early_stopping": True, "max_iter": 100, "learning_rate_init": 0.05}
        estimator = make_torch(skorch_callbacks=[CtrlC(60, 3)], **params)
        with pytest.warns(UserWarning, match="(?i)interrupted"):
            estimator.fit(*table, **valid)
        losses = estimator.history_["valid_loss"]
        assert len(losses) == 59 and losses.argmin() < 58
        found = log_loss(held_out[1], estimator.predict_proba(held_out[0]))
        assert_allclose(found, losses.min(), rtol=1e-9)
        assert_weights(estimator, estimator.net_)
