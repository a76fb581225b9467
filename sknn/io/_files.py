"""`save` and `load`: a classifier, or a pipeline that ends in one, in one file."""

from __future__ import annotations

import copy
import os
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn.classifiers._base import BaseMLPClassifier

from . import _container
from ._model import from_plain, is_classifier, to_plain, versions

# Grows when files change in a way that older versions of sknn cannot read.
FORMAT = 1
# What the transformers of a pipeline may be made of, beside what skops trusts by itself:
# scikit-learn's estimators, NumPy's and SciPy's arrays and ufuncs.
TRUSTED = ("numpy.dtype", "sknn.preprocessing._column_norm_scaler.ColumnNormScaler")


def save(
    estimator: BaseMLPClassifier | Pipeline,
    path: str | os.PathLike[str],
    *,
    trusted: Sequence[str] = (),
) -> None:
    """Write a fitted classifier, or a fitted pipeline that ends in one, to a file.

    The file is of the safetensors format: weights and history as arrays, all else as JSON, the
    transformers of a pipeline as skops writes them. Nothing in it is code, and no pickle. It is
    complete before it takes the place of what was at `path`.

    Parameters
    ----------
    estimator : ScratchMLPClassifier, TorchMLPClassifier or Pipeline
        What to save. After `partial_fit` or with `warm_start`, what is needed to go on exactly is
        saved too. Callbacks are not.
    path : str or path-like
        Where to. An existing file is replaced.
    trusted : sequence of str, default=()
        Full names of types in the pipeline that are neither of scikit-learn nor of sknn, such as
        ``"mypackage.MyTransformer"``; `load` needs them too.

    Raises
    ------
    ValueError
        If `estimator` is of another kind, or holds what a file cannot hold.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    See Also
    --------
    load : Reads what this writes.
    to_onnx : Writes a model for other runtimes.

    Examples
    --------
    >>> import sknn.io
    >>> from sknn import ScratchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> model = ScratchMLPClassifier(max_iter=5, n_iter_no_change=5, random_state=0)
    >>> path = getfixture("tmp_path") / "model.sknn"
    >>> sknn.io.save(model.fit(X / X.max(axis=0), y), path)
    >>> sknn.io.load(path)
    ScratchMLPClassifier(max_iter=5, n_iter_no_change=5, random_state=0)
    """
    pipeline = estimator if isinstance(estimator, Pipeline) else None
    classifier = estimator if pipeline is None else pipeline.steps[-1][1]
    if not is_classifier(classifier):
        raise ValueError(
            "`estimator` must be a ScratchMLPClassifier, a TorchMLPClassifier, or a Pipeline that "
            f"ends in one, got {estimator!r}"
        )
    check_is_fitted(classifier)
    header, arrays = to_plain(classifier)
    header |= {"format": FORMAT, "versions": versions(), "pipeline": pipeline is not None}
    if pipeline is not None:
        arrays["pipeline"] = _pack(pipeline, trusted)
    _container.write(path, header, arrays)


def load(
    path: str | os.PathLike[str],
    cls: type[BaseMLPClassifier] | None = None,
    *,
    trusted: Sequence[str] = (),
) -> Any:
    """Read what `save` has written.

    Parameters
    ----------
    path : str or path-like
        The file.
    cls : type, default=None
        ``ScratchMLPClassifier`` or ``TorchMLPClassifier``, to get a classifier of that class
        whichever was saved; it predicts the same. None for the class that was saved.
    trusted : sequence of str, default=()
        Types in a pipeline that may be made, as for `save`.

    Returns
    -------
    estimator : ScratchMLPClassifier, TorchMLPClassifier or Pipeline
        Fitted, as it was saved.

    Raises
    ------
    ValueError
        If the file is damaged, was changed, was written by something else, or by a later version
        of sknn; or if it holds a type that is not trusted.
    OSError
        If it cannot be read.
    """
    if cls is not None and not (isinstance(cls, type) and issubclass(cls, BaseMLPClassifier)):
        raise ValueError(
            f"`cls` must be ScratchMLPClassifier or TorchMLPClassifier, or None, got {cls!r}"
        )
    try:
        header, arrays = _container.read(path)
        if header["format"] != FORMAT:
            raise ValueError(
                f"it is of format {header['format']!r} by sknn {header['versions']['sknn']}, and "
                f"this version of sknn reads format {FORMAT}"
            )
        classifier = from_plain(header, arrays, cls)
        if not header["pipeline"]:
            return classifier
        return _unpack(arrays, classifier, trusted)
    except OSError:
        raise
    except Exception as error:  # a file that somebody made can be wrong in any way
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{os.fspath(path)!r} cannot be loaded: {reason}") from error


def _pack(pipeline: Pipeline, trusted: Sequence[str]) -> np.ndarray:
    """The pipeline without its classifier, as the bytes that skops makes of it."""
    shell = copy.copy(pipeline)
    shell.steps = [*pipeline.steps[:-1], (pipeline.steps[-1][0], "passthrough")]
    content = skops.io.dumps(shell, compression=zipfile.ZIP_DEFLATED)
    foreign = set(skops.io.get_untrusted_types(data=content)) - {*TRUSTED, *trusted}
    if foreign:
        raise ValueError(
            f"`estimator` holds types that `load` would not trust: {', '.join(sorted(foreign))}. "
            "Name them in `trusted`, here and in `load`."
        )
    return np.frombuffer(content, np.uint8)


def _unpack(
    arrays: Mapping[str, np.ndarray], classifier: BaseMLPClassifier, trusted: Sequence[str]
) -> Pipeline:
    shell = skops.io.loads(arrays["pipeline"].tobytes(), trusted=[*TRUSTED, *trusted])
    if not isinstance(shell, Pipeline) or shell.steps[-1][1] != "passthrough":
        raise ValueError("its pipeline is none")
    shell.steps[-1] = (shell.steps[-1][0], classifier)
    return shell
