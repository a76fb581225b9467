"""`save` and `load`: an estimator of ours, or what ends in one, in one file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn._sklearn_compat import has_callbacks
from sknn.estimators._base import BaseMLP

from . import _container
from ._codec import check_sizes
from ._model import from_plain, to_plain, versions
from ._objects import ObjectDecoder, ObjectEncoder
from ._skops import read_skops
from ._table import MODELS, NETWORKS, is_one_of

# Grows when files change in a way that older versions of sknn cannot read. In the first, the
# transformers of a pipeline were an archive of skops; in the second, names of classes of sknn had
# their subpackage in front, and networks predicted nothing but classes.
FIRST_FORMAT, FORMAT = 1, 3
MOST_BYTES = 2**30
SEARCHES = (GridSearchCV, RandomizedSearchCV)


def save(
    estimator: Any,
    path: str | os.PathLike[str],
    *,
    trusted: Sequence[str] = (),
) -> None:
    """Write a fitted estimator of sknn, or a pipeline or search that ends in one, to a file.

    The file is of the safetensors format: weights, history and other arrays, and all else as JSON.
    Nothing in it is code, and no pickle. It is complete before it takes the place of what was at
    `path`, and a model that is saved twice gives equal bytes.

    Parameters
    ----------
    estimator : classifier, regressor, ensemble, selector, Pipeline or search
        What to save: a network, that is a `ScratchMLPClassifier`, `ScratchMLPRegressor`,
        `TorchMLPClassifier` or `TorchMLPRegressor`; an ensemble of networks; an
        `MLPFeatureSelector`, `RankStabilitySelector` or `RegularizationPath`; a Pipeline that ends
        in one of these; or a search whose best estimator is one of these. Whatever a network needs
        to continue training exactly is saved too. Callbacks are not, nor what belongs to the
        machine: `memory`, `n_jobs` and `pre_dispatch` have their defaults after loading.
    path : str or path-like
        Where to. An existing file is replaced; a device, a pipe or a read-only file is not.
    trusted : sequence of str, default=()
        Full names of classes and functions in the pipeline that are not on the list of what files
        may hold, such as ``"mypackage.MyTransformer"``; `load` needs them too. Most of
        scikit-learn's transformers and those of sknn need no mention; the error names what does.
        Attributes of such objects must be plain values, arrays, or estimators in their turn.

    Raises
    ------
    ValueError
        If `estimator` is of another kind, or holds what a file cannot hold.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    OSError
        If `path` cannot be written.

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
    check_is_fitted(_end(estimator))
    if any(map(_has_callbacks, _parts(estimator))):
        warnings.warn("Callbacks are not saved: set them anew after loading.", stacklevel=2)
    header: dict[str, Any]
    arrays: Mapping[str, np.ndarray]
    if is_one_of(type(estimator), NETWORKS):
        header, arrays = to_plain(estimator)
        header |= {"format": FORMAT, "versions": versions(), "pipeline": False}
    else:
        encoder = ObjectEncoder(trusted)
        try:
            model = encoder.encode(estimator, "")
        except RecursionError as error:
            raise ValueError("`estimator` cannot be saved: it is nested too deeply") from error
        except ValueError as error:
            if isinstance(estimator, SEARCHES):
                raise ValueError(f"{error}; save search.best_estimator_ instead") from error
            raise
        if encoder.foreign:
            raise ValueError(
                "`estimator` holds types that `load` would not trust: "
                f"{', '.join(sorted(encoder.foreign))}. Name them in `trusted`, here and in `load`"
                + (", or save search.best_estimator_." * isinstance(estimator, SEARCHES) or ".")
            )
        header = {"format": FORMAT, "versions": versions(), "pipeline": True, "model": model}
        arrays = encoder.arrays
    _container.write(path, header, arrays)


def load(
    path: str | os.PathLike[str],
    cls: type[BaseMLP] | None = None,
    *,
    trusted: Sequence[str] = (),
    pipelines: bool = True,
    max_bytes: int | None = MOST_BYTES,
) -> Any:
    """Read what `save` has written.

    Parameters
    ----------
    path : str or path-like
        The file.
    cls : type, default=None
        ``ScratchMLPClassifier`` or ``TorchMLPClassifier``, to get a classifier of that class
        whichever was saved, by itself or at the end of a pipeline; it predicts the same. Of a
        regressor ``ScratchMLPRegressor`` or ``TorchMLPRegressor``. None for the class that was
        saved.
    trusted : sequence of str, default=()
        Names of classes and functions that the file may hold beyond those on the list, as for
        `save`. Their modules are imported, and what the file says of them is believed.
    pipelines : bool, default=True
        Whether the file may hold anything but a single network. With False, pipelines, searches,
        ensembles and selectors are refused.
    max_bytes : int or None, default=1073741824
        How many bytes the file may take, unpacked where it has a compressed part: more is refused
        before anything of it is read. None for any number.

    Returns
    -------
    estimator : classifier, regressor, ensemble, selector, Pipeline or search
        Fitted, as it was saved.

    Raises
    ------
    ValueError
        If the file is damaged, was changed, was written by something else, or by a later version
        of sknn; if it is too large; or if it holds what is neither on the list nor trusted.
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
    if cls is not None and not is_one_of(cls, NETWORKS):
        raise ValueError(f"`cls` must be one of {', '.join(NETWORKS)}, or None, got {cls!r}")
    if max_bytes is not None and (not isinstance(max_bytes, int) or max_bytes < 0):
        raise ValueError(f"`max_bytes` must be an int of at least 0, or None, got {max_bytes!r}")
    try:
        with _container.reading(name, max_bytes) as (header, arrays):
            if header["format"] not in range(FIRST_FORMAT, FORMAT + 1):
                raise ValueError(
                    f"it is of format {header['format']!r} by sknn {header['versions']['sknn']}, "
                    f"and this version of sknn reads formats {FIRST_FORMAT} to {FORMAT}"
                )
            check_sizes(header)
            if header["pipeline"] is False:
                return from_plain(header, arrays, cls)
            if not pipelines:
                raise ValueError("it holds more than a network, and `pipelines` is False")
            _warn_of_versions(header["versions"])
            if header["format"] == FIRST_FORMAT:
                model = _read_old(header, arrays, trusted, cls, max_bytes)
            else:
                model = _decode(header["model"], arrays, trusted, cls)
            check_is_fitted(_end(model))
            return model
    except OSError:
        raise
    except Warning:  # that somebody has made an error
        raise
    except Exception as error:  # a file that somebody made can be wrong in any way
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        # What a file says is shown, but does not reach a terminal as it is.
        shown = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in reason)
        raise ValueError(f"{name!r} cannot be loaded: {shown}") from error


def _end(estimator: Any) -> Any:
    """The estimator of ours that `estimator` is, or ends in.

    Raises
    ------
    ValueError
        If there is none.
    """
    end = estimator
    while isinstance(end, (Pipeline, *SEARCHES)):
        if isinstance(end, Pipeline):
            end = end.steps[-1][1] if end.steps else None
        else:
            check_is_fitted(end)
            end = getattr(end, "best_estimator_", None)
    if not is_one_of(type(end), MODELS):
        raise ValueError(
            f"`estimator` must be one of {', '.join(MODELS)}, or a "
            "Pipeline, or a search with a best estimator, that ends in one, "
            f"got {estimator!r}"
        )
    return end


def _parts(estimator: Any) -> Iterator[Any]:
    """The estimator, and the steps of pipelines in it."""
    yield estimator
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _parts(step)
    elif isinstance(estimator, SEARCHES):
        yield from _parts(estimator.best_estimator_)


def _has_callbacks(part: Any) -> bool:
    return has_callbacks(part) or bool(getattr(part, "skorch_callbacks", None))


def _check_trusted(trusted: Any) -> None:
    if isinstance(trusted, str) or not all(isinstance(name, str) for name in trusted):
        raise ValueError(f"`trusted` must be a sequence of names of types, got {trusted!r}")


def _decode(
    model: Any,
    arrays: Mapping[str, np.ndarray],
    trusted: Sequence[str],
    cls: type[BaseMLP] | None,
) -> Any:
    place = None if cls is None else _place_of_network(model)
    return ObjectDecoder(arrays, trusted, cls, place).decode(model, "")


def _place_of_network(model: Any) -> str:
    """Where the network is that a pipeline ends in."""
    names: list[str] = []
    while "$network" not in model:
        key, attributes, _ = model["$object"]
        if key != "sklearn.pipeline.Pipeline":
            raise ValueError("`cls` is for networks, and pipelines that end in one")
        steps = attributes["steps"]
        names.append(f"steps.{len(steps) - 1}.1")
        model = steps[-1]["$tuple"][1]
    return ".".join(names)


def _read_old(
    header: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    trusted: Sequence[str],
    cls: type[BaseMLP] | None,
    max_bytes: int | None,
) -> Pipeline:
    """A pipeline of an earlier version: a network, and an archive of skops for the rest."""
    archive = arrays["pipeline"]
    room = None if max_bytes is None else max_bytes - archive.nbytes
    shell = read_skops(archive, trusted, room)
    if type(shell) is not Pipeline or shell.steps[-1][1] != "passthrough":
        raise ValueError("its pipeline is none")
    shell.steps[-1] = (shell.steps[-1][0], from_plain(header, arrays, cls))
    return shell


def _warn_of_versions(known: Mapping[str, Any]) -> None:
    """Warn of transformers that another scikit-learn has fitted, as it does for its own pickles."""
    written, current = str(known.get("scikit-learn")), version("scikit-learn")
    if written != current:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name="Pipeline",
                current_sklearn_version=current,
                original_sklearn_version=repr(written)[1:20].rstrip("'"),
            ),
            stacklevel=3,
        )
