"""Objects as plain values and back: configurations, in the form of Keras 3."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.errors import ArgumentTypeError, SerializationError
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.saving import registry

_PLAIN = (str, bool, int, float, type(None))


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
    if isinstance(obj, (np.generic, np.ndarray)):
        return {"class_name": "__tensor__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        parts = [serialize_keras_object(part) for part in obj]
        return tuple(parts) if isinstance(obj, tuple) else parts
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("latin-1")}}
    if isinstance(obj, slice):
        return {"class_name": "__slice__", "config": {name: serialize_keras_object(getattr(obj, name)) for name in ("start", "stop", "step")}}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, KerasTensor):
        return _symbolic_tensor(obj)
    if hasattr(obj, "get_config") and not isinstance(obj, type):
        return _object(obj)
    if isinstance(obj, type) and registry.get_registered_name(obj) != obj.__name__:
        return {"module": obj.__module__, "class_name": "type", "config": registry.get_registered_name(obj), "registered_name": None}
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
    if name == "<lambda>" and registered == name:
        raise SerializationError(
            "A lambda cannot be written to a file. Make it a function with a name, and register it with `@register_keras_serializable()`."
        )
    ours = function.__module__.startswith("amalthea.")
    return {
        "module": "builtins" if ours else function.__module__,
        "class_name": "function",
        "config": name if ours or registered == name else registered,
        "registered_name": "function" if ours else registered,
    }


def _object(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    home = registry.public_home(cls)
    module, name = home or (cls.__module__, cls.__name__)
    config = {key: serialize_keras_object(value) for key, value in obj.get_config().items()}
    described = {"module": module, "class_name": name, "config": config, "registered_name": None if home else registry.get_registered_name(cls)}
    build = obj.get_build_config() if hasattr(obj, "get_build_config") and getattr(obj, "built", True) else None
    if build is not None:
        described["build_config"] = serialize_keras_object(build)
    if hasattr(obj, "get_compile_config"):
        compiled = obj.get_compile_config()
        described["compile_config"] = compiled if compiled is not None else {}
    return described


def deserialize_keras_object(config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any) -> Any:
    """The object that `serialize_keras_object` described.

    Args:
        config: plain values.
        custom_objects: classes and functions by the names that the configuration uses for them.
        safe_mode: accepted for Keras's sake: code in a configuration is never run.

    Returns:
        The object, or the structure of objects.

    Raises:
        SerializationError: an unknown class or function, or a configuration that is not well formed.

    Example:
        >>> import amalthea
        >>> config = serialize_keras_object(amalthea.initializers.Constant(3.0))
        >>> deserialize_keras_object(config).value
        3.0
    """
    if isinstance(config, (list, tuple)):
        return type(config)(deserialize_keras_object(part, custom_objects) for part in config)
    if not isinstance(config, dict):
        if isinstance(config, str):
            found = registry.get_registered_object(config, custom_objects)
            return config if found is None else found
        return config
    if "class_name" not in config or "config" not in config:
        return {key: deserialize_keras_object(value, custom_objects) for key, value in config.items()}
    name, inner = config["class_name"], config["config"]
    if not isinstance(name, str):
        raise SerializationError(f"`class_name` must be a string. Received: {name!r}.")
    special = _SPECIAL.get(name)
    if special is not None:
        return special(inner)
    if name == "function":
        return registry.find_function(str(inner), custom_objects)
    if name == "__lambda__":
        raise SerializationError(
            "The configuration holds the code of a lambda, which is never run. Rebuild that part of the model with a function of your own."
        )
    if name == "type":
        return registry.find_class(config.get("module"), str(inner), str(inner), custom_objects)
    if not isinstance(inner, dict):
        raise SerializationError(f"The `config` of {name!r} must be a dictionary. Received: {type(inner).__name__}.")
    cls = registry.find_class(config.get("module"), name, config.get("registered_name"), custom_objects)
    if not hasattr(cls, "from_config"):
        raise SerializationError(f"{name!r} stands for {cls!r}, which has no `from_config` and so cannot be made from a configuration.")
    with registry.custom_object_scope(custom_objects or {}):
        obj = _from_config(cls, inner, custom_objects)
        build = config.get("build_config")
        if build and hasattr(obj, "build_from_config") and not getattr(obj, "built", True):
            obj.build_from_config(deserialize_keras_object(build))
        compiled = config.get("compile_config")
        if compiled and hasattr(obj, "compile_from_config"):
            obj.compile_from_config(compiled)
    return obj


def _from_config(cls: Any, config: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    try:
        if "custom_objects" in inspect.signature(cls.from_config).parameters:
            return cls.from_config(config, custom_objects=custom_objects)
        return cls.from_config(_revived(config, custom_objects))
    except (TypeError, KeyError) as error:
        if isinstance(error, ArgumentTypeError):
            raise
        raise SerializationError(f"{cls.__name__} cannot be made from its configuration {str(config)[:300]}: {error}") from error


def _revived(config: dict[str, Any], custom_objects: dict[str, Any] | None) -> dict[str, Any]:
    """`config` with the objects that it describes, but for dtype policies and nested layers, which classes make themselves."""
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
    "__bytes__": lambda config: config["value"].encode("latin-1"),
    "__slice__": lambda config: slice(config["start"], config["stop"], config["step"]),
    "__ellipsis__": lambda config: Ellipsis,
    "__tuple__": lambda config: tuple(config["value"]),
}
