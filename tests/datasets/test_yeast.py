"""load_yeast: files of every accepted form, bad files, and OpenML without a network."""

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils import Bunch

from sknn.datasets import load_yeast

FEATURES = ["mcg", "gvh", "alm", "mit", "erl", "pox", "vac", "nuc"]
HEADER = ",".join(FEATURES)
ROWS = [
    [0.58, 0.61, 0.47, 0.13, 0.5, 0.0, 0.48, 0.22],
    [0.43, 0.67, 0.48, 0.27, 0.5, 0.0, 0.53, 0.22],
    [0.64, 0.62, 0.49, 0.15, 1.0, 0.83, 0.53, 0.31],
]
SITES = ["MIT", "NUC", "ERL"]
FIELDS = [",".join(map(str, row)) for row in ROWS]


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def csv_of(header: str, rows: list[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


# ---------------------------------------------------------------------------------------
# the whole table


def test_the_whole_table(yeast_path):
    yeast = load_yeast(yeast_path)
    assert isinstance(yeast, Bunch)
    assert yeast.data.shape == (1484, 8)
    assert yeast.data.dtype == np.float64
    assert yeast.feature_names == FEATURES
    assert yeast.frame is None
    sites, counts = np.unique(yeast.target, return_counts=True)
    assert yeast.target_names == sites.tolist()
    assert dict(zip(sites.tolist(), counts.tolist(), strict=True)) == {
        "CYT": 463,
        "NUC": 429,
        "MIT": 244,
        "ME3": 163,
        "ME2": 51,
        "ME1": 44,
        "EXC": 35,
        "VAC": 30,
        "POX": 20,
        "ERL": 5,
    }


def test_the_whole_table_as_pandas_reads_it(yeast_path):
    expected = pd.read_csv(yeast_path)
    frame = load_yeast(yeast_path, as_frame=True).frame
    assert_array_equal(frame[FEATURES], expected[FEATURES])
    assert_array_equal(frame["localization_site"], expected["name"])


# ---------------------------------------------------------------------------------------
# the forms of a file


@pytest.mark.parametrize(
    "target", ["name", "localization_site", "class", "site", "class_protein_localization", "Class"]
)
def test_csv(write, target):
    path = write(csv_of(f"{HEADER},{target}", [f"{FIELDS[i]},{SITES[i]}" for i in range(3)]))
    X, y = load_yeast(path, return_X_y=True)
    assert_array_equal(X, ROWS)
    assert_array_equal(y, SITES)


@pytest.mark.parametrize(
    ("sequence", "target"),
    [("sequence_name", "name"), ("name", "class"), ("name", "localization_site"), ("", "name")],
)
def test_csv_with_the_names_of_the_sequences(write, sequence, target):
    rows = [f"SEQ{i}_YEAST,{FIELDS[i]},{SITES[i]}" for i in range(3)]
    X, y = load_yeast(write(csv_of(f"{sequence},{HEADER},{target}", rows)), return_X_y=True)
    assert_array_equal(X, ROWS)
    assert_array_equal(y, SITES)


def test_csv_columns_in_any_order(write):
    header = ",".join(["class", *reversed(FEATURES)])
    rows = [",".join([SITES[i], *map(str, reversed(ROWS[i]))]) for i in range(3)]
    X, y = load_yeast(write(csv_of(header, rows)), return_X_y=True)
    assert_array_equal(X, ROWS)
    assert_array_equal(y, SITES)


def test_csv_of_a_spreadsheet(write):
    text = csv_of(f'"{HEADER.upper().replace(",", chr(34) + "," + chr(34))}", "name"', [])
    text += "".join(f'{FIELDS[i]}, "{SITES[i]}"\n' for i in range(3)) + "\n\n"
    path = write(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    X, y = load_yeast(path, return_X_y=True)
    assert_array_equal(X, ROWS)
    assert_array_equal(y, SITES)


def test_the_file_of_the_uci_repository(write):
    lines = [f"SEQ{i}_YEAST  {FIELDS[i].replace(',', '  ')}  {SITES[i]}" for i in range(3)]
    path = write("\n".join(lines), "yeast.data")
    X, y = load_yeast(path, return_X_y=True)
    assert_array_equal(X, ROWS)
    assert_array_equal(y, SITES)


def test_path_as_str_and_from_the_home_folder(write, monkeypatch):
    path = write(csv_of(f"{HEADER},name", [f"{FIELDS[0]},MIT"]))
    monkeypatch.setenv("HOME", str(path.parent))
    for given in (str(path), path, "~/table.csv"):
        assert load_yeast(given).data.shape == (1, 8)


@pytest.mark.parametrize("return_X_y", [False, True])
def test_frames(write, return_X_y):
    path = write(csv_of(f"{HEADER},name", [f"{FIELDS[i]},{SITES[i]}" for i in range(3)]))
    result = load_yeast(path, as_frame=True, return_X_y=return_X_y)
    X, y = result if return_X_y else (result.data, result.target)
    assert list(X.columns) == FEATURES
    assert y.name == "localization_site"
    assert_array_equal(X, ROWS)
    assert y.tolist() == SITES
    if not return_X_y:
        assert list(result.frame.columns) == [*FEATURES, "localization_site"]
        assert result.target_names == ["ERL", "MIT", "NUC"]


# ---------------------------------------------------------------------------------------
# bad files: the message names the file, the rule and what was found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "but is empty"),
        (" \n\n", "but is empty"),
        (f"{HEADER},name\n", "at least one row under its header, but holds none"),
        (
            "mcg,gvh,alm,mit,erl,pox,name\n",
            "must name the columns .*; vac, nuc missing, found mcg, gvh, alm, mit, erl, pox, name",
        ),
        (f"{FIELDS[0]},MIT\n", "must name the columns .* missing, found 0.58"),
        (
            f"{HEADER},where\n",
            "must name the column of the localization site, .* found mcg, .*where",
        ),
        (f"{HEADER},nuc,name\n", "must name each column once; nuc repeated"),
        (csv_of(f"{HEADER},name", [f"{FIELDS[0]}"]), r"line 2: must have 9 fields, got 8"),
        (
            csv_of(f"{HEADER},name", [f"{FIELDS[0]},MIT", f"{FIELDS[1]},MIT,x"]),
            r"line 3: must have 9 fields, got 10",
        ),
        (
            csv_of(f"{HEADER},name", [f"{FIELDS[0]},MIT", f"high{FIELDS[1][4:]},MIT"]),
            r"line 3: mcg must be a finite number, got 'high'",
        ),
        (
            csv_of(f"{HEADER},name", [f"{FIELDS[0][:-4]},MIT"]),
            r"line 2: nuc must be a finite number, got ''",
        ),
        (
            csv_of(f"{HEADER},name", [f"nan{FIELDS[0][4:]},MIT"]),
            r"line 2: mcg must be a finite number, got 'nan'",
        ),
        (
            csv_of(f"{HEADER},name", [f"{FIELDS[0]},"]),
            r"line 2: the localization site must be one of CYT, .*, got ''",
        ),
        (
            csv_of(f"{HEADER},name", [f"{FIELDS[0]},ADT1_YEAST"]),
            r"line 2: the localization site must be one of CYT, .*, got 'ADT1_YEAST'",
        ),
        (
            "SEQ_YEAST 0.58 0.61 MIT\n",
            r"line 1: must have 10 fields, got 4: 'SEQ_YEAST 0.58 0.61 MIT'",
        ),
        (
            "SEQ_YEAST 0.58 0.61 0.47 0.13 x 0.00 0.48 0.22 MIT\n",
            r"line 1: erl must be a finite number, got 'x'",
        ),
        (b"\xff\xfe\x00mcg", "must be a text file in UTF-8"),
    ],
)
def test_a_bad_file(write, text, message):
    path = write(text)
    with pytest.raises(ValueError, match=message) as raised:
        load_yeast(path)
    assert str(path) in str(raised.value)


def test_no_such_file(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"`path` must be a file .* there is no .*gone\.csv"
    ):
        load_yeast(tmp_path / "gone.csv")


def test_a_folder_for_a_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="`path` must be a file"):
        load_yeast(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [("path", 5), ("data_home", 5), ("return_X_y", "no"), ("as_frame", None)]
)
def test_arguments_of_the_wrong_type(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of load_yeast"):
        load_yeast(**{name: value})


# ---------------------------------------------------------------------------------------
# OpenML


@pytest.fixture
def openml(monkeypatch):
    """Stand in for fetch_openml; returns the calls it has had, and takes what it answers."""

    class OpenML:
        answer: Bunch | Exception
        calls: list[dict]

        def __init__(self):
            self.calls = []
            self.answer = Bunch(
                data=np.array(ROWS),
                target=np.array(SITES, dtype=object),
                feature_names=list(FEATURES),
            )

        def __call__(self, **arguments):
            self.calls.append(arguments)
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    stand_in = OpenML()
    monkeypatch.setattr("sknn.datasets._yeast.fetch_openml", stand_in)
    return stand_in


def test_without_a_path_the_table_comes_from_openml(openml, tmp_path):
    yeast = load_yeast(data_home=tmp_path)
    assert_array_equal(yeast.data, ROWS)
    assert_array_equal(yeast.target, SITES)
    assert yeast.target.dtype.kind == "U"
    assert yeast.target_names == ["ERL", "MIT", "NUC"]
    (call,) = openml.calls
    assert call["data_id"] == 181
    assert call["data_home"] == tmp_path


def test_with_a_path_openml_is_not_asked(openml, write):
    load_yeast(write(csv_of(f"{HEADER},name", [f"{FIELDS[0]},MIT"])))
    assert openml.calls == []


def test_columns_of_openml_are_put_in_order(openml):
    openml.answer.feature_names = [name.upper() for name in reversed(FEATURES)]
    openml.answer.data = np.array(ROWS)[:, ::-1]
    frame = load_yeast(as_frame=True).frame
    assert_allclose(frame[FEATURES], ROWS)
    assert list(frame.columns) == [*FEATURES, "localization_site"]


@pytest.mark.parametrize(
    "failure",
    [
        URLError("no route to host"),
        TimeoutError("no route to host"),
        ValueError("no route to host"),
    ],
)
def test_offline_the_error_says_what_to_do(openml, failure):
    openml.answer = failure
    message = r"OpenML \(data_id=181\), which failed: .*no route to host.*`path`.*`data_home`"
    with pytest.raises(OSError, match=message) as raised:
        load_yeast()
    assert raised.value.__cause__ is failure


def test_another_table_from_openml_is_refused(openml):
    openml.answer.feature_names = ["sepal length", *FEATURES[1:]]
    with pytest.raises(ValueError, match=r"must have the features mcg, .*, got sepal length"):
        load_yeast()
