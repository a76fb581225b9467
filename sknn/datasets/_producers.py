"""load_producers: the table behind the question which of three companies made a product."""

from __future__ import annotations

from typing import Any

from sklearn.datasets import load_wine
from sklearn.utils import Bunch

from sknn._sklearn_compat import validate_params
from sknn.datasets._table import Table, deliver

# In the order of scikit-learn's columns.
_FEATURE_NAMES = [
    "alcohol",
    "malic acid",
    "ash",
    "alkalinity of ash",
    "magnesium",
    "total phenols",
    "flavanoids",
    "nonflavanoid phenols",
    "proanthocyanins",
    "color intensity",
    "hue",
    "OD280/OD315 of diluted wines",
    "proline",
]

_DESCRIPTION = """\
Producers: which of three companies made this product?

178 products (wines of one region), 13 chemical measurements of each, and the company that made it:
59 by producer 1, 71 by producer 2, 48 by producer 3. All measurements are positive numbers, none is
missing.

The table is the Wine data of the UCI Machine Learning Repository (Aeberhard and Forina, 1992,
https://doi.org/10.24432/C5PC7J), in the copy that comes with scikit-learn, whose classes 0, 1 and 2
are the producers 1, 2 and 3.
"""


@validate_params(
    {"return_X_y": ["boolean"], "as_frame": ["boolean"]}, prefer_skip_nested_validation=True
)
def load_producers(*, return_X_y: bool = False, as_frame: bool = False) -> Bunch | tuple[Any, Any]:
    """Load the producers table: 178 products, 13 chemical measurements, 3 companies.

    It is the Wine data that comes with scikit-learn, with producers 1, 2 and 3 for labels and
    readable names for columns. Nothing is downloaded.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        Whether ``data`` is a pandas DataFrame and ``target`` a Series, named ``"producer"``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The table, unless ``return_X_y``:

        data : {ndarray, DataFrame} of shape (178, 13)
            The measurements.
        target : {ndarray, Series} of shape (178,)
            The producer of each product: 1, 2 or 3.
        feature_names : list of str
            Names of the measurements.
        target_names : list of str
            Names of the producers, in the order of the sorted labels.
        frame : DataFrame of shape (178, 14) or None
            Measurements and producer together, if ``as_frame``.
        DESCR : str
            What the table is and where it is from.

    (data, target) : tuple
        If ``return_X_y``.

    See Also
    --------
    sklearn.datasets.load_wine : The same rows, with classes 0, 1 and 2.

    Examples
    --------
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True, as_frame=True)
    >>> X.shape
    (178, 13)
    >>> y.value_counts(sort=False).to_dict()
    {1: 59, 2: 71, 3: 48}
    """
    wine = load_wine()
    table = Table(
        data=wine.data,
        target=wine.target + 1,
        feature_names=_FEATURE_NAMES,
        target_column="producer",
        target_names=["producer 1", "producer 2", "producer 3"],
        description=_DESCRIPTION,
    )
    return deliver(table, return_X_y=return_X_y, as_frame=as_frame)
