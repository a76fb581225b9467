"""Displays of weights and of a growing penalty."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError

from sknn.estimators import ScratchMLPClassifier, ScratchMLPEnsembleClassifier
from sknn.feature_selection import MLPFeatureSelector, RankStabilitySelector, RegularizationPath
from sknn.inspection import NetworkDisplay, RegularizationPathDisplay


def test_images_are_the_weights(network):
    display = NetworkDisplay.from_estimator(network, class_names=["a", "b", "c"])
    assert len(display.axes_) == 2
    for image, coef in zip(display.im_, network.coefs_, strict=True):
        np.testing.assert_array_equal(image.get_array(), coef)
        low, high = image.get_clim()
        assert (-low, high) == (np.quantile(np.abs(coef), 0.98),) * 2
    names = [label.get_text() for label in display.axes_[0].get_yticklabels()]
    assert names == list(network.feature_names_in_)
    assert [label.get_text() for label in display.axes_[1].get_xticklabels()] == ["a", "b", "c"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_zeros_are_grey_and_small_weights_are_not(theme):
    coefs = [np.array([[0.0, 1e-9], [-2.0, 0.0], [0.0, 0.0]]), np.array([[1.0], [2.0]])]
    display = NetworkDisplay(coefs).plot(theme=theme, limit=2.0)
    image = display.im_[0]
    np.testing.assert_array_equal(image.get_array().mask, coefs[0] == 0)
    colors = image.to_rgba(image.get_array())
    assert np.ptp(colors[0, 0, :3]) < 0.1
    assert (colors[coefs[0] == 0] == colors[0, 0]).all()
    assert abs(colors[0, 1] - colors[0, 0]).max() > 0.15
    assert display.zeros == [pytest.approx(4 / 6), 0]
    titles = [axes.get_title(loc="left") for axes in display.axes_]
    assert titles == ["3 × 2, 67 % zero", "2 × 1, no zeros"]
    names = [label.get_text() for label in display.axes_[0].get_yticklabels()]
    assert names == ["x0", "x1", "x2"]


def test_a_network_of_zeros_and_one_of_many_features():
    display = NetworkDisplay([np.zeros((60, 3)), np.zeros((3, 2))]).plot(colorbar=False)
    assert display.axes_[0].get_title(loc="left") == "60 × 3, 100 % zero"
    assert display.axes_[0].get_ylabel() == "features"
    assert display.colorbars_ == []


def test_what_a_network_must_be(split, network, fit):
    ensemble = ScratchMLPEnsembleClassifier(fit(max_iter=1), n_estimators=2, random_state=0)
    with pytest.raises(ValueError, match="`estimator` must be one network, got an ensemble of 2"):
        NetworkDisplay.from_estimator(ensemble.fit(split.X, split.y))
    with pytest.raises(TypeError, match="`estimator` must be a ScratchMLP"):
        NetworkDisplay.from_estimator(RankStabilitySelector())
    with pytest.raises(ValueError, match="`feature_names` must be 13 names, got 1"):
        NetworkDisplay.from_estimator(network, feature_names=["a"])
    with pytest.raises(ValueError, match="`class_names` must be 3 names, got 1"):
        NetworkDisplay.from_estimator(network, class_names=["a"])
    with pytest.raises(ValueError, match="`limit` must be above 0 or None, got 0"):
        NetworkDisplay.from_estimator(network, limit=0)
    for coefs in ([], [np.ones(3)], [np.ones((0, 2))]):
        with pytest.raises(ValueError, match="`coefs` must be matrices"):
            NetworkDisplay(coefs)


NORMS = np.array([[3.0, 2.0, 1.0], [2.0, 1.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
LAMBDAS = np.array([0.001, 0.01, 0.1, 1.0])


def test_a_path_is_drawn_from_weak_to_strong():
    shuffled = [2, 0, 3, 1]
    path = SimpleNamespace(
        lambdas_=LAMBDAS[shuffled],
        norms_=NORMS[shuffled],
        valid_loss_means_=np.array([0.4, 0.2, 0.3, 1.0])[shuffled],
        valid_loss_errors_=np.array([0.1, 0.2, 0.3, 0.4])[shuffled],
        best_lambda_=0.01,
        feature_names_in_=np.array(["a", "b", "c"], dtype=object),
    )
    display = RegularizationPathDisplay.from_path(path)
    norms, losses, alive = display.axes_
    for feature, line in enumerate(display.lines_):
        np.testing.assert_array_equal(line.get_xdata(), LAMBDAS)
        np.testing.assert_array_equal(line.get_ydata(), NORMS[:, feature])
    np.testing.assert_array_equal(losses.get_lines()[0].get_ydata(), [0.4, 0.2, 0.3, 1.0])
    (band,) = losses.collections
    (outline,) = band.get_paths()
    for x, low, high in zip(LAMBDAS, [0.3, 0, 0, 0.6], [0.5, 0.4, 0.6, 1.4], strict=True):
        found = outline.vertices[outline.vertices[:, 0] == x, 1]
        np.testing.assert_allclose([found.min(), found.max()], [low, high], atol=1e-12)
    np.testing.assert_array_equal(display.n_alive, [3, 2, 1, 0])
    assert display.order.tolist() == [1, 0, 2]
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts == ["b", "a", "c", "chosen: λ = 0.01"]
    assert {axes.get_xscale() for axes in (norms, losses, alive)} == {"log"}


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True, as_frame=True)
    X = X[X.columns[:4]]
    return (X - X.mean()) / X.std(), y


NETWORK = ScratchMLPClassifier((4,), max_iter=20, n_iter_no_change=np.inf, learning_rate_init=0.02)
SHORT = {"lambdas": [0.1, 0.5, 9.0], "epochs_per_lambda": 20, "cv": 2, "random_state": 0}


def test_a_fitted_path_is_drawn_as_it_is(wine):
    path = RegularizationPath(NETWORK, **SHORT).fit(*wine)
    display = RegularizationPathDisplay.from_path(path)
    _, losses, alive = display.axes_
    assert path.n_alive_[0] == 4 and path.n_alive_[-1] == 0
    for feature, line in enumerate(display.lines_):
        np.testing.assert_array_equal(line.get_ydata(), path.norms_[:, feature])
        assert line.get_label() == wine[0].columns[feature]
    drawn = {line.get_label(): line.get_ydata() for line in losses.get_lines()}
    np.testing.assert_array_equal(drawn["training"], path.train_losses_)
    np.testing.assert_array_equal(drawn["validation"], path.valid_loss_means_)
    assert len(losses.collections) == 1
    np.testing.assert_array_equal(alive.get_lines()[0].get_ydata(), path.n_alive_)
    assert display.best_lambda == path.best_lambda_
    assert f"chosen: λ = {path.best_lambda_:.3g}" in drawn
    # The order is that in which they leave.
    assert (np.diff(path.exit_lambdas_[display.order]) <= 0).all()


@pytest.mark.parametrize("asked", [None, 2])
def test_of_a_selector_its_path_is_drawn(wine, asked):
    """Without validation where a number was asked for, which needs none."""
    selector = MLPFeatureSelector(NETWORK, n_features_to_select=asked, **SHORT).fit(*wine)
    display = RegularizationPathDisplay.from_path(selector)
    np.testing.assert_array_equal(display.norms, selector.path_.norms_)
    assert display.feature_names == [*wine[0].columns]
    assert (display.best_lambda is None) == ("valid" not in display.losses) == (asked == 2)
    with pytest.raises(NotFittedError):
        RegularizationPathDisplay.from_path(clone(selector))


def test_a_path_from_no_penalty_without_losses():
    display = RegularizationPathDisplay([0.0, 0.1], [[1, 1], [0, 1]], [2, 1]).plot(max_features=1)
    assert len(display.axes_) == 2
    assert display.ax_.get_xscale() == "symlog"
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts == ["x1", "1 others"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lambdas": []}, "`lambdas` must be a list of numbers"),
        ({"lambdas": [-1, 0, 1, 2]}, "`lambdas` must be a list of numbers"),
        ({"lambdas": [np.nan, 0, 1, 2]}, "`lambdas` must be a list of numbers"),
        ({"norms": NORMS[:2]}, "`norms` must have a row for each of the 4 lambdas"),
        ({"n_alive": [1, 2]}, "`n_alive` must be 4 numbers"),
        ({"train_loss": [1, 2]}, "`train_loss` must be 4 numbers"),
        ({"valid_loss": [1] * 4, "valid_loss_error": [1]}, "`valid_loss_error` must be 4 numbers"),
        ({"valid_loss_error": [1] * 4}, "`valid_loss_error` must come with `valid_loss`"),
        ({"feature_names": ["a"]}, "`feature_names` must be 3 names"),
    ],
)
def test_what_a_path_must_be(change, message):
    with pytest.raises(ValueError, match=message):
        RegularizationPathDisplay(**{"lambdas": LAMBDAS, "norms": NORMS, **change})
    with pytest.raises(TypeError, match=r"`path` must be a RegularizationPath .* got object"):
        RegularizationPathDisplay.from_path(object())


def test_two_classes_have_the_column_of_the_second():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    model = ScratchMLPClassifier((4,), max_iter=3, n_iter_no_change=np.inf)
    display = NetworkDisplay.from_estimator(model.fit(X, np.where(X[:, 0] > 0, "yes", "no")))
    assert [label.get_text() for label in display.axes_.flat[-1].get_xticklabels()] == ["yes"]
    display = NetworkDisplay.from_estimator(model, class_names=["ill", "well"])
    assert list(display.output_names) == ["well"]


def test_the_units_of_an_embedding_have_the_names_of_their_features(split, fit):
    """Four rows for each of 13 features: more names than fit are left out of the figure."""
    fitted = fit(max_iter=1, embedding="periodic")
    display = NetworkDisplay.from_estimator(fitted)
    first, *rest = split.X.columns
    units = [f"{first}{unit}" for unit in ("", ", unit 1", ", unit 2", ", unit 3")]
    assert display.feature_names[:5] == [*units, rest[0]]
    assert len(display.feature_names) == len(fitted.coefs_[0]) == 4 * 13
    names = [f"f{k}" for k in range(13)]
    display = NetworkDisplay.from_estimator(fitted, feature_names=names)
    assert display.feature_names[-1] == "f12, unit 3"
    with pytest.raises(ValueError, match="`feature_names` must be 13 names, got 52"):
        NetworkDisplay.from_estimator(fitted, feature_names=["x"] * 52)
