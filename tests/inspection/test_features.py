"""Displays of tables and of selectors, against NumPy, SciPy and pandas."""

from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde, spearmanr
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sknn.feature_selection import RankStabilitySelector
from sknn.inspection import (
    ClassBalanceDisplay,
    CorrelationDisplay,
    FeatureDistributionDisplay,
    FeatureHistogramDisplay,
    FeatureRankDisplay,
)


@pytest.fixture(scope="module")
def selector(split, fit):
    estimator = fit(max_iter=3)
    return RankStabilitySelector(estimator, n_refits=6, random_state=0).fit(split.X, split.y)


def titles_of(display):
    return [axes.get_title(loc="left") for axes in display.axes_]


# ---------------------------------------------------------------------------------------
# ranks


def test_ranks_are_the_selectors_in_its_order(selector):
    display = FeatureRankDisplay.from_estimator(selector, highlight=["proline"])
    order = selector.ranking_.argsort()
    np.testing.assert_array_equal(display.order, order)
    np.testing.assert_array_equal(display.im_.get_array(), selector.rank_counts_[order])
    labels = display.ax_.get_yticklabels()
    names, means = selector.feature_names_in_[order], selector.mean_rank_[order]
    expected = [f"{name} ({mean:.1f})" for name, mean in zip(names, means, strict=True)]
    assert [label.get_text() for label in labels] == expected
    bold = [label.get_text() for label in labels if label.get_fontweight() == "bold"]
    assert [text.partition(" (")[0] for text in bold] == ["proline"]
    texts = {text.get_position()[::-1]: int(text.get_text()) for text in display.text_}
    shown = np.ndenumerate(selector.rank_counts_[order])
    assert texts == {place: value for place, value in shown if value}
    assert display.colorbar_.ax.get_ylabel() == "refits"


def test_mean_ranks_come_from_the_counts():
    display = FeatureRankDisplay([[0, 1, 3], [4, 0, 0], [0, 4, 0]], ["a", "b", "c"])
    np.testing.assert_allclose(display.mean_rank, [2.75, 1, 2])
    display.plot(max_features=2, colorbar=False)
    np.testing.assert_array_equal(display.im_.get_array(), [[4, 0, 0], [0, 4, 0]])
    assert display.colorbar_ is None


def test_many_ranks_are_not_written_out():
    counts = np.eye(60, dtype=int)
    display = FeatureRankDisplay(counts, [f"feature {k}" for k in range(60)]).plot()
    assert display.text_ == []
    assert len(display.ax_.get_xticks()) == 20


def test_what_ranks_must_be(selector, split):
    with pytest.raises(NotFittedError):
        FeatureRankDisplay.from_estimator(RankStabilitySelector())
    with pytest.raises(TypeError, match="must be a RankStabilitySelector, got LogisticRegression"):
        FeatureRankDisplay.from_estimator(LogisticRegression().fit(split.X, split.y))
    with pytest.raises(ValueError, match=r"`highlight` must be of .* got \['wine'\]"):
        FeatureRankDisplay.from_estimator(selector, highlight=["wine"])
    with pytest.raises(ValueError, match="`max_features` must be an int of at least 1 or None"):
        FeatureRankDisplay.from_estimator(selector, max_features=0)
    with pytest.raises(ValueError, match="`feature_names` must be 2 names, one for each row"):
        FeatureRankDisplay([[1, 0], [0, 1]], ["a"])
    with pytest.raises(ValueError, match="got a row of zeros"):
        FeatureRankDisplay([[1, 0], [0, 0]], ["a", "b"])
    with pytest.raises(ValueError, match="`mean_rank` must be of shape"):
        FeatureRankDisplay([[1, 0], [0, 1]], ["a", "b"], mean_rank=[1])


# ---------------------------------------------------------------------------------------
# distributions


def test_densities_are_scipys_in_the_selectors_order(selector, split):
    display = FeatureDistributionDisplay.from_estimator(selector, split.X, split.y)
    order = selector.ranking_.argsort()
    names = selector.feature_names_in_[order]
    expected = [f"{place}. {name}" for place, name in enumerate(names, start=1)]
    assert [title.replace("\n", " ") for title in titles_of(display)] == expected
    for axes, name in zip(display.axes_, names, strict=True):
        for label in (1, 2, 3):
            own = split.X.loc[split.y == label, name]
            (curve,) = [line for line in axes.get_lines() if line.get_label() == str(label)]
            kde = gaussian_kde(own)(curve.get_xdata())
            np.testing.assert_allclose(curve.get_ydata(), kde)
    assert [text.get_text() for text in display.legend_.get_texts()] == ["1", "2", "3"]


def test_importances_order_the_features(split):
    importances = np.zeros(13)
    importances[[4, 2]] = 2, 1
    display = FeatureDistributionDisplay.from_data(
        split.X, split.y, importances=importances, max_features=2
    )
    assert titles_of(display) == ["1. magnesium", "2. ash"]
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(split.X, split.y)
    first = FeatureDistributionDisplay.from_estimator(tree, split.X, split.y, max_features=1)
    (used,) = np.flatnonzero(tree.feature_importances_)
    assert titles_of(first) == [f"1. {split.X.columns[used]}"]


def test_a_class_with_one_value_is_a_spike_and_one_without_keeps_its_name():
    X = np.array([[0.0, 5], [1, 5], [2, 5], [7, np.nan], [7, np.nan]])
    display = FeatureDistributionDisplay.from_data(X, ["a", "a", "a", "b", "b"])
    left, right = display.axes_
    lines = {line.get_label(): line for line in left.get_lines()}
    assert list(lines["b"].get_xdata()) == [7, 7]
    lines = {line.get_label(): line for line in right.get_lines()}
    assert list(lines["a"].get_xdata()) == [5, 5]
    assert len(lines["b"].get_xdata()) == 0
    assert [text.get_text() for text in display.legend_.get_texts()] == ["a", "b"]


def test_boxes_are_quantiles():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(6), 30)
    X = rng.normal(size=(180, 2)) + y[:, None]
    display = FeatureDistributionDisplay.from_data(X, y, class_names=list("abcdef"))
    axes = display.axes_[1]
    assert [label.get_text() for label in display.axes_[0].get_yticklabels()] == list("abcdef")
    for k, box in enumerate(axes.patches):
        own = X[y == k, 1]
        first, middle, third = np.quantile(own, [0.25, 0.5, 0.75])
        assert (box.get_x(), box.get_width()) == (first, pytest.approx(third - first))
        (line,) = [line for line in axes.get_lines() if line.get_label() == f"_{'abcdef'[k]}"]
        assert list(line.get_xdata()) == [middle, middle]
    assert display.legend_ is None


def test_what_distributions_must_be(selector, split):
    data = (split.X, split.y)
    with pytest.raises(TypeError, match="must have ranking_ or feature_importances_"):
        FeatureDistributionDisplay.from_estimator(LogisticRegression().fit(*data), *data)
    with pytest.raises(ValueError, match=r"`X` must have the 13 features .* got 3"):
        FeatureDistributionDisplay.from_estimator(selector, split.X.iloc[:, :3], split.y)
    for importances in ([1, 2], np.full(13, np.nan)):
        with pytest.raises(ValueError, match="`importances` must be 13 numbers"):
            FeatureDistributionDisplay.from_data(*data, importances=importances)
    with pytest.raises(ValueError, match="`class_names` must be 3 names"):
        FeatureDistributionDisplay.from_data(*data, class_names=["a"])
    with pytest.raises(ValueError, match="`feature_names` must be 13 names"):
        FeatureDistributionDisplay.from_data(*data, feature_names=["a"])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        FeatureDistributionDisplay.from_data(split.X, split.y[:-1])
    with pytest.raises(ValueError, match="`kind` must be one of"):
        FeatureDistributionDisplay.from_data(*data, kind="violin")
    with pytest.raises(ValueError, match="`n_columns` must be an int of at least 1, got 0"):
        FeatureDistributionDisplay.from_data(*data, n_columns=0)


@pytest.mark.parametrize(
    "display", [FeatureDistributionDisplay, FeatureHistogramDisplay, CorrelationDisplay]
)
def test_columns_of_text_are_named(display):
    X = pd.DataFrame({"länge": [1.0, 2, 3], "colour": ["red", "blue", "red"]})
    args = ([0, 1, 0],) if display is FeatureDistributionDisplay else ()
    with pytest.raises(ValueError, match="`X` must hold numbers, and column 'colour' is of type"):
        display.from_data(X, *args)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_tables_of_any_make(frame):
    X = frame({"a": [1, 2, None, 4], "b": [True, False, True, True]})
    if frame is pd.DataFrame:
        X = X.astype({"a": "Int64"})
    display = FeatureHistogramDisplay.from_data(X)
    assert titles_of(display) == ["a (1 missing)", "b"]
    assert [int(counts.sum()) for counts in display.counts_] == [3, 4]


# ---------------------------------------------------------------------------------------
# histograms, correlations, balance


def test_histograms_count_every_row(split):
    X = split.X.copy()
    X.iloc[:7, 3] = np.nan
    display = FeatureHistogramDisplay.from_data(X)
    for values, counts, edges in zip(X.to_numpy().T, display.counts_, display.edges_, strict=True):
        known = values[~np.isnan(values)]
        np.testing.assert_array_equal(counts, np.histogram(known, edges)[0])
        assert counts.sum() == len(known)
        assert 5 <= len(counts) <= 60
    assert titles_of(display)[3].replace("\n", " ") == "alkalinity of ash (7 missing)"
    drawn = display.axes_[0].patches[0].get_data()
    np.testing.assert_array_equal(drawn.values, display.counts_[0])


@pytest.mark.parametrize(
    "column", [[np.nan] * 4, [3.0] * 4, [0, 0, 0, 1e12], [True, False, True, True], [1e-300] * 4]
)
def test_histograms_of_awkward_columns(column):
    display = FeatureHistogramDisplay.from_data(np.array([column], dtype=float).T)
    assert display.counts_[0].sum() == np.isfinite(np.array(column, dtype=float)).sum()


def test_histograms_take_what_they_are_told(split):
    display = FeatureHistogramDisplay.from_data(split.X, bins=4, max_features=2, ax=None)
    assert [len(counts) for counts in display.counts_] == [4, 4]
    own = Figure().subplots(1, 2)
    assert display.plot(own, max_features=2).ax_ is own[0]
    with pytest.raises(ValueError, match="`bins` must be an int of at least 1"):
        FeatureHistogramDisplay.from_data(split.X, bins=0)


def test_correlations_are_numpys_and_scipys(split):
    pearson = CorrelationDisplay.from_data(split.X)
    np.testing.assert_allclose(pearson.correlations, np.corrcoef(split.X.T), atol=1e-12)
    spearman = CorrelationDisplay.from_data(split.X, method="spearman", colorbar=False)
    np.testing.assert_allclose(spearman.correlations, spearmanr(split.X).statistic, atol=1e-12)
    np.testing.assert_array_equal(pearson.im_.get_array(), pearson.correlations)
    assert pearson.im_.get_clim() == (-1, 1)
    assert len(pearson.text_) == 13**2
    for text, value in zip(pearson.text_, pearson.correlations.ravel(), strict=True):
        assert float(text.get_text()) == pytest.approx(value, abs=0.00501)


def test_a_column_without_spread_has_no_correlation():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=9), "b": rng.normal(size=9), "c": 0.1})
    X.loc[3, "a"] = np.nan
    display = CorrelationDisplay.from_data(X)
    known = X.drop(index=3)
    expected = np.corrcoef(known["a"], known["b"])[0, 1]
    assert display.correlations[0, 1] == pytest.approx(expected)
    assert np.isnan(display.correlations[2]).all()
    assert display.im_.get_array().mask[2].all()
    assert [text.get_text() for text in display.text_[-3:]] == ["–"] * 3
    with pytest.raises(ValueError, match="`method` must be one of"):
        CorrelationDisplay.from_data(X, method="kendall")
    with pytest.raises(ValueError, match=r"`correlations` must be of shape \(1, 1\)"):
        CorrelationDisplay(np.eye(2), ["a"])


def test_balance_is_a_count(split):
    display = ClassBalanceDisplay.from_labels(split.y, class_names=["a", "b", "c"])
    counts = Counter(split.y)
    largest = sorted(counts, key=lambda label: -counts[label])
    (bars,) = display.bars_.values()
    assert list(bars.datavalues) == [counts[label] for label in largest]
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["abc"[label - 1] for label in largest]
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts[0] == f"{counts[largest[0]]} ({100 * counts[largest[0]] / len(split.y):.1f} %)"
    assert display.legend_ is None


def test_sets_are_compared_by_shares(split):
    sets = {"training": split.y, "test": split.y_test[split.y_test < 3]}
    display = ClassBalanceDisplay.from_labels(sets, sort=False)
    training, test = display.bars_.values()
    np.testing.assert_allclose(
        training.datavalues, 100 * split.y.value_counts(normalize=True).sort_index()
    )
    assert test.datavalues[2] == 0
    assert test.datavalues.sum() == pytest.approx(100)
    assert [text.get_text() for text in display.legend_.get_texts()] == [
        f"training: {len(split.y)}",
        f"test: {len(sets['test'])}",
    ]


def test_many_small_classes_become_one_bar():
    y = np.concatenate([np.arange(100), np.zeros(900, dtype=int)])
    display = ClassBalanceDisplay.from_labels(y, max_classes=5)
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["0", "1", "2", "3", "4", "95 others"]
    (bars,) = display.bars_.values()
    assert list(bars.datavalues) == [901, 1, 1, 1, 1, 95]
    assert display.ax_.get_title(loc="left") == "100 classes"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1.0, np.nan], "`y` must hold a label for every row, got None or NaN for some"),
        (np.array(["a", None], dtype=object), "`y` must hold a label for every row"),
        (np.array(["a", 1], dtype=object), "`y` must hold labels of one type, got int, str"),
    ],
)
def test_labels_that_are_none(y, message):
    with pytest.raises(ValueError, match=message):
        ClassBalanceDisplay.from_labels(y)
    with pytest.raises(ValueError, match=message):
        FeatureDistributionDisplay.from_data(np.ones((2, 1)), y)


def test_what_labels_must_be():
    for y in ([], {}, {"a": [1], "b": []}):
        with pytest.raises(ValueError, match="`y` must hold at least one label, got none"):
            ClassBalanceDisplay.from_labels(y)
    with pytest.raises(ValueError, match="`class_names` must be 2 names"):
        ClassBalanceDisplay.from_labels([0, 1], class_names=["a"])
    with pytest.raises(ValueError, match="`max_classes` must be an int"):
        ClassBalanceDisplay.from_labels([0, 1], max_classes=0)
    for counts in ({}, {"a": [1, 2, 3]}, {"a": [0, 0]}):
        with pytest.raises(ValueError, match="`counts` must h"):
            ClassBalanceDisplay(counts, ["x", "y"])
