"""Whether steps do the same at every call.

A step of this library's own layers, losses, metrics and optimizers asks the engine for the same operations whenever the shapes are the same: what changes is
in variables. So does code of a user's own that only computes (`effects.py`), as long as all that it can reach stays the same (`watch.py`). Other code may count,
print, or look at values; an engine that runs steps as they are written must go on to do so.
"""

from __future__ import annotations

import itertools
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from amalthea import config, tree
from amalthea.dtype_policies import DTypePolicy
from amalthea.engines.spec import Spec
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.graph.node import Node
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.state.tracking import TrackedDict, TrackedList, TrackedSet, Tracker
from amalthea.state.variable import Variable
from amalthea.training.callbacks.callback import Callback
from amalthea.training.effects import names_read
from amalthea.training.watch import Numbers, Watch

# `count` numbers the first values that are drawn on the host, which is no part of a step; trackers hold what attributes do.
_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis), np.generic, np.dtype, itertools.count, Tracker, Callback)
_SETTLED = (DTypePolicy, InputSpec, KerasTensor, Node, Spec)
"""What nobody changes once it is made, nor the containers in it."""

_MAPPINGS = (dict, OrderedDict, TrackedDict)
_COLLECTIONS = (list, set, TrackedList, TrackedSet)
_LARGEST = 1 << 20
"""Of how many bytes an array may be, to be looked at before every step."""

_FLAGS = ("_trainable", "regularizer", "constraint")
_PACKAGE = __name__.partition(".")[0]
# What a class of a user's own does before and after its objects compute.
_BESIDE = frozenset(
    [
        "__class_getitem__",
        "__del__",
        "__init__",
        "__init_subclass__",
        "__new__",
        "__reduce__",
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


def repeatable(obj: Any) -> Callable[[], bool] | None:
    """Whether a step of `obj` depends on nothing but its arguments, variables, and things that can be watched: a function that says whether all of
    these are as they are now.

    None if a step may do something besides, or otherwise at the next call. A step that changes what is watched does so as well.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.Dropout(0.5)
        >>> unchanged = repeatable(layer)
        >>> unchanged()
        True
        >>> layer.rate = 0.25
        >>> unchanged()
        False
        >>> repeatable(amalthea.layers.Dense(2, activation=print)) is None
        True
    """
    walk = _Walk()
    try:
        walk.through(obj)
    except _Foreign:
        return None
    return walk.watched()


class _Foreign(Exception):
    """Something that may do more than compute."""


def _require(condition: bool) -> None:
    if not condition:
        raise _Foreign


class _Walk:
    """Goes through all that a step can reach, and watches what may change of it.

    Layers tell of changes of their attributes, so that these are compared only after one.
    """

    def __init__(self) -> None:
        self._always, self._told = Watch(), Watch()
        self._always.see(vars(config._settings).values())

    def watched(self) -> Callable[[], bool]:
        always, told, seen = self._always, self._told, Tracker.last_change
        always.start()
        told.start()

        def unchanged() -> bool:
            nonlocal seen
            last = Tracker.last_change
            if seen is not last:
                if not told.holds():
                    return False
                seen = last
            return always.holds()

        return unchanged

    def through(self, obj: Any) -> None:
        seen: dict[int, Any] = {}  # kept, so that no other object gets the same identity meanwhile
        left = [obj]
        while left:
            part = left.pop()
            if id(part) not in seen and not isinstance(part, _PLAIN):
                seen[id(part)] = part
                left += self._inside(part)

    def _inside(self, part: Any) -> Iterator[Any]:
        """What `part` holds that may matter to what it does."""
        kind = type(part)
        if isinstance(part, Variable):
            for flag in _FLAGS:
                self._always.read(partial(getattr, part, flag))
            yield from (part.regularizer, part.constraint)
        elif isinstance(part, types.ModuleType):
            _require(_is_ours(part.__name__) or part.__name__ in ("math", "numpy"))
        elif isinstance(part, types.MethodType):
            yield from (part.__self__, part.__func__)
        elif kind is partial:
            yield from (part.func, part.args, part.keywords)
        elif isinstance(part, types.FunctionType):
            yield from self._of_function(part)
        elif isinstance(part, types.BuiltinFunctionType):
            raise _Foreign
        elif isinstance(part, type):
            yield from self._of_class(part)
        elif isinstance(part, np.ndarray):
            _require(kind is np.ndarray and not part.dtype.hasobject and part.nbytes <= _LARGEST)
            self._always.read(Numbers(part))
        elif kind in _MAPPINGS:
            self._always.see(part)
            self._always.see(part.values())
            yield from (value for key, value in part.items() if not _is_beside(key, value))
        elif kind in _COLLECTIONS:
            self._always.see(part)
            yield from part
        elif isinstance(part, (tuple, frozenset)):
            yield from part
            yield from (value for name, value in vars(kind).items() if isinstance(value, types.FunctionType) and name[0] != "_")
        else:
            _require(kind.__module__ != "builtins" or kind is object)  # such as a generator, which goes on when it is read
            yield kind
            yield from self._of_object(part)

    def _of_function(self, function: types.FunctionType) -> Iterator[Any]:
        yield from (function.__defaults__, function.__kwdefaults__)
        if _is_ours(function.__module__):
            yield from (cell.cell_contents for cell in function.__closure__ or ())
            return
        names = names_read(function)
        if names is None:
            raise _Foreign
        for name in function.__globals__.keys() & names.keys():
            self._always.read(partial(function.__globals__.get, name))
        for holder, name in ((function, "__code__"), (function, "__defaults__"), *((cell, "cell_contents") for cell in function.__closure__ or ())):
            self._always.read(partial(getattr, holder, name, None))
        self._always.see(vars(function).values())
        yield from (*names.values(), *vars(function).values())

    def _of_class(self, cls: type) -> Iterator[Any]:
        """What objects of a class do: of a user's own all of its methods have to be harmless, and those of the classes that it inherits from."""
        if _is_ours(cls.__module__) or cls.__module__ == "builtins":
            return
        _require(any(_is_ours(base.__module__) for base in cls.__mro__))  # a stranger's class may keep anything anywhere
        yield from cls.__bases__
        self._always.see(vars(cls).values())
        for name, value in vars(cls).items():
            if name in _BESIDE:
                continue
            if isinstance(value, property):
                yield value.fget
            elif isinstance(value, (classmethod, staticmethod)):
                yield value.__func__
            elif isinstance(value, types.FunctionType) or not name.startswith("__"):
                yield value

    def _of_object(self, obj: Any) -> Iterator[Any]:
        slots = [name for cls in type(obj).__mro__ for name in getattr(cls, "__slots__", ()) if hasattr(obj, name)]
        held = [*_Attributes(obj), *(getattr(obj, name) for name in slots)]
        if isinstance(obj, _SETTLED):
            yield from tree.flatten(held)
            return
        if isinstance(obj, Layer):
            self._told.see(_Attributes(obj))
        else:
            self._always.see(getattr(obj, "__dict__", {}).values())
        for name in slots:
            self._always.read(partial(getattr, obj, name, None))
        yield from held


def _is_ours(module: Any) -> bool:
    return str(module).partition(".")[0] == _PACKAGE


_KEPT = frozenset({"_build_shapes", "_compile_arguments", "_functions", "_init_arguments", "_own_losses", "inbound_nodes", "stop_training"})
"""What objects keep of their training, calls and configuration."""


def _is_beside(name: Any, value: Any) -> bool:
    """Whether a value of this name is no part of a step: it is kept, or makes first values of variables."""
    return isinstance(name, str) and (name in _KEPT or (name.endswith("initializer") and callable(value)))


class _Attributes:
    """The attributes of an object that are part of a step."""

    def __init__(self, obj: Any) -> None:
        self._named = getattr(obj, "__dict__", {})

    def __iter__(self) -> Iterator[Any]:
        return (value for name, value in list(self._named.items()) if not _is_beside(name, value) and not isinstance(value, Callback))
