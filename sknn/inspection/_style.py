"""How figures look, in the light and in the dark, without touching anyone's settings.

Nothing here reads or writes `matplotlib.rcParams` but to see what a new figure will lie on: looks
are given to the artists themselves, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

ThemeName = Literal["light", "dark"]
Dashes = str | tuple[int, tuple[float, ...]]

# As many as there are colours, and in the same order: a line that is told from another by its
# colour is told from it by its dashes too.
DASHES: tuple[Dashes, ...] = ("-", "--", "-.", ":", (0, (5, 1.5, 1, 1.5, 1, 1.5)))


@dataclass(frozen=True)
class Theme:
    """Colours for one background.

    Those of lines keep a contrast of 3 to 1 to the background and a distance from each other for
    any colour vision; the first three are of Okabe and Ito's palette, or close to it.
    """

    name: ThemeName
    background: str
    text: str
    muted: str
    faint: str
    lines: tuple[str, ...]
    # From few to many; from negative over nothing to positive; and what is exactly zero.
    few: str
    many: str
    negative: str
    positive: str
    zero: str

    def line(self, k: int) -> tuple[str, Dashes]:
        """Colour and dashes of the k-th line; 25 lines differ."""
        n = len(self.lines)
        return self.lines[k % n], DASHES[(k + k // n) % n]

    @property
    def sequential(self) -> Colormap:
        """One hue from the background on, which any colour vision reads as few to many."""
        return _colormap("sknn_few_to_many", [self.few, self.many], self.zero)

    @property
    def diverging(self) -> Colormap:
        """Two hues with the background between them; what is masked is grey."""
        colors = [self.negative, self.background, self.positive]
        return _colormap("sknn_negative_to_positive", colors, self.zero)

    def readable_on(self, color: Any) -> str:
        """The text colour that is easier to read on a colour."""
        return max(("#1A1A1A", "#FFFFFF"), key=lambda text: contrast(text, color))


LIGHT = Theme(
    name="light",
    background="#FFFFFF",
    text="#222222",
    muted="#6F6F6F",
    faint="#D9D9D9",
    lines=("#0072B2", "#D55E00", "#009E73", "#5A1846", "#8A5148"),
    few="#F4F8FC",
    many="#08306B",
    negative="#0B559F",
    positive="#B3410A",
    zero="#C4C4C4",
)
DARK = Theme(
    name="dark",
    background="#15181E",
    text="#E8E8E8",
    muted="#9DA3AE",
    faint="#343A45",
    lines=("#56B4E9", "#F0803C", "#7FE07A", "#FFF3C4", "#A9789C"),
    few="#1B222C",
    many="#9BD3F7",
    negative="#6FC1F2",
    positive="#F59A5B",
    zero="#4B515C",
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def luminance(color: Any) -> float:
    """Relative luminance, as the accessibility guidelines of the web define it: 0 to 1."""
    from matplotlib.colors import to_rgb

    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(color: Any, other: Any) -> float:
    """Contrast of two colours, as these guidelines define it: 1 to 21."""
    dark, light = sorted((luminance(color), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def find_theme(theme: str | None, axes: Axes | None = None) -> Theme:
    """The theme of that name, or the one for what is behind `axes` or behind a new figure."""
    if theme is not None:
        if not isinstance(theme, str) or theme not in THEMES:
            raise ValueError(f"`theme` must be one of {list(THEMES)} or None, got {theme!r}")
        return THEMES[theme]
    import matplotlib
    from matplotlib.colors import to_rgba

    behind = [matplotlib.rcParams["figure.facecolor"]]
    if axes is not None:
        # A subfigure, which may be transparent, has a figure of its own.
        figure: Any = axes.get_figure()
        behind = [
            axes.get_facecolor(),
            figure.get_facecolor(),
            figure.figure.get_facecolor(),
            *behind,
        ]
    # The first that can be seen; where there is none, a page is white.
    seen = next((color for color in behind if to_rgba(color)[3] >= 0.5), "white")
    return LIGHT if luminance(seen) > 0.18 else DARK


def open_axes(
    ax: Any,
    theme: str | None,
    *,
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float],
    **subplots: Any,
) -> tuple[NDArray[Any], Theme, bool]:
    """The axes to draw on: the user's as they are, or those of a new figure of pyplot's.

    Parameters
    ----------
    ax : Axes, array-like of Axes or None
        The user's, as many as are needed; None for a new figure.
    theme : {"light", "dark"} or None
    rows, columns : int
        What is needed.
    size : tuple of float
        Width and height of a new figure, in inches.
    **subplots
        Handed on to `pyplot.subplots`.

    Returns
    -------
    axes : ndarray of Axes of shape (rows, columns)
    theme : Theme
    is_new : bool
        Whether the figure is new, so that more than the axes' inside may be drawn.
    """
    if ax is not None:
        axes = _users_axes(ax, rows, columns)
        return axes, find_theme(theme, axes.flat[0]), False
    found = find_theme(theme)
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        rows, columns, figsize=size, layout="constrained", squeeze=False, **subplots
    )
    figure.set_facecolor(found.background)
    for one in axes.flat:
        dress(one, found)
    return axes, found, True


def _users_axes(ax: Any, rows: int, columns: int) -> NDArray[Any]:
    from matplotlib.axes import Axes

    axes = np.array(ax, dtype=object)
    if axes.size != rows * columns or not all(isinstance(one, Axes) for one in axes.flat):
        needed = "matplotlib Axes" if rows * columns == 1 else f"{rows * columns} matplotlib Axes"
        shape = "" if rows * columns == 1 else f" ({rows} × {columns})"
        got = type(ax).__name__ if axes.ndim == 0 else f"{axes.size} objects"
        raise ValueError(f"`ax` must be {needed}{shape} or None, got {got}")
    return axes.reshape(rows, columns)


def dress(axes: Axes, theme: Theme) -> None:
    """Give axes the looks of a theme, ticks that are yet to come included."""
    import matplotlib
    from matplotlib.font_manager import FontProperties

    axes.set_facecolor(theme.background)
    for side, spine in axes.spines.items():
        spine.set_color(theme.muted)
        spine.set_visible(side in ("left", "bottom"))
    settings: dict[Any, Any] = dict(matplotlib.rcParams)
    for name in ("x", "y"):
        # Ticks are made when a figure is drawn, from the settings of that moment.
        size = FontProperties(size=settings[f"{name}tick.labelsize"])
        axes.tick_params(
            axis=name,
            which="both",
            color=theme.muted,
            labelcolor=theme.text,
            labelsize=size.get_size_in_points(),
        )
    axes.grid(visible=True, color=theme.faint, linewidth=0.6, linestyle="-", alpha=1.0)
    axes.set_axisbelow(True)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(theme.text)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set_color(theme.text)


def despine(axes: Axes) -> None:
    """Remove the lines on top and on the right."""
    axes.spines[["top", "right"]].set_visible(False)


def as_image(axes: Axes) -> None:
    """Leave out what would lie on an image or around it."""
    axes.grid(visible=False)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def dress_colorbar(colorbar: Any, label: str, theme: Theme) -> None:
    """Label what the colours of an image mean."""
    colorbar.set_label(label, color=theme.text)
    colorbar.ax.tick_params(color=theme.muted, labelcolor=theme.text)
    colorbar.outline.set_visible(False)


def write_title(axes: Axes, title: str, theme: Theme, **text: Any) -> None:
    """Write a title on the left, where reading begins."""
    # A name with dollar signs is a name, not a formula.
    axes.set_title(title, loc="left", color=theme.text, parse_math=False, **text)


def write_caption(figure: Any, caption: str, theme: Theme) -> None:
    """Write small print below a figure, in lines that are no longer than it is wide."""
    # An inch holds about 15 letters of this size.
    width = max(40, int(15 * figure.get_figwidth()))
    lines = [part for line in caption.split("\n") for part in _wrap(line, width)]
    caption = "\n".join(lines)
    look = {"x": 0.01, "ha": "left", "fontsize": "small", "parse_math": False}
    figure.supxlabel(caption, color=theme.muted, **look)


def _wrap(line: str, width: int) -> list[str]:
    """Cut a line between its items."""
    lines = [""]
    for part in line.split(" · "):
        longer = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(longer) > width and lines[-1]:
            lines.append(f"    {part}")
        else:
            lines[-1] = longer
    return lines


def add_legend(axes: Axes, theme: Theme, kws: dict[str, Any] | None, **defaults: Any) -> Any:
    """Add a legend without a frame, whose text can be read on the background."""
    look = {"frameon": False, "fontsize": "small", "labelcolor": theme.text, **defaults}
    legend = axes.legend(**merge(look, kws))
    for text in legend.get_texts():
        text.set_parse_math(False)
    if "title" in (kws or {}) or "title" in defaults:
        legend.get_title().set_color(theme.text)
    return legend


_ALIASES = {
    "c": "color",
    "lw": "linewidth",
    "ls": "linestyle",
    "ms": "markersize",
    "mew": "markeredgewidth",
    "mec": "markeredgecolor",
    "mfc": "markerfacecolor",
    "ec": "edgecolor",
    "fc": "facecolor",
    "ha": "horizontalalignment",
    "va": "verticalalignment",
    "size": "fontsize",
    "weight": "fontweight",
}


def merge(defaults: dict[str, Any], kws: dict[str, Any] | None) -> dict[str, Any]:
    """Keywords for matplotlib: ours, and over them the user's, by whatever name."""
    users: dict[str, Any] = {}
    for name, value in (kws or {}).items():
        full = _ALIASES.get(name, name)
        if full in users:
            raise TypeError(f"{name!r} and {full!r} must not both be given: they are one thing")
        users[full] = value
    ours = {_ALIASES.get(name, name): value for name, value in defaults.items()}
    return {**ours, **users}


def _colormap(name: str, colors: Sequence[str], masked: str) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(colors)).with_extremes(bad=masked)
