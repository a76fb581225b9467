"""The range test, against a loop in NumPy and between the engines."""

import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.sparse import csr_array
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn.estimators import ScratchMLPClassifier, TorchMLPClassifier
from sknn.inspection import ConvergenceDisplay, LearningRateRange, learning_rate_range


@pytest.fixture(scope="module")
def found(split):
    return learning_rate_range(
        ScratchMLPClassifier((16,), batch_size=20, random_state=0), split.X, split.y
    )


def test_losses_are_those_of_gradient_descent_with_rising_rates(split):
    """Softmax regression, full batch: a loop of ten lines."""
    model = ScratchMLPClassifier(
        (), solver="sgd", momentum=0.0, nesterovs_momentum=False, l2=0.0, batch_size="full",
        random_state=0,
    )  # fmt: skip
    found = learning_rate_range(model, split.X, split.y, lowest=1e-3, highest=3.0, n_updates=40)
    X, one_hot = split.X.to_numpy(), split.y.to_numpy()[:, None] == [1, 2, 3]
    start = clone(model).set_params(learning_rate_init=1e-30)
    start.partial_fit(X, split.y, classes=[1, 2, 3])
    W, b = start.coefs_[0].copy(), start.intercepts_[0].copy()
    losses = []
    rates = 1e-3 * 3000 ** (np.arange(40) / 39)
    for rate in rates:
        logits = X @ W + b
        losses.append(-log_softmax(logits, axis=1)[one_hot].mean())
        error = (softmax(logits, axis=1) - one_hot) / len(X)
        W, b = W - rate * X.T @ error, b - rate * error.sum(axis=0)
    np.testing.assert_allclose(found.rates, rates)
    np.testing.assert_allclose(found.losses, losses, rtol=1e-10)
    assert not found.diverged


def test_it_stops_where_training_diverges(found):
    assert found.diverged
    assert found.rates[-1] < 10
    assert len(found.rates) == len(found.losses) == len(found.smoothed_losses)
    assert np.isfinite(found.losses).all() and np.isfinite(found.smoothed_losses).all()
    np.testing.assert_allclose(np.diff(np.log(found.rates)), np.log(1e7) / 249)


def test_the_suggestion_lies_where_the_loss_falls(found):
    place = int(np.flatnonzero(found.rates == found.suggestion)[0])
    smoothed, least = found.smoothed_losses, int(found.smoothed_losses.argmin())
    assert smoothed[0] > smoothed[place] > smoothed[least]
    slopes = np.diff(smoothed[: least + 1])
    assert abs(int(slopes.argmin()) - place) <= 1


def test_training_with_the_suggestion_beats_rates_far_from_it(found, split):
    def loss(rate):
        network = ScratchMLPClassifier(
            (16,), batch_size=20, max_iter=10, n_iter_no_change=np.inf, random_state=0,
            learning_rate_init=rate,
        )  # fmt: skip
        return network.fit(split.X, split.y).history_["train_loss"][-1]

    assert loss(found.suggestion) < loss(found.suggestion / 30)


@pytest.mark.parametrize("is_fitted", [False, True])
def test_the_estimator_is_left_as_it_is(split, capsys, is_fitted):
    model = ScratchMLPClassifier(
        (4,), max_iter=2, n_iter_no_change=np.inf, batch_size=20, verbose=True, warm_start=True,
        random_state=np.random.RandomState(0), early_stopping=True,
    ).set_callbacks(ProgressBar())  # fmt: skip
    if is_fitted:
        model.fit(split.X, split.y)
    before = {name: value for name, value in vars(model).items() if name != "random_state"}
    drawn = model.random_state.get_state()[1].copy()
    capsys.readouterr()
    learning_rate_range(model, split.X, split.y, n_updates=10)
    after = {name: value for name, value in vars(model).items() if name != "random_state"}
    assert list(before) == list(after)
    assert all(after[name] is value for name, value in before.items())
    np.testing.assert_array_equal(model.random_state.get_state()[1], drawn)
    assert capsys.readouterr().out == ""


def test_both_engines_find_the_same(split):
    parameters = {"hidden_layer_sizes": (6,), "batch_size": 25, "random_state": 0}
    how = {"lowest": 1e-4, "highest": 0.3, "n_updates": 40}
    scratch, torch = (
        learning_rate_range(engine(**parameters), split.X, split.y, **how)
        for engine in (ScratchMLPClassifier, TorchMLPClassifier)
    )
    np.testing.assert_allclose(torch.losses, scratch.losses, rtol=1e-8)
    assert torch.suggestion == scratch.suggestion


def test_in_a_pipeline_the_steps_before_are_fitted(split):
    raw = split.X * 7 + 3
    model = ScratchMLPClassifier((6,), batch_size=25, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model)
    inside = learning_rate_range(pipeline, raw, split.y, n_updates=30)
    scaled = learning_rate_range(model, StandardScaler().fit_transform(raw), split.y, n_updates=30)
    np.testing.assert_array_equal(inside.losses, scaled.losses)
    assert not hasattr(pipeline[0], "mean_")


@pytest.mark.parametrize(
    "parameters",
    [
        {"class_weight": "balanced"},
        {"learning_rate": "onecycle"},
        {"early_stopping": True},
        {"record": "batch", "dropout": 0.2},
        {"batch_size": 1},
        {"solver": "rmsprop", "dtype": "float32"},
    ],
)
def test_whatever_the_parameters(split, parameters):
    model = ScratchMLPClassifier((4,), random_state=0, **parameters)
    found = learning_rate_range(model, split.X, split.y, n_updates=12, highest=0.1)
    assert len(found.rates) == 12


def test_weights_sparse_rows_and_labels_of_text(split):
    model = ScratchMLPClassifier((4,), batch_size=20, random_state=0)
    labels = split.y.map({1: "a", 2: "b", 3: "c"})
    dense = learning_rate_range(model, split.X, labels, n_updates=15)
    sparse = learning_rate_range(model, csr_array(split.X.to_numpy()), labels, n_updates=15)
    np.testing.assert_allclose(sparse.losses, dense.losses)
    ones = learning_rate_range(
        model, split.X, labels, sample_weight=np.full(len(labels), 3.0), n_updates=15
    )
    np.testing.assert_allclose(ones.losses, dense.losses)
    other = learning_rate_range(model, split.X, labels, n_updates=15, random_state=1)
    assert not np.allclose(other.losses, dense.losses)


def test_without_a_fall_there_is_no_suggestion(split):
    model = ScratchMLPClassifier((4,), batch_size="full", random_state=0)
    found = learning_rate_range(model, split.X, split.y, lowest=1e-9, highest=1e-7, n_updates=20)
    assert found.suggestion is None and not found.diverged
    display = ConvergenceDisplay.from_range(found, ax=Figure().subplots())
    assert display.suggestions_ == {}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"estimator": LogisticRegression()}, TypeError, "ends in one, got LogisticRegression"),
        ({"estimator": ScratchMLPClassifier(solver="lbfgs")}, ValueError, "solver='lbfgs'"),
        ({"lowest": 1.0, "highest": 0.1}, ValueError, "`lowest` must be below `highest`"),
        ({"lowest": 0}, ValueError, "'lowest' parameter"),
        ({"n_updates": 3}, ValueError, "'n_updates' parameter"),
        ({"lowest": 1e6, "highest": 1e9, "scale": 1e200}, ValueError, "diverges at `lowest`"),
    ],
)
def test_what_must_not_be(split, change, error, message):
    model = ScratchMLPClassifier((4,), solver="sgd", random_state=0)
    given = {"estimator": model, "X": split.X * change.pop("scale", 1), "y": split.y, **change}
    with pytest.raises(error, match=message), warnings.catch_warnings():
        learning_rate_range(**given)


def test_the_display_holds_the_test(found):
    display = ConvergenceDisplay.from_range({"adam": found})
    np.testing.assert_array_equal(display.lines_["adam"].get_xdata(), found.rates)
    np.testing.assert_array_equal(display.lines_["adam"].get_ydata(), found.smoothed_losses)
    assert display.suggestions_["adam"].get_xdata() == [found.suggestion]
    low, high = display.ax_.get_ylim()
    assert low < found.smoothed_losses.min() and high > found.smoothed_losses[0]
    # What lies beyond divergence does not press the rest flat.
    assert high < 2 * found.losses[:10].max()
    with pytest.raises(ValueError, match="`ranges` must hold"):
        ConvergenceDisplay({})


def test_several_are_drawn_together(split):
    models = {
        solver: ScratchMLPClassifier((4,), solver=solver, batch_size=20, random_state=0)
        for solver in ("adam", "sgd")
    }
    display = ConvergenceDisplay.from_estimator(models, split.X, split.y, n_updates=30)
    assert all(isinstance(test, LearningRateRange) for test in display.ranges.values())
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts[:2] == ["adam", "sgd"]
