"""Files that the command writes: complete, or not there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sknn._cli._console import Console

if TYPE_CHECKING:
    import pandas as pd

# What spreadsheets take for the beginning of a formula, in full width too.
FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def check_places(paths: Iterable[Path], *, overwrite: bool) -> None:
    """Raise where a file would be replaced, or cannot be.

    Raises
    ------
    FileExistsError
        If one of them exists, and may not be replaced.
    OSError
        If one of them is a directory, a read-only file, or no file at all.
    """
    from sknn.report._files_of_run import check_place

    for path in paths:
        if path.is_dir():
            raise IsADirectoryError(f"{str(path)!r} is a directory: pass another --out")
        check_place(
            path, overwrite=overwrite, allowed_by="--overwrite", or_else=", or another --out"
        )


def write_json(path: Path, tree: Any) -> None:
    """Write a tree of plain values."""
    from sknn.report._write import write_json as write

    write(path, tree)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write CSV."""
    table.to_csv(path, index=False, lineterminator="\n")


def predictions_frame(estimator: Any, X: Any) -> pd.DataFrame:
    """The predicted class and the probability of each class, or the predicted number and spread."""
    import pandas as pd
    from sklearn.base import is_classifier

    frame = _classes if is_classifier(estimator) else _numbers
    return pd.DataFrame(frame(estimator, X))


def _numbers(estimator: Any, X: Any) -> dict[str, Any]:
    import numpy as np

    from sknn.inspection import QuantilePredictions
    from sknn.inspection._quantile_predictions import predicts_std

    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    if predicts_std(last):
        predicted, std = estimator.predict(X, return_std=True)
        spread = {"standard deviation": std}
    else:
        predicted, spread = estimator.predict(X), {}
        if hasattr(last, "predict_quantiles"):
            found = QuantilePredictions.from_estimator(estimator, X, np.zeros(len(X)))
            spread = {
                f"quantile {level:g}": found.quantiles[:, k] for k, level in enumerate(found.levels)
            }
    if np.ndim(predicted) == 1:
        return {"predicted": predicted, **spread}
    return {
        f"{name} {k}": values[:, k]
        for name, values in {"predicted": predicted, **spread}.items()
        for k in range(values.shape[1])
    }


def _classes(estimator: Any, X: Any) -> dict[str, Any]:
    probabilities = estimator.predict_proba(X)
    columns = {"predicted": estimator.classes_[probabilities.argmax(axis=1)]}
    for k, label in enumerate(estimator.classes_):
        columns[f"probability of {label}"] = probabilities[:, k]
    return columns


def without_formulas(table: pd.DataFrame, console: Console) -> pd.DataFrame:
    """The same with an apostrophe before texts that a spreadsheet would take for formulas."""
    from pandas.api.types import is_numeric_dtype

    safe, found = table.copy(), []
    for name in table.columns:
        if is_numeric_dtype(table[name]):
            continue
        texts = table[name].astype(str)
        risky = texts.map(_is_formula)
        found += texts[risky].unique().tolist()
        safe[name] = texts.where(~risky, "'" + texts)
    if found:
        console.note(
            f"{found[0]!r} begins like a formula of a spreadsheet, and is written with an "
            "apostrophe before it: --raw-labels writes it as it is"
        )
    return safe


def _is_formula(text: str) -> bool:
    if not text.lstrip().startswith(FORMULA_STARTS):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False
