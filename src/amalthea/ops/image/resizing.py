"""Images of another size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current, get
from amalthea.errors import ArgumentError, ShapeError, nearest
from amalthea.ops.arguments import Tensor, TensorLike, as_shape, as_tensor, normalize_axis
from amalthea.ops.core import saturate_cast
from amalthea.ops.image.layout import images_in, pair
from amalthea.ops.operation import operation

# --- kernels of interpolation: the weight of a sample at distance `x` (not negative), in samples ---


def _triangle(engine: Engine, x: Tensor) -> Tensor:
    return engine.maximum(engine.subtract(1.0, x), 0.0)


def _cubic(engine: Engine, x: Tensor) -> Tensor:
    """Keys, 1981, with a = -1/2."""
    square = engine.square(x)
    cube = engine.multiply(square, x)
    near = engine.add(engine.subtract(engine.multiply(cube, 1.5), engine.multiply(square, 2.5)), 1.0)
    far = engine.add(engine.subtract(engine.multiply(square, 2.5), engine.multiply(cube, 0.5)), engine.subtract(2.0, engine.multiply(x, 4.0)))
    return engine.where(engine.less(x, 1.0), near, engine.where(engine.less(x, 2.0), far, 0.0))


def _lanczos(radius: float) -> Callable[[Engine, Tensor], Tensor]:
    def kernel(engine: Engine, x: Tensor) -> Tensor:
        inside = engine.multiply(engine.sinc(x), engine.sinc(engine.divide(x, radius)))
        return engine.where(engine.less_equal(x, radius), inside, 0.0)

    return kernel


_KERNELS = {
    "bilinear": _triangle,
    "linear": _triangle,
    "triangle": _triangle,
    "bicubic": _cubic,
    "cubic": _cubic,
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}
_INTERPOLATIONS = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")


def _weights(engine: Engine, size: int, new_size: int, scale: Tensor, translation: Tensor, kernel: Callable[..., Tensor], antialias: bool) -> Tensor:
    """(size, new_size): how much each sample counts for each new one. `scale` and `translation` are float32 scalars."""
    inverse = engine.divide(1.0, scale)
    wide = engine.maximum(inverse, 1.0) if antialias else engine.ones((), "float32")
    middles = engine.add(engine.arange(0, new_size, 1, "float32"), 0.5)
    places = engine.subtract(engine.subtract(engine.multiply(middles, inverse), engine.multiply(translation, inverse)), 0.5)
    samples = engine.reshape(engine.arange(0, size, 1, "float32"), (size, 1))
    weights = kernel(engine, engine.divide(engine.absolute(engine.subtract(places, samples)), wide))
    total = engine.sum(weights, (0,), True)
    counted = engine.greater(engine.absolute(total), 1000.0 * float(np.finfo(np.float32).eps))
    weights = engine.where(counted, engine.divide(weights, engine.where(counted, total, 1.0)), 0.0)
    inside = engine.logical_and(engine.greater_equal(places, -0.5), engine.less_equal(places, size - 0.5))
    return engine.where(inside, weights, 0.0)


def _mixed(engine: Engine, x: Tensor, weights: Tensor, axis: int) -> Tensor:
    """`x` with `weights` (size, new size) multiplied to one axis."""
    last = len(engine.shape_of(x)) - 1
    if axis == last:
        return engine.matmul(x, weights)
    return engine.moveaxis(engine.matmul(engine.moveaxis(x, axis, last), weights), last, axis)


def _resized_axis(engine: Engine, x: Tensor, axis: int, new_size: int, interpolation: str, antialias: bool) -> Tensor:
    size = engine.shape_of(x)[axis]
    if size == new_size:
        return x
    if interpolation == "nearest":
        if new_size % size == 0:
            return engine.repeat(x, new_size // size, axis)
        places = (2 * np.arange(new_size) + 1) * size // (2 * new_size)
        return engine.take(x, engine.from_host(places, "int32"), axis)
    host = get("numpy")  # the weights are constants
    scale = host.from_host(new_size / size, "float32")
    weights = _weights(host, size, new_size, scale, host.from_host(0.0, "float32"), _KERNELS[interpolation], antialias)
    return _mixed(engine, x, engine.from_host(weights, engine.dtype_of(x)), axis)


@operation
def resize(
    images: TensorLike,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Images of another size.

    Args:
        images: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        size: the new height and width.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: whether to smooth first where images get smaller.
        crop_to_aspect_ratio: whether to cut images to the new aspect ratio first, about their middle.
        pad_to_aspect_ratio: whether to pad them to the new aspect ratio first.
        fill_mode: how to pad; "constant".
        fill_value: the value to pad with.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor like `images` with the new size, of the same dtype (integers are rounded).

    Raises:
        ArgumentError: an unknown interpolation or fill mode, or both aspect ratio options.
        ShapeError: `images` have neither three nor four axes.

    Example:
        >>> from amalthea import ops
        >>> ops.image.resize(ops.ones((2, 4, 4, 3)), (8, 6)).shape
        (2, 8, 6, 3)
    """
    if interpolation not in _INTERPOLATIONS:
        raise ArgumentError(
            f"`interpolation` must be one of {_INTERPOLATIONS}. Received: interpolation={interpolation!r}."
            f"{nearest(str(interpolation), _INTERPOLATIONS)}"
        )
    if fill_mode != "constant":
        raise ArgumentError(f'`fill_mode` must be "constant". Received: fill_mode={fill_mode!r}.')
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError("Only one of `crop_to_aspect_ratio` and `pad_to_aspect_ratio` can be True.")
    engine = current()
    x, layout = images_in(engine, images, data_format)
    new_height, new_width = pair(size, "size")
    batch, height, width, channels = engine.shape_of(x)
    dtype = engine.dtype_of(x)
    if height is None or width is None:  # shapes only
        return layout.restore(engine, engine.zeros((batch, new_height, new_width, channels), dtype))
    if crop_to_aspect_ratio:
        kept = (max(1, min(height, int(width * new_height / new_width))), max(1, min(width, int(height * new_width / new_height))))
        for axis, (whole, part) in enumerate(zip((height, width), kept, strict=True), start=1):
            start = (whole - part) // 2
            x = engine.slice_axis(x, axis, start, start + part)
    elif pad_to_aspect_ratio:
        wanted = (max(height, int(width * new_height / new_width)), max(width, int(height * new_width / new_height)))
        widths = [((whole - part) // 2,) * 2 for part, whole in zip((height, width), wanted, strict=True)]
        x = engine.pad(x, [(0, 0), *widths, (0, 0)], float(fill_value) if dtypes.is_float(dtype) else int(fill_value))
    exact = interpolation == "nearest" or dtypes.is_float(dtype)
    y = engine.widened(x) if exact and interpolation != "nearest" else x if exact else engine.cast(x, "float32")
    for axis, new_size in ((1, new_height), (2, new_width)):
        y = _resized_axis(engine, y, axis, new_size, interpolation, bool(antialias))
    y = engine.like(y, x) if exact else saturate_cast(engine.round(y), dtype)
    return layout.restore(engine, y)


@operation
def scale_and_translate(
    images: TensorLike,
    output_shape: Sequence[int],
    scale: TensorLike,
    translation: TensorLike,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Tensor:
    """Scale a tensor about its origin, move it, and look at the result in a frame of a given shape.

    Args:
        images: floating tensor of any rank; integers become float32.
        output_shape: the shape of the result, of the same rank.
        scale: vector: by how much each axis of `spatial_dims` grows.
        translation: vector: how far each of these axes is moved then, in samples of the result.
        spatial_dims: the axes that are scaled and moved; the others keep their sizes.
        method: "linear" (or "bilinear", "triangle"), "cubic" (or "bicubic"), "lanczos3" or "lanczos5".
        antialias: whether to smooth first where an axis gets smaller.

    Returns:
        A floating tensor of shape `output_shape`; 0 where it looks at nothing.

    Raises:
        ArgumentError: an unknown method.
        ShapeError: the ranks do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.image.scale_and_translate([1.0, 2.0, 3.0], (3,), [1.0], [1.0], (0,), "linear").tolist()
        [0.0, 1.0, 2.0]
    """
    if method not in _KERNELS:
        raise ArgumentError(f"`method` must be one of {tuple(_KERNELS)}. Received: method={method!r}.{nearest(str(method), _KERNELS)}")
    engine = current()
    x = as_tensor(engine, images)
    if not dtypes.is_float(engine.dtype_of(x)):
        x = engine.cast(x, "float32")
    shape, target = engine.shape_of(x), as_shape(engine, output_shape, "output_shape")
    axes = [normalize_axis(axis, len(shape), "spatial_dims") for axis in spatial_dims]
    if len(target) != len(shape) or any(a != b for i, (a, b) in enumerate(zip(shape, target, strict=True)) if i not in axes and a is not None):
        raise ShapeError(f"`output_shape` must be as the shape {shape} outside the axes {axes}. Received: output_shape={target}.")
    factors, moves = as_tensor(engine, scale, "float32"), as_tensor(engine, translation, "float32")
    for name, vector in (("scale", factors), ("translation", moves)):
        if engine.shape_of(vector) != (len(axes),):
            raise ShapeError(
                f"`{name}` must have shape ({len(axes)},), a value for each of `spatial_dims`. Received shape {engine.shape_of(vector)}."
            )
    if any(shape[axis] is None for axis in axes):  # shapes only
        return engine.zeros(target, engine.dtype_of(x))
    y = engine.widened(x)
    for i, axis in enumerate(axes):
        factor, move = engine.index_axis(factors, 0, i), engine.index_axis(moves, 0, i)
        weights = _weights(engine, shape[axis], target[axis], factor, move, _KERNELS[method], bool(antialias))
        y = _mixed(engine, y, engine.like(weights, y), axis)
    return engine.like(y, x)
