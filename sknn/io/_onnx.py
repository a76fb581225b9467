"""Models for other runtimes: ONNX, by way of skl2onnx, which knows scikit-learn's transformers."""

from __future__ import annotations

import copy
import os
import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from sknn.feature_selection import RegularizationPath
from sknn.preprocessing import PlainFrame

from ._container import replace_file

NEEDS = "needs skl2onnx and onnxruntime: pip install 'sknn[onnx]'"


def to_onnx(
    estimator: Any,
    path: str | os.PathLike[str],
    *,
    X: Any = None,
    initial_types: Any = None,
    tolerance: float = 1e-5,
) -> None:
    """Write a fitted classifier, regressor or transformer, most often a pipeline, as an ONNX model.

    Before the file is written, onnxruntime predicts rows with it. If the predictions differ from
    those of `estimator`, or onnxruntime cannot run the model, ValueError is raised, and what was at
    `path` stays there. Needs the extra ``sknn[onnx]``.

    Parameters
    ----------
    estimator : estimator
        What to write: a network, an ensemble, a selector, a pipeline of them and of scikit-learn's
        transformers. Of a search or a `RegularizationPath` it is the `best_estimator_`. Class
        labels must be strings, integers or booleans; the last become 0 and 1.
    path : str or path-like
        Where to. An existing file is replaced.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), default=None
        Rows to predict, best those of the training set, untransformed. The types of the inputs are
        derived from them. Of a sparse matrix the first 1,000 are taken. None for rows made from the
        statistics that the first transformers have learnt, which is not enough for estimators of
        scikit-learn beyond imputers, encoders, scalers, PCA and selectors. Either way rows with
        missing values, and with values that no row had, are tried as well where `estimator` accepts
        them.
    initial_types : list of tuple, default=None
        Names and types of the model's inputs, as `skl2onnx.convert_sklearn` takes them. None for
        what Notes describes.
    tolerance : float, default=1e-5
        The largest difference that is accepted: in a probability, or in a number that is predicted,
        in standard deviations of the target or of the number's distance from the target's mean.

    Raises
    ------
    ValueError
        If `estimator` cannot be written, or not so that the predictions are equal.
    ImportError
        If skl2onnx or onnxruntime is not installed.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    Warns
    -----
    UserWarning
        If inputs are of single precision though `estimator` computes in double precision, since
        onnxruntime cannot run one of its transformers in double precision.

    See Also
    --------
    save : Writes a model for sknn itself.
    register_onnx_converters : For models that skl2onnx is to convert by itself.

    Notes
    -----
    **Inputs.** A model has one input, ``X`` of shape (n_rows, n_features). It has one input of
    shape (n_rows, 1) for each column instead, with the column's name, where a `ColumnTransformer`
    picks columns by name, or where some columns are text and others are not. Numbers are float64,
    or float32 where `X`, or the network, is; true and false are 1 and 0, and a missing number is
    NaN. Text is string; a missing text is the empty string, or what onnxruntime makes of Python's
    missing values: "nan", "None" or "<NA>". `OneHotEncoder` tells those apart, and ONNX cannot:
    a text column has to have one kind of them, in `X` the one of the training set.

    **Outputs.** A classifier has ``label``, of shape (n_rows,), and ``probabilities``, of shape
    (n_rows, n_classes); with several labels per row ``label`` is an indicator matrix of int64, of
    shape (n_rows, n_labels). A regressor has ``variable``, of shape (n_rows, n_targets), in the
    units of `y`: what `predict` returns. With ``loss="gaussian"``, and for an ensemble, its second
    output is ``std``, of the same shape: what ``predict(X, return_std=True)`` returns. With
    ``loss="quantile"`` it is ``quantiles``, of shape (n_rows, n_quantiles). Both are float64, or
    float32 if `y` was. A transformer has its columns. Names end in an underscore where a column has
    the same.

    An ONNX model cannot raise an error: where `estimator` refuses a row, for a missing value that
    no transformer fills in or a category that a `OneHotEncoder` does not know, probabilities and
    numbers are NaN, and a label means nothing.

    Examples
    --------
    >>> import sknn.io
    >>> from sknn import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> model = ScratchMLPClassifier(max_iter=5, n_iter_no_change=float("inf"), random_state=0)
    >>> path = getfixture("tmp_path") / "model.onnx"
    >>> sknn.io.to_onnx(model.fit(X / X.max(axis=0), y), path, X=X / X.max(axis=0))
    """
    if not (isinstance(tolerance, int | float | np.number) and tolerance >= 0):
        raise ValueError(f"`tolerance` must be a number ≥ 0, got {tolerance!r}")
    plain = _simplified(estimator)
    _check_kind(plain, estimator)
    try:
        from ._onnx_export import export
    except ImportError as error:
        raise ImportError(f"to_onnx {NEEDS}") from error
    original = estimator if _predicts(estimator) else plain  # a RegularizationPath does not
    model, caveat = export(plain, original, X, initial_types, float(tolerance))
    replace_file(path, model.SerializeToString())
    if caveat:
        warnings.warn(caveat, stacklevel=2)


def register_onnx_converters() -> None:
    """Make the estimators of sknn known to skl2onnx.

    `to_onnx` needs no such call. It is for models that `skl2onnx.to_onnx` or
    `skl2onnx.convert_sklearn` is to convert, which neither compare a model with the original nor
    use the converters for scikit-learn's transformers that `to_onnx` has of its own.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    to_onnx : Writes a model, and compares it with the original.

    Examples
    --------
    >>> import numpy as np
    >>> import skl2onnx
    >>> import sknn.io
    >>> from sknn import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> model = ScratchMLPClassifier(max_iter=5, n_iter_no_change=float("inf"), random_state=0)
    >>> sknn.io.register_onnx_converters()
    >>> graph = skl2onnx.to_onnx(model.fit(X / X.max(axis=0), y), X, options={"zipmap": False})
    >>> [output.name for output in graph.graph.output]
    ['label', 'probabilities']
    """
    try:
        from ._onnx_converters import register
    except ImportError as error:
        raise ImportError(f"register_onnx_converters {NEEDS}") from error
    register()


def _predicts(estimator: Any) -> bool:
    """Whether it predicts probabilities or numbers, or transforms."""
    if hasattr(estimator, "predict_proba") or hasattr(estimator, "transform"):
        return True
    return hasattr(estimator, "predict") and is_regressor(estimator)


def _check_kind(estimator: Any, given: Any) -> None:
    is_instance = isinstance(estimator, BaseEstimator)
    if is_instance:
        check_is_fitted(estimator)
    if not (is_instance and _predicts(estimator) and hasattr(estimator, "n_features_in_")):
        raise ValueError(
            "`estimator` must be a classifier that predicts probabilities, a regressor, or a "
            f"transformer, of tables, got {given!r}"
        )
    if not hasattr(estimator, "predict_proba"):
        return
    classes = estimator.classes_
    if not isinstance(classes, np.ndarray):
        raise ValueError(f"`estimator` must have one target, got {len(classes)}")
    kind = classes.dtype.kind
    is_known = kind in "ibU" or (kind == "u" and int(classes[-1]) <= np.iinfo(np.int64).max)
    if not (is_known or all(isinstance(label, str) for label in classes.tolist())):
        raise ValueError(
            "`estimator` must have class labels that are strings, integers or booleans, in 64 "
            f"bits with their sign, got {classes!r}"
        )


def _simplified(estimator: Any) -> Any:
    """An estimator that predicts the same, without searches and without steps that do nothing."""
    if isinstance(estimator, RegularizationPath) or hasattr(estimator, "cv_results_"):
        check_is_fitted(estimator)
        if not hasattr(estimator, "best_estimator_"):
            raise ValueError(
                "`estimator` must have a `best_estimator_`, which a search has with `refit` and a "
                f"RegularizationPath with `selection`, got {estimator!r}"
            )
        return _simplified(estimator.best_estimator_)
    if isinstance(estimator, FrozenEstimator):
        return _simplified(estimator.estimator)
    if isinstance(estimator, Pipeline):
        steps = [
            (name, _simplified(step))
            for name, step in estimator.steps
            # A runtime is given arrays, for which PlainFrame does nothing.
            if not (step is None or isinstance(step, str | PlainFrame))
        ]
        return Pipeline(steps or [("identity", FunctionTransformer())])
    if isinstance(estimator, ColumnTransformer) and hasattr(estimator, "transformers_"):
        estimator = copy.copy(estimator)
        names = getattr(estimator, "feature_names_in_", np.arange(estimator.n_features_in_))
        estimator.transformers_ = [
            (name, _simplified(part), _listed(columns, names))
            for name, part, columns in estimator.transformers_
        ]
    elif isinstance(estimator, FeatureUnion):
        estimator = copy.copy(estimator)
        estimator.transformer_list = [
            (name, _simplified(part)) for name, part in estimator.transformer_list if part != "drop"
        ]
    return estimator


def _listed(columns: Any, names: np.ndarray) -> list[Any]:
    """The names, or else the places, of the columns that a part of a ColumnTransformer takes."""
    import pandas as pd

    places = pd.Series(np.arange(len(names)), index=names)
    if names.dtype == object:
        try:
            return names[np.ravel(places.loc[columns])].tolist()
        except (KeyError, TypeError):  # places, of a frame whose columns have names
            pass
    return np.ravel(places.iloc[columns]).tolist()
