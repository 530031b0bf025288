"""What pooling layers have in common."""

from __future__ import annotations

from typing import Any

from amalthea import config, ops
from amalthea.errors import ArgumentError
from amalthea.layers.convolutional.base import sizes
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer


class BasePooling(Layer):
    """Pooling over `rank` axes of space. Not for use by itself.

    Args:
        rank: the number of axes of space.
        mode: "max" or "average".
        pool_size: the size of the window.
        strides: how far the window moves at each step; its size by default.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; `config.image_data_format()` by default.
        **kwargs: arguments of `Layer`.
    """

    def __init__(
        self, rank: int, mode: str, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        kind = type(self).__name__
        self.rank, self.mode = rank, mode
        self.pool_size = sizes(kind, "pool_size", pool_size, rank)
        self.strides = sizes(kind, "strides", self.pool_size if strides is None else strides, rank)
        self.padding = str(padding).lower()
        if self.padding not in ("valid", "same"):
            raise ArgumentError(f"`padding` of {kind} must be 'valid' or 'same'. Received: {padding!r}.")
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self.built = True

    def call(self, inputs: Any) -> Any:
        pool = ops.max_pool if self.mode == "max" else ops.average_pool
        return pool(inputs, pool_size=self.pool_size, strides=self.strides, padding=self.padding, data_format=self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class BaseGlobalPooling(Layer):
    """Pooling over all of space. Not for use by itself.

    Args:
        rank: the number of axes of space.
        mode: "max" or "average".
        data_format: "channels_last" or "channels_first"; `config.image_data_format()` by default.
        keepdims: whether the axes of space stay, with size 1.
        **kwargs: arguments of `Layer`.
    """

    def __init__(self, rank: int, mode: str, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rank, self.mode, self.keepdims = rank, mode, keepdims
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self.built = True

    @property
    def _axes(self) -> tuple[int, ...]:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def call(self, inputs: Any) -> Any:
        reduce = ops.max if self.mode == "max" else ops.mean
        return reduce(inputs, axis=self._axes, keepdims=self.keepdims)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}
