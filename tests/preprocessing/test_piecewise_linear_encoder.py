"""PiecewiseLinearEncoder against np.interp and scikit-learn's splines, bins and trees."""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, SplineTransformer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn.preprocessing import PiecewiseLinearEncoder


@pytest.fixture
def X() -> np.ndarray:
    """Columns with long tails, on very different scales."""
    rng = np.random.default_rng(0)
    return rng.lognormal(size=(200, 3)) * [1.0, 1e6, 1e-6] - [0.0, 2e6, 0.0]


@pytest.fixture
def y(X) -> np.ndarray:
    return np.sin(X[:, 0]) + X[:, 1] / 1e6


@parametrize_with_checks(
    [
        PiecewiseLinearEncoder(),
        PiecewiseLinearEncoder(3, strategy="tree", min_weight_fraction_leaf=0.1),
        PiecewiseLinearEncoder(sparse_output=True),
    ]
)
def test_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


# ---- the encoding ----


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
def test_an_encoding_says_how_many_bins_are_passed(X, y, strategy):
    """Between the outermost edges the sum of a column's entries is linear from edge to edge."""
    encoder = PiecewiseLinearEncoder(7, strategy=strategy).fit(X, y)
    blocks = np.split(encoder.transform(X), np.cumsum(encoder.n_bins_)[:-1], axis=1)
    for column, edges, block in zip(X.T, encoder.bin_edges_, blocks, strict=True):
        assert block.shape == (200, 7)
        assert_allclose(block.sum(axis=1), np.interp(column, edges, np.arange(8)), rtol=1e-12)
        # An entry rises only where the one before it is full.
        assert np.all((block[:, 1:] == 0) | (block[:, :-1] == 1))


def test_against_splines_of_degree_one(X):
    """The entries of a bin are what is left of the hats at its end and all that follow."""
    encoder = PiecewiseLinearEncoder(6).fit(X)
    for column, edges, block in zip(
        X.T[:, :, None], encoder.bin_edges_, np.split(encoder.transform(X), 3, axis=1), strict=True
    ):
        hats = SplineTransformer(degree=1, knots=edges[:, None]).fit_transform(column)
        assert_allclose(block, np.cumsum(hats[:, :0:-1], axis=1)[:, ::-1], atol=1e-9)


def test_beyond_the_training_rows_only_the_outermost_bins_go_on():
    encoder = PiecewiseLinearEncoder(3).fit([[0], [1], [1], [2], [2], [4]])
    (edges,) = encoder.bin_edges_
    assert_array_equal(edges, [0, 1, 2, 4])
    encoded = encoder.transform([[-2.0], [0.0], [1.5], [4.0], [8.0]])
    assert_array_equal(encoded, [[-2, 0, 0], [0, 0, 0], [1, 0.5, 0], [1, 1, 1], [1, 1, 3]])


# ---- the bins ----


def test_quantiles_are_those_of_kbins_discretizer(X):
    theirs = KBinsDiscretizer(9, quantile_method="inverted_cdf").fit(X[:, :2])
    encoder = PiecewiseLinearEncoder(9).fit(X[:, :2])
    for ours, edges in zip(encoder.bin_edges_, theirs.bin_edges_, strict=True):
        assert_allclose(ours, edges, rtol=1e-14)


def test_columns_with_few_values_have_few_bins():
    X = np.array([[0.0, 3.0, 1.0, np.nan]] * 9 + [[1.0, 3.0, np.nan, np.nan]])
    encoder = PiecewiseLinearEncoder().fit(X)
    assert encoder.n_bins_.tolist() == [1, 1, 1, 1]
    assert [edges.tolist() for edges in encoder.bin_edges_] == [[0, 1], [3, 3], [1, 1], [0, 0]]
    assert PiecewiseLinearEncoder().fit([[0], [1]]).n_bins_.tolist() == [1]
    encoded = encoder.transform([[0.5, 9.0, -1e308, 8.0], [2.0, 3.0, np.nan, np.nan]])
    assert_array_equal(encoded, [[0.5, 0, 0, 0], [2, 0, np.nan, np.nan]])


def test_a_tree_that_tells_all_values_apart_ends_bins_at_the_values():
    X = np.array([[0, 5, 1], [0, 7, 1], [1, 9, 1], [1, 5, 1]])
    encoder = PiecewiseLinearEncoder(strategy="tree").fit(X, [0, 1, 2, 3])
    assert [edges.tolist() for edges in encoder.bin_edges_] == [[0, 1], [5, 7, 9], [1, 1]]
    assert_array_equal(encoder.transform([[1, 7, 1]]), [[1, 1, 0, 0]])


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
def test_missing_values_make_no_bins_and_stay(X, y, strategy):
    gaps = np.random.default_rng(1).random(X.shape) < 0.3
    encoder = PiecewiseLinearEncoder(5, strategy=strategy).fit(np.where(gaps, np.nan, X), y)
    for j, column in enumerate(X.T):
        alone = clone(encoder).fit(column[~gaps[:, j]][:, None], y[~gaps[:, j]])
        assert_array_equal(encoder.bin_edges_[j], alone.bin_edges_[0])
    encoded = encoder.transform(np.where(gaps, np.nan, X))
    assert_array_equal(np.isnan(encoded), np.repeat(gaps, 5, axis=1))
    assert_array_equal(np.isnan(encoder.inverse_transform(encoded)), gaps)


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
def test_a_weight_is_a_number_of_rows(X, y, strategy):
    counts = np.random.default_rng(1).integers(0, 4, len(X))
    encoder = PiecewiseLinearEncoder(6, strategy=strategy, min_weight_fraction_leaf=0.05)
    repeated = clone(encoder).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    weighted = encoder.fit(X, y, sample_weight=counts)
    for ours, theirs in zip(weighted.bin_edges_, repeated.bin_edges_, strict=True):
        assert_array_equal(ours, theirs)


def thresholds(tree):
    return np.sort(tree.tree_.threshold[tree.tree_.feature >= 0])


TARGETS = {
    "numbers": (lambda y: y, DecisionTreeRegressor),
    "several": (lambda y: np.column_stack([y, np.cos(y)]), DecisionTreeRegressor),
    "words": (lambda y: np.array(["low", "middle", "high"])[np.digitize(y, [0, 1])], None),
    "integers": (lambda y: np.digitize(y, [0, 1]), None),
    "truths": (lambda y: y > 0, None),
    "labels": (lambda y: np.column_stack([y > 0, y > 1]).astype(int), None),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_tree_ends_the_bins_where_it_splits(X, y, name):
    make, kind = TARGETS[name]
    target = make(y)
    encoder = PiecewiseLinearEncoder(5, strategy="tree", min_weight_fraction_leaf=0.0)
    encoder.fit(X[:, :1], target)
    if name == "several":
        target = (target - target.mean(axis=0)) / target.std(axis=0)
    tree = (kind or DecisionTreeClassifier)(max_leaf_nodes=5, random_state=0)
    edges = [X[:, 0].min(), *thresholds(tree.fit(X[:, :1], target)), X[:, 0].max()]
    assert_allclose(encoder.bin_edges_[0], edges, rtol=1e-6)


def test_several_numbers_count_the_same_whatever_their_units(X, y):
    two = np.column_stack([y, np.cos(X[:, 0])])
    encoder = PiecewiseLinearEncoder(6, strategy="tree")
    expected = clone(encoder).fit(X, two).bin_edges_
    found = clone(encoder).fit(X, two * [1e8, 1e-8] + [1e9, 0]).bin_edges_
    for ours, theirs in zip(found, expected, strict=True):
        assert_array_equal(ours, theirs)


def test_what_integers_are(X):
    counts = np.arange(200) // 2
    encoder = PiecewiseLinearEncoder(4, strategy="tree")

    def edges(target_type, y):
        return clone(encoder).set_params(target_type=target_type).fit(X, y).bin_edges_[0].tolist()

    assert edges("auto", counts) == edges("numbers", counts) != edges("classes", counts)
    few = counts % 5
    assert edges("auto", few) == edges("classes", few) != edges("numbers", few)
    assert edges("auto", few / 1.0) == edges("numbers", few)


def test_trees_tell_apart_what_float32_does_not():
    """Seconds of a day in 2023, and lengths of atoms."""
    y = np.arange(100) >= 37
    for start, step in ((1_700_000_000.0, 1.0), (0.0, 1e-12), (0.0, 1e300)):
        X = start + step * np.arange(100)[:, None]
        encoder = PiecewiseLinearEncoder(2, strategy="tree").fit(X, y)
        assert_allclose(encoder.bin_edges_[0], start + step * np.array([0, 36.5, 99]), rtol=1e-15)


# ---- the way back ----


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.just(2)),
        elements=st.floats(-1e6, 1e6, width=32, allow_subnormal=False),
    ),
    st.integers(2, 9),
    st.sampled_from([np.float32, np.float64]),
)
def test_there_and_back_and_in_order(X, n_bins, dtype):
    X = np.round(X, 3).astype(dtype)
    encoder = PiecewiseLinearEncoder(n_bins).fit(X)
    encoded = encoder.transform(X)
    assert encoded.dtype == dtype
    assert np.all((encoded >= 0) & (encoded <= 1))
    room = 4 * n_bins * np.finfo(dtype).eps * np.abs(X).max()
    assert_allclose(encoder.inverse_transform(encoded), X, rtol=0, atol=room)
    for j in range(2):
        entries = encoded[np.argsort(X[:, j], kind="stable"), np.cumsum([0, *encoder.n_bins_])[j] :]
        assert np.all(np.diff(entries[:, : encoder.n_bins_[j]], axis=0) >= 0)


def test_outliers_come_back(X):
    encoder = PiecewiseLinearEncoder(8).fit(X)
    outliers = np.array([[-50.0, -1e9, 1.0], [1e3, 1e9, -1.0]])
    assert_allclose(encoder.inverse_transform(encoder.transform(outliers)), outliers, rtol=1e-12)


def test_float32_far_from_zero():
    X = 16_777_216.0 + 2.0 * np.arange(9)[:, None]
    encoder = PiecewiseLinearEncoder(4).fit(X.astype(np.float32))
    expected = PiecewiseLinearEncoder(4).fit_transform(X)
    assert_allclose(encoder.transform(X.astype(np.float32)), expected, rtol=1e-6)


# ---- containers, names ----


@pytest.mark.parametrize(
    ("interface", "kind"), [("sparray", sparse.csr_array), ("spmatrix", sparse.csr_matrix)]
)
def test_sparse_as_dense(X, interface, kind, monkeypatch):
    monkeypatch.setattr("sknn.preprocessing._piecewise_linear_encoder.CHUNK", 64)
    X = np.where(X < np.median(X, axis=0), np.nan, X).astype(np.float32)
    encoder = PiecewiseLinearEncoder(4, sparse_output=True)
    with sklearn.config_context(sparse_interface=interface):
        encoded = encoder.fit_transform(X)
    dense = PiecewiseLinearEncoder(4).fit_transform(X)
    assert type(encoded) is kind
    assert encoded.dtype == np.float32
    assert_array_equal(encoded.toarray(), dense)
    assert encoded.nnz == np.count_nonzero(dense)
    assert_array_equal(encoder.inverse_transform(encoded), encoder.inverse_transform(dense))


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_in_and_out(X, library):
    frame = library.DataFrame({name: X[:, j] for j, name in enumerate("abc")})
    encoder = PiecewiseLinearEncoder(2).set_output(transform=library.__name__)
    encoded = encoder.fit_transform(frame)
    assert isinstance(encoded, library.DataFrame)
    names = ["a_bin_0", "a_bin_1", "b_bin_0", "b_bin_1", "c_bin_0", "c_bin_1"]
    assert list(encoded.columns) == list(encoder.get_feature_names_out()) == names
    assert_array_equal(encoded.to_numpy(), PiecewiseLinearEncoder(2).fit_transform(X))
    assert_allclose(encoder.inverse_transform(encoded), X, rtol=1e-9)
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(pd.DataFrame(X, columns=list("abz")))


def test_names_without_a_frame(X):
    encoder = PiecewiseLinearEncoder(2).fit(X[:, :2])
    assert list(encoder.get_feature_names_out()) == ["x0_bin_0", "x0_bin_1", "x1_bin_0", "x1_bin_1"]
    assert encoder.get_feature_names_out(["u", "v"])[3] == "v_bin_1"
    with pytest.raises(ValueError, match="length equal to number of features"):
        encoder.get_feature_names_out(["u"])


def test_beside_categories_in_a_pipeline(X, y):
    frame = pd.DataFrame(X, columns=list("abc")).assign(site=np.where(y > 0, "u", "v"))
    columns = make_column_transformer(
        (PiecewiseLinearEncoder(4, sparse_output=True), list("abc")), (OneHotEncoder(), ["site"])
    )
    model = make_pipeline(columns, DecisionTreeRegressor(random_state=0)).fit(frame, y)
    assert columns.fit_transform(frame).shape == (200, 14)
    assert model.score(frame, y) > 0.99


def test_pickles_clones_and_requests(X, y):
    with sklearn.config_context(enable_metadata_routing=True):
        encoder = PiecewiseLinearEncoder(3, strategy="tree").set_fit_request(sample_weight=True)
        back = pickle.loads(pickle.dumps(encoder.fit(X, y)))
        assert back.get_metadata_routing().fit.requests == {"sample_weight": True}
        assert clone(back).get_metadata_routing().fit.requests == {"sample_weight": True}
    assert_array_equal(back.transform(X), encoder.transform(X))
    assert clone(back).get_params() == encoder.get_params()
    assert not hasattr(clone(back), "bin_edges_")
    again = encoder.fit(X[:, :1], y)
    assert again.n_bins_.tolist() == [3]


# ---- errors ----


def test_a_tree_needs_a_target(X, y):
    encoder = PiecewiseLinearEncoder(strategy="tree")
    with pytest.raises(ValueError, match="requires y to be passed"):
        encoder.fit(X)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        encoder.fit(X, np.where(y > 0, np.nan, y))
    with pytest.raises(ValueError, match="`y` must be numbers for target_type='numbers'"):
        encoder.set_params(target_type="numbers").fit(X, np.where(y > 0, "a", "b"))


def test_other_errors(X, y):
    encoder = PiecewiseLinearEncoder()
    with pytest.raises(NotFittedError):
        encoder.transform(X)
    with pytest.raises(NotFittedError):
        encoder.get_feature_names_out()
    with pytest.raises(ValueError, match="Input X contains infinity"):
        encoder.fit([[1.0], [np.inf]])
    with pytest.raises(ValueError, match=r"at most 1\.8e\+308, .* column 0 passes"):
        encoder.fit([[1.7e308], [-1.7e308]])
    with pytest.raises(TypeError, match="dense data is required"):
        encoder.fit(sparse.csr_array(X))
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        encoder.fit(X, sample_weight=np.full(200, -1.0))
    message = "X must have 24 features, as PiecewiseLinearEncoder.transform returns, got 3"
    with pytest.raises(ValueError, match=re.escape(message)):
        encoder.fit(X).inverse_transform(X)
    with pytest.raises(ValueError, match="'n_bins' parameter of PiecewiseLinearEncoder"):
        PiecewiseLinearEncoder(1).fit(X)
