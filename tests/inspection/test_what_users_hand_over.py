"""Pipelines and searches lead to what they end in; what no display can draw is named."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sknn.estimators import ScratchMLPClassifier
from sknn.feature_selection import RankStabilitySelector
from sknn.inspection import (
    ClassBalanceDisplay,
    ConvergenceDisplay,
    FeatureDistributionDisplay,
    FeatureHistogramDisplay,
    FeatureRankDisplay,
    NetworkDisplay,
    OneVsRestRocDisplay,
    RegularizationPathDisplay,
    TrainingHistoryDisplay,
)

NET = ScratchMLPClassifier((4,), max_iter=1, n_iter_no_change=np.inf, random_state=0)


@pytest.fixture(scope="module")
def fitted(split):
    """By kind, networks that were fitted on arrays behind a scaler that saw the names."""
    pipeline = make_pipeline(StandardScaler(), NET).fit(split.X, split.y)
    grid = {"scratchmlpclassifier__l2": [0.0, 0.1]}
    return {
        "pipeline": pipeline,
        "search": GridSearchCV(pipeline, grid, cv=2).fit(split.X, split.y),
        "selector": make_pipeline(
            MinMaxScaler(), RankStabilitySelector(NET, n_refits=3, random_state=0)
        ).fit(split.X, split.y),
    }


@pytest.mark.parametrize("kind", ["pipeline", "search"])
def test_features_keep_their_names_through_a_scaler(fitted, split, kind):
    display = NetworkDisplay.from_estimator(fitted[kind])
    assert display.feature_names == split.X.columns.tolist()


def test_ranks_are_found_at_the_end_of_a_pipeline(fitted, split):
    display = FeatureRankDisplay.from_estimator(fitted["selector"], highlight="proline")
    assert display.feature_names == split.X.columns.tolist()
    bold = [text for text in display.ax_.get_yticklabels() if text.get_fontweight() == "bold"]
    assert [text.get_text().partition(" (")[0] for text in bold] == ["proline"]
    panels = FeatureDistributionDisplay.from_estimator(fitted["selector"], split.X, split.y)
    np.testing.assert_array_equal(panels.order, display.order)


def test_importances_never_go_to_other_columns(split):
    """Columns in another order would each get the importance of another one."""
    tree = DecisionTreeClassifier(random_state=0).fit(split.X, split.y)
    backwards = split.X[split.X.columns[::-1]]
    with pytest.raises(ValueError, match=r"`X` must have the columns .* in that order"):
        FeatureDistributionDisplay.from_estimator(tree, backwards, split.y)
    # Without names there is nothing to compare.
    FeatureDistributionDisplay.from_estimator(tree, split.X.to_numpy(), split.y, max_features=1)


def test_a_name_is_shown(network):
    display = TrainingHistoryDisplay.from_estimator(network, name="ours", measure="loss")
    assert display.lines_["ours", "loss", "train"].get_label() == "ours, training"
    alone = TrainingHistoryDisplay.from_estimator({"it": network}, measure="loss")
    assert alone.legend_.get_texts()[1].get_text() == "it, validation"


def test_a_crowded_legend_stands_beside_the_curves(networks):
    several = {f"{name} {k}": one for name, one in networks.items() for k in range(2)}
    display = TrainingHistoryDisplay.from_estimator(several)
    figure = display.figure_
    figure.canvas.draw()
    legend = display.legend_.get_window_extent()
    assert not any(legend.overlaps(axes.bbox) for axes in figure.axes)
    assert legend.x1 < figure.bbox.x1


def test_side_by_side_panels_have_one_scale(networks, fit):
    display = TrainingHistoryDisplay.from_estimator(
        {"one": fit(max_iter=1), "long name " * 6: networks["adam"]}, side_by_side=True
    )
    display.figure_.canvas.draw()
    left, right = display.axes_[0]
    assert left.get_ylim() == right.get_ylim()
    np.testing.assert_array_equal(left.get_yticks(), right.get_yticks())
    assert (left.get_ylabel(), right.get_ylabel()) == ("Loss (cross-entropy)", "")
    assert "\n" in right.get_title(loc="left")
    # A single epoch has no halves.
    assert all(tick == int(tick) for tick in left.get_xticks())


def test_few_batches_are_drawn_larger_than_many(network, fit):
    sizes = []
    for one in (network, fit(record="batch", batch_size=2, max_iter=60)):
        display = TrainingHistoryDisplay.from_estimator(
            one, level="batch", measure="loss", subset="train"
        )
        (dots,) = [line for line in display.ax_.get_lines() if line.get_label()[:3] == "_a "]
        sizes.append(dots.get_markersize())
    assert sizes[0] > 1.5 * sizes[1]


def test_the_names_of_sets_cover_no_bar():
    display = ClassBalanceDisplay.from_labels({"a": [0, 1, 2], "b": [0, 1, 2]}, sort=False)
    display.figure_.canvas.draw()
    assert not display.legend_.get_window_extent().overlaps(display.ax_.bbox)


X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0]})


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: TrainingHistoryDisplay.from_estimator([]), "`estimator` must hold at least one"),
        (lambda: TrainingHistoryDisplay.from_cv_results(None), "`cv_results` must be .* None"),
        (lambda: OneVsRestRocDisplay.from_estimator([], X, [1, 2, 1]), "`estimator` must hold"),
        (lambda: OneVsRestRocDisplay.from_cv_results(None, X, [1]), "`cv_results` must be"),
        (lambda: OneVsRestRocDisplay({"a": [3]}), "`curves` must hold lists of RocCurve"),
        (
            lambda: OneVsRestRocDisplay.from_predictions(
                [1, 2, 1], np.eye(3)[:, :2], classes=[1, 1]
            ),
            r"`classes` must differ from each other, got \[1, 1\]",
        ),
        (lambda: ConvergenceDisplay({"a": 3}), "`ranges` must hold LearningRateRange objects"),
        (lambda: ConvergenceDisplay(3), "`ranges` must hold at least one"),
        (lambda: FeatureHistogramDisplay.from_data(X * np.inf), "contains infinity"),
        (lambda: FeatureHistogramDisplay.from_data(X[:0]), r"0 sample\(s\)"),
        (lambda: FeatureHistogramDisplay.from_data(X[[]]), "`X` must have at least one column"),
        (lambda: FeatureHistogramDisplay.from_data(X, n_columns=True), "`n_columns` must be an"),
        (lambda: FeatureHistogramDisplay.from_data(X, bins=True), "`bins` must be .* or 'auto'"),
        (lambda: FeatureDistributionDisplay.from_data(X, None), "y should be a 1d array"),
        (lambda: FeatureDistributionDisplay.from_data(X, np.ones((3, 2))), "should be a 1d array"),
        (lambda: NetworkDisplay([np.ones((3, 2)), np.ones((5, 2))]), "`coefs` must be of shapes"),
        (lambda: NetworkDisplay([X]).plot(limit="a"), "`limit` must be above 0 or None, got 'a'"),
        (lambda: RegularizationPathDisplay([1], [[-1]]), "`norms` must be numbers of at least 0"),
        (
            lambda: RegularizationPathDisplay([1], [[1]]).plot(max_features=0),
            "`max_features` must be an int of at least 1 or None",
        ),
        (lambda: NetworkDisplay([X]).plot(theme=["dark"]), "`theme` must be one of"),
        (lambda: NetworkDisplay([X], feature_names="abc"), "`feature_names` must be 3 names"),
    ],
)
def test_wrong_inputs_are_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_wrong_types_are_named(split, network):
    forest = RandomForestClassifier(2, random_state=0).fit(split.X, split.y)
    with pytest.raises(TypeError, match=r"must be a ScratchMLP.* got RandomForestClassifier"):
        TrainingHistoryDisplay.from_estimator(forest)
    with pytest.raises(TypeError, match=r"`histories` must be a History or a dict .* got list"):
        TrainingHistoryDisplay([network.history_])
    for measure in ("r2", 3, [], ["loss", "loss"]):
        with pytest.raises(ValueError, match="`measure` must be of"):
            TrainingHistoryDisplay.from_estimator(network, measure=measure)
    with pytest.raises(ValueError, match="`smooth` must be an int of at least 1 or None, got True"):
        TrainingHistoryDisplay.from_estimator(network, smooth=True)


def test_labels_that_are_no_strings_can_be_names(network, split):
    display = OneVsRestRocDisplay.from_estimator(
        network, split.X_test, split.y_test, class_names=[10, 20, 30], average="none"
    )
    assert list(display.lines_) == ["10", "20", "30"]


def test_other_rows_than_those_of_the_folds_are_refused(split, network):
    indices = {"train": [np.arange(50, 100)], "test": [np.arange(50)]}
    found = {"estimator": [network], "indices": indices}
    with pytest.raises(ValueError, match="`y` must be of the 100 rows of the cross-validation"):
        OneVsRestRocDisplay.from_cv_results(found, split.X_test, split.y_test)
