"""Modes that somebody else has set, of PyTorch, NumPy and warnings: results do not depend on them.

Each fit inside a mode is compared, bit for bit, with the same fit outside it, and the mode has to
be the caller's again afterwards.
"""

import pickle
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from sknn import (
    MLPFeatureSelector,
    RankStabilitySelector,
    RegularizationPath,
    ScratchMLPClassifier,
    ScratchMLPEnsembleClassifier,
)
from sknn.preprocessing import ColumnNormScaler


@contextmanager
def deterministic():
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


@contextmanager
def default_device():
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


def raise_in_call(*args):
    raise FloatingPointError(args)


MODES = {
    "inference": torch.inference_mode,
    "no grad": torch.no_grad,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "device": lambda: torch.device("meta"),
    "default device": default_device,
    "deterministic": deterministic,
    "raise": lambda: np.errstate(all="raise"),
    "call": lambda: np.errstate(all="call", call=raise_in_call),
}
over_modes = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
FITS = {
    "adam": {},
    "sgd, penalties": {"solver": "sgd", "l1": 1e-2, "group_l1": 1e-2, "max_grad_norm": 1.0},
    "rmsprop, dropout": {"solver": "rmsprop", "dropout": 0.3, "input_dropout": 0.2},
    "float32, stopping": {"dtype": "float32", "early_stopping": True, "record": "batch"},
    "lbfgs": {"solver": "lbfgs", "max_iter": 5},
}


def modes_now():
    return (
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_num_threads(),
        np.geterr(),
        np.geterrcall(),
    )


@over_modes
@pytest.mark.parametrize("params", FITS.values(), ids=FITS)
def test_a_fit_is_the_same(make, table, assert_same_fit, mode, params):
    X, y = table
    with mode():
        before = modes_now()
        fitted = make(**params).fit(X, y)
        proba = fitted.predict_log_proba(csr_array(X))
        twin = pickle.loads(pickle.dumps(fitted))
        _ = getattr(twin, "net_", None)
        assert modes_now() == before
    plain = make(**params).fit(X, y)
    assert_same_fit(fitted, plain)
    assert_array_equal(proba, plain.predict_log_proba(csr_array(X)))


@over_modes
def test_a_fit_goes_on(make, table, assert_same_fit, mode):
    X, y = table
    fitted, plain = (make(warm_start=True, solver="rmsprop").fit(X, y) for _ in range(2))
    with mode():
        fitted.fit(csr_array(X), y)
    fitted.fit(X, y)
    assert_same_fit(fitted, plain.fit(csr_array(X), y).fit(X, y))


@over_modes
def test_modes_are_left_alone_by_a_fit_that_fails(make, table, mode):
    with mode():
        before = modes_now()
        with pytest.raises(ValueError, match="diverged"):
            make(solver="sgd", learning_rate_init=1e200).fit(*table)
        assert modes_now() == before


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad], ids=["inference", "grad"])
def test_a_net_that_was_made_inside_can_be_trained_outside(make_torch, table, mode):
    with mode():
        fitted = make_torch().fit(*table)
        twin = pickle.loads(pickle.dumps(fitted))
        nets = [fitted.net_, twin.net_]
    for net in nets:
        before = net.module_.linears[0].weight.detach().clone()
        net.partial_fit(*table)
        assert not torch.equal(net.module_.linears[0].weight, before)


def test_anomaly_detection(make_torch, table, assert_same_fit):
    """A fit that stays finite is the same; one that does not ends where PyTorch finds the NaN."""
    with pytest.warns(UserWarning, match="Anomaly Detection"):
        mode = torch.autograd.detect_anomaly()
    with mode:
        fitted = make_torch().fit(*table)
        with pytest.raises((RuntimeError, ValueError), match=r"nan values|diverged"):
            make_torch(solver="sgd", learning_rate_init=1e200).fit(*table)
        assert torch.is_anomaly_enabled()
    assert not torch.is_anomaly_enabled()
    assert_same_fit(fitted, make_torch().fit(*table))


# ---------------------------------------------------------------------------------------
# numbers at the ends of the range of floats, under errors and warnings

TINY = {"1e-160": 1e-160, "subnormal": 1e-310}
HUGE = {"1e200": 1e200, "float32's": 3.5e38, "largest": 1.7e308, "infinite": np.inf}


@pytest.mark.parametrize("scale", TINY.values(), ids=TINY)
@pytest.mark.parametrize("solver", ["adam", "rmsprop", "lbfgs"])
def test_underflow_is_nobodys_concern(make, table, assert_same_fit, scale, solver):
    """Squares of such numbers are zero, which `np.errstate(all="raise")` calls an error."""
    X, y = table[0] * scale, table[1]
    params = {"solver": solver, "l2": 1e-300, "label_smoothing": 1e-310}
    plain = make(**params).fit(X, y, np.full(120, scale))
    with np.errstate(all="raise"):
        fitted = make(**params).fit(X, y, np.full(120, scale))
        proba = fitted.predict_proba(X)
    assert_same_fit(fitted, plain)
    assert_array_equal(proba, plain.predict_proba(X))


NETWORK = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0, "dtype": "float32"}
OTHERS = {
    "ensemble": lambda: ScratchMLPEnsembleClassifier(
        ScratchMLPClassifier(**NETWORK, n_iter_no_change=np.inf), n_estimators=2, random_state=0
    ),
    "ranks": lambda: RankStabilitySelector(
        ScratchMLPClassifier(**NETWORK), n_refits=2, random_state=0
    ),
    "selector": lambda: MLPFeatureSelector(
        ScratchMLPClassifier(**NETWORK), n_features_to_select=2, n_lambdas=3, random_state=0
    ),
    "path": lambda: RegularizationPath(
        ScratchMLPClassifier(**NETWORK), lambdas=[0.1], cv=2, random_state=0
    ),
    "scaler": ColumnNormScaler,
}


def spoiled(X, value):
    """Two values that cancel in a sum, and a NaN with the infinite ones."""
    X = X.copy()
    X[3, 1], X[4, 1] = value, -value
    return X


def ends_well(call):
    """A ValueError or a result without NaN; the suite takes warnings as errors."""
    for context in (np.errstate(), np.errstate(all="raise")):
        with context, warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, message="Training reached")
            try:
                found = call()
            except ValueError:
                continue
            assert not (isinstance(found, np.ndarray) and np.isnan(found).any())


@pytest.mark.parametrize("convert", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("value", (TINY | HUGE).values(), ids=TINY | HUGE)
class TestExtremeValues:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_networks(self, make, table, value, dtype, convert):
        X, y = convert(spoiled(table[0], value)), table[1]
        ends_well(lambda: make(dtype=dtype, max_iter=2).fit(X, y))
        ends_well(lambda: make(dtype=dtype).partial_fit(X, y, classes=[0, 1, 2]))
        ends_well(lambda: make(dtype=dtype, max_iter=2).fit(*table, X_val=X, y_val=y))
        fitted = make(dtype=dtype, max_iter=2).fit(*table)
        for method in ("predict", "predict_proba", "predict_log_proba"):
            ends_well(lambda method=method: getattr(fitted, method)(X))
        ends_well(lambda: fitted.score(X, y))

    @pytest.mark.parametrize("build", OTHERS.values(), ids=OTHERS)
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_others(self, table, value, build, convert):
        X, y = convert(spoiled(table[0], value)), table[1]
        ends_well(lambda: build().fit(X, y))
        fitted = build().fit(*table)
        for method in ("predict_proba", "predict_std", "predict_log_proba", "transform"):
            if hasattr(fitted, method):
                ends_well(lambda method=method: getattr(fitted, method)(X))


def test_an_ensemble_predicts_no_nan(table):
    fitted = ScratchMLPEnsembleClassifier(
        ScratchMLPClassifier((), max_iter=1, n_iter_no_change=np.inf), n_estimators=2
    ).fit(*table)
    fitted.estimators_[0].coefs_ = [np.full((6, 3), 1e200)]
    with pytest.raises(ValueError, match=r"outputs for these rows are not finite.*Scale the col"):
        fitted.predict_proba(table[0] * 1e200)
