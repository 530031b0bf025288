"""`Flatten`: one axis for all of a sample."""

from __future__ import annotations

import math
from typing import Any

from amalthea import config, ops
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer


class Flatten(Layer):
    """All axes but that of the batch, as one.

    Args:
        data_format: "channels_last" or "channels_first"; the latter has its channels moved to the end first, so that both give the same order.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, ...)`.

    Output shape:
        `(batch, size)`.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Flatten()(amalthea.ops.ones((2, 3, 4))).shape
        (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)
        self.built = True

    def call(self, inputs: Any) -> Any:
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        return ops.reshape(inputs, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = input_shape[1:]
        return (input_shape[0], None if None in sizes else math.prod(sizes))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}
