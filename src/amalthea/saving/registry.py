"""The closed registry: which names in a configuration stand for which classes and functions.

A name resolves to something public of Amalthea, or to something that the user's own code registered or passed as `custom_objects`. Nothing
is imported because a file says so.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any, TypeVar

from amalthea.errors import ArgumentError, ArgumentTypeError, SerializationError, nearest

T = TypeVar("T")

# Keras's module -> ours. The order is that of the search for the public name of a class.
_MODULES = {
    "keras.layers": "amalthea.layers",
    "keras.initializers": "amalthea.initializers",
    "keras.regularizers": "amalthea.regularizers",
    "keras.constraints": "amalthea.constraints",
    "keras.losses": "amalthea.losses",
    "keras.metrics": "amalthea.metrics",
    "keras.optimizers": "amalthea.optimizers",
    "keras.optimizers.schedules": "amalthea.optimizers.schedules",
    "keras.models": "amalthea.models",
    "keras.dtype_policies": "amalthea.dtype_policies",
    "keras.random": "amalthea.random",
}
_FUNCTION_MODULES = ("amalthea.activations", "amalthea.losses", "amalthea.metrics", "amalthea.ops")
# Classes that Keras lists under its top module.
_TOP = {"Model": "keras.models", "Sequential": "keras.models", "Functional": "keras.models", "DTypePolicy": "keras.dtype_policies"}
_TOP |= {"FloatDTypePolicy": "keras.dtype_policies", "DTypePolicyMap": "keras.dtype_policies", "Variable": "keras"}
# The class of functional models is public nowhere in Keras: its files name the private module, and Keras reads no other name.
_UNLISTED = {"Functional": "keras.src.models.functional"}
# How Keras's private modules begin, in files that name them.
_PRIVATE = "keras.src."

_registered: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}
_scoped: ContextVar[dict[str, Any]] = ContextVar("amalthea_custom_objects", default={})  # noqa: B039 (never changed in place)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """A decorator that lets files name a class or function of yours.

    Args:
        package: the first part of its name in files.
        name: the second part; its own name by default.

    Raises:
        ArgumentError: a class without `get_config`.

    Example:
        >>> import amalthea
        >>> @register_keras_serializable("docs")
        ... class Twice(amalthea.layers.Layer):
        ...     def call(self, x):
        ...         return 2 * x
        >>> get_registered_name(Twice)
        'docs>Twice'
    """

    def register(thing: T) -> T:
        chosen = f"{package}>{name or thing.__name__}"  # type: ignore[attr-defined]
        if isinstance(thing, type) and not hasattr(thing, "get_config"):
            raise ArgumentError(f"{thing.__name__} cannot be registered: it has no `get_config` method, so it cannot be written to a file.")
        previous = _registered.get(chosen)
        if previous is not None:
            _registered_names.pop(previous, None)
        _registered[chosen] = thing
        _registered_names[thing] = chosen
        return thing

    return register


def get_registered_name(thing: Any) -> str:
    """The name under which a class or function was registered, or its own."""
    return _registered_names.get(thing) or thing.__name__


def get_registered_object(name: str, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None) -> Any:
    """What stands for `name` among the custom and registered objects, or None."""
    for table in (_scoped.get(), custom_objects or {}, _registered, module_objects or {}):
        if name in table:
            return table[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The objects that were registered, by name. Changes to this dictionary last."""
    return _registered


@contextmanager
def custom_object_scope(custom_objects: dict[str, Any]) -> Iterator[None]:
    """Names of `custom_objects` can be used in configurations inside.

    Example:
        >>> with custom_object_scope({"double": lambda x: 2 * x}):
        ...     get_registered_object("double") is not None
        True
    """
    if not isinstance(custom_objects, dict):
        raise ArgumentTypeError(f"`custom_objects` must be a dictionary of names to classes or functions. Received: {custom_objects!r}.")
    token = _scoped.set({**_scoped.get(), **custom_objects})
    try:
        yield
    finally:
        _scoped.reset(token)


CustomObjectScope = custom_object_scope


def public_home(cls: type) -> tuple[str, str] | None:
    """Keras's module and name of a public class of Amalthea, or None for any other class."""
    if not cls.__module__.startswith("amalthea."):
        return None
    if cls.__name__ in _TOP:
        return _UNLISTED.get(cls.__name__, "keras"), cls.__name__
    for module, ours in _MODULES.items():
        if not cls.__module__.startswith(ours):
            continue
        name = _public_name(importlib.import_module(ours), cls)
        if name is not None:
            return "keras.optimizers.schedules" if cls.__module__.startswith("amalthea.optimizers.schedules") else module, name
    return None


def _public_name(module: ModuleType, cls: type) -> str | None:
    """The name under which `cls` is public in `module`: its own, or else another that stands for it."""
    if _public(module, cls.__name__) is cls:
        return cls.__name__
    return next((name for name in module.__all__ if _public(module, name) is cls), None)


def _by_own_name(module: ModuleType, class_name: str) -> type | None:
    """The public class of `module` whose own name is `class_name`: files that name a private module of Keras use that one."""
    found = (_public(module, name) for name in module.__all__)
    return next((thing for thing in found if isinstance(thing, type) and thing.__name__ == class_name), None)


def find_class(module: str | None, class_name: str, registered_name: str | None, custom_objects: dict[str, Any] | None) -> Any:
    """The class of a configuration.

    Raises:
        SerializationError: no class of this name is public, registered or custom.
    """
    for name in (registered_name, class_name):
        found = get_registered_object(name, custom_objects) if name else None
        if found is not None:
            return found
    candidates: list[str] = []
    if module == "keras" or module is None:
        candidates = [_TOP[class_name]] if class_name in _TOP else list(_MODULES)
    elif module in _MODULES:
        candidates = [module]
    elif module.startswith((_PRIVATE, "keras.", "amalthea.")):
        part = module.removeprefix(_PRIVATE).removeprefix("keras.").removeprefix("amalthea.")
        candidates = [ours for ours in _MODULES if part.startswith(ours.removeprefix("keras."))] or list(_MODULES)
    for candidate in candidates:
        if candidate not in _MODULES:
            continue
        ours = importlib.import_module(_MODULES[candidate])
        found = _public(ours, class_name)
        if found is None and module is not None and module.startswith(_PRIVATE):
            found = _by_own_name(ours, class_name)
        if isinstance(found, type):
            return found
    known = [name for ours in dict.fromkeys(_MODULES.values()) for name in getattr(importlib.import_module(ours), "__all__", ())]
    raise SerializationError(
        f"The configuration names the class {class_name!r} (module {module!r}), which is neither part of Amalthea nor registered.{nearest(class_name, known)} "
        "If it is yours, decorate it with `@amalthea.saving.register_keras_serializable()`, or pass it in `custom_objects`."
    )


def find_function(name: str, custom_objects: dict[str, Any] | None) -> Callable[..., Any]:
    """The function of a configuration.

    Raises:
        SerializationError: no function of this name is public, registered or custom.
    """
    found = get_registered_object(name, custom_objects)
    if found is not None:
        return found  # type: ignore[no-any-return]
    for module in _FUNCTION_MODULES:
        found = _public(importlib.import_module(module), name)
        if callable(found) and not isinstance(found, type):
            return found  # type: ignore[no-any-return]
    raise SerializationError(
        f"The configuration names the function {name!r}, which is neither part of Amalthea nor registered. If it is yours, decorate it with "
        "`@amalthea.saving.register_keras_serializable()`, or pass it in `custom_objects`."
    )


def _public(module: ModuleType, name: str) -> Any:
    return getattr(module, name, None) if name in getattr(module, "__all__", ()) else None
