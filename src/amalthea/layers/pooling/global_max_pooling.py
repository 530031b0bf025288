"""Global max pooling: the largest value over all of space."""

from __future__ import annotations

from typing import Any

from amalthea.layers.pooling.base import BaseGlobalPooling


class GlobalMaxPooling1D(BaseGlobalPooling):
    """The largest value over the whole sequence, channel by channel.

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
        >>> amalthea.layers.GlobalMaxPooling1D()(amalthea.ops.ones((2, 8, 3))).shape
        (2, 3)
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(1, "max", data_format, keepdims, **kwargs)


class GlobalMaxPooling2D(BaseGlobalPooling):
    """The largest value over the whole image, channel by channel.

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
        >>> amalthea.layers.GlobalMaxPooling2D()(amalthea.ops.ones((2, 8, 8, 3))).shape
        (2, 3)
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(2, "max", data_format, keepdims, **kwargs)


class GlobalMaxPooling3D(BaseGlobalPooling):
    """The largest value over the whole volume, channel by channel.

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
        >>> amalthea.layers.GlobalMaxPooling3D()(amalthea.ops.ones((2, 8, 8, 8, 3))).shape
        (2, 3)
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(3, "max", data_format, keepdims, **kwargs)


GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
