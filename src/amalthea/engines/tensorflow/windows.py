"""Windows that slide over space on TensorFlow: what its kernels do not do (negative padding, groups, zeros between elements, integers)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any

import tensorflow as tf

from amalthea.engines.protocol import Tensor
from amalthea.engines.shapes import same_padding
from amalthea.engines.sizes import LaterSize
from amalthea.engines.tensorflow.arrays import as_shape, sizes_of

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

POOLED = frozenset({tf.float32, tf.bfloat16})
"""The dtypes for which TensorFlow pools over one, two and three axes."""


def pad_space(x: Tensor, padding: Pairs, value: Any = 0) -> Tensor:
    """`x` with `value` around its space; less than nothing cuts."""
    known = [tuple(0 if isinstance(width, LaterSize) else width for width in pair) for pair in padding]
    if any(low < 0 or high < 0 for low, high in known):
        kept = tuple(slice(max(0, -low), None if high >= 0 else high) for low, high in known)
        x = x[(slice(None), *kept)]
    added = [tuple(width if isinstance(width, LaterSize) else max(0, width) for width in pair) for pair in padding]
    if not any(map(any, added)):
        return x
    return tf.raw_ops.PadV2(input=x, paddings=[(0, 0), *map(as_shape, added), (0, 0)], constant_values=tf.constant(value, x.dtype))


def spread(x: Tensor, steps: Sizes, first: int) -> Tensor:
    """`x` with `step - 1` zeros between its elements, along the axes from `first` on."""
    for axis, step in enumerate(steps, first):
        size = sizes_of(x)[axis]
        if step == 1 or (not isinstance(size, LaterSize) and size < 2):
            continue
        apart = tf.expand_dims(x, axis + 1)
        paddings = [(0, 0)] * len(apart.shape)
        paddings[axis + 1] = (0, step - 1)
        merged = [*sizes_of(x)[:axis], size * step, *sizes_of(x)[axis + 1 :]]
        x = tf.reshape(tf.pad(apart, paddings), as_shape(merged))
        x = x[(slice(None),) * axis + (slice(0, -(step - 1)),)]
    return x


def _plane(call: Callable[..., Tensor], x: Tensor, kernel: Tensor, strides: Sizes, dilation: Sizes, padding: str) -> Tensor:
    """A convolution over two axes; over one it is one of which the other has one element."""
    if len(strides) == 2:
        return call(x, kernel, strides, dilation, padding)
    y = call(tf.expand_dims(x, 1), tf.expand_dims(kernel, 0), (strides[0], strides[0]), (1, *dilation), padding)
    return tf.squeeze(y, 1)


def _conv2d(x: Tensor, kernel: Tensor, strides: Sizes, dilation: Sizes, padding: str) -> Tensor:
    return tf.nn.conv2d(x, kernel, strides, padding, dilations=dilation)


def _depthwise2d(x: Tensor, kernel: Tensor, strides: Sizes, dilation: Sizes, padding: str) -> Tensor:
    return tf.nn.depthwise_conv2d(x, kernel, (1, *strides, 1), padding, dilations=dilation)


def _padded(x: Tensor, window: Sizes, strides: Sizes, padding: Pairs, dilation: Sizes) -> tuple[Tensor, str]:
    """`x` with zeros around its space as far as the kernels do not add them, and how TensorFlow calls what is left to them."""
    if any(low or high for low, high in padding) and None not in x.shape[1:-1]:
        axes = zip(x.shape[1:-1], window, strides, dilation, strict=True)
        if padding == tuple(same_padding(size, (width - 1) * step + 1, stride) for size, width, stride, step in axes):
            return x, "SAME"
    return pad_space(x, padding), "VALID"


def conv(x: Tensor, kernel: Tensor, strides: Sizes, padding: Pairs, dilation: Sizes, groups: int, input_dilation: Sizes) -> Tensor:
    """`Protocol.conv`."""
    if x.shape[0] == 0:  # TensorFlow gives a result of the shape of `x`
        return conv(tf.zeros([1, *x.shape[1:]], x.dtype), kernel, strides, padding, dilation, groups, input_dilation)[:0]
    channels = x.shape[-1]
    if len(strides) == 3 or (prod(dilation) > 1 and prod(strides) > 1):
        kernel, dilation = spread(kernel, dilation, 0), (1,) * len(strides)
    x, mode = _padded(spread(x, input_dilation, 1), tuple(kernel.shape[:-2]), strides, padding, dilation)
    if groups == channels > 1 and len(strides) < 3 and len(set(strides)) == 1:
        *window, _, filters = kernel.shape
        return _plane(_depthwise2d, x, tf.reshape(kernel, [*window, channels, filters // channels]), strides, dilation, mode)
    if groups > 1:  # the gradient of a grouped convolution has no kernel on CPUs
        parts = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
        return tf.concat([_alone(part, filters, strides, dilation, mode) for part, filters in parts], -1)
    return _alone(x, kernel, strides, dilation, mode)


def _alone(x: Tensor, kernel: Tensor, strides: Sizes, dilation: Sizes, padding: str) -> Tensor:
    if len(strides) == 3:
        return tf.nn.conv3d(x, kernel, (1, *strides, 1), padding)
    return _plane(_conv2d, x, kernel, strides, dilation, padding)


def least(dtype: Any) -> Any:
    """The least value of a dtype."""
    return float("-inf") if dtype.is_floating else dtype.min


def reduce_window(x: Tensor, how: str, window: Sizes, strides: Sizes, padding: Pairs) -> Tensor:
    """`Protocol.reduce_window`."""
    x = pad_space(x, padding, least(x.dtype) if how == "max" else 0)
    if x.dtype not in POOLED or 0 in x.shape:  # the gradient of pooling nothing would end the process
        return reduce(tf.maximum if how == "max" else tf.add, _views(x, window, strides))
    if len(window) == 1:
        pool = tf.nn.max_pool2d if how == "max" else tf.nn.avg_pool2d
        y = tf.squeeze(pool(tf.expand_dims(x, 1), (1, *window), (1, *strides), "VALID"), 1)
    else:
        kind = "max" if how == "max" else "avg"
        pool = getattr(tf.nn, f"{kind}_pool{len(window)}d")
        y = pool(x, window, strides, "VALID")
    return y if how == "max" else y * tf.constant(prod(window), x.dtype)


def _views(x: Tensor, window: Sizes, strides: Sizes) -> list[Tensor]:
    """What each position in the window sees at every place."""
    counts = [(size - k) // stride for size, k, stride in zip(x.shape[1:-1], window, strides, strict=True)]
    return [
        x[(slice(None), *(slice(i, i + count * stride + 1, stride) for i, count, stride in zip(at, counts, strides, strict=True)))]
        for at in itertools.product(*map(range, window))
    ]
