"""Where a classifier errs, and whether its probabilities can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_fscore_support

from sknn.report._blocks import Block, Headline, Picture, Section, Table, Text
from sknn.report._canvas import canvas, label
from sknn.report._evaluation import Evaluation
from sknn.report._words import count, decimal, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName

# Bins of equally many rows each, of which a dot of a calibration curve is made.
ROWS_PER_BIN, MOST_BINS = 20, 10
# Probabilities that are marked one by one.
MOST_MARKS = 400
# Classes of a confusion matrix, errors that are named in its place, and curves in a figure.
MOST_CLASSES, MOST_ERRORS, MOST_CURVES = 40, 20, 12


def headlines(found: Evaluation) -> list[Headline]:
    """The figures that a report begins with."""
    low, high = found.accuracy_interval
    lines = [
        Headline(
            "Accuracy",
            percent(found.accuracy),
            f"95 % interval {100 * low:.1f} to {percent(high)}, on {count(found.n_rows, 'row')}",
        ),
        Headline("Without a model", percent(found.majority), "always the most frequent class"),
        Headline("Macro F1", decimal(found.macro_f1), "mean over the classes"),
    ]
    if found.probabilities is not None:
        lines += [
            Headline(
                "Log loss",
                decimal(found.log_loss),
                f"even odds give {math.log(len(found.classes)):.3f}",
            ),
            Headline("Macro AUC", decimal(found.macro_auc), "0.5 is chance"),
        ]
    return lines


ERRORS = "Where it is right, and where it errs"


def errors_section(found: Evaluation) -> Section:
    """Precision and recall of each class, and what was taken for what."""
    return Section(ERRORS, [_by_class(found), *_confusion(found)])


def probabilities_section(found: Evaluation) -> Section:
    """ROC curves and calibration."""
    if found.probabilities is None:
        text = (
            "This classifier gives no probabilities, so there is no ROC curve and no calibration."
        )
        return Section("Its probabilities", [Text(text)])
    blocks: list[Block] = []
    if not np.isnan(found.macro_auc):
        is_binary = len(found.classes) == 2
        versus = (
            f"{found.names[1]} against {found.names[0]}"
            if is_binary
            else "Each class against the rest"
        )
        blocks.append(roc_picture(found, f"{versus} (ROC)"))
    blocks.append(_calibration(found))
    return Section("Its probabilities", blocks)


def _by_class(found: Evaluation) -> Table:
    header = ["class", "precision", "recall", "F1", "AUC", "rows"]
    columns = found.by_class
    rows = [
        [
            name,
            *(decimal(columns[measure][k]) for measure in ("precision", "recall", "f1")),
            decimal(found.auc[k]),
            f"{columns['support'][k]:,.0f}",
        ]
        for k, name in enumerate(found.names)
    ]
    # A class that is never predicted counts as zero here, though it has no precision of its own.
    means = precision_recall_fscore_support(
        found.y_true, found.y_pred, average="macro", zero_division=0.0
    )[:3]
    rows.append(
        [
            "mean over classes",
            *map(decimal, means),
            decimal(found.macro_auc),
            f"{found.n_rows:,}",
        ]
    )
    return Table(f"Each class, on {count(found.n_rows, 'row')}", header, rows)


def _confusion(found: Evaluation) -> list[Block]:
    counts = found.confusion
    blocks: list[Block] = []
    if len(counts) <= MOST_CLASSES:
        caption = "Confusion matrix: true classes down, predicted ones across"
        blocks.append(confusion_table(caption, counts, found.names))
    errors = counts - np.diag(np.diag(counts))
    if not errors.any():
        return [*blocks, Text("No row was taken for another class.")]
    worst = np.argsort(-errors, axis=None, kind="stable")[:MOST_ERRORS]
    pairs = [np.unravel_index(place, counts.shape) for place in worst]
    if len(counts) <= MOST_CLASSES:
        pairs = pairs[:1]
    for true, predicted in pairs:
        if errors[true, predicted]:
            rows = count(int(counts[true].sum()), "row")
            blocks.append(
                Text(
                    f"“{found.names[true]}” was taken for “{found.names[predicted]}” in "
                    f"{errors[true, predicted]} of {rows}"
                    + (", the most frequent error." if len(pairs) == 1 else ".")
                )
            )
    return blocks


def confusion_table(caption: str, counts: NDArray[Any], names: Sequence[str]) -> Table:
    """Rows of each true class (down) by predicted class (across)."""
    # A class that is rare is coloured as one that is frequent.
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows = [[name, *map(str, row)] for name, row in zip(names, counts.tolist(), strict=True)]
    return Table(caption, ["true class", *names], rows, shades=shares.tolist())


def roc_picture(found: Evaluation, title: str) -> Picture:
    """The curve of each class against the rest, and their mean."""
    from sknn.inspection import OneVsRestRocDisplay
    from sknn.inspection._roc_curves import macro_average, one_vs_rest_curves

    defined = np.flatnonzero(~np.isnan(found.auc))
    # Where there are too many for one figure, those that are told apart worst.
    shown = np.sort(defined[np.argsort(found.auc[defined], kind="stable")][:MOST_CURVES])
    is_binary = len(found.classes) == 2
    if is_binary:  # the other class has the same curve, mirrored
        shown = defined[1:]

    def draw(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, 5.0, 4.8)
        assert found.probabilities is not None
        curves = one_vs_rest_curves(
            found.y_true,
            found.probabilities[:, defined],  # type: ignore[arg-type]
            defined,
            [label(found.names[k]) for k in defined],
        )
        by_name = {label(found.names[k]): [curves[np.searchsorted(defined, k)]] for k in shown}
        if not is_binary:
            by_name["macro average"] = [macro_average(curves)]
        OneVsRestRocDisplay(by_name).plot(axes, theme=theme)
        return figure

    lowest = defined[found.auc[defined].argmin()]
    words = (
        "The area under a curve is the chance that a row of the class is given a higher "
        "probability of it than a row of another."
    )
    if len(shown) < len(defined) and not is_binary:
        words += f" The {len(shown)} lowest of {len(defined)} curves, and the mean of all."
    areas = "True positive rate over false positive rate. The "
    if is_binary:
        areas += f"area under the curve is {found.macro_auc:.3f}."
    else:
        areas += (
            f"mean area under the curves is {found.macro_auc:.3f}; the lowest, of "
            f"{found.names[lowest]}, is {found.auc[lowest]:.3f}."
        )
    absent = [name for k, name in enumerate(found.names) if k not in defined]
    if absent:
        words += f" There are no rows of {', '.join(absent[:MOST_CURVES])}."
    return Picture(
        title,
        areas,
        draw,
        words,
    )


def _calibration(found: Evaluation) -> Picture:
    two = len(found.classes) == 2
    assert found.probabilities is not None
    if two:
        values, outcome = found.probabilities[:, 1], (found.y_true == 1).astype(float)
        what, share = f"probability of {found.names[1]}", f"share of {found.names[1]}"
    else:
        values, outcome = found.confidence
        what, share = "probability of the predicted class", "share that was right"
    n_bins = int(np.clip(found.n_rows // ROWS_PER_BIN, 2, MOST_BINS))
    # A probability may leave [0, 1] by a rounding error.
    values = np.clip(values, 0, 1)
    marks = np.sort(values)[:: -(-len(values) // MOST_MARKS)]
    shares, means = calibration_curve(outcome, values, n_bins=n_bins, strategy="quantile")

    def draw(theme: ThemeName) -> Figure:
        figure, axes, look = canvas(theme, 5.0, 4.8)
        color, _ = look.line(0)
        axes.plot([0, 1], [0, 1], color=look.muted, linewidth=0.9, linestyle="--")
        axes.plot(means, shares, "o-", color=color, markersize=6, linewidth=1.6)
        axes.plot(marks, np.full(len(marks), -0.035), "|", color=color, alpha=0.35, markersize=6)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.07, 1.02), aspect="equal")
        axes.set_xlabel(label(what))
        axes.set_ylabel(label(share))
        return figure

    return Picture(
        "Calibration",
        f"{share.capitalize()} over {what}, in {len(means)} groups of rows, beside the diagonal of "
        f"perfect calibration. The expected calibration error is {found.calibration_error:.3f}.",
        draw,
        f"Dots are {count(len(means), 'group')} of equally many rows; on the dashed line a "
        f"probability is what it says. Expected calibration error {found.calibration_error:.3f}.",
    )
