"""What the TensorFlow engine does with kernels that TensorFlow has for it."""

from __future__ import annotations

import tensorflow as tf

from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Axes, Tensor
from amalthea.engines.tensorflow import windows
from amalthea.engines.tensorflow.arrays import narrow, wide
from amalthea.engines.tensorflow.windows import Pairs, Sizes


class NN(Engine):
    """Mixed into the engine, before the plain translations."""

    def conv(self, x: Tensor, kernel: Tensor, strides: Sizes, padding: Pairs, dilation: Sizes, groups: int, input_dilation: Sizes) -> Tensor:
        return windows.conv(x, kernel, strides, padding, dilation, groups, input_dilation)

    def reduce_window(self, x: Tensor, how: str, window: Sizes, strides: Sizes, padding: Pairs) -> Tensor:
        return windows.reduce_window(x, how, window, strides, padding)

    def softmax(self, x: Tensor, axis: int | Axes) -> Tensor:
        # One kernel, with a gradient that is another: twice as fast as the composition, in training.
        if isinstance(axis, int) or (axis is not None and len(axis) == 1):
            return narrow(tf.nn.softmax(wide(x), axis if isinstance(axis, int) else axis[0]), x)
        return super().softmax(x, axis)

    def relu(self, x: Tensor) -> Tensor:
        return super().relu(x) if x.dtype == tf.bool else tf.nn.relu(x)

    def batch_norm_by_batch(self, x: Tensor, axis: int, offset: Tensor | None, scale: Tensor | None, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
        if x.dtype != tf.float32 or len(x.shape) < 2 or axis != len(x.shape) - 1 or 0 in x.shape or epsilon < _LEAST_EPSILON:
            return super().batch_norm_by_batch(x, axis, offset, scale, epsilon)
        channels = x.shape[axis]
        weight, bias = (tf.fill([channels], start) if row is None else tf.cast(row, x.dtype) for row, start in ((scale, 1.0), (offset, 0.0)))
        rows = tf.reshape(x, (-1, 1, 1, channels))
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(x=rows, scale=weight, offset=bias, mean=[], variance=[], epsilon=epsilon)
        # The kernel divides by one less than the number of rows, as for the variance of what they were drawn from.
        count = tf.cast(tf.shape(rows)[0], x.dtype)
        return tf.reshape(y, tf.shape(x)), tf.stop_gradient(mean), tf.stop_gradient(variance) * ((count - 1.0) / count)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        if _is_row(y, x):
            return tf.raw_ops.BiasAdd(value=x, bias=y)
        return super().add(x, y)


_LEAST_EPSILON = 1.001e-5
"""The least one that the kernel for GPUs takes."""


def _is_row(y: object, x: object) -> bool:
    """Whether `y` is added to each row of `x`: the kernel for that has a faster gradient."""
    if not (isinstance(x, tf.Tensor) and isinstance(y, tf.Tensor)) or x.dtype != tf.float32 or y.shape.rank != 1:
        return False
    rank = x.shape.rank
    return rank is not None and 2 <= rank <= 5 and y.shape[0] is not None and x.shape[-1] == y.shape[0]
