"""to_onnx with ensembles, selectors and searches; what is refused, and what stays on disk."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    Normalizer,
    PowerTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVC

import sknn.io
from sknn import ColumnNormScaler, ScratchMLPEnsembleClassifier
from sknn.feature_selection import MLPFeatureSelector, RankStabilitySelector, RegularizationPath
from sknn.io import _onnx_converters
from sknn.model_selection import StackedGridSearchCV


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def run(path, X):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"X": X})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_estimators", [1, 4])
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_ensembles(make_scratch, table, path, dtype, n_estimators, activation):
    X, y = table[0].astype(dtype), np.array(["a", "b", "c"])[table[1]]
    ensemble = ScratchMLPEnsembleClassifier(make_scratch(activation=activation), n_estimators)
    model = make_pipeline(StandardScaler(), ensemble.set_params(random_state=0)).fit(X, y)
    sknn.io.to_onnx(model, path)
    labels, probabilities = run(path, X)
    atol = 1e-6 if dtype == "float32" else 1e-12
    assert_allclose(probabilities, model.predict_proba(X), atol=atol)
    assert labels.tolist() == model.predict(X).tolist()


def selector(kind, make_scratch):
    if kind is MLPFeatureSelector:
        return MLPFeatureSelector(
            make_scratch(),
            n_features_to_select=2,
            n_lambdas=3,
            epochs_per_lambda=2,
            random_state=0,
        )
    return RankStabilitySelector(make_scratch(l1=0.01), n_refits=2, random_state=0)


@pytest.mark.parametrize("kind", [MLPFeatureSelector, RankStabilitySelector])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_selectors(make_scratch, table, path, kind, dtype):
    X, y = table[0].astype(dtype), table[1]
    model = selector(kind, make_scratch).fit(X, y)
    sknn.io.to_onnx(model, path, X=X)
    assert run(path, X)[0].tolist() == X[:, model.support_].tolist()
    model = make_pipeline(StandardScaler(), model, make_scratch()).fit(X, y)
    sknn.io.to_onnx(model, path)
    assert_allclose(run(path, X)[1], model.predict_proba(X), atol=1e-6)


def test_a_selector_of_the_first_column_alone(make_scratch, table, path):
    chooser = SelectFromModel(ExtraTreesClassifier(5, random_state=0), max_features=1)
    X, y = table
    model = make_pipeline(chooser, make_scratch()).fit(X[:, [0, 1]] * [1, 0], y)
    assert model[0].get_support().tolist() == [True, False]
    sknn.io.to_onnx(model, path)
    assert_allclose(run(path, X[:, :2])[1], model.predict_proba(X[:, :2]), atol=1e-12)


@pytest.mark.parametrize("search", [GridSearchCV, StackedGridSearchCV])
def test_searches(make_scratch, table, path, search):
    X, y = table
    pipeline = make_pipeline(ColumnNormScaler(), make_scratch(max_iter=2))
    model = search(pipeline, {"scratchmlpclassifier__l2": [0.0, 0.1]}, cv=2).fit(X, y)
    sknn.io.to_onnx(model, path)
    assert_allclose(run(path, X)[1], model.predict_proba(X), atol=1e-12)


def test_a_path_is_its_best_network(make_scratch, table, path):
    X, y = table
    found = RegularizationPath(make_scratch(), n_lambdas=3, epochs_per_lambda=2, cv=2)
    found.set_params(random_state=0).fit(X, y)
    sknn.io.to_onnx(found, path)
    assert_allclose(run(path, X)[1], found.best_estimator_.predict_proba(X), atol=1e-12)


def test_other_estimators_need_rows(make_scratch, table, path):
    X, y = table
    model = make_pipeline(Normalizer(), make_scratch()).fit(X, y)
    with pytest.raises(ValueError, match=r"`X` must be rows .* for 'normalizer', Normalizer\(\)"):
        sknn.io.to_onnx(model, path)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match=r"`X` must be rows .* LogisticRegression\(\)"):
        sknn.io.to_onnx(model, path)
    sknn.io.to_onnx(model, path, X=X)
    assert_allclose(run(path, X)[1], model.predict_proba(X), atol=1e-6)


def test_single_precision_where_double_does_not_run(make_scratch, table, path):
    X, y = table
    model = make_pipeline(PowerTransformer(), make_scratch()).fit(X, y)
    with pytest.warns(UserWarning, match="into the model in single precision") as caught:
        sknn.io.to_onnx(model, path, X=X)
    assert [warning.filename for warning in caught] == [__file__]
    assert_allclose(run(path, X.astype(np.float32))[1], model.predict_proba(X), atol=1e-5)


def test_skl2onnx_converts_by_itself_once_it_knows_sknn():
    """In a process of its own, in which to_onnx has not run."""
    code = (
        "import numpy as np, skl2onnx, sknn.io\n"
        "from sknn import ScratchMLPClassifier, ScratchMLPRegressor\n"
        "from sknn.model_selection import StackedGridSearchCV\n"
        "X = np.random.default_rng(0).normal(size=(20, 2)); y = X[:, 0] > 0\n"
        "net = ScratchMLPClassifier((3,), max_iter=2, n_iter_no_change=np.inf)\n"
        "sknn.io.register_onnx_converters()\n"
        "for model in (net, StackedGridSearchCV(net, {'l2': [0.1]}, cv=2)):\n"
        "    options = {'zipmap': False}\n"
        "    graph = skl2onnx.to_onnx(model.fit(X, y), X, options=options).graph\n"
        "    print([output.name for output in graph.output])\n"
        "graph = skl2onnx.to_onnx(net.fit(X, X > 0), X, options=options).graph\n"
        "print([output.name for output in graph.output])\n"
        "net = ScratchMLPRegressor((3,), loss='gaussian', max_iter=2, n_iter_no_change=np.inf)\n"
        "for model in (net, StackedGridSearchCV(net, {'loss': ['huber']}, cv=2)):\n"
        "    graph = skl2onnx.to_onnx(model.fit(X, X[:, 0]), X).graph\n"
        "    print([output.name for output in graph.output])\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines() == [
        *["['label', 'probabilities']"] * 3,
        "['variable', 'std']",
        "['variable']",
    ]


# ---------------------------------------------------------------------------------------
# what is refused


def test_a_model_that_predicts_something_else_is_not_left_behind(
    make_scratch, table, path, monkeypatch
):
    """A wrong converter, in place of one that a later version of a library makes wrong."""
    X, y = table
    model = make_pipeline(ColumnNormScaler(), make_scratch()).fit(X, y)
    path.write_bytes(b"former")
    right = _onnx_converters.OnnxDiv
    monkeypatch.setattr(
        _onnx_converters, "OnnxDiv", lambda x, norms, **opset: right(x, 2 * norms, **opset)
    )
    for options in ({}, {"X": X}):
        with pytest.raises(
            ValueError,
            match=r"(?s)differ from its own.* step that fails is 'columnnormscaler'",
        ):
            sknn.io.to_onnx(model, path, **options)
    assert path.read_bytes() == b"former"
    assert [file.name for file in path.parent.iterdir()] == ["model.onnx"]
    sknn.io.to_onnx(model, path, tolerance=1.0)
    assert path.read_bytes() != b"former"


class Squares(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X**2


@pytest.mark.parametrize(
    ("transformer", "name"),
    [
        (Squares(), "Squares"),
        (SplineTransformer(), "SplineTransformer"),
        (KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf"), "KBinsDiscretizer"),
        (FunctionTransformer(np.exp), "FunctionTransformer"),
        (make_pipeline(StandardScaler(), Squares()), "'squares', Squares"),
    ],
    ids=str,
)
def test_a_transformer_without_a_converter_is_named(make_scratch, table, path, transformer, name):
    model = make_pipeline(transformer, make_scratch()).fit(*table)
    with pytest.raises(ValueError, match=f"(?s)`estimator` cannot be converted to ONNX.*{name}"):
        sknn.io.to_onnx(model, path, X=table[0])
    assert not path.exists()


def test_what_is_no_classifier_of_one_target(make_scratch, table, path):
    X, y = table
    for model in (LinearSVC(), MultiOutputClassifier(make_scratch(max_iter=1))):
        model.fit(X, y if isinstance(model, LinearSVC) else np.column_stack([y, y]))
        with pytest.raises(ValueError, match="`estimator` must"):
            sknn.io.to_onnx(model, path, X=X)
    for model in (
        GridSearchCV(make_scratch(max_iter=1), {"l2": [0.1]}, cv=2, refit=False),
        RegularizationPath(make_scratch(), n_lambdas=2, epochs_per_lambda=1, selection=None),
    ):
        with pytest.raises(ValueError, match="`estimator` must have a `best_estimator_`"):
            sknn.io.to_onnx(model.fit(X, y), path)


@pytest.mark.parametrize("tolerance", [-1, np.nan, "small", None])
def test_tolerance(make_scratch, table, path, tolerance):
    with pytest.raises(ValueError, match="`tolerance` must be a number ≥ 0, got"):
        sknn.io.to_onnx(make_scratch().fit(*table), path, tolerance=tolerance)


@pytest.mark.parametrize("X", [np.empty((0, 5)), np.ones(5), np.ones((2, 3)), [["a"] * 5]], ids=str)
def test_rows_that_do_not_fit(make_scratch, table, path, X):
    with pytest.raises(ValueError, match=r"`X` must be|features|could not convert string"):
        sknn.io.to_onnx(make_scratch().fit(*table), path, X=X)
    assert not path.exists()


def test_rows_of_every_kind(make_scratch, table, path):
    from scipy.sparse import csr_array

    X, y = table
    model = make_scratch().fit(X, y)
    for rows in (X.tolist(), csr_array(X), pd.DataFrame(X)):
        sknn.io.to_onnx(model, path, X=rows)
        assert_allclose(run(path, X)[1], model.predict_proba(X), atol=1e-12)
