"""Pipelines of scikit-learn's transformers, and what of other people's is let in."""

import threading

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import Birch
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import sknn.io
from sknn import (
    ColumnNormScaler,
    PiecewiseLinearEncoder,
    RobustSmoothScaler,
    ScratchMLPClassifier,
    TorchMLPClassifier,
)


class Doubling(TransformerMixin, BaseEstimator):
    """A transformer that somebody wrote."""

    def __init__(self, factor=2.0):
        self.factor = factor

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return self.factor * X


class Locked(Doubling):
    """One that nothing can write."""

    def fit(self, X, y=None):
        self.lock_ = threading.Lock()
        return super().fit(X)


class DerivedPipeline(Pipeline):
    pass


DOUBLING = f"{Doubling.__module__}.Doubling"

STEPS = {
    "StandardScaler": lambda: [StandardScaler()],
    "ColumnNormScaler": lambda: [ColumnNormScaler("max")],
    "RobustSmoothScaler": lambda: [RobustSmoothScaler()],
    "PiecewiseLinearEncoder": lambda: [PiecewiseLinearEncoder(4), StandardScaler()],
    "tree": lambda: [PiecewiseLinearEncoder(4, strategy="tree", sparse_output=True)],
    "several": lambda: [StandardScaler(), PCA(3), RobustScaler(), MinMaxScaler()],
    "log1p": lambda: [MinMaxScaler(), FunctionTransformer(np.log1p)],
    "identity": lambda: [FunctionTransformer()],
    "nested": lambda: [make_pipeline(StandardScaler(), make_pipeline(ColumnNormScaler()))],
    "union": lambda: [FeatureUnion([("scaled", StandardScaler()), ("all", "passthrough")])],
    "passthrough": lambda: ["passthrough", StandardScaler(), None],
    "polynomial": lambda: [PolynomialFeatures(2), StandardScaler()],
    "bins": lambda: [KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf")],
    "quantiles": lambda: [QuantileTransformer(n_quantiles=10)],
    "power": lambda: [PowerTransformer()],
    "threshold": lambda: [VarianceThreshold(), SimpleImputer()],
}


@pytest.mark.parametrize("name", STEPS)
def test_transformers_come_back(make, table, there_and_back, differences, name):
    saved = make_pipeline(*STEPS[name](), make()).fit(*table)
    loaded = there_and_back(saved)
    assert type(loaded) is Pipeline
    assert list(loaded.named_steps) == list(saved.named_steps)
    assert differences(loaded[-1], saved[-1]) == []
    assert_array_equal(loaded.predict_proba(table[0]), saved.predict_proba(table[0]))
    assert_array_equal(loaded.predict(table[0]), saved.predict(table[0]))
    again = clone(loaded).fit(*table)
    assert_array_equal(again.predict_proba(table[0]), saved.predict_proba(table[0]))


def test_the_pipeline_keeps_its_names_and_settings(make, table, there_and_back):
    steps = [("scale", StandardScaler()), ("net", make())]
    with config_context(enable_metadata_routing=True):
        saved = Pipeline(steps, transform_input=["X_val"], memory=None).fit(*table)
    loaded = there_and_back(saved)
    assert [name for name, _ in loaded.steps] == ["scale", "net"]
    assert loaded.transform_input == ["X_val"]
    theirs = saved.get_params()
    for name, value in loaded.get_params().items():
        assert type(value) is type(theirs[name])
    assert str(loaded) == str(saved)
    assert loaded.n_features_in_ == 5


def test_a_pipeline_that_is_only_a_classifier(make, table, there_and_back):
    saved = make_pipeline(make()).fit(*table)
    loaded = there_and_back(saved)
    assert isinstance(loaded, Pipeline)
    assert_array_equal(loaded.predict_proba(table[0]), saved.predict_proba(table[0]))


@pytest.fixture(scope="module")
def frame() -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers with gaps beside words."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "height": rng.normal(170, 10, 60),
            "weight": np.where(rng.random(60) < 0.2, np.nan, rng.normal(70, 9, 60)),
            "colour": rng.choice(["red", "green", "blue"], 60),
            "size": pd.Categorical(rng.choice(["S", "M"], 60)),
        }
    )
    return frame, np.where(frame["height"] > 170, "tall", "short")


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
def test_columns_of_many_kinds_come_back(make, frame, there_and_back, by_name, sparse):
    X, y = frame
    numbers = ["height", "weight"] if by_name else make_column_selector(dtype_include="number")
    words = ["colour", "size"] if by_name else make_column_selector(dtype_exclude="number")
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=sparse), words),
        ]
    )
    saved = make_pipeline(columns, make()).fit(X, y)
    loaded = there_and_back(saved)
    assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))
    assert_array_equal(loaded.predict(X), saved.predict(X))
    assert_array_equal(loaded.feature_names_in_, X.columns)


def test_frames_between_the_steps_come_back(make, frame, there_and_back):
    X, y = frame
    scaler = StandardScaler().set_output(transform="pandas")
    saved = make_pipeline(scaler, make()).fit(X[["height"]], y)
    loaded = there_and_back(saved)
    assert loaded[-1].feature_names_in_.tolist() == ["height"]
    assert_array_equal(loaded.predict_proba(X[["height"]]), saved.predict_proba(X[["height"]]))


def test_words_come_back(make, there_and_back):
    texts = ["a good film", "a bad film", "good and great", "bad and dull"] * 5
    saved = make_pipeline(TfidfVectorizer(), make(batch_size=5)).fit(texts, [1, 0, 1, 0] * 5)
    assert_array_equal(there_and_back(saved).predict_proba(texts), saved.predict_proba(texts))


def test_a_selection_of_columns_comes_back(make, table, there_and_back):
    saved = make_pipeline(SelectKBest(k=3), make()).fit(*table)
    loaded = there_and_back(saved)
    assert_array_equal(loaded.predict_proba(table[0]), saved.predict_proba(table[0]))


def test_requests_of_the_steps_come_back_or_are_refused(make, table, there_and_back):
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        net = make().set_fit_request(sample_weight="mine")
        saved = make_pipeline(scaler, net).fit(*table)
        try:
            loaded = there_and_back(saved)
        except ValueError:
            return
        theirs = [str(step.get_metadata_routing()) for step in saved]
        assert [str(step.get_metadata_routing()) for step in loaded] == theirs


def test_a_pipeline_goes_on(make, table, there_and_back, assert_same_weights):
    saved = make_pipeline(StandardScaler(), make(warm_start=True)).fit(*table)
    loaded = there_and_back(saved)
    assert_same_weights(loaded.fit(*table)[-1], saved.fit(*table)[-1])


def test_a_pipeline_may_end_in_the_other_class(make, Other, table, there_and_back):
    saved = make_pipeline(StandardScaler(), make()).fit(*table)
    loaded = there_and_back(saved, cls=Other)
    assert type(loaded[-1]) is Other
    np.testing.assert_allclose(
        loaded.predict_proba(table[0]), saved.predict_proba(table[0]), rtol=1e-12
    )


def test_saving_changes_nothing(make, table, tmp_path):
    scaler, net = StandardScaler(), make()
    saved = make_pipeline(scaler, net).fit(*table)
    steps, before = saved.steps, list(saved.steps)
    attributes = {name: dict(vars(step)) for name, step in steps}
    sknn.io.save(saved, tmp_path / "model.sknn")
    assert saved.steps is steps
    assert all(ours is theirs for ours, theirs in zip(steps, before, strict=True))
    assert saved[0] is scaler
    assert saved[1] is net
    for name, step in steps:
        assert vars(step).keys() == attributes[name].keys()
        assert all(vars(step)[key] is value for key, value in attributes[name].items())


# ---------------------------------------------------------------------------------------
# what is not trusted


class TestTrust:
    @pytest.fixture
    def foreign(self, make, table):
        return make_pipeline(Doubling(3.0), make()).fit(*table)

    def test_a_transformer_of_somebodys_is_refused_by_name(self, foreign, tmp_path):
        with pytest.raises(ValueError, match=rf"would not trust: {DOUBLING}\. Name them"):
            sknn.io.save(foreign, tmp_path / "model.sknn")
        assert list(tmp_path.iterdir()) == []

    def test_it_is_saved_and_loaded_where_it_is_trusted(self, foreign, table, there_and_back):
        loaded = there_and_back(foreign, trusted=[DOUBLING])
        assert loaded[0].factor == 3.0
        assert_array_equal(loaded.predict_proba(table[0]), foreign.predict_proba(table[0]))

    def test_it_is_not_loaded_without(self, foreign, tmp_path):
        path = tmp_path / "model.sknn"
        sknn.io.save(foreign, path, trusted=[DOUBLING, "something.Else"])
        for trusted in ((), ["something.Else"], [DOUBLING + "s"]):
            with pytest.raises(ValueError, match=rf"cannot be loaded: .*{DOUBLING}"):
                sknn.io.load(path, trusted=trusted)

    def test_all_that_are_not_trusted_are_named(self, make, table, tmp_path):
        saved = make_pipeline(Doubling(), FunctionTransformer(np.copy), make()).fit(*table)
        with pytest.raises(ValueError, match=rf"numpy\.copy.*, {DOUBLING}|{DOUBLING}.*numpy\.copy"):
            sknn.io.save(saved, tmp_path / "model.sknn")

    @pytest.mark.parametrize("function", [lambda X: X + 1, np.copy, Doubling().transform])
    def test_functions_are_refused(self, make, table, tmp_path, function):
        saved = make_pipeline(FunctionTransformer(function), make()).fit(*table)
        with pytest.raises(ValueError, match="`estimator` holds types that `load` would not trust"):
            sknn.io.save(saved, tmp_path / "model.sknn")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("transformer", [Birch(n_clusters=2), Locked()], ids=str)
    def test_what_cannot_be_written_is_refused(self, make, table, tmp_path, transformer):
        saved = make_pipeline(transformer, make()).fit(*table)
        with pytest.raises(ValueError, match="`estimator`"):
            sknn.io.save(saved, tmp_path / "model.sknn", trusted=[f"{Locked.__module__}.Locked"])
        assert list(tmp_path.iterdir()) == []

    def test_a_pipeline_of_a_derived_class_is_refused(self, make, table, tmp_path):
        saved = DerivedPipeline([("scale", StandardScaler()), ("net", make())]).fit(*table)
        with pytest.raises(ValueError, match="DerivedPipeline"):
            sknn.io.save(saved, tmp_path / "model.sknn")

    @pytest.mark.parametrize("cls", [ScratchMLPClassifier, TorchMLPClassifier])
    def test_a_classifier_among_the_transformers(self, table, tmp_path, cls):
        """As a setting of theirs, it can be saved."""
        from sklearn.feature_selection import SequentialFeatureSelector

        net = cls((), max_iter=2, n_iter_no_change=np.inf, random_state=0)
        select = SequentialFeatureSelector(net, n_features_to_select=4, cv=2)
        saved = make_pipeline(select, clone(net)).fit(*table)
        path = tmp_path / "model.sknn"
        sknn.io.save(saved, path)
        loaded = sknn.io.load(path)
        assert type(loaded[0].estimator) is cls
        assert_array_equal(loaded.predict_proba(table[0]), saved.predict_proba(table[0]))


def test_a_pipeline_that_is_not_fitted_is_refused(make, tmp_path):
    with pytest.raises(NotFittedError):
        sknn.io.save(make_pipeline(StandardScaler(), make()), tmp_path / "model.sknn")
