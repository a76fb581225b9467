"""load_yeast: the table behind the question where in the cell a protein sits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import fetch_openml
from sklearn.utils import Bunch

from sknn._sklearn_compat import validate_params
from sknn.datasets._table import Table, deliver
from sknn.datasets._yeast_file import FEATURES, read_yeast_file

_OPENML_ID = 181

_DESCRIPTION = """\
Yeast: where in the cell does this protein sit?

1484 proteins of yeast, 8 features computed from the sequence of each, and one of 10 sites:
cytosol (CYT, 463), nucleus (NUC, 429), mitochondria (MIT, 244), membrane without N-terminal signal
(ME3, 163), membrane with uncleaved signal (ME2, 51), membrane with cleaved signal (ME1, 44),
extracellular (EXC, 35), vacuole (VAC, 30), peroxisome (POX, 20), lumen of the endoplasmic reticulum
(ERL, 5).

Features: mcg, gvh (signal sequence recognition, by McGeoch and by von Heijne), alm (membrane
spanning regions), mit (mitochondrial N-terminal region), erl (retention signal HDEL), pox
(peroxisomal targeting signal), vac (vacuolar and extracellular proteins), nuc (nuclear localization
signals). None is missing. Some rows are exact duplicates of others, so that an ordinary split puts
twins on both sides.

The table is the Yeast data of the UCI Machine Learning Repository (Nakai, 1991,
https://doi.org/10.24432/C5KG68, CC BY 4.0), number 181 on OpenML.
"""


@validate_params(
    {
        "path": [str, os.PathLike, None],
        "data_home": [str, os.PathLike, None],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_yeast(
    path: str | os.PathLike[str] | None = None,
    *,
    data_home: str | os.PathLike[str] | None = None,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Bunch | tuple[Any, Any]:
    """Load the Yeast table: 1484 proteins, 8 features, 10 sites in the cell.

    Parameters
    ----------
    path : str, path-like or None, default=None
        A file that holds the table: a CSV whose header names the columns ``mcg``, ``gvh``,
        ``alm``, ``mit``, ``erl``, ``pox``, ``vac``, ``nuc`` and, as ``localization_site``,
        ``class`` or ``name``, the site; or ``yeast.data`` as the UCI repository has it. With None
        the table comes from OpenML, and is downloaded the first time only.

    data_home : str, path-like or None, default=None
        The folder in which scikit-learn keeps what it has downloaded, by default
        ``scikit_learn_data`` in the home folder. Not used with ``path``.

    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        Whether ``data`` is a pandas DataFrame and ``target`` a Series, named
        ``"localization_site"``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The table, unless ``return_X_y``:

        data : {ndarray, DataFrame} of shape (n_samples, 8)
            The features; 1484 rows in the whole table.
        target : {ndarray, Series} of shape (n_samples,)
            The site of each protein: ``"CYT"``, ``"NUC"``, ``"MIT"``, ...
        feature_names : list of str
            Names of the features.
        target_names : list of str
            The sites that occur, sorted.
        frame : DataFrame of shape (n_samples, 9) or None
            Features and site together, if ``as_frame``.
        DESCR : str
            What the table is and where it is from.

    (data, target) : tuple
        If ``return_X_y``.

    Raises
    ------
    FileNotFoundError
        If ``path`` does not exist.

    ValueError
        If the file is not the Yeast table; says which line is at fault, and why.

    OSError
        If there is no ``path``, and OpenML cannot be reached.

    Examples
    --------
    A file in the form of the UCI repository:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from sknn.datasets import load_yeast
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "yeast.data")
    ...     _ = path.write_text("ADT1_YEAST  0.58 0.61 0.47 0.13 0.50 0.00 0.48 0.22  MIT")
    ...     X, y = load_yeast(path, return_X_y=True, as_frame=True)
    >>> X
        mcg   gvh   alm   mit  erl  pox   vac   nuc
    0  0.58  0.61  0.47  0.13  0.5  0.0  0.48  0.22
    >>> y.tolist()
    ['MIT']
    """
    if path is None:
        data, target = _fetch(data_home)
    else:
        data, target = read_yeast_file(Path(path).expanduser())
    table = Table(
        data=data,
        target=target,
        feature_names=list(FEATURES),
        target_column="localization_site",
        target_names=np.unique(target).tolist(),
        description=_DESCRIPTION,
    )
    return deliver(table, return_X_y=return_X_y, as_frame=as_frame)


def _fetch(
    data_home: str | os.PathLike[str] | None,
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Get the table from OpenML, or from what scikit-learn has kept of it."""
    try:
        bunch = fetch_openml(data_id=_OPENML_ID, data_home=data_home, as_frame=False)
    # OpenML's own refusals reach us as ValueError.
    except (OSError, ValueError) as error:
        raise OSError(
            "load_yeast() without `path` takes the table from OpenML "
            f"(data_id={_OPENML_ID}), which failed: {error}. Without a network, get yeast.data of "
            "the UCI Machine Learning Repository (https://doi.org/10.24432/C5KG68) elsewhere and "
            "pass its location as `path`, or pass as `data_home` a scikit-learn data folder that "
            "already holds the table"
        ) from error
    names = [name.lower() for name in bunch.feature_names]
    if sorted(names) != sorted(FEATURES):
        raise ValueError(
            f"the table that OpenML has under data_id={_OPENML_ID} must have the features "
            f"{', '.join(FEATURES)}, got {', '.join(bunch.feature_names)}; pass a file as `path`"
        )
    order = [names.index(feature) for feature in FEATURES]
    data = np.asarray(bunch.data, dtype=np.float64)[:, order]
    return data, np.asarray(bunch.target, dtype=np.str_)
