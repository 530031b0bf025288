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
