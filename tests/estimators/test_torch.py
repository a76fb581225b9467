"""What only `TorchMLPClassifier` has: devices, PyTorch's global state, translation, memory."""

import gc
import pickle
import shutil
import weakref

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.special import softmax
from skorch.callbacks import Checkpoint

from sknn.estimators import TorchMLPClassifier

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
needs_no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")

CONFIGURATIONS = {
    "adam": {},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "early stopping": {"early_stopping": True, "max_iter": 20},
    "lbfgs": {"solver": "lbfgs", "max_iter": 5},
    "recorded": {"solver": "sgd", "record": "batch", "batch_size": 35},
}
over_configurations = pytest.mark.parametrize("params", CONFIGURATIONS.values(), ids=CONFIGURATIONS)


class TestGlobalState:
    @over_configurations
    def test_the_generator_is_left_alone(self, make_torch, table, params):
        torch.manual_seed(0)
        before = torch.get_rng_state()
        fitted = make_torch(**params, warm_start=True).fit(*table)
        fitted.fit(*table)
        fitted.predict(table[0])
        fitted.net_.predict(table[0])
        pickle.loads(pickle.dumps(fitted)).net_.predict(table[0])
        assert torch.equal(torch.get_rng_state(), before)

    def test_nor_after_a_fit_that_fails(self, make_torch, table):
        before = torch.get_rng_state()
        with pytest.raises(ValueError, match="diverged"):
            make_torch(dropout=0.1, learning_rate_init=1e200, solver="sgd").fit(*table)
        assert torch.equal(torch.get_rng_state(), before)

    @over_configurations
    def test_the_generator_does_not_matter(self, make_torch, table, assert_same_fit, params):
        torch.manual_seed(0)
        one = make_torch(**params).fit(*table)
        torch.manual_seed(1)
        assert_same_fit(one, make_torch(**params).fit(*table))

    @over_configurations
    def test_a_fit_where_gradients_are_off(self, make_torch, table, assert_same_fit, params):
        with torch.no_grad():
            fitted = make_torch(**params).fit(*table)
            assert not torch.is_grad_enabled()
        assert torch.is_grad_enabled()
        assert_same_fit(fitted, make_torch(**params).fit(*table))

    @pytest.mark.parametrize("default", [torch.float32, torch.float64, torch.float16], ids=str)
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("solver", ["adam", "rmsprop", "lbfgs"])
    def test_the_default_dtype_does_not_matter(
        self, make_torch, table, assert_same_fit, default, dtype, solver
    ):
        params = {"dtype": "float64" if solver == "lbfgs" else dtype, "solver": solver}
        plain = make_torch(**params, max_iter=3).fit(*table)
        before = torch.get_default_dtype()
        torch.set_default_dtype(default)
        try:
            fitted = make_torch(**params, max_iter=3).fit(*table)
            proba = fitted.predict_proba(table[0])
            assert torch.get_default_dtype() is default
        finally:
            torch.set_default_dtype(before)
        assert_same_fit(fitted, plain)
        assert_array_equal(proba, plain.predict_proba(table[0]))

    @over_configurations
    def test_the_default_device_does_not_matter(self, make_torch, table, assert_same_fit, params):
        with torch.device("meta"):
            fitted = make_torch(**params).fit(*table)
            fitted.predict(table[0])
        assert_same_fit(fitted, make_torch(**params).fit(*table))


class TestDevice:
    @pytest.mark.parametrize("device", ["auto", "cpu", "cpu:0"])
    def test_right_ones(self, make_torch, table, device):
        fitted = make_torch(device=device).fit(*table)
        expected = "cuda" if device == "auto" and torch.cuda.is_available() else "cpu"
        assert next(fitted.net_.module_.parameters()).device.type == expected
        assert_allclose(fitted.coefs_[0], make_torch().fit(*table).coefs_[0], atol=1e-10)

    @pytest.mark.parametrize(
        "device", ["gpu", "", "cuda:99", "cuda:x", "meta", "xpu:77", 99, -1, 1.5, None, ["cpu"]]
    )
    def test_wrong_ones_are_named(self, make_torch, table, device):
        with pytest.raises(ValueError, match=r"(?s)device.*" + str(device).replace("[", r"\[")):
            make_torch(device=device).fit(*table)

    @needs_no_cuda
    @pytest.mark.parametrize("device", ["cuda", 0, np.int64(0), "mps"], ids=repr)
    def test_absent_ones(self, make_torch, table, device):
        with pytest.raises(ValueError, match="`device` must be 'auto', or a device that PyTorch"):
            make_torch(device=device).fit(*table)

    @needs_no_cuda
    @pytest.mark.parametrize("device", ["cuda", 0])
    def test_a_fit_from_another_machine_predicts_here(self, make_torch, table, device):
        fitted = make_torch().fit(*table)
        expected = fitted.predict_proba(table[0])
        twin = pickle.loads(pickle.dumps(fitted.set_params(device=device)))
        assert_array_equal(twin.predict_proba(table[0]), expected)
        assert_allclose(twin.net_.predict_proba(table[0]), expected, atol=1e-12)
        with pytest.raises(ValueError, match="`device`"):
            twin.fit(*table)
        assert_array_equal(twin.predict_proba(table[0]), expected)

    def test_goes_on_elsewhere(self, make_torch, table, assert_same_fit):
        """Another device is another machine, and no other estimator."""
        estimator = make_torch(warm_start=True, device="cpu").fit(*table)
        estimator.set_params(device="cpu:0").fit(*table)
        assert_same_fit(estimator, make_torch(max_iter=20).fit(*table))

    @needs_cuda
    @pytest.mark.parametrize("device", ["cuda", 0, np.int64(0), "auto"], ids=repr)
    def test_on_a_gpu(self, make_torch, table, device):
        fitted = make_torch(device=device, dropout=0.2).fit(*table)
        assert next(fitted.net_.module_.parameters()).is_cuda
        twin = pickle.loads(pickle.dumps(fitted))
        assert_array_equal(twin.predict_proba(table[0]), fitted.predict_proba(table[0]))
        twin.set_params(device="cpu")
        assert_allclose(twin.predict_proba(table[0]), fitted.predict_proba(table[0]), atol=1e-10)

    @needs_cuda
    def test_the_generators_of_gpus_are_left_alone(self, make_torch, table):
        before = torch.cuda.get_rng_state()
        make_torch(device="cuda", dropout=0.2).fit(*table).predict(table[0])
        assert torch.equal(torch.cuda.get_rng_state(), before)


class TestMemory:
    @over_configurations
    def test_the_data_are_let_go(self, make, held_out, params):
        X = np.random.default_rng(0).normal(size=(120, 6))
        X_val = held_out[0].copy()
        fitted = make(**params).fit(X, np.arange(120) % 3, X_val=X_val, y_val=held_out[1])
        _ = getattr(fitted, "net_", None)
        references = weakref.ref(X), weakref.ref(X_val)
        del X, X_val
        gc.collect()
        assert [reference() for reference in references] == [None, None]

    @over_configurations
    def test_the_net_holds_no_more_than_its_weights(self, make_torch, params):
        X = np.random.default_rng(0).normal(size=(20_000, 6))
        params = params | {"batch_size": 5000, "record": "epoch", "max_iter": 2}
        fitted = make_torch(**params).fit(X, np.arange(20_000) % 3)
        assert len(pickle.dumps(fitted.net_)) < 60_000
        assert len(pickle.dumps(fitted)) < 20_000


class TestReadOnly:
    """Arrays that another process shares, or a file: tensors must not be ways to write in them."""

    @pytest.fixture
    def fitted(self, make_torch, table, tmp_path):
        joblib.dump(make_torch(solver="sgd").fit(*table), tmp_path / "model")
        fitted = joblib.load(tmp_path / "model", mmap_mode="r")
        assert not fitted.coefs_[0].flags.writeable
        return fitted

    def test_predictions_and_the_net(self, fitted, make_torch, table):
        plain = make_torch(solver="sgd").fit(*table)
        before = [coef.copy() for coef in fitted.coefs_]
        assert_array_equal(fitted.predict_proba(table[0]), plain.predict_proba(table[0]))
        fitted.net_.partial_fit(*table)
        with torch.no_grad():
            fitted.net_.module_.linears[0].weight.fill_(7.0)
        for coef, old in zip(fitted.coefs_, before, strict=True):
            assert_array_equal(coef, old)

    def test_training_goes_on(self, fitted, make_torch, table, assert_same_fit):
        fitted.set_params(warm_start=True).fit(*table)
        plain = make_torch(solver="sgd").fit(*table).set_params(warm_start=True).fit(*table)
        assert_same_fit(fitted, plain)

    def test_a_callback_that_loads_a_checkpoint(self, make_torch, table, tmp_path):
        saver = Checkpoint(monitor="train_loss_best", dirname=tmp_path, load_best=True)
        fitted = make_torch(skorch_callbacks=[saver], warm_start=True).fit(*table)
        joblib.dump(fitted.set_params(skorch_callbacks=None), tmp_path / "model")
        twin = joblib.load(tmp_path / "model", mmap_mode="r")
        twin.net_.load_params(checkpoint=saver)
        assert_array_equal(twin.predict_proba(table[0]), fitted.predict_proba(table[0]))


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_predictions_in_chunks_are_those_of_one_product(make_torch, table, activation, sparse):
    fitted = make_torch(activation=activation).fit(*table)
    X = np.random.default_rng(0).normal(size=(20_001, 6))
    hidden = {
        "relu": lambda z: np.maximum(z, 0),
        "tanh": np.tanh,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "identity": lambda z: z,
    }[activation]
    out = X
    for coef, intercept in zip(fitted.coefs_[:-1], fitted.intercepts_[:-1], strict=True):
        out = hidden(out @ coef + intercept)
    logits = out @ fitted.coefs_[-1] + fitted.intercepts_[-1]
    if sparse:
        X = csr_array(X)
    assert_allclose(fitted.predict_proba(X), softmax(logits, axis=1), atol=1e-12)
    assert_array_equal(fitted.predict(X), logits.argmax(axis=1))


def test_weights_that_were_set_are_those_that_predict(make_torch, table):
    fitted = make_torch().fit(*table)
    fitted.coefs_ = [np.zeros_like(coef) for coef in fitted.coefs_]
    fitted.intercepts_ = [np.zeros_like(intercept) for intercept in fitted.intercepts_]
    assert_allclose(fitted.predict_proba(table[0]), 1 / 3)


@pytest.mark.parametrize(
    ("name", "value"), [("compile", "yes"), ("compile", None), ("compile", 2)], ids=str
)
def test_wrong_parameters(make_torch, table, name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        make_torch(**{name: value}).fit(*table)


def test_the_positional_parameters_are_those_of_the_other_engine():
    assert TorchMLPClassifier((3,), "tanh").get_params()["activation"] == "tanh"
    with pytest.raises(TypeError, match="positional"):
        TorchMLPClassifier((3,), "tanh", "cpu")


def test_dropout_masks_differ_from_epoch_to_epoch_and_from_batch_to_batch(make_torch, table):
    """A table of equal rows: without masks every batch of an epoch would have the same loss."""
    X, y = np.ones((60, 6)), np.arange(60) % 2
    still = {"learning_rate_init": 1e-300, "l2": 0.0, "solver": "sgd", "record": "batch"}
    fitted = make_torch(input_dropout=0.5, **still).fit(X, y)
    losses = fitted.history_.to_frame("batch")["train_loss"]
    assert losses.nunique() == len(losses)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")
@pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++"))), reason="torch.compile needs a C++ compiler"
)
@pytest.mark.parametrize("params", [{"batch_size": 35}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("convert", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_translated_networks_have_the_same_weights(make_torch, table, params, convert):
    X, y = convert(table[0]), table[1]
    plain = make_torch(**params).fit(X, y)
    compiled = make_torch(compile=True, **params).fit(X, y)
    for left, right in zip(plain.coefs_, compiled.coefs_, strict=True):
        assert_allclose(left, right, rtol=0, atol=1e-10)
    assert_allclose(compiled.net_.predict_proba(table[0]), plain.predict_proba(table[0]), atol=1e-9)
    twin = pickle.loads(pickle.dumps(compiled))
    assert_array_equal(twin.predict_proba(table[0]), compiled.predict_proba(table[0]))
