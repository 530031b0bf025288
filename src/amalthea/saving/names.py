"""The names that configurations may use: exact names of Keras, and what of Amalthea each stands for.

Nothing is imported or looked up by a name from a configuration: the tables are made of the public names of our own packages, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

# Classes that Keras lists under its top module, and under which it writes them.
_TOP = {
    "DTypePolicy": "keras.dtype_policies",
    "FloatDTypePolicy": "keras.dtype_policies",
    "Functional": "keras.models",
    "InputSpec": "keras.layers",
    "Model": "keras.models",
    "Sequential": "keras.models",
}
# Classes that are public nowhere in Keras: its files name the private module, and Keras reads no other name.
FUNCTIONAL = "keras.src.models.functional"
_UNLISTED = {"Functional": FUNCTIONAL}

# Modules that are not public, of Keras 3 ("keras.src.layers.core.dense"), of Keras 2 inside TensorFlow ("keras.src.engine.functional",
# "keras.layers.core"): the public module whose class of that name is meant. The longest match counts.
_ROOTS = ("keras.src.", "tf_keras.src.", "keras.api.", "tf_keras.", "keras.")
_PRIVATE = {
    "backend.torch.optimizers": "keras.optimizers",
    "constraints": "keras.constraints",
    "dtype_policies": "keras.dtype_policies",
    "engine": "keras.models",
    "initializers": "keras.initializers",
    "layers": "keras.layers",
    "losses": "keras.losses",
    "metrics": "keras.metrics",
    "mixed_precision": "keras.dtype_policies",
    "models": "keras.models",
    "optimizers": "keras.optimizers",
    "optimizers.schedules": "keras.optimizers.schedules",
    "random": "keras.random",
    "regularizers": "keras.regularizers",
}


@cache
def _modules() -> dict[str, ModuleType]:
    """Keras's public modules with classes in them, and ours. Their order is that of the search for a class without a module."""
    from amalthea import constraints, dtype_policies, initializers, layers, losses, metrics, models, optimizers, random, regularizers
    from amalthea.optimizers import schedules

    return {
        "keras.layers": layers,
        "keras.initializers": initializers,
        "keras.regularizers": regularizers,
        "keras.constraints": constraints,
        "keras.losses": losses,
        "keras.metrics": metrics,
        "keras.optimizers": optimizers,
        "keras.optimizers.schedules": schedules,
        "keras.models": models,
        "keras.dtype_policies": dtype_policies,
        "keras.random": random,
    }


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    contents = vars(module)
    return ((name, contents[name]) for name in contents["__all__"])


@cache
def _classes() -> dict[tuple[str, str], type]:
    """Classes by public module and public name."""
    found = {(home, name): thing for home, module in _modules().items() for name, thing in _public(module) if isinstance(thing, type)}
    return found | {("keras", name): found[home, name] for name, home in _TOP.items()}


@cache
def _by_own_name() -> dict[tuple[str, str], type]:
    """Classes by public module and the name that they were defined under, which private names of Keras use."""
    return {(home, cls.__name__): cls for (home, _), cls in reversed(_classes().items())}


@cache
def _homes() -> dict[type, tuple[str, str]]:
    """The module and name by which Keras writes each class."""
    found: dict[type, tuple[str, str]] = {}
    for (home, name), cls in _classes().items():
        if home != "keras" and (cls not in found or name == cls.__name__ != found[cls][1]):
            found[cls] = (home, name)
    for name in _TOP:
        cls = _classes()["keras", name]
        if name == cls.__name__:
            found[cls] = (_UNLISTED.get(name, "keras"), name)
    return found


@cache
def functions() -> dict[str, Callable[..., Any]]:
    """Functions by the names that configurations have for them: activations, losses, metrics, operations."""
    from amalthea import activations, losses, metrics, ops

    found: dict[str, Callable[..., Any]] = {}
    for module in (activations, losses, metrics, ops):
        for name, thing in _public(module):
            if callable(thing) and not isinstance(thing, type) and name not in _VERBS:
                found.setdefault(name, thing)
    return found


# Functions of every family that are about configurations.
_VERBS = frozenset({"deserialize", "get", "serialize"})


def home_of(cls: type) -> tuple[str, str] | None:
    """Keras's module and name of a public class of Amalthea, or None for any other class."""
    return _homes().get(cls)


def public_module(module: str | None) -> str | None:
    """The public module of Keras that `module` is, or whose private part it is; None for any other.

    Example:
        >>> public_module("keras.src.layers.core.dense"), public_module("os")
        ('keras.layers', None)
    """
    if module is None or module == "keras" or module in _modules():
        return module
    for root in _ROOTS:
        if module.startswith(root):
            parts = module.removeprefix(root).split(".")
            return next((_PRIVATE[key] for end in (3, 2, 1) if (key := ".".join(parts[:end])) in _PRIVATE), None)
    return None


def classes_named(module: str | None, name: str) -> list[type]:
    """The public classes that `name` of `module` stands for: one or none; without a module, one for each family that has the name."""
    if module is None:
        every = [_classes().get((home, name)) or _by_own_name().get((home, name)) for home in _modules()]
        return list(dict.fromkeys(cls for cls in every if cls is not None))
    home = public_module(module)
    if home is None:
        return []
    table = _classes() if home == module else _by_own_name()
    found = table.get((home, name))
    return [] if found is None else [found]


def known_classes() -> list[str]:
    """All public names of classes, for advice."""
    return sorted({name for _, name in _classes()})
