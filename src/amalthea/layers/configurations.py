"""Layers as plain values and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalthea.errors import ArgumentTypeError
from amalthea.layers.layer import Layer


def serialize(layer: Layer) -> dict[str, Any]:
    """The configuration of `layer`, with its class.

    Example:
        >>> import amalthea
        >>> serialize(amalthea.layers.Flatten())["class_name"]
        'Flatten'
    """
    from amalthea.saving import serialize_keras_object

    return serialize_keras_object(layer)  # type: ignore[no-any-return]


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """The layer that `serialize` described.

    Args:
        config: what `serialize` gave.
        custom_objects: classes and functions of yours by name.

    Raises:
        ModelFileError: the configuration is refused.
        ArgumentTypeError: it does not describe a layer.

    Example:
        >>> import amalthea
        >>> deserialize(serialize(amalthea.layers.Dense(3))).units
        3
    """
    from amalthea.saving import deserialize_keras_object

    layer = deserialize_keras_object(config, custom_objects=dict(custom_objects or {}))
    if not isinstance(layer, Layer):
        raise ArgumentTypeError(f"The configuration describes {layer!r} of type {type(layer).__name__}, not a layer.")
    return layer
