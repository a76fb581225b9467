"""``sknn predict`` and ``sknn report``: columns by name, and what is wrong with a table."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

import sknn.io
from sknn import ScratchMLPClassifier
from sknn.datasets import read_table

MISSING = ["--missing", "?"]


@pytest.fixture
def model(fitted):
    return fitted / "model.sknn"


@pytest.fixture
def change(survey, tmp_path):
    """Writes the survey with something else in it."""

    def change(function):
        with open(survey, encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file, delimiter=";")
        frame = function(pd.DataFrame(rows, columns=header, dtype=object))
        path = tmp_path / "changed.csv"
        frame.to_csv(path, index=False, sep=";")
        return path

    return change


def test_a_line_for_each_row(run, model, survey, tmp_path):
    done = run("predict", model, survey, *MISSING, cwd=tmp_path)
    assert done.returncode == 0
    rows = list(csv.DictReader(done.stdout.splitlines()))
    table = read_table(survey, missing=["?"], as_text=["PLZ"])
    loaded = sknn.io.load(model)
    assert [row["predicted"] for row in rows] == loaded.predict(table).tolist()
    found = [[float(row[f"probability of {c}"]) for c in loaded.classes_] for row in rows]
    np.testing.assert_allclose(found, loaded.predict_proba(table))
    assert "not looked at: the columns 'Kunden-ID', 'Bemerkung', 'Geschmack'" in done.stderr


def test_the_order_of_columns_does_not_matter(main, model, survey, change):
    _, expected, _ = main("predict", model, survey, *MISSING, "--quiet")

    def turn(frame):
        return frame[frame.columns[::-1]].drop(columns=["Geschmack", "Kunden-ID"])

    path = change(turn)
    assert main("predict", model, path, *MISSING, "--quiet") == (0, expected, [])


def test_to_a_file_and_as_json(main, model, survey, tmp_path):
    out = tmp_path / "classes.csv"
    arguments = ["predict", model, survey, *MISSING]
    code, text, err = main(*arguments, "--out", out)
    assert (code, text) == (0, f"160 rows predicted. File:\n  {out}\n")
    _, printed, _ = main(*arguments, "--quiet")
    assert out.read_text(encoding="utf-8") == printed
    code, _, err = main(*arguments, "--out", out, "--quiet")
    assert (code, len(err)) == (1, 1)
    assert "exists: pass --overwrite" in err[0]
    _, text, _ = main(*arguments, "--json", "--quiet")
    tree = json.loads(text)
    assert tree["classes"] == ["bitter, herb", "sauer", "süß"]
    assert len(tree["predicted"]) == len(tree["probabilities"]) == 160


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda f: f.drop(columns="Ort"), "lacks the column 'Ort', which the model needs"),
        (
            lambda f: f.rename(columns={"Größe (cm)": "Groesse (cm)"}),
            "lacks the column 'Größe (cm)', which the model needs; is it called 'Groesse (cm)'",
        ),
        (
            lambda f: f.assign(**{"Größe (cm)": ["12,5", "tall", *["9"] * 158]}),
            "column 'Größe (cm)' was numbers in training, and holds the text 'tall' in row 2 "
            "(1 such row): mend it, or pass --missing 'tall'",
        ),
        (
            lambda f: f.assign(**{"Größe (cm)": ["inf", *["9"] * 159]}),
            "'Größe (cm)' was numbers in training, and holds inf in row 1",
        ),
    ],
    ids=["lacks", "renamed", "text", "infinite"],
)
@pytest.mark.parametrize("command", ["predict", "report"])
def test_columns_that_are_not_those_of_training(
    main, model, change, tmp_path, command, function, words
):
    more = [] if command == "predict" else ["--target", "Geschmack", "--out", tmp_path / "r.html"]
    code, out, err = main(command, model, change(function), *MISSING, *more, "--quiet")
    assert (code, out, len(err)) == (1, "", 1)
    assert words in err[0]


def test_files_that_are_no_model(main, survey, tmp_path):
    code, _, err = main("predict", tmp_path / "no.sknn", survey, "--quiet")
    assert (code, err) == (1, [f"sknn: error: there is no file {str(tmp_path / 'no.sknn')!r}"])
    code, _, err = main("predict", survey, survey, "--quiet")
    assert (code, len(err)) == (1, 1)
    assert "cannot be loaded" in err[0]


def test_a_model_that_knows_no_names(main, tmp_path, write_csv):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), np.arange(40) % 2
    mlp = ScratchMLPClassifier((4,), max_iter=3, n_iter_no_change=np.inf, random_state=0)
    sknn.io.save(mlp.fit(X, y), tmp_path / "m.sknn")
    table = write_csv(tmp_path / "t.csv", ["a", "b"], X.tolist())
    code, out, err = main("predict", tmp_path / "m.sknn", table, "--quiet")
    assert code == 0, err
    assert [int(row["predicted"]) for row in csv.DictReader(out.splitlines())] == list(
        mlp.predict(X)
    )
    wide = write_csv(tmp_path / "w.csv", ["a", "b", "c"], [[1.5, 2.5, 3]])
    code, _, err = main("predict", tmp_path / "m.sknn", wide, "--quiet")
    assert code == 1
    assert "learnt from 2 columns without names, and the table has 3" in err[0]


def test_a_report_on_other_rows(main, model, survey, tmp_path):
    page = tmp_path / "report.html"
    arguments = ["report", model, survey, *MISSING, "--target", "Geschmack", "--out", page]
    code, out, err = main(*arguments)
    assert code == 0, err
    assert "# model.sknn on umfrage.csv" in out
    # Whether the model has seen these rows is not known, so nothing is said of it but a warning.
    assert "has not seen" not in out
    assert "held out" not in out
    assert "Whether the model has been trained on some of these rows is not known" in out
    assert f"Page:\n  {page}\n" in out
    assert "<title>model.sknn on umfrage.csv</title>" in page.read_text(encoding="utf-8")
    code, _, err = main(*arguments)
    assert code == 1
    assert "exists: pass --overwrite" in err[0]
    code, out, err = main(*arguments, "--overwrite", "--json", "--quiet")
    assert (code, err) == (0, [])
    table = read_table(survey, missing=["?"], as_text=["PLZ"])
    accuracy = sknn.io.load(model).score(table, table["Geschmack"])
    assert json.loads(out)["accuracy"] == pytest.approx(accuracy)


def test_a_class_that_the_model_does_not_know(main, model, change, tmp_path):
    path = change(lambda f: f.assign(Geschmack=["salzig", *f["Geschmack"][1:]]))
    code, _, err = main(
        "report", model, path, *MISSING, "--target", "Geschmack", "--out", tmp_path / "r", "--quiet"
    )
    assert (code, len(err)) == (1, 1)
    assert "--target: column 'Geschmack' holds 'salzig' in 1 of 160 rows" in err[0]
    assert "the model knows 'bitter, herb', 'sauer', 'süß'" in err[0]


@pytest.mark.parametrize("command", ["predict", "report"])
def test_where_a_file_is_to_go(main, model, survey, tmp_path, command):
    more = [] if command == "predict" else ["--target", "Geschmack"]
    arguments = [command, model, survey, *MISSING, *more, "--quiet", "--out"]
    assert main(*arguments, tmp_path / "new" / "folder" / "file") == (0, "", [])
    assert (tmp_path / "new" / "folder" / "file").stat().st_size > 0
    code, out, err = main(*arguments, tmp_path / "new", "--overwrite")
    assert (code, out) == (1, "")
    assert err == [
        f"sknn: error: {str(tmp_path / 'new')!r} is a directory: pass another --out",
    ]
