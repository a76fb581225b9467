"""The producers study against scikit-learn's own metrics and loaders."""

import warnings
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from sklearn import get_config
from sklearn.datasets import load_wine
from sklearn.metrics import accuracy_score, log_loss, precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from sknn.report import engines_table
from sknn.studies import FitProgress, producers

NAMES = ["none", "l2", "l1"]


@pytest.fixture(scope="module")
def rows():
    """The document's split, made without sknn."""
    wine = load_wine()
    return train_test_split(wine.data, wine.target + 1, test_size=0.25, random_state=0)


def test_the_split_is_the_documents(result, rows):
    X_train, X_test, y_train, y_test = rows
    assert len(y_train) == 133
    np.testing.assert_array_equal(np.bincount(y_test)[1:], [16, 21, 8])
    for ours, theirs in zip(
        (result.split.X_train, result.split.X_test, result.split.y_train, result.split.y_test),
        (X_train, X_test, y_train, y_test),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_the_models_are_the_documents(result):
    assert [model.name for model in result.models] == NAMES
    penalties = [(m.parameters["l1"], m.parameters["l2"]) for m in result.models]
    assert penalties == [(0, 0), (0, 0.008), (0.0008, 0)]
    for model in result.models:
        shared = {
            "hidden_layer_sizes": (128, 128),
            "solver": "sgd",
            "momentum": 0,
            "nesterovs_momentum": False,
            "learning_rate_init": 0.1,
            "learning_rate": "constant",
            "batch_size": 10,
            "max_iter": 12,
            "early_stopping": False,
        }
        assert shared.items() <= model.parameters.items()
        assert "random_state" not in model.parameters
        assert result[model.name] is model


@pytest.mark.parametrize("name", NAMES)
def test_figures_of_the_first_seed_agree_with_scikit_learn(result, rows, name):
    _, X_test, _, y_test = rows
    model = result[name]
    # Columns have names in the study.
    X_test = result.split.X_test
    np.testing.assert_array_equal(model.predictions, model.pipeline.predict(X_test))
    np.testing.assert_allclose(model.probabilities, model.pipeline.predict_proba(X_test))
    assert model.accuracies[0] == accuracy_score(y_test, model.predictions)
    assert model.report["accuracy"] == pytest.approx(model.accuracies[0])
    figures = precision_recall_fscore_support(
        y_test, model.predictions, labels=[1, 2, 3], zero_division=0.0
    )
    for k, producer in enumerate(result.split.target_names):
        row = model.report[producer]
        ours = [row["precision"], row["recall"], row["f1-score"], row["support"]]
        np.testing.assert_allclose(ours, [figure[k] for figure in figures])


@pytest.mark.parametrize("name", NAMES)
def test_validation_curves_end_where_the_fitted_network_is(result, rows, name):
    model, y_test = result[name], rows[3]
    loss = log_loss(y_test, model.probabilities)
    assert model.history["valid_loss"][-1] == pytest.approx(loss, rel=1e-10)
    # Only if the test rows went through the scaler does the recorded accuracy fit, for any seed.
    np.testing.assert_allclose(model.curves["valid_accuracy"][:, -1], model.accuracies)


@pytest.mark.parametrize("name", NAMES)
def test_curves_are_those_of_each_seed(result, name):
    model = result[name]
    assert model.seeds == result.seeds == (0, 1, 2)
    assert len(model.history) == result.epochs == 12
    for column, curve in model.curves.items():
        assert curve.shape == (3, 12)
        np.testing.assert_array_equal(curve[0], model.history[column])
        assert not np.array_equal(curve[0], curve[1])
    # Every batch of the first seed: 13 of 10 rows and one of 3.
    assert [len(batch) for batch in model.history.batches["train_loss"].values()] == [14] * 12
    assert len(model.history.volatility("valid_loss")) == 12


def test_summaries(result):
    model = result["l1"]
    accuracy, loss = model.curves["valid_accuracy"], model.curves["valid_loss"]
    assert model.accuracy.mean == pytest.approx(sum(model.accuracies) / 3)
    assert model.wobble.mean == pytest.approx(np.mean([np.std(run[6:]) for run in accuracy]))
    assert model.overfit.lowest == pytest.approx(min(run[-1] / min(run) for run in loss))
    assert model.overfit.lowest >= 1
    lowest = sorted(run.tolist().index(min(run)) + 1 for run in loss)
    assert model.turning_epoch == lowest[1]


def test_spikes_are_losses_far_above_their_neighbours(result):
    loss = np.ones((2, 100))
    loss[0, [20, 60, 80]] = 9, 9, 2.5  # the first is in the first half
    loss[1, 70] = 1.9
    model = replace(result["l1"], curves={"train_loss": loss})
    assert (model.spikes.lowest, model.spikes.highest) == (0, 2 / 50)


def test_a_result_cannot_be_changed_and_names_its_models(result):
    with pytest.raises(FrozenInstanceError):
        result.epochs = 1
    with pytest.raises(KeyError, match=r"one of \['none', 'l2', 'l1'\], got 'L3'"):
        result["L3"]
    assert all(isinstance(note, str) for note in result.notes)


def test_the_document_is_consistent_with_itself(result):
    # Recall times support is a number of rows, and their sum is the accuracy.
    for model in result.models:
        published = model.published
        rows = [published.report[name] for name in result.split.target_names]
        hits = sum(round(row["recall"] * row["support"]) for row in rows)
        assert [row["support"] for row in rows] == [16, 21, 8]
        assert round(hits / 45, 2) == published.accuracy


def equal_but_for_times(one, other):
    for ours, theirs in zip(one.models, other.models, strict=True):
        np.testing.assert_array_equal(ours.accuracies, theirs.accuracies)
        np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
        for column in ours.curves:
            np.testing.assert_array_equal(ours.curves[column], theirs.curves[column])
        for a, b in zip(ours.pipeline[-1].coefs_, theirs.pipeline[-1].coefs_, strict=True):
            np.testing.assert_array_equal(a, b)


def test_n_jobs_does_not_change_a_bit(result):
    equal_but_for_times(result, producers(seeds=3, epochs=12, n_jobs=2))


def test_seeds_can_be_chosen(result):
    one = producers(seeds=[2], epochs=12)
    assert one.seeds == (2,)
    for model in one.models:
        assert model.accuracies[0] == result[model.name].accuracies[2]
        assert model.pipeline[-1].random_state == 2


def test_progress_is_told_of_every_fit(result):
    told = []
    again = producers(seeds=3, epochs=12, progress=told.append)
    assert all(isinstance(fit, FitProgress) for fit in told)
    assert [(fit.done, fit.total) for fit in told] == [(k, 9) for k in range(1, 10)]
    assert [fit.seed for fit in told] == [0, 1, 2] * 3
    assert [fit.accuracy for fit in told] == np.concatenate(
        [model.accuracies for model in again.models]
    ).tolist()


def test_no_setting_is_left_changed_and_nothing_warns():
    before = get_config()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # One epoch: some producers are never predicted.
        producers(seeds=1, epochs=1)
    assert get_config() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, r"'epochs' parameter .* must be an int in the range \[1, inf\). Got 0"),
        ({"epochs": 1.5}, r"'epochs' parameter .* Got 1.5"),
        ({"seeds": 0}, r"'seeds' parameter .* Got 0"),
        ({"seeds": []}, r"`seeds` must be .*, got \[\]"),
        ({"seeds": [1, 1]}, r"`seeds` must be .* different ints .*, got \[1, 1\]"),
        ({"seeds": [-1]}, r"`seeds` must be .* from 0 .*, got \[-1\]"),
        ({"seeds": ["a"]}, r"`seeds` must be .*, got \['a'\]"),
        ({"engine": "jax"}, r"'engine' parameter .* Got 'jax'"),
        ({"other_splits": -1}, r"'other_splits' parameter .* Got -1"),
        ({"alternatives": 2}, r"'alternatives' parameter .* Got 2"),
        ({"progress": 3}, r"'progress' parameter .* must be a callable or None. Got 3"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        producers(**arguments)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_progress_reaches_the_caller(n_jobs):
    def stop(fit):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        producers(seeds=3, epochs=30, n_jobs=n_jobs, progress=stop)


@pytest.fixture(scope="module")
def wide():
    """A short run with all that is optional."""
    return producers(seeds=2, epochs=3, other_splits=2, alternatives=True)


def test_other_splits_are_of_the_same_sizes_and_fits_of_their_own(wide):
    wine = load_wine()
    X_train, X_test, y_train, y_test = train_test_split(
        wine.data, wine.target + 1, test_size=0.25, random_state=2
    )
    model = wide["l1"]
    assert model.other_splits.index.tolist() == [1, 2]
    norms = np.sqrt((X_train**2).sum(axis=0))
    classifier = type(model.pipeline[-1])
    network = classifier(**{**model.parameters, "record": "epoch"}, random_state=2)
    with threadpool_limits(1):
        network.fit(X_train / norms, y_train)
        probabilities = network.predict_proba(X_test / norms)
    scores = model.other_splits.loc[2]
    assert scores["accuracy"] == accuracy_score(y_test, network.predict(X_test / norms))
    assert scores["log_loss"] == pytest.approx(log_loss(y_test, probabilities))


def test_alternatives_stand_beside_the_documents_models(wide, result):
    assert [model.name for model in wide.models] == NAMES
    assert [model.name for model in wide.alternatives] == ["adam", "l1_prox"]
    assert result.alternatives == ()
    adam = wide["adam"]
    assert adam.parameters["solver"] == "adam"
    assert type(adam.pipeline[0]).__name__ == "StandardScaler"
    assert len(adam.history) == 3
    assert not hasattr(adam, "published")
    # The document's L1 model, but for what makes zeros and what calms its end.
    changed = {"l1_method": "prox", "learning_rate": "cosine"}
    assert wide["l1_prox"].parameters == {**wide["l1"].parameters, **changed}
    assert type(wide["l1_prox"].pipeline[-1]) is type(wide["l1"].pipeline[-1])
    weights = np.concatenate([coef.ravel() for coef in wide["l1_prox"].pipeline[-1].coefs_])
    sizes = [coef.size for coef in wide["l1_prox"].pipeline[-1].coefs_]
    assert np.average(wide["l1_prox"].zeros, weights=sizes) == pytest.approx((weights == 0).mean())
    assert max(wide["l1"].zeros) == 0


def test_the_table_is_whole_and_numeric(result):
    wine = load_wine()
    np.testing.assert_array_equal(result.table, np.c_[wine.data, wine.target + 1])
    assert all(np.issubdtype(kind, np.number) for kind in result.table.dtypes)


def test_figures_beside_the_documents(result):
    frame = result.beside_document()
    assert len(frame) == 3 * (1 + 5 * 3)
    row = frame.loc["l2", "producer 2: recall"]
    assert row["document"] == 0.95
    y = result.split.y_test.to_numpy()
    recalls = [np.mean(p[y == 2] == 2) for p in result["l2"].all_predictions]
    assert row["mean"] == pytest.approx(np.mean(recalls))
    assert row["inside"] == (min(recalls) - 0.005 <= 0.95 <= max(recalls) + 0.005)
    np.testing.assert_array_equal(
        frame.loc[("none", "accuracy"), ["lowest", "highest"]].tolist(),
        [result["none"].accuracies.min(), result["none"].accuracies.max()],
    )


@pytest.mark.parametrize("last_batch", ["sum", "mean"])
def test_engines_agree(last_batch):
    options = {"seeds": 1, "epochs": 2, "last_batch": last_batch, "alternatives": True}
    ours = producers(**options)
    theirs = producers(**options, engine="torch")
    assert (ours.engine, theirs.engine) == ("scratch", "torch")
    for name in (*NAMES, "adam", "l1_prox"):
        assert "Torch" in type(theirs[name].pipeline[-1]).__name__
        np.testing.assert_allclose(ours[name].probabilities, theirs[name].probabilities, rtol=1e-9)


def test_engines_side_by_side(result):
    one, other = producers(seeds=2, epochs=2), producers(seeds=2, epochs=2, engine="torch")
    frame = one.beside(other)
    assert frame.index.unique("model").tolist() == NAMES
    assert (frame["largest_difference"] < 1e-9).all()
    row = frame.loc[("l2", "valid_loss")]
    losses = other["l2"].curves["valid_loss"][:, -1]
    assert row["other_mean"] == pytest.approx(np.mean(losses))
    assert row["other_sd"] == pytest.approx(np.std(losses, ddof=1))
    table = engines_table(one, other)
    assert "NumPy" in table and "PyTorch" in table and "L1 penalty: valid loss" in table
    with pytest.raises(TypeError, match="`other` must be a ProducersResult, got str"):
        one.beside("torch")
    with pytest.raises(ValueError, match=r"`other` must be of seeds \(0, 1\), got \(0, 1, 2\)"):
        one.beside(result)
