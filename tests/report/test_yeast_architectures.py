"""The architectures of the yeast study: page, tables, files and figures, of invented runs."""

import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sknn.report import Picture, Report, write_yeast, yeast_figures, yeast_tables
from sknn.studies import YeastArchitectures

KINDS = ["all_epochs", "plain", "residual", "batch", "batch_residual", "layer", "layer_residual"]
SECTION = "What the document asks at its end"


@pytest.fixture(scope="module")
def runs():
    rng = np.random.default_rng(0)
    rows = {
        (depth, width, kind, *place): {
            "accuracy": rng.uniform(0.5, 0.6),
            "macro_f1": rng.uniform(0.4, 0.5),
            "log_loss": rng.uniform(1, 1.2),
            "epochs": int(rng.integers(100, 1000)),
            "seconds": rng.uniform(0.1, 1),
        }
        for depth, width, kind in itertools.product((1, 2, 3, 4), (16, 32, 64), KINDS)
        for place in ((42, 0), (42, 1), (0, 0), (1, 1))
        if depth > 1 or not kind.endswith("residual")
    }
    names = ["depth", "width", "variant", "split", "seed"]
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(names)


@pytest.fixture(scope="module")
def on_splits(yeast_result, runs):
    return replace(yeast_result, architectures=YeastArchitectures(runs))


@pytest.fixture(scope="module")
def on_seeds(yeast_result, runs):
    own = runs[runs.index.get_level_values("split") == 42]
    return replace(yeast_result, architectures=YeastArchitectures(own))


def of(runs, depth, width, kind, *, own=True):
    one = runs.xs((depth, width, kind), level=("depth", "width", "variant"))
    return one[(one.index.get_level_values("split") == 42) == own]


def test_the_page_has_every_mean_and_spread(on_splits, runs):
    text = Report.from_study(on_splits).to_markdown(sections=[SECTION])
    for own, over in ((True, "2 seeds on the document's split"), (False, "2 other splits with")):
        for figure, head, digits, scale in (
            ("accuracy", "Accuracy, %", 1, 100),
            ("macro_f1", "Macro F1, %", 1, 100),
            ("log_loss", "Log loss", 3, 1),
            ("epochs", "Epochs", 0, 1),
            ("seconds", "Seconds", 2, 1),
        ):
            table = text.partition(f"**{head}: mean ± standard deviation over {over}")[2]
            rows = re.findall(r"^\| (\d) × (\d+) +\|(.*)\|$", table.partition("**\n\n")[2], re.M)[
                :12
            ]
            assert len(rows) == 12
            for depth, width, cells in rows:
                for kind, cell in zip(KINDS, cells.split("|"), strict=True):
                    if depth == "1" and kind.endswith("residual"):
                        assert cell.strip() == "–"
                        continue
                    values = scale * of(runs, int(depth), int(width), kind, own=own)[figure]
                    assert cell.strip() == f"{values.mean():.{digits}f} ± {values.std():.{digits}f}"


def test_sentences_are_differences_of_paired_runs(on_seeds, runs):
    text = " ".join(yeast_tables(on_seeds).split())
    changes = [
        np.mean(
            [
                100
                * (
                    of(runs, 4, width, "batch")["accuracy"].iloc[seed]
                    - of(runs, 4, width, "plain")["accuracy"].iloc[seed]
                )
                for width in (16, 32, 64)
            ]
        )
        for seed in (0, 1)
    ]
    mean, sd = np.mean(changes), np.std(changes, ddof=1)
    shown = f"{mean:+.1f} ± {sd:.1f}".replace("-", "−")
    assert f"Batch normalization, four hidden layers: accuracy {shown} points" in text
    ratios = [
        of(runs, 4, width, "plain")["seconds"] / of(runs, 1, width, "plain")["seconds"]
        for width in (16, 32, 64)
    ]
    sentence = text.partition("instead of one, with early stopping:")[2].partition("times")[0]
    assert sentence.endswith(f"; {np.mean(ratios):.1f} ")


def test_the_lowest_loss_is_named(on_splits, runs):
    others = runs[runs.index.get_level_values("split") != 42]
    means = others.groupby(["depth", "width", "variant"])["log_loss"].mean()
    depth, width, _ = means.idxmin()
    text = " ".join(yeast_tables(on_splits).split())
    named = re.search(r"lowest log loss is that of (\d) × (\d+), .*?: ([\d.]+) ±", text)
    assert named.groups() == (str(depth), str(width), f"{means.min():.3f}")


def test_lines_of_the_tables_fit_a_page(on_splits):
    text = yeast_tables(on_splits)
    assert max(map(len, text.splitlines())) <= 100
    assert len(re.findall(r"^[1-4] × (?:16|32|64), ", text, re.M)) == 75


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_show_means_and_spreads(on_seeds, runs, theme):
    figures = yeast_figures(on_seeds, theme)
    assert list(figures) == ["architectures_depth", "architectures_parts"]
    accuracy = figures["architectures_depth"].axes[0]
    bars = {container.get_label(): container for container in accuracy.containers}
    assert len(bars) == 6
    line = bars["64 neurons, all epochs"].lines[0]
    expected = [
        100 * of(runs, depth, 64, "all_epochs")["accuracy"].mean() for depth in (1, 2, 3, 4)
    ]
    assert line.get_ydata() == pytest.approx(expected)
    parts = figures["architectures_parts"].axes[3].containers
    assert [len(bar.lines[0].get_xdata()) for bar in parts] == [4, 3, 4, 3, 3]
    # No two lines of a panel look alike.
    for figure in figures.values():
        for panel in figure.axes:
            looks = {
                (bar.lines[0].get_color(), bar.lines[0].get_linestyle()) for bar in panel.containers
            }
            assert len(looks) == len(panel.containers)


def test_the_files_of_a_run(on_seeds, runs, tmp_path):
    names = {path.name for path in write_yeast(on_seeds, tmp_path)}
    assert {"architectures_depth.png", "architectures_parts.png", "architectures.csv"} <= names
    index = ["depth", "width", "variant", "split", "seed"]
    saved = pd.read_csv(tmp_path / "architectures.csv", index_col=index)
    pd.testing.assert_frame_equal(saved, on_seeds.architectures.runs)
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert len(metrics["architectures"]) == 150
    first = metrics["architectures"][0]
    assert first["accuracy"] == of(runs, 1, 16, "all_epochs")["accuracy"].iloc[0]


def test_the_page_draws_and_describes_both_figures(on_seeds):
    pictures = pictures_of(on_seeds)
    assert [picture.title for picture in pictures] == [
        "What more layers cost",
        "What normalization and residual connections give back",
    ]
    for picture in pictures:
        assert "over 2 seeds on the document's split" in picture.caption
        figure = picture.draw("dark")
        assert [panel.get_title(loc="left") != "" for panel in figure.axes] == [True] * 4
    assert "Batch normalization, four hidden layers" in pictures[1].alt


def pictures_of(result):
    (section,) = (one for one in Report.from_study(result).sections if one.title == SECTION)
    return [block for block in section.blocks if isinstance(block, Picture)]


def test_a_single_seed_has_no_spread(yeast_result, runs):
    one = runs.xs(0, level="seed", drop_level=False)
    one = one[one.index.get_level_values("split") == 42]
    result = replace(yeast_result, seeds=(0,), architectures=YeastArchitectures(one))
    text = yeast_tables(result).partition("Architectures,")[2].partition("Tuned")[0]
    assert "nan" not in text
    assert text.count("±") == 1  # in the title
    assert set(yeast_figures(result)) == {"architectures_depth", "architectures_parts"}


def test_nothing_is_shown_of_what_was_not_trained(yeast_result, tmp_path):
    assert yeast_figures(yeast_result) == {}
    assert "Architectures" not in yeast_tables(yeast_result)
    names = {path.name for path in write_yeast(yeast_result, tmp_path)}
    assert not any(name.startswith("architectures") for name in names)
    assert pictures_of(yeast_result) == []
