"""The two figures on the architectures of the yeast study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sknn.inspection._style import Dashes, find_theme, write_title
from sknn.report._style import page, panels, report_style
from sknn.report._words import count
from sknn.studies._yeast_protocol import DEPTHS, VARIANTS, WIDTHS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName
    from sknn.studies import YeastArchitectures, YeastResult

Over = Literal["seeds", "splits"]

# Width and height of a figure, in inches.
SIZE = (8, 6.4)
# What each panel shows of networks, and of changes.
OF_NETWORKS = {
    "accuracy": "Accuracy, %",
    "macro_f1": "Macro F1, %",
    "log_loss": "Log loss",
    "seconds": "Seconds of a training",
}
OF_CHANGES = {
    "accuracy": "Accuracy, change in points",
    "macro_f1": "Macro F1, change in points",
    "log_loss": "Log loss, change",
    "seconds": "Time, multiple of the plain network's",
}
# Half of the distance between two depths holds the error bars of all lines side by side.
SPACE = 0.5


def yeast_figures(result: YeastResult, theme: ThemeName = "light") -> dict[str, Figure]:
    """Draw the figures of the yeast study that are written to files.

    Figures are made without pyplot: nothing pops up, and no setting of matplotlib is changed.

    Parameters
    ----------
    result : YeastResult
        What :func:`sknn.studies.yeast` returned.

    theme : {"light", "dark"}, default="light"
        Colours of the figures.

    Returns
    -------
    figures : dict of str to Figure
        By name: ``architectures_depth`` with what more hidden layers cost, and
        ``architectures_parts`` with what normalization and residual connections give back. Empty
        if the study has trained no architectures.

    Examples
    --------
    >>> from sknn.report import yeast_figures
    >>> from sknn.studies import yeast
    >>> figures = yeast_figures(yeast("yeast.csv", n_jobs=-1))  # doctest: +SKIP
    >>> figures["architectures_depth"].savefig("depth.png")  # doctest: +SKIP
    """
    architectures = result.architectures
    if architectures is None:
        return {}
    over = most_telling(architectures)
    pages = {
        "architectures_depth": (
            "What more layers cost",
            f"plain networks on test rows: mean and sd over {runs_in_words(result, over)}",
            draw_deeper,
        ),
        "architectures_parts": (
            "What normalization and residual connections give back",
            "differences from the plain network of the same width and depth, averaged over the "
            f"widths:\nmean and sd over {runs_in_words(result, over)}",
            draw_gains,
        ),
    }
    figures = {}
    with report_style():
        for name, (title, caption, draw) in pages.items():
            figures[name] = page(*SIZE, title, caption, theme)
            axes = list(panels(figures[name], 2, 2, theme).flat)
            draw(axes, architectures, over, theme)
            _below_the_title(figures[name])
    return figures


def _below_the_title(figure: Figure) -> None:
    """Move the legend, which would lie on the title: matplotlib keeps room for one of them only."""
    (legend,) = figure.legends
    legend.set_loc("upper left")
    legend.set_bbox_to_anchor((0, 0.955))
    engine: Any = figure.get_layout_engine()
    engine.set(rect=(0, 0, 1, 0.93))


def most_telling(architectures: YeastArchitectures) -> Over:
    """What to look at networks over: other splits, if there are any, else seeds on one split."""
    return "splits" if architectures.has_other_splits else "seeds"


def runs_in_words(result: YeastResult, over: Over) -> str:
    """What means and standard deviations are over."""
    if over == "seeds":
        return f"{count(len(result.seeds), 'seed')} on the document's split"
    n_splits = len(result.optimizers[0].other_splits)
    return f"{count(n_splits, 'other split')} with one seed each"


def draw_deeper(
    axes: Sequence[Any], architectures: YeastArchitectures, over: Over, theme: ThemeName
) -> None:
    """Draw accuracy, macro F1, log loss and time of the plain networks over their depth."""
    frame, look = architectures.to_frame(over), find_theme(theme)
    lines: dict[str, tuple[Any, str, Dashes]] = {
        f"{width} neurons, {words}": (
            frame.xs((width, variant), level=("width", "variant")),
            look.lines[k],
            dashes,
        )
        for k, width in enumerate(WIDTHS)
        for variant, words, dashes in (
            ("all_epochs", "all epochs", "--"),
            ("plain", "early stopping", "-"),
        )
    }
    _draw(axes, lines, OF_NETWORKS, theme)
    for one in axes[2:4]:
        one.set_yscale("log")
        _plain_ticks(one)


def draw_gains(
    axes: Sequence[Any], architectures: YeastArchitectures, over: Over, theme: ThemeName
) -> None:
    """Draw what normalization and residual connections change over the depth."""
    frame, look = architectures.gains(over), find_theme(theme)
    colors = {None: look.lines[0], "batch": look.lines[1], "layer": look.lines[2]}
    lines: dict[str, tuple[Any, str, Dashes]] = {
        variant.title: (
            frame.xs(variant.name, level="variant"),
            colors[variant.settings.get("normalization")],
            "--" if "residual" in variant.settings else "-",
        )
        for variant in sorted(VARIANTS[2:], key=lambda variant: variant.name == "residual")
    }
    _draw(axes, lines, OF_CHANGES, theme)
    for one, nothing in zip(axes, (0, 0, 0, 1), strict=True):
        one.axhline(nothing, color=look.text, linewidth=1)


def _draw(
    axes: Sequence[Any],
    lines: Mapping[str, tuple[Any, str, Dashes]],
    titles: Mapping[str, str],
    theme: ThemeName,
) -> None:
    """Draw the same lines in each panel: means over the depth, standard deviations as bars."""
    look = find_theme(theme)
    offsets = np.linspace(-SPACE / 2, SPACE / 2, len(lines))
    for one, (figure, title) in zip(axes, titles.items(), strict=True):
        scale = 1 if figure in ("log_loss", "seconds") else 100
        for offset, (name, (frame, color, dashes)) in zip(offsets, lines.items(), strict=True):
            one.errorbar(
                frame.index + offset,
                frame[figure, "mean"] * scale,
                yerr=frame[figure, "sd"].fillna(0) * scale,
                color=color,
                linestyle=dashes,
                marker="o",
                markersize=4,
                elinewidth=1,
                label=name,
            )
        write_title(one, title, look)
        one.set_xticks(DEPTHS)
        one.grid(visible=False, axis="x")
    for one in axes[2:]:
        one.set_xlabel("hidden layers")
    axes[0].get_figure().legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside upper left",
        ncols=3,
        frameon=False,
        labelcolor=look.text,
    )


def _plain_ticks(axes: Any) -> None:
    """Label a logarithmic axis with numbers, not with powers of ten."""
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter("")
