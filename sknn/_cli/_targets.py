"""The column to predict: classes or numbers, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# Whole numbers of at most so many values are classes, those of more than so many are numbers; in
# between nobody can tell. Fractions of so many values may be grades, those of more are numbers.
FEW_NUMBERS, MANY_NUMBERS = 10, 50
# As many classes as this share of the rows, and the column names rows.
MOST_CLASSES = 0.5


def task_of(values: pd.Series, target: str) -> str:
    """What the values of a target make plain: "classification" or "regression".

    Raises
    ------
    ValueError
        If they do not.
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_bool_dtype(values) or not is_numeric_dtype(values):
        return "classification"
    n_values, is_whole = values.nunique(), bool((values % 1 == 0).all())
    if is_whole and n_values <= FEW_NUMBERS:
        return "classification"
    if n_values > (MANY_NUMBERS if is_whole else FEW_NUMBERS):
        return "regression"
    kind = "whole numbers" if is_whole else "numbers"
    raise ValueError(
        f"--target: column {target!r} holds {n_values} different {kind}, which may be classes or "
        "amounts: pass --task classification or --task regression"
    )


def as_labels(values: pd.Series) -> np.ndarray:
    """Classes as ints where they are whole numbers, else as text."""
    import numpy as np

    if values.dtype.kind in "iu" or (values.dtype.kind == "f" and (values % 1 == 0).all()):
        return values.to_numpy(np.int64)
    return values.astype(str).to_numpy(object).astype(str)


def as_numbers(values: pd.Series, target: str) -> np.ndarray:
    """Numbers as floats.

    Raises
    ------
    ValueError
        If one is text or not finite.
    """
    import numpy as np
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values):
        numbers = values.astype(np.float64)
    else:
        numbers = pd.to_numeric(values.astype(object), errors="coerce")
    wrong = np.flatnonzero(~np.isfinite(numbers.to_numpy(np.float64)))
    if len(wrong):
        value = values.iloc[wrong[0]]
        shown = repr(value) if isinstance(value, str) else str(value)
        raise ValueError(
            f"--target: column {target!r} must hold finite numbers for a regression, and holds "
            f"{shown} in row {values.index[wrong[0]] + 1}: mend it, or pass --missing {value} and "
            "--skip-unlabelled to leave such rows out"
        )
    return numbers.to_numpy(np.float64)


def check_classes(y: np.ndarray, target: str) -> None:
    """Refuse what is no set of classes that can be learnt and measured.

    Raises
    ------
    ValueError
        If there is one class only, a class has one row, or there are too many.
    """
    import numpy as np

    classes, counts = np.unique(y, return_counts=True)
    where = f"--target: column {target!r}"
    if len(classes) == 1:
        raise ValueError(
            f"{where} holds one class only, {classes[0]!s}: there is nothing to tell apart"
        )
    if len(classes) > MOST_CLASSES * len(y) and len(y) > 10:
        raise ValueError(
            f"{where} holds {len(classes)} classes in {len(y)} rows: choose a column whose values "
            "come back"
        )
    alone = classes[counts == 1]
    if len(alone):
        more = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
        raise ValueError(
            f"{where} has one row only of class {alone[0]!s}{more}, and it takes two to learn from "
            "one and measure on the other: add rows, take the row out, or give it another class"
        )


def check_numbers(y: np.ndarray, target: str, loss: str) -> None:
    """Refuse numbers that a loss is not for, or that are all the same.

    Raises
    ------
    ValueError
        If they are.
    """
    where = f"--target: column {target!r}"
    if y.min() == y.max():
        raise ValueError(f"{where} holds one value only, {y[0]:g}: there is nothing to predict")
    if loss == "poisson" and y.min() < 0:
        raise ValueError(f"{where} must be at least 0 for --loss poisson, and holds {y.min():g}")
    if loss == "gamma" and y.min() <= 0:
        raise ValueError(f"{where} must be above 0 for --loss gamma, and holds {y.min():g}")
