"""What was trained, how, and how the training went."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from sknn.report._blocks import Block, Facts, Picture, Section, Table
from sknn.report._canvas import canvas
from sknn.report._metrics import versions
from sknn.report._words import count, decimal, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.inspection._style import ThemeName

# Candidates of a search that are shown, the best first.
MOST_CANDIDATES = 12
# What to call the score of a history, and how to show it.
SCORES = {"accuracy": ("accuracy", percent), "r2": ("R²", decimal)}


def network_of(estimator: Any) -> Any:
    """The network in an estimator or at the end of a pipeline; None if there is none of ours."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return last if hasattr(last, "history_") and hasattr(last, "coefs_") else None


def model_section(estimator: Any) -> Section:
    """Steps, network, parameters and versions."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    network = network_of(estimator)
    facts = [("Classifier" if is_classifier(last) else "Regressor", type(last).__name__)]
    if isinstance(estimator, Pipeline) and len(estimator.steps) > 1:
        facts.append(("Before it", ", then ".join(_steps(estimator.steps[:-1]))))
    if network is not None:
        spec = network._plan.spec
        facts += [
            ("Layers", " – ".join(map(str, spec.layer_sizes))),
            ("Trained parameters", f"{spec.layout.n_params:,}, {network.coefs_[0].dtype}"),
        ]
    facts.append(("Made with", ", ".join(f"{name} {v}" for name, v in versions().items())))
    facts.append(("Computer", f"{platform.system()}, {platform.machine()}"))
    blocks: list[Block] = [Facts(facts)]
    parameters = list(_changed(estimator))
    if parameters:
        header = ["parameter", "value", "default"]
        caption = "Parameters that are not at their defaults"
        blocks.append(Table(caption, header, parameters, text_columns=(1, 2)))
    return Section("The model", blocks)


def _steps(steps: list[tuple[str, Any]]) -> Iterator[str]:
    for name, step in steps:
        if step is None or isinstance(step, str):
            continue
        parts = getattr(step, "transformers", None)
        if parts is None:
            yield type(step).__name__
        else:
            inner = "; ".join(f"{part}: {_names(what)}" for part, what, _ in parts)
            yield f"{name} ({inner})"


def _names(step: Any) -> str:
    if isinstance(step, Pipeline):
        return ", ".join(type(part).__name__ for _, part in step.steps)
    return step if isinstance(step, str) else type(step).__name__


def _changed(estimator: Any) -> Iterator[list[str]]:
    """Name, value and default of parameters, down to the steps of pipelines."""
    for name, value in sorted(estimator.get_params(deep=False).items()):
        if isinstance(estimator, Pipeline) or hasattr(estimator, "transformers"):
            break
        default = _default(estimator, name)
        if repr(value) != repr(default):
            yield [name, _value(value), _value(default)]
    parts = getattr(estimator, "steps", None) or getattr(estimator, "transformers", None) or ()
    for part in parts:
        if hasattr(part[1], "get_params"):
            yield from ([f"{part[0]}__{row[0]}", *row[1:]] for row in _changed(part[1]))


def _default(estimator: Any, name: str) -> Any:
    from inspect import signature

    return signature(type(estimator).__init__).parameters[name].default


def _value(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def training_section(network: Any) -> Section:
    """Loss and score of every epoch."""
    history = network.history_
    last, score = len(history), history.score

    def figures(subset: str, epoch: int) -> str:
        values = history.at(epoch)
        name, show = SCORES[score]
        loss = decimal(values[f"{subset}_loss"])
        return f"loss {loss}, {name} {show(values[f'{subset}_{score}'])}"

    has_valid = not np.isnan(history["valid_loss"]).all()
    facts = [
        ("Epochs", f"{count(last, 'epoch')}, in {history['seconds'].sum():.1f} s"),
        ("Training rows, last epoch", figures("train", last)),
    ]
    if has_valid:
        best = history.best_epoch(network.monitor)
        facts += [
            ("Validation rows, last epoch", figures("valid", last)),
            ("Validation rows, best epoch", f"epoch {best}: {figures('valid', best)}"),
        ]
        kept = (
            f"those of epoch {best}, the best by {network.monitor}"
            if network.early_stopping
            else "those of the last epoch: nothing was chosen by the validation rows"
        )
        facts.append(("Weights", kept))
    pictures = [_history(network, measure, has_valid) for measure in ("loss", score)]
    return Section("The training", [Facts(facts), *pictures])


def _history(network: Any, measure: str, has_valid: bool) -> Picture:
    from sknn.inspection import TrainingHistoryDisplay

    history = network.history_

    def draw(theme: ThemeName) -> Figure:
        figure, axes, _ = canvas(theme, 5.4, 3.8)
        display = TrainingHistoryDisplay(history, monitor=network.monitor)
        display.plot(ax=axes, measure=measure, theme=theme)
        axes.set_title("", loc="left")
        return figure

    def course(subset: str) -> str:
        values = history[f"{subset}_{measure}"]
        return f"from {values[0]:.3f} in the first epoch to {values[-1]:.3f} in the last"

    name = "Loss" if measure == "loss" else SCORES[measure][0]
    name = name[0].upper() + name[1:]
    alt = f"{name} over {count(len(history), 'epoch')}. Training rows: "
    alt += course("train")
    if has_valid:
        alt += f"; validation rows: {course('valid')}"
    return Picture(f"{name}, epoch by epoch", f"{alt}.", draw)


def search_facts(search: Any) -> list[tuple[str, str]]:
    """How many candidates a search has tried, and what it has chosen."""
    results, score = search.cv_results_, _score_name(search)
    n_candidates = len(results["params"])
    chosen = ", ".join(
        f"{name.rpartition('__')[2]} {value}" for name, value in search.best_params_.items()
    )
    mean = _sign(search) * results[f"mean_test_{score}"][search.best_index_]
    return [
        ("Candidates", str(n_candidates)),
        ("Fits", f"{n_candidates * search.n_splits_:,}, {count(search.n_splits_, 'fold')} each"),
        ("Chosen by", _scoring(search)),
        ("Chosen", chosen),
        ("Its mean score", decimal(mean, 4)),
    ]


def _scoring(search: Any) -> str:
    name = _scorer(search)
    words = name.removeprefix("neg_").replace("_", " ").strip()
    return f"{words}, the lower the better" if _sign(search) < 0 else words


def _scorer(search: Any) -> str:
    if search.scoring is None:
        return "accuracy" if is_classifier(search.estimator) else "R²"
    return str(getattr(search.scoring, "__name__", search.scoring))


def _sign(search: Any) -> int:
    """-1 for an error, which is negated so that more is better, and which is shown as it is."""
    return -1 if _scorer(search).startswith("neg_") else 1


def _score_name(search: Any) -> str:
    ranks = (name for name in search.cv_results_ if name.startswith("rank_test_"))
    return next(ranks).removeprefix("rank_test_")


def search_section(search: Any) -> Section:
    """The candidates of a search, the best first."""
    results, score = search.cv_results_, _score_name(search)
    rank = f"rank_test_{score}"
    order = np.argsort(results[rank], kind="stable")[:MOST_CANDIDATES]
    names = sorted({name for params in results["params"] for name in params})
    rows = [
        [
            str(results[rank][k]),
            *(str(results["params"][k].get(name, "")) for name in names),
            decimal(_sign(search) * results[f"mean_test_{score}"][k], 4),
            decimal(results[f"std_test_{score}"][k], 4),
        ]
        for k in order
    ]
    header = ["rank", *(name.rpartition("__")[2] for name in names), "mean score", "sd over folds"]
    n_candidates = len(results["params"])
    caption = f"The best {len(rows)} of {n_candidates}" if len(rows) < n_candidates else "All"
    table = Table(f"{caption} candidates, on the training rows", header, rows)
    return Section("The search", [Facts(search_facts(search)), table])
