"""`save` and `load`: a classifier, or a pipeline that ends in one, in one file."""

from __future__ import annotations

import copy
import os
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import has_callbacks
from sknn.classifiers._base import BaseMLPClassifier

from . import _container
from ._model import from_plain, is_class, to_plain, versions

# Grows when files change in a way that older versions of sknn cannot read.
FORMAT = 1
# What the transformers of a pipeline may be made of, beside what skops trusts by itself: most of
# scikit-learn's estimators, NumPy's and SciPy's arrays and ufuncs.
TRUSTED = (
    "numpy.dtype",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sknn.classifiers._scratch.ScratchMLPClassifier",  # the selector's estimator, not fitted
    "sknn.feature_selection._mlp_selector.MLPFeatureSelector",
    "sknn.feature_selection._path.RegularizationPath",
    "sknn.feature_selection._rank_stability.RankStabilitySelector",
    "sknn.preprocessing._column_norm_scaler.ColumnNormScaler",
    "sknn.preprocessing._plain_frame.PlainFrame",
)


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
        Full names of types and functions in the pipeline that skops does not trust by itself,
        such as ``"mypackage.MyTransformer"``; `load` needs them too. Most of scikit-learn's
        transformers and those of sknn need no mention; the error names what does.

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
    >>> model = ScratchMLPClassifier(max_iter=5, n_iter_no_change=float("inf"), random_state=0)
    >>> path = getfixture("tmp_path") / "model.sknn"
    >>> sknn.io.save(model.fit(X / X.max(axis=0), y), path)
    >>> sknn.io.load(path)
    ScratchMLPClassifier(max_iter=5, n_iter_no_change=inf, random_state=0)
    """
    _check_trusted(trusted)
    pipeline = estimator if isinstance(estimator, Pipeline) else None
    classifier = check_savable(estimator)
    parts = [estimator, classifier, *([] if pipeline is None else dict(pipeline.steps).values())]
    if getattr(classifier, "skorch_callbacks", None) or any(map(has_callbacks, parts)):
        warnings.warn("Callbacks are not saved: set them anew after loading.", stacklevel=2)
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

    See Also
    --------
    save : Writes what this reads.

    Examples
    --------
    Trained by PyTorch, read for NumPy:

    >>> import sknn.io
    >>> from sknn import ScratchMLPClassifier, TorchMLPClassifier
    >>> from sknn.datasets import load_producers
    >>> X, y = load_producers(return_X_y=True)
    >>> model = TorchMLPClassifier(max_iter=5, n_iter_no_change=float("inf"), random_state=0)
    >>> path = getfixture("tmp_path") / "model.sknn"
    >>> sknn.io.save(model.fit(X / X.max(axis=0), y), path)
    >>> sknn.io.load(path, cls=ScratchMLPClassifier)
    ScratchMLPClassifier(max_iter=5, n_iter_no_change=inf, random_state=0)
    """
    _check_trusted(trusted)
    name = os.fsdecode(path)
    if cls is not None and not is_class(cls):
        raise ValueError(
            f"`cls` must be ScratchMLPClassifier or TorchMLPClassifier, or None, got {cls!r}"
        )
    try:
        header, arrays = _container.read(name)
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
        raise ValueError(f"{name!r} cannot be loaded: {reason}") from error


def check_savable(estimator: Any) -> BaseMLPClassifier:
    """The classifier that `estimator` is, or ends in.

    Raises
    ------
    ValueError
        If there is none of ours.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    classifier = estimator
    if isinstance(estimator, Pipeline):
        classifier = estimator.steps[-1][1] if estimator.steps else None
    if not is_class(type(classifier)):
        raise ValueError(
            "`estimator` must be a ScratchMLPClassifier, a TorchMLPClassifier, or a Pipeline that "
            f"ends in one, got {estimator!r}"
        )
    check_is_fitted(classifier)
    return classifier


def _check_trusted(trusted: Any) -> None:
    if isinstance(trusted, str) or not all(isinstance(name, str) for name in trusted):
        raise ValueError(f"`trusted` must be a sequence of names of types, got {trusted!r}")


def _pack(pipeline: Pipeline, trusted: Sequence[str]) -> np.ndarray:
    """The pipeline without its classifier, as the bytes that skops makes of it."""
    import skops.io

    shell = copy.copy(pipeline)
    shell.steps = [(name, copy.copy(step)) for name, step in pipeline.steps]
    shell.steps[-1] = (shell.steps[-1][0], "passthrough")
    for part in (shell, *dict(shell.steps).values()):
        if has_callbacks(part):
            del part._skl_callbacks
    try:
        content = skops.io.dumps(shell, compression=zipfile.ZIP_DEFLATED)
        foreign = set(skops.io.get_untrusted_types(data=content)) - {*TRUSTED, *trusted}
    except Exception as error:
        raise ValueError(f"`estimator` has steps that skops cannot save: {error}") from error
    if foreign:
        raise ValueError(
            f"`estimator` holds types that `load` would not trust: {', '.join(sorted(foreign))}. "
            "Name them in `trusted`, here and in `load`."
        )
    return np.frombuffer(content, np.uint8)


def _unpack(
    arrays: Mapping[str, np.ndarray], classifier: BaseMLPClassifier, trusted: Sequence[str]
) -> Pipeline:
    import skops.io

    shell = skops.io.loads(arrays["pipeline"].tobytes(), trusted=[*TRUSTED, *trusted])
    if not isinstance(shell, Pipeline) or shell.steps[-1][1] != "passthrough":
        raise ValueError("its pipeline is none")
    shell.steps[-1] = (shell.steps[-1][0], classifier)
    return shell
