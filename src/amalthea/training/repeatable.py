"""Whether steps do the same at every call.

A step of this library's own layers, losses, metrics and optimizers asks the engine for the same operations whenever the shapes are the same: what changes is
in variables. So does code of a user's own that only computes (`effects.py`). Other code may count, print, or look at values; an engine that runs steps as
they are written must go on to do so.
"""

from __future__ import annotations

import functools
import itertools
import types
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import numpy as np

from amalthea.state.tracking import Tracker
from amalthea.state.variable import Variable
from amalthea.training.effects import names_read

# `count` numbers the first values that are drawn on the host, which is no part of a step.
_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis), np.ndarray, np.generic, np.dtype, itertools.count)
_PACKAGE = __name__.partition(".")[0]
# What a class of a user's own does before and after its objects compute.
_BESIDE = frozenset(
    [
        "__init__",
        "__new__",
        "__repr__",
        "__str__",
        "build",
        "build_from_config",
        "compute_output_shape",
        "compute_output_spec",
        "from_config",
        "get_config",
        "get_build_config",
        "get_compile_config",
        "compile",
        "compile_from_config",
        "load_own_assets",
        "load_own_variables",
        "save_own_assets",
        "save_own_variables",
        "summary",
    ]
)


def repeatable(obj: Any) -> Callable[[], Hashable] | None:
    """What a step of `obj` depends on besides its arguments and variables: a function whose value is another one after a change.

    None if a step may do something besides, or otherwise at the next call.

    Example:
        >>> import amalthea
        >>> repeatable(amalthea.layers.Dense(2, activation="relu")) is None
        False
        >>> repeatable(amalthea.layers.Dense(2, activation=print)) is None
        True
    """
    seen: dict[int, Any] = {}  # kept, so that no other object gets the same identity meanwhile
    premises: Premises = {}
    left = [obj]
    try:
        while left:
            part = left.pop()
            if id(part) not in seen and not isinstance(part, _PLAIN):
                seen[id(part)] = part
                left += _inside(part, premises)
    except _Foreign:
        return None
    read = [(names, name) for (_, name), (names, _) in premises.items()]
    return lambda: (Tracker.changes, *(names.get(name) for names, name in read))


class _Foreign(Exception):
    """Something that may do more than compute."""


Premises = dict[tuple[int, str], tuple[Mapping[str, Any], Any]]


def _inside(part: Any, premises: Premises) -> Iterator[Any]:
    """What `part` holds that may matter to what it does."""
    if isinstance(part, Variable):
        yield from (part.regularizer, part.constraint)
    elif isinstance(part, types.ModuleType):
        _require(_is_ours(part.__name__) or part.__name__ in ("math", "numpy"))
    elif isinstance(part, types.MethodType):
        yield from (part.__self__, part.__func__)
    elif isinstance(part, functools.partial):
        yield from (part.func, part.args, part.keywords)
    elif isinstance(part, types.FunctionType):
        yield from _of_function(part, premises)
    elif isinstance(part, types.BuiltinFunctionType):
        raise _Foreign
    elif isinstance(part, type):
        yield from _of_class(part, premises)
    elif isinstance(part, Mapping):
        yield from (value for key, value in part.items() if not _is_beside(key))
    elif isinstance(part, (list, tuple, set, frozenset)):
        yield from part
    else:
        _require(type(part).__module__ != "builtins" or type(part) is object)  # such as a generator, which goes on when it is read
        yield type(part)
        yield from _attributes(part)


def _require(condition: bool) -> None:
    if not condition:
        raise _Foreign


def _is_ours(module: Any) -> bool:
    return str(module).partition(".")[0] == _PACKAGE


def _of_function(function: types.FunctionType, premises: Premises) -> Iterator[Any]:
    yield from (function.__defaults__, function.__kwdefaults__)
    if _is_ours(function.__module__):
        yield from (cell.cell_contents for cell in function.__closure__ or ())
        return
    names = names_read(function)
    if names is None:
        raise _Foreign
    for name, value in names.items():
        if name in function.__globals__:
            _note(function.__globals__, name, value, premises)
        yield value


def _of_class(cls: type, premises: Premises) -> Iterator[Any]:
    """What objects of a class do: of a user's own all of its methods have to be harmless, and those of the classes that it inherits from."""
    if _is_ours(cls.__module__) or cls.__module__ == "builtins":
        return
    _require(any(_is_ours(base.__module__) for base in cls.__mro__))  # a stranger's class may keep anything anywhere
    yield from cls.__bases__
    for name, value in vars(cls).items():
        if name in _BESIDE or (name.startswith("__") and name != "__call__"):
            continue
        if isinstance(value, property):
            yield value.fget
        elif isinstance(value, (classmethod, staticmethod)):
            yield value.__func__
        else:
            _note(vars(cls), name, value, premises)
            yield value


def _note(names: Mapping[str, Any], name: str, value: Any, premises: Premises) -> None:
    """A plain value that somebody may replace."""
    if isinstance(value, _PLAIN):
        _require(isinstance(value, Hashable))
        premises[id(names), name] = (names, value)


# What a model keeps of its training, and of its configuration.
_KEPT = frozenset({"_compile_arguments", "_functions", "_init_arguments", "history"})


def _is_beside(name: Any) -> bool:
    """Whether what has this name is no part of a step: it is kept, or makes first values of variables."""
    return isinstance(name, str) and (name in _KEPT or name.endswith("initializer"))


_OF_PYTHON = ("__dict__", "__weakref__")


def _attributes(obj: Any) -> Iterator[Any]:
    slots = (name for cls in type(obj).__mro__ for name in getattr(cls, "__slots__", ()) if name not in _OF_PYTHON and hasattr(obj, name))
    for name in (*getattr(obj, "__dict__", ()), *slots):
        if not _is_beside(name):
            yield getattr(obj, name)
