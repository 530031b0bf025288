"""Max pooling: the largest value of every window."""

from __future__ import annotations

from typing import Any

from amalthea.layers.pooling.base import BasePooling


class MaxPooling1D(BasePooling):
    """The largest value of every window of a sequence.

    Args:
        pool_size: the size of the window.
        strides: how far the window moves at each step; its size by default.
        padding: "valid" (windows that do not fit are left out) or "same" (the edges are padded).
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, new_steps, channels)`, or with the channels after the batch.

    Example:
        >>> import amalthea
        >>> amalthea.layers.MaxPooling1D()(amalthea.ops.ones((2, 8, 3))).shape
        (2, 4, 3)
    """

    def __init__(self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(1, "max", pool_size, strides, padding, data_format, **kwargs)


class MaxPooling2D(BasePooling):
    """The largest value of every window of a image.

    Args:
        pool_size: the size of the window: one number, or one for each axis.
        strides: how far the window moves at each step; its size by default.
        padding: "valid" (windows that do not fit are left out) or "same" (the edges are padded).
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, new_height, new_width, channels)`, or with the channels after the batch.

    Example:
        >>> import amalthea
        >>> amalthea.layers.MaxPooling2D()(amalthea.ops.ones((2, 8, 8, 3))).shape
        (2, 4, 4, 3)
    """

    def __init__(self, pool_size: Any = (2, 2), strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(2, "max", pool_size, strides, padding, data_format, **kwargs)


class MaxPooling3D(BasePooling):
    """The largest value of every window of a volume.

    Args:
        pool_size: the size of the window: one number, or one for each axis.
        strides: how far the window moves at each step; its size by default.
        padding: "valid" (windows that do not fit are left out) or "same" (the edges are padded).
        data_format: "channels_last" or "channels_first".
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, depth, height, width, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, new_depth, new_height, new_width, channels)`, or with the channels after the batch.

    Example:
        >>> import amalthea
        >>> amalthea.layers.MaxPooling3D()(amalthea.ops.ones((2, 8, 8, 8, 3))).shape
        (2, 4, 4, 4, 3)
    """

    def __init__(
        self, pool_size: Any = (2, 2, 2), strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(3, "max", pool_size, strides, padding, data_format, **kwargs)


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
