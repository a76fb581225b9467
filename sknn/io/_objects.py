"""Estimators as nodes, and out of nodes: made from their own attributes, with nothing called.

An estimator is the name of its class and its attributes. It is made without `__init__`, its
attributes are put in place, and then looked at: the parameters by scikit-learn's own constraints,
the rest by `_checks`. Fitted networks are written by `_model`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring

from sknn.estimators._base import BaseMLP

from ._checks import check_state
from ._model import from_plain, requests_of, set_requests, to_plain
from ._table import LEFT_OUT, OF_THE_MACHINE, PRIVATE, class_of, key_of
from ._values import DECODERS, Decoder, Encoder, Node


class ObjectEncoder(Encoder):
    """Estimators and values as nodes.

    Parameters
    ----------
    trusted : collection of str
        Full names of classes and functions beyond those on the list.

    Attributes
    ----------
    foreign : set of str
        Names of what was found that is neither on the list nor in `trusted`.
    """

    def __init__(self, trusted: Collection[str] = ()) -> None:
        super().__init__()
        self.trusted, self.foreign = trusted, set[str]()

    def encode_other(self, value: Any, name: str) -> Node:
        """An estimator, or whatever the user trusts."""
        key = key_of(type(value))
        if key is None:
            return self._foreign(value, name)
        if isinstance(value, BaseMLP) and value.__sklearn_is_fitted__():
            header, arrays = to_plain(value)
            prefix = f"{name}." if name else ""
            self.arrays |= {prefix + array: content for array, content in arrays.items()}
            return {"$network": [header, prefix]}
        attributes = {n: v for n, v in vars(value).items() if n not in LEFT_OUT}
        if isinstance(value, BaseMLP):  # not fitted: its parameters are all that it is
            attributes = value.get_params(deep=False)
        attributes |= {n: v for n, v in OF_THE_MACHINE.items() if n in attributes}
        check_attributes(type(value), attributes)
        nodes = {n: self.encode(v, f"{name}.{n}".lstrip(".")) for n, v in attributes.items()}
        if not self.foreign:
            check_object(value)  # so that nothing is saved that could not be loaded
        return {"$object": [key, nodes, requests_of(value)]}

    def _foreign(self, value: Any, name: str) -> Node:
        """A function, or an object of a class, that the user may trust."""
        is_function = inspect.isroutine(value) or isinstance(value, np.ufunc)
        named = value if is_function else type(value)
        module = getattr(named, "__module__", None) or "numpy"
        qualified = getattr(named, "__qualname__", named.__name__)
        if f"{module}.{qualified}" not in self.trusted:
            self.foreign.add(f"{module}.{qualified}")
            return None
        if look_up(module, qualified, self.trusted) is not named:
            raise ValueError(f"`{name}` cannot be saved: {value!r:.200} is not found by its name")
        if is_function:
            return {"$trusted": [module, qualified, None]}
        if not hasattr(value, "__dict__"):
            raise ValueError(f"`{name}` cannot be saved: {value!r:.200} has no attributes")
        attributes = {n: v for n, v in vars(value).items() if n not in LEFT_OUT}
        nodes = {n: self.encode(v, f"{name}.{n}") for n, v in attributes.items()}
        return {"$trusted": [module, qualified, nodes]}


class ObjectDecoder(Decoder):
    """Estimators and values out of nodes.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    trusted : collection of str
        As for the encoder.
    cls : type, optional
        The class of the network in `place`, whichever was saved.
    place : str, optional
        Where the network is that the model ends in.
    """

    def __init__(
        self,
        arrays: Mapping[str, np.ndarray],
        trusted: Collection[str] = (),
        cls: type[BaseMLP] | None = None,
        place: str | None = None,
    ) -> None:
        super().__init__(arrays)
        self.trusted, self.cls, self.place = trusted, cls, place

    def network(self, content: Node, name: str) -> BaseMLP:
        """A fitted network."""
        header, prefix = content
        if f"$network {prefix}" in self._taken:
            raise ValueError(f"its network {prefix!r} is used twice")
        self._taken.add(f"$network {prefix}")
        return from_plain(
            header, _Part(self.arrays, prefix), self.cls if name == self.place else None
        )

    def object(self, content: Node, name: str) -> Any:
        """An object of a class that is on the list."""
        key, nodes, requests = content
        cls = class_of(key)
        attributes = {n: self.decode(node, f"{name}.{n}".lstrip(".")) for n, node in nodes.items()}
        return make_object(cls, attributes, requests)

    def trusted_object(self, content: Node, name: str) -> Any:
        """A function, or an object of a class, that the user trusts."""
        module, qualified, nodes = content
        named = look_up(module, qualified, self.trusted)
        if nodes is None:
            return named
        made = object.__new__(named)
        vars(made).update({n: self.decode(node, f"{name}.{n}") for n, node in nodes.items()})
        return made


DECODERS["$network"] = ObjectDecoder.network
DECODERS["$object"] = ObjectDecoder.object
DECODERS["$trusted"] = ObjectDecoder.trusted_object


class _Part(Mapping[str, np.ndarray]):
    """The arrays whose names begin with a prefix, under the rest of their names."""

    def __init__(self, arrays: Mapping[str, np.ndarray], prefix: str) -> None:
        self._arrays, self._prefix = arrays, prefix

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[self._prefix + name]

    def __iter__(self) -> Any:
        return (n.removeprefix(self._prefix) for n in self._arrays if n.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return f"{self._prefix}{name}" in self._arrays


def look_up(module: str, qualified: str, trusted: Collection[str]) -> Any:
    """What is named, if the user trusts that name; no other module is imported.

    Raises
    ------
    ValueError
        If the name is not in `trusted`, or belongs to something else.
    """
    full = f"{module}.{qualified}"
    if full not in trusted:
        raise ValueError(
            f"it holds {full!r:.200}, which is not on the list of what files may hold; if you "
            "trust the code of that name, name it in `trusted`"
        )
    try:
        return functools.reduce(getattr, qualified.split("."), import_module(module))
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{full!r} cannot be found: {error}") from error


def make_object(cls: type, attributes: dict[str, Any], requests: Any = None) -> Any:
    """An object of a class on the list from its attributes, which are checked.

    Raises
    ------
    ValueError
        If it could not be one that was fitted, or its indices point outside.
    """
    for name, value in OF_THE_MACHINE.items():
        if name in attributes:
            attributes[name] = value
    if cls.__module__.startswith("sknn."):  # files of earlier versions lack what came later
        attributes = _defaults(cls) | attributes
    check_attributes(cls, attributes)
    made: Any = object.__new__(cls)
    vars(made).update(attributes)
    check_object(made)
    set_requests(made, requests or {})
    if hasattr(made, "best_estimator_") and "scoring" in attributes:
        made.scorer_ = check_scoring(made.estimator, scoring=made.scoring)
    return made


def _defaults(cls: type) -> dict[str, Any]:
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


def check_object(made: Any) -> None:
    """Raise ValueError if an object is none that was fitted, or was set up to be."""
    if isinstance(made, BaseEstimator):
        missing = set(made._get_param_names()) - set(vars(made))
        if missing:
            raise ValueError(f"its {type(made).__name__} lacks {sorted(missing)}")
        if hasattr(made, "_parameter_constraints"):
            made._validate_params()
    check_state(made)


def check_attributes(cls: type, attributes: Mapping[str, Any]) -> None:
    """Whether these can be attributes of an instance, and hide none of the methods of its class.

    Raises
    ------
    ValueError
        If one cannot.
    """
    parameters = inspect.signature(cls).parameters
    for name in attributes:
        is_known = name in parameters or name in PRIVATE
        is_fitted = name.isidentifier() and name.endswith("_") and not name.startswith("_")
        if issubclass(cls, BaseMLP):
            is_known, is_fitted = name in parameters, False
        own = inspect.getattr_static(cls, name, None)
        if not (is_known or is_fitted) or callable(own) or hasattr(own, "__get__"):
            raise ValueError(f"a {cls.__name__} in a file cannot have an attribute {name!r:.100}")
