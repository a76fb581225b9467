"""load_producers against scikit-learn's own wine data and the counts of the document."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from sknn.datasets import load_producers


def test_it_is_the_wine_data_with_producers_for_classes():
    producers, wine = load_producers(), load_wine()
    assert isinstance(producers, Bunch)
    assert_array_equal(producers.data, wine.data)
    assert producers.data.shape == (178, 13)
    assert producers.data.dtype == np.float64
    assert_array_equal(producers.target, wine.target + 1)
    assert np.issubdtype(producers.target.dtype, np.integer)
    assert_array_equal(np.unique(producers.target), [1, 2, 3])
    assert producers.frame is None


def test_readable_names_in_the_order_of_the_columns():
    def letters(name):
        return name.lower().replace("_", " ").replace("alcalinity", "alkalinity")

    producers, wine = load_producers(), load_wine()
    assert [letters(name) for name in producers.feature_names] == [
        letters(name) for name in wine.feature_names
    ]
    assert not any("_" in name for name in producers.feature_names)
    assert producers.target_names == ["producer 1", "producer 2", "producer 3"]


def test_the_split_of_the_document():
    X, y = load_producers(return_X_y=True)
    _, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
    assert (len(y_train), len(X_test)) == (133, 45)
    assert_array_equal(np.unique(y_test, return_counts=True), [[1, 2, 3], [16, 21, 8]])


def test_as_frame():
    arrays, frames = load_producers(), load_producers(as_frame=True)
    assert isinstance(frames.data, pd.DataFrame)
    assert isinstance(frames.target, pd.Series)
    assert frames.target.name == "producer"
    assert list(frames.data.columns) == frames.feature_names
    assert list(frames.frame.columns) == [*frames.feature_names, "producer"]
    assert_array_equal(frames.data, arrays.data)
    assert_array_equal(frames.target, arrays.target)


@pytest.mark.parametrize("as_frame", [False, True])
def test_return_X_y(as_frame):
    bunch = load_producers(as_frame=as_frame)
    X, y = load_producers(return_X_y=True, as_frame=as_frame)
    assert type(X) is type(bunch.data)
    assert_array_equal(X, bunch.data)
    assert_array_equal(y, bunch.target)


def test_each_call_returns_its_own_table():
    first = load_producers()
    first.data[:] = 0.0
    first.target[:] = 0
    first.feature_names.clear()
    again = load_producers()
    assert again.data.all()
    assert again.target.all()
    assert len(again.feature_names) == 13


def test_the_description_states_what_the_table_holds():
    producers = load_producers()
    for number in (*producers.data.shape, *np.bincount(producers.target)[1:]):
        assert str(number) in producers.DESCR


@pytest.mark.parametrize("name", ["return_X_y", "as_frame"])
def test_arguments_that_are_no_bool(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of load_producers"):
        load_producers(**{name: "yes"})
