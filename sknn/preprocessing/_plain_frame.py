"""`PlainFrame`: the first step for tables whose columns are of other libraries' types."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn._frames import is_frame, plain_frame


class PlainFrame(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Turn a data frame of any library into a pandas one of NumPy's values.

    The same table then gives the same numbers whether it is pandas', polars' or pyarrow's, and
    whatever stands for a missing value in it: that becomes NaN. Arrays are left as they are.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in :meth:`fit`.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in :meth:`fit`, if they all have names that are strings.

    See Also
    --------
    make_table_transformer : Has it as its first steps.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn.preprocessing import PlainFrame
    >>> X = pd.DataFrame({"size": [3.0, None], "site": ["a", None]}).convert_dtypes()
    >>> PlainFrame().fit_transform(X).to_numpy().tolist()
    [[3.0, 'a'], [nan, nan]]
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Remember the columns.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The table.
        y : None
            Ignored.

        Returns
        -------
        self : PlainFrame
            The transformer.
        """
        self._check(X, reset=True)
        return self

    def transform(self, X: Any) -> Any:
        """Convert the frame.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            The table.

        Returns
        -------
        X_plain : DataFrame or ndarray of shape (n_samples, n_features)
            The same table.

        Raises
        ------
        ValueError
            If the columns are not those seen in :meth:`fit`.
        """
        check_is_fitted(self)
        return self._check(X, reset=False)

    def _check(self, X: Any, *, reset: bool) -> Any:
        X = plain_frame(X)
        if is_frame(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags
