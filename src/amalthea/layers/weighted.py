"""What layers with weights have in common: initializers, regularizers and constraints as arguments, by the name of the weight."""

from __future__ import annotations

from typing import Any

from amalthea import constraints, initializers, regularizers
from amalthea.errors import ArgumentError

_KINDS = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


def resolve(layer: Any, given: dict[str, Any]) -> None:
    """Set attributes such as `kernel_initializer` of `layer` to what the names and objects in `given` stand for."""
    for argument, value in given.items():
        setattr(layer, argument, _KINDS[argument.rpartition("_")[2]].get(value))


def new_weight(layer: Any, name: str, shape: tuple[int, ...], *, prefix: str | None = None, **options: Any) -> Any:
    """A weight made with the initializer, regularizer and constraint that `resolve` set for it.

    Args:
        layer: whose weight it is.
        name: the name of the weight.
        shape: its shape.
        prefix: how the names of these attributes begin, if not like the weight.
        **options: arguments of `add_weight`, which go before the attributes.
    """
    settings = {kind: getattr(layer, f"{prefix or name}_{kind}", None) for kind in _KINDS}
    return layer.add_weight(name=name, shape=shape, **(settings | options))


def described(layer: Any, *arguments: str) -> dict[str, Any]:
    """The attributes of `layer` that `resolve` set, as plain values."""
    return {argument: _KINDS[argument.rpartition("_")[2]].serialize(getattr(layer, argument)) for argument in arguments}


def positive(layer: str, argument: str, value: Any) -> int:
    """`value` as an integer of at least 1.

    Raises:
        ArgumentError: it is something else; the error names the layer's class and the argument.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ArgumentError(f"`{argument}` of {layer} must be an integer of at least 1. Received: {argument}={value!r}.")
    return int(value)


def rate_of(layer: str, argument: str, value: Any) -> float:
    """`value` as a share from 0 to 1.

    Raises:
        ArgumentError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ArgumentError(f"`{argument}` of {layer} must be a number from 0 to 1. Received: {argument}={value!r}.")
    return float(value) if isinstance(value, float) else value
