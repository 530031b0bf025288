"""`Wrapper`: a layer around a layer."""

from __future__ import annotations

from typing import Any

from amalthea.errors import ArgumentTypeError
from amalthea.layers.layer import Layer


class Wrapper(Layer):
    """The base of layers that change what another layer does. Subclasses define `call`.

    Args:
        layer: the layer inside.
        **kwargs: arguments of `Layer`.

    Raises:
        ArgumentTypeError: `layer` is not a layer.
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(f"`layer` of {type(self).__name__} must be a layer. Received: {layer!r} of type {type(layer).__name__}.")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        from amalthea.saving import serialize_keras_object

        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Wrapper:
        """The layer that `get_config` described."""
        from amalthea.saving import deserialize_keras_object

        config = dict(config)
        layer = deserialize_keras_object(config.pop("layer"), custom_objects=custom_objects)
        return cls(layer, **config)
