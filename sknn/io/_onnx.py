"""Models for other runtimes: ONNX, by way of skl2onnx, which knows scikit-learn's transformers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn.classifiers._base import BaseMLPClassifier

from ._container import replace_file
from ._model import is_classifier


def to_onnx(
    estimator: BaseMLPClassifier | Pipeline,
    path: str | os.PathLike[str],
    *,
    initial_types: Any = None,
) -> None:
    """Write a fitted classifier, or a fitted pipeline that ends in one, as an ONNX model.

    The model has the outputs ``label``, of shape (n_rows,), and ``probabilities``, of shape
    (n_rows, n_classes), and computes in the dtype of training. Needs the extra ``sknn[onnx]``.

    Parameters
    ----------
    estimator : ScratchMLPClassifier, TorchMLPClassifier or Pipeline
        What to write. Class labels must be strings, integers or booleans; the last become 0
        and 1.
    path : str or path-like
        Where to. An existing file is replaced.
    initial_types : list of tuple, default=None
        Names and types of the model's inputs, as `skl2onnx.convert_sklearn` takes them. By
        default there is one input, ``X`` of shape (n_rows, n_features), in the dtype of training;
        a pipeline whose columns are not all numbers needs to be told.

    Raises
    ------
    ValueError
        If `estimator` is of another kind, or holds what ONNX cannot say.
    ImportError
        If skl2onnx is not installed.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    See Also
    --------
    save : Writes a model for sknn itself.

    Examples
    --------
    >>> import sknn.io
    >>> from sknn import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> model = ScratchMLPClassifier(max_iter=5, n_iter_no_change=5, random_state=0)
    >>> path = getfixture("tmp_path") / "model.onnx"
    >>> sknn.io.to_onnx(model.fit(X / X.max(axis=0), y), path)
    """
    classifier = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if not is_classifier(classifier):
        raise ValueError(
            "`estimator` must be a ScratchMLPClassifier, a TorchMLPClassifier, or a Pipeline that "
            f"ends in one, got {estimator!r}"
        )
    check_is_fitted(classifier)
    if classifier.classes_.dtype.kind not in "iubU" and not _are_strings(classifier.classes_):
        raise ValueError(
            "`estimator` must have class labels that are strings, integers or booleans, got "
            f"{classifier.classes_!r}"
        )
    try:
        from ._onnx_converters import convert
    except ImportError as error:
        raise ImportError("to_onnx needs skl2onnx: pip install 'sknn[onnx]'") from error
    try:
        model = convert(estimator, classifier, initial_types)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        raise ValueError(f"`estimator` cannot be converted to ONNX: {error}") from error
    replace_file(path, model.SerializeToString())


def _are_strings(labels: np.ndarray) -> bool:
    return all(isinstance(label, str) for label in labels.tolist())
