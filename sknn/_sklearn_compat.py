"""The one place that touches private names of scikit-learn.

Everything else in sknn imports from scikit-learn's public modules, or from here, so a new
scikit-learn release is checked against a single file. The dependency is bounded to match:
``scikit-learn>=1.9,<1.10``.
"""

import sys
from collections.abc import Callable
from inspect import unwrap
from types import FrameType, FunctionType
from typing import Any

from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as fit_context
from sklearn.utils import _align_api_if_sparse as align_api_if_sparse
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    Interval,
    Options,
    RealNotInt,
    StrOptions,
    validate_params,
)
from sklearn.utils.multiclass import _check_partial_fit_first_call as check_partial_fit_first_call
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_method_params as check_method_params
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import validate_data as _validate_data

__all__ = [
    "Interval",
    "Options",
    "RealNotInt",
    "StrOptions",
    "align_api_if_sparse",
    "check_feature_names_in",
    "check_method_params",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "check_sparse_indices",
    "fit_context",
    "has_callbacks",
    "is_outermost_fit",
    "safe_indexing",
    "validate_data",
    "validate_params",
    "with_parallel",
]


def with_parallel(function: Callable[..., Any], parallel: type) -> Callable[..., Any]:
    """A copy of a function of scikit-learn that has another class for its `Parallel`.

    Its code is scikit-learn's to the letter, so that all that it does is what it always does,
    but for who carries out the tasks.
    """
    function = unwrap(function)
    assert isinstance(function, FunctionType)
    assert "Parallel" in function.__globals__
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, "Parallel": parallel},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__doc__ = function.__doc__
    return copy


def has_callbacks(estimator: BaseEstimator) -> bool:
    """Whether callbacks were set on this estimator, or handed down to it."""
    return hasattr(estimator, "_skl_callbacks")


# Of scikit-learn: callers that hand an interrupt on to the user, rather than go on with other fits.
_TRANSPARENT = ("sklearn.base", "sklearn.pipeline")


def is_outermost_fit(estimator: BaseEstimator) -> bool:
    """Whether the running `fit` of `estimator` was called by the user, directly or in a Pipeline.

    False inside a search, an ensemble or a cross-validation: anything of scikit-learn, joblib or
    sknn further up the call stack that may go on with other fits. A module of sknn that would not
    says so by a global ``HANDS_INTERRUPTS_ON = True``.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if (
            module.partition(".")[0] in ("sklearn", "joblib", "sknn")
            and module not in _TRANSPARENT
            and frame.f_locals.get("self") is not estimator
            and not frame.f_globals.get("HANDS_INTERRUPTS_ON", False)
        ):
            return False
        frame = frame.f_back
    return True


def check_sparse_indices(X: Any, name: str = "X") -> None:
    """Refuse a sparse matrix whose indices point beyond it.

    SciPy's compiled code, and so scikit-learn's, reads and writes wherever they point: the process
    would crash. Neither of them looks at indices by itself.

    Parameters
    ----------
    X : object
        Of any kind; what is not sparse is left alone.
    name : str, default="X"
        What to call it in an error.

    Raises
    ------
    ValueError
        If an index is outside.
    """
    is_sparse: bool = issparse(X)
    if not is_sparse:
        return
    if X.format == "lil":
        X = X.tocsr()  # which takes the numbers in its lists as they are
    if X.format == "coo":
        pairs = list(zip(X.coords, X.shape, strict=True))
        is_whole = {len(index) for index, _ in pairs} == {len(X.data)}
    elif X.format in ("csr", "csc", "bsr"):
        block = X.data.shape[1:] if X.format == "bsr" else (1, 1)
        n_major, n_minor = (size // step for size, step in zip(X.shape, block, strict=True))
        if X.format == "csc":
            n_major, n_minor = n_minor, n_major
        starts, n_stored = X.indptr, min(len(X.indices), len(X.data))
        is_whole = (
            len(starts) == n_major + 1
            and starts[0] == 0
            and starts[-1] <= n_stored
            and bool((starts[1:] >= starts[:-1]).all())
        )
        pairs = [(X.indices[: starts[-1]], n_minor)] if is_whole else []
    else:
        return  # DOK and DIA: SciPy looks at what it converts them into
    for index, size in pairs:
        if len(index) and not (0 <= index.min() and index.max() < size):
            is_whole = False
    if not is_whole:
        raise ValueError(
            f"`{name}` must be a sparse matrix with indices inside its shape {X.shape}, "
            f"got a {X.format.upper()} matrix with indices outside"
        )


def validate_data(
    estimator: BaseEstimator, /, X: Any = "no_validation", *args: Any, **kwargs: Any
) -> Any:
    """`sklearn.utils.validation.validate_data`, for rows whose indices are inside, if sparse."""
    check_sparse_indices(X)
    return _validate_data(estimator, X, *args, **kwargs)
