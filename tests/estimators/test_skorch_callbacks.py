"""Skorch's own callbacks, and what a skorch user does with the net: as with any other net."""

import copy
import pickle

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch import callbacks as C
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, StepLR

import sknn.io

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
Y = np.arange(60) % 3


@pytest.fixture
def torch_mlp(make_torch):
    def build(*callbacks, **settings):
        defaults = {"max_iter": 4, "batch_size": 16, "hidden_layer_sizes": (5,), "random_state": 0}
        return make_torch(skorch_callbacks=list(callbacks), **{**defaults, **settings})

    return build


class Stop(C.Callback):
    """Stops at the end of an epoch, in skorch's way."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


class Fill(C.Callback):
    """Fills all weights with the number of the epoch."""

    def on_epoch_end(self, net, **kwargs):
        with torch.no_grad():
            for parameter in net.module_.parameters():
                parameter.fill_(float(len(net.history)))


class AskParameters(C.Callback):
    def on_epoch_end(self, net, **kwargs):
        assert net.get_params()["l1"] == 0.0


@pytest.mark.parametrize(
    "callback",
    [
        C.ProgressBar(),
        C.EpochTimer(),
        C.BatchScoring("accuracy", name="by_batch"),
        C.EpochScoring("accuracy", name="by_epoch", on_train=True),
        C.PassthroughScoring("train_loss", on_train=True),
        C.GradientNormClipping(1e9),
        AskParameters(),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_a_callback_that_only_looks_changes_nothing(callback, torch_mlp, capsys):
    watched, alone = torch_mlp(callback).fit(X, Y), torch_mlp().fit(X, Y)
    assert_array_equal(watched.coefs_[0], alone.coefs_[0])


def test_when_a_callback_stops_the_epoch_is_told_of_to_its_end(torch_mlp, capsys):
    model = torch_mlp(Fill(), Stop(3), verbose=True, max_iter=10).fit(X, Y)
    assert model.n_iter_ == 3
    assert capsys.readouterr().out.count("epoch") == 3
    assert_array_equal(model.coefs_[0], np.full_like(model.coefs_[0], 3.0))


@pytest.mark.parametrize(
    "policy",
    [
        (OneCycleLR, {"max_lr": 0.1, "total_steps": 48, "step_every": "batch"}),
        (CosineAnnealingLR, {"T_max": 12}),
    ],
    ids=["one cycle", "cosine"],
)
def test_a_schedule_goes_on_where_it_was(policy, torch_mlp):
    cls, settings = policy
    warm = torch_mlp(C.LRScheduler(cls, **settings), warm_start=True)
    for _ in range(3):
        warm.fit(X, Y)
    whole = torch_mlp(C.LRScheduler(cls, **settings), max_iter=12).fit(X, Y)
    rates = warm.history_["learning_rate"], whole.history_["learning_rate"]
    assert len(rates[0]) == 12
    if cls is CosineAnnealingLR:
        assert_allclose(*rates, atol=1e-12)


def test_the_rate_in_the_history_is_that_of_the_last_update(torch_mlp):
    rates = []

    class Listen(C.Callback):
        def on_grad_computed(self, net, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    schedule = C.LRScheduler(StepLR, step_size=1, gamma=0.5, step_every="batch")
    model = torch_mlp(schedule, Listen()).fit(X, Y)
    assert_allclose(model.history_["learning_rate"], rates[3::4])


def test_a_pickle_of_the_net_in_training_holds_no_data(torch_mlp, tmp_path):
    table = rng.normal(size=(20_000, 10))
    saver = C.Checkpoint(dirname=tmp_path, f_pickle="net.pkl", monitor=None)
    torch_mlp(saver, max_iter=1, batch_size=1000).fit(table, np.arange(20_000) % 3)
    (path,) = tmp_path.glob("*.pkl")
    assert path.stat().st_size < 100_000
    net = pickle.loads(path.read_bytes())
    assert [name for name, _ in net.callbacks_] == ["Checkpoint"]
    assert net.predict(table[:5].astype(np.float64)).shape == (5,)


def test_the_history_of_lbfgs_is_not_doubled(torch_mlp):
    model = torch_mlp(solver="lbfgs", warm_start=True).fit(X, Y).fit(X, Y)
    epochs = [row["epoch"] for row in model.net_.history]
    assert epochs == list(range(1, model.n_iter_ + 1))


def test_the_net_takes_other_callbacks(torch_mlp):
    net = torch_mlp().fit(X, Y).net_
    net.set_params(callbacks=[C.EpochTimer()])
    net.set_params(max_epochs=2).partial_fit(X, Y)
    assert "dur" in net.history[-1]


def test_the_net_can_be_stepped_by_hand(torch_mlp):
    net = pickle.loads(pickle.dumps(torch_mlp().fit(X, Y))).net_
    batch = torch.tensor(X), torch.tensor(Y)
    assert net.train_step(batch)["loss"] > 0
    assert net.validation_step(batch)["loss"] > 0


@pytest.mark.parametrize(
    "settings",
    [{"criterion__weight": torch.ones(3)}, {"criterion": torch.nn.NLLLoss}],
    ids=["weights", "another"],
)
def test_another_criterion_is_refused(settings, torch_mlp):
    net = torch_mlp().fit(X, Y).net_
    with pytest.raises(ValueError, match="`criterion` must be"):
        net.set_params(**settings)


def test_autocast_changes_nothing(torch_mlp):
    plain = torch_mlp(dtype="float32").fit(X, Y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = torch_mlp(dtype="float32").fit(X, Y)
        assert cast.predict_proba(X).dtype == np.float32
    assert_array_equal(plain.coefs_[0], cast.coefs_[0])


@pytest.mark.parametrize("n_classes", [2000])
def test_many_classes_take_little_memory(n_classes, torch_mlp, monkeypatch):
    """Logits do not wait for their figures longer than their number allows."""
    from sknn._torch import _tally

    most = []
    settle = _tally.DeviceTally._settle

    def watch(self):
        most.append(sum(logits.numel() for logits, _, _ in self._waiting))
        settle(self)

    monkeypatch.setattr(_tally.DeviceTally, "_settle", watch)
    labels = np.arange(6000) % n_classes
    torch_mlp(max_iter=1, batch_size=500).fit(rng.normal(size=(6000, 2)), labels)
    assert max(most) <= _tally.WAITING_NUMBERS + 500 * n_classes


class TestHistorySurvives:
    """What callbacks have written into the history of the net, in copies of the estimator."""

    @pytest.fixture
    def fitted(self, make_torch, tmp_path):
        callbacks = [
            C.EpochScoring("accuracy", name="score", on_train=True),
            C.LRScheduler(StepLR, step_size=2),
            C.Checkpoint(monitor="score_best", dirname=tmp_path),
        ]
        return make_torch(skorch_callbacks=callbacks, max_iter=3, warm_start=True).fit(X, Y)

    @pytest.mark.parametrize(
        "twin_of",
        [
            lambda model, path: pickle.loads(pickle.dumps(model)),
            lambda model, path: pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(model)))),
            lambda model, path: joblib.load(joblib.dump(model, path / "model")[0]),
            lambda model, path: copy.deepcopy(model),
            lambda model, path: copy.copy(model),
        ],
        ids=["pickle", "twice", "joblib", "deepcopy", "copy"],
    )
    def test_in(self, fitted, twin_of, tmp_path):
        expected = copy.deepcopy(list(fitted.net_.history))
        assert {"score", "score_best", "event_lr", "event_cp"} <= set(expected[-1])
        twin = twin_of(fitted, tmp_path)
        assert list(twin.net_.history) == expected
        twin.fit(X, Y)
        assert list(twin.net_.history)[:3] == expected
        assert len(twin.net_.history[:, "score"]) == 6
        assert list(fitted.net_.history) == expected

    def test_not_that_of_an_earlier_fit(self, fitted):
        twin = pickle.loads(pickle.dumps(fitted))
        twin.set_params(warm_start=False, skorch_callbacks=None).fit(X, Y)
        assert "score" not in pickle.loads(pickle.dumps(twin)).net_.history[-1]

    def test_in_a_file_it_has_the_columns_of_history(self, fitted, tmp_path):
        with pytest.warns(UserWarning, match="Callbacks are not saved"):
            sknn.io.save(fitted, tmp_path / "model.sknn")
        twin = sknn.io.load(tmp_path / "model.sknn")
        assert_allclose(twin.net_.history[:, "train_loss"], fitted.history_["train_loss"])
        assert "score" not in twin.net_.history[-1]
