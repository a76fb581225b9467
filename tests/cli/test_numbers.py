"""The command on a numeric target: what is plain, what it trains, prints and writes."""

import argparse
import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn.io
from sknn import ScratchMLPRegressor, _cli
from sknn._cli import _fit
from sknn._cli._output import predictions_frame
from sknn._cli._targets import as_numbers, task_of
from sknn._cli._tasks import find_task, neg_log_likelihood, neg_pinball_loss

SETTINGS = {"max_iter": 5, "n_iter_no_change": np.inf, "random_state": 0}
LEVELS = (0.1, 0.5, 0.9)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 2))
Y = 50 + 20 * X[:, 0] + 5 * RNG.normal(size=120)


def _can_save() -> bool:
    model = ScratchMLPRegressor((2,), **SETTINGS).fit(X, Y)
    with tempfile.TemporaryDirectory() as folder:
        try:
            sknn.io.save(model, Path(folder) / "model.sknn")
        except ValueError:
            return False
    return True


# ---- classes or numbers ----


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 20, "classification"),
        ([True, False] * 20, "classification"),
        ([0, 1, 2] * 20, "classification"),
        ([1.0, 2.0] * 20, "classification"),
        ([k / 7 for k in range(40)], "regression"),
        (list(range(100)), "regression"),
        ([k % 20 for k in range(100)], None),
        ([0.5, 1.0, 1.5] * 20, None),
    ],
)
def test_what_the_values_make_plain(values, task):
    column = pd.Series(values)
    if task is not None:
        assert task_of(column, "t") == task
        return
    with pytest.raises(ValueError, match="pass --task classification or --task regression"):
        task_of(column, "t")


def test_what_is_asked_for_goes_first():
    def found(values, **options):
        names = {"task": "auto", "loss": None, "quantiles": None, "categories": [], **options}
        return type(find_task(argparse.Namespace(**names), pd.Series(values), "t")).__name__

    numbers = [k / 7 for k in range(40)]
    assert found(numbers) == "Regression"
    assert found(numbers, task="classification") == "Classification"
    assert found(numbers, categories=[" t "]) == "Classification"
    assert found([0, 1] * 20) == "Classification"
    assert found([0, 1] * 20, task="regression") == "Regression"
    assert found([0, 1] * 20, loss="poisson") == "Regression"
    assert found([0, 1] * 20, quantiles=(0.1, 0.9)) == "Regression"


def test_numbers_as_text_and_what_is_none():
    assert as_numbers(pd.Series(["1", "2.5"]), "t").tolist() == [1.0, 2.5]
    assert as_numbers(pd.Series([True, False]), "t").tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="holds inf in row 2"):
        as_numbers(pd.Series([1.0, np.inf]), "t")
    with pytest.raises(ValueError, match=r"holds 'n/a' in row 8: mend it, or pass --missing n/a"):
        as_numbers(pd.Series(["1", "n/a"], index=[3, 7]), "t")


# ---- what a search goes by ----


def test_scores_of_a_search_against_scikit_learn_and_scipy():
    quantiles = ScratchMLPRegressor((4,), loss="quantile", **SETTINGS)
    model = make_pipeline(StandardScaler(), quantiles).fit(X, Y)
    predicted = quantiles.predict_quantiles(model[0].transform(X))
    losses = [mean_pinball_loss(Y, q, alpha=a) for q, a in zip(predicted.T, LEVELS, strict=True)]
    assert -neg_pinball_loss(model, X, Y) == pytest.approx(np.mean(losses))
    normal = ScratchMLPRegressor((4,), loss="gaussian", **SETTINGS).fit(X, Y)
    mean, std = normal.predict(X, return_std=True)
    expected = np.mean(norm(mean, std).logpdf(Y))
    assert neg_log_likelihood(normal, X, Y) == pytest.approx(expected)


# ---- predictions ----


def test_columns_of_predictions():
    plain = ScratchMLPRegressor((2,), **SETTINGS).fit(X, Y)
    assert list(predictions_frame(plain, X)) == ["predicted"]
    quantiles = ScratchMLPRegressor((2,), loss="quantile", **SETTINGS)
    model = make_pipeline(StandardScaler(), quantiles).fit(X, Y)
    frame = predictions_frame(model, X)
    assert list(frame) == ["predicted", "quantile 0.1", "quantile 0.5", "quantile 0.9"]
    np.testing.assert_array_equal(frame["predicted"], frame["quantile 0.5"])
    normal = ScratchMLPRegressor((2,), loss="gaussian", **SETTINGS).fit(X, Y)
    frame = predictions_frame(normal, X)
    np.testing.assert_array_equal(
        frame["standard deviation"], normal.predict(X, return_std=True)[1]
    )
    several = ScratchMLPRegressor((2,), **SETTINGS).fit(X, np.column_stack([Y, Y]))
    assert list(predictions_frame(several, X)) == ["predicted 0", "predicted 1"]


# ---- the whole command ----

needs_files = pytest.mark.skipif(
    not _can_save(), reason="sknn.io does not write regressors in this checkout"
)


@pytest.fixture(scope="module")
def table(write_csv, tmp_path_factory):
    """A table with a number to predict, a category and a gap."""
    rows = [
        [f"{a:.4f}" if k % 9 else "", "uvw"[k % 3], f"{y:.3f}"]
        for k, ((a, _), y) in enumerate(zip(X, Y, strict=True))
    ]
    path = tmp_path_factory.mktemp("numbers") / "fish.csv"
    return write_csv(path, ["length", "kind", "weight"], rows)


@needs_files
@pytest.mark.parametrize("loss", ["squared_error", "quantile", "gaussian"])
def test_fit_predict_report(main, table, tmp_path, loss):
    out = tmp_path / "out"
    more = [] if loss == "squared_error" else ["--loss", loss]
    short = ["--target", "weight", "--epochs", "15", "--hidden", "8"]
    code, text, err = main("fit", table, *short, *more, "--out", out)
    assert code == 0, err
    assert "# Predicting weight" in text
    assert "**Errors on 30 rows**" in text
    predictions = pd.read_csv(out / "predictions.csv")
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["r2"] == pytest.approx(r2_score(predictions["true"], predictions["predicted"]))
    history = pd.read_csv(out / "history.csv")
    assert history["valid_r2"].iloc[-1] == pytest.approx(metrics["r2"])
    assert "Predicting weight" in (out / "report.html").read_text(encoding="utf-8")
    code, text, err = main("predict", out / "model.sknn", table, "--quiet")
    assert code == 0, err
    lines = text.splitlines()
    assert len(lines) == 121
    assert lines[0].split(",")[0] == "predicted"
    more = {"quantile": "quantile 0.9", "gaussian": "standard deviation"}.get(loss, "predicted")
    assert lines[0].split(",")[-1] == more
    code, text, err = main("predict", out / "model.sknn", table, "--quiet", "--json")
    assert code == 0, err
    assert len(json.loads(text)["predicted"]) == 120
    page = tmp_path / "r.html"
    code, text, err = main(
        "report", out / "model.sknn", table, "--target", "weight", "--out", page, "--json"
    )
    assert code == 0, err
    assert json.loads(text)["n_rows"] == 120


@needs_files
@pytest.mark.parametrize("engine", ["scratch", "torch"])
def test_a_search_and_both_engines(main, table, tmp_path, monkeypatch, engine):
    grid = {"mlp__l2": [0.0, 0.1], "mlp__dropout": [0.0]}
    monkeypatch.setitem(_fit.GRIDS, "standard", grid)
    arguments = ["--target", "weight", "--epochs", "5", "--search", "--quantiles", "0.1,0.9"]
    code, text, err = main(
        "fit", table, *arguments, "--engine", engine, "--out", tmp_path, "--json", "--quiet"
    )
    assert (code, err) == (0, [])
    tree = json.loads(text)
    assert tree["search"]["candidates"] == 2
    assert list(tree["quantiles"]["weight"]["coverage"]) == ["0.8"]
    model = sknn.io.load(tmp_path / "model.sknn")
    assert model[-1].l2 == tree["search"]["best_params"]["mlp__l2"]
    assert model[-1].quantiles == (0.1, 0.9)


@needs_files
def test_a_target_that_is_text_is_not_reported_on(main, table, write_csv, tmp_path):
    out = tmp_path / "out"
    assert (
        main("fit", table, "--target", "weight", "--epochs", "2", "--out", out, "--quiet")[0] == 0
    )
    other = write_csv(tmp_path / "o.csv", ["length", "kind", "weight"], [[1, "u", "heavy"]] * 3)
    code, _, err = main("report", out / "model.sknn", other, "--target", "weight", "--quiet")
    assert code == 1
    assert "must hold finite numbers for a regression, and holds 'heavy' in row 1" in err[-1]


def test_a_warning_is_known_by_its_category(main, survey, options, tmp_path, monkeypatch):
    """Words of a warning may change, or be part of another one, without changing what is done."""

    def warn(self, *_, **__):
        warnings.warn("Training interrupted, says a label of the table", stacklevel=1)
        return fit(self, *_, **__)

    fit = sknn.ScratchMLPClassifier.fit
    monkeypatch.setattr(sknn.ScratchMLPClassifier, "fit", warn)
    arguments = ["fit", survey, "--target", "Geschmack", *options, "--out", tmp_path]
    assert _cli.main([str(argument) for argument in arguments]) == 0
    assert (tmp_path / "report.html").is_file()
