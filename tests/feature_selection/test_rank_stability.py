"""`RankStabilitySelector` against plain fits, autograd, and tables made to order."""

import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknn import RankStabilitySelector, ScratchMLPClassifier
from sknn.training import Streams

N_REFITS = 6
KEY = [4, 1]


@pytest.fixture(autouse=True, scope="module")
def one_blas_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def table():
    """90 rows of 7 columns; the classes differ in columns 4 and 1, and in no other."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 30)
    X = rng.normal(size=(90, 7))
    X[:, KEY] += 3 * np.array([[0, 0], [1, 0], [1, 1]])[y]
    X.flags.writeable = False
    return X, y


def network(**params):
    defaults = {
        "hidden_layer_sizes": (10,),
        "l1": 0.01,
        "l2": 0.0,
        "learning_rate_init": 0.02,
        "batch_size": 20,
        "max_iter": 30,
        "n_iter_no_change": np.inf,
    }
    return ScratchMLPClassifier(**(defaults | params))


def selector(estimator=None, **params):
    defaults = {"n_refits": N_REFITS, "n_features_to_select": 2, "random_state": 0}
    return RankStabilitySelector(estimator or network(), **(defaults | params))


def seeds(random_state=0, n_refits=N_REFITS):
    return np.random.RandomState(random_state).randint(np.iinfo(np.int32).max, size=n_refits)


# ---------------------------------------------------------------------------------------
# importances


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"hidden_layer_sizes": (6, 5), "solver": "sgd", "dropout": 0.2},
        {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 60},
        {"solver": "lbfgs", "l1": 0.0, "l2": 0.01},
        {"dtype": "float32", "class_weight": "balanced"},
    ],
    ids=["plain", "deep", "early stopping", "lbfgs", "float32"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_are_those_of_plain_fits(params, weighted, table):
    X, y = table
    weight = np.linspace(0.1, 2.0, 90) if weighted else None
    found = selector(network(**params)).fit(X, y, weight).importances_
    for seed, importances in zip(seeds(), found, strict=True):
        fitted = network(random_state=int(seed), **params).fit(X, y, weight)
        assert_array_equal(importances, np.abs(fitted.coefs_[0]).sum(axis=1))
    assert found.shape == (N_REFITS, 7)


def test_gradients_are_those_of_autograd(table):
    """The same batches from the same weights, with PyTorch's gradients and a step by hand."""
    X, y = table
    params = {
        "hidden_layer_sizes": (6, 5),
        "activation": "tanh",
        "solver": "sgd",
        "momentum": 0.0,
        "nesterovs_momentum": False,
        "learning_rate_init": 0.1,
        "l1": 0.0,
        "l2": 0.05,
        "max_iter": 4,
    }
    model = selector(network(**params), n_refits=2, importance="gradients").fit(X, y)
    for seed, importances in zip(seeds(n_refits=2), model.importances_, strict=True):
        assert_allclose(importances, autograd_sums(int(seed), params, X, y), rtol=1e-9)


def autograd_sums(seed, params, X, y):
    """Σ |∂L/∂W₁| by feature over all updates, the penalty's part left out."""
    still = params | {"learning_rate_init": 1e-300, "max_iter": 1, "l2": 0.0}
    start = network(random_state=seed, **still).fit(X, y)
    weights, biases = (
        [torch.tensor(array, requires_grad=True) for array in arrays]
        for arrays in (start.coefs_, start.intercepts_)
    )
    words = np.random.RandomState(seed).randint(2**32, size=4, dtype=np.int64)
    order = Streams(words.tolist()).order
    rows, labels, sums = torch.tensor(X), torch.tensor(y), np.zeros(X.shape[1])
    for _ in range(params["max_iter"]):
        for batch in torch.split(torch.tensor(order.permutation(len(y))), 20):
            outputs = rows[batch]
            for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
                outputs = torch.tanh(outputs @ weight + bias)
            logits = outputs @ weights[-1] + biases[-1]
            loss = torch.nn.functional.cross_entropy(logits, labels[batch])
            gradients = torch.autograd.grad(loss, weights + biases)
            sums += gradients[0].abs().sum(dim=1).numpy()
            with torch.no_grad():
                for k, (array, gradient) in enumerate(
                    zip(weights + biases, gradients, strict=True)
                ):
                    penalty = params["l2"] * array if k < len(weights) else 0.0
                    array -= params["learning_rate_init"] * (gradient + penalty)
    return sums


def test_a_penalty_is_not_in_the_gradients(table):
    X, y = table
    one = {"max_iter": 1, "batch_size": "full"}
    plain, penalised = (
        selector(network(l1=l1, **one), importance="gradients").fit(X, y) for l1 in (0.0, 5.0)
    )
    assert_array_equal(plain.importances_, penalised.importances_)


# ---------------------------------------------------------------------------------------
# ranks and what follows from them


@pytest.mark.parametrize("importance", ["weights", "gradients"])
def test_figures_agree_with_each_other(importance, table):
    model = selector(n_refits=20, importance=importance).fit(*table)
    assert_array_equal(model.ranks_, rankdata(-model.importances_, method="ordinal", axis=1))
    for feature in range(7):
        counts = [(model.ranks_[:, feature] == rank).sum() for rank in range(1, 8)]
        assert_array_equal(model.rank_counts_[feature], counts)
        assert model.mean_rank_[feature] == pytest.approx(np.mean(model.ranks_[:, feature]))
        assert model.selection_probability_[feature] == pytest.approx(sum(counts[:2]) / 20)
    assert_array_equal(model.rank_counts_.sum(axis=0), 20)
    assert_array_equal(np.sort(model.ranking_), range(1, 8))
    assert (np.diff(model.mean_rank_[model.ranking_.argsort()]) >= 0).all()
    assert_array_equal(model.support_, model.ranking_ <= 2)
    assert_array_equal(model.get_support(indices=True), np.flatnonzero(model.support_))


def test_equals_share_the_last_of_their_ranks_and_what_has_no_importance_is_not_selected(table):
    X, y = table
    model = selector(n_refits=2, importance="gradients").fit(X * (np.arange(7) == 4), y)
    assert_array_equal(model.importances_ > 0, [np.arange(7) == 4] * 2)
    assert_array_equal(model.ranks_, [[7, 7, 7, 7, 1, 7, 7]] * 2)
    assert_array_equal(model.selection_probability_, np.arange(7) == 4)


@pytest.mark.parametrize("params", [{}, {"subsample": 0.5}, {"importance": "gradients"}])
def test_features_that_matter_come_first(params, table):
    model = selector(n_refits=20, **params).fit(*table)
    assert set(np.flatnonzero(model.support_)) == set(KEY)
    assert model.selection_probability_[KEY].min() > 0.8
    assert np.delete(model.selection_probability_, KEY).max() < 0.2


def test_the_default_estimator_finds_them_too(table):
    model = RankStabilitySelector(n_refits=4, n_features_to_select=2, random_state=0).fit(*table)
    assert set(np.flatnonzero(model.support_)) == set(KEY)


# ---------------------------------------------------------------------------------------
# what is selected


@pytest.mark.parametrize(
    ("asked", "n_selected"),
    [(None, 3), (1, 1), (7, 7), (np.int64(4), 4), (0.01, 1), (0.5, 3), (0.9, 6)],
)
def test_n_features_to_select(asked, n_selected, table):
    model = selector(n_features_to_select=asked).fit(*table)
    assert model.support_.sum() == n_selected
    assert_array_equal(model.selection_probability_, (model.ranks_ <= n_selected).mean(axis=0))


@pytest.mark.parametrize("threshold", [0.05, 0.12, 1.0])
def test_threshold(threshold, table):
    model = selector(n_refits=20, n_features_to_select=3, threshold=threshold).fit(*table)
    assert_array_equal(model.support_, (model.ranks_ <= 3).mean(axis=0) >= threshold)
    assert model.support_.sum() != 3
    assert model.transform(table[0]).shape == (90, model.support_.sum())


def test_a_threshold_that_nothing_reaches(table):
    # Networks that have not learnt anything agree on nothing.
    model = selector(network(max_iter=1, learning_rate_init=1e-9), n_refits=30, threshold=1.0).fit(
        *table
    )
    with pytest.warns(UserWarning, match="No features were selected"):
        assert model.transform(table[0]).shape == (90, 0)


def test_subsamples_are_of_the_size_asked_for_and_stratified(table, monkeypatch):
    X, y = table
    seen = []
    take = RankStabilitySelector._some_rows

    def spy(self, *args):
        seen.append(take(self, *args))
        return seen[-1]

    monkeypatch.setattr(RankStabilitySelector, "_some_rows", spy)
    model = selector(subsample=0.4).fit(X, y, np.linspace(0.1, 2.0, 90))
    assert len({tuple(sorted(rows)) for rows in seen}) == N_REFITS
    for rows, seed, importances in zip(seen, seeds(), model.importances_, strict=True):
        assert_array_equal(np.bincount(y[rows]), [12, 12, 12])
        assert len(set(rows.tolist())) == 36
        fitted = network(random_state=int(seed)).fit(
            X[rows], y[rows], np.linspace(0.1, 2, 90)[rows]
        )
        assert_array_equal(importances, np.abs(fitted.coefs_[0]).sum(axis=1))


def test_a_class_so_rare_that_some_subsamples_miss_it():
    """Two rows of sixteen: some networks have fewer outputs than others, and a stack of theirs."""
    X = np.random.default_rng(0).normal(size=(16, 3))
    y = np.repeat([0, 1, 2, 3], [6, 6, 2, 2])
    model = selector(network(batch_size="full"), n_refits=20, subsample=0.25).fit(X, y)
    assert model.ranks_.shape == (20, 3)


# ---------------------------------------------------------------------------------------
# as a transformer


def test_names_and_frames(table):
    X, y = table
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = selector().set_output(transform="pandas").fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcdefg")
    assert model.get_feature_names_out().tolist() == ["b", "e"]
    pd.testing.assert_frame_equal(model.transform(frame), frame[["b", "e"]])
    assert_array_equal(selector().fit(X, y).get_feature_names_out(), ["x1", "x4"])
    assert_array_equal(selector().fit_transform(X, y), X[:, [1, 4]])


def test_back_again(table):
    X, _ = table
    back = selector().fit(*table).inverse_transform(X[:, [1, 4]])
    assert_array_equal(back[:, KEY], X[:, KEY])
    assert not np.delete(back, KEY, axis=1).any()


def test_sparse_rows(table):
    X, y = table
    X = np.where(np.abs(X) < 0.3, 0, X)
    dense, other = (selector().fit(rows, y) for rows in (X, sparse.csr_array(X)))
    assert_allclose(other.importances_, dense.importances_, rtol=1e-7)
    assert sparse.issparse(other.transform(sparse.csc_array(X)))


def test_in_a_pipeline_and_a_search(table):
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("select", selector(n_refits=3)),
            ("classify", LogisticRegression()),
        ]
    )
    grid = {"select__n_features_to_select": [1, 2], "select__estimator__l1": [0.0, 0.01]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(*table)
    assert search.best_params_["select__n_features_to_select"] == 2
    assert search.best_score_ > 0.85
    assert search.best_estimator_[:-1].transform(table[0]).shape == (90, 2)


# ---------------------------------------------------------------------------------------
# reproducibility, workers


@pytest.mark.parametrize("params", [{}, {"subsample": 0.6}, {"importance": "gradients"}])
def test_reproducible_and_whatever_n_jobs(params, table):
    one = selector(**params).fit(*table)
    for other in (selector(**params), selector(n_jobs=2, **params), clone(one)):
        assert_array_equal(other.fit(*table).importances_, one.importances_)
    other = selector(**params).set_params(random_state=1).fit(*table)
    assert (other.importances_ != one.importances_).all()
    copy = pickle.loads(pickle.dumps(one))
    assert_array_equal(copy.transform(table[0]), one.transform(table[0]))


def test_the_size_of_a_stack_changes_nothing(table, monkeypatch):
    one = selector(n_refits=7).fit(*table)
    monkeypatch.setattr("sknn.estimators._stacks.MOST_MODELS", 3)
    assert_array_equal(selector(n_refits=7).fit(*table).importances_, one.importances_)


@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_other_backends(backend, table):
    """One of them hands over nothing before all is finished."""
    with joblib.parallel_config(backend=backend):
        model = selector(n_jobs=2).fit(*table)
    assert_array_equal(model.importances_, selector().fit(*table).importances_)


# ---------------------------------------------------------------------------------------
# what goes wrong


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_refits": 0}, "'n_refits' parameter .* Got 0"),
        ({"importance": "size"}, "'importance' parameter .* Got 'size'"),
        ({"subsample": 1.0}, "'subsample' parameter .* Got 1.0"),
        ({"subsample": 0.01}, "`subsample` must leave rows of every class .*, got 0.01"),
        ({"n_features_to_select": 0}, "'n_features_to_select' parameter .* Got 0"),
        ({"n_features_to_select": 1.0}, "'n_features_to_select' parameter .* Got 1.0"),
        ({"n_features_to_select": 8}, "at most the number of features, 7, got 8"),
        ({"threshold": 0.0}, "'threshold' parameter .* Got 0.0"),
        ({"estimator": LogisticRegression()}, "'estimator' parameter .* Got LogisticRegression"),
        ({"estimator": network(l1=-1.0)}, "'l1' parameter of ScratchMLPClassifier .* Got -1.0"),
        (
            {"estimator": network(solver="lbfgs", l1=0.0), "importance": "gradients"},
            "`importance` must be 'weights' for .* solver='lbfgs'.*, got 'gradients'",
        ),
    ],
)
def test_bad_parameters(params, message, table):
    with pytest.raises(ValueError, match=message):
        selector(**params).fit(*table)


@pytest.mark.parametrize("params", [{}, {"subsample": 0.5}])
def test_bad_labels(params, table):
    X, y = table
    with pytest.raises(ValueError, match="`y` must hold class labels"):
        selector(**params).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"at least 2 classes .* got 1 class"):
        selector(**params).fit(X, np.zeros(90))
    with pytest.raises(ValueError, match=r"for several classes per row see sklearn\.multioutput"):
        selector(**params).fit(X, np.column_stack([y, y]))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_divergence_is_named(n_jobs, table):
    estimator = network(solver="sgd", learning_rate_init=1e200)
    message = r"Training diverged: .*`learning_rate_init`=1e\+200"
    # An error ends the processes, and those of joblib's own backend are slow to start again.
    with (
        joblib.parallel_config(backend="multiprocessing"),
        pytest.raises(ValueError, match=message),
    ):
        selector(estimator, n_jobs=n_jobs).fit(*table)


def test_before_fit(table):
    with pytest.raises(NotFittedError):
        selector().transform(table[0])
    with pytest.raises(NotFittedError):
        selector().get_support()


def test_refits_that_do_not_converge_warn_of_nothing(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        selector(network(max_iter=2, n_iter_no_change=5)).fit(*table)
