"""The producers study within its runs, and answers to what its document leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sknn.report._blocks import Block, Notes, Section, Table
from sknn.report._study_parts import histories_of, history_picture, share
from sknn.report._words import count, points

if TYPE_CHECKING:
    from sknn.studies import ProducersResult, ProducersRuns


def title_of(model: ProducersRuns, result: ProducersResult) -> str:
    """The model's title, and how many epochs it ran for where that is no matter of course."""
    n_epochs = len(model.history)
    return model.title if n_epochs == result.epochs else f"{model.title}, {n_epochs} epochs"


def course_table(result: ProducersResult) -> Table:
    """What happens within a run: spikes, exact zeros, over-fitting."""
    header = ["", "sd", "re-run", "spikes", "zeros", "lowest at", "last / lowest"]
    rows = []
    for model in result:
        rerun = getattr(model, "rerun", None)
        rows.append(
            [
                title_of(model, result),
                share(model.wobble),
                points(rerun.wobble) if rerun else "–",
                points(model.spikes.mean),
                _zeros(model),
                f"{model.turning_epoch:.0f}",
                f"{model.overfit.mean:.2f}",
            ]
        )
    caption = (
        "Within a run, means over seeds. In the second half: sd of the accuracy in points, epochs "
        "with a spike of the training loss in %. Zeros: weights of each layer in %, first seed. "
        "Test loss: median epoch where it is lowest, last over lowest"
    )
    return Table(caption, header, rows)


def open_questions_section(result: ProducersResult) -> Section:
    """The course of the runs; with the alternatives, what they answer."""
    names = {model.name for model in result.alternatives}
    if not {"adam", "l1_prox"} <= names:
        return Section("Within a run", [course_table(result)])
    l1, prox, adam = result["l1"], result["l1_prox"], result["adam"]
    answers = (
        "An L1 gradient without spikes: a rate that falls to nothing. The training loss spikes in "
        f"{points(prox.spikes.mean)} % of the epochs with it, in {points(l1.spikes.mean)} % at a "
        f"constant rate. Proximal steps besides make {_zeros(prox)} % of the three layers' weights "
        f"exactly zero; the document's make {_zeros(l1)} %.",
        f"A learning rate that adapts: Adam, on standardised columns, {_epochs(adam)}, has an "
        f"accuracy of {share(adam.accuracy)} % on the test rows.",
        "A scientific way to find the key features: ranks over hundreds of refits, and what a "
        "shuffle of each feature costs, by `sknn study producers --key-features`.",
    )
    blocks: list[Block] = [course_table(result), Notes(answers)]
    for title, subset, models in (
        ("Loss on the training rows, L1 by subgradient and by prox", "train", (l1, prox)),
        ("Loss on the test rows, L1 and what one would do instead", "valid", (l1, prox, adam)),
    ):
        histories: dict[str, Any] = {m.title: histories_of(m.curves) for m in models}
        caption = f"Median over {count(len(result.seeds), 'seed')}, and the middle 80 % of them."
        names_of_rows = {"valid": "test rows"}
        blocks.append(
            history_picture(
                histories, "loss", title, caption, subset=subset, subset_names=names_of_rows
            )
        )
    return Section("What the document leaves open", blocks)


def _epochs(model: ProducersRuns) -> str:
    return count(len(model.history), "epoch")


def _zeros(model: ProducersRuns) -> str:
    return " / ".join(f"{100 * each:.0f}" for each in model.zeros)
