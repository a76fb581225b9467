"""Warnings that point to the user's line, however deep they arise."""

from __future__ import annotations

import sys
import warnings

# Packages whose frames lie between a warning and the line that the user wrote.
BETWEEN = frozenset({"sknn", "sklearn", "joblib"})


class TrainingInterrupted(UserWarning):
    """Training ended early because the user interrupted it; what was learnt until then is kept."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, at the line of the first caller outside of sknn, scikit-learn and joblib."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in BETWEEN:
            break
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level + 1)
