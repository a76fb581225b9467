"""Tables of every kind: arrays, frames, sparse matrices, both precisions."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError

from sknn._torch import _module, _rows
from sknn.estimators._base import arrays_of
from sknn.training import NetworkSpec

NAMES = ["mass", "width", "length", "age", "depth", "hue"]


@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: X[::-1].copy()[::-1],
        lambda X: X.tolist(),
        lambda X: X.astype(">f8"),
        lambda X: pd.DataFrame(X),
        lambda X: np.lib.stride_tricks.as_strided(X, X.shape, X.strides, writeable=False),
    ],
    ids=["Fortran", "strided", "reversed", "lists", "big endian", "unnamed frame", "read-only"],
)
def test_layouts_give_the_same_fit(make, table, assert_same_fit, convert):
    fitted = make().fit(convert(table[0]), table[1])
    assert_same_fit(fitted, make().fit(*table))
    assert not hasattr(fitted, "feature_names_in_")
    assert_array_equal(fitted.predict_proba(convert(table[0])), fitted.predict_proba(table[0]))


def test_layouts_of_all_that_fit_takes(make, table, held_out, assert_same_fit):
    weight = np.random.default_rng(0).uniform(0, 2, 120)
    given = [*table, weight, *held_out, weight[:60]]
    names = ("X", "y", "sample_weight", "X_val", "y_val", "sample_weight_val")
    plain = make().fit(**dict(zip(names, given, strict=True)))
    turned = [a[::-1].astype(a.dtype.newbyteorder(">"))[::-1] for a in given]
    for array in turned:
        array.flags.writeable = False
    assert_same_fit(make().fit(**dict(zip(names, turned, strict=True))), plain)


@pytest.mark.parametrize(
    "frame",
    [
        lambda X: pd.DataFrame(X, columns=NAMES),
        lambda X: pl.DataFrame(X, schema=NAMES),
        lambda X: pd.DataFrame(X, columns=NAMES, index=np.arange(len(X)) + 7),
    ],
    ids=["pandas", "polars", "other index"],
)
class TestFrames:
    def test_fit(self, make, table, assert_same_fit, frame):
        fitted = make().fit(frame(table[0]), table[1])
        assert_same_fit(fitted, make().fit(*table))
        assert fitted.feature_names_in_.tolist() == NAMES
        assert fitted.n_features_in_ == 6
        assert_array_equal(
            fitted.predict_proba(frame(table[0])), make().fit(*table).predict_proba(table[0])
        )

    def test_validation_rows(self, make, table, held_out, frame):
        fitted = make().fit(
            frame(table[0]), table[1], X_val=frame(held_out[0]), y_val=pd.Series(held_out[1])
        )
        plain = make().fit(*table, X_val=held_out[0], y_val=held_out[1])
        assert_array_equal(fitted.history_["valid_loss"], plain.history_["valid_loss"])

    def test_names_are_checked(self, make, table, frame):
        fitted = make().fit(frame(table[0]), table[1])
        X = pd.DataFrame(frame(table[0]).to_numpy(), columns=NAMES)
        with pytest.raises(ValueError, match="feature names should match"):
            fitted.predict(X.rename(columns={"hue": "tint"}))
        with pytest.raises(ValueError, match="feature names"):
            fitted.predict_proba(X[NAMES[::-1]])
        with pytest.raises(ValueError, match=r"X_val.*feature names"):
            make().fit(frame(table[0]), table[1], X_val=X[NAMES[::-1]], y_val=table[1])
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            fitted.predict(table[0])


SPARSE = {
    "csr_array": sparse.csr_array,
    "csc_array": sparse.csc_array,
    "csr_matrix": sparse.csr_matrix,
    "coo_array": sparse.coo_array,
    "int64 indices": lambda X: sparse.csr_array(
        (
            sparse.csr_array(X).data,
            sparse.csr_array(X).indices.astype(np.int64),
            sparse.csr_array(X).indptr.astype(np.int64),
        ),
        shape=X.shape,
    ),
}


@pytest.fixture(scope="module")
def holes(table):
    X = np.where(np.abs(table[0]) < 0.7, 0.0, table[0])
    X[:, 4] = 0.0
    X[5] = 0.0
    return X, table[1]


class TestSparse:
    @pytest.mark.parametrize("convert", SPARSE.values(), ids=SPARSE)
    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"batch_size": 35, "solver": "sgd", "record": "batch"},
            {"batch_size": "full", "dropout": 0.2},
            {"solver": "lbfgs", "max_iter": 2000, "l2": 0.1},
            {"early_stopping": True, "class_weight": "balanced", "monitor": "valid_accuracy"},
            {"hidden_layer_sizes": (), "shuffle": False},
            {"warm_start": True},
        ],
        ids=str,
    )
    def test_equals_dense(self, make, holes, convert, params):
        X, y = holes
        dense, thin = make(**params).fit(X, y), make(**params).fit(convert(X), y)
        if params.get("warm_start"):
            dense.fit(X, y)
            thin.fit(convert(X), y)
        atol = 1e-3 if params.get("solver") == "lbfgs" else 1e-10
        for left, right in zip(dense.coefs_, thin.coefs_, strict=True):
            assert type(right) is np.ndarray
            assert_allclose(left, right, rtol=0, atol=atol)
        assert_allclose(thin.predict_proba(convert(X)), thin.predict_proba(X), atol=1e-12)
        assert_allclose(
            dense.history_["train_loss"][-1], thin.history_["train_loss"][-1], atol=atol
        )

    def test_validation_rows_of_either_kind(self, make, holes):
        X, y = holes
        both = [
            make().fit(a, y, X_val=b, y_val=y)
            for a in (X, sparse.csr_array(X))
            for b in (X, sparse.csc_array(X))
        ]
        for fitted in both[1:]:
            assert_allclose(fitted.history_["valid_loss"], both[0].history_["valid_loss"])

    def test_partial_fit(self, make, holes):
        X, y = holes
        dense, thin = make(), make()
        for rows in (slice(0, 50), slice(50, 120)):
            dense.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
            thin.partial_fit(sparse.csr_array(X[rows]), y[rows], classes=[0, 1, 2])
        assert_allclose(dense.coefs_[0], thin.coefs_[0], atol=1e-12)

    def test_wide_data_stay_sparse(self, make):
        """As an array these would take 8 GB."""
        rng = np.random.default_rng(0)
        X = sparse.random_array((2000, 500_000), density=2e-5, rng=rng, format="csr")
        y = rng.integers(3, size=2000)
        fitted = make(hidden_layer_sizes=(2,), batch_size=500, max_iter=1).fit(X, y)
        assert fitted.predict_proba(X).shape == (2000, 3)

    @pytest.mark.parametrize("predicts", [False, True], ids=["fit", "predict"])
    @pytest.mark.usefixtures("as_on_a_gpu")
    def test_wide_data_are_dense_only_a_batch_at_a_time(self, make_torch, predicts):
        """As an array these would take 800 MB, a batch of them takes 20."""
        rng = np.random.default_rng(0)
        X = sparse.random_array((2000, 50_000), density=2e-4, rng=rng, format="csr")
        y = rng.integers(3, size=2000)
        estimator = make_torch(hidden_layer_sizes=(2,), batch_size=50, max_iter=1)
        if predicts:
            estimator.fit(X[:100], y[:100])
        tracemalloc.start()
        try:
            _ = estimator.predict(X) if predicts else estimator.fit(X, y)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 200e6

    def test_input_dropout(self, make, holes):
        """Masks of sparse rows are drawn for stored entries alone: another fit, the same idea."""
        X, y = holes
        params = {"input_dropout": 0.5, "max_iter": 150, "learning_rate_init": 0.02}
        dense, thin = make(**params).fit(X, y), make(**params).fit(sparse.csr_array(X), y)
        plain = make(**params | {"input_dropout": 0.0}).fit(X, y)
        assert plain.loss_ < min(dense.loss_, thin.loss_) - 0.1
        assert abs(dense.loss_ - thin.loss_) < 0.15
        again = make(**params).fit(sparse.csr_array(X), y)
        assert_array_equal(again.coefs_[0], thin.coefs_[0])

    @pytest.mark.parametrize(
        "params",
        [{}, {"solver": "lbfgs", "max_iter": 5}, {"early_stopping": True, "record": "batch"}],
        ids=["adam", "lbfgs", "early stopping"],
    )
    def test_as_on_a_gpu_where_batches_become_dense(self, request, make_torch, holes, params):
        X, y = sparse.csr_array(holes[0]), holes[1]
        here = make_torch(**params).fit(X, y)
        request.getfixturevalue("as_on_a_gpu")
        there = make_torch(**params).fit(X, y)
        assert_allclose(there.coefs_[0], here.coefs_[0], atol=1e-12)
        assert_allclose(there.predict_proba(X), here.predict_proba(X), atol=1e-12)

    @pytest.mark.parametrize("broken", [[0, 7], [0, -1], [2**30, 1]], ids=str)
    def test_an_index_out_of_bounds_is_an_error(self, make_torch, holes, broken):
        """To read what it points at would end the process."""
        X = sparse.csr_array(holes[0])
        fitted = make_torch(max_iter=1).fit(X, holes[1])
        net = fitted.net_
        bad = X.copy()
        bad.indices[-2:] = broken
        module = net.module_.linears[0]
        spec = NetworkSpec((X.shape[1], *(W.shape[1] for W in fitted.coefs_)))
        for call in (
            lambda: fitted._engine.predict(spec, arrays_of(fitted), bad),
            lambda: net.predict_proba(bad),
            lambda: net.partial_fit(bad, holes[1]),
        ):
            with pytest.raises(ValueError, match="indices"):
                call()
        assert module.weight.isfinite().all()


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Sparse rows are not multiplied as such, as on a device that is no CPU."""
    for module in (_rows, _module):
        monkeypatch.setattr(module, "stays_sparse", lambda X, device: False)


class TestPrecision:
    @pytest.mark.parametrize(
        ("X_dtype", "dtype", "expected"),
        [
            (np.float32, "auto", np.float32),
            (np.float64, "auto", np.float64),
            (np.float16, "auto", np.float64),
            (np.int32, "auto", np.float64),
            (np.uint8, "auto", np.float64),
            (bool, "auto", np.float64),
            (np.float32, "float64", np.float64),
            (np.float64, "float32", np.float32),
            (np.int32, "float32", np.float32),
        ],
    )
    def test_dtypes(self, make, table, held_out, X_dtype, dtype, expected):
        X, y = (table[0] * 3).astype(X_dtype), table[1]
        fitted = make(dtype=dtype, solver="adam", dropout=0.1).fit(
            X, y, sample_weight=np.linspace(0, 1, 120), X_val=held_out[0], y_val=held_out[1]
        )
        for array in fitted.coefs_ + fitted.intercepts_:
            assert array.dtype == expected
        for probe in (X, X.astype(np.float64), X.astype(np.float32)):
            assert fitted.predict_proba(probe).dtype == expected
            assert fitted.predict_log_proba(probe).dtype == expected
        assert all(isinstance(loss, float) for loss in fitted.loss_curve_)

    def test_float32_is_float64_rounded(self, make, table):
        one, other = (make(dtype=d, max_iter=3).fit(*table) for d in ("float32", "float64"))
        assert_allclose(one.coefs_[0], other.coefs_[0], atol=1e-5)
        assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-5)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_logarithms_of_probabilities_that_underflow(self, make, table, dtype):
        X, y = table
        fitted = make(dtype=dtype, max_iter=50).fit(X, y)
        far = 1e5 * X
        proba, logs = fitted.predict_proba(far), fitted.predict_log_proba(far)
        assert (proba == 0).any()
        assert np.isfinite(logs).all() and (logs <= 0).all()
        assert logs.min() < -1000
        positive = proba > 1e-30
        assert_allclose(logs[positive], np.log(proba[positive]), rtol=1e-4, atol=1e-5)
        near = fitted.predict_log_proba(X)
        assert_allclose(near, np.log(fitted.predict_proba(X)), rtol=2e-4, atol=1e-6)
        assert_allclose(np.logaddexp.reduce(near, axis=1), 0, atol=1e-5)


def test_predict_is_the_most_probable_class(make, table, held_out):
    fitted = make().fit(*table)
    proba = fitted.predict_proba(held_out[0])
    assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    assert_array_equal(fitted.predict(held_out[0]), proba.argmax(axis=1))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
class TestWrongInput:
    def test_unfitted(self, make, table, method):
        with pytest.raises(NotFittedError):
            getattr(make(), method)(table[0])

    @pytest.mark.parametrize("n_features", [5, 7])
    def test_columns(self, make, table, method, n_features):
        fitted = make().fit(*table)
        with pytest.raises(ValueError, match=f"{n_features} features.*expecting 6"):
            getattr(fitted, method)(np.ones((3, n_features)))

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("convert", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
    def test_not_finite(self, make, table, method, bad, convert):
        X = table[0].copy()
        X[3, 3] = bad
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            getattr(make().fit(*table), method)(convert(X))
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            make().fit(convert(X), table[1])
        with pytest.raises(ValueError, match=r"X_val.*contains (NaN|infinity)"):
            make().fit(*table, X_val=convert(X), y_val=table[1])

    def test_dimensions(self, make, table, method):
        fitted = make().fit(*table)
        with pytest.raises(ValueError, match="2D array"):
            getattr(fitted, method)(table[0][0])
        with pytest.raises(ValueError, match=r"0 sample"):
            getattr(fitted, method)(table[0][:0])
