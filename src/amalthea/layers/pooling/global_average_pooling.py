"""Global average pooling: the mean over all of space."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.layers.pooling.base import BaseGlobalPooling


class GlobalAveragePooling1D(BaseGlobalPooling):
    """The mean over the whole sequence, channel by channel.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the axes of space stay, with size 1.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, channels)`.

    Example:
        >>> import amalthea
        >>> amalthea.layers.GlobalAveragePooling1D()(amalthea.ops.ones((2, 8, 3))).shape
        (2, 3)
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(1, "average", data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        (axis,) = self._axes
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), 3 - axis)
        total = ops.sum(inputs * weights, axis=axis, keepdims=self.keepdims)
        return total / ops.sum(weights, axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return None


class GlobalAveragePooling2D(BaseGlobalPooling):
    """The mean over the whole image, channel by channel.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the axes of space stay, with size 1.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, channels)`.

    Example:
        >>> import amalthea
        >>> amalthea.layers.GlobalAveragePooling2D()(amalthea.ops.ones((2, 8, 8, 3))).shape
        (2, 3)
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(2, "average", data_format, keepdims, **kwargs)


class GlobalAveragePooling3D(BaseGlobalPooling):
    """The mean over the whole volume, channel by channel.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the axes of space stay, with size 1.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, depth, height, width, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, channels)`.

    Example:
        >>> import amalthea
        >>> amalthea.layers.GlobalAveragePooling3D()(amalthea.ops.ones((2, 8, 8, 8, 3))).shape
        (2, 3)
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(3, "average", data_format, keepdims, **kwargs)


GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D
