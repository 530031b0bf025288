"""Space rearranged: windows as columns and back, blocks as channels and back."""

from __future__ import annotations

from typing import Any

from amalthea import config
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor
from amalthea.ops.nn.spatial import per_axis
from amalthea.ops.operation import operation
from amalthea.ops.windows import window_count, windows_along


def _pairs(kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[tuple[int, ...], ...]:
    return (
        per_axis(kernel_size, 2, "kernel_size"),
        per_axis(dilation, 2, "dilation"),
        per_axis(padding, 2, "padding", 0),
        per_axis(stride, 2, "stride"),
    )


def _product(*sizes: int | None) -> Any:
    product = 1
    for size in sizes:
        if size is None:
            return None
        product *= size
    return product


@operation
def unfold(x: TensorLike, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """What a sliding window sees, as columns.

    Args:
        x: tensor (batch, channels, height, width).
        kernel_size: the window: an integer, or two.
        dilation: the distance between the elements of a window.
        padding: how many zeros are added on each side.
        stride: by how many elements the window moves.

    Returns:
        A tensor (batch, channels * window, places), of the same dtype.

    Raises:
        ArgumentError: a bad size.
        ShapeError: `x` does not have four axes, or no window fits.

    Example:
        >>> from amalthea import ops
        >>> ops.unfold(ops.reshape(ops.arange(4), (1, 1, 2, 2)), (1, 2))[0].tolist()
        [[0, 2], [1, 3]]
    """
    engine = current()
    x = as_tensor(engine, x)
    if len(engine.shape_of(x)) != 4:
        raise ShapeError(f"`x` must have four axes: (batch, channels, height, width). Received shape {engine.shape_of(x)}.")
    kernel, dilation, padding, stride = _pairs(kernel_size, dilation, padding, stride)
    batch, channels, *sizes = engine.shape_of(x)
    counts = [window_count(size, k, s, d, 2 * p) for size, k, s, d, p in zip(sizes, kernel, stride, dilation, padding, strict=True)]
    if any(count is not None and count < 1 for count in counts):
        raise ShapeError(f"Not one window of {kernel} fits into `x` of shape {engine.shape_of(x)}.")
    shape = (batch, _product(channels, *kernel), _product(*counts))
    if None in counts:  # shapes only
        return engine.zeros(shape, engine.dtype_of(x))
    if any(padding):
        x = engine.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], 0)
    seen = windows_along(engine, windows_along(engine, x, 3, kernel[1], stride[1], dilation[1]), 2, kernel[0], stride[0], dilation[0])
    return engine.reshape(engine.transpose(seen, (0, 1, 3, 5, 2, 4)), shape)


@operation
def fold(x: TensorLike, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Columns added up to an image at the places of a sliding window; the opposite direction of `unfold`.

    Args:
        x: tensor (batch, channels * window, places).
        output_size: height and width of the image: an integer, or two.
        kernel_size: the window: an integer, or two.
        dilation: the distance between the elements of a window.
        padding: how many elements on each side are left out of the image.
        stride: by how many elements the window moves.

    Returns:
        A tensor (batch, channels, *output_size), of the same dtype. Where windows overlap, what they hold is added.

    Raises:
        ArgumentError: a bad size.
        ShapeError: `x` does not have three axes, or not as many columns as there are places.

    Example:
        >>> from amalthea import ops
        >>> ops.fold(ops.ones((1, 2, 2)), (1, 3), (1, 2))[0, 0].tolist()
        [[1.0, 2.0, 1.0]]
    """
    engine = current()
    x = as_tensor(engine, x)
    if len(engine.shape_of(x)) != 3:
        raise ShapeError(f"`x` must have three axes: (batch, channels * window, places). Received shape {engine.shape_of(x)}.")
    sizes = per_axis(output_size, 2, "output_size")
    kernel, dilation, padding, stride = _pairs(kernel_size, dilation, padding, stride)
    batch, depth, places = engine.shape_of(x)
    counts = [window_count(size, k, s, d, 2 * p) for size, k, s, d, p in zip(sizes, kernel, stride, dilation, padding, strict=True)]
    window = _product(*kernel)
    if (depth is not None and depth % window) or (places is not None and places != _product(*counts)):
        raise ShapeError(
            f"`x` must have shape (batch, channels * {window}, {_product(*counts)}) for output_size={sizes} and kernel_size={kernel}. "
            f"Received shape {engine.shape_of(x)}."
        )
    channels: Any = None if depth is None else depth // window
    if None in (batch, depth, places):  # shapes only
        return engine.zeros((batch, channels, *sizes), engine.dtype_of(x))
    # Each channel is an image of its own, whose windows a transposed convolution with one-hot kernels adds up.
    columns = engine.transpose(engine.reshape(x, (batch * channels, window, *counts)), (0, 2, 3, 1))
    one_hot = engine.reshape(engine.eye(window, window, 0, engine.dtype_of(x)), (*kernel, 1, window))
    full = [(count - 1) * s + d * (k - 1) + 1 for count, s, d, k in zip(counts, stride, dilation, kernel, strict=True)]
    cut = tuple((p, extent - p - size) for p, extent, size in zip(padding, full, sizes, strict=True))
    return engine.reshape(engine.conv_transpose(columns, one_hot, stride, cut, dilation), (batch, channels, *sizes))


@operation
def depth_to_space(x: TensorLike, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Channels rearranged as blocks of space.

    Args:
        x: tensor (batch, height, width, channels), or (batch, channels, height, width) for "channels_first".
        block_size: height and width of a block, at least 2; its square divides the channels.
        data_format: "channels_last" or "channels_first".

    Returns:
        A tensor (batch, height * block_size, width * block_size, channels // block_size**2), or with the channels at axis 1.

    Raises:
        ArgumentError: `block_size` is less than 2.
        ShapeError: `x` does not have four axes, or its channels cannot be shared out.

    Reference:
        Shi et al., 2016, Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural network.

    Example:
        >>> from amalthea import ops
        >>> ops.depth_to_space(ops.reshape(ops.arange(4), (1, 1, 1, 4)), 2)[0, :, :, 0].tolist()
        [[0, 1], [2, 3]]
    """
    engine = current()
    x, first = _image(engine, x, block_size, data_format)
    batch, height, width, channels = engine.shape_of(x)
    if channels is not None and channels % block_size**2:
        raise ShapeError(f"The {channels} channels cannot be shared out to blocks of {block_size} by {block_size}.")
    depth: Any = None if channels is None else channels // block_size**2
    target = (batch, _product(height, block_size), _product(width, block_size), depth)
    if sum(size is None for size in target) > 1:
        return _turned(engine, engine.zeros(target, engine.dtype_of(x)), first)
    if first:  # there the block comes after the channels
        parts = engine.transpose(engine.reshape(x, (batch, height, width, depth, block_size, block_size)), (0, 1, 4, 2, 5, 3))
    else:
        parts = engine.transpose(engine.reshape(x, (batch, height, width, block_size, block_size, depth)), (0, 1, 3, 2, 4, 5))
    return _turned(engine, engine.reshape(parts, target), first)


@operation
def space_to_depth(x: TensorLike, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Blocks of space rearranged as channels; the opposite direction of `depth_to_space`.

    Args:
        x: tensor (batch, height, width, channels), or (batch, channels, height, width) for "channels_first".
        block_size: height and width of a block, at least 2; it divides height and width.
        data_format: "channels_last" or "channels_first".

    Returns:
        A tensor (batch, height // block_size, width // block_size, channels * block_size**2), or with the channels at axis 1.

    Raises:
        ArgumentError: `block_size` is less than 2.
        ShapeError: `x` does not have four axes, or its space cannot be cut up.

    Example:
        >>> from amalthea import ops
        >>> ops.space_to_depth(ops.reshape(ops.arange(4), (1, 2, 2, 1)), 2)[0, 0, 0].tolist()
        [0, 1, 2, 3]
    """
    engine = current()
    x, first = _image(engine, x, block_size, data_format)
    batch, height, width, channels = engine.shape_of(x)
    if any(size is not None and size % block_size for size in (height, width)):
        raise ShapeError(f"The space of `x`, {height} by {width}, cannot be cut into blocks of {block_size} by {block_size}.")
    rows: Any = None if height is None else height // block_size
    columns: Any = None if width is None else width // block_size
    target = (batch, rows, columns, _product(channels, block_size**2))
    if sum(size is None for size in target) > 1:
        return _turned(engine, engine.zeros(target, engine.dtype_of(x)), first)
    parts = engine.reshape(x, (batch, rows, block_size, columns, block_size, channels))
    parts = engine.transpose(parts, (0, 1, 3, 5, 2, 4) if first else (0, 1, 3, 2, 4, 5))
    return _turned(engine, engine.reshape(parts, target), first)


def _image(engine: Engine, x: TensorLike, block_size: int, data_format: str | None) -> tuple[Tensor, bool]:
    """`x` with its channels last, and whether they were first."""
    if block_size < 2:
        raise ArgumentError(f"`block_size` must be at least 2. Received: block_size={block_size}.")
    x = as_tensor(engine, x)
    if len(engine.shape_of(x)) != 4:
        raise ShapeError(f"`x` must have four axes: batch, height, width and channels. Received shape {engine.shape_of(x)}.")
    first = config.standardize_data_format(data_format) == "channels_first"
    return (engine.transpose(x, (0, 2, 3, 1)) if first else x), first


def _turned(engine: Engine, x: Tensor, first: bool) -> Tensor:
    return engine.transpose(x, (0, 3, 1, 2)) if first else x
