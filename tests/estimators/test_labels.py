"""Labels of any type come back as they went in."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.exceptions import DataConversionWarning
from sklearn.multioutput import MultiOutputClassifier

LABELS = {
    "strings": np.array(["pear", "apple", "quince"]),
    "object strings": np.array(["pear", "apple", "quince"], dtype=object),
    "negative": np.array([-7, 3, -1]),
    "unsigned": np.array([3, 200, 7], dtype=np.uint8),
    "floats that are integers": np.array([2.0, -1.0, 5.0]),
    "far apart": np.array([10**15, -(10**15), 0]),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_arrays(make, table, labels):
    X, numbers = table
    y = labels[numbers]
    fitted = make(max_iter=60, learning_rate_init=0.02).fit(X, y)
    assert_array_equal(fitted.classes_, np.sort(labels))
    assert fitted.classes_.dtype == y.dtype
    predicted = fitted.predict(X)
    assert predicted.dtype == y.dtype
    assert (predicted == y).mean() == fitted.score(X, y) > 0.7
    assert_array_equal(fitted.classes_[fitted.predict_proba(X).argmax(axis=1)], predicted)


def test_bool(make, table):
    y = table[1] == 0
    fitted = make(max_iter=60).fit(table[0], y)
    assert fitted.classes_.tolist() == [False, True]
    assert fitted.predict(table[0]).dtype == bool
    assert fitted.score(table[0], y) > 0.7


@pytest.mark.parametrize(
    "convert",
    [
        list,
        tuple,
        pd.Series,
        lambda y: pd.Series(y, dtype="category"),
        lambda y: pd.Series(y, dtype="string"),
        lambda y: pd.Series(y, dtype=object),
        lambda y: pd.Series(y, index=np.arange(len(y))[::-1]),
        lambda y: pl.Series(y.tolist()),
    ],
    ids=["list", "tuple", "pandas", "category", "string", "object", "other index", "polars"],
)
def test_containers(make, table, assert_same_fit, convert):
    y = np.array(["b", "c", "a"])[table[1]]
    fitted = make().fit(table[0], convert(y))
    assert list(fitted.classes_) == ["a", "b", "c"]
    assert_same_fit(fitted, make().fit(table[0], y))
    assert set(fitted.predict(table[0])) <= {"a", "b", "c"}


def test_categories_without_rows_are_no_classes(make, table):
    y = pd.Series(pd.Categorical(np.array(list("abc"))[table[1]], categories=list("abcd")))
    assert list(make().fit(table[0], y).classes_) == ["a", "b", "c"]


def test_nullable_integers(make, table, assert_same_fit):
    fitted = make().fit(table[0], pd.Series(table[1], dtype="Int64"))
    assert_same_fit(fitted, make().fit(*table))


def test_column_vector_warns(make, table, assert_same_fit):
    with pytest.warns(DataConversionWarning, match="column-vector"):
        fitted = make().fit(table[0], table[1][:, None])
    assert_same_fit(fitted, make().fit(*table))


@settings(max_examples=25, deadline=None)
@given(
    labels=st.one_of(
        st.lists(st.integers(-(2**31), 2**31), min_size=2, max_size=6, unique=True),
        st.lists(
            st.text("abcdefghijkläöü é", min_size=1, max_size=6),
            min_size=2,
            max_size=6,
            unique=True,
        ),
        st.just([True, False]),
    ),
    n_features=st.integers(1, 5),
    dtype=st.sampled_from([np.float32, np.float64, np.int16, bool]),
    seed=st.integers(0, 1000),
)
def test_any_labels_and_shapes(make, labels, n_features, dtype, seed):
    rng = np.random.default_rng(seed)
    y = np.array(labels)[
        np.concatenate([np.arange(len(labels)), rng.integers(len(labels), size=9)])
    ]
    X = rng.normal(0, 3, (len(y), n_features)).astype(dtype)
    fitted = make(max_iter=2, batch_size=5, hidden_layer_sizes=(3,)).fit(X, y)
    assert fitted.classes_.tolist() == sorted(labels)
    proba = fitted.predict_proba(X)
    assert proba.shape == (len(y), len(labels))
    assert proba.dtype == (np.float32 if dtype == np.float32 else np.float64)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    assert set(fitted.predict(X).tolist()) <= set(labels)


@pytest.mark.parametrize(
    "y",
    [
        np.array([[0, 1], [1, 2], [2, 0]] * 40),
        [[0, 2], [1, 1]] * 60,
        pd.DataFrame({"a": ["x", "y"] * 60, "b": ["z", "y"] * 60}),
    ],
    ids=["numbers", "list of lists", "data frame"],
)
def test_several_classes_per_row_are_refused(make, table, y):
    with pytest.raises(
        ValueError, match=r"`y` must hold one class label per row, .* got shape \(120"
    ):
        make().fit(table[0], y)
    with pytest.raises(ValueError, match="one class label per row"):
        make().partial_fit(table[0], y, classes=[0, 1])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.linspace(0, 1, 120), r"Unknown label type: continuous"),
        (np.r_[np.nan, np.ones(119)], r"contains NaN"),
        (np.r_[np.inf, np.ones(119)], r"contains infinity"),
        (np.ones(119), r"inconsistent numbers of samples: \[120, 119\]"),
        (None, r"requires y to be passed"),
        (5, r"y should be a 1d array|[Ee]xpected"),
        (np.zeros((120, 1, 1)), r"y should be a 1d array|[Ff]ound array with dim 3"),
    ],
    ids=["continuous", "nan", "inf", "short", "none", "number", "3d"],
)
def test_no_class_labels(make, table, y, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make().fit(table[0], y)


@pytest.mark.parametrize("label", [0, "only"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_class_is_what_is_predicted(make, table, held_out, label, solver):
    y = np.array([label] * 120)
    fitted = make(solver=solver, class_weight="balanced", early_stopping=True).fit(table[0], y)
    assert fitted.classes_.tolist() == [label]
    assert (fitted.predict(held_out[0]) == label).all()
    assert_array_equal(fitted.predict_proba(held_out[0]), np.ones((len(held_out[0]), 1)))
    assert fitted.score(table[0], y) == 1 and fitted.loss_ < 0.1


def test_a_label_that_never_changes_among_several(make, table):
    Y = np.column_stack([table[1] == 0, np.ones(120), table[1] == 1])
    fitted = MultiOutputClassifier(make(max_iter=30)).fit(table[0], Y)
    assert (fitted.predict(table[0])[:, 1] == 1).all()


def test_class_of_zero_weight_stays(make, table):
    X, y = table
    fitted = make(max_iter=30).fit(X, y, sample_weight=(y != 2).astype(float))
    assert fitted.classes_.tolist() == [0, 1, 2]
    assert fitted.predict_proba(X).shape == (120, 3)
    assert 2 not in fitted.predict(X)
