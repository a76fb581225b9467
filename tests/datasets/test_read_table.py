"""Tables as people have them, against what Python's csv and pandas make of them."""

import csv
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sknn.datasets import read_table


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8", name="table.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(write, separator):
    path = write(f"größe{separator}name\n1.5{separator}a\n{separator}b\n")
    frame = read_table(path)
    assert list(frame.columns) == ["größe", "name"]
    np.testing.assert_array_equal(frame["größe"], [1.5, np.nan])
    assert frame["name"].tolist() == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_of_encodings_are_no_part_of_a_name(write, encoding):
    path = write("naïve,東京\n1,2\n", encoding)
    for named in (None, encoding, encoding.upper().replace("-", "_")):
        assert list(read_table(path, encoding=named).columns) == ["naïve", "東京"]


def test_a_mark_is_no_part_of_a_name_where_utf_8_is_asked_for(write):
    path = write("naïve,東京\n1,2\n", "utf-8-sig")
    assert list(read_table(path, encoding="utf-8").columns) == ["naïve", "東京"]


def test_another_encoding_has_to_be_named(write):
    path = write("größe,b\n1,ä\n", "cp1252")
    with pytest.raises(ValueError, match=r"is not text in UTF-8.*save it as UTF-8"):
        read_table(path)
    assert read_table(path, encoding="cp1252")["b"].tolist() == ["ä"]
    with pytest.raises(ValueError, match="`encoding` must be one that Python knows, got 'nix'"):
        read_table(path, encoding="nix")


def test_decimal_commas_are_numbers_where_the_comma_does_not_separate(write):
    frame = read_table(write("a;b;c\n1,5;1.5;1,5,6\n-2;2;x\n;3;\n"))
    np.testing.assert_array_equal(frame["a"], [1.5, -2, np.nan])
    np.testing.assert_array_equal(frame["b"], [1.5, 2, 3])
    assert frame["c"].tolist()[:2] == ["1,5,6", "x"]


def test_kinds_of_columns(write):
    path = write("i,f,b,t,z\n1,1,True, x ,007\n2,,False,,08\n")
    frame = read_table(path, as_text=["z"])
    assert (frame["i"].dtype, frame["f"].dtype) == (np.int64, np.float64)
    assert frame["b"].tolist() == ["True", "False"]
    assert frame["t"][0] == "x"
    assert np.isnan(frame["t"][1])
    assert frame["z"].tolist() == ["007", "08"]


def test_texts_for_no_value(write):
    path = write("a,b\n?,x\n3,?\nNA,null\n")
    assert read_table(path)["a"].tolist()[:2] == ["?", "3"]
    np.testing.assert_array_equal(read_table(path, missing=["?"])["a"], [np.nan, 3, np.nan])


def test_a_column_without_a_name_and_blank_lines(write):
    frame = read_table(write('\n\n, a ,"b\nc"\n\n0,1,2\n'))
    assert frame.to_dict("list") == {"unnamed 1": [0], "a": [1], "b\nc": [2]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n", "has a header and no rows"),
        ("1,2\n3,4\n", "must begin with a line of column names, and begins with 1, 2"),
        ("a,b,a\n1,2,3\n", r"several columns of the name 'a' \(columns 1, 3\)"),
        ("a,b\n1,2\n1\n", "has 2 columns, and line 3 has 1 fields"),
        ("a,b\n1,2,3\n", "has 2 columns, and line 2 has 3 fields"),
        ('a,b\n"1,2\n', "has 2 columns, and line 2 has 1 fields"),
        (b"PK\x03\x04\x14\x00", "is a spreadsheet or an archive.*export it as CSV"),
        ("x" * (csv.field_size_limit() + 1) + ",y\n1,2\n", "cannot be read as CSV"),
    ],
    ids=range(10),
)
def test_what_is_no_table_is_refused_with_its_place(write, text, words):
    path = write(text)
    with pytest.raises(ValueError, match=words) as error:
        read_table(path)
    assert repr(str(path)) in str(error.value)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read_table(tmp_path / "no.csv")
    with pytest.raises(IsADirectoryError, match="must name a file, got the directory"):
        read_table(tmp_path)


FIELDS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), include_characters=',;"'),
    max_size=5,
)


@given(rows=st.lists(st.tuples(FIELDS, FIELDS, FIELDS), min_size=1, max_size=4))
def test_text_comes_back_as_it_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("any") / "table.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("a", "b", "c"), *rows])
    frame = read_table(path, as_text=["a", "b", "c"])
    known_as_missing = set(pd._libs.parsers.STR_NA_VALUES) | {""}
    expected = [[None if field in known_as_missing else field for field in row] for row in rows]
    assert frame.astype(object).where(frame.notna(), None).to_numpy().tolist() == expected


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow", reason="reading Parquet needs pyarrow: the extra sknn[parquet]")
    frame = pd.DataFrame(
        {
            "number": [1.5, None],
            "whole": pd.array([1, None], dtype="Int64"),
            "text": ["a", None],
            "kind": pd.Categorical(["x", "y"]),
            "truth": [True, False],
            "day": pd.to_datetime(["2020-01-01", "2021-01-01"]),
        }
    )
    frame.to_parquet(tmp_path / "table.parquet")
    read = read_table(tmp_path / "table.parquet")
    np.testing.assert_array_equal(read["number"], [1.5, np.nan])
    np.testing.assert_array_equal(read["whole"], [1, np.nan])
    assert read["kind"].tolist() == ["x", "y"]
    assert read["truth"].tolist() == ["True", "False"]
    assert read["day"].dtype.kind == "M"
    frame.set_index("text").to_parquet(tmp_path / "named.parquet")
    assert read_table(tmp_path / "named.parquet").columns.tolist()[:2] == ["text", "number"]
    frame[:0].to_parquet(tmp_path / "empty.parquet")
    with pytest.raises(ValueError, match="has no rows or no columns"):
        read_table(tmp_path / "empty.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        read_table(tmp_path / "broken.parquet")


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    (tmp_path / "table.parquet").write_bytes(b"")
    with pytest.raises(ValueError, match=r"needs pyarrow: pip install 'sknn\[parquet\]'"):
        read_table(tmp_path / "table.parquet")
