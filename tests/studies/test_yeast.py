"""The yeast study against plain fits, PyTorch, and scikit-learn's own metrics."""

import warnings
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknn import ScratchMLPClassifier, io
from sknn.studies import yeast
from sknn.studies._training import Rows, untrained

OPTIMIZERS = ["adam", "full_batch", "per_sample", "mini_batch"]
REGULARIZERS = ["none", "dropout", "l2", "dropout_l2"]


@pytest.fixture(scope="module")
def table(invented_yeast):
    frame = pd.read_csv(invented_yeast)
    return frame.drop(columns="name"), frame["name"]


@pytest.fixture(scope="module")
def three(table):
    """The document's second split, made without sknn."""
    X, y = table
    X_train, X_rest, y_train, y_rest = train_test_split(
        X, y, test_size=0.3, random_state=42, stratify=y
    )
    halves = train_test_split(X_rest, y_rest, test_size=0.5, random_state=42, stratify=y_rest)
    return X_train, y_train, *halves


def test_the_splits_are_the_documents(yeast_result, table, three):
    X, y = table
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=42, stratify=y
    )
    for name in OPTIMIZERS:
        split = yeast_result[name].split
        assert_array_equal(split.X_train, X_train)
        assert_array_equal(split.X_test, X_test)
        assert_array_equal(split.y_train, y_train)
        assert_array_equal(split.y_test, y_test)
        assert split.X_valid is split.y_valid is None
    X_train, y_train, X_valid, X_test, y_valid, y_test = three
    for name in (*REGULARIZERS, "tuned"):
        split = yeast_result[name].split
        assert_array_equal(split.X_train, X_train)
        assert_array_equal(split.X_valid, X_valid)
        assert_array_equal(split.X_test, X_test)
        assert_array_equal(split.y_valid, y_valid)
        # No row but those to train on has a say in the scale.
        scaler = yeast_result[name].pipeline[0]
        assert_allclose(scaler.mean_, X_train.mean(axis=0))
        assert_allclose(scaler.scale_, X_train.std(axis=0, ddof=0))


def test_the_real_table_splits_as_the_document_prints(yeast_path):
    result = yeast(
        yeast_path,
        seeds=1,
        other_splits=0,
        optimizer_epochs=1,
        regularizer_epochs=1,
        questions=False,
    )
    first, second = result["adam"].split, result["l2"].split
    assert (len(first.y_train), len(first.y_test)) == (1187, 297)
    assert (len(second.y_train), len(second.y_valid), len(second.y_test)) == (1038, 223, 223)
    assert result.table.n_twins == 62
    assert result.table.class_counts["CYT"] == 463
    assert not result.table.n_missing.any()
    assert result.table.describe().loc["mean", "mcg"] == pytest.approx(0.500121, abs=5e-7)
    # The accuracy that the document prints for a network that it has not trained: 26 of 297.
    assert round(result["full_batch"].published.accuracy * 297) == 26
    assert (result.untrained_accuracies < 0.35).all()


def test_the_models_are_the_documents(yeast_result):
    descent = {"solver": "sgd", "momentum": 0, "nesterovs_momentum": False}
    adam = {"solver": "adam", "batch_size": "full", "learning_rate_init": 0.001, "l2": 0}
    expected = {
        "adam": {**adam, "learning_rate_init": 0.01},
        "full_batch": {**descent, "batch_size": "full", "learning_rate_init": 0.1},
        "per_sample": {**descent, "batch_size": 1, "learning_rate_init": 0.005},
        "mini_batch": {**descent, "batch_size": 32, "learning_rate_init": 0.01},
        "none": adam,
        "dropout": {**adam, "dropout": 0.5},
        "l2": {**adam, "l2": 1e-4},
        "dropout_l2": {**adam, "dropout": 0.5, "l2": 1e-4},
    }
    assert [model.name for model in yeast_result] == [*expected, "tuned"]
    for name, settings in expected.items():
        model = yeast_result[name]
        shared = {"hidden_layer_sizes": (32,), "dropout": 0.0, "shuffle": True, "l1": 0.0}
        epochs = 3 if name in OPTIMIZERS else 6
        assert {**shared, "max_iter": epochs, **settings}.items() <= model.parameters.items()
        assert len(model.history) == epochs
        assert "random_state" not in model.parameters
        assert model.seeds == (0, 1)
    best = yeast_result.search.best_params_
    tuned = {name.partition("__")[2]: value for name, value in best.items()}
    assert {**adam, **tuned}.items() <= yeast_result["tuned"].parameters.items()


@pytest.mark.parametrize("name", ["dropout_l2", "none"])
def test_a_network_is_what_its_own_pipeline_makes_of_it(yeast_result, three, name):
    model = yeast_result[name]
    X_train, y_train, X_valid, _, y_valid, _ = three
    with config_context(enable_metadata_routing=True), threadpool_limits(1):
        mlp = ScratchMLPClassifier(**model.parameters, random_state=1)
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("mlp", mlp.set_fit_request(X_val=True, y_val=True))],
            transform_input=["X_val"],
        ).fit(X_train, y_train, X_val=X_valid, y_val=y_valid)
    for ours, theirs in zip(model.pipelines[1][-1].coefs_, pipeline[-1].coefs_, strict=True):
        assert_array_equal(ours, theirs)
    for column in ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy"):
        assert_array_equal(model.curves[column][1], pipeline[-1].history_[column])


def test_losses_are_those_of_a_loop_in_pytorch(yeast_result, three):
    X_train, y_train, X_valid, _, y_valid, _ = three
    model = yeast_result["l2"]
    scaler = StandardScaler().fit(X_train)
    X, X_val = (torch.tensor(scaler.transform(rows)) for rows in (X_train, X_valid))
    y, y_val = (
        torch.tensor(np.searchsorted(model.classes, labels)) for labels in (y_train, y_valid)
    )
    start = untrained(
        ScratchMLPClassifier(**model.parameters, random_state=0),
        Rows(scaler.transform(X_train), y_train),
    )
    net = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
    ).double()
    with torch.no_grad():
        for layer, W, b in zip((net[0], net[2]), start.coefs_, start.intercepts_, strict=True):
            layer.weight.copy_(torch.tensor(W.T))
            layer.bias.copy_(torch.tensor(b))
    weights, biases = ([getattr(net[k], name) for k in (0, 2)] for name in ("weight", "bias"))
    groups = [{"params": weights, "weight_decay": 1e-4}, {"params": biases}]
    optimizer = torch.optim.Adam(groups, lr=0.001)
    cross_entropy = torch.nn.CrossEntropyLoss()
    for epoch in range(6):
        loss = cross_entropy(net(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert model.curves["train_loss"][0, epoch] == pytest.approx(loss.item(), rel=1e-9)
        with torch.no_grad():
            valid_loss = cross_entropy(net(X_val), y_val).item()
        assert model.curves["valid_loss"][0, epoch] == pytest.approx(valid_loss, rel=1e-9)


@pytest.mark.parametrize("name", ["per_sample", "dropout"])
def test_scores_are_scikit_learns(yeast_result, name):
    model = yeast_result[name]
    y = model.split.y_test
    for k, seed in enumerate(model.seeds):
        p = model.pipelines[k].predict_proba(model.split.X_test)
        predictions = model.pipelines[k].predict(model.split.X_test)
        assert_allclose(model.probabilities[k], p)
        assert_array_equal(model.predictions[k], predictions)
        scores = model.scores.loc[seed]
        assert scores["accuracy"] == accuracy_score(y, predictions)
        f1 = f1_score(y, predictions, average="macro", zero_division=0.0)
        assert scores["macro_f1"] == pytest.approx(f1)
        assert scores["log_loss"] == pytest.approx(log_loss(y, p, labels=model.classes))
        alone = ~model.split.twins
        alone_accuracy = accuracy_score(y[alone], predictions[alone])
        assert scores["accuracy_without_twins"] == pytest.approx(alone_accuracy)
    assert_array_equal(model.confusion, confusion_matrix(y, model.predictions[0]))
    assert np.trace(model.mean_confusion) == pytest.approx(model.accuracy.mean * len(y))


def test_other_splits_are_fits_of_their_own(yeast_result, table):
    X, y = table
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=1, stratify=y
    )
    model = yeast_result["mini_batch"]
    mlp = ScratchMLPClassifier(**model.parameters, random_state=1)
    with threadpool_limits(1):
        pipeline = Pipeline([("scale", StandardScaler()), ("mlp", mlp)]).fit(X_train, y_train)
        accuracy = pipeline.score(X_test, y_test)
    assert model.other_splits.index.tolist() == [0, 1]
    assert model.other_splits.loc[1, "accuracy"] == accuracy


def test_twins_are_rows_that_pandas_finds_too(yeast_result, table):
    split = yeast_result["none"].split
    known = pd.merge(split.X_test.reset_index(), split.X_train.drop_duplicates())["index"]
    assert_array_equal(split.X_test.index[split.twins], split.X_test.index.intersection(known))
    assert split.twins.any()
    assert yeast_result.table.n_twins == table[0].duplicated(keep=False).sum()


def test_untrained_networks_are_where_training_starts(yeast_result):
    model = yeast_result["adam"]
    for seed, accuracy in enumerate(yeast_result.untrained_accuracies):
        # Steps that are lost in rounding.
        settings = {**model.parameters, "learning_rate_init": 1e-300, "max_iter": 1}
        network = ScratchMLPClassifier(**settings, random_state=seed)
        scaler = model.pipeline[0]
        network.fit(scaler.transform(model.split.X_train), model.split.y_train)
        assert network.score(scaler.transform(model.split.X_test), model.split.y_test) == accuracy


def test_figures_beside_the_documents(yeast_result):
    frame = yeast_result.beside_document()
    assert len(frame) == 4 * 3 + 3 * 4
    row = frame.loc["l2", "macro_f1"]
    ours = yeast_result["l2"].scores["macro_f1"]
    assert row["document"] == 0.605480
    assert (row["mean"], row["lowest"]) == (pytest.approx(ours.mean()), ours.min())
    assert row["rerun"] == 0.6059
    assert (frame["explanation"] == "").equals(frame["inside"])
    bug = frame.loc["full_batch", "accuracy"]
    assert not bug["inside"]
    assert "never trained" in bug["explanation"]


def test_the_frame_has_all_models(yeast_result):
    frame = yeast_result.to_frame()
    assert frame.index.tolist() == [model.name for model in yeast_result]
    model = yeast_result["dropout"]
    assert frame.loc["dropout", ("valid_loss", "mean")] == pytest.approx(
        model.curves["valid_loss"][:, -1].mean()
    )
    assert frame.loc["dropout", ("macro_f1", "document")] == 0.451516
    expected = model.other_splits["accuracy"].mean()
    assert frame.loc["dropout", ("accuracy", "other_splits")] == pytest.approx(expected)
    assert np.isnan(frame.loc["adam", ("valid_loss", "mean")])


def test_the_best_goes_by_validation_and_can_be_saved(yeast_result, tmp_path):
    losses = {
        model.name: model.curves["valid_loss"][:, -1].mean()
        for model in yeast_result
        if model.name not in OPTIMIZERS
    }
    best = yeast_result.best
    assert losses[best.name] == min(losses.values())
    io.save(best.pipeline, tmp_path / "best.sknn")
    X_test = best.split.X_test
    loaded = io.load(tmp_path / "best.sknn")
    assert_array_equal(loaded.predict_proba(X_test), best.pipeline.predict_proba(X_test))


def test_the_search_sees_training_rows_only(yeast_result):
    assert len(yeast_result.search.cv_results_["params"]) == 25
    assert yeast_result.search.n_splits_ == 3
    assert np.isfinite(yeast_result.search.cv_results_["mean_test_score"]).all()


SHORT = {"seeds": 1, "other_splits": 1, "optimizer_epochs": 2, "regularizer_epochs": 2}


def test_engines_agree_where_nothing_is_dropped(invented_yeast):
    pair = [
        yeast(invented_yeast, **SHORT, questions=False, engine=engine)
        for engine in ("scratch", "torch")
    ]
    assert [result.engine for result in pair] == ["scratch", "torch"]
    for name in (*OPTIMIZERS, "none", "l2"):
        ours, theirs = (result[name] for result in pair)
        assert_allclose(ours.probabilities, theirs.probabilities, rtol=1e-8)
        assert_allclose(ours.curves["train_loss"], theirs.curves["train_loss"], rtol=1e-8)
        assert_allclose(ours.other_splits, theirs.other_splits, rtol=1e-8)
    assert type(pair[1]["dropout"].pipeline[-1]).__name__ == "TorchMLPClassifier"
    frame = pair[0].beside(pair[1])
    assert frame.index.unique("model").tolist() == [*OPTIMIZERS, *REGULARIZERS]
    # The first split has no validation rows.
    assert frame.loc["adam"].index.tolist() == ["accuracy", "macro_f1", "train_loss"]
    assert (frame.loc[["none", "l2"], "largest_difference"] < 1e-8).all()
    assert frame.loc[("dropout", "train_loss"), "largest_difference"] > 1e-3


def test_n_jobs_does_not_change_a_bit_and_progress_counts(invented_yeast):
    told = []
    options = {**SHORT, "seeds": [3, 1], "questions": False}
    one = yeast(invented_yeast, **options, progress=told.append)
    two = yeast(invented_yeast, **options, n_jobs=2)
    for ours, theirs in zip(one, two, strict=True):
        assert ours.seeds == (3, 1)
        assert_array_equal(ours.probabilities, theirs.probabilities)
        assert_array_equal(ours.curves["train_loss"], theirs.curves["train_loss"])
    assert [(fit.done, fit.total) for fit in told] == [(k, 24) for k in range(1, 25)]
    fits = {(fit.model, fit.seed): fit.accuracy for fit in told}
    assert fits["mini-batch SGD", 3] == one["mini_batch"].accuracies[0]


def test_nothing_warns_and_what_was_not_asked_for_is_not_there(invented_yeast):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        options = {**SHORT, "other_splits": 0, "questions": False}
        result = yeast(invented_yeast, **options)
    assert result.architectures is None
    assert result.tuned is None
    assert result.search is None
    assert len(result["l2"].other_splits) == 0
    assert result.to_frame()["accuracy", "sd"].isna().all()
    with pytest.raises(KeyError, match=r"one of \['adam', .*\], got 'tuned'"):
        result["tuned"]
    with pytest.raises(FrozenInstanceError):
        result.engine = "torch"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "jax"}, "'engine' parameter .* Got 'jax'"),
        ({"seeds": 0}, "'seeds' parameter .* Got 0"),
        ({"seeds": [1, 1]}, r"`seeds` must be .*, got \[1, 1\]"),
        ({"other_splits": 43}, "'other_splits' parameter .* Got 43"),
        ({"optimizer_epochs": 0}, "'optimizer_epochs' parameter .* Got 0"),
        ({"regularizer_epochs": 1.5}, "'regularizer_epochs' parameter .* Got 1.5"),
        ({"questions": 1}, "'questions' parameter .* Got 1"),
        ({"architectures": 1}, "'architectures' parameter .* Got 1"),
        ({"progress": 3}, "'progress' parameter .* Got 3"),
    ],
)
def test_bad_arguments(invented_yeast, arguments, message):
    with pytest.raises(ValueError, match=message):
        yeast(invented_yeast, **arguments)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        yeast(tmp_path / "nowhere.csv")
