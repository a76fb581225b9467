"""The key features' table, figures and files, by what they hold."""

import csv
import os
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from sknn.report import _write, key_features_figures, key_features_table, write_key_features


@pytest.fixture(scope="module")
def figures(key_features):
    return key_features_figures(key_features)


def test_the_table_is_the_result(key_features):
    text = key_features_table(key_features)
    assert "5 refits × 10 epochs" in text
    assert "mean of 5 networks" in text
    lines = text.splitlines()
    frame = key_features.to_frame()
    places = []
    for feature, row in frame.iterrows():
        (place,) = [k for k, line in enumerate(lines) if re.match(rf"{feature}   ", line)]
        places.append(place)
        words = lines[place].removeprefix(feature).split()
        assert words[:6] == [
            f"{row['mean_rank_by_weights']:.2f}",
            f"{row['first_3_by_weights']:.0%}"[:-1],
            "%",
            f"{row['mean_rank_by_gradients']:.2f}",
            f"{row['first_3_by_gradients']:.0%}"[:-1],
            "%",
        ]
        # A shuffle takes from the accuracy what it drops by.
        assert float(words[6]) == pytest.approx(-100 * row["accuracy_drop"], abs=0.051)
        assert float(words[7]) == pytest.approx(row["loss_rise"], abs=0.00051)
        assert words[8:] == ["first"] * (feature in {"proline", "flavanoids"})
    assert places == list(range(places[0], places[0] + 13))
    assert max(map(len, lines)) <= 100
    assert "-0.0 " not in text
    for words in ("cumulative gradient values", "Sizes of weights depend on the scaler", "45 rows"):
        assert words in " ".join(text.split())


def test_heat_maps_hold_the_counts(key_features, figures):
    assert list(figures) == ["key_feature_ranks", "key_feature_values"]
    panels = figures["key_feature_ranks"].axes[:2]
    for axes, (importance, selector) in zip(panels, key_features.selectors.items(), strict=True):
        counts = key_features.rank_counts().loc[importance]
        (image,) = axes.get_images()
        np.testing.assert_array_equal(image.get_array(), counts)
        assert image.get_clim() == (0, 5)
        texts = {text.get_position()[::-1]: int(text.get_text()) for text in axes.texts}
        assert texts == {
            (row, column): value for (row, column), value in np.ndenumerate(counts) if value
        }
        labels = axes.get_yticklabels()
        means = selector.mean_rank_[selector.ranking_.argsort()]
        assert [label.get_text() for label in labels] == [
            f"{feature} ({mean:.1f})" for feature, mean in zip(counts.index, means, strict=True)
        ]
        bold = {feature for feature, label in zip(counts.index, labels, strict=True)
                if label.get_fontweight() == "bold"}  # fmt: skip
        assert bold == {"proline", "flavanoids"}
        assert importance in axes.get_title(loc="left")


def test_counts_can_be_read_on_their_colours(figures):
    for axes in figures["key_feature_ranks"].axes[:2]:
        (image,) = axes.get_images()
        for text in axes.texts:
            behind = luminance(image.cmap(image.norm(int(text.get_text())))[:3])
            light, dark = sorted([behind, luminance(to_rgb(text.get_color()))], reverse=True)
            assert (light + 0.05) / (dark + 0.05) > 4


def luminance(rgb):
    """As the accessibility guidelines of the web define it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def test_values_are_those_of_the_products_in_order_of_importance(key_features, figures):
    panels = [axes for axes in figures["key_feature_values"].axes if axes.get_title(loc="left")]
    split = key_features.split
    for place, (axes, feature) in enumerate(zip(panels, key_features.features, strict=True)):
        assert axes.get_title(loc="left") == f"{place + 1}. {feature}"
        lines = axes.get_lines()
        for producer in (1, 2, 3):
            own = np.concatenate(
                [
                    X.loc[y == producer, feature]
                    for X, y in ((split.X_train, split.y_train), (split.X_test, split.y_test))
                ]
            )
            (curve,) = [li for li in lines if li.get_label() == f"producer {producer}"]
            (ticks,) = [
                li for li in lines if li.get_marker() == "|" and li.get_color() == curve.get_color()
            ]
            np.testing.assert_array_equal(ticks.get_xdata(), own)
            # A density: it is 1 in all, but for tails outside of the picture.
            assert 0.9 < np.trapezoid(curve.get_ydata(), curve.get_xdata()) < 1.001
    legend = [axes.get_legend() for axes in figures["key_feature_values"].axes]
    (texts,) = [[t.get_text() for t in found.get_texts()] for found in legend if found]
    assert texts == ["producer 1", "producer 2", "producer 3"]


def test_files(key_features, tmp_path):
    paths = write_key_features(key_features, tmp_path / "out")
    assert sorted(path.name for path in paths) == sorted(os.listdir(tmp_path / "out"))
    assert {path.name for path in paths} == {
        "key_features.csv",
        "key_feature_ranks.csv",
        "key_feature_ranks.png",
        "key_feature_values.png",
    }
    with open(tmp_path / "out" / "key_features.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["feature"] for row in rows] == key_features.features
    frame = key_features.to_frame()
    assert [float(row["loss_rise"]) for row in rows] == frame["loss_rise"].tolist()
    with open(tmp_path / "out" / "key_feature_ranks.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    counts = key_features.rank_counts()
    for row, (importance, feature) in zip(rows, counts.index, strict=True):
        assert (row["importance"], row["feature"]) == (importance, feature)
        expected = counts.loc[(importance, feature)].tolist()
        assert [int(row[str(rank)]) for rank in range(1, 14)] == expected


def test_a_failure_leaves_no_file(key_features, tmp_path, monkeypatch):
    def fail(result):
        raise OSError("disk full")

    monkeypatch.setattr(_write, "key_features_figures", fail)
    with pytest.raises(OSError, match="disk full"):
        write_key_features(key_features, tmp_path)
    assert os.listdir(tmp_path) == []
