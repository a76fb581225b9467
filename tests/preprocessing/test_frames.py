"""One table as frames of several libraries: the same numbers, or an error that names the fault."""

import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn.inspection import (
    CorrelationDisplay,
    FeatureDistributionDisplay,
    FeatureHistogramDisplay,
)
from sknn.preprocessing import (
    ColumnNormScaler,
    PiecewiseLinearEncoder,
    PlainFrame,
    RobustSmoothScaler,
    choose_columns,
    make_table_transformer,
)
from sknn.report import Report

pl = pytest.importorskip("polars", reason="these tests need polars")
pa = pytest.importorskip("pyarrow", reason="these tests need pyarrow")

N = 40
RNG = np.random.default_rng(0)
ABSENT = np.arange(N) % 7 == 3
Y = np.where(RNG.random(N) < 0.5, "yes", "no")
TABLE = pd.DataFrame(
    {
        "size": np.where(ABSENT, np.nan, RNG.normal(size=N)),
        "count": RNG.integers(0, 5, N),
        "site": pd.Series(RNG.choice(["u", "v"], N), dtype=object).where(~ABSENT, None),
    }
)
KINDS = {
    "nullable": TABLE.convert_dtypes,
    "pyarrow": lambda: TABLE.convert_dtypes(dtype_backend="pyarrow"),
    "category": lambda: TABLE.astype({"site": "category"}),
    "dictionary": lambda: TABLE.convert_dtypes(dtype_backend="pyarrow").astype(
        {"site": pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))}
    ),
    "sparse": lambda: TABLE.astype({"count": pd.SparseDtype(np.int64, 0)}),
    "polars": lambda: pl.from_pandas(TABLE),
    "polars categorical": lambda: pl.from_pandas(TABLE).cast({"site": pl.Categorical}),
    "arrow table": lambda: pa.Table.from_pandas(TABLE),
    "arrow categories": lambda: pa.Table.from_pandas(TABLE.astype({"site": "category"})),
}
COLUMNS = ["size", "count"]
EVERY = pytest.mark.parametrize("kind", KINDS)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)


@parametrize_with_checks([PlainFrame()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@EVERY
def test_the_same_matrix_of_every_kind(kind):
    frame = KINDS[kind]()
    columns = choose_columns(frame)
    assert columns == choose_columns(TABLE)
    expected = make_table_transformer(columns).fit(TABLE)
    assert_array_equal(expected.transform(frame), expected.transform(TABLE))
    found = make_table_transformer(columns).fit(frame)
    assert_array_equal(found.transform(TABLE), expected.transform(TABLE))
    assert_array_equal(found.get_feature_names_out(), expected.get_feature_names_out())


@EVERY
def test_the_same_report_without_a_warning(kind):
    def report(frame):
        model = make_pipeline(make_table_transformer(choose_columns(TABLE)), TREE).fit(frame, Y)
        made = Report.from_estimator(model, frame, Y, X_train=frame, y_train=Y, n_repeats=2)
        return made.to_dict() | {"text": made.to_markdown()}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert report(KINDS[kind]()) == report(TABLE)


def test_a_pipeline_that_needs_polars_is_reported_on():
    def double(frame):
        return frame.select(pl.col("size").fill_null(0) * 2, pl.col("count"))

    model = make_pipeline(FunctionTransformer(double), TREE)
    frame = pl.from_pandas(TABLE)
    importance = Report.from_estimator(model.fit(frame, Y), frame, Y).to_dict()["importance"]
    # It never looks at this column.
    assert importance["site"] == {"accuracy_drop": 0.0, "log_loss_rise": 0.0}
    assert importance["size"]["log_loss_rise"] > 0


@EVERY
def test_displays_of_every_kind(kind):
    frame = KINDS[kind]()
    numbers = frame.drop(columns="site") if hasattr(frame, "iloc") else frame.select(COLUMNS)
    for draw in (
        FeatureHistogramDisplay.from_data,
        CorrelationDisplay.from_data,
        lambda X: FeatureDistributionDisplay.from_data(X, Y),
    ):
        assert draw(numbers).feature_names == COLUMNS
    expected = ColumnNormScaler().fit(TABLE[COLUMNS])
    scaler = ColumnNormScaler().fit(numbers)
    assert_array_equal(scaler.norms_, expected.norms_)
    assert_array_equal(scaler.feature_names_in_, expected.feature_names_in_)
    with pytest.raises(ValueError, match="column 'site' is of type"):
        FeatureHistogramDisplay.from_data(frame)


def test_decimals_are_numbers():
    values = [None if absent else Decimal(k) / 4 for k, absent in enumerate(ABSENT)]
    frame = pd.DataFrame({"price": pd.array(values, dtype=pd.ArrowDtype(pa.decimal128(10, 2)))})
    plain = PlainFrame().fit_transform(frame)["price"]
    assert_array_equal(plain, np.where(ABSENT, np.nan, np.arange(N) / 4))


def test_what_is_plain_is_not_touched():
    frame = TABLE.assign(day=pd.Timestamp("2020-01-01"), site=TABLE["site"].astype("category"))
    assert PlainFrame().fit_transform(frame) is frame


def with_names(*names):
    return TABLE.set_axis(list(names), axis=1)


LEVELS = pd.MultiIndex.from_tuples([("x", "a"), ("x", "b"), ("y", "c")])


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            with_names("a", "b", "a"),
            "must have columns of different names, got 'a' for columns 1, 3",
        ),
        (
            TABLE.set_axis(LEVELS, axis=1),
            "must have one level of column names, got 2",
        ),
        (with_names("a", 1, "c"), "must have column names that are strings, got 1"),
        # scikit-learn would take these for places of columns, and read others.
        (with_names(2, 1, 0), "must have column names that are strings, got 2"),
        (pl.from_pandas(TABLE).lazy(), r"a table in memory, got a LazyFrame .* `collect\(\)`"),
        (
            TABLE.assign(x=[[k] for k in range(N)]),
            "column 'x' must hold .* holds lists or the like",
        ),
        (TABLE.assign(x=1j), "column 'x' must hold .* of type complex128"),
        (TABLE.assign(x=pd.Timedelta(1, "D")), "column 'x' must hold .* of type timedelta64"),
        (
            TABLE.assign(x=pd.period_range("2020-01", periods=N, freq="M")),
            r"column 'x' must hold .* of type period\[M\]",
        ),
    ],
)
def test_what_cannot_be_read_is_named(frame, words):
    with pytest.raises(ValueError, match=words):
        choose_columns(frame)


def test_numbers_as_names_that_are_places():
    columns = choose_columns(with_names(0, 1, 2))
    assert (columns.numbers, columns.categories) == ([0, 1], [2])


@pytest.mark.parametrize("frame", [with_names("a", "b", "a"), pl.from_pandas(TABLE).lazy()])
def test_displays_and_scalers_name_it_too(frame):
    for take in (FeatureHistogramDisplay.from_data, ColumnNormScaler().fit):
        with pytest.raises(ValueError, match="`X` must "):
            take(frame)


LARGE = np.where(RNG.random((N, 1)) < 0.5, 1.7e308, -1.7e308)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (
            LARGE,
            "the l2 norm|the largest float64, which column 0 passes"
            "|whose squares are numbers, below 1e.150, and column 'x0'",
        ),
        (LARGE + np.inf, "contains infinity"),
        (LARGE.astype(np.longdouble) * 10, "contains infinity"),
        (np.array([[10**400], [1]], dtype=object), "numbers that a float64 can hold"),
    ],
    ids=["large", "infinite", "long", "python"],
)
@pytest.mark.parametrize(
    "take",
    [
        ColumnNormScaler().fit,
        PiecewiseLinearEncoder().fit,
        RobustSmoothScaler().fit,
        FeatureHistogramDisplay.from_data,
        CorrelationDisplay.from_data,
        lambda X: FeatureDistributionDisplay.from_data(X, Y[: len(X)]),
    ],
    ids=["scaler", "encoder", "robust", "histogram", "correlation", "distribution"],
)
def test_numbers_that_are_too_large_are_an_error_without_a_warning(take, X, words):
    """Warnings are errors here, and none of them a ValueError."""
    with pytest.raises(ValueError, match=words):
        take(X)


def test_a_report_on_the_largest_numbers():
    model = DummyClassifier().fit(LARGE, Y)
    assert "1.7e+308" in Report.from_estimator(model, LARGE, Y, n_repeats=0).to_html()
