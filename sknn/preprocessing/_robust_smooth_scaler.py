"""RobustSmoothScaler: columns scaled by their quartiles, and outliers brought near."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import fit_context
from sknn.preprocessing._columns import (
    LARGEST,
    present_rows,
    validate_columns,
    validate_transformed,
)

# All values come to lie between this and its negative.
BOUND = 3.0


class RobustSmoothScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Scale columns by their median and quartiles, then compress outliers smoothly.

    The median becomes 0, the distance between the quartiles 1, and all values lie between -3
    and 3. Unlike clipping, the compression keeps the order of the values, so it can be undone.
    It has no parameters.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,), dtype float64
        The median of each column; 0 for a column without values.

    scale_ : ndarray of shape (n_features,), dtype float64
        The distance between the quartiles of each column; half its range where the quartiles are
        equal; 0 for a constant column or one without values, which becomes 0.

    n_features_in_ : int
        Number of columns seen in :meth:`fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in :meth:`fit`, if they all have names that are strings.

    See Also
    --------
    sklearn.preprocessing.RobustScaler : The first of the two steps, with other quantiles.
    sklearn.preprocessing.StandardScaler : Scales by mean and standard deviation, which outliers
        dominate.
    PiecewiseLinearEncoder : Several columns for one.

    Notes
    -----
    With the quartiles :math:`q_{1/4}, q_{3/4}`, the median :math:`q_{1/2}` and the range
    :math:`[a, b]` of a column over the training rows [1]_,

    .. math::

        z = \frac{x - q_{1/2}}{s}, \qquad
        s = \begin{cases} q_{3/4} - q_{1/4} & \text{if that is positive,} \\
        (b - a) / 2 & \text{otherwise,} \end{cases} \qquad
        x \mapsto \frac{z}{\sqrt{1 + (z/3)^2}}.

    Quantiles are those of NumPy's method ``"averaged_inverted_cdf"``, so that a row of weight 2
    counts as two rows. :class:`~sklearn.preprocessing.RobustScaler` interpolates linearly, which
    makes a difference of less than the distance to the next value.

    NaN counts as a missing value: :meth:`fit` leaves it out, and :meth:`transform` keeps it.
    Infinite values are refused, and so are sparse matrices, whose zeros would not stay zeros.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart (2024). Better by Default: Strong Pre-Tuned
       MLPs and Boosted Trees on Tabular Data. NeurIPS. https://arxiv.org/abs/2407.04491

    Examples
    --------
    >>> from sknn.preprocessing import RobustSmoothScaler
    >>> scaler = RobustSmoothScaler().fit([[1.0], [2.0], [3.0], [4.0], [5.0]])
    >>> scaler.center_, scaler.scale_
    (array([3.]), array([2.]))
    >>> scaler.transform([[3.0], [5.0], [1000.0]]).round(3)
    array([[0.   ],
           [0.949],
           [3.   ]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    center_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    n_features_in_: int

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn the median and the quartiles of each column.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The training rows.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            How many rows each row counts for; None for one each. Not negative.

        Returns
        -------
        self : RobustSmoothScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X holds an infinite value, or a column spans more than the largest float64.
        """
        X = validate_columns(self, X)
        weights, is_present = present_rows(X, sample_weight)
        quantiles = np.zeros((5, X.shape[1]))
        for j, rows in enumerate(is_present.T):
            if rows.any():
                quantiles[:, j] = weighted_quartiles(X[rows, j], weights[rows])
        low, first, self.center_, third, high = quantiles
        self.scale_ = np.where(third > first, third - first, (high - low) / 2)
        return self

    def transform(self, X: Any) -> Any:
        """Scale columns and compress outliers.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The rows to scale.

        Returns
        -------
        X_scaled : ndarray of shape (n_samples, n_features)
            Numbers between -3 and 3, and NaN where `X` has it; float32 in, float32 out.
        """
        check_is_fitted(self)
        X = validate_columns(self, X, reset=False)
        with np.errstate(over="ignore", under="ignore"):
            z = (X - self.center_) / np.where(self.scale_ > 0, self.scale_, 1.0)
            # Infinity over infinity would be NaN, and its limit is the bound.
            largest = np.where(self.scale_ > 0, LARGEST, 0.0)
            z = z.clip(-largest, largest)
            return (z / np.hypot(1.0, z / BOUND)).astype(X.dtype, copy=False)

    def inverse_transform(self, X: Any) -> Any:
        """Undo the scaling.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Scaled rows, with numbers between -3 and 3, both excluded.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            The rows on their original scale; a constant column has its constant.

        Raises
        ------
        ValueError
            If a number is outside. Outliers from about 10^8 times `scale_` away (in float32 10^4)
            are rounded to 3, and cannot be brought back.
        """
        check_is_fitted(self)
        X = validate_transformed(self, X, self.n_features_in_)
        outside = np.argwhere(np.abs(X) >= BOUND)
        if len(outside):
            i, j = outside[0]
            raise ValueError(
                f"X must hold numbers between -{BOUND:g} and {BOUND:g}, both excluded, got "
                f"{X[i, j]:g} in row {i} of column {j}: outliers that far away cannot be undone"
            )
        with np.errstate(under="ignore"):
            share = X / np.float64(BOUND)
            z = X / np.sqrt((1.0 - share) * (1.0 + share))
            return (self.center_ + self.scale_ * z).astype(X.dtype)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def weighted_quartiles(values: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minimum, quartiles, median and maximum, such that a weight of 2 is the same as a value twice.

    They are the mean of each quantile counted from below and from above, NumPy's method
    "averaged_inverted_cdf", which NumPy has without weights only.

    Parameters
    ----------
    values : ndarray of shape (n,)
        At least one, none of them missing.
    weights : ndarray of shape (n,)
        Positive.

    Returns
    -------
    quartiles : ndarray of shape (5,)
        In ascending order.
    """
    levels, values = np.linspace(0, 1, 5), values.astype(np.float64)
    below = np.quantile(values, levels, weights=weights, method="inverted_cdf")
    above = -np.quantile(-values, 1 - levels, weights=weights, method="inverted_cdf")
    return below + (above - below) / 2
