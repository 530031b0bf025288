"""Transposed convolutions: from the small to the large, as the gradient of a convolution goes."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.layers.convolutional.base import BaseConv, sizes


class BaseConvTranspose(BaseConv):
    """A transposed convolution over `rank` axes of space. Not for use by itself.

    Args:
        rank: the number of axes of space.
        filters: the number of channels that come out.
        kernel_size: the size of the window.
        strides: the factor by which space grows.
        padding: "valid" or "same".
        output_padding: what is added at the end of each axis; by default so that the shape is that which padding and strides suggest.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        **kwargs: arguments of `BaseConv`.
    """

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(rank, filters, kernel_size, strides, padding, data_format, dilation_rate, **kwargs)
        kind = type(self).__name__
        self.output_padding = None if output_padding is None else sizes(kind, "output_padding", output_padding, rank, least=0)
        if self.output_padding is not None and any(extra >= stride for extra, stride in zip(self.output_padding, self.strides, strict=True)):
            raise ArgumentError(
                f"`output_padding` of {kind} must be less than `strides`. Received: output_padding={output_padding}, strides={strides}."
            )

    def build(self, input_shape: Any) -> None:
        assert self.filters is not None
        self._add_kernel((*self.kernel_size, self.filters, self._channels(input_shape)), self.filters)

    def call(self, inputs: Any) -> Any:
        return self._finish(
            ops.conv_transpose(
                inputs,
                self.kernel,
                strides=self.strides,
                padding=self.padding,
                output_padding=self.output_padding,
                dilation_rate=self.dilation_rate,
                data_format=self.data_format,
            )
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["groups"]
        return {**config, "output_padding": self.output_padding}


class Conv1DTranspose(BaseConvTranspose):
    """Transposed convolution over sequences: space grows by the strides.

    Args:
        filters: the number of channels that come out.
        kernel_size: the size of the window: one number, or one for each axis.
        strides: the factor by which space grows.
        padding: "valid" or "same".
        output_padding: what is added at the end of each axis; chosen by default.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        kernel_initializer: the first value of the kernel.
        bias_initializer: the first value of the bias.
        kernel_regularizer: a regularizer of the kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        kernel_constraint: a constraint on the kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, *new_space, filters)`, or with the filters after the batch.

    Reference:
        Zeiler et al., "Deconvolutional Networks", CVPR 2010.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Conv1DTranspose(3, 3, strides=2, padding="same")(amalthea.ops.ones((1, 8, 2))).shape
        (1, 16, 3)
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(1, filters, kernel_size, strides, padding, *args, **kwargs)


class Conv2DTranspose(BaseConvTranspose):
    """Transposed convolution over images: space grows by the strides.

    Args:
        filters: the number of channels that come out.
        kernel_size: the size of the window: one number, or one for each axis.
        strides: the factor by which space grows.
        padding: "valid" or "same".
        output_padding: what is added at the end of each axis; chosen by default.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        kernel_initializer: the first value of the kernel.
        bias_initializer: the first value of the bias.
        kernel_regularizer: a regularizer of the kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        kernel_constraint: a constraint on the kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, *new_space, filters)`, or with the filters after the batch.

    Reference:
        Zeiler et al., "Deconvolutional Networks", CVPR 2010.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Conv2DTranspose(3, 3, strides=2, padding="same")(amalthea.ops.ones((1, 8, 8, 2))).shape
        (1, 16, 16, 3)
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(2, filters, kernel_size, strides, padding, *args, **kwargs)


class Conv3DTranspose(BaseConvTranspose):
    """Transposed convolution over volumes: space grows by the strides.

    Args:
        filters: the number of channels that come out.
        kernel_size: the size of the window: one number, or one for each axis.
        strides: the factor by which space grows.
        padding: "valid" or "same".
        output_padding: what is added at the end of each axis; chosen by default.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        kernel_initializer: the first value of the kernel.
        bias_initializer: the first value of the bias.
        kernel_regularizer: a regularizer of the kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        kernel_constraint: a constraint on the kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, depth, height, width, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, *new_space, filters)`, or with the filters after the batch.

    Reference:
        Zeiler et al., "Deconvolutional Networks", CVPR 2010.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Conv3DTranspose(3, 3, strides=2, padding="same")(amalthea.ops.ones((1, 4, 4, 4, 2))).shape
        (1, 8, 8, 8, 3)
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(3, filters, kernel_size, strides, padding, *args, **kwargs)


Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose = Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
