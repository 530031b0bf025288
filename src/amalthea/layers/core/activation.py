"""`Activation`: a function as a layer."""

from __future__ import annotations

from typing import Any

from amalthea import activations
from amalthea.layers.layer import Layer


class Activation(Layer):
    """An activation function, applied to the inputs.

    Args:
        activation: a function, or the name of one, such as "relu".
        **kwargs: arguments of `Layer`.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Activation("relu")(amalthea.ops.convert_to_tensor([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
