import re

import numpy as np
import pandas as pd
import pytest

from sknn.report import yeast_tables
from sknn.report._beside_tables import beside_table
from sknn.studies import yeast


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    rng = np.random.default_rng(0)
    y = np.repeat(["CYT", "ERL", "ME1", "NUC"], [50, 8, 20, 40])
    frame = pd.DataFrame(
        rng.uniform(size=(len(y), 8)).round(2),
        columns=["mcg", "gvh", "alm", "mit", "erl", "pox", "vac", "nuc"],
    )
    path = tmp_path_factory.mktemp("yeast") / "yeast.csv"
    frame.assign(name=y).to_csv(path, index=False)
    return yeast(
        path,
        seeds=2,
        other_splits=2,
        optimizer_epochs=2,
        regularizer_epochs=2,
        architectures=False,
    )


def test_figures_are_the_results(result):
    text = yeast_tables(result)
    for model in result:
        title = re.escape(model.title[0].upper() + model.title[1:])
        scores = 100 * model.scores[["accuracy", "macro_f1"]]
        loss = model.curves["train_loss"][:, -1]
        (line,) = re.findall(rf"^{title} .*±.*±.*±.*±(?!.*–).*$", text, flags=re.MULTILINE)
        for mean, sd, digits in (
            (loss.mean(), loss.std(ddof=1), 3),
            (scores["accuracy"].mean(), scores["accuracy"].std(), 1),
            (scores["macro_f1"].mean(), scores["macro_f1"].std(), 1),
        ):
            assert f"{mean:.{digits}f} ± {sd:.{digits}f}" in line
        (line,) = re.findall(rf"^{title} .*–.*±.*±.*$", text, flags=re.MULTILINE)
        accuracies = 100 * model.other_splits["accuracy"]
        assert f"{accuracies.mean():.1f} ± {accuracies.std():.1f}" in line
        assert f"{accuracies.min():.1f} – {accuracies.max():.1f}" in line
    assert "CYT 50, NUC 40, ME1 20, ERL 8" in text


def test_every_figure_of_the_document_is_there(result):
    text = yeast_tables(result).partition("Every figure of the document")[2]
    for printed in ("58.25", "8.75", "59.60", "59.26", "57.40", "45.15", "60.54", "60.55", "58.74"):
        assert printed in text
    for loss in ("0.949", "1.211", "0.885", "1.024", "1.124", "1.118", "1.139", "0.917"):
        assert loss in text


def test_what_lies_outside_is_explained(result):
    text = " ".join(yeast_tables(result).split())
    assert "Full-batch descent (accuracy): a shorter run here" in text
    assert "in place of the document's 100; besides, a bug of the document's" in text
    for words in ("before it splits them", "inverted dropout", "batch normalisation", "duplicates"):
        assert words in text


def test_lines_fit_a_page(result):
    assert max(map(len, yeast_tables(result).splitlines())) <= 100


def test_one_seed_and_no_questions(result, tmp_path):
    path = tmp_path / "yeast.csv"
    frame = pd.concat([result.table.X, result.table.y], axis=1)
    frame.to_csv(path, index=False)
    text = yeast_tables(
        yeast(
            path,
            seeds=1,
            other_splits=0,
            optimizer_epochs=1,
            regularizer_epochs=1,
            questions=False,
        )
    )
    assert "1 seed" in text
    assert "nan" not in text
    assert "other split" not in text.partition("What to know")[0]


def test_a_table_where_all_is_inside_has_no_words():
    index = pd.MultiIndex.from_tuples([("m", "accuracy")])
    columns = ["document", "mean", "sd", "lowest", "highest", "rerun", "inside", "explanation"]
    row = [0.96, 0.95, 0.01, 0.94, 0.97, float("nan"), True, ""]
    text = beside_table(pd.DataFrame([row], index, columns), {"m": "M"}, "title", digits=0)
    assert re.search(r"M: accuracy +96 +95.0 ± 1.0 +94.0 – 97.0 +– +yes", text)
    assert "Outside" not in text


def test_what_lies_outside_for_one_reason_is_one_line():
    places = [("m", "accuracy"), ("m", "macro_f1"), ("n", "accuracy"), ("n", "train_loss")]
    columns = ["document", "mean", "sd", "lowest", "highest", "rerun", "inside", "explanation"]
    row = [0.99, 0.95, 0.01, 0.94, 0.97, float("nan"), False]
    reasons = ["luck", "luck", "luck", "a bug"]
    rows = [[*row, reason] for reason in reasons]
    frame = pd.DataFrame(rows, pd.MultiIndex.from_tuples(places), columns)
    text = beside_table(frame, {"m": "M", "n": "N"}, "title", digits=0)
    assert text.partition("Outside the range of ours:\n")[2].splitlines() == [
        "- M (accuracy, macro F1); N (accuracy): luck.",
        "- N (train loss): a bug.",
    ]
