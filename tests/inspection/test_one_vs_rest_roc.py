"""The display of ROC curves, against scikit-learn's curves and areas."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.model_selection import cross_validate
from sklearn.svm import LinearSVC

from sknn.estimators import ScratchMLPClassifier
from sknn.inspection import OneVsRestRocDisplay

AVERAGES = ["micro average", "macro average"]


def legend_of(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def test_curves_and_areas_are_scikit_learns(split, network):
    display = OneVsRestRocDisplay.from_estimator(network, split.X_test, split.y_test)
    scores = network.predict_proba(split.X_test)
    assert list(display.lines_) == ["1", "2", "3", *AVERAGES]
    for column, label in enumerate((1, 2, 3)):
        fpr, tpr, _ = roc_curve(split.y_test == label, scores[:, column])
        line = display.lines_[str(label)]
        np.testing.assert_array_equal(line.get_xdata(), fpr)
        np.testing.assert_array_equal(line.get_ydata(), tpr)
        area = roc_auc_score(split.y_test == label, scores[:, column])
        assert line.get_label() == f"{label}: AUC {area:.3f}"
    macro = roc_auc_score(split.y_test, scores, multi_class="ovr")
    assert display.roc_auc["macro average"] == pytest.approx(macro)
    one_hot = split.y_test.to_numpy()[:, None] == [1, 2, 3]
    micro = roc_auc_score(one_hot, scores, average="micro")
    assert display.roc_auc["micro average"] == pytest.approx(micro)
    assert len({(one.get_color(), one.get_linestyle()) for one in display.lines_.values()}) == 5
    assert [text.partition(":")[0] for text in legend_of(display)] == list(display.lines_)


def test_names_weights_and_averages(split, network):
    weights = np.random.default_rng(0).uniform(0.2, 2, len(split.y_test))
    display = OneVsRestRocDisplay.from_estimator(
        network,
        split.X_test,
        split.y_test,
        sample_weight=weights,
        class_names=["a", "b", "c"],
        average="macro",
        corner=True,
    )
    assert list(display.lines_) == ["a", "b", "c", "macro average"]
    scores = network.predict_proba(split.X_test)
    expected = roc_auc_score(split.y_test == 2, scores[:, 1], sample_weight=weights)
    assert display.roc_auc["b"] == pytest.approx(expected)
    assert len(display.corner_.get_lines()) == 4


def test_runs_become_a_mean_and_a_band(split):
    rng = np.random.default_rng(0)
    y = split.y_test.to_numpy()
    runs = (y[:, None] == [1, 2, 3]) + rng.normal(scale=0.8, size=(7, len(y), 3))
    display = OneVsRestRocDisplay.from_predictions(y, runs, band=1.0)
    areas = [roc_auc_score(y == 1, run[:, 0]) for run in runs]
    np.testing.assert_allclose(display.roc_auc["1"], areas)
    said = f"1: AUC {np.mean(areas):.3f} ± {np.std(areas, ddof=1):.3f}"
    assert legend_of(display)[0] == said
    # Away from the runs' own rates, each curve has one value there, and the line is their mean.
    line = display.lines_["1"]
    points = np.array([0.013, 0.127, 0.444, 0.81])
    heights = []
    for run in runs:
        fpr, tpr, _ = roc_curve(y == 1, run[:, 0])
        heights.append(np.interp(points, fpr, tpr))
    drawn = np.interp(points, line.get_xdata(), line.get_ydata())
    np.testing.assert_allclose(drawn, np.mean(heights, axis=0))
    assert len(display.ax_.collections) == 5


def test_many_curves_leave_the_bands_to_the_averages():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(10), 4)
    runs = (y[:, None] == np.arange(10)) + rng.normal(size=(3, 40, 10))
    display = OneVsRestRocDisplay.from_predictions(y, runs)
    assert len(display.lines_) == 12
    assert len(display.ax_.collections) == 2


def test_a_cross_validation_predicts_the_rows_left_out(split):
    model = LogisticRegression()
    found = cross_validate(
        model, split.X, split.y, cv=3, return_estimator=True, return_indices=True
    )
    display = OneVsRestRocDisplay.from_cv_results(found, split.X, split.y)
    expected = [
        roc_auc_score(split.y.iloc[rows], fold.predict_proba(split.X.iloc[rows]), multi_class="ovr")
        for fold, rows in zip(found["estimator"], found["indices"]["test"], strict=True)
    ]
    np.testing.assert_allclose(display.roc_auc["macro average"], expected)
    del found["indices"]
    with pytest.raises(ValueError, match="return_indices=True"):
        OneVsRestRocDisplay.from_cv_results(found, split.X, split.y)


def test_models_are_compared_by_their_averages(split, networks):
    data = (split.X_test, split.y_test)
    display = OneVsRestRocDisplay.from_estimator(networks, *data)
    assert list(display.lines_) == list(networks)
    for name, network in networks.items():
        scores = network.predict_proba(split.X_test)
        macro = roc_auc_score(split.y_test, scores, multi_class="ovr")
        assert display.roc_auc[name] == pytest.approx(macro)
    both = OneVsRestRocDisplay.from_estimator(networks, *data, average="both")
    assert len(both.lines_) == 6
    runs = {"all": list(networks.values())}
    assert len(OneVsRestRocDisplay.from_estimator(runs, *data).roc_auc["all"]) == 3
    with pytest.raises(ValueError, match="`average` must not be 'none'"):
        OneVsRestRocDisplay.from_estimator(networks, *data, average="none")


def test_what_must_not_be(split, network):
    with pytest.raises(NotFittedError):
        OneVsRestRocDisplay.from_estimator(ScratchMLPClassifier(), split.X_test, split.y_test)
    svc = LinearSVC().fit(split.X, split.y)
    with pytest.raises(TypeError, match="`estimator` must have predict_proba, got LinearSVC"):
        OneVsRestRocDisplay.from_estimator(svc, split.X_test, split.y_test)
    other = LogisticRegression().fit(split.X, split.y == 1)
    with pytest.raises(ValueError, match="must know the same classes"):
        OneVsRestRocDisplay.from_estimator([network, other], split.X_test, split.y_test)
    with pytest.raises(ValueError, match=r"`y` must hold classes of \[1, 2, 3\] only, got \[9\]"):
        OneVsRestRocDisplay.from_estimator(network, split.X_test, [9] * len(split.y_test))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        OneVsRestRocDisplay.from_estimator(network, split.X_test, split.y_test[:-1])
    y, scores = [0, 1, 2], np.eye(3)
    for wrong in (scores[:, :2], scores[:, 0], scores[None, None]):
        with pytest.raises(ValueError, match="`y_score` must have a column for each of the 3"):
            OneVsRestRocDisplay.from_predictions(y, wrong)
    with pytest.raises(ValueError, match="`y_score` must be finite"):
        OneVsRestRocDisplay.from_predictions(y, scores * np.nan)
    for names in (["a", "b"], ["a", "a", "b"]):
        with pytest.raises(ValueError, match=r"`class_names` must be 3 .*names"):
            OneVsRestRocDisplay.from_predictions(y, scores, class_names=names)
    with pytest.raises(ValueError, match="`average` must be one of"):
        OneVsRestRocDisplay.from_predictions(y, scores, average="weighted")
    with pytest.raises(ValueError, match="`curves` must hold"):
        OneVsRestRocDisplay({})
