"""Reports on regressors, against scikit-learn, SciPy and a simulation."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import (
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    r2_score,
    root_mean_squared_error,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import ScratchMLPRegressor, StackedGridSearchCV
from sknn.report import RegressionEvaluation, Report

RNG = np.random.default_rng(0)
HOSTILE = r"<b>$x_{$</b>"
X = pd.DataFrame(RNG.normal(size=(200, 3)), columns=[HOSTILE, "b", "c"])
Y = np.exp(1 + 0.8 * X[HOSTILE].to_numpy() + 0.3 * RNG.normal(size=200))
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = X[:140], X[140:], Y[:140], Y[140:]


def fit(loss="squared_error", y=Y_TRAIN, **parameters):
    settings = {"max_iter": 12, "n_iter_no_change": np.inf, "random_state": 0, **parameters}
    mlp = ScratchMLPRegressor((8,), loss=loss, learning_rate_init=0.02, **settings)
    return make_pipeline(StandardScaler(), mlp).fit(X_TRAIN, y)


def report_on(model, **options):
    return Report.from_estimator(model, X_TEST, Y_TEST, **{"n_repeats": 1, **options})


# ---- figures ----


def test_figures_are_those_of_scikit_learn():
    model = fit()
    found, predicted = RegressionEvaluation.from_estimator(model, X_TEST, Y_TEST), None
    predicted = model.predict(X_TEST)
    assert found.r2 == pytest.approx(r2_score(Y_TEST, predicted))
    assert found.mae == pytest.approx(mean_absolute_error(Y_TEST, predicted))
    assert found.rmse == pytest.approx(root_mean_squared_error(Y_TEST, predicted))
    assert found.baseline_rmse_by_target == pytest.approx([Y_TEST.std()])
    json.dumps(found.to_dict(), allow_nan=False)


def test_figures_of_several_targets():
    both = np.column_stack([Y, X["b"]])
    model = fit("gaussian", both[:140])
    frame = pd.DataFrame(both[140:], columns=["price", "weight"])
    found = RegressionEvaluation.from_estimator(model, X_TEST, frame)
    mean, std = model.predict(X_TEST, return_std=True)
    assert found.names == ["price", "weight"]
    np.testing.assert_allclose(
        found.r2_by_target, r2_score(both[140:], mean, multioutput="raw_values")
    )
    expected = -norm(mean, std).logpdf(both[140:]).sum(axis=1).mean()
    assert found.negative_log_likelihood == pytest.approx(expected)
    inside = np.abs(both[140:] - mean) <= norm.ppf(0.95) * std
    for k, name in enumerate(found.names):
        assert found.quantiles[name].coverages[0.9] == pytest.approx(inside[:, k].mean())
    report = Report.from_estimator(model, X_TEST, frame, n_repeats=1, target="both")
    rows = [row.split("|")[1].strip() for row in report.to_markdown().splitlines() if "|" in row]
    assert {"price", "weight", "mean over targets"} <= set(rows)
    assert set(report.to_dict()["targets"]) == {"price", "weight"}


def test_the_interval_of_r2_holds_it_as_often_as_it_says():
    rng, held = np.random.default_rng(2), 0
    for _ in range(400):
        signal, noise = rng.normal(size=(2, 150))
        found = RegressionEvaluation.from_predictions(signal + noise, signal)
        low, high = found.r2_interval
        held += low <= 0.5 <= high
    assert 0.91 < held / 400 < 0.98


@pytest.mark.parametrize(
    ("loss", "name", "deviance"),
    [
        ("poisson", "poisson_deviance", mean_poisson_deviance),
        ("gamma", "gamma_deviance", mean_gamma_deviance),
    ],
)
def test_the_loss_that_was_trained_is_among_them(loss, name, deviance):
    model = fit(loss)
    found = RegressionEvaluation.from_estimator(model, X_TEST, Y_TEST)
    assert found.trained_loss[name] == pytest.approx(deviance(Y_TEST, model.predict(X_TEST)))
    assert report_on(model).to_dict()[name] == pytest.approx(found.trained_loss[name])
    # A number that the distribution does not have has no deviance.
    strange = RegressionEvaluation.from_estimator(model, X_TEST, -Y_TEST)
    assert strange.to_dict()[name] is None


def test_huber_is_the_loss_of_the_history():
    model = make_pipeline(StandardScaler(), ScratchMLPRegressor(loss="huber", max_iter=3,
                          n_iter_no_change=np.inf, random_state=0))  # fmt: skip
    scaler, mlp = model[0], model[1]
    Z, Z_test = scaler.fit_transform(X_TRAIN), scaler.transform(X_TEST)
    mlp.fit(Z, Y_TRAIN, X_val=Z_test, y_val=Y_TEST)
    found = RegressionEvaluation.from_estimator(mlp, Z_test, Y_TEST)
    assert found.trained_loss["huber_loss"] == pytest.approx(mlp.history_["valid_loss"][-1])


def test_extremes_have_figures_or_none():
    constant = RegressionEvaluation.from_predictions([2.0, 2.0, 2.0], [2.0, 2.0, 3.0])
    assert constant.r2 == r2_score([2, 2, 2], [2, 2, 3])
    assert constant.to_dict()["r2_interval"] == [None, None]
    alone = RegressionEvaluation.from_predictions([2.0], [3.0])
    assert alone.to_dict()["r2"] is None
    for unit in (1e-120, 1e120):
        huge = RegressionEvaluation.from_predictions(unit * Y_TEST, unit * Y_TEST[::-1])
        plain = RegressionEvaluation.from_predictions(Y_TEST, Y_TEST[::-1])
        assert huge.rmse == pytest.approx(unit * plain.rmse)
        assert huge.r2_interval == pytest.approx(plain.r2_interval)


# ---- the page ----


@pytest.mark.parametrize("loss", ["squared_error", "quantile", "gaussian"])
def test_a_page_has_its_sections_and_nothing_becomes_markup(loss):
    model = fit(loss, early_stopping=True, max_iter=60)
    report = report_on(model, X_train=X_TRAIN, y_train=Y_TRAIN, target=HOSTILE)
    titles = [section.title for section in report.sections]
    assert titles[0] == "How far its predictions are off"
    assert ("Its intervals" in titles) == (loss != "squared_error")
    assert "The training" in titles
    page = report.to_html()
    assert "<b>$x" not in page
    assert page.count('role="img"') >= 5
    assert report.headlines[0].value == f"{r2_score(Y_TEST, model.predict(X_TEST)):.3f}"
    columns = list(report.to_dict()["importance"])
    assert columns[0] == HOSTILE
    assert "R², epoch by epoch" in page
    assert "140 trained on, 60 held out" in report.to_markdown()
    json.dumps(report.to_dict(), allow_nan=False)


def test_quantiles_of_a_report():
    model = fit("quantile")
    tree = report_on(model, target="price").to_dict()["quantiles"]["price"]
    quantiles = model[-1].predict_quantiles(model[0].transform(X_TEST))
    inside = (quantiles[:, 0] <= Y_TEST) & (Y_TEST <= quantiles[:, -1])
    assert tree["coverage"]["0.8"] == pytest.approx(inside.mean())
    for k, level in enumerate((0.1, 0.5, 0.9)):
        expected = mean_pinball_loss(Y_TEST, quantiles[:, k], alpha=level)
        assert tree["levels"][f"{level:g}"]["pinball_loss"] == pytest.approx(expected)


def test_r2_lost_is_that_of_a_shuffle():
    model = LinearRegression().fit(X_TRAIN, np.zeros(140) + X_TRAIN["b"])
    report = Report.from_estimator(model, X_TEST, X_TEST["b"], n_repeats=3)
    importance = report.to_dict()["importance"]
    assert next(iter(importance)) == "b"
    # A perfect prediction shuffled is off by twice the variance, in the mean.
    assert importance["b"]["r2_drop"] == pytest.approx(2, abs=0.5)
    assert importance["c"]["r2_drop"] == pytest.approx(0, abs=1e-9)


def test_regressors_of_scikit_learn_and_a_search():
    report = report_on(Ridge().fit(X_TRAIN, Y_TRAIN))
    assert report.title == "Predicting the target"
    assert "predicts the target with an R² of" in report.subtitle
    assert "The training" not in [section.title for section in report.sections]
    assert "| Regressor " in report.to_markdown()
    mlp = ScratchMLPRegressor((4,), max_iter=4, n_iter_no_change=np.inf, random_state=0)
    search = StackedGridSearchCV(mlp, {"l2": [0.0, 0.1]}, cv=2).fit(X_TRAIN, Y_TRAIN)
    found = report_on(search)
    assert found.to_dict()["search"]["best_score"] == search.best_score_
    assert re.search(r"Chosen by\s+\| R²", found.to_markdown())


def test_rows_that_stand_in_both_are_counted():
    model = Ridge().fit(X_TRAIN, Y_TRAIN)
    report = Report.from_estimator(
        model, X[130:], Y[130:], X_train=X_TRAIN, y_train=Y_TRAIN, n_repeats=0
    )
    expected = f"On the other 60 rows its R² is {model.score(X_TEST, Y_TEST):.3f}."
    assert expected in report.to_markdown().replace("\n", " ")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: report_on(fit(), X_train=X_TRAIN), "must be given together"),
        (
            lambda: Report.from_estimator(fit(), X_TEST, ["a"] * 60),
            "`y` must hold numbers: could not convert",
        ),
        (
            lambda: Report.from_estimator(fit(), X_TEST, np.full(60, np.nan)),
            "`y` must hold finite numbers",
        ),
        (
            lambda: RegressionEvaluation.from_predictions([1.0, 2.0], [1.0]),
            r"of one shape, .* got shapes \(2, 1\) and \(1, 1\)",
        ),
        (
            lambda: RegressionEvaluation.from_predictions([1.0, 2.0], [1.0, 2.0], std=[1.0, 0.0]),
            "`std` must be numbers above 0",
        ),
        (lambda: RegressionEvaluation.from_predictions([], []), "`y_true` must hold finite"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
