"""Every transformer of scikit-learn comes back with equal outputs, or is refused by its name."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators

import sknn.io
from sknn import ScratchMLPClassifier
from sknn.io import _table

# Those whose `fit` reads something else than a table of numbers, and what they read.
TEXTS = ["one two two", "two three", "three one four"] * 10
OTHER_ROWS = {
    "CountVectorizer": TEXTS,
    "HashingVectorizer": TEXTS,
    "TfidfVectorizer": TEXTS,
    "DictVectorizer": [{"a": 1, "b": "x"}, {"a": 2, "c": 3}] * 15,
    "FeatureHasher": [{"a": 1, "b": "x"}, {"a": 2, "c": 3}] * 15,
}
SETTINGS = {
    "MissingIndicator": {"features": "all"},
    "SelectFdr": {"alpha": 1.0},
    "SelectFpr": {"alpha": 1.0},
    "SelectFwe": {"alpha": 1.0},
    "ColumnTransformer": {"transformers": [("a", StandardScaler(), [0, 2]), ("b", "drop", [1])]},
    "DictionaryLearning": {"max_iter": 3},
    "FeatureUnion": {"transformer_list": [("a", StandardScaler()), ("b", "passthrough")]},
    "GenericUnivariateSelect": {"mode": "k_best", "param": 3},
    "MiniBatchDictionaryLearning": {"max_iter": 3},
    "Nystroem": {"n_components": 5},
    "RFE": {"estimator": LogisticRegression(), "n_features_to_select": 2},
    "RFECV": {"estimator": LogisticRegression(), "cv": 2},
    "SelectFromModel": {"estimator": LogisticRegression()},
    "SelectKBest": {"k": 3, "score_func": chi2},
    "SequentialFeatureSelector": {"estimator": LogisticRegression(), "n_features_to_select": 2},
    "SparseCoder": {"dictionary": np.eye(5)[:3]},
    "SparsePCA": {"max_iter": 5},
    "MiniBatchSparsePCA": {"max_iter": 5},
    "TruncatedSVD": {"n_components": 2},
    "KernelPCA": {"kernel": "rbf"},
    "QuantileTransformer": {"n_quantiles": 10},
    "KBinsDiscretizer": {"quantile_method": "averaged_inverted_cdf"},
    "SparseRandomProjection": {"n_components": 3, "dense_output": True},
    "GaussianRandomProjection": {"n_components": 3},
}
# None can be a step of a pipeline: they read labels or kernels instead of rows, or return both.
NO_STEPS = {
    "CCA",
    "PLSCanonical",
    "PLSRegression",
    "PLSSVD",
    "IsotonicRegression",
    "KernelCenterer",
    "LabelBinarizer",
    "LabelEncoder",
    "MultiLabelBinarizer",
    "TSNE",
}
# What it costs users: trees, neighbours, clusterings, images, and stacks of such.
REFUSED = {
    "Birch",
    "BisectingKMeans",
    "FeatureAgglomeration",
    "Isomap",
    "KMeans",
    "KNeighborsTransformer",
    "LocallyLinearEmbedding",
    "MiniBatchKMeans",
    "PatchExtractor",
    "RadiusNeighborsTransformer",
    "RandomTreesEmbedding",
    "StackingClassifier",
    "StackingRegressor",
    "VotingClassifier",
    "VotingRegressor",
}
TRANSFORMERS = {
    name: cls for name, cls in all_estimators(type_filter="transformer") if name not in NO_STEPS
}


@pytest.fixture
def net():
    return ScratchMLPClassifier((3,), max_iter=1, n_iter_no_change=np.inf, random_state=0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(set(TRANSFORMERS) - REFUSED))
def test_a_transformer_comes_back(name, net, table, tmp_path):
    settings = SETTINGS.get(name, {})
    transformer = TRANSFORMERS[name](**settings)
    if "random_state" in transformer.get_params():
        transformer.set_params(random_state=0)
    X = OTHER_ROWS.get(name, np.abs(table[0][:30]) + 0.1)
    y = np.arange(30) % 2 if name in OTHER_ROWS else (X[:, 0] > np.median(X[:, 0])).astype(int)
    saved = make_pipeline(transformer, net).fit(X, y)
    sknn.io.save(saved, tmp_path / "model.sknn")
    loaded = sknn.io.load(tmp_path / "model.sknn")
    ours, theirs = loaded[0].transform(X), saved[0].transform(X)
    if sparse.issparse(theirs):
        assert type(ours) is type(theirs)
        ours, theirs = ours.toarray(), theirs.toarray()
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))
    assert str(loaded) == str(saved)
    again, before = (clone(model).fit(X, y).predict_proba(X) for model in (loaded, saved))
    np.testing.assert_array_equal(again, before)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_transformer_that_is_not_on_the_list_is_refused_by_name(name, net, table, tmp_path):
    cls = TRANSFORMERS[name]
    needs_estimators = name.startswith(("Stacking", "Voting"))
    transformer = cls([("a", LogisticRegression())]) if needs_estimators else cls()
    model = make_pipeline(StandardScaler(), net).fit(*table)
    model.steps[0] = ("transformer", transformer)
    with pytest.raises(ValueError, match=name):
        sknn.io.save(model, tmp_path / "model.sknn")


def test_the_list_has_no_names_that_are_not_there():
    for module, names in _table.CLASSES.items():
        for name in names.split():
            key = f"{module}.{name}"
            if name != "ScratchMLPEnsembleRegressor" or hasattr(sknn, name):
                assert _table.key_of(_table.class_of(key)) == key
    assert len(set(REFUSED) & set(_table.MODULES)) == 0
