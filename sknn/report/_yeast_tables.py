"""The tables of the yeast study, as text for a terminal or a text file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sknn.report._beside_tables import beside_table, show
from sknn.report._layout import layout, notes
from sknn.report._yeast_architectures import architectures_table
from sknn.studies import Spread

if TYPE_CHECKING:
    from sknn.studies import YeastModel, YeastResult


def yeast_tables(result: YeastResult) -> str:
    """Lay out what the yeast study found.

    Parameters
    ----------
    result : YeastResult
        What :func:`sknn.studies.yeast` returned.

    Returns
    -------
    text : str
        The look at the data; the four ways to train and the four regularisers over all seeds and
        on other splits; answers to the document's questions; every figure of the document beside
        ours, with a line on each that lies outside; and what to know when reading them.

    Examples
    --------
    >>> from sknn.report import yeast_tables
    >>> from sknn.studies import yeast
    >>> print(yeast_tables(yeast("yeast.csv", n_jobs=-1)))  # doctest: +SKIP
    The table: 1484 proteins, 62 of them duplicates of others
    ...
    """
    seeds = _count(len(result.seeds), "seed")
    parts = [
        _look(result),
        _models(f"Four ways to train, first split, {seeds}", result.optimizers),
        _untrained(result),
        _models(f"Four regularisers, second split, {seeds}", result.regularizers),
    ]
    if result.architectures is not None:
        parts.append(architectures_table(result))
    if result.tuned is not None:
        parts.append(_tuned(result))
    if len(result.optimizers[0].other_splits):
        parts.append(_other_splits(list(result)))
    titles = {model.name: _heading(model) for model in result}
    parts.append(
        beside_table(
            result.beside_document(),
            titles,
            f"Every figure of the document beside ours ({seeds}; % where not a loss)",
            digits=2,
        )
    )
    parts.append(_best(result))
    parts.append(notes(result.notes))
    return "\n\n".join(parts) + "\n"


def _look(result: YeastResult) -> str:
    table = result.table
    counts = ", ".join(f"{site} {count}" for site, count in table.class_counts.items())
    described = table.describe()
    header = ["", "mean", "sd", "lowest", "median", "highest", "missing"]
    rows = [
        [
            str(name),
            *(f"{described.loc[row, name]:.3f}" for row in ("mean", "std", "min", "50%", "max")),  # type: ignore[str-bytes-safe]
            str(table.n_missing[name]),
        ]
        for name in table.X.columns
    ]
    title = f"The table: {len(table.y)} proteins, {table.n_twins} of them duplicates of others"
    return f"{layout(title, header, rows)}\n{counts}"


def _models(title: str, models: Sequence[YeastModel]) -> str:
    """A row for each model; a column without any figure is left out."""
    columns = {
        "train loss": "train_loss",
        "valid loss": "valid_loss",
        "accuracy": "accuracy",
        "without twins": "accuracy_without_twins",
        "macro F1": "macro_f1",
    }
    shown = {
        header: [_mean_sd(figure, Spread.of(model.values(figure))) for model in models]
        for header, figure in columns.items()
    }
    shown = {header: cells for header, cells in shown.items() if set(cells) != {"–"}}
    rows = [list(row) for row in zip(map(_heading, models), *shown.values(), strict=True)]
    return layout(f"{title}: mean ± sd, losses and %", ["", *shown], rows)


def _other_splits(models: Sequence[YeastModel]) -> str:
    header = ["", "accuracy", "lowest – highest", "macro F1", "log loss"]
    rows = []
    for model in models:
        accuracy, macro_f1, loss = (
            Spread.of(model.other_splits[name]) for name in ("accuracy", "macro_f1", "log_loss")
        )
        rows.append(
            [
                _heading(model),
                _mean_sd("accuracy", accuracy),
                f"{show('accuracy', accuracy.lowest)} – {show('accuracy', accuracy.highest)}",
                _mean_sd("macro_f1", macro_f1),
                _mean_sd("log_loss", loss),
            ]
        )
    n_splits = _count(len(models[0].other_splits), "other split")
    return layout(
        f"Test rows of {n_splits}, one seed each: mean ± sd, in % or as loss", header, rows
    )


def _untrained(result: YeastResult) -> str:
    spread = Spread.of(result.untrained_accuracies)
    return (
        f"Never trained: accuracy {_mean_sd('accuracy', spread)} %, from "
        f"{show('accuracy', spread.lowest)} to {show('accuracy', spread.highest)} %. The document "
        "reports 8.75 %\nfor full-batch gradient descent, having tested a network never trained."
    )


def _tuned(result: YeastResult) -> str:
    model, search = result.tuned, result.search
    assert model is not None and search is not None
    chosen = ", ".join(
        f"{name.partition('__')[2]} = {value:g}" for name, value in search.best_params_.items()
    )
    table = _models("Tuned dropout and λ, second split", [model])
    n_tried = len(search.cv_results_["params"])
    return f"{table}\nChosen of {n_tried} by cross-validation on the training rows: {chosen}."


def _best(result: YeastResult) -> str:
    model = result.best
    return (
        f"Best by validation loss: {_heading(model)}, "
        f"{_mean_sd('valid_loss', model.last('valid_loss'))}."
    )


def _mean_sd(figure: str, spread: Spread) -> str:
    mean = show(figure, spread.mean)
    return "–" if mean == "–" else f"{mean} ± {show(figure, spread.sd)}"


def _heading(model: YeastModel) -> str:
    return model.title[0].upper() + model.title[1:]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
