"""Images blurred, their edges, and how alike two of them are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amalthea import config, dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.engines.shapes import same_padding
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, promote
from amalthea.ops.image.layout import images_in, pair
from amalthea.ops.operation import operation


def gaussian(size: int, sigma: float) -> np.ndarray:
    """`size` weights about their middle that sum to 1."""
    distances = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(distances**2) / (2.0 * sigma**2))
    return np.asarray(weights / weights.sum())


def filtered(engine: Engine, x: Tensor, kernel: np.ndarray, padded: bool = True) -> Tensor:
    """Every channel of `x` (batch, height, width, channels; floating) correlated with `kernel` (height, width, count).

    The results of one channel, if there are several, stand next to each other; zeros surround the image if `padded`.
    """
    channels = engine.shape_of(x)[-1]
    height, width, _ = kernel.shape
    spread = np.repeat(kernel[:, :, None, :], channels, axis=2)
    padding = (same_padding(None, height, 1), same_padding(None, width, 1)) if padded else ((0, 0), (0, 0))
    return engine.depthwise_conv(x, engine.from_host(spread, engine.dtype_of(x)), (1, 1), padding, (1, 1))


def _wide(engine: Engine, x: Tensor) -> Tensor:
    return engine.widened(x) if dtypes.is_float(engine.dtype_of(x)) else engine.cast(x, config.floatx())


@operation
def gaussian_blur(
    images: TensorLike, kernel_size: Sequence[int] = (3, 3), sigma: Sequence[float] = (1.0, 1.0), data_format: str | None = None
) -> Tensor:
    """Blur images with a Gaussian kernel; zeros surround them.

    Args:
        images: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        kernel_size: height and width of the kernel.
        sigma: standard deviations of the kernel, down and across.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A floating tensor of the same shape.

    Raises:
        ArgumentError: a size that is not positive.
        ShapeError: `images` have neither three nor four axes.

    Example:
        >>> from amalthea import ops
        >>> ops.image.gaussian_blur(ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3)
    """
    engine = current()
    x, layout = images_in(engine, images, data_format)
    height, width = pair(kernel_size, "kernel_size")
    down, across = (float(s) for s in sigma)
    if down <= 0 or across <= 0:
        raise ArgumentError(f"`sigma` must be positive. Received: sigma={tuple(sigma)}.")
    wide = _wide(engine, x)
    if engine.shape_of(x)[-1] is None:  # shapes only
        y = wide
    else:  # one direction after the other costs less than both at once
        y = filtered(engine, wide, gaussian(height, down)[:, None, None])
        y = filtered(engine, y, gaussian(width, across)[None, :, None])
    return layout.restore(engine, engine.like(y, x) if dtypes.is_float(engine.dtype_of(x)) else y)


@operation
def sobel_edges(images: TensorLike, data_format: str | None = None) -> Tensor:
    """The slopes of images, down and across (Sobel's operator); zeros surround them.

    Args:
        images: tensor (batch, height, width, channels), or with the channels after the batch for "channels_first".
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A floating tensor of the shape of `images` and a last axis of size 2: the slope down, and the slope across.

    Raises:
        ShapeError: `images` do not have four axes.

    Example:
        >>> from amalthea import ops
        >>> ops.image.sobel_edges(ops.ones((2, 8, 8, 3))).shape
        (2, 8, 8, 3, 2)
    """
    engine = current()
    x = as_tensor(engine, images)
    if len(engine.shape_of(x)) != 4:
        raise ShapeError(f"`images` must have four axes: a batch of images with channels. Received shape {engine.shape_of(x)}.")
    x, layout = images_in(engine, x, data_format)
    x = x if dtypes.is_float(engine.dtype_of(x)) else engine.cast(x, config.floatx())
    shape = engine.shape_of(x)
    down = np.array([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]])
    if shape[-1] is None or sum(size is None for size in shape) > 1:  # shapes only
        edges = engine.zeros((*shape, 2), engine.dtype_of(x))
    else:
        edges = engine.reshape(filtered(engine, x, np.stack([down, down.T], 2)), (*shape, 2))
    return engine.transpose(edges, (0, 3, 1, 2, 4)) if layout.first else edges


@operation
def ssim(
    image1: TensorLike,
    image2: TensorLike,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """The structural similarity of two images: 1 where they are equal.

    Args:
        image1: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        image2: tensor of the same shape.
        max_val: the greatest value that a pixel can have.
        filter_size: height and width of the Gaussian window in which statistics are taken.
        filter_sigma: its standard deviation.
        k1: keeps the comparison of brightness defined.
        k2: keeps the comparison of contrast defined.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A floating tensor (batch,), or a scalar for single images: the mean over places and channels.

    Raises:
        ShapeError: the shapes differ, or images are smaller than the window.

    Reference:
        Wang et al., 2004, Image quality assessment: from error visibility to structural similarity.

    Example:
        >>> from amalthea import ops
        >>> ops.image.ssim(ops.ones((1, 16, 16, 3)), ops.ones((1, 16, 16, 3))).shape
        (1,)
    """
    engine = current()
    first, second = promote(engine, image1, image2)
    (x, layout), (y, _) = images_in(engine, first, data_format, "image1"), images_in(engine, second, data_format, "image2")
    shapes = engine.shape_of(x), engine.shape_of(y)
    if any(a != b for a, b in zip(*shapes, strict=True) if a is not None and b is not None):
        raise ShapeError(f"`image1` and `image2` must have one shape. Received (channels last): {shapes[0]} and {shapes[1]}.")
    if any(size is not None and size < filter_size for size in shapes[0][1:3]):
        raise ShapeError(f"Images must be at least {filter_size} high and wide, as the window is. Received (channels last): {shapes[0]}.")
    x, y = _wide(engine, x), _wide(engine, y)
    dtype = engine.dtype_of(first) if dtypes.is_float(engine.dtype_of(first)) else config.floatx()
    if shapes[0][-1] is None:  # shapes only
        return engine.zeros(() if layout.single else shapes[0][:1], dtype)
    weights = gaussian(int(filter_size), float(filter_sigma))

    def local_mean(values: Tensor) -> Tensor:
        return filtered(engine, filtered(engine, values, weights[:, None, None], False), weights[None, :, None], False)

    mean_x, mean_y = local_mean(x), local_mean(y)
    square_x, square_y, product = engine.square(mean_x), engine.square(mean_y), engine.multiply(mean_x, mean_y)
    variance_x = engine.subtract(local_mean(engine.square(x)), square_x)
    variance_y = engine.subtract(local_mean(engine.square(y)), square_y)
    covariance = engine.subtract(local_mean(engine.multiply(x, y)), product)
    c1, c2 = (float(k1) * float(max_val)) ** 2, (float(k2) * float(max_val)) ** 2
    above = engine.multiply(engine.add(engine.multiply(product, 2.0), c1), engine.add(engine.multiply(covariance, 2.0), c2))
    below = engine.multiply(engine.add(engine.add(square_x, square_y), c1), engine.add(engine.add(variance_x, variance_y), c2))
    similarity = engine.mean(engine.divide(above, below), (1, 2, 3), False)
    similarity = engine.cast(similarity, dtype)
    return engine.squeeze(similarity, (0,)) if layout.single else similarity
