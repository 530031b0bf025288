"""Images padded and cropped, and cut into patches."""

from __future__ import annotations

from typing import Any

from amalthea import config
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor
from amalthea.ops.image.layout import images_in
from amalthea.ops.nn.spatial import check_fits, explicit_padding, padding_mode, per_axis
from amalthea.ops.operation import operation
from amalthea.ops.windows import window_count, windows_along


def _two_of(
    names: tuple[str, str, str], before: int | None, after: int | None, target: int | None, size: int | None, sign: int
) -> tuple[Any, Any, Any]:
    """The three numbers, of which two were given: `target == size + sign * (before + after)`. None where the size is not known."""
    given = dict(zip(names, (before, after, target), strict=True))
    if sum(value is not None for value in given.values()) != 2:
        raise ArgumentError(f"Exactly two of {', '.join(f'`{name}`' for name in names)} must be given. Received: {given}.")
    if target is None:
        target = None if size is None else size + sign * (before + after)  # type: ignore[operator]
    elif size is not None:
        rest = sign * (target - size)
        if before is None:
            before = rest - after  # type: ignore[operator]
        else:
            after = rest - before
    for name, value in zip(names, (before, after, target), strict=True):
        if value is not None and value < 0:
            raise ArgumentError(f"`{name}` would be {value}, for images of size {size}. Received: {given}.")
    return before, after, target


@operation
def pad_images(
    images: TensorLike,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Add zeros around images. Of each three arguments of one direction, two are given.

    Args:
        images: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        top_padding: rows to add above.
        left_padding: columns to add on the left.
        bottom_padding: rows to add below.
        right_padding: columns to add on the right.
        target_height: the height of the result.
        target_width: the width of the result.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor like `images` of the new size.

    Raises:
        ArgumentError: not two of three given, or a number would be negative.
        ShapeError: `images` have neither three nor four axes.

    Example:
        >>> from amalthea import ops
        >>> ops.image.pad_images(ops.ones((2, 4, 4, 3)), 1, 0, 1, target_width=6).shape
        (2, 6, 6, 3)
    """
    engine = current()
    x, layout = images_in(engine, images, data_format)
    batch, height, width, channels = engine.shape_of(x)
    top, bottom, rows = _two_of(("top_padding", "bottom_padding", "target_height"), top_padding, bottom_padding, target_height, height, 1)
    left, right, columns = _two_of(("left_padding", "right_padding", "target_width"), left_padding, right_padding, target_width, width, 1)
    if height is None or width is None:  # shapes only
        return layout.restore(engine, engine.zeros((batch, rows, columns, channels), engine.dtype_of(x)))
    return layout.restore(engine, engine.pad(x, [(0, 0), (top, bottom), (left, right), (0, 0)], 0))


@operation
def crop_images(
    images: TensorLike,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Cut the borders of images off. Of each three arguments of one direction, two are given.

    Args:
        images: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        top_cropping: rows to cut off above.
        left_cropping: columns to cut off on the left.
        bottom_cropping: rows to cut off below.
        right_cropping: columns to cut off on the right.
        target_height: the height of the result.
        target_width: the width of the result.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor like `images` of the new size.

    Raises:
        ArgumentError: not two of three given, or a number would be negative.
        ShapeError: `images` have neither three nor four axes.

    Example:
        >>> from amalthea import ops
        >>> ops.image.crop_images(ops.ones((2, 4, 4, 3)), 1, 0, 1, target_width=3).shape
        (2, 2, 3, 3)
    """
    engine = current()
    x, layout = images_in(engine, images, data_format)
    batch, height, width, channels = engine.shape_of(x)
    top, _, rows = _two_of(("top_cropping", "bottom_cropping", "target_height"), top_cropping, bottom_cropping, target_height, height, -1)
    left, _, columns = _two_of(("left_cropping", "right_cropping", "target_width"), left_cropping, right_cropping, target_width, width, -1)
    if height is None or width is None:  # shapes only
        return layout.restore(engine, engine.zeros((batch, rows, columns, channels), engine.dtype_of(x)))
    x = engine.slice_axis(engine.slice_axis(x, 1, top, top + rows), 2, left, left + columns)
    return layout.restore(engine, x)


def _patches(
    engine: Engine, images: TensorLike, space: int, size: Any, strides: Any, dilation_rate: Any, padding: str, data_format: str | None
) -> Tensor:
    x = as_tensor(engine, images)
    rank = len(engine.shape_of(x))
    if rank not in (space + 1, space + 2):
        raise ShapeError(f"There must be {space} axes of space, channels, and perhaps a batch. Received shape {engine.shape_of(x)}.")
    single = rank == space + 1
    if single:
        x = engine.expand_dims(x, 0)
    first = config.standardize_data_format(data_format) == "channels_first"
    if first:
        x = engine.moveaxis(x, 1, space + 1)
    window = per_axis(size, space, "size")
    steps = window if strides is None else per_axis(strides, space, "strides")
    dilation = per_axis(dilation_rate, space, "dilation_rate")
    shape = batch, *sizes, channels = engine.shape_of(x)
    extent = tuple(d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True))
    pairs = explicit_padding(padding_mode(padding), sizes, extent, steps)
    check_fits("window", shape, sizes, extent, pairs)
    depth = channels
    for k in window:
        depth = None if depth is None else depth * k
    counts = [window_count(n, k, s, d, low + high) for n, k, s, d, (low, high) in zip(sizes, window, steps, dilation, pairs, strict=True)]
    if None in counts or (batch is None and depth is None):  # shapes only
        patches = engine.zeros((batch, *counts, depth), engine.dtype_of(x))
    else:
        if any(low or high for low, high in pairs):
            x = engine.pad(x, [(0, 0), *pairs, (0, 0)], 0)
        for i in reversed(range(space)):
            x = windows_along(engine, x, i + 1, window[i], steps[i], dilation[i])
        # (batch, count 0, window 0, count 1, window 1, ..., channels)
        order = (0, *range(1, 2 * space, 2), *range(2, 2 * space + 1, 2), 2 * space + 1)
        patches = engine.reshape(engine.transpose(x, order), (batch, *counts, depth))
    if first:
        patches = engine.moveaxis(patches, space + 1, 1)
    return engine.squeeze(patches, (0,)) if single else patches


@operation
def extract_patches(
    images: TensorLike, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """Cut images into patches.

    Args:
        images: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        size: height and width of a patch, or one integer for both.
        strides: how far apart patches begin; by default `size`, so that they lie side by side.
        dilation_rate: the distance between the elements of a patch.
        padding: "valid" (none) or "same" (zeros all around, as for a convolution).
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor (batch, rows, columns, patch height * patch width * channels) of the same dtype, channels innermost; the
        last axis stands after the batch for "channels_first".

    Raises:
        ArgumentError: a bad size or padding.
        ShapeError: the rank does not fit, or not one patch does.

    Example:
        >>> from amalthea import ops
        >>> ops.image.extract_patches(ops.ones((2, 8, 8, 3)), 4).shape
        (2, 2, 2, 48)
    """
    return _patches(current(), images, 2, size, strides, dilation_rate, padding, data_format)


@operation
def extract_patches_3d(
    volumes: TensorLike, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """Cut volumes into patches.

    Args:
        volumes: tensor (batch, depth, height, width, channels), or without the batch; channels after the batch for
            "channels_first".
        size: depth, height and width of a patch, or one integer for all.
        strides: how far apart patches begin; by default `size`, so that they lie side by side.
        dilation_rate: the distance between the elements of a patch.
        padding: "valid" (none) or "same" (zeros all around, as for a convolution).
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor (batch, layers, rows, columns, elements of a patch * channels) of the same dtype, channels innermost; the
        last axis stands after the batch for "channels_first".

    Raises:
        ArgumentError: a bad size or padding.
        ShapeError: the rank does not fit, or not one patch does.

    Example:
        >>> from amalthea import ops
        >>> ops.image.extract_patches_3d(ops.ones((2, 8, 8, 8, 1)), 4).shape
        (2, 2, 2, 2, 64)
    """
    return _patches(current(), volumes, 3, size, strides, dilation_rate, padding, data_format)
