"""The networks of several widths and depths, against fits and arithmetic of the tests' own."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknn import ScratchMLPClassifier
from sknn.studies import YeastArchitectures, YeastResult, yeast
from sknn.studies._training import fit_each, seconds_of
from sknn.studies._yeast_protocol import ARCHITECTURES, network_of

SHAPES = {(1, 64), (3, 16)}
NAMES = ["depth", "width", "variant", "split", "seed"]
KINDS = {
    "all_epochs": {},
    "plain": {"early_stopping": True},
    "residual": {"early_stopping": True, "residual": True},
    "batch": {"early_stopping": True, "normalization": "batch"},
    "batch_residual": {"early_stopping": True, "normalization": "batch", "residual": True},
    "layer": {"early_stopping": True, "normalization": "layer"},
    "layer_residual": {"early_stopping": True, "normalization": "layer", "residual": True},
}


@pytest.fixture(scope="module")
def told() -> list:
    return []


@pytest.fixture(scope="module")
def result(invented_yeast, told) -> YeastResult:
    """A run of two shapes, too short to stop early."""
    chosen = tuple(own for own in ARCHITECTURES if (own.depth, own.width) in SHAPES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sknn.studies._yeast.ARCHITECTURES", chosen)
        return yeast(
            invented_yeast,
            seeds=[4, 1],
            other_splits=1,
            optimizer_epochs=1,
            regularizer_epochs=2,
            progress=told.append,
        )


def test_every_width_and_depth_has_every_part():
    expected = {
        (depth, width, kind)
        for depth, width, kind in itertools.product((1, 2, 3, 4), (16, 32, 64), KINDS)
        if depth > 1 or not kind.endswith("residual")
    }
    assert {(own.depth, own.width, own.variant.name) for own in ARCHITECTURES} == expected
    assert len(ARCHITECTURES) == len(expected) == 75


def test_every_network_is_trained_with_every_seed_and_on_every_split(result):
    runs = result.architectures.runs
    asked = {(*shape, kind) for shape in SHAPES for kind in KINDS}
    asked -= {(1, 64, kind) for kind in KINDS if kind.endswith("residual")}
    places = {(42, 4), (42, 1), (0, 0)}
    assert set(runs.index) == {(*one, *place) for one in asked for place in places}
    # In the order that they were asked for, whichever ended first.
    assert list(runs.index.droplevel(["depth", "width", "variant"]))[:3] == [
        (42, 4),
        (42, 1),
        (0, 0),
    ]
    assert np.isfinite(runs.to_numpy()).all()
    assert (runs["seconds"] > 0).all()
    # Not among the models that the document has figures of.
    assert not any("×" in model.title for model in result)


def test_the_settings_are_those_that_the_names_say():
    for own in ARCHITECTURES:
        network = ScratchMLPClassifier(**own.model.settings)
        assert network.hidden_layer_sizes == (own.width,) * own.depth
        kind = KINDS[own.variant.name]
        assert (network.normalization, network.residual, network.early_stopping) == (
            kind.get("normalization"),
            kind.get("residual", False),
            kind.get("early_stopping", False),
        )
        assert network.monitor == "valid_loss"
        assert (network.batch_size, network.learning_rate_init) == ("full", 0.001)


@pytest.mark.parametrize(
    ("depth", "width", "variant"), [(1, 64, "all_epochs"), (3, 16, "batch_residual")]
)
def test_figures_are_those_of_a_fit_by_itself(result, invented_yeast, depth, width, variant):
    frame = pd.read_csv(invented_yeast)
    X, y = frame.drop(columns="name"), frame["name"]
    split = {"random_state": 42, "test_size": 0.3, "stratify": y}
    X_train, X_rest, y_train, y_rest = train_test_split(X, y, **split)
    split = {"random_state": 42, "test_size": 0.5, "stratify": y_rest}
    X_valid, X_test, y_valid, y_test = train_test_split(X_rest, y_rest, **split)
    scaler = StandardScaler().fit(X_train)
    network = ScratchMLPClassifier(
        (width,) * depth,
        **KINDS[variant],
        batch_size="full",
        learning_rate_init=0.001,
        l2=0.0,
        max_iter=2,
        n_iter_no_change=50,
        tol=0.0,
        random_state=1,
    )
    valid = {"X_val": scaler.transform(X_valid), "y_val": y_valid}
    with threadpool_limits(1), pytest.warns(match="has not converged"):
        network.fit(scaler.transform(X_train), y_train, **valid)
        probabilities = network.predict_proba(scaler.transform(X_test))
    predictions = network.classes_[probabilities.argmax(axis=1)]
    run = result.architectures.runs.loc[(depth, width, variant, 42, 1)]
    assert run["accuracy"] == accuracy_score(y_test, predictions)
    f1 = f1_score(y_test, predictions, average="macro", zero_division=0.0)
    assert run["macro_f1"] == pytest.approx(f1)
    loss = log_loss(y_test, probabilities, labels=network.classes_)
    assert run["log_loss"] == pytest.approx(loss)
    assert run["epochs"] == 2


def test_all_but_the_documents_training_end_after_the_lowest_validation_loss(result):
    rows = result["none"].split.scaled
    # Sites that nothing predicts: the loss on them rises soon.
    rows = replace(rows, y_val=np.random.default_rng(0).permutation(rows.y_val))
    for own in [own for own in ARCHITECTURES if (own.depth, own.width) == (2, 16)]:
        network = network_of(ScratchMLPClassifier, own.model, 150, seed=0)
        (fit,) = fit_each([network.set_params(learning_rate_init=0.02)], [rows], 1)
        losses = fit[1].history_["valid_loss"]
        if own.variant.name == "all_epochs":
            assert len(losses) == 150
        else:
            assert len(losses) == np.argmin(losses) + 1 + 51 < 150
            probabilities = fit[1].predict_proba(rows.X_val)
            loss = log_loss(rows.y_val, probabilities, labels=fit[1].classes_)
            assert loss == pytest.approx(min(losses))


def test_progress_counts_the_architectures_without_their_seeds(told):
    last = told[-1]
    # Eight models and the tuned one, 4 + 7 architectures; two seeds and a split; and the search.
    assert (last.done, last.total) == (20 * 3 + 1, 20 * 3 + 1)
    assert [fit.done for fit in told] == list(range(1, last.total + 1))
    assert {fit.seed for fit in told[-11 * 3 :]} == {None}
    assert last.model == "3 × 16, layer norm, residual"


@pytest.fixture(scope="module")
def invented() -> YeastArchitectures:
    """Runs whose differences are known."""
    rows = {}
    for depth, width, kind, (split, seed) in itertools.product(
        (1, 2), (16, 64), ("plain", "batch", "residual"), ((42, 0), (42, 7), (3, 3))
    ):
        if depth == 1 and kind == "residual":
            continue
        gain = {"plain": 0.0, "batch": 0.01 * (1 + (seed == 7)), "residual": width / 1000}[kind]
        slower = {"plain": 1.0, "batch": 2.0, "residual": 3.0}[kind]
        rows[depth, width, kind, split, seed] = {
            # What networks of one seed and width share cancels out in differences.
            "accuracy": 0.5 + 0.001 * seed + 0.0001 * width - 0.1 * (depth - 1) + gain,
            "macro_f1": 0.4 - gain,
            "log_loss": 1.0 + split / 100 + 0.5 * (depth - 1),
            "epochs": 100 * depth,
            "seconds": width * depth**2 * slower,
        }
    runs = pd.DataFrame.from_dict(rows, orient="index")
    return YeastArchitectures(runs.rename_axis(NAMES))


def test_spreads_are_over_seeds_or_over_other_splits(invented):
    frame = invented.to_frame()
    values = [0.5 + 0.0016, 0.5 + 0.007 + 0.0016]
    row = frame.loc[(1, 16, "plain"), "accuracy"]
    assert row["mean"] == pytest.approx(np.mean(values))
    assert row["sd"] == pytest.approx(np.std(values, ddof=1))
    others = invented.to_frame("splits")
    assert others.loc[(1, 16, "plain"), ("accuracy", "mean")] == pytest.approx(0.503 + 0.0016)
    assert np.isnan(others["accuracy", "sd"]).all()
    assert invented.has_other_splits
    own = invented.runs[invented.runs.index.get_level_values("split") == 42]
    assert not YeastArchitectures(own).has_other_splits


def test_changes_are_between_networks_that_differ_in_nothing_else(invented):
    gains = invented.gains()
    row = gains.loc[(2, "batch")]
    assert row["accuracy", "mean"] == pytest.approx(0.015)
    assert row["accuracy", "sd"] == pytest.approx(np.std([0.01, 0.02], ddof=1))
    assert row["macro_f1", "mean"] == pytest.approx(-0.015)
    assert row["log_loss", "mean"] == pytest.approx(0, abs=1e-12)
    assert row["seconds", "mean"] == pytest.approx(2)
    # The mean of the widths.
    assert gains.loc[(2, "residual"), ("accuracy", "mean")] == pytest.approx(0.04)
    assert (1, "residual") not in gains.index
    deeper = invented.deeper("splits")
    row = deeper.loc[(2, "batch")]
    assert row["accuracy", "mean"] == pytest.approx(-0.1)
    assert row["log_loss", "mean"] == pytest.approx(0.5)
    assert row["seconds", "mean"] == pytest.approx(4)
    # One layer cannot have residual connections, so nothing can be said of two.
    assert "residual" not in deeper.index.unique("variant")


def test_over_what_is_checked(invented):
    for method in (invented.to_frame, invented.deeper, invented.gains):
        with pytest.raises(ValueError, match="`over` must be 'seeds' or 'splits', got 'folds'"):
            method("folds")


def test_the_time_of_an_epoch_is_shared_by_those_that_train():
    stack = [
        SimpleNamespace(history_=History([3.0, 3.0])),
        SimpleNamespace(history_=History([3.0, 3.0, 4.0, 2.0])),
        SimpleNamespace(history_=History([3.0, 3.0, 4.0])),
    ]
    assert seconds_of(stack) == pytest.approx([2, 6, 4])


class History:
    def __init__(self, seconds):
        self.seconds = seconds

    def __len__(self):
        return len(self.seconds)

    def __getitem__(self, column):
        return {"seconds": self.seconds}[column]
