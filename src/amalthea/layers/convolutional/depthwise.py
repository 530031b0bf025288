"""Depthwise and separable convolutions: each channel by itself, and then, for the latter, all channels at each point."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.layers.convolutional.base import BaseConv
from amalthea.layers.weighted import described, new_weight, positive, resolve

_DEPTHWISE = ("depthwise_initializer", "depthwise_regularizer", "depthwise_constraint")
_POINTWISE = ("pointwise_initializer", "pointwise_regularizer", "pointwise_constraint")
_PLAIN = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")


class BaseDepthwise(BaseConv):
    """A convolution of each channel by itself. Not for use by itself.

    Args:
        rank: the number of axes of space.
        kernel_size: the size of the window.
        strides: how far the window moves at each step.
        padding: "valid" or "same".
        depth_multiplier: how many channels come of each.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        depthwise_initializer: the first value of the kernel.
        bias_initializer: the first value of the bias.
        depthwise_regularizer: a regularizer of the kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        depthwise_constraint: a constraint on the kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.
    """

    def __init__(
        self,
        rank: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            rank,
            None,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = positive(type(self).__name__, "depth_multiplier", depth_multiplier)
        resolve(self, dict(zip(_DEPTHWISE, (depthwise_initializer, depthwise_regularizer, depthwise_constraint), strict=True)))

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self._kernel = new_weight(self, "kernel", (*self.kernel_size, channels, self.depth_multiplier), prefix="depthwise")
        self._add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        return self._finish(
            ops.depthwise_conv(
                inputs, self.kernel, strides=self.strides, padding=self.padding, dilation_rate=self.dilation_rate, data_format=self.data_format
            )
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("filters", "groups", *_PLAIN):
            config.pop(name)
        return {**config, "depth_multiplier": self.depth_multiplier, **described(self, *_DEPTHWISE)}


class BaseSeparable(BaseConv):
    """A depthwise convolution and then one over the channels. Not for use by itself.

    Args:
        rank: the number of axes of space.
        filters: the number of channels that come out.
        kernel_size: the size of the window.
        strides: how far the window moves at each step.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        depth_multiplier: how many channels come of each in the first convolution.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        depthwise_initializer: the first value of the first kernel.
        pointwise_initializer: the first value of the second kernel.
        bias_initializer: the first value of the bias.
        depthwise_regularizer: a regularizer of the first kernel.
        pointwise_regularizer: a regularizer of the second kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        depthwise_constraint: a constraint on the first kernel.
        pointwise_constraint: a constraint on the second kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.
    """

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            rank,
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = positive(type(self).__name__, "depth_multiplier", depth_multiplier)
        resolve(self, dict(zip(_DEPTHWISE, (depthwise_initializer, depthwise_regularizer, depthwise_constraint), strict=True)))
        resolve(self, dict(zip(_POINTWISE, (pointwise_initializer, pointwise_regularizer, pointwise_constraint), strict=True)))

    def build(self, input_shape: Any) -> None:
        assert self.filters is not None
        channels = self._channels(input_shape)
        self.depthwise_kernel = new_weight(self, "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), prefix="depthwise")
        self.pointwise_kernel = new_weight(
            self, "pointwise_kernel", (*(1,) * self.rank, channels * self.depth_multiplier, self.filters), prefix="pointwise"
        )
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        return self._finish(
            ops.separable_conv(
                inputs,
                self.depthwise_kernel,
                self.pointwise_kernel,
                strides=self.strides,
                padding=self.padding,
                dilation_rate=self.dilation_rate,
                data_format=self.data_format,
            )
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("groups", *_PLAIN):
            config.pop(name)
        return {**config, "depth_multiplier": self.depth_multiplier, **described(self, *_DEPTHWISE, *_POINTWISE)}


class DepthwiseConv1D(BaseDepthwise):
    """Convolution over sequences of each channel by itself.

    Args:
        kernel_size: the size of the window: one number, or one for each axis.
        strides: how far the window moves at each step.
        padding: "valid" (no padding) or "same" (zeros, so that with stride 1 the size stays).
        depth_multiplier: how many channels come of each.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        depthwise_initializer: the first value of the kernel.
        bias_initializer: the first value of the bias.
        depthwise_regularizer: a regularizer of the kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        depthwise_constraint: a constraint on the kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, *new_space, channels * depth_multiplier)`, or with the channels after the batch.

    Reference:
        Chollet, "Xception", CVPR 2017.

    Example:
        >>> import amalthea
        >>> amalthea.layers.DepthwiseConv1D(3)(amalthea.ops.ones((1, 8, 2))).shape
        (1, 6, 2)
    """

    def __init__(self, kernel_size: Any, strides: Any = 1, padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(1, kernel_size, strides, padding, *args, **kwargs)


class DepthwiseConv2D(BaseDepthwise):
    """Convolution over images of each channel by itself.

    Args:
        kernel_size: the size of the window: one number, or one for each axis.
        strides: how far the window moves at each step.
        padding: "valid" (no padding) or "same" (zeros, so that with stride 1 the size stays).
        depth_multiplier: how many channels come of each.
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        depthwise_initializer: the first value of the kernel.
        bias_initializer: the first value of the bias.
        depthwise_regularizer: a regularizer of the kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        depthwise_constraint: a constraint on the kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, *new_space, channels * depth_multiplier)`, or with the channels after the batch.

    Reference:
        Chollet, "Xception", CVPR 2017.

    Example:
        >>> import amalthea
        >>> amalthea.layers.DepthwiseConv2D(3)(amalthea.ops.ones((1, 8, 8, 2))).shape
        (1, 6, 6, 2)
    """

    def __init__(self, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(2, kernel_size, strides, padding, *args, **kwargs)


class SeparableConv1D(BaseSeparable):
    """Convolution over sequences in two steps: each channel by itself, then all channels at each point.

    Args:
        filters: the number of channels that come out.
        kernel_size: the size of the window: one number, or one for each axis.
        strides: how far the window moves at each step.
        padding: "valid" (no padding) or "same" (zeros, so that with stride 1 the size stays).
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        depth_multiplier: how many channels come of each in the first step.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        depthwise_initializer: the first value of the first kernel.
        pointwise_initializer: the first value of the second kernel.
        bias_initializer: the first value of the bias.
        depthwise_regularizer: a regularizer of the first kernel.
        pointwise_regularizer: a regularizer of the second kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        depthwise_constraint: a constraint on the first kernel.
        pointwise_constraint: a constraint on the second kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, steps, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, *new_space, filters)`, or with the filters after the batch.

    Reference:
        Chollet, "Xception", CVPR 2017.

    Example:
        >>> import amalthea
        >>> amalthea.layers.SeparableConv1D(4, 3)(amalthea.ops.ones((1, 8, 2))).shape
        (1, 6, 4)
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(1, filters, kernel_size, strides, padding, *args, **kwargs)


class SeparableConv2D(BaseSeparable):
    """Convolution over images in two steps: each channel by itself, then all channels at each point.

    Args:
        filters: the number of channels that come out.
        kernel_size: the size of the window: one number, or one for each axis.
        strides: how far the window moves at each step.
        padding: "valid" (no padding) or "same" (zeros, so that with stride 1 the size stays).
        data_format: "channels_last" or "channels_first".
        dilation_rate: the distance between the elements of the window.
        depth_multiplier: how many channels come of each in the first step.
        activation: a function, or the name of one.
        use_bias: whether a bias is added.
        depthwise_initializer: the first value of the first kernel.
        pointwise_initializer: the first value of the second kernel.
        bias_initializer: the first value of the bias.
        depthwise_regularizer: a regularizer of the first kernel.
        pointwise_regularizer: a regularizer of the second kernel.
        bias_regularizer: a regularizer of the bias.
        activity_regularizer: a regularizer of the output.
        depthwise_constraint: a constraint on the first kernel.
        pointwise_constraint: a constraint on the second kernel.
        bias_constraint: a constraint on the bias.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, height, width, channels)`, or with the channels after the batch.

    Output shape:
        `(batch, *new_space, filters)`, or with the filters after the batch.

    Reference:
        Chollet, "Xception", CVPR 2017.

    Example:
        >>> import amalthea
        >>> amalthea.layers.SeparableConv2D(4, 3)(amalthea.ops.ones((1, 8, 8, 2))).shape
        (1, 6, 6, 4)
    """

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", *args: Any, **kwargs: Any) -> None:
        super().__init__(2, filters, kernel_size, strides, padding, *args, **kwargs)


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
