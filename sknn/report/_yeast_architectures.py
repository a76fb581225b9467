"""What the yeast study found of widths, depths, normalization and residuals: tables and words."""

from __future__ import annotations

import math
from textwrap import fill
from typing import TYPE_CHECKING, Any

from sknn.report._blocks import Block, Notes, Picture, Table, Text
from sknn.report._canvas import canvas
from sknn.report._layout import WIDTH, layout
from sknn.report._words import decimal, signed
from sknn.report._yeast_architectures_figures import (
    SIZE,
    Over,
    draw_deeper,
    draw_gains,
    most_telling,
    runs_in_words,
)
from sknn.studies._yeast_protocol import DEPTHS, VARIANTS, WIDTHS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName
    from sknn.studies import YeastArchitectures, YeastResult

TITLES = {variant.name: variant.title for variant in VARIANTS}
# Heads of tables, with the unit of each figure, and its decimals.
COLUMNS = {
    "accuracy": ("accuracy, %", 1),
    "macro_f1": ("macro F1, %", 1),
    "log_loss": ("log loss", 3),
    "epochs": ("epochs", 0),
    "seconds": ("seconds", 2),
}
SHARES = frozenset({"accuracy", "macro_f1"})
CHANGES = "What changes, from networks that differ in nothing else, averaged over the three widths:"
# Subjects of the sentences on what each variant changes.
PARTS = {
    "residual": "Residual connections",
    "batch": "Batch normalization",
    "batch_residual": "Batch normalization with residual connections",
    "layer": "Layer normalization",
    "layer_residual": "Layer normalization with residual connections",
}


def architecture_blocks(result: YeastResult) -> list[Block]:
    """What the page of the study shows of architectures: nothing if they were not asked for."""
    architectures = result.architectures
    if architectures is None:
        return []
    over = most_telling(architectures)
    n_runs = runs_in_words(result, over)

    def deeper(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, *SIZE, rows=2, columns=2)
        draw_deeper(list(axes.flat), architectures, over, theme)
        return figure

    def gains(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, *SIZE, rows=2, columns=2)
        draw_gains(list(axes.flat), architectures, over, theme)
        return figure

    sentences = findings(architectures, over)
    return [
        Text(
            "Networks of one to four hidden layers with 16, 32 or 64 neurons each, on the second "
            "split. “All epochs” is the document's training, to the last epoch; all others end "
            "after more than 50 epochs without a lower validation loss, at the weights of the "
            "lowest. “Plain” networks have neither normalization nor residual connections."
        ),
        Picture(
            "What more layers cost",
            f"Accuracy, macro F1, log loss and seconds over one to four layers. {sentences[0]} "
            f"{sentences[1]}",
            deeper,
            f"Plain networks on test rows: mean and standard deviation over {n_runs}.",
            size="wide",
        ),
        Picture(
            "What normalization and residual connections give back",
            f"Changes of accuracy, macro F1, log loss and seconds. {' '.join(sentences[2:])}",
            gains,
            "Differences from the plain network of the same width and depth, with early stopping "
            f"as well: mean of the three widths, and its standard deviation over {n_runs}.",
            size="wide",
        ),
        Text(CHANGES),
        Notes(sentences),
        *_tables(result, architectures, "seeds"),
        *(_tables(result, architectures, "splits") if over == "splits" else []),
    ]


def architectures_table(result: YeastResult) -> str:
    """A row for each network, as text; what was found, in words."""
    assert result.architectures is not None
    over = most_telling(result.architectures)
    frame = result.architectures.to_frame(over)
    rows = [
        [
            f"{depth} × {width}, {TITLES[variant]}",
            *(_cell(figure, frame.loc[(depth, width, variant), figure]) for figure in COLUMNS),
        ]
        for depth, width, variant in frame.index
    ]
    header = ["layers × neurons", *(head for head, _ in COLUMNS.values())]
    title = f"Architectures, test rows: mean ± sd over {runs_in_words(result, over)}"
    lines = [
        fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ")
        for text in findings(result.architectures, over)
    ]
    return "\n".join([layout(title, header, rows), CHANGES, *lines])


def findings(architectures: YeastArchitectures, over: Over) -> list[str]:
    """What more layers, normalization and residual connections change, a sentence for each."""
    deeper, gains, most = architectures.deeper(over), architectures.gains(over), max(DEPTHS)
    instead = "Four hidden layers instead of one"
    return [
        _sentence(f"{instead}, trained for all epochs:", deeper.loc[(most, "all_epochs")]),
        _sentence(f"{instead}, with early stopping:", deeper.loc[(most, "plain")]),
        *(
            _sentence(f"{subject}, four hidden layers:", gains.loc[(most, variant)])
            for variant, subject in PARTS.items()
        ),
        _lowest(architectures.to_frame(over)),
    ]


def _lowest(frame: pd.DataFrame) -> str:
    """Which network has the lowest log loss, compared with the document's shape."""
    lowest: Any = frame["log_loss", "mean"].idxmin()
    figures = []
    for place in (lowest, (1, 32, "plain")):
        shown = {name: _cell(name, frame.loc[place, name]) for name in ("log_loss", "accuracy")}
        figures.append(f"{shown['log_loss']}, with an accuracy of {shown['accuracy']} %")
    return (
        f"The lowest log loss is that of {lowest[0]} × {lowest[1]}, {TITLES[lowest[2]]}: "
        f"{figures[0]}. Of the document's shape, 1 × 32, plain: {figures[1]}."
    )


def _sentence(subject: str, changes: Any) -> str:
    words = []
    for figure, name in (
        ("accuracy", "accuracy"),
        ("macro_f1", "macro F1"),
        ("log_loss", "log loss"),
    ):
        scale, unit, digits = (100, " points", 1) if figure in SHARES else (1, "", 3)
        mean, sd = changes[figure, "mean"] * scale, changes[figure, "sd"] * scale
        spread = "" if math.isnan(sd) else f" ± {decimal(sd, digits)}"
        words.append(f"{name} {signed(mean, digits).replace('-', '−')}{spread}{unit}")
    return f"{subject} {', '.join(words)}; {decimal(changes['seconds', 'mean'], 1)} times the time."


def _tables(result: YeastResult, architectures: YeastArchitectures, over: Over) -> list[Table]:
    """A table for each figure: depth and width in rows, variants in columns."""
    frame, n_runs = architectures.to_frame(over), runs_in_words(result, over)
    header = ["layers × neurons", *TITLES.values()]
    return [
        Table(
            f"{head[0].upper()}{head[1:]}: mean ± standard deviation over {n_runs}",
            header,
            [
                [
                    f"{depth} × {width}",
                    *(_cell_of(frame, (depth, width, name), figure) for name in TITLES),
                ]
                for depth in DEPTHS
                for width in WIDTHS
            ],
        )
        for figure, (head, _) in COLUMNS.items()
    ]


def _cell_of(frame: pd.DataFrame, place: tuple[int, int, str], figure: str) -> str:
    # A network of one hidden layer has no residual connections.
    return _cell(figure, frame.loc[place, figure]) if place in frame.index else "–"


def _cell(figure: str, spread: Any) -> str:
    scale, digits = 100 if figure in SHARES else 1, COLUMNS[figure][1]
    mean, sd = (decimal(scale * spread[name], digits) for name in ("mean", "sd"))
    return mean if sd == "–" else f"{mean} ± {sd}"
