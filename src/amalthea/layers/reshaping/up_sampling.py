"""Up-sampling: each element of space several times, or interpolated between."""

from __future__ import annotations

from typing import Any

from amalthea import config, ops
from amalthea.errors import ArgumentError
from amalthea.layers.convolutional.base import sizes
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import positive

_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def _scaled(shape: Any, first: int, factors: tuple[int, ...]) -> tuple[int | None, ...]:
    result = list(shape)
    for axis, factor in enumerate(factors, first):
        result[axis] = None if result[axis] is None else result[axis] * factor
    return tuple(result)


class UpSampling1D(Layer):
    """Every step of a sequence, `size` times.

    Args:
        size: how often.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`.

    Output shape:
        `(batch, steps * size, channels)`.

    Example:
        >>> import amalthea
        >>> amalthea.layers.UpSampling1D(2)(amalthea.ops.ones((1, 3, 2))).shape
        (1, 6, 2)
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = positive("UpSampling1D", "size", size)
        self.input_spec = InputSpec(ndim=3)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return _scaled(input_shape, 1, (self.size,))

    def call(self, inputs: Any) -> Any:
        return ops.repeat(inputs, self.size, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


class UpSampling2D(Layer):
    """A larger image: rows and columns several times, or interpolated.

    Args:
        size: the factors for rows and columns: one number, or two.
        data_format: "channels_last" or "channels_first".
        interpolation: "nearest" (repeats), "bilinear", "bicubic", "lanczos3" or "lanczos5".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        That of the input, with height and width multiplied.

    Example:
        >>> import amalthea
        >>> amalthea.layers.UpSampling2D(2)(amalthea.ops.ones((1, 3, 4, 2))).shape
        (1, 6, 8, 2)
    """

    def __init__(self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.size = sizes("UpSampling2D", "size", size, 2)
        self.interpolation = str(interpolation).lower()
        if self.interpolation not in _INTERPOLATIONS:
            raise ArgumentError(f"`interpolation` of UpSampling2D must be one of {', '.join(_INTERPOLATIONS)}. Received: {interpolation!r}.")
        self.input_spec = InputSpec(ndim=4)
        self.built = True

    @property
    def _first(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def compute_output_shape(self, input_shape: Any) -> Any:
        return _scaled(input_shape, self._first, self.size)

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            x = ops.repeat(inputs, self.size[0], axis=self._first)
            return ops.repeat(x, self.size[1], axis=self._first + 1)
        target = self.compute_output_shape(inputs.shape)[self._first : self._first + 2]
        return ops.image.resize(inputs, target, interpolation=self.interpolation, data_format=self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format, "interpolation": self.interpolation}


class UpSampling3D(Layer):
    """Every element of a volume several times along each axis.

    Args:
        size: the factors: one number, or three.
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, depth, height, width, channels)`, or with the channels after the batch.

    Output shape:
        That of the input, with the sizes of space multiplied.

    Example:
        >>> import amalthea
        >>> amalthea.layers.UpSampling3D(2)(amalthea.ops.ones((1, 2, 2, 2, 3))).shape
        (1, 4, 4, 4, 3)
    """

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.size = sizes("UpSampling3D", "size", size, 3)
        self.input_spec = InputSpec(ndim=5)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return _scaled(input_shape, 1 if self.data_format == "channels_last" else 2, self.size)

    def call(self, inputs: Any) -> Any:
        first = 1 if self.data_format == "channels_last" else 2
        for axis, factor in enumerate(self.size, first):
            inputs = ops.repeat(inputs, factor, axis=axis)
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}
