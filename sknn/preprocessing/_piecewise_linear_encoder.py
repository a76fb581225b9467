"""PiecewiseLinearEncoder: one column becomes several, each of them linear within one bin."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import (
    Interval,
    StrOptions,
    align_api_if_sparse,
    check_feature_names_in,
    fit_context,
)
from sknn.preprocessing._bins import Bins, make_tree, quantile_edges, tree_edges
from sknn.preprocessing._columns import present_rows, validate_columns, validate_transformed

# Rows that are encoded at once on their way into a sparse matrix.
CHUNK = 4096


class PiecewiseLinearEncoder(TransformerMixin, BaseEstimator):
    r"""Encode each numeric column by the bins that its values have passed.

    A column becomes as many columns as it has bins. Each of them is 0 below its bin, 1 above it,
    and rises linearly within it. A linear layer on top of them is a piecewise linear function of
    the value, where it would be a straight line on the value itself.

    Parameters
    ----------
    n_bins : int, default=8
        The largest number of bins of a column, at least 2. A column with few different values has
        fewer.

    strategy : {"quantile", "tree"}, default="quantile"
        Where bins end: at quantiles of the column, or where a decision tree that predicts the
        target from this column alone splits it. "tree" needs `y` in :meth:`fit`.

    target_type : {"auto", "classes", "numbers"}, default="auto"
        What `y` holds, for ``strategy="tree"``. "auto" takes floats for numbers, and integers as
        well if they have more than 50 different values; whatever else for classes.

    min_weight_fraction_leaf : float, default=0.02
        The smallest share of all weight that a bin of ``strategy="tree"`` may hold, at most 0.5.
        A narrow bin at either end would make large numbers of values beyond it.

    sparse_output : bool, default=False
        Whether to return a CSR matrix. Usually about half of all entries are zero, so that it
        takes a fifth less memory in float64, and a little more in float32; see Notes.

    Attributes
    ----------
    bin_edges_ : ndarray of shape (n_features,), dtype object
        For each column its edges in ascending order, an array of shape (n_bins_[j] + 1,). A
        constant column has its value twice, one without values 0 twice.

    n_bins_ : ndarray of shape (n_features,), dtype int64
        The number of bins of each column; their sum is that of the columns that come out,
        n_entries.

    n_features_in_ : int
        Number of columns seen in :meth:`fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in :meth:`fit`, if they all have names that are strings.

    See Also
    --------
    RobustSmoothScaler : One column for each, with outliers brought near.
    sklearn.preprocessing.KBinsDiscretizer : The bins alone: the place within a bin is lost.
    sklearn.preprocessing.SplineTransformer : With ``degree=1`` columns that span the same
        functions, of hats instead of steps, as long as its values are clipped.

    Notes
    -----
    With the edges :math:`b_0 < b_1 < \dots < b_T` of a column, its value :math:`x` becomes [1]_

    .. math::

        e_t = \min\Big(u_t, \max\Big(l_t, \frac{x - b_{t-1}}{b_t - b_{t-1}}\Big)\Big),
        \qquad t = 1, \dots, T,

    where :math:`l_t = 0` and :math:`u_t = 1`, except :math:`l_1 = -\infty` and
    :math:`u_T = \infty`: values beyond those of the training rows are told apart, and
    :meth:`inverse_transform` exists for all. A constant column becomes one column of zeros.

    Quantiles are those of NumPy's method ``"inverted_cdf"``: values of training rows, of which a
    row of weight 2 counts as two; equal ones are one edge. Trees are fitted to the ranks of the
    values, since scikit-learn's compare values in float32; numbers to be predicted are
    standardised first, so that several of them count the same.

    NaN counts as a missing value: :meth:`fit` leaves it out, and all columns that it becomes are
    NaN, for an imputer behind the encoder. An imputer in front of it is the alternative. Zeros
    would say the smallest value. Infinite values are refused, and so are sparse matrices.

    Entry :math:`t` is zero for values up to :math:`b_{t-1}`. With bins from quantiles the share of
    entries that are not zero is :math:`(T + 1) / 2T`. Each of these takes 12 bytes in a CSR
    matrix, where a dense array takes 8 for every entry (8 and 4 in float32). A sparse output is of
    use next to other sparse columns, or where most values are the smallest one.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev, A. Babenko (2022). On Embeddings for Numerical Features in
       Tabular Deep Learning. NeurIPS. https://arxiv.org/abs/2203.05556

    Examples
    --------
    >>> from sknn.preprocessing import PiecewiseLinearEncoder
    >>> X = [[0.0], [1.0], [2.0], [10.0]]
    >>> encoder = PiecewiseLinearEncoder(n_bins=2).fit(X)
    >>> encoder.bin_edges_[0]
    array([ 0.,  1., 10.])
    >>> encoder.transform([[0.5], [1.0], [10.0], [28.0]])
    array([[0.5, 0. ],
           [1. , 0. ],
           [1. , 1. ],
           [1. , 3. ]])

    Bins that a tree finds:

    >>> tree = PiecewiseLinearEncoder(n_bins=2, strategy="tree").fit(X, ["no", "no", "no", "yes"])
    >>> tree.bin_edges_[0]
    array([ 0.,  6., 10.])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "strategy": [StrOptions({"quantile", "tree"})],
        "target_type": [StrOptions({"auto", "classes", "numbers"})],
        "min_weight_fraction_leaf": [Interval(Real, 0.0, 0.5, closed="both")],
        "sparse_output": ["boolean"],
    }

    bin_edges_: NDArray[np.object_]
    n_bins_: NDArray[np.int64]
    n_features_in_: int

    def __init__(
        self,
        n_bins: int = 8,
        *,
        strategy: Literal["quantile", "tree"] = "quantile",
        target_type: Literal["auto", "classes", "numbers"] = "auto",
        min_weight_fraction_leaf: float = 0.02,
        sparse_output: bool = False,
    ) -> None:
        self.n_bins = n_bins
        self.strategy = strategy
        self.target_type = target_type
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.sparse_output = sparse_output

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find the bins of each column.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The training rows.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The target. Ignored unless ``strategy="tree"``.

        sample_weight : array-like of shape (n_samples,), default=None
            How many rows each row counts for; None for one each. Not negative.

        Returns
        -------
        self : PiecewiseLinearEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If X holds an infinite value, a column spans more than the largest float64, or a tree
            is to be fitted without `y`.
        """
        if self.strategy == "tree":
            X, y = validate_columns(self, X, y, multi_output=True)
        else:
            X = validate_columns(self, X)
        weights, is_present = present_rows(X, sample_weight)
        if self.strategy == "tree":
            # One column leaves a tree nothing to draw.
            settings = {
                "max_leaf_nodes": self.n_bins,
                "min_weight_fraction_leaf": self.min_weight_fraction_leaf,
                "random_state": 0,
            }
            tree, y = make_tree(y, weights, self.target_type, **settings)
        self.bin_edges_ = np.empty(X.shape[1], object)
        for j, rows in enumerate(is_present.T):
            values, of_rows = X[rows, j].astype(np.float64), weights[rows]
            if not rows.any():
                edges = np.zeros(1)
            elif self.strategy == "tree":
                edges = tree_edges(values, tree, y[rows], of_rows)
            else:
                edges = quantile_edges(values, of_rows, self.n_bins)
            self.bin_edges_[j] = edges if len(edges) > 1 else np.repeat(edges, 2)
        self.n_bins_ = np.array([len(edges) - 1 for edges in self.bin_edges_], np.int64)
        return self

    def transform(self, X: Any) -> Any:
        """Encode columns.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The rows to encode.

        Returns
        -------
        X_encoded : ndarray or CSR matrix of shape (n_samples, n_entries)
            The columns of each column, one after the other, and NaN in all of them where `X` has
            it; float32 in, float32 out.
        """
        check_is_fitted(self)
        X = validate_columns(self, X, reset=False)
        if not self.sparse_output:
            return self._encode(X)
        chunks = [sparse.csr_array(self._encode(X[rows])) for rows in gen_batches(len(X), CHUNK)]
        return align_api_if_sparse(sparse.vstack(chunks, format="csr"))

    def inverse_transform(self, X: Any) -> Any:
        """Undo the encoding.

        Parameters
        ----------
        X : {array-like, sparse matrix} or data frame of shape (n_samples, n_entries)
            Encoded rows.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            The values, up to rounding; a constant column has its constant.
        """
        check_is_fitted(self)
        X = validate_transformed(self, X, int(self.n_bins_.sum()), accept_sparse="csr")
        X = cast(Any, X).toarray() if sparse.issparse(X) else X
        first = np.cumsum(self.n_bins_) - self.n_bins_
        lowest = np.array([edges[0] for edges in self.bin_edges_])
        steps = np.add.reduceat(X * Bins.of(self.bin_edges_).widths, first, axis=1)
        return (lowest + steps).astype(X.dtype, copy=False)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the encoded columns: ``size_bin_0``, ``size_bin_1`` and so on.

        Parameters
        ----------
        input_features : array-like of shape (n_features,), default=None
            Names of the columns that :meth:`fit` has seen; None for those that it saw, or x0, x1
            and so on.

        Returns
        -------
        names : ndarray of shape (n_entries,), dtype object
            The names.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        pairs = zip(names, self.n_bins_, strict=True)
        return np.array([f"{name}_bin_{t}" for name, n in pairs for t in range(n)], object)

    def _encode(self, X: NDArray[Any]) -> NDArray[Any]:
        bins = Bins.of(self.bin_edges_)
        # In float64 also for float32 columns, whose values may be close together and far from 0.
        encoded = X[:, bins.columns] - bins.starts
        encoded /= np.where(bins.widths > 0, bins.widths, 1.0)
        return encoded.clip(bins.lower, bins.upper, out=encoded).astype(X.dtype, copy=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.strategy == "tree"
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
