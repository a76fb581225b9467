"""Sample weights and class weights mean what counting rows means."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose
from sklearn.metrics import log_loss

FULL = {"batch_size": "full", "max_iter": 15, "hidden_layer_sizes": (6,), "activation": "tanh"}


def assert_close(one, other, atol=1e-9):
    for left, right in zip(one.coefs_, other.coefs_, strict=True):
        assert_allclose(left, right, rtol=0, atol=atol)
    for name in ("train_loss", "train_accuracy", "penalty"):
        assert_allclose(one.history_[name], other.history_[name], rtol=0, atol=atol)


@settings(max_examples=30, deadline=None)
@given(
    weight=hnp.arrays(np.int64, 120, elements=st.integers(0, 3)),
    solver=st.sampled_from(["sgd", "adam", "adamw"]),
    smoothing=st.sampled_from([0.0, 0.1]),
)
def test_integer_weights_are_repeated_rows(make, table, weight, solver, smoothing):
    X, y = table
    weight[:3] = 1  # so that every class has a row
    weight[[np.flatnonzero(y == c)[0] for c in range(3)]] = 2
    params = FULL | {"solver": solver, "label_smoothing": smoothing, "epsilon": 1e-4}
    weighted = make(**params).fit(X, y, sample_weight=weight)
    repeated = make(**params).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_close(weighted, repeated)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(1e-6, 1e6), dtype=st.sampled_from(["float32", "float64"]))
def test_only_ratios_of_weights_matter(make, table, scale, dtype):
    weight = np.random.default_rng(0).uniform(0.1, 2, 120)
    one = make(**FULL, dtype=dtype).fit(*table, sample_weight=weight)
    other = make(**FULL, dtype=dtype).fit(*table, sample_weight=scale * weight)
    assert_close(one, other, atol=1e-9 if dtype == "float64" else 1e-4)


def test_repeated_rows_under_lbfgs(make, table):
    X, y = table
    weight = np.random.default_rng(0).integers(0, 3, 120)
    params = {"solver": "lbfgs", "hidden_layer_sizes": (), "l2": 0.05, "tol": 1e-8, "max_iter": 999}
    weighted = make(**params).fit(X, y, sample_weight=weight)
    repeated = make(**params).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=2e-4)


def test_rows_of_weight_zero_in_mini_batches(make, table):
    """Whole batches may weigh nothing."""
    weight = np.zeros(120)
    weight[::9] = 1.0
    fitted = make(batch_size=3, record="batch").fit(*table, sample_weight=weight)
    assert np.isfinite(fitted.loss_curve_).all()
    assert np.isfinite(fitted.history_.volatility("train_loss")).all()
    assert np.isfinite(fitted.coefs_[0]).all()


@pytest.mark.parametrize("of", ["fit", "validation"])
def test_weights_of_one_are_no_weights(make, table, held_out, assert_same_fit, of):
    valid = {"X_val": held_out[0], "y_val": held_out[1]}
    weights = {"sample_weight": np.ones(120)} if of == "fit" else {"sample_weight_val": np.ones(60)}
    assert_same_fit(make().fit(*table, **valid, **weights), make().fit(*table, **valid))


class TestClassWeight:
    @pytest.mark.parametrize("sample_weight", [False, True], ids=["alone", "and sample_weight"])
    def test_dict(self, make, table, sample_weight):
        X, y = table
        names = np.array(["a", "b", "c"])[y]
        weight = np.random.default_rng(0).uniform(0, 2, 120) if sample_weight else np.ones(120)
        by_class = {"a": 0.5, "b": 4.0, "c": 1.0}
        ours = make(class_weight=by_class).fit(X, names, sample_weight=weight)
        rows = make().fit(X, names, sample_weight=weight * [by_class[name] for name in names])
        assert_close(ours, rows)

    def test_classes_left_out_weigh_one(self, make, table):
        ours = make(class_weight={1: 5.0}).fit(*table)
        rows = make().fit(*table, sample_weight=np.where(table[1] == 1, 5.0, 1.0))
        assert_close(ours, rows)

    def test_balanced(self, make, table):
        X, y = table[0][table[1] < 2], table[1][table[1] < 2]
        X, y = (
            X[(y == 1) | (np.arange(len(y)) % 4 == 0)],
            y[(y == 1) | (np.arange(len(y)) % 4 == 0)],
        )
        counts = np.bincount(y)
        assert counts[1] > 2 * counts[0]
        ours = make(**FULL, class_weight="balanced").fit(X, y)
        rows = make(**FULL).fit(X, y, sample_weight=1.0 / counts[y])
        assert_close(ours, rows)
        plain = make(**FULL).fit(X, y)
        assert ours.predict_proba(X)[:, 0].mean() > plain.predict_proba(X)[:, 0].mean() + 0.05

    def test_balanced_counts_weights_and_not_rows(self, make, table):
        X, y = table
        weight = np.random.default_rng(0).integers(1, 4, 120)
        ours = make(**FULL, class_weight="balanced").fit(X, y, sample_weight=weight)
        repeated = make(**FULL, class_weight="balanced").fit(
            np.repeat(X, weight, axis=0), np.repeat(y, weight)
        )
        assert_close(ours, repeated)

    def test_balanced_where_a_class_weighs_nothing(self, make, table):
        X, y = table
        there = y != 2
        ours = make(**FULL, class_weight="balanced").fit(X, y, sample_weight=there.astype(float))
        counts = np.bincount(y)
        rows = make(**FULL).fit(X, y, sample_weight=np.where(there, 1.0 / counts[y], 0.0))
        assert_close(ours, rows)

    def test_dict_where_a_class_weighs_nothing(self, make, table):
        X, y = table
        there = (y != 2).astype(float)
        ours = make(class_weight={2: 5.0}).fit(X, y, sample_weight=there)
        assert_close(ours, make().fit(X, y, sample_weight=there))

    @pytest.mark.parametrize("by_class", [{True: 3.0}, {False: 0.1, True: 1}], ids=str)
    def test_bool(self, make, table, by_class):
        y = table[1] == 2
        ours = make(class_weight=by_class).fit(table[0], y)
        weight = [by_class.get(bool(label), 1.0) for label in y]
        assert_close(ours, make().fit(table[0], y, sample_weight=weight))

    def test_unknown_class(self, make, table):
        with pytest.raises(ValueError, match=r"class_weight"):
            make(class_weight={"one": 2.0}).fit(*table)

    @pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
    def test_bad_weight(self, make, table, bad):
        with pytest.raises(ValueError, match="class_weight"):
            make(class_weight={0: 1.0, 1: bad, 2: 1.0}).fit(*table)

    def test_all_zero(self, make, table):
        with pytest.raises(ValueError, match="`class_weight` must leave a row a weight above zero"):
            make(class_weight={0: 0.0, 1: 0.0, 2: 0.0}).fit(*table)


def change(weight, index, value):
    weight = np.array(weight, dtype=float)
    weight[index] = value
    return weight


@pytest.mark.parametrize("name", ["sample_weight", "sample_weight_val"])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda w: change(w, 0, -1.0), r"(?i)negative"),
        (lambda w: change(w, 0, np.nan), r"contains NaN"),
        (lambda w: change(w, 0, np.inf), r"contains infinity"),
        (lambda w: w * 0, r"must have a weight above zero, got only zeros"),
        (lambda w: w[1:], r"shape"),
        (lambda w: np.column_stack([w, w]), r"1D array or scalar"),
    ],
    ids=["negative", "nan", "inf", "zeros", "short", "2d"],
)
def test_bad_weights_are_named(make, table, held_out, name, spoil, message):
    weights = {"sample_weight": np.ones(120), "sample_weight_val": np.ones(60)}
    weights[name] = spoil(weights[name])
    with pytest.raises(ValueError, match=message) as caught:
        make().fit(*table, X_val=held_out[0], y_val=held_out[1], **weights)
    assert (name == "sample_weight_val") == ("sample_weight_val" in str(caught.value))
    assert "weight" in str(caught.value)


@pytest.mark.parametrize("scale", [1e308, 1e-320])
def test_huge_and_tiny_weights(make, table, scale):
    """Scaled to mean 1 without overflow on the way."""
    fitted = make(**FULL).fit(*table, sample_weight=np.full(120, scale))
    assert_close(fitted, make(**FULL).fit(*table), atol=1e-6)


def test_rows_that_weigh_nothing_are_not_held_out(make, table):
    """A tenth of the 40 others is, whichever they are."""
    for seed in range(5):
        weight = np.zeros(120)
        weight[np.random.default_rng(seed).permutation(120)[:40]] = 2.0
        early = make(early_stopping=True, max_iter=3, random_state=seed)
        scores = np.array(early.fit(*table, sample_weight=weight).validation_scores_) * 4
        assert_allclose(scores, scores.round(), atol=1e-9)


def test_one_row_that_weighs_something_cannot_be_held_out(make, table):
    with pytest.raises(ValueError, match=r"at least 2 that have a weight, got 1 sample"):
        make(early_stopping=True).fit(*table, sample_weight=np.arange(120) == 7)


def test_validation_rows_that_are_passed_weigh_what_sample_weight_val_says(make, table):
    """`class_weight` is for training, as in HistGradientBoostingClassifier."""
    X, y = table
    fitted = make(class_weight={0: 1.0, 1: 10.0, 2: 1.0}).fit(X, y, X_val=X, y_val=y)
    expected = log_loss(y, fitted.predict_proba(X))
    assert_allclose(fitted.history_["valid_loss"][-1], expected, rtol=1e-9)


@pytest.mark.parametrize("scale", [2.0**1000, 2.0**-1000])
def test_the_size_of_weights_changes_no_bit(make, table, assert_same_fit, scale):
    """Means and products of them would overflow, or vanish."""
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 120)
    classes = {0: 1.0, 1: 3.0, 2: 0.5}
    plain = make(class_weight=classes).fit(*table, sample_weight=weight)
    scaled = make(class_weight={label: scale * w for label, w in classes.items()})
    assert_same_fit(scaled.fit(*table, sample_weight=scale * weight), plain)


@pytest.mark.parametrize(
    "dtype", ["bool", "boolean", "Int64", "Float32", "float64", "int8[pyarrow]", "double[pyarrow]"]
)
def test_series_of_any_dtype(make, table, assert_same_fit, dtype):
    weight = np.arange(120) % 3 > 0
    series = pd.Series(weight).astype(dtype)
    before = series.copy()
    fitted = make(class_weight="balanced").fit(*table, sample_weight=series)
    assert_same_fit(fitted, make(class_weight="balanced").fit(*table, sample_weight=weight * 1.0))
    pd.testing.assert_series_equal(series, before)
