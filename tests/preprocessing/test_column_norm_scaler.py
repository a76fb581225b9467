"""ColumnNormScaler against numpy.linalg.norm, scikit-learn's normalize and closed forms."""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import normalize
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn.preprocessing import ColumnNormScaler

NORMS = ("l1", "l2", "max")
ORDER = {"l1": 1, "l2": 2, "max": np.inf}
SPARSE_FORMATS = (sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix)


@pytest.fixture
def X() -> np.ndarray:
    """Columns of very different size, one of them zero."""
    X = np.random.default_rng(0).normal(size=(40, 5)) * [1.0, 1e3, 1e-3, 0.0, 7.0]
    X[np.abs(X) < 0.2 * np.abs(X).max(axis=0)] = 0.0
    return X


@parametrize_with_checks([ColumnNormScaler(norm=norm) for norm in NORMS])
def test_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


# ---------------------------------------------------------------------------------------
# the norms


@pytest.mark.parametrize("norm", NORMS)
def test_norms_are_those_of_numpy(X, norm):
    expected = np.array([np.linalg.norm(column, ord=ORDER[norm]) for column in X.T])
    expected[3] = 1.0
    assert_allclose(ColumnNormScaler(norm).fit(X).norms_, expected, rtol=1e-14)


@pytest.mark.parametrize("norm", NORMS)
def test_training_rows_come_out_as_from_normalize(X, norm):
    scaled = ColumnNormScaler(norm).fit_transform(X)
    assert_allclose(scaled, normalize(X, norm=norm, axis=0), rtol=1e-14)


@pytest.mark.parametrize("norm", NORMS)
def test_other_rows_are_divided_by_the_norms_of_the_training_rows(X, norm):
    train, test = X[:30], X[30:]
    norms = np.array([np.linalg.norm(column, ord=ORDER[norm]) for column in train.T])
    norms[3] = 1.0
    scaler = ColumnNormScaler(norm).fit(train)
    assert_allclose(scaler.transform(test), test / norms, rtol=1e-14)
    # One row alone comes out as it does among the others.
    assert_array_equal(scaler.transform(test[:1]), scaler.transform(test)[:1])


def test_is_not_the_scaler_of_rows():
    assert_allclose(
        ColumnNormScaler().fit_transform([[3.0, 1.0], [4.0, 0.0]]), [[0.6, 1.0], [0.8, 0.0]]
    )


def test_a_zero_column_is_left_as_it_is():
    scaler = ColumnNormScaler().fit([[0.0, 1.0], [-0.0, 2.0]])
    assert scaler.norms_[0] == 1.0
    assert_array_equal(scaler.transform([[5.0, 0.0]]), [[5.0, 0.0]])
    assert_array_equal(scaler.inverse_transform([[5.0, 0.0]]), [[5.0, 0.0]])


@pytest.mark.parametrize("make", [np.asarray, *SPARSE_FORMATS])
@pytest.mark.parametrize(("norm", "factor"), [("l1", 2.0), ("l2", np.sqrt(2.0)), ("max", 1.0)])
@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e-160, 1.0, 1e160, 5e307])
def test_squares_of_extreme_values_neither_overflow_nor_vanish(size, norm, factor, make):
    X = make(np.array([[size], [-size]]))
    scaler = ColumnNormScaler(norm).fit(X)
    # Numbers below 2.2e-308 have few digits left.
    assert_allclose(scaler.norms_, [size * factor], rtol=1e-15 if size > 1e-307 else 1e-3)
    scaled = scaler.transform(X)
    scaled = scaled.toarray() if sparse.issparse(scaled) else scaled
    assert_allclose(scaled, [[1 / factor], [-1 / factor]], rtol=1e-3 if size < 1e-307 else 1e-15)


def test_a_norm_that_float32_cannot_hold_scales_float32_columns():
    X = np.full((100, 1), 3e38, dtype=np.float32)
    scaler = ColumnNormScaler().fit(X)
    assert_allclose(scaler.norms_, [np.float64(np.float32(3e38)) * 10], rtol=1e-14)
    scaled = scaler.transform(X)
    assert scaled.dtype == np.float32
    assert_allclose(scaled, 0.1, rtol=1e-6)
    assert_allclose(scaler.inverse_transform(scaled), X, rtol=1e-6)


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_a_norm_that_float64_cannot_hold_is_refused(norm, make):
    X = make(np.array([[1.0, 1.5e308], [1.0, 1.5e308]]))
    with pytest.raises(ValueError, match=rf"the {norm} norm of every column .* column 1 passes"):
        ColumnNormScaler(norm).fit(X)
    assert_array_equal(ColumnNormScaler("max").fit(X).norms_, [1.0, 1.5e308])


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("norm", NORMS)
def test_nan_is_a_missing_value(norm, make):
    X = np.array([[3.0, np.nan], [np.nan, np.nan], [-4.0, np.nan]])
    norms = [np.linalg.norm([3.0, -4.0], ord=ORDER[norm]), 1.0]
    scaler = ColumnNormScaler(norm).fit(make(X))
    assert_allclose(scaler.norms_, norms)
    scaled = scaler.transform(make(X))
    assert_allclose(scaled.toarray() if sparse.issparse(scaled) else scaled, X / norms)


@given(
    X=arrays(
        st.sampled_from([np.float32, np.float64]),
        array_shapes(min_dims=2, max_dims=2, max_side=8),
        elements=st.floats(-1e6, 1e6, width=32, allow_subnormal=False),
    ),
    norm=st.sampled_from(NORMS),
)
def test_there_and_back(X, norm):
    scaler = ColumnNormScaler(norm).fit(X)
    scaled = scaler.transform(X)
    tolerance = 4 * np.finfo(X.dtype).eps
    assert scaled.dtype == X.dtype
    assert np.all(np.abs(scaled) <= 1 + tolerance)
    # A value far below the norm of its column may be rounded to a subnormal on the way.
    smallest = np.finfo(X.dtype).smallest_subnormal * scaler.norms_.max()
    assert_allclose(scaler.inverse_transform(scaled), X, rtol=tolerance, atol=smallest)
    # Scaled columns have norm 1, or are zero.
    ones = [np.linalg.norm(column.astype(np.float64), ord=ORDER[norm]) for column in scaled.T]
    assert_allclose(ones, np.any(X != 0, axis=0), rtol=10 * tolerance)


# ---------------------------------------------------------------------------------------
# containers


@pytest.mark.parametrize("make", SPARSE_FORMATS)
@pytest.mark.parametrize("norm", NORMS)
def test_sparse_as_dense(X, norm, make):
    dense, scaler = ColumnNormScaler(norm).fit(X), ColumnNormScaler(norm).fit(make(X))
    assert_allclose(scaler.norms_, dense.norms_, rtol=1e-14)
    scaled = scaler.transform(make(X))
    assert type(scaled) is make
    assert scaled.nnz == np.count_nonzero(X)
    assert_allclose(scaled.toarray(), dense.transform(X), rtol=1e-14)
    back = scaler.inverse_transform(scaled)
    assert type(back) is make
    assert_allclose(back.toarray(), X, rtol=1e-14)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_array])
def test_sparse_is_never_made_dense(make):
    # Dense, this table would take 800 GB.
    X = make(sparse.coo_array(([3.0, 4.0], ([0, 99_999], [7, 7])), shape=(100_000, 1_000_000)))
    scaler = ColumnNormScaler().fit(X)
    assert scaler.norms_[7] == 5.0
    assert_allclose(np.sort(scaler.transform(X).data), [0.6, 0.8])


def test_an_entry_stored_in_parts_is_one_value():
    parts = ([3.0, -2.0, 2.0], [0, 0, 0], [0, 2, 3])
    X = sparse.csr_array(parts, shape=(2, 1))
    assert_allclose(ColumnNormScaler("l1").fit(X).norms_, [3.0])
    assert X.nnz == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_float_types_are_kept(X, dtype, make):
    scaler = ColumnNormScaler().fit(make(X.astype(dtype)))
    scaled = scaler.transform(make(X.astype(dtype)))
    assert scaled.dtype == dtype
    assert scaler.inverse_transform(scaled).dtype == dtype
    assert scaler.norms_.dtype == np.float64


def test_the_sum_over_many_float32_rows_is_taken_in_float64():
    X = np.full((2**20, 1), 0.1, dtype=np.float32)
    expected = float(np.float32(0.1)) * 2**20
    assert_allclose(ColumnNormScaler("l1").fit(X).norms_, [expected], rtol=1e-10)


@pytest.mark.parametrize("make", [np.array, sparse.csr_array, sparse.csc_array])
def test_copy(X, make):
    scaler = ColumnNormScaler().fit(X)
    untouched, in_place = make(X), make(X)
    scaled = scaler.transform(untouched)
    assert_array_equal(*(t.toarray() if sparse.issparse(t) else t for t in (untouched, make(X))))
    scaler.set_params(copy=False).transform(in_place)
    assert_array_equal(*(t.toarray() if sparse.issparse(t) else t for t in (in_place, scaled)))


def test_fit_leaves_its_data_alone(X):
    before = X.copy()
    ColumnNormScaler(copy=False).fit(X)
    assert_array_equal(X, before)


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_in_and_out(X, library):
    name = library.__name__
    frame = library.DataFrame({column: X[:, j] for j, column in enumerate("abcde")})
    scaler = ColumnNormScaler().set_output(transform=name)
    scaled = scaler.fit_transform(frame)
    assert isinstance(scaled, library.DataFrame)
    assert list(scaled.columns) == list("abcde")
    assert list(scaler.get_feature_names_out()) == list("abcde")
    assert_allclose(scaled.to_numpy(), normalize(X, axis=0), rtol=1e-14)
    # Neither the frame nor its bare values bring up a warning about names on the way back.
    assert_allclose(scaler.inverse_transform(scaled), X, rtol=1e-14)
    assert_allclose(scaler.inverse_transform(scaled.to_numpy()), X, rtol=1e-14)


def test_other_column_names_are_refused(X):
    frame = pd.DataFrame(X, columns=list("abcde"))
    scaler = ColumnNormScaler().fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        scaler.transform(frame.rename(columns={"a": "z"}))


# ---------------------------------------------------------------------------------------
# at home in scikit-learn


def test_in_a_pipeline_it_sees_the_training_rows_only(X):
    y = np.arange(40) % 2
    pipeline = make_pipeline(ColumnNormScaler("max"), LogisticRegression()).fit(X[:30], y[:30])
    scale = np.abs(X[:30]).max(axis=0)
    scale[3] = 1.0
    by_hand = LogisticRegression().fit(X[:30] / scale, y[:30])
    assert_allclose(pipeline.predict_proba(X[30:]), by_hand.predict_proba(X[30:] / scale))


def test_clone_and_pickle(X):
    scaler = ColumnNormScaler("l1", copy=False)
    assert clone(scaler).get_params() == {"norm": "l1", "copy": False}
    assert repr(scaler) == "ColumnNormScaler(copy=False, norm='l1')"
    scaler.set_params(copy=True).fit(X)
    back = pickle.loads(pickle.dumps(scaler))
    assert_array_equal(back.transform(X), scaler.transform(X))


def test_a_second_fit_forgets_the_first(X):
    scaler = ColumnNormScaler().fit(X)
    assert_array_equal(scaler.fit([[2.0], [0.0]]).norms_, [2.0])
    assert scaler.n_features_in_ == 1


class Recorder:
    """A callback that notes every call."""

    def __init__(self):
        self.calls = []

    def setup(self, estimator, context):
        self.calls.append(("setup", estimator))

    def on_fit_task_begin(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.calls.append(("begin", X, y, metadata, fitted_estimator))

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.calls.append(("end", X, y, metadata, fitted_estimator))

    def teardown(self, estimator, context):
        self.calls.append(("teardown", estimator))


def test_callbacks_see_the_data_of_the_user(X):
    frame, y = pd.DataFrame(X, columns=list("abcde")), list(range(40))
    recorder = Recorder()
    scaler = ColumnNormScaler().set_callbacks(recorder).fit(frame, y)
    setup, begin, end, teardown = recorder.calls
    assert [call[0] for call in recorder.calls] == ["setup", "begin", "end", "teardown"]
    assert setup[1] is scaler
    assert teardown[1] is scaler
    for call in (begin, end):
        assert call[1] is frame
        assert call[2] is y
        assert call[3] is None
    assert begin[4] is None
    assert_array_equal(end[4].transform(frame), scaler.transform(frame))
    assert end[4].norms_ is not scaler.norms_


def test_callbacks_are_torn_down_when_fit_fails():
    recorder = Recorder()
    with pytest.raises(ValueError, match="l2 norm"):
        ColumnNormScaler().set_callbacks(recorder).fit([[1.7e308], [1.7e308]])
    assert [call[0] for call in recorder.calls] == ["setup", "begin", "teardown"]


def test_the_progress_bar_of_a_pipeline_shows_it(X, capsys):
    # A step without callbacks would bring up a warning, which is an error here.
    pipeline = make_pipeline(ColumnNormScaler(), LogisticRegression())
    pipeline.set_callbacks(ProgressBar()).fit(X, np.arange(40) % 2)
    assert "columnnormscaler" in capsys.readouterr().out


# ---------------------------------------------------------------------------------------
# errors


def test_unknown_norm(X):
    with pytest.raises(ValueError, match=r"'norm' parameter of ColumnNormScaler.*Got 'l3' instead"):
        ColumnNormScaler("l3").fit(X)


def test_copy_that_is_no_bool(X):
    with pytest.raises(ValueError, match="'copy' parameter of ColumnNormScaler"):
        ColumnNormScaler(copy="yes").fit(X)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_infinite_values(make):
    with pytest.raises(ValueError, match="Input X contains infinity"):
        ColumnNormScaler().fit(make(np.array([[1.0], [np.inf]])))


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_unfitted(X, method):
    with pytest.raises(NotFittedError):
        getattr(ColumnNormScaler(), method)(X)


def test_wrong_number_of_columns(X):
    scaler = ColumnNormScaler().fit(X)
    with pytest.raises(ValueError, match="X has 4 features, but ColumnNormScaler is expecting 5"):
        scaler.transform(X[:, :4])
    message = "X must have 5 features, as ColumnNormScaler.transform returns, got 4"
    with pytest.raises(ValueError, match=re.escape(message)):
        scaler.inverse_transform(X[:, :4])
