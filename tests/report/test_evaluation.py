"""Figures of a classifier, against scikit-learn's and a calculation by hand."""

import json
import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.svm import LinearSVC

from sknn.datasets import load_producers
from sknn.report import Evaluation


@pytest.fixture(scope="module")
def fitted():
    X, y = load_producers(return_X_y=True)
    X = X[:, :3] / X[:, :3].max(axis=0)
    names = np.array(["one", "two", "three"])[y - 1]
    X, X_test, y, y_test = train_test_split(X, names, random_state=0)
    return LogisticRegression().fit(X, y), X_test, y_test


def test_figures_are_those_of_scikit_learn(fitted):
    model, X, y = fitted
    found = Evaluation.from_estimator(model, X, y)
    report = classification_report(y, model.predict(X), output_dict=True, zero_division=0)
    assert found.accuracy == pytest.approx(model.score(X, y))
    assert found.macro_f1 == pytest.approx(report["macro avg"]["f1-score"])
    assert found.balanced_accuracy == pytest.approx(report["macro avg"]["recall"])
    assert found.log_loss == pytest.approx(log_loss(y, model.predict_proba(X)))
    auc = roc_auc_score(y, model.predict_proba(X), multi_class="ovr")
    assert found.macro_auc == pytest.approx(auc)
    for k, name in enumerate(found.names):
        assert found.by_class["f1"][k] == pytest.approx(report[name]["f1-score"])
        assert found.by_class["support"][k] == report[name]["support"]
    assert found.confusion.sum() == len(y) == found.n_rows
    assert found.majority == pytest.approx(max(np.unique(y, return_counts=True)[1]) / len(y))


def test_wilsons_interval_by_its_formula(fitted):
    found = Evaluation.from_estimator(*fitted)
    n, p, z = found.n_rows, found.accuracy, 1.959963984540054
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert found.accuracy_interval == pytest.approx((middle - half, middle + half))


def test_calibration_error_by_hand():
    # Two rows at confidence 0.9, one of them right; two at 0.6, both right.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    found = Evaluation.from_predictions([0, 1, 1, 1], [0, 0, 1, 1], probabilities, [0, 1])
    assert found.calibration_error == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)


def test_classes_that_do_not_occur():
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]])
    found = Evaluation.from_predictions(["a", "b"], ["a", "b"], probabilities, ["a", "b", "c"])
    assert found.macro_f1 == found.balanced_accuracy == 1
    assert np.isnan(found.auc[2])
    assert np.isnan(found.by_class["precision"][2])
    assert found.log_loss == pytest.approx(-(math.log(0.6) + math.log(0.7)) / 2)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["classes"]["c"]["precision"] is None


def test_a_classifier_without_probabilities(fitted):
    _, X, y = fitted
    found = Evaluation.from_estimator(LinearSVC().fit(X, y), X, y)
    assert found.probabilities is None
    assert np.isnan([found.log_loss, found.macro_auc, found.calibration_error]).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((["a", "z"], ["a", "a"], None, ["a", "b"]), "`y_true` must hold labels .*'z' in 1 of 2"),
        ((["a"], ["z"], None, ["a", "b"]), "`y_pred` must hold labels"),
        (([], []), "at least one row"),
        ((["a"], ["a", "b"]), "at least one row, got shapes"),
        ((["a"], ["a"], np.ones((1, 3)), ["a", "b"]), r"must be of shape \(1, 2\)"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Evaluation.from_predictions(*arguments)
