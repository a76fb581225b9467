"""Reading the Yeast table from a file: a CSV with a header, or the UCI file without one."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FEATURES = ("mcg", "gvh", "alm", "mit", "erl", "pox", "vac", "nuc")
SITES = ("CYT", "ERL", "EXC", "ME1", "ME2", "ME3", "MIT", "NUC", "POX", "VAC")

# The more telling first: beside one of the others, "name" is the name of the sequence.
TARGET_ALIASES = (
    "localization_site",
    "class_protein_localization",
    "localization",
    "class",
    "site",
    "target",
    "name",
)


@dataclass(frozen=True)
class _Line:
    """One line of the file, split into its fields."""

    number: int
    fields: list[str]


@dataclass(frozen=True)
class _Layout:
    """Where in a line each feature and the site stand."""

    n_fields: int
    features: dict[str, int]
    site: int


# The name of the sequence, the features, the site.
_UCI_LAYOUT = _Layout(
    n_fields=len(FEATURES) + 2,
    features={feature: position for position, feature in enumerate(FEATURES, start=1)},
    site=len(FEATURES) + 1,
)


def read_yeast_file(path: Path) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Read and check a file that holds the Yeast table.

    Parameters
    ----------
    path : Path
        A CSV whose header names the eight features and the site, or the UCI file: on each line the
        name of the sequence, eight numbers and the site, separated by blanks.

    Returns
    -------
    data : ndarray of shape (n_samples, 8)
        The features, in the order of ``FEATURES``.

    target : ndarray of shape (n_samples,)
        The site of each protein.

    Raises
    ------
    FileNotFoundError
        If there is no such file.

    ValueError
        If the file is not the Yeast table, with the line and what was found there.
    """
    text = _read_text(path)
    filled = (line for line in text.splitlines() if line.strip())
    first = next(filled, None)
    if first is None:
        raise ValueError(f"{path} must hold the Yeast table, but is empty")
    if "," in first:
        lines = _split_at_commas(text)
        layout = _layout_of_header(next(lines).fields, path)
    else:
        lines = _split_at_blanks(text)
        layout = _UCI_LAYOUT

    rows: list[list[float]] = []
    sites: list[str] = []
    for line in lines:
        row, site = _parse(line, layout, path)
        rows.append(row)
        sites.append(site)
    if not rows:
        raise ValueError(f"{path} must hold at least one row under its header, but holds none")
    return np.array(rows), np.array(sites)


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file that holds the Yeast table, got {path}")
    try:
        # utf-8-sig: spreadsheets begin a CSV with a byte-order mark.
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"`path` must be a file that holds the Yeast table, but there is no {path}"
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be a text file in UTF-8: {error}") from error


def _split_at_commas(text: str) -> Iterator[_Line]:
    reader = csv.reader(text.splitlines(), skipinitialspace=True)
    for fields in reader:
        if any(field.strip() for field in fields):
            yield _Line(reader.line_num, [field.strip() for field in fields])


def _split_at_blanks(text: str) -> Iterator[_Line]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _Line(number, line.split())


def _layout_of_header(header: Sequence[str], path: Path) -> _Layout:
    names = [name.lower() for name in header]
    missing = [feature for feature in FEATURES if feature not in names]
    if missing:
        raise ValueError(
            f"the header of {path} must name the columns {', '.join(FEATURES)}; "
            f"{', '.join(missing)} missing, found {', '.join(header)}"
        )
    target = next((alias for alias in TARGET_ALIASES if alias in names), None)
    if target is None:
        raise ValueError(
            f"the header of {path} must name the column of the localization site, as one of "
            f"{', '.join(TARGET_ALIASES)}; found {', '.join(header)}"
        )
    repeated = [name for name in (*FEATURES, target) if names.count(name) > 1]
    if repeated:
        raise ValueError(
            f"the header of {path} must name each column once; "
            f"{', '.join(repeated)} repeated, found {', '.join(header)}"
        )
    return _Layout(
        n_fields=len(names),
        features={feature: names.index(feature) for feature in FEATURES},
        site=names.index(target),
    )


def _parse(line: _Line, layout: _Layout, path: Path) -> tuple[list[float], str]:
    where = f"{path}, line {line.number}:"
    if len(line.fields) != layout.n_fields:
        raise ValueError(
            f"{where} must have {layout.n_fields} fields, got {len(line.fields)}: "
            f"{' '.join(line.fields)!r}"
        )
    row = [
        _to_number(line.fields[position], f"{where} {feature}")
        for feature, position in layout.features.items()
    ]
    site = line.fields[layout.site]
    if site not in SITES:
        raise ValueError(
            f"{where} the localization site must be one of {', '.join(SITES)}, got {site!r}"
        )
    return row, site


def _to_number(field: str, where: str) -> float:
    try:
        number = float(field)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{where} must be a finite number, got {field!r}")
    return number
