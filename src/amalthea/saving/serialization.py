"""Objects as plain values and back: configurations, in the form of Keras 3."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.errors import (
    AmaltheaError,
    ArgumentError,
    ArgumentTypeError,
    DataError,
    NotBuiltError,
    NotCompiledError,
    SerializationError,
    ShapeError,
    StateError,
    shown,
    told,
)
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.saving import legacy, names, registry
from amalthea.saving.checking import check, inside_checked, limits_here
from amalthea.saving.faults import refused
from amalthea.saving.limits import LIMITS, Limits
from amalthea.saving.sizes import check_depth, check_elements
from amalthea.saving.traces import without_traces

_PLAIN = (str, bool, int, float, type(None))
# What classes raise about values, in distinction to what an engine cannot do, or what is not installed.
_OF_VALUES = (ArgumentError, ArgumentTypeError, DataError, NotBuiltError, NotCompiledError, ShapeError, StateError)


def serialize_keras_object(obj: Any) -> Any:
    """`obj` as plain values, which JSON can hold.

    Args:
        obj: a layer, model, loss, optimizer or anything else with `get_config`; a function; plain values; structures of these.

    Returns:
        Plain values. An object becomes a dictionary with its "module", "class_name", "config" and "registered_name".

    Raises:
        SerializationError: it cannot be written as plain values (a lambda, say).

    Example:
        >>> import amalthea
        >>> serialize_keras_object(amalthea.regularizers.L2(0.1))["class_name"]
        'L2'
    """
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        parts = [serialize_keras_object(part) for part in obj]
        return tuple(parts) if isinstance(obj, tuple) else parts
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, slice):
        ends = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {"class_name": "__slice__", "config": serialize_keras_object(ends)}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, KerasTensor):
        return _symbolic_tensor(obj)
    if hasattr(obj, "get_config") and not isinstance(obj, type):
        return _object(obj)
    if isinstance(obj, type):
        return _class(obj)
    if callable(obj):
        return _function(obj)
    if hasattr(obj, "shape") and hasattr(obj, "dtype"):
        value = np.asarray(obj)
        return {"class_name": "__tensor__", "config": {"value": value.tolist(), "dtype": dtypes.standardize_dtype(obj.dtype)}}
    raise SerializationError(f"{obj!r} of type {type(obj).__name__} cannot be written as plain values: it has no `get_config` method.")


def _symbolic_tensor(tensor: KerasTensor) -> dict[str, Any]:
    history = tensor._keras_history
    config: dict[str, Any] = {"shape": tensor.shape, "dtype": tensor.dtype}
    if history is not None:
        config["keras_history"] = [history.operation.name, history.node_index, history.tensor_index]
    return {"class_name": "__keras_tensor__", "config": config}


def _function(function: Callable[..., Any]) -> dict[str, Any]:
    name = getattr(function, "__name__", "")
    registered = registry.get_registered_name(function) if name else ""
    if registered in ("", "<lambda>"):
        raise SerializationError(
            "A lambda cannot be written to a file. Make it a function with a name, and register it with `@register_keras_serializable()`."
        )
    if registered == name and names.functions().get(name) is not None and function.__module__.startswith("amalthea."):
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    return {"module": function.__module__, "class_name": "function", "config": registered, "registered_name": registered}


def _class(cls: type) -> dict[str, Any]:
    module, name = names.home_of(cls) or (cls.__module__, registry.get_registered_name(cls))
    return {"module": module, "class_name": "type", "config": name, "registered_name": None}


def _object(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    home = names.home_of(cls)
    module, name = home or (cls.__module__, cls.__name__)
    # A class whose public name is a private module's goes by its own name there.
    registered = name if module.startswith("keras.src.") else None if home else registry.get_registered_name(cls)
    config = {key: serialize_keras_object(value) for key, value in obj.get_config().items()}
    described = {"module": module, "class_name": name, "config": config, "registered_name": registered}
    build = obj.get_build_config() if hasattr(obj, "get_build_config") and getattr(obj, "built", True) else None
    if build is not None:
        described["build_config"] = serialize_keras_object(build)
    if hasattr(obj, "get_compile_config"):
        compiled = obj.get_compile_config()
        if compiled is not None:
            described["compile_config"] = compiled
    return described


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True, *, limits: Limits = LIMITS, **kwargs: Any
) -> Any:
    """The object that `serialize_keras_object` described.

    The whole configuration is checked before anything of it is made, and variables get no values before they are read.

    Args:
        config: plain values.
        custom_objects: classes and functions by the names that the configuration uses for them.
        safe_mode: accepted for Keras's sake: code in a configuration is never run, and what needs it is refused either way.
        limits: how much it may describe, `amalthea.saving.Limits`.
        **kwargs: passed over, as Keras does.

    Returns:
        The object, or the structure of objects.

    Raises:
        ModelFileError: an unknown class or function, or a configuration that is not well formed.

    Example:
        >>> import amalthea
        >>> config = serialize_keras_object(amalthea.initializers.Constant(3.0))
        >>> deserialize_keras_object(config).value
        3.0
    """
    if not isinstance(config, (dict, list, tuple)):
        return _plain(config, custom_objects)
    if limits_here() is not None:
        return _revive(config, custom_objects)
    config = checked(config, custom_objects, limits)
    try:
        with without_traces(), inside_checked(limits):
            return _revive(config, custom_objects)
    except _OF_VALUES as error:
        raise refused("value", "", f"A class refuses what it describes: {told(error)}") from error


def deserialize_model(config: Any, custom_objects: Mapping[str, Any] | None = None, limits: Limits = LIMITS) -> Any:
    """The model that a configuration describes.

    Raises:
        ModelFileError: see `deserialize_keras_object`; or it describes something else.
    """
    from amalthea.models.model import Model

    with without_traces():
        model = deserialize_keras_object(config, custom_objects=dict(custom_objects or {}), limits=limits)
        if not isinstance(model, Model):
            raise refused("form", "", f"It describes no model, but an object of the type {type(model).__name__}.")
    return model


def checked(config: Any, custom_objects: Mapping[str, Any] | None = None, limits: Limits = LIMITS) -> Any:
    """A configuration in the dialect of Keras 3, which was looked at as a whole; nothing is made of it.

    Raises:
        ModelFileError: it would be refused; inside of `faults.listed`, the list says why.
    """
    check_depth(config, limits)
    config = legacy.modern(config)
    check(config, custom_objects, limits)
    return config


def _plain(value: Any, custom_objects: Mapping[str, Any] | None) -> Any:
    """A plain value; the name of a custom object means that object."""
    found = registry.get_registered_object(value, custom_objects) if isinstance(value, str) else None
    return value if found is None else found


def _revive(config: Any, custom_objects: dict[str, Any] | None) -> Any:
    """What a configuration that was checked describes."""
    if isinstance(config, (list, tuple)):
        return type(config)(deserialize_keras_object(part, custom_objects) for part in config)
    if "class_name" not in config or "config" not in config:
        return {key: deserialize_keras_object(value, custom_objects) for key, value in config.items()}
    name, inner, module = config["class_name"], config["config"], config.get("module")
    special = _SPECIAL.get(name)
    if special is not None:
        with _refusing(str(name), config):
            return special(inner)
    if name == "function":
        return registry.find_function(inner, custom_objects, module, config.get("registered_name"))
    if name == "type":
        return registry.find_class(None if module == "builtins" else module, inner, None, custom_objects)
    cls = registry.find_class(module, name, config.get("registered_name"), custom_objects)
    with registry.custom_object_scope(custom_objects or {}), _refusing(cls.__name__, inner):
        obj = _from_config(cls, inner, custom_objects)
        build = config.get("build_config")
        if build and hasattr(obj, "build_from_config") and not getattr(obj, "built", True):
            obj.build_from_config(deserialize_keras_object(build))
        check_elements(obj, limits_here() or LIMITS)
        compiled = config.get("compile_config")
        if compiled and hasattr(obj, "compile_from_config"):
            obj.compile_from_config(compiled)
    return obj


def _from_config(cls: Any, config: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    if "custom_objects" in inspect.signature(cls.from_config).parameters:
        return cls.from_config(config, custom_objects=custom_objects)
    return cls.from_config(_revived(config, custom_objects))


@contextmanager
def _refusing(name: str, config: Any) -> Iterator[None]:
    """Whatever a class makes of values that it did not expect: the configuration is refused."""
    try:
        yield
    except AmaltheaError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise refused("kind", "", f"{name} cannot be made from its configuration {shown(config)}: {told(error)}") from error


def _revived(config: dict[str, Any], custom_objects: dict[str, Any] | None) -> dict[str, Any]:
    """`config` with the values that it describes, but for dtype policies and nested layers, which classes make themselves."""
    return {key: _revived_value(value, custom_objects) for key, value in config.items()}


def _revived_value(value: Any, custom_objects: dict[str, Any] | None) -> Any:
    if isinstance(value, dict) and value.get("class_name") in _SPECIAL:
        return deserialize_keras_object(value, custom_objects)
    return value


def _tensor(config: dict[str, Any]) -> np.ndarray:
    return np.array(config["value"], dtype=dtypes.numpy_dtype(dtypes.standardize_dtype(config["dtype"])))


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "__tensor__": _tensor,
    "__numpy__": _tensor,
    "__bytes__": lambda config: config["value"].encode("utf-8"),
    "__slice__": lambda config: slice(config["start"], config["stop"], config["step"]),
    "__ellipsis__": lambda config: Ellipsis,
    "__tuple__": lambda config: tuple(config["value"]),
}
