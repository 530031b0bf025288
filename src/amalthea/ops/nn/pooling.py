"""Pooling: the greatest or the mean of windows, of a given size or of a given number."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import config, dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ShapeError
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.ops.nn.spatial import check_fits, explicit_padding, padding_mode, per_axis, spatial_input, spatial_output
from amalthea.ops.operation import operation


def _pool(how: str, inputs: TensorLike, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> Tensor:
    engine = current()
    x, first = spatial_input(engine, inputs, data_format)
    if how == "avg_pool" and not dtypes.is_float(engine.dtype_of(x)):
        x = engine.cast(x, config.floatx())
    _, *sizes, _ = shape = engine.shape_of(x)
    window = per_axis(pool_size, len(sizes), "pool_size")
    steps = window if strides is None else per_axis(strides, len(sizes), "strides")
    pairs = explicit_padding(padding_mode(padding), sizes, window, steps)
    check_fits("pooling", shape, sizes, window, pairs)
    return spatial_output(engine, getattr(engine, how)(x, window, steps, pairs), first)


@operation
def max_pool(inputs: TensorLike, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None) -> Tensor:
    """The greatest element of each window.

    Args:
        inputs: tensor (batch, *space, channels), or (batch, channels, *space) for "channels_first"; one to three axes of space.
        pool_size: the window: an integer, or one for each axis of space.
        strides: by how many elements the window moves; None: by its own size.
        padding: "valid" (none) or "same" (as many windows as inputs, divided by the strides; what is added never wins).
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor (batch, *new_space, channels), or with the channels at axis 1, of the same dtype.

    Raises:
        ArgumentError: a bad `padding`, `pool_size` or `strides`.
        ShapeError: the rank does not fit, or no window does.

    Example:
        >>> from amalthea import ops
        >>> ops.max_pool(ops.reshape(ops.arange(6.0), (1, 6, 1)), 2)[0, :, 0].tolist()
        [1.0, 3.0, 5.0]
    """
    return _pool("max_pool", inputs, pool_size, strides, padding, data_format)


@operation
def average_pool(inputs: TensorLike, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None) -> Tensor:
    """The mean of each window.

    Args:
        inputs: tensor (batch, *space, channels), or (batch, channels, *space) for "channels_first"; one to three axes of space.
        pool_size: the window: an integer, or one for each axis of space.
        strides: by how many elements the window moves; None: by its own size.
        padding: "valid" (none) or "same" (as many windows as inputs, divided by the strides; what is added does not count).
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A floating tensor (batch, *new_space, channels), or with the channels at axis 1.

    Raises:
        ArgumentError: a bad `padding`, `pool_size` or `strides`.
        ShapeError: the rank does not fit, or no window does.

    Example:
        >>> from amalthea import ops
        >>> ops.average_pool(ops.reshape(ops.arange(6.0), (1, 6, 1)), 2)[0, :, 0].tolist()
        [0.5, 2.5, 4.5]
    """
    return _pool("avg_pool", inputs, pool_size, strides, padding, data_format)


def _adaptive(how: str, inputs: TensorLike, output_size: Any, data_format: str | None) -> Tensor:
    engine = current()
    x, first = spatial_input(engine, inputs, data_format)
    if how == "mean" and not dtypes.is_float(engine.dtype_of(x)):
        x = engine.cast(x, config.floatx())
    shape = engine.shape_of(x)
    space = len(shape) - 2
    counts = per_axis(output_size, space, "output_size")
    sizes = shape[1:-1]
    if None in sizes:  # shapes only
        return spatial_output(engine, engine.zeros((shape[0], *counts, shape[-1]), engine.dtype_of(x)), first)
    if any(size == 0 for size in sizes):
        raise ShapeError(f"`inputs` has no elements to pool. Received shape {shape}.")
    for axis, (size, count) in enumerate(zip(sizes, counts, strict=True), start=1):
        x = _adaptive_axis(engine, how, x, axis, size, count)
    return spatial_output(engine, x, first)


def _adaptive_axis(engine: Engine, how: str, x: Tensor, axis: int, size: int, count: int) -> Tensor:
    """Window i of `count` goes from `floor(i * size / count)` up to `ceil((i + 1) * size / count)`."""
    i = np.arange(count)
    starts, stops = i * size // count, -((-(i + 1) * size) // count)
    if how == "mean" and size != count:
        places = np.arange(size)[:, None]
        weights = ((places >= starts) & (places < stops)) / (stops - starts)
        moved = engine.moveaxis(engine.widened(x), axis, len(engine.shape_of(x)) - 1)
        mixed = engine.matmul(moved, engine.from_host(weights, engine.dtype_of(moved)))
        return engine.like(engine.moveaxis(mixed, len(engine.shape_of(x)) - 1, axis), x)
    # Every window as many places as the longest one has; a short window repeats its last place, which does not change its maximum.
    longest = int((stops - starts).max())
    result = None
    for offset in range(longest):
        part = engine.take(x, engine.from_host(np.minimum(starts + offset, stops - 1), "int32"), axis)
        result = part if result is None else engine.maximum(result, part)
    return result


@operation
def adaptive_max_pool(inputs: TensorLike, output_size: Any, data_format: str | None = None) -> Tensor:
    """The greatest elements of a given number of windows, which cover space as evenly as they can.

    Args:
        inputs: tensor (batch, *space, channels), or (batch, channels, *space) for "channels_first"; one to three axes of space.
        output_size: the number of windows: an integer, or one for each axis of space.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor (batch, *output_size, channels), or with the channels at axis 1, of the same dtype.

    Raises:
        ArgumentError: a bad `output_size`.
        ShapeError: the rank does not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.adaptive_max_pool(ops.reshape(ops.arange(5.0), (1, 5, 1)), 2)[0, :, 0].tolist()
        [2.0, 4.0]
    """
    return _adaptive("max", inputs, output_size, data_format)


@operation
def adaptive_average_pool(inputs: TensorLike, output_size: Any, data_format: str | None = None) -> Tensor:
    """The means of a given number of windows, which cover space as evenly as they can.

    Args:
        inputs: tensor (batch, *space, channels), or (batch, channels, *space) for "channels_first"; one to three axes of space.
        output_size: the number of windows: an integer, or one for each axis of space.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A floating tensor (batch, *output_size, channels), or with the channels at axis 1.

    Raises:
        ArgumentError: a bad `output_size`.
        ShapeError: the rank does not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.adaptive_average_pool(ops.reshape(ops.arange(6.0), (1, 6, 1)), 2)[0, :, 0].tolist()
        [1.0, 4.0]
    """
    return _adaptive("mean", inputs, output_size, data_format)
