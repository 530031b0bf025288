"""`Rescaling`: data to another range."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import config, ops
from amalthea.layers.layer import Layer


class Rescaling(Layer):
    """`inputs * scale + offset`.

    Args:
        scale: a number, or one for each channel.
        offset: a number, or one for each channel.
        **kwargs: arguments of `Layer`.

    Output shape:
        That of the input; floating, integers too.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Rescaling(1 / 255)(amalthea.ops.convert_to_tensor([0, 255])).tolist()
        [0.0, 1.0]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        channels_first = config.image_data_format() == "channels_first"

        def ready(value: Any) -> Any:
            if np.ndim(value) == 0:
                return float(value)
            array = ops.cast(ops.convert_to_tensor(value), self.compute_dtype)
            return ops.reshape(array, (-1, 1, 1)) if channels_first and np.ndim(value) == 1 else array

        return ops.cast(inputs, self.compute_dtype) * ready(self.scale) + ready(self.offset)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            return np.asarray(value).tolist() if np.ndim(value) else value

        return {**super().get_config(), "scale": plain(self.scale), "offset": plain(self.offset)}
