"""Colours, and the looks of figures, measured."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sknn.inspection._style import (
    DARK,
    DASHES,
    LIGHT,
    contrast,
    find_theme,
    luminance,
    merge,
    open_axes,
)

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)

# How a colour is seen by those who lack one kind of cones: Machado, Oliveira and Fernandes, "A
# physiologically-based model for simulation of color vision deficiency", 2009; linear RGB.
VISION = {
    "ordinary": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip


def oklab(linear):
    """Björn Ottosson's colour space, in which distances are about those that are seen."""
    cones = np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]]
    ) @ np.clip(linear, 0, 1)  # fmt: skip
    return np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
         [0.0259040371, 0.7827717662, -0.8086757660]]
    ) @ np.cbrt(cones)  # fmt: skip


def linear_rgb(color):
    channels = np.array(to_rgb(color))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def test_contrast_is_that_of_the_guidelines():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#767676", "white") == pytest.approx(4.54, abs=0.005)
    assert luminance("red") == pytest.approx(0.2126)


@THEMES
def test_everything_is_seen_on_the_background(theme):
    for color in theme.lines:
        assert contrast(color, theme.background) >= 3
    assert contrast(theme.text, theme.background) >= 7
    assert contrast(theme.muted, theme.background) >= 4.5


@THEMES
@pytest.mark.parametrize("vision", VISION)
def test_lines_are_told_apart_by_any_colour_vision(theme, vision):
    seen = [oklab(VISION[vision] @ linear_rgb(color)) for color in theme.lines]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    # About four times what is just noticed.
    assert min(distances) > 0.08


@THEMES
def test_many_lines_differ(theme):
    looks = [theme.line(k) for k in range(25)]
    assert len(set(looks)) == 25
    assert len(set(DASHES)) == len(theme.lines)


@THEMES
def test_text_can_be_read_on_every_colour_of_a_map(theme):
    for colormap in (theme.sequential, theme.diverging):
        for value in np.linspace(0, 1, 51):
            color = colormap(value)
            assert contrast(theme.readable_on(color), color) > 4
    few, *_, many = (luminance(theme.sequential(value)) for value in np.linspace(0, 1, 5))
    assert (few > many) == (theme is LIGHT)


def test_the_theme_fits_what_is_behind():
    with matplotlib.rc_context({"figure.facecolor": "white"}):
        assert find_theme(None) is LIGHT
        with matplotlib.rc_context({"figure.facecolor": "#101010"}):
            assert find_theme(None) is DARK
            assert find_theme("light") is LIGHT
        axes = Figure(facecolor="#202020").subplots()
        assert find_theme(None, axes) is LIGHT  # the axes themselves are white
        axes.set_facecolor("none")
        assert find_theme(None, axes) is DARK
        axes.get_figure().set_facecolor("none")
        assert find_theme(None, axes) is LIGHT
    with pytest.raises(ValueError, match=r"`theme` must be one of \['light', 'dark'\] or None"):
        find_theme("sepia")


def test_new_axes_keep_their_looks_when_settings_change():
    axes, theme, is_new = open_axes(None, "dark", size=(3, 2))
    assert is_new and theme is DARK
    figure = axes[0, 0].get_figure()
    with matplotlib.rc_context({"xtick.color": "red", "grid.color": "red", "grid.linewidth": 9}):
        figure.canvas.draw()
        tick = axes[0, 0].xaxis.get_major_ticks()[0]
        assert tick.label1.get_color() == DARK.text
        assert tick.gridline.get_color() == DARK.faint
        assert tick.gridline.get_linewidth() == 0.6


@pytest.mark.parametrize(
    ("ax", "message"),
    [
        ("axes", "`ax` must be 2 matplotlib Axes .* got str"),
        (lambda: Figure().subplots(), "`ax` must be 2 matplotlib Axes .* got Axes"),
        (lambda: Figure().subplots(1, 3), "`ax` must be 2 matplotlib Axes .* got 3 objects"),
        (lambda: [Figure().subplots(), None], "`ax` must be 2 matplotlib Axes"),
    ],
)
def test_what_axes_must_be(ax, message):
    with pytest.raises(ValueError, match=message):
        open_axes(ax() if callable(ax) else ax, None, columns=2, size=(3, 2))


def test_keywords_of_the_user_come_first_by_any_name():
    assert merge({"linewidth": 1, "color": "red"}, {"lw": 3}) == {"linewidth": 3, "color": "red"}
    with pytest.raises(TypeError, match="must not both be given"):
        merge({}, {"lw": 3, "linewidth": 2})
