"""ColumnNormScaler: each column divided by its norm over the training rows."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import StrOptions, fit_context
from sknn.preprocessing._columns import validate_columns, validate_transformed

SPARSE = ("csr", "csc")


class ColumnNormScaler(CallbackSupportMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Divide each column by its norm over the training rows.

    The norms are learned in :meth:`fit`, and :meth:`transform` divides other rows by the same
    ones, so a row comes out the same whatever rows stand beside it. Nothing is centred: zeros stay
    zeros, signs stay signs, and a sparse matrix stays sparse.

    This is not :class:`sklearn.preprocessing.Normalizer`, which divides each *row* by its own norm.

    Parameters
    ----------
    norm : {"l1", "l2", "max"}, default="l2"
        The norm of a column: the sum of its absolute values, the square root of its sum of
        squares, or its largest absolute value.

    copy : bool, default=True
        Whether to leave the data given to :meth:`transform` and :meth:`inverse_transform` as they
        are. With False an array or CSR or CSC matrix of floats is scaled in place.

    Attributes
    ----------
    norms_ : ndarray of shape (n_features,), dtype float64
        What each column is divided by: its norm over the training rows, or 1 where that is zero,
        so that an all-zero column is left as it is.

    n_features_in_ : int
        Number of columns seen in :meth:`fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in :meth:`fit`, if they all have names that are strings.

    See Also
    --------
    sklearn.preprocessing.normalize : With ``axis=0``, the same for one table, without keeping
        the norms for other rows.
    sklearn.preprocessing.StandardScaler : Centres each column, and divides by its deviation.

    Notes
    -----
    With training rows :math:`i = 1 \dots n`, column :math:`j` is divided by

    .. math::

        \lVert x_j \rVert_1 = \sum_i |x_{ij}|, \qquad
        \lVert x_j \rVert_2 = \Big(\sum_i x_{ij}^2\Big)^{1/2}, \qquad
        \lVert x_j \rVert_\infty = \max_i |x_{ij}|.

    The sums are taken in float64 over :math:`x_{ij} / \lVert x_j \rVert_\infty`, as in BLAS'
    ``nrm2``, so that no square of a very large or very small value overflows or vanishes.

    The L1 and L2 norms grow with the number of rows: a column of ordinary values comes out of
    order :math:`n^{-1}` or :math:`n^{-1/2}`.

    NaN counts as a missing value, as in scikit-learn's scalers: it adds nothing to a norm, and
    :meth:`transform` keeps it. A column of nothing else is divided by 1.

    Examples
    --------
    >>> from sknn.preprocessing import ColumnNormScaler
    >>> X = [[3.0, 10.0, 0.0], [4.0, 0.0, 0.0]]
    >>> scaler = ColumnNormScaler().fit(X)
    >>> scaler.norms_
    array([ 5., 10.,  1.])
    >>> scaler.transform([[1.0, -5.0, 2.0]])
    array([[ 0.2, -0.5,  2. ]])
    >>> scaler.inverse_transform([[0.2, -0.5, 2.0]])
    array([[ 1., -5.,  2.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "norm": [StrOptions({"l1", "l2", "max"})],
        "copy": ["boolean"],
    }

    norms_: NDArray[np.float64]
    n_features_in_: int

    def __init__(self, norm: str = "l2", *, copy: bool = True) -> None:
        self.norm = norm
        self.copy = copy

    @fit_context(prefer_skip_nested_validation=True)
    @np.errstate(all="ignore")  # what passes the largest float64 ends in an error
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the norm of each column.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training rows.

        y : None
            Ignored.

        Returns
        -------
        self : ColumnNormScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X holds an infinite value, or values so large that a norm passes the largest
            float64.
        """
        checked = validate_columns(self, X, accept_sparse=SPARSE)
        callbacks = self._init_callback_context()
        callbacks.call_on_fit_task_begin(estimator=self, X=X, y=y)

        norms = _column_norms(checked, self.norm)
        too_large = np.flatnonzero(~np.isfinite(norms))
        if too_large.size:
            raise ValueError(
                f"the {self.norm} norm of every column of X must be at most "
                f"{np.finfo(np.float64).max:.3g}, the largest float64, which column "
                f"{too_large[0]} passes; rescale X, or use norm='max'"
            )
        self.norms_ = _nonzero(norms)

        callbacks.call_on_fit_task_end(
            estimator=self,
            X=X,
            y=y,
            reconstruction_attributes=lambda: {"norms_": self.norms_.copy()},
        )
        return self

    def transform(self, X: Any) -> Any:
        """Divide each column by its norm over the training rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to scale.

        Returns
        -------
        X_scaled : {ndarray, sparse matrix} of shape (n_samples, n_features)
            The scaled rows; float32 in, float32 out.
        """
        check_is_fitted(self)
        X = validate_columns(
            self, X, accept_sparse=SPARSE, reset=False, copy=self.copy, force_writeable=True
        )
        return self._rescale(X, np.divide)

    def inverse_transform(self, X: Any) -> Any:
        """Multiply each column by its norm over the training rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Scaled rows.

        Returns
        -------
        X_original : {ndarray, sparse matrix} of shape (n_samples, n_features)
            The rows on their original scale.
        """
        check_is_fitted(self)
        X = validate_transformed(
            self,
            X,
            self.n_features_in_,
            accept_sparse=SPARSE,
            copy=self.copy,
            force_writeable=True,
        )
        return self._rescale(X, np.multiply)

    def _rescale(self, X: Any, operation: np.ufunc) -> Any:
        """Apply ``operation`` with each column's norm, in place."""
        is_sparse = sparse.issparse(X)
        values = X.data if is_sparse else X
        norms = self.norms_[_columns_of_stored(X)] if is_sparse else self.norms_
        # The norms stay float64 for float32 X: a norm may pass float32's range where no
        # value of the column does.
        with np.errstate(under="ignore"):  # an overflow is NumPy's to report, as the caller asks
            operation(values, norms, out=values, casting="same_kind")
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _column_norms(X: Any, norm: str) -> NDArray[np.float64]:
    """Norm of each column, NaN left out; inf where it passes the largest float64."""
    norms_of = _sparse_column_norms if sparse.issparse(X) else _dense_column_norms
    return norms_of(X, norm)


def _dense_column_norms(X: NDArray[Any], norm: str) -> NDArray[np.float64]:
    magnitudes = _magnitudes(X)
    peaks: NDArray[np.float64] = magnitudes.max(axis=0)
    if norm == "max":
        return peaks
    magnitudes /= _nonzero(peaks)
    if norm == "l1":
        return peaks * magnitudes.sum(axis=0)
    return peaks * np.sqrt(np.square(magnitudes, out=magnitudes).sum(axis=0))


def _sparse_column_norms(X: Any, norm: str) -> NDArray[np.float64]:
    if not X.has_canonical_format:
        # An entry stored in parts is one value: |a + b|, not |a| + |b|.
        X = X.copy()
        X.sum_duplicates()
    n_features = X.shape[1]
    columns = _columns_of_stored(X)
    magnitudes = _magnitudes(X.data)
    peaks = np.zeros(n_features)
    np.maximum.at(peaks, columns, magnitudes)
    if norm == "max":
        return peaks
    magnitudes /= _nonzero(peaks)[columns]
    if norm == "l1":
        return peaks * np.bincount(columns, magnitudes, n_features)
    return peaks * np.sqrt(np.bincount(columns, np.square(magnitudes), n_features))


def _columns_of_stored(X: Any) -> NDArray[np.integer]:
    """Column index of each stored value of a CSR or CSC matrix."""
    if X.format == "csr":
        indices: NDArray[np.integer] = X.indices
        return indices
    return np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))


def _magnitudes(values: NDArray[Any]) -> NDArray[np.float64]:
    """Absolute values as a new float64 array, with zero for NaN."""
    magnitudes: NDArray[np.float64] = np.abs(values, dtype=np.float64)
    magnitudes[np.isnan(magnitudes)] = 0.0
    return magnitudes


def _nonzero(norms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with 1 for 0, to divide by."""
    return np.where(norms == 0.0, 1.0, norms)
