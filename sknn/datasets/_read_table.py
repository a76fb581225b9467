"""`read_table`: anyone's table from a file, with nothing lost on the way."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t", "|")
# What UTF-16 begins with, as some spreadsheets write it, and what an Excel file or an archive does.
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
ZIP_MARK = b"PK\x03\x04"
DECIMAL_COMMA = r"[+-]?\d+(,\d+)?"


def read_table(
    path: str | os.PathLike[str],
    *,
    missing: Sequence[str] = (),
    as_text: Iterable[str] = (),
    encoding: str | None = None,
) -> pd.DataFrame:
    r"""Read a table from a CSV or Parquet file into columns of numbers and columns of text.

    The separator of a CSV file (comma, semicolon, tab or bar) is found in its header. Every line
    must have as many fields as the header: nothing is cut off or filled in silently.

    Parameters
    ----------
    path : str or path-like
        The file; Parquet if its name ends in ``.parquet`` or ``.pq``, else CSV with a header.
        Reading Parquet needs the extra ``sknn[parquet]``.
    missing : sequence of str, default=()
        Texts that stand for no value, beside those that pandas knows: the empty field, ``NA``,
        ``NaN``, ``null``, ``None`` and their like.
    as_text : iterable of str, default=()
        Columns whose values are names and no quantities, though they look like numbers.
    encoding : str, default=None
        Encoding of a CSV file. None is UTF-8, or UTF-16 if the file begins with its mark.

    Returns
    -------
    frame : DataFrame of shape (n_rows, n_columns)
        Numbers are int64 or float64, with NaN for no value; everything else that a CSV file can
        hold, true and false among it, is text. Names and texts lose blanks around them; a column
        without a name is called ``unnamed 1`` and so on, by its place.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds no rows, no header, two columns of one name, a line with too few or too many
        fields, or is no text.

    See Also
    --------
    sknn.preprocessing.make_table_transformer : Makes numbers of such a table.

    Notes
    -----
    In a file whose separator is not the comma, a column of numbers like ``3,14`` is read as such.

    Examples
    --------
    >>> from sknn.datasets import read_table
    >>> path = getfixture("tmp_path") / "fish.csv"
    >>> _ = path.write_text("species;length\nperch;23,2\nroach;?\n")
    >>> read_table(path, missing=["?"])
      species  length
    0   perch    23.2
    1   roach     NaN
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"`path` must name a file, got the directory {str(path)!r}")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    as_text = frozenset(as_text)
    if path.suffix.lower() in (".parquet", ".pq"):
        return _plain_columns(_read_parquet(path), as_text)
    layout = _layout(path, encoding)
    import pandas as pd

    frame = pd.read_csv(
        path,
        sep=layout.separator,
        encoding=layout.encoding,
        header=None,
        names=list(layout.names),
        skiprows=layout.lines_of_header,
        skipinitialspace=True,
        na_values=list(missing),
        dtype={name: str for name in layout.names if name in as_text},
        index_col=False,
        # A column is of one kind in all of its length.
        low_memory=False,
    )
    if layout.separator != ",":
        _read_decimal_commas(frame, as_text)
    return _plain_columns(frame, as_text)


@dataclass(frozen=True)
class _Layout:
    """How a CSV file is written."""

    encoding: str
    separator: str
    names: tuple[str, ...]
    lines_of_header: int


def _layout(path: Path, encoding: str | None) -> _Layout:
    """Read the file once, and refuse what pandas would mend in silence.

    Raises
    ------
    ValueError
        If the file is no table.
    """
    with open(path, "rb") as raw:
        start = raw.read(4)
    if start == ZIP_MARK:
        raise ValueError(
            f"{str(path)!r} is a spreadsheet or an archive, and no text: export it as CSV"
        )
    if encoding is None:
        encoding = "utf-16" if start[:2] in UTF_16_MARKS else "utf-8-sig"
    elif encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    try:
        with open(path, encoding=encoding, newline="") as file:
            return _checked_layout(file, path, encoding)
    except UnicodeError as error:
        raise ValueError(
            f"{str(path)!r} is not text in {encoding.removesuffix('-sig').upper()} ({error}): "
            "save it as UTF-8, or name its encoding, which is often cp1252"
        ) from error
    except LookupError as error:
        raise ValueError(f"`encoding` must be one that Python knows, got {encoding!r}") from error
    except csv.Error as error:
        raise ValueError(f"{str(path)!r} cannot be read as CSV: {error}") from error


def _checked_layout(file: Any, path: Path, encoding: str) -> _Layout:
    name = str(path)
    skipped = 0
    for first in file:
        if first.strip():
            break
        skipped += 1
    else:
        raise ValueError(f"{name!r} is empty")
    separator = max(SEPARATORS, key=_unquoted(first).count)
    file.seek(0)
    reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
    fields = next(row for row in reader if any(field.strip() for field in row))
    header_ends = reader.line_num
    names = _names(fields, name)
    n_rows = 0
    for row in reader:
        if not row:  # an empty line, which pandas passes over as well
            continue
        n_rows += 1
        if len(row) != len(names):
            raise ValueError(
                f"{name!r} has {len(names)} columns, and line {reader.line_num} has {len(row)} "
                "fields: mend that line (a field with a separator in it stands in quotes)"
            )
    if not n_rows:
        raise ValueError(f"{name!r} has a header and no rows")
    return _Layout(encoding, separator, names, header_ends)


def _unquoted(line: str) -> str:
    """What of a line stands outside quotes."""
    return "".join(line.split('"')[::2])


def _names(fields: Sequence[str], file: str) -> tuple[str, ...]:
    names = [field.strip() or f"unnamed {k}" for k, field in enumerate(fields, start=1)]
    if all(_is_number(name) for name in names):
        raise ValueError(
            f"{file!r} must begin with a line of column names, and begins with "
            f"{', '.join(names[:4])}{' …' if len(names) > 4 else ''}"
        )
    _refuse_equal_names(names, file)
    return tuple(names)


def _refuse_equal_names(names: Sequence[Any], file: str) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        places = [str(k) for k, name in enumerate(names, start=1) if name == repeated[0]]
        raise ValueError(
            f"{file!r} has several columns of the name {repeated[0]!r} (columns "
            f"{', '.join(places)}): give each a name of its own"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        raise ValueError(
            f"reading {str(path)!r} needs pyarrow: pip install 'sknn[parquet]'"
        ) from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as Parquet: {error}") from error
    if frame.index.name is not None:
        frame = frame.reset_index()
    frame.columns = [str(name).strip() for name in frame.columns]
    _refuse_equal_names(list(frame.columns), str(path))
    if frame.empty:
        raise ValueError(f"{str(path)!r} has no rows or no columns")
    return frame.reset_index(drop=True)


def _read_decimal_commas(frame: pd.DataFrame, as_text: frozenset[str]) -> None:
    import pandas as pd

    for name in frame.columns.difference(list(as_text)):
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column):
            continue
        present = column.dropna().astype(str)
        if len(present) and present.str.fullmatch(DECIMAL_COMMA).all():
            numbers = column.astype(object).where(column.notna(), None)
            frame[name] = pd.to_numeric(numbers.str.replace(",", "."))


def _plain_columns(frame: pd.DataFrame, as_text: frozenset[str]) -> pd.DataFrame:
    """Columns as numbers of 64 bits, as text, or as dates, which are left as they are."""
    import pandas as pd

    types = pd.api.types
    columns = {}
    for name in frame.columns:
        column = frame[name]
        is_number = types.is_numeric_dtype(column) and not types.is_bool_dtype(column)
        if types.is_datetime64_any_dtype(column) and name not in as_text:
            columns[name] = column
        elif is_number and name not in as_text:
            columns[name] = _numbers(column)
        else:
            text = column.map(lambda value: str(value).strip(), na_action="ignore")
            columns[name] = text.astype(object).where(column.notna(), np.nan)
    return pd.DataFrame(columns)


def _numbers(column: pd.Series) -> pd.Series:
    is_whole = column.dtype.kind in "iu" and column.notna().all()
    fits = is_whole and (column.dtype.kind == "i" or column.max() <= np.iinfo(np.int64).max)
    return column.astype(np.int64 if fits else np.float64)
