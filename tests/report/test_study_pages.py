"""The pages of the studies, against the results that they were made of."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

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


def test_what_the_document_leaves_open(with_alternatives):
    result, other = with_alternatives["scratch"], with_alternatives["torch"]
    report = from_study(result, other=other)
    markdown = report.to_markdown()
    rows = {row[0]: row for row in cells(markdown, "**Within a run")}
    assert len(rows) == 6
    # Adam stops at 50 of the 55 epochs, and the table says so.
    assert "StandardScaler and Adam, 50 epochs" in rows
    coefs = result["l1_prox"].pipeline[-1].coefs_
    zeros = [100 * (coef.size - np.count_nonzero(coef)) / coef.size for coef in coefs]
    shown = [float(text) for text in rows["L1 by prox and cosine"][4].split(" / ")]
    assert shown == pytest.approx(zeros, abs=0.51)
    assert max(shown) > 1
    assert rows["L1 penalty"][4] == "0 / 0 / 0"
    assert f"{100 * result['adam'].accuracies.mean():.1f} ±" in markdown.partition("adapts")[2]
    tree = report.to_dict()
    assert set(tree["alternatives"]) == {"adam", "l1_prox"}
    beside = tree["beside_other_engine"]
    assert beside["engine"] == "torch"
    assert beside["models"]["adam"]["train_loss"]["mean"] == pytest.approx(
        np.mean([run[-1] for run in result["adam"].curves["train_loss"]])
    )
    rows = cells(markdown, "**Mean ± sd over 2 seeds")
    assert rows[0][1:3] == ["NumPy", "PyTorch"]
    assert len(rows) - 1 == 15


def test_the_other_run_must_be_of_the_same_study(result, yeast_result):
    with pytest.raises(TypeError, match="`other` must be a ProducersResult, got YeastResult"):
        from_study(result, other=yeast_result)


def test_a_short_run_is_the_reason(producers_page, yeast_result):
    reason = "a shorter run here, 60 epochs in place of the document's 1,000"
    assert reason in " ".join(producers_page.to_markdown().split())
    frame = yeast_result.beside_document()
    bug = frame.loc[("full_batch", "accuracy"), "explanation"]
    assert bug == "" or bug.startswith(
        "a shorter run here, 3 epochs in place of the document's 100;"
    )
    assert "no cause is known" not in set(frame["explanation"])


def test_the_pairs_of_columns(producers_page):
    (table,) = [section for section in producers_page.sections if section.title == "The table"]
    picture = table.blocks[-1]
    assert "flavanoids" in picture.alt
    shown = [one for one in picture.draw("light").axes if one.get_visible()]
    scatters = [one for one in shown if one.lines]
    # Four histograms, and each of six pairs once.
    assert (len(shown), len(scatters)) == (10, 6)
    values = np.concatenate([line.get_xdata() for line in scatters[0].lines])
    X_train, _ = train_test_split(load_wine(as_frame=True).data, random_state=0)
    assert sorted(values) == sorted(X_train["flavanoids"])


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
