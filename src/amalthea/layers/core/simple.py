"""Layers without weights around a function or a mask: `Identity`, `Lambda`, `Masking`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amalthea import ops, tree
from amalthea.errors import ArgumentTypeError, SerializationError
from amalthea.layers.layer import Layer


class Identity(Layer):
    """The inputs as they are.

    Args:
        **kwargs: arguments of `Layer`.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Identity()(amalthea.ops.ones((2,))).tolist()
        [1.0, 1.0]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Lambda(Layer):
    """A function as a layer. A class of your own is better where it has weights, or is to be saved.

    Args:
        function: takes the inputs, and `mask` and `training` if it has parameters of these names.
        output_shape: the shape of a sample that comes out, or a function from the shape of the input; found without it as a rule.
        mask: a mask for the output, or a function `(inputs, mask)` that gives it.
        arguments: more arguments for the function, by name.
        **kwargs: arguments of `Layer`.

    Raises:
        SerializationError: the layer is written to a file although its function has no registered name.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Lambda(lambda x: x**2)(amalthea.ops.convert_to_tensor([3.0])).tolist()
        [9.0]
    """

    def __init__(
        self, function: Callable[..., Any], output_shape: Any = None, mask: Any = None, arguments: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ArgumentTypeError(f"`function` of Lambda must be a function. Received: {function!r}.")
        self.function = function
        self.arguments = arguments or {}
        self._output_shape, self.mask = output_shape, mask
        self.supports_masking = mask is not None
        code = getattr(function, "__code__", None)
        self._takes = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        more = {name: value for name, value in (("mask", mask), ("training", training)) if name in self._takes}
        return self.function(inputs, **self.arguments, **more)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        batch = tree.flatten(input_shape)[0]
        return (batch, *self._output_shape)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        from amalthea.saving import serialize_keras_object

        if self.function.__name__ == "<lambda>":
            raise SerializationError(
                f"{self} holds a lambda, whose code is not written to files. Use a function with a name that is registered with "
                "`@amalthea.saving.register_keras_serializable()`, or a layer of your own."
            )
        parts = {"function": self.function, "output_shape": self._output_shape, "mask": self.mask}
        config = {**super().get_config(), **{name: serialize_keras_object(part) for name, part in parts.items() if part is not None}}
        return {**config, "arguments": serialize_keras_object(self.arguments)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None) -> Lambda:
        """The layer that `get_config` described."""
        from amalthea.saving import deserialize_keras_object

        config = dict(config)
        for name in ("function", "output_shape", "mask"):
            if isinstance(config.get(name), dict):
                config[name] = deserialize_keras_object(config[name], custom_objects)
        return super().from_config(config)  # type: ignore[return-value]


class Masking(Layer):
    """Steps in which every feature equals `mask_value` do not count: layers after this one pass over them.

    Args:
        mask_value: the value that marks them.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, features)`.

    Output shape:
        That of the input; what does not count is 0.

    Example:
        >>> import amalthea
        >>> layer = amalthea.layers.Masking()
        >>> layer.compute_mask(amalthea.ops.convert_to_tensor([[[1.0], [0.0]]]), None).tolist()
        [[True, False]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self.built = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        counts = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return ops.multiply(inputs, ops.cast(counts, inputs.dtype))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
