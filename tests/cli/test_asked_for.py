"""What is done only where it is asked for, and what an argument may be."""

import argparse
import io
import os
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

import sknn.io
from sknn import _cli, studies
from sknn._cli import _types

DUMMY = {"models": {"sklearn": DummyClassifier()}, "n_splits": 2, "n_repeats": 1}


@pytest.mark.parametrize("study", ["producers", "yeast"])
def test_a_comparison_with_other_classifiers(main, study, monkeypatch, tmp_path, request):
    compare = f"{study}_comparison"
    monkeypatch.setattr(studies, compare, partial(getattr(studies, compare), **DUMMY))
    data = ["--data", request.getfixturevalue("yeast_path")] if study == "yeast" else []
    short = ["--epochs", "1", "--seeds", "1", "--jobs", "1", "--out", tmp_path, *data]
    code, out, err = main("study", study, *short, "--compare")
    assert code == 0
    assert "MLPClassifier" in out or "sklearn" in out
    assert len(err) > 3
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "cross-validation" in page


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (_types.splits, "0", 0),
        (_types.splits, "42", 42),
        (_types.splits, "43", "must be an int from 0 to 42, got '43'"),
        (_types.splits, "x", "must be an int from 0 to 42, got 'x'"),
        (_types.share, "0.25", 0.25),
        (_types.share, "a quarter", "must lie between 0 and 1, got 'a quarter'"),
    ],
)
def test_arguments(parse, text, value):
    if not isinstance(value, str):
        assert parse(text) == value
        return
    with pytest.raises(argparse.ArgumentTypeError, match=value):
        parse(text)


def test_classes_of_whole_numbers_stay_numbers_and_what_is_dropped_is_said(
    main, write_csv, tmp_path
):
    rng = np.random.default_rng(0)
    rows = [[f"{rng.normal():.3f}", f"{rng.normal():.3f}", k % 2 + 7] for k in range(40)]
    table = write_csv(tmp_path / "t.csv", ["x", "z", "class"], rows)
    arguments = ["--target", "class", "--drop", "z", "--epochs", "3", "--out", tmp_path]
    code, _, err = main("fit", table, *arguments)
    assert code == 0, err
    assert any("Left out as asked for: z" in line for line in err)
    model = sknn.io.load(tmp_path / "model.sknn")
    assert model.classes_.tolist() == [7, 8]
    assert model.feature_names_in_.tolist() == ["x"]


def test_dates_are_no_classes(main, tmp_path):
    pytest.importorskip("pyarrow", reason="reading Parquet needs pyarrow: the extra sknn[parquet]")
    days = pd.to_datetime(["2020-01-01", "2021-01-01"] * 9)
    pd.DataFrame({"x": range(18), "day": days}).to_parquet(tmp_path / "t.parquet")
    code, _, err = main("fit", tmp_path / "t.parquet", "--target", "day", "--out", tmp_path)
    assert code == 1
    assert "column 'day' holds dates, and must hold classes or numbers" in err[-1]


class Gone(io.StringIO):
    """A stream that nobody reads."""

    def flush(self):
        raise BrokenPipeError


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_gone_costs_no_files(monkeypatch, tmp_path, stream, capsys):
    monkeypatch.setattr(sys, stream, Gone())
    short = ["--epochs", "1", "--seeds", "1", "--jobs", "1", "--out", str(tmp_path)]
    assert _cli.main(["study", "producers", *short]) == (1 if stream == "stdout" else 0)
    assert {"report.html", "metrics.json", "history_l1.csv"} <= set(os.listdir(tmp_path))
    assert "Broken" not in capsys.readouterr().err


def test_a_pipe_of_somebody_else_that_breaks_is_an_error(monkeypatch, tmp_path, capsys):
    def fail(**_):
        raise BrokenPipeError

    monkeypatch.setattr(studies, "producers", fail)
    assert _cli.main(["study", "producers", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "sknn: error: BrokenPipeError\n"


def test_streams_that_were_closed_before(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    short = ["--epochs", "1", "--seeds", "1", "--jobs", "1", "--out", str(tmp_path)]
    assert _cli.main(["study", "producers", *short]) == 0
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "report.html").is_file()
