"""Activations: elementwise functions, and a few along an axis, that layers apply to their outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amalthea.activations.functions import exponential, gelu, linear, mish, relu
from amalthea.errors import ArgumentError
from amalthea.lookup import Family
from amalthea.ops import (
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)

hard_swish = hard_silu
swish = silu

_FUNCTIONS = (
    celu,
    elu,
    exponential,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    linear,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

_BY_NAME: dict[str, Callable[..., Any]] = {function.__name__: function for function in _FUNCTIONS}
_BY_NAME |= {"hard_swish": hard_silu, "swish": silu}
_FAMILY = Family("activation", _BY_NAME)


def get(identifier: Any) -> Callable[..., Any]:
    """The activation that `identifier` means.

    Args:
        identifier: a name such as "relu"; a configuration; any function (or layer) of a tensor; or None, which means `linear`.

    Raises:
        ArgumentError: it means none.

    Example:
        >>> get("relu") is relu, get(None) is linear
        (True, True)
    """
    if identifier is None:
        return linear
    if isinstance(identifier, dict):
        identifier = deserialize(identifier)
    # A class is called with the tensor, as a function is: no object is made of it.
    return identifier if callable(identifier) else _FAMILY.get(identifier)  # type: ignore[no-any-return]


def serialize(activation: Callable[..., Any]) -> Any:
    """What stands for an activation in a configuration: its name, or a dictionary for those that are not Amalthea's.

    Raises:
        ArgumentError: it cannot be called.

    Example:
        >>> serialize(relu), serialize(swish)
        ('relu', 'silu')
    """
    if not callable(activation):
        raise ArgumentError(f"An activation is something to call. Received: {activation!r} (of type {type(activation).__name__}).")
    name = getattr(activation, "__name__", "")
    if name in _BY_NAME and (getattr(activation, "__module__", None) or "").partition(".")[0] == "amalthea":
        return name
    return _FAMILY.serialize(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """The activation that stands in a configuration.

    Args:
        config: what `serialize` gave: a name or a dictionary.
        custom_objects: functions and classes of yours by name.

    Raises:
        ArgumentError: the name is not known.

    Example:
        >>> deserialize("silu") is silu
        True
    """
    name = config.get("config") if isinstance(config, dict) and config.get("class_name") == "function" else config
    if isinstance(name, str) and custom_objects and name in custom_objects:
        return custom_objects[name]  # type: ignore[no-any-return]
    if isinstance(name, str) and (name in _BY_NAME or isinstance(config, str)):
        return _FAMILY.named(name)  # type: ignore[no-any-return]
    return _FAMILY.deserialize(config, custom_objects)  # type: ignore[no-any-return]
