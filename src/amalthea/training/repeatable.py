"""Whether steps do the same at every call.

A step of this library's own layers, losses, metrics and optimizers asks the engine for the same operations whenever the shapes are the same: what changes is
in variables. Code of a user's own may count, print, or look at values; an engine that runs steps as they are written must go on to do so.
"""

from __future__ import annotations

import functools
import itertools
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from amalthea.state.variable import Variable

# `count` numbers the first values that are drawn on the host, which is no part of a step.
_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis), np.ndarray, np.generic, np.dtype, itertools.count)
_PACKAGE = __name__.partition(".")[0]


def is_repeatable(obj: Any) -> bool:
    """Whether `obj`, and all that it holds, is code of this library.

    Example:
        >>> import amalthea
        >>> is_repeatable(amalthea.layers.Dense(2, activation="relu")), is_repeatable(amalthea.layers.Dense(2, activation=lambda x: x))
        (True, False)
    """
    seen: dict[int, Any] = {}  # kept, so that no other object gets the same identity meanwhile
    left = [obj]
    while left:
        part = left.pop()
        if id(part) in seen or isinstance(part, _PLAIN):
            continue
        seen[id(part)] = part
        inside = _inside(part)
        if inside is None:
            return False
        left += inside
    return True


def _inside(part: Any) -> Iterable[Any] | None:
    """What `part` holds that may matter to what it does; None if it is somebody else's code."""
    if isinstance(part, Variable):
        return (part.regularizer, part.constraint)
    if isinstance(part, types.MethodType):
        return (part.__self__, part.__func__)
    if isinstance(part, functools.partial):
        return (part.func, part.args, part.keywords)
    if isinstance(part, type):
        return () if _is_ours(part) else None
    if isinstance(part, types.FunctionType):
        return [*(cell.cell_contents for cell in part.__closure__ or ()), part.__defaults__, part.__kwdefaults__] if _is_ours(part) else None
    if isinstance(part, Mapping):
        return [value for key, value in part.items() if not _makes_first_values(key)]
    if isinstance(part, (list, tuple, set, frozenset)):
        return part
    return list(_attributes(part)) if _is_ours(type(part)) and not isinstance(part, types.BuiltinFunctionType) else None


def _is_ours(named: Any) -> bool:
    return str(named.__module__).partition(".")[0] in (_PACKAGE, "builtins")


def _makes_first_values(name: Any) -> bool:
    """Whether what has this name makes first values of variables, which is no part of a step."""
    return isinstance(name, str) and name.endswith("initializer")


def _attributes(obj: Any) -> Iterator[Any]:
    slots = (name for cls in type(obj).__mro__ for name in getattr(cls, "__slots__", ()) if hasattr(obj, name))
    for name in (*getattr(obj, "__dict__", ()), *slots):
        if not _makes_first_values(name):
            yield getattr(obj, name)
