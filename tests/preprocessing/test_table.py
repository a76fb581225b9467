"""Columns told apart, and made a matrix, against values worked out by hand and by pandas."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sknn.preprocessing import TableColumns, choose_columns, make_table_transformer


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 60
    frame = pd.DataFrame(
        {
            "size": rng.normal(3, 2, n),
            "weight": rng.normal(50, 9, n),
            "site": rng.choice(["a", "b", "c"], n),
        }
    )
    frame.loc[::7, "weight"] = np.nan
    frame.loc[::11, "site"] = np.nan
    return frame


def test_numbers_and_categories(frame):
    assert choose_columns(frame) == TableColumns(["size", "weight"], ["site"], {})
    assert choose_columns(frame).used == ["size", "weight", "site"]


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("x", [np.nan] * 20, "has no values"),
        ("x", [4] * 20, "has the same value in every row"),
        ("x", ["same"] * 20, "has the same value in every row"),
        ("x", pd.date_range("2020-01-01", periods=20), "holds dates"),
        ("x", [f"2024-12-{k:02d}" for k in range(1, 21)], "holds dates"),
        ("x", [f"{1 + k % 5}.3.2024 10:30" for k in range(20)], "holds dates"),
        ("x", [None, *[f"{k}/12/24" for k in range(1, 20)]], "holds dates"),
        ("x", [f"word {k}" for k in range(20)], "is text that differs in nearly every row"),
        ("x", range(20), "numbers the rows"),
        ("x", list(range(100, 80, -1)), "numbers the rows"),
        ("x", np.random.default_rng(0).permutation(20), "numbers the rows"),
        ("Kunden-ID", np.arange(20) ** 2, "has another whole number in each row"),
        ("row_no", np.arange(20) ** 2, "has another whole number in each row"),
    ],
)
def test_what_says_nothing_is_left_out_unless_it_is_to_be_kept(frame, name, values, reason):
    short = frame[:20].assign(**{name: values})
    assert choose_columns(short).left_out[name].startswith(reason)
    assert name not in choose_columns(short).used
    assert name in choose_columns(short, categories=[name]).categories
    assert name in choose_columns(short, keep=[name]).used


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", np.arange(20) ** 2),  # all different, and of no such name
        ("paid", np.arange(20) ** 2),
        ("id", np.arange(20) % 7),
        ("id", np.arange(20) + 0.5),
        ("x", [None, *[5] * 19]),  # whether it is there says something
        ("x", ["a", "b"] * 10),
        ("x", ["1/2", "3-4"] * 10),  # neither dates
        ("x", [f"{k % 12}{'ab'[k % 2]}" for k in range(20)]),  # nor numbers
    ],
)
def test_what_may_say_something_is_kept(frame, name, values):
    assert name in choose_columns(frame[:20].assign(**{name: values})).used


@pytest.mark.parametrize("comma", [False, True])
def test_text_among_numbers_is_refused_by_row(frame, comma):
    values = [str(k + 0.5) for k in range(60)]
    values[17] = values[40] = "n. d."
    if comma:
        values = [value.replace(".5", ",5") for value in values]
    with pytest.raises(ValueError, match=r"'x' holds numbers, and the text 'n. d.' in 2 rows .*18"):
        choose_columns(frame.assign(x=values))
    assert "x" in choose_columns(frame.assign(x=values), categories=["x"]).categories


def test_numbers_as_text_and_infinite_numbers_are_refused(frame):
    with pytest.raises(ValueError, match="'x' holds numbers as text"):
        choose_columns(frame.assign(x=[str(k / 4) for k in range(60)]))
    for form in ("{},123.5", "{}.123,5", "{} 123", "{}\u202f123 €", "$ {}'000", "{} %", "-{}.5%"):
        with pytest.raises(ValueError, match="'x' holds numbers as text, such as"):
            choose_columns(frame.assign(x=[form.format(k) for k in range(60)]))
    frame.loc[3, "size"] = np.inf
    with pytest.raises(ValueError, match=r"'size' must hold finite numbers, .* in row 4"):
        choose_columns(frame)


def test_names_that_are_not_there_and_nothing_left(frame):
    for option in ("categories", "keep"):
        with pytest.raises(ValueError, match=f"`{option}` must be columns of the table, got 'no'"):
            choose_columns(frame, **{option: ["no"]})
    with pytest.raises(ValueError, match="no column to learn from: 'x' has the same value"):
        choose_columns(pd.DataFrame({"x": [1, 1, 1]}))


def test_the_matrix_by_hand(frame):
    transformer = make_table_transformer(choose_columns(frame))
    matrix = transformer.fit_transform(frame)
    weight = frame["weight"].fillna(frame["weight"].median())
    names = list(transformer.get_feature_names_out())
    assert_allclose(
        matrix[:, names.index("numbers__weight")],
        (weight - weight.mean()) / weight.std(ddof=0),
    )
    missing = matrix[:, names.index("numbers__missingindicator_weight")]
    assert set(missing[frame["weight"].isna()]) == {missing.max()}
    dummies = pd.get_dummies(frame["site"], dummy_na=True).to_numpy(float)
    np.testing.assert_array_equal(matrix[:, -4:], dummies)


def test_columns_divided_by_their_norms(frame):
    matrix = make_table_transformer(choose_columns(frame), scale="l2").fit_transform(frame)
    assert_allclose(np.linalg.norm(matrix, axis=0), 1)


def test_columns_scaled_by_their_quartiles(frame):
    transformer = make_table_transformer(choose_columns(frame), scale="robust")
    matrix = transformer.fit_transform(frame)
    names = list(transformer.get_feature_names_out())
    numbers = matrix[:, [name.startswith("numbers") for name in names]]
    assert np.abs(numbers).max() < 3
    size = frame["size"].fillna(frame["size"].median())
    assert_allclose(matrix[size == size.median(), names.index("numbers__size")], 0, atol=1e-12)
    assert set(np.unique(matrix[:, -4:])) == {0, 1}


def test_new_rows_may_be_strange(frame):
    columns = choose_columns(frame)
    model = make_pipeline(make_table_transformer(columns), LogisticRegression())
    model.fit(frame[columns.used], frame["size"] > 3)
    new = frame[columns.used].copy()
    new["site"] = "unheard of"
    new["size"] = np.nan  # never missing in training
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(model.predict_proba(new)).all()


def test_rare_categories_share_a_column(frame):
    many = frame.assign(site=[f"s{k % 25}" for k in range(60)])
    columns = choose_columns(many[["site"]])
    matrix = make_table_transformer(columns, max_categories=10).fit_transform(many)
    assert matrix.shape == (60, 10)
    assert (matrix.sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    "options", [{"scale": "minmax"}, {"max_categories": 1}, {"columns": ["size"]}]
)
def test_invalid_parameters(frame, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        make_table_transformer(**{"columns": choose_columns(frame), **options})
