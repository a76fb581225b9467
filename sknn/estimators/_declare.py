"""How estimators declare their parameters: as the fields of a dataclass.

A parameter is declared once, with all that there is to say of it. The signature of `__init__`, the
constraints that scikit-learn validates by, and the docstring are made from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from inspect import cleandoc
from textwrap import dedent, indent
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


def parameter(
    default: Any, constraints: list[Any], kind: str, text: str, *, kw_only: bool = True
) -> Any:
    """Declare a parameter.

    Parameters
    ----------
    default : object
    constraints : list
        What it may be, as scikit-learn's estimators declare it.
    kind, text : str
        What docstrings say of it.
    kw_only : bool, default=True
        Whether it has to be given by name.
    """
    metadata = {"constraints": constraints, "kind": kind, "text": dedent(text).strip()}
    return field(default=default, kw_only=kw_only, metadata=metadata)


@dataclass_transform(kw_only_default=True, field_specifiers=(parameter,), eq_default=False)
def estimator(**words: str) -> Callable[[type[T]], type[T]]:
    """Make an estimator of a class that declares parameters: `__init__`, constraints, docstring.

    In the docstring, words in braces are replaced: ``{parameters}`` by the declarations, others as
    `words` say.
    """

    def make(cls: type[T]) -> type[T]:
        made: Any = dataclass(eq=False, repr=False)(cls)
        declared = fields(made)
        made._parameter_constraints = {f.name: f.metadata["constraints"] for f in declared}
        # As plain as scikit-learn's own; the types are for checkers, which read the declarations.
        made.__init__.__annotations__ = {}
        text = cleandoc(made.__doc__)
        entries = "\n".join(
            f"{f.name} : {f.metadata['kind']}, default={f.default!r}\n"
            + indent(f.metadata["text"], "    ")
            for f in declared
        )
        for name, value in {"parameters": entries, **words}.items():
            text = text.replace("{" + name + "}", value.strip())
        made.__doc__ = text
        return made

    return make
