"""RobustSmoothScaler against scikit-learn's RobustScaler, NumPy's quantiles and closed forms."""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import RobustScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn.preprocessing import RobustSmoothScaler
from sknn.preprocessing._robust_smooth_scaler import weighted_quartiles


@pytest.fixture
def X() -> np.ndarray:
    """41 rows: all quartiles are values, so that every definition of quantiles agrees."""
    rng = np.random.default_rng(0)
    return rng.standard_t(2, size=(41, 4)) * [1.0, 1e3, 1e-3, 7.0] + [0.0, 5e3, 0.0, -70.0]


@parametrize_with_checks([RobustSmoothScaler()])
def test_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


# ---- the values ----


def test_the_first_step_is_that_of_robust_scaler(X):
    theirs, scaler = RobustScaler().fit(X), RobustSmoothScaler().fit(X)
    assert_allclose(scaler.center_, theirs.center_, rtol=1e-14)
    assert_allclose(scaler.scale_, theirs.scale_, rtol=1e-14)
    z = theirs.transform(X)
    assert np.abs(z).max() > 10  # there are outliers to compress
    assert_allclose(scaler.transform(X), z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-13)


def test_where_quartiles_are_equal_half_the_range_is_one():
    X = np.array([[0.0], [5.0], [5.0], [5.0], [5.0], [5.0], [5.0], [5.0], [25.0]])
    scaler = RobustSmoothScaler().fit(X)
    assert scaler.center_.tolist() == [5.0]
    assert scaler.scale_.tolist() == [12.5]
    assert_allclose(scaler.transform([[17.5]]), [[1 / np.sqrt(1 + 1 / 9)]])


def test_constant_columns_become_zero_for_all_rows():
    scaler = RobustSmoothScaler().fit([[4.0, np.nan], [4.0, np.nan]])
    assert scaler.scale_.tolist() == [0.0, 0.0]
    new = [[4.0, 7.0], [-1e308, 1e308], [np.nan, np.nan]]
    assert_array_equal(scaler.transform(new), [[0, 0], [0, 0], [np.nan, np.nan]])
    assert_array_equal(scaler.inverse_transform([[0.0, 0.0]]), [[4.0, 0.0]])


def test_missing_values_count_for_nothing_and_stay(X):
    gaps = np.random.default_rng(1).random(X.shape) < 0.2
    scaler = RobustSmoothScaler().fit(np.where(gaps, np.nan, X))
    for j, column in enumerate(X.T):
        alone = RobustSmoothScaler().fit(column[~gaps[:, j]][:, None])
        assert (scaler.center_[j], scaler.scale_[j]) == (alone.center_[0], alone.scale_[0])
    assert_array_equal(np.isnan(scaler.transform(np.where(gaps, np.nan, X))), gaps)


def test_a_weight_is_a_number_of_rows(X):
    counts = np.random.default_rng(1).integers(0, 4, len(X))
    repeated = RobustSmoothScaler().fit(np.repeat(X, counts, axis=0))
    for weights in (counts, counts * 0.25):
        weighted = RobustSmoothScaler().fit(X, sample_weight=weights)
        assert_array_equal(weighted.center_, repeated.center_)
        assert_array_equal(weighted.scale_, repeated.scale_)


@given(
    arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(1, 12), st.just(1)),
        elements=st.floats(-1e6, 1e6, width=32, allow_subnormal=False),
    )
)
def test_there_and_back_in_order_and_within_bounds(X):
    scaler = RobustSmoothScaler().fit(X)
    scaled = scaler.transform(X)
    assert scaled.dtype == X.dtype
    assert np.all(np.abs(scaled) <= 3)
    in_order = scaled[np.argsort(X[:, 0], kind="stable"), 0]
    assert np.all(np.diff(in_order) >= 0)
    # How far a rounding of the scaled value moves the original, by the derivative of the inverse.
    share = np.abs(scaled).astype(np.float64) / 3
    if share.max() > 0.999:
        return
    eps = np.finfo(X.dtype).eps
    room = 8 * eps * (scaler.scale_ * 3 / (1 - share**2) ** 1.5 + np.abs(X).astype(np.float64))
    back = scaler.inverse_transform(scaled)
    assert np.all(np.abs(back.astype(np.float64) - X) <= room + np.finfo(X.dtype).tiny)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 4e307])
def test_extreme_values_neither_overflow_nor_vanish(size):
    column = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0]])
    expected = column / 2 / np.sqrt(1 + (column / 6) ** 2)
    scaler = RobustSmoothScaler().fit(column * size)
    assert_allclose(scaler.transform(column * size), expected, rtol=1e-14)
    assert_allclose(scaler.inverse_transform(expected), column * size, rtol=1e-14)
    small = RobustSmoothScaler().fit(column * 1e-300)
    assert_array_equal(small.transform([[1.7e308], [-1.7e308]]), [[3.0], [-3.0]])


def test_float32_far_from_zero():
    X = np.array([[16_777_216.0], [16_777_218.0], [16_777_220.0], [16_777_222.0]])
    scaler = RobustSmoothScaler().fit(X.astype(np.float32))
    scaled = scaler.transform(X.astype(np.float32))
    assert scaled.dtype == np.float32
    assert_allclose(scaled, RobustSmoothScaler().fit_transform(X), rtol=1e-6)
    assert_array_equal(scaler.inverse_transform(scaled), X.astype(np.float32))


# ---- the quartiles ----


@given(
    st.lists(
        st.tuples(st.integers(-9, 9), st.integers(1, 5)),
        min_size=1,
        max_size=20,
    )
)
def test_quartiles_of_weighted_values_are_those_of_repeated_ones(rows):
    values, counts = (np.array(part, float) for part in zip(*rows, strict=True))
    repeated = np.repeat(values, counts.astype(int))
    expected = np.quantile(repeated, [0, 0.25, 0.5, 0.75, 1], method="averaged_inverted_cdf")
    assert_array_equal(weighted_quartiles(values, counts * 2.0**-200), expected)


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_quartiles_against_scikit_learn(n):
    from sklearn.utils.stats import _weighted_percentile

    rng = np.random.default_rng(n)
    values, weights = rng.normal(size=n), rng.random(n) + 0.01
    theirs = _weighted_percentile(values, weights, np.array([0, 25, 50, 75, 100]), average=True)
    assert_allclose(weighted_quartiles(values, weights), theirs, rtol=1e-15)


# ---- containers, names ----


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_in_and_out(X, library):
    frame = library.DataFrame({name: X[:, j] for j, name in enumerate("abcd")})
    scaler = RobustSmoothScaler().set_output(transform=library.__name__)
    scaled = scaler.fit_transform(frame)
    assert isinstance(scaled, library.DataFrame)
    assert list(scaled.columns) == list(scaler.get_feature_names_out()) == list("abcd")
    assert_array_equal(scaled.to_numpy(), RobustSmoothScaler().fit_transform(X))
    assert_allclose(scaler.inverse_transform(scaled), X, rtol=1e-10)
    with pytest.raises(ValueError, match="feature names should match"):
        scaler.transform(pd.DataFrame(X, columns=list("abcz")))


def test_nullable_columns():
    frame = pd.DataFrame({"n": pd.array([1, None, 3, 9], dtype="Int64")})
    expected = RobustSmoothScaler().fit_transform([[1], [np.nan], [3], [9]])
    assert_array_equal(RobustSmoothScaler().fit_transform(frame), expected)


def test_pickles_and_clones_keep_settings(X):
    scaler = RobustSmoothScaler().set_output(transform="pandas").fit(X)
    back = pickle.loads(pickle.dumps(scaler))
    pd.testing.assert_frame_equal(back.transform(X), scaler.transform(X))
    assert not hasattr(clone(scaler), "center_")
    assert scaler.get_params() == {}


# ---- errors ----


@pytest.mark.parametrize("value", [3.0, -3.0, 3.5, -1e300])
def test_what_cannot_be_undone_is_refused(X, value):
    scaler = RobustSmoothScaler().fit(X)
    message = f"between -3 and 3, both excluded, got {value:g} in row 1 of column 2"
    with pytest.raises(ValueError, match=re.escape(message)):
        scaler.inverse_transform([[0, 0, 0, 0], [0, 0, value, 0]])


def test_other_errors(X):
    scaler = RobustSmoothScaler()
    with pytest.raises(NotFittedError):
        scaler.transform(X)
    with pytest.raises(ValueError, match="Input X contains infinity"):
        scaler.fit([[1.0], [np.inf]])
    with pytest.raises(ValueError, match=r"at most 1\.8e\+308, .* column 1 passes"):
        scaler.fit([[0.0, 1.7e308], [0.0, -1.7e308]])
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        scaler.fit(X, sample_weight=-np.ones(41))
    with pytest.raises(ValueError, match="at least one non-zero number"):
        scaler.fit(X, sample_weight=np.zeros(41))
    with pytest.raises(TypeError, match="dense data is required"):
        scaler.fit(sparse.csr_array(X))
    message = "X must have 4 features, as RobustSmoothScaler.transform returns, got 3"
    with pytest.raises(ValueError, match=re.escape(message)):
        scaler.fit(X).inverse_transform(X[:, :3])
