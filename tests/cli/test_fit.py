"""``sknn fit`` on tables as people have them, and on those that nobody can learn from."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

import sknn.io
from sknn._cli import _fit
from sknn.datasets import read_table

FILES = sorted(_fit.FILES)


# ---- what it makes ----


def test_a_fresh_folder(run, survey, options, tmp_path):
    """As a user does it: a process, a table with gaps and a unicode header, no other arguments."""
    done = run("fit", survey, "--target", "Geschmack", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "output" / "umfrage"
    assert sorted(os.listdir(out)) == FILES
    assert "# Predicting Geschmack" in done.stdout
    for name in FILES:
        assert f"  output/umfrage/{name}\n" in done.stdout
    notes = [line for line in done.stderr.splitlines() if line.startswith("sknn: note: ")]
    assert "'Kunden-ID' was left out: it has another whole number in each row" in notes[0]
    assert "'Bemerkung' was left out: it is text that differs in nearly every row" in notes[1]
    stages = [line for line in done.stderr.splitlines() if not line.startswith("sknn:")]
    assert [stage.split()[0] for stage in stages[-4:]] == [
        "reading",
        "training,",
        "measuring",
        "writing",
    ]


def test_the_files_agree_with_each_other(fitted, survey):
    model = sknn.io.load(fitted / "model.sknn")
    table = read_table(survey, missing=["?"], as_text=["PLZ"])
    predictions = pd.read_csv(fitted / "predictions.csv")
    rows = table.iloc[predictions["row"] - 1]
    assert len(predictions) == 40
    assert predictions["true"].tolist() == rows["Geschmack"].tolist()
    assert predictions["predicted"].tolist() == model.predict(rows).tolist()
    np.testing.assert_allclose(
        predictions.filter(like="probability of ").to_numpy(), model.predict_proba(rows)
    )
    metrics = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    accuracy = accuracy_score(predictions["true"], predictions["predicted"])
    assert metrics["accuracy"] == pytest.approx(accuracy)
    history = pd.read_csv(fitted / "history.csv")
    assert len(history) == metrics["epochs"] == 15
    # The rows to measure on are recorded while training.
    assert history["valid_accuracy"].iloc[-1] == pytest.approx(accuracy)
    assert history["learning_rate"].iloc[-1] < 0.02 * history["learning_rate"].iloc[0]
    assert list(model.feature_names_in_) == ["Größe (cm)", "Ort", "PLZ"]
    page = (fitted / "report.html").read_text(encoding="utf-8")
    assert "Predicting Geschmack" in page
    assert "Bemerkung" in page  # among what is said of columns left out


@pytest.mark.parametrize("scale", ["standard", "l2"])
def test_a_search_with_either_scale(main, survey, options, tmp_path, monkeypatch, scale):
    grid = {"mlp__learning_rate_init": [0.01, 0.1], "mlp__l2": [0.0, 0.1]}
    monkeypatch.setitem(_fit.GRIDS, scale, grid)
    arguments = [survey, "--target", "Geschmack", *options, "--scale", scale, "--search", "--json"]
    code, out, err = main("fit", *arguments, "--out", tmp_path, "--quiet")
    assert (code, err) == (0, [])
    tree = json.loads(out)
    assert tree["search"]["candidates"] == 4
    model = sknn.io.load(tmp_path / "model.sknn")
    chosen = tree["search"]["best_params"]
    assert model[-1].l2 == chosen["mlp__l2"]
    assert model[-1].learning_rate_init == chosen["mlp__learning_rate_init"]
    assert tree["files"]["model.sknn"] == str(tmp_path / "model.sknn")


def test_both_engines_make_the_same_model(main, survey, options, tmp_path, monkeypatch):
    """But for the units that they drop."""
    grid = {**_fit.GRIDS["standard"], "mlp__dropout": [0.0]}
    monkeypatch.setitem(_fit.GRIDS, "standard", grid)
    for engine in ("scratch", "torch"):
        arguments = [survey, "--target", "Geschmack", *options, "--engine", engine]
        code, out, err = main("fit", *arguments, "--out", tmp_path / engine, "--quiet")
        assert (code, out, err) == (0, "", [])
    ours, theirs = (sknn.io.load(tmp_path / each / "model.sknn") for each in ("scratch", "torch"))
    assert type(theirs[-1]).__name__ == "TorchMLPClassifier"
    for W, V in zip(ours[-1].coefs_, theirs[-1].coefs_, strict=True):
        np.testing.assert_allclose(W, V, rtol=1e-7, atol=1e-9)


def test_files_of_a_former_run_are_not_lost(main, survey, options, fitted):
    before = (fitted / "model.sknn").read_bytes()
    arguments = ["fit", survey, "--target", "Geschmack", *options, "--out", fitted]
    code, out, err = main(*arguments)
    assert (code, out) == (1, "")
    assert err == [
        f"sknn: error: {str(fitted / 'model.sknn')!r} exists: pass --overwrite to replace it, or "
        "another --out"
    ]
    assert (fitted / "model.sknn").read_bytes() == before
    assert main(*arguments, "--overwrite", "--quiet") == (0, "", [])


def test_few_rows_of_a_class(main, write_csv, tmp_path):
    rng = np.random.default_rng(0)
    rows = [[f"{rng.normal():.3f}", f"{rng.normal():.3f}", "ab"[k % 2]] for k in range(30)]
    rows += [["1.0", "2.0", "c"], ["1.5", "2.5", "c"]]
    table = write_csv(tmp_path / "t.csv", ["x", "z", "class"], rows)
    code, out, err = main("fit", table, "--target", "class", "--out", tmp_path, "--epochs", "5")
    assert code == 0, err
    assert "| c" in out
    # A search has folds, and a class of two rows is in two of them at most.
    code, _, err = main(
        "fit", table, "--target", "class", "--out", tmp_path / "s", "--epochs", "2", "--search"
    )
    assert code == 0, err
    assert any("27 candidates on 2 folds" in line for line in err)


# ---- what nobody can learn from, or not like that ----

GOOD = [[k % 10 + k / 7, "uvw"[k % 3], "ab"[k % 2]] for k in range(40)]


@pytest.mark.parametrize(
    ("header", "rows", "more", "words"),
    [
        (["x", "z", "c"], GOOD, ["--target", "C "], "no column 'C '; did you mean 'c'?"),
        (["x", "z", "species"], GOOD, ["--target", "specie"], "did you mean 'species'?"),
        (["x", "z", "c"], GOOD, ["--target", "quite other"], "it has 'x', 'z', 'c'"),
        (["x", "z", "c"], GOOD, ["--drop", "zz"], "--drop: the table has no column 'zz'"),
        (["x", "z", "c"], [*GOOD, [1, "u", "lone"]], [], "one row only of class lone"),
        (
            ["x", "z", "c"],
            [*GOOD, [1, "u", ""]],
            [],
            "no value in 1 of 41 rows (the first is row 4",
        ),
        (["x", "z", "c"], [[*row[:2], "a"] for row in GOOD], [], "holds one class only, a"),
        (["x", "z", "c"], [[*row[:2], ""] for row in GOOD], [], "'c' has no values"),
        (
            ["x", "z", "c"],
            [[k % 7, "u", k % 20] for k in range(500)],
            [],
            "'c' holds 20 different whole numbers, which may be classes or amounts: pass "
            "--task classification or --task regression",
        ),
        (
            ["x", "z", "c"],
            [[k % 7, "u", k % 6 / 2] for k in range(500)],
            [],
            "'c' holds 6 different numbers, which may be classes or amounts",
        ),
        (["x", "z", "c"], GOOD, ["--task", "regression"], "holds 'a' in row 1: mend it"),
        (
            ["x", "z", "c"],
            [[*row[:2], 7] for row in GOOD],
            ["--task", "regression"],
            "holds one value only, 7: there is nothing to predict",
        ),
        (
            ["x", "z", "c"],
            [[*row[:2], k - 3] for k, row in enumerate(GOOD)],
            ["--loss", "poisson"],
            "must be at least 0 for --loss poisson, and holds -3",
        ),
        (
            ["x", "z", "c"],
            [[*row[:2], k] for k, row in enumerate(GOOD)],
            ["--loss", "gamma"],
            "must be above 0 for --loss gamma, and holds 0",
        ),
        (
            ["x", "z", "c"],
            [[*row[:2], k] for k, row in enumerate(GOOD)],
            ["--task", "regression", "--test-size", "0.01"],
            "40 rows cannot be split with --test-size 0.01",
        ),
        (
            ["x", "z", "c"],
            [[f"{k},{k:03d}.50 $", *row[1:]] for k, row in enumerate(GOOD)],
            [],
            "column 'x' holds numbers as text, such as '0,000.50 $': make plain numbers of them, "
            "or name the column in --categories",
        ),
        (["x", "z", "c"], [[k % 7, "u", f"t{k}"] for k in range(50)], [], "50 classes in 50 rows"),
        (["x", "x", "c"], GOOD, [], "several columns of the name 'x' (columns 1, 2)"),
        (["x", "z", "c"], [[*row, 1] for row in GOOD], [], "line 2 has 4 fields"),
        (["x", "z", "c"], [], [], "has a header and no rows"),
        (
            ["x", "z", "c"],
            [["none" if k == 6 else k / 3, "u", "ab"[k % 2]] for k in range(40)],
            [],
            "column 'x' holds numbers, and the text 'none' in row 7: name that text in --missing",
        ),
        (["x", "z", "c"], [["inf", *row[1:]] for row in GOOD], [], "'x' must hold finite numbers"),
        (["x", "z", "c"], [[1, 2, *row[2:]] for row in GOOD], [], "no column to learn from"),
        (["x", "z", "c"], GOOD, ["--test-size", "0.01"], "either part gets at least 2 rows"),
        (["x", "z", "c"], GOOD, ["--encoding", "nix"], "--encoding must be one that Python knows"),
    ],
    ids=range(25),
)
def test_one_line_that_says_what_to_do(main, write_csv, tmp_path, header, rows, more, words):
    table = write_csv(tmp_path / "t.csv", header, rows)
    target = [] if "--target" in more else ["--target", "c"]
    code, out, err = main("fit", table, *target, *more, "--out", tmp_path / "o", "--quiet")
    assert (code, out, len(err)) == (1, "", 1)
    assert err[0].startswith("sknn: error: ")
    assert words in err[0]
    assert not (tmp_path / "o").exists()


def test_rows_without_a_class_can_be_left_out(main, write_csv, tmp_path):
    table = write_csv(tmp_path / "t.csv", ["x", "z", "c"], [[1, "u", ""], *GOOD])
    arguments = ["fit", table, "--target", "c", "--out", tmp_path, "--epochs", "3"]
    code, _, err = main(*arguments, "--skip-unlabelled")
    assert code == 0, err
    assert any("left out 1 of 41 rows (the first is row 1)" in line for line in err)
    assert pd.read_csv(tmp_path / "predictions.csv")["row"].min() > 1


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_and_none(main, tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    code, _, err = main("fit", tmp_path / "t.csv", "--target", "c", "--quiet")
    assert (code, len(err)) == (1, 1)
    assert "is empty" in err[0]
    code, _, err = main("fit", tmp_path / "no.csv", "--target", "c", "--quiet")
    assert (code, err) == (1, [f"sknn: error: there is no file {str(tmp_path / 'no.csv')!r}"])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "the following arguments are required: --target"),
        (["--target", "c", "--epochs", "0"], "--epochs: must be an int of at least 1, got '0'"),
        (["--target", "c", "--seed", "-1"], "--seed: must be an int from 0 to 2**32 - 1, got '-1'"),
        (["--target", "c", "--hidden", "8,x"], "--hidden: must be ints of at least 1"),
        (["--target", "c", "--test-size", "1"], "--test-size: must lie between 0 and 1, got '1'"),
        (["--target", "c", "--engine", "jax"], "--engine: invalid choice: 'jax'"),
        (["--target", "c", "--task", "ranking"], "--task: invalid choice: 'ranking'"),
        (["--target", "c", "--quantiles", "0.9,0.1"], "--quantiles: must be rising numbers"),
        (["--target", "c", "--quantiles", "a"], "--quantiles: must be rising numbers"),
        (
            ["--target", "c", "--task", "classification", "--loss", "huber"],
            "--loss: goes with --task regression only",
        ),
        (
            ["--target", "c", "--loss", "huber", "--quantiles", "0.5"],
            "--quantiles: goes with --loss quantile only",
        ),
    ],
)
def test_wrong_usage(main, more, words):
    code, out, err = main("fit", "t.csv", *more)
    assert (code, out, len(err)) == (2, "", 1)
    assert words in err[0]


# ---- Ctrl-C ----


def test_ctrl_c_in_the_training_keeps_what_was_learnt(main, survey, options, tmp_path, monkeypatch):
    count = _fit._Epochs.on_fit_task_end

    def interrupt(self, estimator, context):
        count(self, estimator, context)
        if context.task_name == "epoch" and self.done == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(_fit._Epochs, "on_fit_task_end", interrupt)
    code, out, err = main("fit", survey, "--target", "Geschmack", *options, "--out", tmp_path)
    assert (code, out) == (130, "")
    path = tmp_path / "model.sknn"
    n_epochs = sknn.io.load(path)[-1].n_iter_
    assert n_epochs in (3, 4)
    assert err[-1] == (
        f"sknn: interrupted: training stopped after epoch {n_epochs}, whose weights are in {path}; "
        "it was not measured: 'sknn report' does that"
    )
    assert os.listdir(tmp_path) == ["model.sknn"]


@pytest.mark.parametrize(
    ("where", "written"),
    [
        ("sknn.model_selection.StackedGridSearchCV.fit", []),
        ("sknn.report.Report.from_estimator", ["model.sknn"]),
        ("sknn.report.Report.to_html", ["history.csv", "metrics.json", "model.sknn", "predict"]),
    ],
)
def test_ctrl_c_says_what_is_not_finished(
    main, survey, options, tmp_path, monkeypatch, where, written
):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupt)
    search = ["--search"] if "Search" in where else []
    code, out, err = main(
        "fit", survey, "--target", "Geschmack", *options, *search, "--out", tmp_path
    )
    assert (code, out) == (130, "")
    assert err[-1].startswith("sknn: interrupted: while ")
    found = sorted(os.listdir(tmp_path))
    assert [name[:7] for name in found] == [name[:7] for name in written]
    for name in FILES:
        part = "; written: " if name in found else "; not written: "
        assert not found or name in err[-1].partition(part)[2]
    if not found:
        assert err[-1].endswith("; no file was written")
