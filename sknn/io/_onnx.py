"""Models for other runtimes: ONNX, by way of skl2onnx, which knows scikit-learn's transformers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sknn.classifiers._base import BaseMLPClassifier

from ._container import replace_file
from ._files import check_savable


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
    >>> model = ScratchMLPClassifier(max_iter=5, n_iter_no_change=float("inf"), random_state=0)
    >>> path = getfixture("tmp_path") / "model.onnx"
    >>> sknn.io.to_onnx(model.fit(X / X.max(axis=0), y), path)
    """
    classifier = check_savable(estimator)
    _check_labels(classifier.classes_)
    try:
        from ._onnx_converters import convert
    except ImportError as error:
        raise ImportError("to_onnx needs skl2onnx: pip install 'sknn[onnx]'") from error
    if isinstance(estimator, Pipeline):
        steps = [step for step in estimator.steps if step[1] not in (None, "passthrough")]
        estimator = Pipeline(steps)
    try:
        model = convert(estimator, classifier, initial_types)
    except Exception as error:  # of many kinds, from skl2onnx
        raise ValueError(
            "`estimator` cannot be converted to ONNX with "
            f"`initial_types`={initial_types!r}: {error!r}"
        ) from error
    replace_file(path, model.SerializeToString())


def _check_labels(classes: np.ndarray) -> None:
    kind = classes.dtype.kind
    is_known = kind in "ibU" or (kind == "u" and int(classes[-1]) <= np.iinfo(np.int64).max)
    if not (is_known or all(isinstance(label, str) for label in classes.tolist())):
        raise ValueError(
            "`estimator` must have class labels that are strings, integers or booleans, in 64 "
            f"bits with their sign, got {classes!r}"
        )
