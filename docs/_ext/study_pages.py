"""Runs the studies, small, for the pages that show their figures."""

import warnings
from pathlib import Path

from sphinx.application import Sphinx

SEEDS, EPOCHS = 3, 300


def run_studies(app: Sphinx) -> None:
    """Write tables and figures into ``docs/studies/generated``, unless they are there."""
    from sklearn.exceptions import ConvergenceWarning

    from sknn.report import producers_figures, producers_tables
    from sknn.studies import producers

    folder = Path(app.srcdir, "studies", "generated")
    tables = folder / "producers.txt"
    if tables.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        result = producers(seeds=SEEDS, epochs=EPOCHS, alternatives=True, n_jobs=1)
    figures = producers_figures(result)
    for name in ("training_none", "validation", "roc"):
        figures[name].savefig(folder / f"producers_{name}.png", dpi=150)
    # Last, as the mark that all is there.
    tables.write_text(producers_tables(result), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run them when a build begins."""
    app.connect("builder-inited", run_studies, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
