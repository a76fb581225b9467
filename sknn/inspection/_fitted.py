"""From what a user hands over to the networks inside it, and what to write of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn.estimators._base import BaseMLP
from sknn.estimators._resolve import quantile_levels
from sknn.training import History, NetworkSpec

EXPECTED = (
    "a ScratchMLP or TorchMLP classifier or regressor, an ensemble of them, or a Pipeline or "
    "search that ends in one"
)

# What the losses of networks are called in titles.
LOSS_NAMES = {
    "softmax_cross_entropy": "cross-entropy",
    "sigmoid_cross_entropy": "cross-entropy",
    "squared_error": "half squared error",
    "absolute_error": "absolute error",
    "huber": "Huber",
    "poisson": "Poisson",
    "gamma": "gamma",
    "quantile": "pinball",
    "gaussian": "negative log likelihood",
}


def loss_name(network: BaseMLP) -> str:
    """What to call the loss of a fitted network."""
    return LOSS_NAMES.get(network._plan.loss, network._plan.loss)


def networks_of(estimator: Any) -> tuple[BaseMLP, ...]:
    """The fitted networks of an estimator: several for an ensemble or a list.

    Raises
    ------
    TypeError
        If there is no network in it.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If a list is empty.
    """
    if isinstance(estimator, BaseMLP):
        check_is_fitted(estimator)
        return (estimator,)
    if isinstance(estimator, list | tuple):
        if not estimator:
            raise ValueError("`estimator` must hold at least one estimator, got an empty list")
        return tuple(net for one in estimator for net in networks_of(one))
    if isinstance(estimator, Pipeline):
        return networks_of(estimator.steps[-1][1])
    if _is_search(estimator):
        return networks_of(best_of(estimator))
    if hasattr(estimator, "get_params") and hasattr(estimator, "n_estimators"):
        check_is_fitted(estimator)
        # The members of a forest are no networks: it is the forest that is to blame.
        with suppress(TypeError):
            return tuple(net for one in estimator.estimators_ for net in networks_of(one))
    raise TypeError(f"`estimator` must be {EXPECTED}, got {type(estimator).__name__}")


def last_step(estimator: Any) -> Any:
    """What a fitted Pipeline, or the best that a search has found, ends in."""
    check_is_fitted(estimator)
    estimator = best_of(estimator)
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def names_of(estimator: Any, n_features: int) -> list[str]:
    """The names of the features that reach the last step of an estimator, or x0, x1 and so on."""
    estimator = best_of(estimator)
    found: Any = None
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        # A step in between may be unable to say.
        with suppress(AttributeError, NotFittedError, ValueError):
            found = estimator[:-1].get_feature_names_out()
    else:
        found = getattr(estimator, "feature_names_in_", None)
    if found is None or len(found) != n_features:
        found = [f"x{k}" for k in range(n_features)]
    return [str(name) for name in found]


def _is_search(estimator: Any) -> bool:
    return hasattr(estimator, "get_params") and (
        hasattr(estimator, "param_distributions") or hasattr(estimator, "param_grid")
    )


def best_of(estimator: Any) -> Any:
    """The best that a search has found; anything else as it is."""
    if not _is_search(estimator):
        return estimator
    check_is_fitted(estimator, "best_estimator_")
    return estimator.best_estimator_


def named(estimator: Any, name: str | None = None) -> dict[str, Any]:
    """Estimators by name: those of a dict as they are, a single one by its own or its type's."""
    if not isinstance(estimator, Mapping):
        return {_type_name(estimator) if name is None else name: estimator}
    if name is not None:
        raise ValueError(f"`name` must be None where `estimator` is a dict of names, got {name!r}")
    if not estimator:
        raise ValueError("`estimator` must hold at least one estimator, got an empty dict")
    return {str(key): value for key, value in estimator.items()}


def history_of(network: BaseMLP) -> History:
    """Its history, which has at least one epoch."""
    if not len(network.history_):
        raise ValueError(f"`estimator` must have trained for an epoch, got {network.history_!r}")
    return network.history_


def describe(network: BaseMLP) -> list[str]:
    """The parameters that shape a training, in words."""
    params = network.get_params(deep=False)
    parts = _layers(network._plan.spec)
    if params.get("loss", "squared_error") != "squared_error":
        parts.append(_loss(params))
    parts.append(params["solver"])
    if params["solver"] != "lbfgs":
        schedule = "" if params["learning_rate"] == "constant" else f" ({params['learning_rate']})"
        parts.append(f"learning rate {params['learning_rate_init']:g}{schedule}")
        parts.append(_batches(params["batch_size"], network))
    parts.append(count(network.n_iter_, "epoch"))
    parts.append(f"l1 = {params['l1']:g}, l2 = {params['l2']:g}")
    parts += [
        f"{name} = {params[name]:g}"
        for name in ("group_l1", "input_dropout", "label_smoothing")
        if params.get(name)
    ]
    if any(network._plan.dropout):
        rates = sorted(set(network._plan.dropout))
        parts.append("dropout " + "-".join(f"{rate:g}" for rate in rates))
    if params["early_stopping"]:
        parts.append(f"early stopping on {params['monitor']}")
    if isinstance(params["random_state"], int):
        parts.append(f"seed {params['random_state']}")
    return parts


def caption_of(described: Mapping[str, list[str]]) -> str:
    """What is said of all, in one line; under it, a line for each with what sets it apart."""
    lists = list(described.values())
    shared = [part for part in lists[0] if all(part in parts for parts in lists)] if lists else []
    lines = [" · ".join(shared)] if shared else []
    for name, parts in described.items():
        # A name may say what sets it apart.
        own = [part for part in parts if part not in (*shared, name)]
        if own:
            lines.append(f"{name}: " + " · ".join(own) if len(lists) > 1 else " · ".join(own))
    return "\n".join(lines)


def count(n: int, noun: str) -> str:
    """A number and its noun, in the plural where there are several."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _layers(spec: NetworkSpec) -> list[str]:
    sizes = "-".join(str(size) for size in spec.layer_sizes[1:-1]) or "none"
    names = spec.activation if isinstance(spec.activation, str) else "-".join(spec.activation)
    parts = [f"hidden layers {sizes}, {names}"]
    if spec.normalization:
        parts.append(f"{spec.normalization} normalization")
    if spec.residual:
        parts.append("residual connections")
    if spec.embedding:
        parts.append(f"{spec.embedding} embedding")
    if spec.input_scale:
        parts.append("input scale")
    return parts


def _loss(params: Mapping[str, Any]) -> str:
    if params["loss"] != "quantile":
        return f"loss {params['loss']}"
    return f"quantiles {', '.join(f'{level:g}' for level in quantile_levels(params['quantiles']))}"


def _batches(size: Any, network: BaseMLP) -> str:
    if size == "full":
        return "full batch"
    return f"batches of {network._plan.batch_size if size == 'auto' else size}"


def _type_name(estimator: Any) -> str:
    while isinstance(estimator, Pipeline | list | tuple) and len(estimator):
        estimator = estimator[-1]
    return type(estimator).__name__
