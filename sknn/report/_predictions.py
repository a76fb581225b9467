"""How far a regressor's predictions are off, and whether its intervals hold what they should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import PredictionErrorDisplay

from sknn.inspection import IntervalCalibrationDisplay, PredictionIntervalDisplay
from sknn.inspection._quantile_predictions import percent_of, share_interval
from sknn.report._blocks import Block, Headline, Picture, Section, Table, Text
from sknn.report._canvas import canvas, label
from sknn.report._words import count, decimal, number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection import QuantilePredictions
    from sknn.inspection._style import ThemeName
    from sknn.report._regression_evaluation import RegressionEvaluation

# Points of a figure, and targets of which there are figures.
MOST_POINTS, MOST_PICTURES = 1000, 3
# What the loss that was trained is called, by its key.
LOSS_NAMES = {
    "huber_loss": "Huber loss",
    "poisson_deviance": "Poisson deviance",
    "gamma_deviance": "Gamma deviance",
}


def headlines(found: RegressionEvaluation) -> list[Headline]:
    """The figures that a report begins with."""
    low, high = found.r2_interval
    interval = "" if np.isnan(low) else f"95 % interval {low:.3f} to {high:.3f}, "
    lines = [Headline("R²", decimal(found.r2), f"{interval}on {count(found.n_rows, 'row')}")]
    if len(found.names) == 1:
        baseline = number(found.baseline_rmse_by_target[0])
        lines += [
            Headline("RMSE", number(found.rmse), f"always the mean gives {baseline}"),
            Headline("MAE", number(found.mae), "mean absolute error"),
        ]
    for name, value in found.trained_loss.items():
        remark = "in standard deviations" if name == "huber_loss" else "the loss that was trained"
        lines.append(Headline(LOSS_NAMES[name], decimal(value), remark))
    if found.std is not None:
        likelihood = decimal(found.negative_log_likelihood)
        lines.append(Headline("Negative log likelihood", likelihood, "in the target's unit"))
    if len(found.quantiles) == 1:
        (one,) = found.quantiles.values()
        if found.std is None:
            lines.append(Headline("Pinball loss", number(one.pinball_loss), "mean over the levels"))
        for nominal, share in list(one.coverages.items())[:1]:
            name = f"Inside the {percent_of(nominal)} interval"
            low, high = share_interval(share, one.n_rows)
            remark = f"95 % interval {100 * low:.1f} to {percent(high)}"
            lines.append(Headline(name, percent(share), remark))
    return lines


def predictions_section(found: RegressionEvaluation) -> Section:
    """Errors of each target, predicted against observed values, and residuals."""
    header = ["target", "R²", "MAE", "RMSE", "RMSE of the mean"]
    rows = [
        [
            name,
            decimal(found.r2_by_target[k]),
            *(
                number(values[k])
                for values in (
                    found.mae_by_target,
                    found.rmse_by_target,
                    found.baseline_rmse_by_target,
                )
            ),
        ]
        for k, name in enumerate(found.names)
    ]
    if len(rows) > 1:
        rows.append(["mean over targets", decimal(found.r2), "", "", ""])
    blocks: list[Block] = [Table(f"Errors on {count(found.n_rows, 'row')}", header, rows)]
    for k in range(min(len(found.names), MOST_PICTURES)):
        blocks += [_scatter(found, k), _residuals(found, k)]
    return Section("How far its predictions are off", blocks)


def _scatter(found: RegressionEvaluation, k: int) -> Picture:
    return Picture(
        f"Predicted and observed values{_of(found, k)}",
        f"Observed over predicted values of {found.names[k]}, with the diagonal of perfect "
        f"predictions. R² is {decimal(found.r2_by_target[k])}.",
        lambda theme: _draw(found, k, "actual_vs_predicted", theme),
        f"On the dashed line the prediction is right.{_few(found)}",
    )


def _residuals(found: RegressionEvaluation, k: int) -> Picture:
    low, middle, high = map(number, np.percentile(-found.errors[:, k], (25, 50, 75)))
    return Picture(
        f"Residuals{_of(found, k)}",
        f"Observed minus predicted values of {found.names[k]} over the predicted ones. Half of "
        f"them lie between {low} and {high}; the median is {middle}.",
        lambda theme: _draw(found, k, "residual_vs_predicted", theme),
        "What is left should lie evenly on both sides of the dashed line: a bend is a shape that "
        f"was not learnt, a funnel is a spread that depends on the prediction.{_few(found)}",
    )


def _draw(
    found: RegressionEvaluation,
    k: int,
    kind: Literal["actual_vs_predicted", "residual_vs_predicted"],
    theme: ThemeName,
) -> Figure:
    from matplotlib.ticker import MaxNLocator

    figure, axes, look = canvas(theme, 5.0, 4.6)
    shown = _shown(found.n_rows)
    color, _ = look.line(0)
    size = float(np.clip(220 / np.sqrt(len(shown)), 6, 28))
    dots = {"color": color, "s": size, "alpha": 0.55, "linewidths": 0}
    line = {"color": look.muted, "linewidth": 1.0, "linestyle": "--"}
    display = PredictionErrorDisplay(y_true=found.y_true[shown, k], y_pred=found.y_pred[shown, k])
    display.plot(axes, kind=kind, scatter_kwargs=dots, line_kwargs=line)
    for axis in (axes.xaxis, axes.yaxis):  # with ticks that people read
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter("{x:g}")
    what = "observed" if kind == "actual_vs_predicted" else "observed − predicted"
    axes.set_xlabel(label(f"predicted {found.names[k]}"))
    axes.set_ylabel(label(what))
    return figure


def intervals_sections(found: RegressionEvaluation) -> list[Section]:
    """A section on predicted quantiles; none where there are none."""
    blocks: list[Block] = []
    for place, (name, one) in enumerate(found.quantiles.items()):
        of_name = f" of {name}" if len(found.quantiles) > 1 else ""
        blocks += [_coverage_table(one, of_name), _quantile_table(one, of_name)]
        if place < MOST_PICTURES:
            blocks += _interval_pictures(one, name, of_name)
    if not blocks:
        return []
    if found.std is not None:
        words = "Intervals are of normal distributions with the means and standard deviations that "
        blocks.insert(0, Text(words + "were predicted."))
    return [Section("Its intervals", blocks)]


def _coverage_table(one: QuantilePredictions, of_name: str) -> Table:
    rows = []
    for nominal, (low, high) in one.intervals.items():
        share = one.coverages[nominal]
        ends = share_interval(share, one.n_rows)
        interval = f"{100 * ends[0]:.1f} to {percent(ends[1])}"
        rows.append([percent_of(nominal), percent(share), interval, number((high - low).mean())])
    header = ["interval", "observed inside", "95 % interval of that", "mean width"]
    return Table(f"Coverage of the intervals{of_name}, {count(one.n_rows, 'row')}", header, rows)


def _quantile_table(one: QuantilePredictions, of_name: str) -> Table:
    rows = [
        [f"{level:g}", percent(share), number(loss)]
        for level, share, loss in zip(one.levels, one.shares_below, one.pinball_losses, strict=True)
    ]
    rows.append(["mean", "", number(one.pinball_loss)])
    header = ["level", "observed below", "pinball loss"]
    return Table(f"The predicted quantiles{of_name}", header, rows)


def _interval_pictures(one: QuantilePredictions, name: str, of_name: str) -> list[Picture]:
    pictures = []
    if len(one.levels) > 1:
        nominal, share = next(iter(one.coverages.items()))

        def draw_intervals(theme: ThemeName) -> Figure:
            figure, axes, _ = canvas(theme, 5.6, 4.6)
            PredictionIntervalDisplay(one).plot(axes, max_rows=120, theme=theme)
            axes.set_title("", loc="left")
            axes.set_ylabel(label(name))
            return figure

        pictures.append(
            Picture(
                f"Predicted intervals and observed values{of_name}",
                f"Bands of the predicted intervals of {name}, rows in the order of their "
                f"predictions, with the observed values. Inside the widest, which should hold "
                f"{percent_of(nominal)}, lie {percent(share)}.",
                draw_intervals,
            )
        )
    worst = int(np.abs(one.shares_below - one.levels).argmax())

    def draw_calibration(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, 5.0, 4.6)
        IntervalCalibrationDisplay(one).plot(axes, theme=theme)
        axes.set_title("", loc="left")
        return figure

    pictures.append(
        Picture(
            f"Calibration of the quantiles{of_name}",
            "Share of observed values below each predicted quantile, over its level. Farthest from "
            f"the diagonal is the quantile of level {one.levels[worst]:g}, below which lie "
            f"{percent(float(one.shares_below[worst]))}.",
            draw_calibration,
            f"On the dashed line a quantile is what it says. Bars: 95 % intervals for "
            f"{count(one.n_rows, 'row')}.",
        )
    )
    return pictures


def _shown(n_rows: int) -> NDArray[np.intp]:
    """The rows to draw: all, or so many of them in even steps."""
    return np.linspace(0, n_rows - 1, min(n_rows, MOST_POINTS)).round().astype(np.intp)


def _few(found: RegressionEvaluation) -> str:
    return "" if found.n_rows <= MOST_POINTS else f" {MOST_POINTS:,} of {found.n_rows:,} rows."


def _of(found: RegressionEvaluation, k: int) -> str:
    return "" if len(found.names) == 1 else f" of {found.names[k]}"
