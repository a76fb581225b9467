"""The pages of the studies, against the results that they were made of."""

import re

import pytest

from sknn.report import Report

from_study = Report.from_study


def cells(markdown, title):
    """The rows of a Markdown table below a title, heads included."""
    lines = markdown.partition(title)[2].split("\n\n")[1].splitlines()
    rows = [re.split(r"(?<!\\)\|", line.strip("|")) for line in lines]
    return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set(":- ")]


@pytest.fixture(scope="module")
def producers_page(result, key_features):
    return from_study(result, key_features=key_features)


def test_accuracies_are_those_of_the_result(producers_page, result):
    rows = cells(producers_page.to_markdown(), "**Accuracy in % on the 45 test rows")
    for row, model in zip(rows[1:], result.models, strict=True):
        assert row[0] == model.title
        spread = model.accuracy
        assert row[1] == f"{100 * spread.mean:.1f} ± {100 * spread.sd:.1f}"
        assert row[2] == f"{100 * spread.lowest:.1f} to {100 * spread.highest:.1f}"
        assert row[3] == f"{100 * model.published.accuracy:.0f}"
    assert [headline.value for headline in producers_page.headlines] == [
        f"{100 * model.accuracy.mean:.1f} %" for model in result.models
    ]


def test_every_figure_of_the_document_is_there(producers_page, result):
    markdown = producers_page.to_markdown()
    rows = cells(markdown, "**Every figure of the document beside ours")
    frame = result.beside_document()
    assert len(rows) - 1 == len(frame)
    outside = frame[~frame["inside"].astype(bool)]
    assert [row[-1] for row in rows[1:]].count("no") == len(outside)
    for explanation in set(outside["explanation"]):
        assert explanation in " ".join(markdown.split())


def test_key_features_are_those_of_the_result(producers_page, key_features):
    rows = cells(producers_page.to_markdown(), "**Ranks of the features in 5 refits")
    frame = key_features.to_frame()
    assert [row[0] for row in rows[1:]] == list(frame.index)
    for row, (_, ours) in zip(rows[1:], frame.iterrows(), strict=True):
        assert float(row[1]) == pytest.approx(ours["mean_rank_by_weights"], abs=0.005)
        assert float(row[5]) == pytest.approx(100 * ours["accuracy_drop"], abs=0.051)


def test_sections_and_pictures(producers_page, result):
    titles = [section.title for section in producers_page.sections]
    assert titles[:3] == ["The accuracies", "The table", "Single runs, class by class"]
    assert {"The training", "ROC curves", "The key features"} <= set(titles)
    page = producers_page.to_html()
    assert page.count('role="img"') > 40
    for note in result.notes:
        assert note[:40].replace("'", "&#39;") in page
    assert producers_page.to_dict()["study"] == "producers"


def test_the_yeast_study(yeast_result):
    report = from_study(yeast_result)
    markdown = report.to_markdown()
    n_test = len(yeast_result.optimizers[0].split.y_test)
    rows = cells(markdown, f"**After the last epoch; shares in %, on {n_test} test rows")
    for row, model in zip(rows[1:], yeast_result.optimizers, strict=True):
        assert row[0] == model.title
        assert row[5] == f"{100 * model.accuracy.mean:.1f} ± {100 * model.accuracy.sd:.1f}"
        assert float(row[7]) == pytest.approx(100 * model.published.accuracy, abs=0.01)
    frame = yeast_result.beside_document()
    assert len(cells(markdown, "**Every figure of the document")) - 1 == len(frame)
    assert "Four ways to regularise" in report.to_html()
    assert report.to_dict()["models"]["adam"]["accuracy"]["document"] == 0.5825
    with pytest.raises(ValueError, match="`key_features` goes with a ProducersResult"):
        from_study(yeast_result, key_features=object())
