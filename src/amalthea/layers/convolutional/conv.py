"""Convolutions over one, two and three axes of space."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.layers.convolutional.base import PlainConv


class Conv1D(PlainConv):
    """Convolution over a sequence.

    Args:
        filters: the number of channels that come out.
        kernel_size: the size of the window.
        strides: how far the window moves at each step.
        padding: "valid", "same", or "causal": zeros before, so that no output sees a later input.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        groups: into how many groups, seen apart, the channels are split.
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
        `(batch, steps, channels)`, or `(batch, channels, steps)` with the channels first.

    Output shape:
        `(batch, new_steps, filters)`, or `(batch, filters, new_steps)`.

    Reference:
        Causal padding: van den Oord et al., "WaveNet", 2016, section 2.1.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Conv1D(8, 3)(amalthea.ops.ones((2, 10, 4))).shape
        (2, 8, 8)
    """

    paddings = ("valid", "same", "causal")

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(1, filters, kernel_size, strides, padding, *args, **kwargs)

    def call(self, inputs: Any) -> Any:
        if self.padding != "causal":
            return super().call(inputs)
        before = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        widths = [(0, 0), (before, 0), (0, 0)] if self.data_format == "channels_last" else [(0, 0), (0, 0), (before, 0)]
        x = ops.conv(
            ops.pad(inputs, widths),
            self.kernel,
            strides=self.strides,
            padding="valid",
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )
        return self._finish(x)


class Conv2D(PlainConv):
    """Convolution over images.

    Args:
        filters: the number of channels that come out.
        kernel_size: the size of the window: one number, or height and width.
        strides: how far the window moves at each step.
        padding: "valid" (no padding) or "same" (zeros, so that with stride 1 the size stays).
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        groups: into how many groups, seen apart, the channels are split.
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
        `(batch, height, width, channels)`, or `(batch, channels, height, width)` with the channels first.

    Output shape:
        `(batch, new_height, new_width, filters)`, or `(batch, filters, new_height, new_width)`.

    Reference:
        LeCun et al., "Gradient-based learning applied to document recognition", 1998.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Conv2D(8, 3)(amalthea.ops.ones((2, 28, 28, 1))).shape
        (2, 26, 26, 8)
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(2, filters, kernel_size, strides, padding, *args, **kwargs)


class Conv3D(PlainConv):
    """Convolution over volumes.

    Args:
        filters: the number of channels that come out.
        kernel_size: the size of the window: one number, or three.
        strides: how far the window moves at each step.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        groups: into how many groups, seen apart, the channels are split.
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
        `(batch, new_depth, new_height, new_width, filters)`, or with the filters after the batch.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Conv3D(2, 3)(amalthea.ops.ones((1, 5, 5, 5, 1))).shape
        (1, 3, 3, 3, 2)
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(3, filters, kernel_size, strides, padding, *args, **kwargs)


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
