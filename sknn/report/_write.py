"""Files of a study: all of them complete, or the former ones as they were."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sknn.report._figures import producers_figures
from sknn.report._files_of_run import files_of_run
from sknn.report._key_features import key_features_figures
from sknn.report._metrics import producers_metrics
from sknn.report._study_yeast import yeast_metrics
from sknn.report._yeast_architectures_figures import yeast_figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sknn.studies import KeyFeaturesResult, ProducersResult, YeastResult

DPI = 150


def write_producers(result: ProducersResult, out: str | os.PathLike[str]) -> list[Path]:
    """Write what the producers study found to a directory.

    Every file is written in full before any of a former run is replaced, so a failure, an
    interrupt or the end of the process while writing leaves the former files as they were. Other
    files are left alone.

    Parameters
    ----------
    result : ProducersResult
        What :func:`sknn.studies.producers` returned.

    out : str or path-like
        The directory; made if there is none.

    Returns
    -------
    paths : list of Path
        The files: ``metrics.json`` with all figures, parameters and versions,
        ``history_none.csv`` and so on with every epoch of the first seed's training, and the
        figures of :func:`producers_figures` as PNG.

    Raises
    ------
    NotADirectoryError
        If `out` or a part of it is a file.

    PermissionError
        If `out` must not be written to.

    Examples
    --------
    >>> from sknn.report import write_producers
    >>> from sknn.studies import producers
    >>> paths = write_producers(producers(seeds=1, epochs=3), getfixture("tmp_path") / "output")
    >>> [path.name for path in paths if path.suffix == ".csv"]
    ['history_l1.csv', 'history_l2.csv', 'history_none.csv']
    """
    with _together(out) as (unfinished, paths):
        write_json(unfinished / "metrics.json", producers_metrics(result))
        for model in result:
            model.history.to_frame().to_csv(unfinished / f"history_{model.name}.csv")
        _write_figures(unfinished, producers_figures(result))
    return paths


def write_key_features(result: KeyFeaturesResult, out: str | os.PathLike[str]) -> list[Path]:
    """Write what the producers study found of the features to a directory.

    As :func:`write_producers`, every file or none.

    Parameters
    ----------
    result : KeyFeaturesResult
        What :func:`sknn.studies.producers_key_features` returned.

    out : str or path-like
        The directory; made if there is none.

    Returns
    -------
    paths : list of Path
        The files: ``key_features.csv`` with a row for each feature, ``key_feature_ranks.csv`` with
        how often each had each rank, and the figures of :func:`key_features_figures` as PNG.

    Raises
    ------
    NotADirectoryError
        If `out` or a part of it is a file.

    PermissionError
        If `out` must not be written to.

    Examples
    --------
    >>> from sknn.report import write_key_features
    >>> from sknn.studies import producers_key_features
    >>> result = producers_key_features(n_refits=2, epochs=2)
    >>> paths = write_key_features(result, getfixture("tmp_path") / "output")
    >>> [path.name for path in paths if path.suffix == ".csv"]
    ['key_feature_ranks.csv', 'key_features.csv']
    """
    with _together(out) as (unfinished, paths):
        result.to_frame().to_csv(unfinished / "key_features.csv")
        result.rank_counts().to_csv(unfinished / "key_feature_ranks.csv")
        _write_figures(unfinished, key_features_figures(result))
    return paths


def write_yeast(result: YeastResult, out: str | os.PathLike[str]) -> list[Path]:
    """Write what the yeast study found to a directory.

    As :func:`write_producers`, every file or none.

    Parameters
    ----------
    result : YeastResult
        What :func:`sknn.studies.yeast` returned.

    out : str or path-like
        The directory; made if there is none.

    Returns
    -------
    paths : list of Path
        The files: ``metrics.json`` with all figures, parameters and versions, ``results.csv`` with
        a row for each model, ``history_adam.csv`` and so on with every epoch of the first seed's
        training; and where the study has trained architectures, ``architectures.csv`` with a row
        for each training, and the figures of :func:`yeast_figures` as PNG.

    Raises
    ------
    NotADirectoryError
        If `out` or a part of it is a file.

    PermissionError
        If `out` must not be written to.

    Examples
    --------
    >>> from sknn.report import write_yeast
    >>> from sknn.studies import yeast
    >>> paths = write_yeast(yeast("yeast.csv", n_jobs=-1), "output")  # doctest: +SKIP
    >>> paths[0].name  # doctest: +SKIP
    'history_adam.csv'
    """
    with _together(out) as (unfinished, paths):
        write_json(unfinished / "metrics.json", yeast_metrics(result))
        frame = result.to_frame()
        frame.columns = [" ".join(names) for names in frame.columns]
        frame.to_csv(unfinished / "results.csv")
        for model in result:
            model.history.to_frame().to_csv(unfinished / f"history_{model.name}.csv")
        if result.architectures is not None:
            result.architectures.runs.to_csv(unfinished / "architectures.csv")
        _write_figures(unfinished, yeast_figures(result))
    return paths


@contextmanager
def _together(out: str | os.PathLike[str]) -> Iterator[tuple[Path, list[Path]]]:
    """A folder for unfinished files, and the list of where they are when all are finished."""
    directory, paths = output_directory(out), list[Path]()
    with files_of_run(directory, overwrite=True) as unfinished:
        yield unfinished, paths
        names = sorted(unfinished.iterdir(), key=lambda path: (path.suffix, path.name))
        paths += [directory / path.name for path in names]


def _write_figures(directory: Path, figures: dict[str, Figure]) -> None:
    for title, figure in figures.items():
        figure.savefig(directory / f"{title}.png", dpi=DPI)


def output_directory(out: str | os.PathLike[str]) -> Path:
    """Find or make the directory that files are to be written to.

    Parameters
    ----------
    out : str or path-like
        The directory.

    Returns
    -------
    directory : Path
        It, and it exists.

    Raises
    ------
    NotADirectoryError
        If `out` or a part of it is a file.

    PermissionError
        If `out` must not be written to.

    Examples
    --------
    >>> from sknn.report import output_directory
    >>> output_directory(getfixture("tmp_path") / "new" / "output").is_dir()
    True
    """
    directory = Path(out)
    for path in (directory, *directory.parents):
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(
                f"`out` must be a directory, or a path where one can be made, got {str(out)!r}: "
                f"{str(path)!r} is a file"
            )
    directory.mkdir(parents=True, exist_ok=True)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(f"`out` must be a directory that may be written to, got {str(out)!r}")
    return directory


def write_json(path: Path, tree: Any) -> None:
    """Write a tree of plain values, readable by people and by strict parsers."""
    text = json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
