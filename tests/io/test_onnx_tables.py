"""to_onnx with tables: missing values, text, categories that are rare, new or not text at all."""

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

import sknn.io
from sknn.io import _onnx_transformers
from sknn.preprocessing import choose_columns, make_table_transformer

TYPES = {"tensor(double)": np.float64, "tensor(float)": np.float32}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "petal length (cm)": rng.normal(5, 2, 80),
            "income": rng.lognormal(10, 1, 80),
            "town": rng.choice(["Bern", "Zürich", "Basel"], 80),
            "street": rng.choice([f"street {i}" for i in range(40)], 80),
            "rooms": rng.integers(1, 6, 80),
            "lift": rng.random(80) < 0.5,
        }
    )
    rows["label"] = rng.choice(["x", "y"], 80)
    for name in ("income", "town"):
        rows.loc[rng.random(80) < 0.2, name] = None
    rows["view"] = rows["town"].astype(object).where(rows["town"].notna(), None)
    rows["balcony"] = rows["lift"].astype(object).where(rng.random(80) < 0.8, None)
    return rows


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(2).integers(0, 2, 80)


def predict(path, frame):
    """What onnxruntime makes of a frame, by the types that the file itself declares."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {}
    for given in session.get_inputs():
        values = frame[given.name].astype(object)
        if given.type == "tensor(string)":
            cells = ["" if pd.isna(value) else value for value in values]
            inputs[given.name] = np.array(cells, dtype=object)[:, None]
        else:
            cells = [np.nan if pd.isna(value) else float(value) for value in values]
            inputs[given.name] = np.array(cells, dtype=TYPES[given.type])[:, None]
    return session.run(None, inputs)


@pytest.mark.parametrize("scale", ["standard", "l2"])
@pytest.mark.parametrize("max_categories", [3, 30])
@pytest.mark.parametrize("has_rows", [False, True])
def test_tables_predict_the_same(make_scratch, frame, y, path, scale, max_categories, has_rows):
    columns = choose_columns(frame, keep=list(frame))
    transformer = make_table_transformer(columns, scale=scale, max_categories=max_categories)
    pipeline = make_pipeline(transformer, make_scratch()).fit(frame, y)
    sknn.io.to_onnx(pipeline, path, X=frame if has_rows else None)
    rows = frame.copy()
    rows.loc[:9, "town"] = "Genf"
    rows.loc[10:19, "street"] = None
    rows.loc[5:14, "view"] = None
    rows.loc[20:29, "rooms"] = np.nan
    labels, probabilities = predict(path, rows)
    assert_allclose(probabilities, pipeline.predict_proba(rows), atol=1e-12)
    assert labels.tolist() == pipeline.predict(rows).tolist()


def test_missing_text_of_every_kind(make_scratch, frame, y, path):
    """The empty string, and what onnxruntime makes of Python's missing values."""
    columns = choose_columns(frame[["town"]])
    pipeline = make_pipeline(make_table_transformer(columns), make_scratch()).fit(frame, y)
    sknn.io.to_onnx(pipeline, path)
    session = onnxruntime.InferenceSession(path)
    missing = np.array([[""], [None], [np.nan], [pd.NA]], dtype=object)
    _, probabilities = session.run(None, {"town": missing})
    expected = pipeline.predict_proba(pd.DataFrame({"town": [np.nan] * 4}, dtype=object))
    assert_allclose(probabilities, expected, atol=1e-12)


def test_columns_that_are_not_used_are_no_inputs(make_scratch, frame, y, path):
    columns = choose_columns(frame[["income", "town"]])
    pipeline = make_pipeline(make_table_transformer(columns), make_scratch()).fit(frame, y)
    when = frame.assign(when=pd.Timestamp("2024-01-01"))
    sknn.io.to_onnx(pipeline, path, X=when)
    names = [given.name for given in onnxruntime.InferenceSession(path).get_inputs()]
    assert names == ["income", "town"]


# ---------------------------------------------------------------------------------------
# transformers by themselves, against scikit-learn's own columns


def transformed(transformer, path, X, **options):
    sknn.io.to_onnx(transformer, path, X=X, **options)
    session = onnxruntime.InferenceSession(path)
    (given,) = session.get_inputs()
    dtype = TYPES.get(given.type, object)
    (found,) = session.run(None, {given.name: X.astype(dtype)})
    expected = transformer.transform(X)
    return found, expected.toarray() if hasattr(expected, "toarray") else expected


NUMBERS = np.array([[1.0, 7, np.nan], [2, np.nan, np.nan], [4, 9, np.nan], [2, 7, np.nan]])
TEXTS = np.array([["a", "u"], ["b", "v"], ["a", "w"], ["c", "u"], ["b", "u"]], dtype=object)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "transformer",
    [
        SimpleImputer(),
        SimpleImputer(add_indicator=True),
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        SimpleImputer(strategy="constant", fill_value=-1),
        SimpleImputer(missing_values=7.0),
        SimpleImputer(strategy="most_frequent"),
        MissingIndicator(),
        MissingIndicator(features="all"),
        StandardScaler(),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        PolynomialFeatures(3),
        PolynomialFeatures((2, 3), include_bias=False),
        PolynomialFeatures(2, interaction_only=True),
        OneHotEncoder(),
        OneHotEncoder(drop="first"),
        OneHotEncoder(drop="if_binary", min_frequency=2, handle_unknown="infrequent_if_exist"),
    ],
    ids=str,
)
def test_transformers_of_numbers(path, transformer, dtype):
    X = NUMBERS.astype(dtype)
    if isinstance(transformer, PolynomialFeatures):
        X = np.nan_to_num(X)
    if isinstance(transformer, SimpleImputer) and transformer.missing_values == 7:
        X = np.nan_to_num(X)
    if isinstance(transformer, StandardScaler):
        X = X[:, :2]
    transformer = clone(transformer).fit(X)
    assert_allclose(*transformed(transformer, path, X), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    "transformer",
    [
        OneHotEncoder(),
        OneHotEncoder(drop=["b", "u"]),
        OneHotEncoder(max_categories=2, handle_unknown="infrequent_if_exist"),
        OneHotEncoder(max_categories=2, drop="first", handle_unknown="infrequent_if_exist"),
        OneHotEncoder(min_frequency=2, handle_unknown="warn", dtype=np.float32),
        OneHotEncoder(handle_unknown="ignore", dtype=int),
        make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
        make_pipeline(SimpleImputer(strategy="constant", fill_value="none"), OneHotEncoder()),
    ],
    ids=str,
)
@pytest.mark.parametrize("has_missing", [False, True])
@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_transformers_of_text(path, transformer, has_missing):
    X = TEXTS.copy()
    if has_missing:
        X[1, 1] = X[2, 1] = np.nan
    transformer = clone(transformer).fit(X)
    found, expected = transformed(transformer, path, X)
    assert found.tolist() == expected.tolist()


def test_an_unknown_category_that_is_refused_has_no_probabilities(make_scratch, path):
    y = [0, 1, 0, 1, 0]
    pipeline = make_pipeline(OneHotEncoder(sparse_output=False), make_scratch(batch_size=5)).fit(
        TEXTS, y
    )
    sknn.io.to_onnx(pipeline, path, X=TEXTS)
    rows = np.array([["a", "u"], ["never", "u"]], dtype=object)
    _, probabilities = onnxruntime.InferenceSession(path).run(None, {"X": rows})
    assert_allclose(probabilities[:1], pipeline.predict_proba(rows[:1]), atol=1e-12)
    assert np.isnan(probabilities[1]).all()


def test_a_missing_number_that_is_refused_has_no_probabilities(make, table, path):
    for activation in ("relu", "tanh"):
        sknn.io.to_onnx(make(activation=activation).fit(*table), path)
        _, probabilities = onnxruntime.InferenceSession(path).run(
            None, {"X": np.full((1, 5), np.nan)}
        )
        assert np.isnan(probabilities).all()


# ---------------------------------------------------------------------------------------
# inputs


def test_types_that_the_caller_chooses(make_scratch, frame, y, path):
    columns = choose_columns(frame[["income", "town"]])
    pipeline = make_pipeline(make_table_transformer(columns), make_scratch()).fit(frame, y)
    types = [("income", FloatTensorType([None, 1])), ("town", StringTensorType([None, 1]))]
    sknn.io.to_onnx(pipeline, path, X=frame, initial_types=types)
    rows = frame.assign(income=frame["income"].astype(np.float32).astype(float))
    assert_allclose(predict(path, rows)[1], pipeline.predict_proba(rows), atol=1e-6)


def test_text_where_numbers_are_declared(make_scratch, frame, y, path):
    columns = choose_columns(frame[["income", "town"]])
    pipeline = make_pipeline(make_table_transformer(columns), make_scratch()).fit(frame, y)
    types = [("income", DoubleTensorType([None, 1])), ("town", DoubleTensorType([None, 1]))]
    with pytest.raises(ValueError, match=r"`initial_types` must have text for column 'town'"):
        sknn.io.to_onnx(pipeline, path, X=frame, initial_types=types)
    assert not path.exists()


def test_dates_are_refused_by_name(make_scratch, path):
    frame = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=20), "a": np.arange(20.0)})
    columns = ColumnTransformer(
        [("d", OneHotEncoder(handle_unknown="ignore"), ["when"]), ("a", "passthrough", ["a"])]
    )
    pipeline = make_pipeline(columns, make_scratch()).fit(frame, [0, 1] * 10)
    with pytest.raises(ValueError, match="column 'when' holds"):
        sknn.io.to_onnx(pipeline, path, X=frame)


@pytest.mark.parametrize(
    "columns", [[2, 0], [-1, -3], slice(1, None), [True, False, True], 0], ids=str
)
def test_columns_that_are_picked_by_place(make_scratch, path, columns):
    X = np.random.default_rng(0).normal(size=(40, 3))
    parts = [("a", StandardScaler(), [1]), ("b", PolynomialFeatures(), np.atleast_1d(columns))]
    if isinstance(columns, slice):
        parts[1] = (*parts[1][:2], columns)
    pipeline = make_pipeline(ColumnTransformer(parts), make_scratch()).fit(X, X[:, 0] > 0)
    sknn.io.to_onnx(pipeline, path)
    _, probabilities = onnxruntime.InferenceSession(path).run(None, {"X": X})
    assert_allclose(probabilities, pipeline.predict_proba(X), atol=1e-12)


def test_columns_that_are_picked_by_a_slice_of_names(make_scratch, frame, y, path):
    numbers = frame[["petal length (cm)", "rooms", "lift"]].astype(float)
    parts = [("a", StandardScaler(), slice("rooms", "lift"))]
    pipeline = make_pipeline(ColumnTransformer(parts), make_scratch()).fit(numbers, y)
    sknn.io.to_onnx(pipeline, path)
    assert_allclose(predict(path, numbers)[1], pipeline.predict_proba(numbers), atol=1e-12)


def test_each_column_is_tried_with_what_it_accepts(make_scratch, frame, y, path, monkeypatch):
    """A column that refuses missing values does not keep them from the one that fills them in."""
    parts = [
        ("fills", make_pipeline(SimpleImputer(), StandardScaler()), ["income"]),
        ("refuses", OneHotEncoder(), ["label"]),
        ("ignores", OneHotEncoder(handle_unknown="ignore"), ["town"]),
    ]
    pipeline = make_pipeline(ColumnTransformer(parts), make_scratch()).fit(frame, y)
    sknn.io.to_onnx(pipeline, path)
    rows = frame.assign(town="Genf")
    assert_allclose(predict(path, rows)[1], pipeline.predict_proba(rows), atol=1e-12)
    right = _onnx_transformers.OnnxWhere
    monkeypatch.setattr(
        _onnx_transformers, "OnnxWhere", lambda c, a, b, **opset: right(c, a + 1e5, b, **opset)
    )
    with pytest.raises(ValueError, match="first step that fails is 'fills'"):
        sknn.io.to_onnx(pipeline, path)


def test_frames_of_other_kinds(make_scratch, frame, y, path):
    polars = pytest.importorskip("polars")
    some = frame[["income", "town"]]
    pipeline = make_pipeline(make_table_transformer(choose_columns(some)), make_scratch())
    pipeline.fit(some, y)
    rows = polars.DataFrame(some.astype(object).where(some.notna(), None).to_dict("list"))
    for X in (rows, some.astype({"town": "category"}), some.astype({"income": "Float64"})):
        sknn.io.to_onnx(pipeline, path, X=X)
        assert_allclose(predict(path, some)[1], pipeline.predict_proba(some), atol=1e-12)


def test_a_column_without_values_among_the_rows(make_scratch, frame, y, path):
    """Its type is what the fit has seen."""
    some = frame[["income", "town"]]
    pipeline = make_pipeline(make_table_transformer(choose_columns(some)), make_scratch())
    rows = some.assign(town=pd.Series([np.nan] * len(some), dtype=object))
    sknn.io.to_onnx(pipeline.fit(some, y), path, X=rows)
    assert_allclose(predict(path, some)[1], pipeline.predict_proba(some), atol=1e-12)


@pytest.mark.parametrize("second", [None, ""])
def test_missing_text_that_cannot_be_told_apart(make_scratch, path, second):
    X = np.array([["a"], [np.nan], [second], ["b"]] * 5, dtype=object)
    pipeline = make_pipeline(OneHotEncoder(), make_scratch()).fit(X, [0, 1, 0, 1] * 5)
    with pytest.raises(ValueError, match=r"`estimator` cannot be converted.*missing.*'onehotenc"):
        sknn.io.to_onnx(pipeline, path)
    assert not path.exists()


def test_types_of_another_number_of_columns(make_scratch, table, path):
    model = make_scratch().fit(*table)
    for X in (None, table[0]):
        with pytest.raises(ValueError, match="`initial_types` must have as many columns"):
            sknn.io.to_onnx(model, path, X=X, initial_types=[("X", FloatTensorType([None, 3]))])
    with pytest.raises(ValueError, match="`initial_types` must be a list"):
        sknn.io.to_onnx(model, path, initial_types=[("X", FloatTensorType([None, 0]))])
