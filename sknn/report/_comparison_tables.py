"""The table of a comparison, as text for a terminal or a text file."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from sknn.report._layout import layout, notes

if TYPE_CHECKING:
    from sknn.studies import ComparisonResult

METRICS = {"accuracy": "accuracy, %", "macro_f1": "macro F1, %", "log_loss": "log loss"}


def comparison_tables(result: ComparisonResult) -> str:
    """Lay out what a comparison found.

    Parameters
    ----------
    result : ComparisonResult
        What :func:`sknn.studies.compare` returned.

    Returns
    -------
    text : str
        For all rows and, where there are twins, for the rows without one: each classifier's
        accuracy, macro F1 and log loss with standard errors, beside what others found; the
        settings that were chosen most often; and how to read the errors.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sknn.report import comparison_tables
    >>> from sknn.studies import producers_comparison
    >>> models = {"dummy": DummyClassifier(strategy="prior")}
    >>> text = comparison_tables(producers_comparison(models=models, n_repeats=1))
    >>> print(text.splitlines()[0])
    5 folds × 1 repeats, all rows: mean ± corrected standard error
    """
    subsets = result.scores.index.unique("rows")
    parts = [_scores(result, rows) for rows in subsets]
    if result.chosen:
        parts.append(_chosen(result))
    parts.append(notes(result.notes))
    return "\n\n".join(parts) + "\n"


def _scores(result: ComparisonResult, rows: str) -> str:
    frame = result.to_frame(rows)
    # What others found is about all rows.
    has_others = rows == "all" and bool(result.attainable)
    header, lines = [""], [[result.titles[str(name)]] for name in frame.index]
    for metric, title in METRICS.items():
        header.append(title)
        for line, (_, row) in zip(lines, frame[metric].iterrows(), strict=True):
            shown = {statistic: _show(metric, row[statistic]) for statistic in row.index}
            line.append(f"{shown['mean']} ± {shown['se']}")
            if has_others:
                line.append(shown["attainable"])
        if has_others:
            header.append("others")
    counted = {"all": "all rows", "without twins": "rows without a twin in training"}[rows]
    title = f"{result.n_folds} folds × {result.n_repeats} repeats, {counted}"
    return layout(f"{title}: mean ± corrected standard error", header, lines)


def _chosen(result: ComparisonResult) -> str:
    """How often each value of each setting was chosen."""
    rows = []
    for name, settings in result.chosen.items():
        for setting in settings[0]:
            values = [each[setting] for each in settings]
            counts = Counter(sorted(values))
            text = ", ".join(f"{value} ({count})" for value, count in counts.items())
            rows.append([result.titles[name], setting.rpartition("__")[2], text])
    return layout("Settings that inner searches chose, and how often", ["", "setting", ""], rows)


def _show(metric: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.3f}" if metric == "log_loss" else f"{100 * value:.2f}"
