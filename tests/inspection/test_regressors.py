"""What displays show of regressors, against scikit-learn, SciPy and calculations by hand."""

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.datasets import make_multilabel_classification
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn.estimators import ScratchMLPClassifier, ScratchMLPRegressor, TorchMLPRegressor
from sknn.inspection import (
    ClassBalanceDisplay,
    ConvergenceDisplay,
    FeatureDistributionDisplay,
    IntervalCalibrationDisplay,
    NetworkDisplay,
    OneVsRestRocDisplay,
    PredictionIntervalDisplay,
    QuantilePredictions,
    RegularizationPathDisplay,
    TrainingHistoryDisplay,
    VolatilityDisplay,
    learning_rate_range,
)
from sknn.training import History

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
Y = 100 + 30 * X[:, 0] + 10 * RNG.normal(size=240)
X_TEST, Y_TEST = X[160:], Y[160:]
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
UNTRAINED = ScratchMLPRegressor(
    (4,), loss="quantile", max_iter=2, n_iter_no_change=np.inf, random_state=0
)


def fit(loss="squared_error", **parameters):
    settings = {"max_iter": 15, "n_iter_no_change": np.inf, "random_state": 0, **parameters}
    network = ScratchMLPRegressor((8,), loss=loss, learning_rate_init=0.02, **settings)
    return network.fit(X[:160], Y[:160], X_val=X_TEST, y_val=Y_TEST)


@pytest.fixture(scope="module")
def networks():
    return {
        "squared_error": fit(record="batch", batch_size=40),
        "quantile": fit("quantile", quantiles=LEVELS),
        "gaussian": fit("gaussian"),
    }


# ---- histories ----


def test_a_history_has_its_r2(networks):
    network = networks["squared_error"]
    display = TrainingHistoryDisplay.from_estimator(network)
    titles = [axes.get_title(loc="left") for axes in display.axes_.flat]
    assert titles == ["Loss (half squared error)", "R²"]
    drawn = display.lines_["ScratchMLPRegressor", "r2", "valid"].get_ydata()
    assert drawn[-1] == pytest.approx(network.score(X_TEST, Y_TEST))
    volatility = VolatilityDisplay.from_estimator(network, measure="r2")
    assert volatility.ax_.get_title(loc="left") == "Volatility of R²"
    batches = TrainingHistoryDisplay.from_estimator(network, level="batch")
    assert batches.axes_.size == 2


def test_captions_say_which_loss(networks):
    display = TrainingHistoryDisplay.from_estimator(networks)
    assert display.axes_.flat[0].get_title(loc="left") == "Loss"
    assert "quantile: quantiles 0.1, 0.25, 0.5, 0.75, 0.9" in display.caption
    assert "gaussian: loss gaussian" in display.caption


def test_a_negative_loss_is_not_drawn_on_a_logarithm():
    values = {"train_loss": [0.4, -0.1, -0.3], "train_r2": [-40.0, 0.2, 0.5]}
    values |= {"valid_loss": [np.nan] * 3, "valid_r2": [np.nan] * 3}
    display = TrainingHistoryDisplay(History(values)).plot()
    loss, r2 = display.axes_.flat
    assert loss.get_yscale() == "linear"
    assert display.lines_["training", "loss", "train"].get_ydata().min() == -0.3
    assert r2.get_ylim()[0] == -1


def test_classifiers_and_regressors_are_not_drawn_together(networks):
    classifier = ScratchMLPClassifier(max_iter=1, n_iter_no_change=np.inf).fit(X, Y > 100)
    with pytest.raises(ValueError, match="must be all of classifiers or all of regressors"):
        TrainingHistoryDisplay.from_estimator({"a": classifier, "b": networks["gaussian"]})
    with pytest.raises(ValueError, match=r"`measure` must be of \['loss', 'r2'\], got 'accuracy'"):
        TrainingHistoryDisplay.from_estimator(networks["gaussian"], measure="accuracy")
    with pytest.raises(ValueError, match=r"`monitor` must be one of .*valid_r2.*valid_accuracy"):
        TrainingHistoryDisplay(networks["gaussian"].history_, monitor="valid_accuracy")


# ---- the learning rate ----


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "gamma", "quantile", "gaussian"])
def test_a_range_test_of_every_kind_of_loss(loss):
    network = ScratchMLPRegressor((8,), loss=loss, batch_size=60, random_state=0)
    y = np.exp(Y / 100)
    found = learning_rate_range(network, X, y, n_updates=120)
    assert 1e-5 < found.suggestion < 0.3
    # Another unit of the target changes nothing: it is scaled by all rows, as in `fit`.
    other = learning_rate_range(network, X, 1024 * y, n_updates=120)
    np.testing.assert_allclose(found.losses, other.losses, rtol=1e-6)


def test_a_range_test_scales_the_target_as_fit_does():
    network = ScratchMLPRegressor((8,), batch_size=160, random_state=3, max_iter=1)
    found = learning_rate_range(network, X[:160], Y[:160], lowest=1e-9, n_updates=10)
    fitted = network.set_params(n_iter_no_change=np.inf).fit(X[:160], Y[:160])
    assert found.losses[0] == pytest.approx(fitted.history_["train_loss"][0])


def test_a_range_test_of_several_numbers_and_of_several_labels():
    Y2 = np.column_stack([Y, X[:, 1]])
    assert learning_rate_range(ScratchMLPRegressor((4,)), X, Y2, n_updates=60).suggestion
    Z, labels = make_multilabel_classification(120, 5, n_classes=3, random_state=0)
    network = ScratchMLPClassifier((4,), batch_size=20)
    found = learning_rate_range(network, StandardScaler().fit_transform(Z), labels, n_updates=60)
    assert found.suggestion
    display = ConvergenceDisplay.from_estimator(ScratchMLPRegressor((4,)), X, Y, n_updates=40)
    assert list(display.lines_) == ["ScratchMLPRegressor"]


# ---- weights, paths, curves ----


@pytest.mark.parametrize(
    ("loss", "names"),
    [
        ("squared_error", ["y"]),
        ("gaussian", ["mean", "log sd"]),
        ("quantile", ["quantile 0.1", *(f"step to {level}" for level in LEVELS[1:])]),
    ],
)
def test_outputs_have_names(networks, loss, names):
    display = NetworkDisplay.from_estimator(networks[loss])
    assert display.output_names == names
    assert display.axes_[-1].get_xlabel() == "outputs"


def test_outputs_of_several_numbers_have_names():
    network = ScratchMLPRegressor((4,), loss="gaussian", max_iter=1, n_iter_no_change=np.inf)
    display = NetworkDisplay.from_estimator(network.fit(X, np.column_stack([Y, Y])))
    assert display.output_names == ["mean of y0", "mean of y1", "log sd of y0", "log sd of y1"]


def test_what_no_regressor_has_is_named(networks):
    with pytest.raises(ValueError, match="`class_names` must be None for a regressor"):
        NetworkDisplay.from_estimator(networks["gaussian"], class_names=["a", "b"])
    with pytest.raises(ValueError, match="must not both be given"):
        NetworkDisplay([np.ones((2, 1))], class_names=["a"], output_names=["b"])
    with pytest.raises(TypeError, match="`estimator` must have predict_proba, got ScratchMLPReg"):
        OneVsRestRocDisplay.from_estimator(networks["gaussian"], X_TEST, Y_TEST)


def test_a_display_of_classes_does_not_take_numbers():
    with pytest.raises(ValueError, match="`y` must hold classes, got numbers such as"):
        ClassBalanceDisplay.from_labels(Y)
    with pytest.raises(ValueError, match="`y` must hold classes, got numbers such as"):
        FeatureDistributionDisplay.from_data(X, Y)


def test_a_path_says_which_loss():
    display = RegularizationPathDisplay(
        [0.1, 1.0], [[1.0], [0.0]], train_loss=[0.2, 0.5], loss_name="half squared error"
    ).plot()
    assert display.axes_[1].get_title(loc="left") == "Loss (half squared error)"


# ---- quantiles and intervals ----


def test_quantiles_of_a_network_behind_a_scaler_and_a_search(networks):
    network = networks["quantile"]
    search = GridSearchCV(
        make_pipeline(StandardScaler(), UNTRAINED),
        {"scratchmlpregressor__l2": [0.1]},
        cv=2,
    ).fit(X, Y)
    found = QuantilePredictions.from_estimator(search, X_TEST, Y_TEST)
    rows = search.best_estimator_[:-1].transform(X_TEST)
    np.testing.assert_array_equal(
        found.quantiles, search.best_estimator_[-1].predict_quantiles(rows)
    )
    some = QuantilePredictions.from_estimator(network, X_TEST, Y_TEST, levels=[0.1, 0.9])
    np.testing.assert_array_equal(some.quantiles, network.predict_quantiles(X_TEST)[:, [0, -1]])


def test_pinball_losses_are_those_of_scikit_learn(networks):
    found = QuantilePredictions.from_estimator(networks["quantile"], X_TEST, Y_TEST)
    losses = [
        mean_pinball_loss(Y_TEST, found.quantiles[:, k], alpha=level)
        for k, level in enumerate(LEVELS)
    ]
    np.testing.assert_allclose(found.pinball_losses, losses)
    assert found.pinball_loss == pytest.approx(np.mean(losses))


@pytest.mark.parametrize("model", [BayesianRidge(), GaussianProcessRegressor(alpha=0.1)])
def test_normal_quantiles_of_any_regressor_with_standard_deviations(model):
    model = model.fit(X[:160], (Y[:160] - 100) / 30)
    found = QuantilePredictions.from_estimator(model, X_TEST, Y_TEST, levels=[0.2, 0.8])
    mean, std = model.predict(X_TEST, return_std=True)
    expected = norm(mean[:, None], std[:, None]).ppf([0.2, 0.8])
    np.testing.assert_allclose(found.quantiles, expected)


def test_both_engines_draw_the_same(networks):
    network = networks["gaussian"]
    other = TorchMLPRegressor(**network.get_params()).fit(X[:160], Y[:160])
    found = [QuantilePredictions.from_estimator(m, X_TEST, Y_TEST) for m in (network, other)]
    np.testing.assert_allclose(found[0].quantiles, found[1].quantiles, rtol=1e-6)


def test_the_shares_of_an_interval_by_hand():
    quantiles = np.tile([-1.0, 0.0, 2.0], (5, 1))
    y = np.array([-2.0, -1.0, 0.5, 2.0, 3.0])
    display = PredictionIntervalDisplay.from_predictions(y, quantiles, levels=[0.1, 0.5, 0.9])
    assert display.predictions.coverages == {0.8: 0.6}
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts[:2] == ["80 % interval: 60 % inside", "predicted median"]
    assert sorted(display.points_["outside"].get_ydata()) == [-2.0, 3.0]
    assert sorted(display.points_["inside"].get_ydata()) == [-1.0, 0.5, 2.0]


def test_rows_stand_in_the_order_of_their_predictions(networks):
    display = PredictionIntervalDisplay.from_estimator(networks["quantile"], X_TEST, Y_TEST)
    assert list(display.bands_) == [0.8, 0.5]
    medians = display.line_.get_ydata()
    np.testing.assert_array_equal(medians, np.sort(networks["quantile"].predict(X_TEST)))
    few = PredictionIntervalDisplay.from_estimator(
        networks["quantile"], X_TEST, Y_TEST, max_rows=30
    )
    assert len(few.line_.get_ydata()) == 30
    assert few.ax_.get_xlabel().endswith("(30 of 80 rows)")
    assert few.legend_.get_texts()[0].get_text() == display.legend_.get_texts()[0].get_text()


def test_a_feature_is_drawn_over(networks):
    display = PredictionIntervalDisplay.from_estimator(
        networks["gaussian"], X_TEST, Y_TEST, feature=1
    )
    np.testing.assert_array_equal(display.line_.get_xdata(), np.sort(X_TEST[:, 1]))
    assert display.ax_.get_xlabel() == "x1"
    # Predictions depend on other features: each row has a bar.
    assert display.line_.get_marker() == "_"
    x = np.linspace(0, 1, 50)
    smooth = PredictionIntervalDisplay.from_predictions(
        x, np.column_stack([x - 1, x, x + 1]), levels=[0.1, 0.5, 0.9], x=x, x_name="a $ b"
    )
    assert smooth.line_.get_marker() == "None"
    assert smooth.ax_.get_xlabel() == "a $ b"


def test_calibration_by_hand_and_by_the_binomial_distribution():
    y = np.arange(20.0)
    quantiles = np.tile([4.5, 9.5, 14.5], (20, 1))
    display = IntervalCalibrationDisplay.from_predictions(
        y, {"a": quantiles, "b": quantiles + 2}, levels=[0.2, 0.5, 0.8]
    )
    np.testing.assert_allclose(display.shares("a", "quantiles")[1], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(display.shares("b", "quantiles")[1], [0.35, 0.6, 0.85])
    nominal, observed = display.shares("a", "intervals")
    assert (nominal.tolist(), observed.tolist()) == ([0.6], [0.5])
    (segment, *_) = display.errorbars_["a"].lines[2][0].get_segments()
    low, high = segment[:, 1]
    # At the ends of an interval for 5 of 20, so many or so few are seen about once in 40 times:
    # the half of those that are seen just so often counts.
    assert binom.sf(5, 20, low) + binom.pmf(5, 20, low) / 2 == pytest.approx(0.025, abs=0.02)
    assert binom.cdf(4, 20, high) + binom.pmf(5, 20, high) / 2 == pytest.approx(0.025, abs=0.02)


def test_a_normal_model_of_normal_errors_is_calibrated():
    rng = np.random.default_rng(1)
    rows, noise = rng.normal(size=(2000, 1)), rng.normal(size=2000)
    model = BayesianRidge().fit(rows[:1000], rows[:1000, 0] + noise[:1000])
    y = rows[1000:, 0] + noise[1000:]
    display = IntervalCalibrationDisplay.from_estimator({"ridge": model}, rows[1000:], y)
    nominal, observed = display.shares("ridge", "quantiles")
    assert len(nominal) == 19
    assert np.abs(nominal - observed).max() < 0.04
    coverage = IntervalCalibrationDisplay(display.predictions).plot(kind="intervals")
    assert np.abs(np.subtract(*coverage.shares("ridge", "intervals"))).max() < 0.05


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (
            lambda nets: QuantilePredictions.from_estimator(nets["squared_error"], X, Y),
            TypeError,
            "loss='gaussian' do, got ScratchMLPRegressor with loss='squared_error'",
        ),
        (
            lambda nets: IntervalCalibrationDisplay.from_estimator(
                LinearRegression().fit(X, Y), X, Y
            ),
            TypeError,
            "must predict quantiles or standard deviations, .* got LinearRegression",
        ),
        (
            lambda nets: QuantilePredictions.from_estimator(
                nets["quantile"], X, Y, levels=[0.1, 0.6]
            ),
            ValueError,
            r"`levels` must be among \[0.1, 0.25, .*got \[0.1, 0.6\]",
        ),
        (
            lambda nets: PredictionIntervalDisplay.from_estimator(
                nets["quantile"], X, Y, feature="bmi"
            ),
            ValueError,
            "`feature` must be one of the columns",
        ),
        (
            lambda nets: PredictionIntervalDisplay.from_estimator(
                nets["quantile"], X, Y, feature=9
            ),
            ValueError,
            "`feature` must be a column from 0 to 3, got 9",
        ),
        (
            lambda nets: QuantilePredictions.from_predictions([1.0], [[1, 2]], levels=[0.9, 0.1]),
            ValueError,
            "`levels` must be numbers above 0 and below 1, each larger",
        ),
        (
            lambda nets: QuantilePredictions.from_predictions([1.0], [[1, 2]], levels=[0.5]),
            ValueError,
            r"`quantiles` must be of shape \(1, 1\)",
        ),
        (
            lambda nets: QuantilePredictions.from_predictions([np.nan], [[1]], levels=[0.5]),
            ValueError,
            "`y_true` must be one finite number .* with NaN",
        ),
        (
            lambda nets: QuantilePredictions.from_predictions([1.0], [[np.inf]], levels=[0.5]),
            ValueError,
            "`quantiles` must be finite",
        ),
        (
            lambda nets: PredictionIntervalDisplay.from_predictions([1.0], [[1.0]], levels=[0.5]),
            ValueError,
            "at least two levels",
        ),
        (
            lambda nets: IntervalCalibrationDisplay.from_predictions(
                [1.0], [[1.0]], levels=[0.5], kind="intervals"
            ),
            ValueError,
            "`kind`='intervals' needs quantiles of at least two levels",
        ),
        (
            lambda nets: IntervalCalibrationDisplay.from_predictions(
                [1.0], [[1.0]], levels=[0.5], kind="bands"
            ),
            ValueError,
            "`kind` must be one of",
        ),
        (lambda nets: IntervalCalibrationDisplay(3), TypeError, "`predictions` must be Quantile"),
        (lambda nets: PredictionIntervalDisplay([3]), TypeError, "`predictions` must be Quantile"),
        (
            lambda nets: QuantilePredictions.from_estimator(
                ScratchMLPRegressor(loss="gaussian", max_iter=1, n_iter_no_change=np.inf).fit(
                    X, np.column_stack([Y, Y])
                ),
                X,
                Y,
            ),
            ValueError,
            "must predict one number per row, got 2",
        ),
    ],
)
def test_wrong_inputs_are_named(networks, draw, error, message):
    with pytest.raises(error, match=message):
        draw(networks)
