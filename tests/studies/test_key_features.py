"""The key features against plain fits, and the document's claim against both importances."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_wine
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from sknn import ScratchMLPClassifier
from sknn.studies import producers_key_features

N_REFITS, EPOCHS = 4, 12


@pytest.fixture(scope="module")
def rows():
    """The document's split, scaled by hand."""
    wine = load_wine()
    X, X_test, y, y_test = train_test_split(
        wine.data, wine.target + 1, test_size=0.25, random_state=0
    )
    norms = np.sqrt((X**2).sum(axis=0))
    return X / norms, X_test / norms, y, y_test


@pytest.fixture(scope="module")
def found():
    return producers_key_features(n_refits=N_REFITS, epochs=EPOCHS)


@pytest.fixture(scope="module")
def networks(rows):
    """The refits one by one."""
    X, _, y, _ = rows
    with threadpool_limits(1):
        return [
            ScratchMLPClassifier(
                (128, 128),
                solver="sgd",
                batch_size=10,
                learning_rate_init=0.1,
                momentum=0,
                nesterovs_momentum=False,
                l1=0.0008,
                l1_method="subgradient",
                l2=0,
                max_iter=EPOCHS,
                n_iter_no_change=np.inf,
                random_state=seed,
            ).fit(X, y)
            for seed in np.random.RandomState(0).randint(2**31 - 1, size=N_REFITS).tolist()
        ]


def test_ranks_are_those_of_the_studys_network(found, networks):
    for network, importances in zip(networks, found.by_weights.importances_, strict=True):
        assert_allclose(importances, np.abs(network.coefs_[0]).sum(axis=1), rtol=1e-9)
    assert found.n_refits == N_REFITS
    for importance, selector in found.selectors.items():
        assert selector.importance == importance
        assert selector.ranks_.shape == (N_REFITS, 13)
        assert selector.n_features_to_select == 3
    assert (found.by_weights.importances_ != found.by_gradients.importances_).all()


def test_permutation_importance_is_that_of_the_first_refits(found, networks, rows):
    _, X_test, _, y_test = rows
    accuracies = [accuracy_score(y_test, network.predict(X_test)) for network in networks]
    assert_allclose(found.test_accuracies, accuracies)
    # By shuffles of our own: means over networks and over many of them agree.
    rng = np.random.default_rng(0)
    drops, rises = np.zeros((2, N_REFITS, 13))
    for k, network in enumerate(networks):
        loss = log_loss(y_test, network.predict_proba(X_test))
        for feature in range(13):
            for _ in range(30):
                shuffled = X_test.copy()
                rng.shuffle(shuffled[:, feature])
                probabilities = network.predict_proba(shuffled)
                hits = np.mean(probabilities.argmax(axis=1) + 1 == y_test)
                drops[k, feature] += (accuracies[k] - hits) / 30
                rises[k, feature] += (log_loss(y_test, probabilities) - loss) / 30
    assert found.accuracy_drops.shape == found.loss_rises.shape == (N_REFITS, 13)
    assert_allclose(found.accuracy_drops, drops, atol=0.05)
    assert_allclose(found.loss_rises, rises, atol=0.1 * rises.max())


def test_the_table_holds_the_results(found):
    frame = found.to_frame()
    assert frame.index.tolist() == found.features
    assert (np.diff(frame["mean_rank_by_weights"]) >= 0).all()
    names = found.by_weights.feature_names_in_
    for k, feature in enumerate(names):
        row = frame.loc[feature]
        for importance, selector in found.selectors.items():
            ranks = selector.ranks_[:, k]
            assert row[f"mean_rank_by_{importance}"] == pytest.approx(np.mean(ranks))
            assert row[f"first_3_by_{importance}"] == pytest.approx(np.mean(ranks <= 3))
        assert row["accuracy_drop"] == pytest.approx(found.accuracy_drops[:, k].mean())
        assert row["loss_rise_sd"] == pytest.approx(found.loss_rises[:, k].std(ddof=1))
    assert set(frame.index[frame["key_in_document"]]) == {"proline", "flavanoids"}
    assert not frame.isna().any().any()


def test_counts_of_ranks(found):
    counts = found.rank_counts()
    assert counts.shape == (26, 13)
    assert counts.columns.tolist() == list(range(1, 14))
    for importance, selector in found.selectors.items():
        for k, feature in enumerate(selector.feature_names_in_):
            expected = [(selector.ranks_[:, k] == rank).sum() for rank in range(1, 14)]
            assert counts.loc[(importance, feature)].tolist() == expected
        means = counts.loc[importance].to_numpy() @ np.arange(1, 14)
        assert (np.diff(means) >= 0).all()


def test_progress_n_jobs_and_seeds(found):
    told = []
    again = producers_key_features(n_refits=N_REFITS, epochs=EPOCHS, n_jobs=2, progress=told.append)
    assert [(fit.done, fit.total) for fit in told] == [(k, 8) for k in range(1, 9)]
    titles = [fit.model for fit in told]
    assert titles == ["refits ranked by weights"] * 4 + ["refits ranked by gradients"] * 4
    for name, selector in found.selectors.items():
        assert_array_equal(again.selectors[name].importances_, selector.importances_)
        assert not hasattr(again.selectors[name], "_skl_callbacks")
    assert_array_equal(again.accuracy_drops, found.accuracy_drops)
    other = producers_key_features(n_refits=1, epochs=1, random_state=1)
    assert other.to_frame()["accuracy_drop_sd"].isna().all()
    assert other.by_weights.random_state == 1


def test_an_error_in_progress_reaches_the_caller():
    def stop(fit):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        producers_key_features(n_refits=2, epochs=1, progress=stop)


def test_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        producers_key_features(n_refits=1, epochs=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_refits": 0}, "'n_refits' parameter .* Got 0"),
        ({"epochs": 1.5}, "'epochs' parameter .* Got 1.5"),
        ({"random_state": -1}, "'random_state' parameter .* Got -1"),
        ({"random_state": None}, "'random_state' parameter .* Got None"),
        ({"progress": 3}, "'progress' parameter .* Got 3"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        producers_key_features(**arguments)


@pytest.mark.slow
def test_the_documents_key_features_come_first_by_weights():
    result = producers_key_features(n_refits=10, n_jobs=2)
    frame = result.to_frame()
    assert set(result.features[:2]) == {"proline", "flavanoids"}
    assert (frame["first_3_by_weights"].iloc[:2] == 1).all()
    # Predictions say so too.
    assert set(frame["loss_rise"].nlargest(2).index) == {"proline", "flavanoids"}
    # The sizes of gradients, added up, do not.
    assert frame["first_3_by_gradients"].idxmax() == "magnesium"
    assert frame.loc["proline", "mean_rank_by_gradients"] > 9
