"""Files that the command writes: complete, or not there."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sknn._cli._console import Console

if TYPE_CHECKING:
    import pandas as pd


def check_places(paths: Iterable[Path], *, overwrite: bool) -> None:
    """Raise where a file would be replaced, or cannot be.

    Raises
    ------
    FileExistsError
        If one of them exists, and may not be replaced.
    IsADirectoryError
        If one of them is a directory.
    """
    for path in paths:
        if path.is_dir():
            raise IsADirectoryError(f"{str(path)!r} is a directory: pass another --out")
        if path.exists() and not overwrite:
            raise FileExistsError(
                f"{str(path)!r} exists: pass --overwrite to replace it, or another --out"
            )


def write_file(path: Path, write: Callable[[Path], object], console: Console) -> None:
    """Write beside the place where a file is to be, and move it there when it is complete."""
    beside = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    console.wrote(path)


def write_json(path: Path, tree: Any) -> None:
    """Write a tree of plain values."""
    from sknn.report._write import write_json as write

    write(path, tree)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write CSV."""
    table.to_csv(path, index=False, lineterminator="\n")


def predictions_frame(estimator: Any, X: Any) -> pd.DataFrame:
    """The predicted class of each row, and the probability of each class."""
    import pandas as pd

    probabilities = estimator.predict_proba(X)
    columns = {"predicted": estimator.classes_[probabilities.argmax(axis=1)]}
    for k, label in enumerate(estimator.classes_):
        columns[f"probability of {label}"] = probabilities[:, k]
    return pd.DataFrame(columns)
