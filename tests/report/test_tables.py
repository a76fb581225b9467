import re

from sknn.report import producers_tables
from sknn.report._layout import layout, percent
from sknn.studies import producers


def test_reports_and_accuracies_are_the_results(result):
    text = producers_tables(result)
    for model in result.models:
        title = model.title[0].upper() + model.title[1:]
        section = text.partition(f"{title}: test rows, seed 0")[2]
        for producer in result.split.target_names:
            (line,) = re.findall(rf"{producer} .*", section.partition("weighted avg")[0])
            ours, theirs = model.report[producer], model.published.report[producer]
            measures = ("precision", "recall", "f1-score")
            expected = [f"{ours[m]:.2f}" for m in measures] + [f"{ours['support']:.0f}"]
            assert line.split()[2:] == expected + [f"{theirs[m]:.2f}" for m in measures]
        (line,) = re.findall(rf"{title} .*±.*–.*\(.*", text)
        mean, lowest = model.accuracies.mean() * 100, model.accuracies.min() * 100
        assert f"{mean:.1f} ±" in line
        assert f"{lowest:.1f} –" in line
        assert f"{model.published.accuracy * 100:.0f}" in line.split()
        assert f"{model.rerun.mean * 100:.1f} (" in line


def test_the_documents_mistakes_are_named(result):
    text = " ".join(producers_tables(result).split())
    for words in ("one training run each", "45 rows", "no test set apart", "last batch"):
        assert words in text


def test_lines_fit_a_page(result):
    assert max(map(len, producers_tables(result).splitlines())) <= 100


def test_a_single_seed_has_no_spread():
    text = producers_tables(producers(seeds=1, epochs=1))
    assert "1 seed, epoch 1" in text
    assert "± –" in text
    assert "nan" not in text


def test_columns_are_aligned():
    table = layout("title", ["", "x"], [["a", "1.0"], ["longer", "10.0"]])
    assert table.splitlines() == [
        "title",
        "─" * 13,
        "            x",
        "─" * 13,
        "a         1.0",
        "longer   10.0",
        "─" * 13,
    ]


def test_percent():
    assert percent(0.9467) == "94.7"
    assert percent(float("nan")) == "–"


def test_other_splits_have_a_table():
    result = producers(seeds=1, epochs=1, other_splits=2)
    text = producers_tables(result).partition("test rows of 2 other splits, one seed each")[2]
    for model in result.models:
        (line,) = re.findall(rf"{model.title} .*", text, re.IGNORECASE)[:1]
        one, other = 100 * model.other_splits["accuracy"]
        assert f"{(one + other) / 2:.1f} ± {abs(one - other) / 2**0.5:.1f}" in line
        assert f"{min(one, other):.1f} – {max(one, other):.1f}" in line
        assert f"{model.other_splits['log_loss'].mean():.3f}" in line
