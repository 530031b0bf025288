"""Images looked at elsewhere than at their pixels: sampling, and the transformations made of it."""

from __future__ import annotations

import itertools
from typing import Any

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError, nearest
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor
from amalthea.ops.core import saturate_cast
from amalthea.ops.image.filters import filtered, gaussian
from amalthea.ops.image.layout import images_in
from amalthea.ops.operation import operation

_ORDERS = {"nearest": 0, "bilinear": 1}
_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def _check(interpolation: str, fill_mode: str) -> None:
    for name, value, allowed in (("interpolation", interpolation, tuple(_ORDERS)), ("fill_mode", fill_mode, _FILL_MODES)):
        if value not in allowed:
            raise ArgumentError(f"`{name}` must be one of {allowed}. Received: {name}={value!r}.{nearest(str(value), allowed)}")


def _brought_in(engine: Engine, index: Tensor, size: int, fill_mode: str) -> Tensor:
    """Integer places outside an axis of `size` elements as places inside it."""
    if fill_mode == "wrap":
        return engine.remainder(index, size)
    if fill_mode == "mirror":  # about the middle of the outermost element: c b a b c
        period = max(2 * (size - 1), 1)
        turned = engine.remainder(index, period)
        return engine.minimum(turned, engine.subtract(period, turned)) if size > 1 else engine.zeros_like(index)
    if fill_mode == "reflect":  # about its edge: b a a b
        turned = engine.remainder(index, 2 * size)
        return engine.minimum(turned, engine.subtract(2 * size - 1, turned))
    return engine.clip(index, 0, size - 1)


def _rounded(engine: Engine, x: Tensor) -> Tensor:
    """To the nearest integer, halves away from zero."""
    return engine.multiply(engine.sign(x), engine.floor(engine.add(engine.absolute(x), 0.5)))


def sampled(engine: Engine, x: Tensor, coordinates: list[Tensor], order: int, fill_mode: str, fill_value: Any, batch: Tensor | None = None) -> Tensor:
    """`x` (*sizes, ...) at the places `coordinates`: floating tensors of one shape, as many as there are sizes.

    `batch`, if given, holds integers that choose along a first axis of `x` in front of those. `order` 0 takes the nearest
    element, 1 mixes the neighbours.
    """
    offset = 0 if batch is None else 1
    sizes = engine.shape_of(x)[offset : offset + len(coordinates)]
    rest = len(engine.shape_of(x)) - offset - len(coordinates)
    wide = x if order == 0 else engine.widened(x) if dtypes.is_float(engine.dtype_of(x)) else engine.cast(x, "float32")
    fill = engine.full((), fill_value, engine.dtype_of(wide))

    choices = []  # by axis: pairs of a place and its weight (None: all)
    for places in coordinates:
        if order == 0:
            choices.append([(engine.cast(_rounded(engine, places), "int32"), None)])
        else:
            low = engine.floor(places)
            upper = engine.subtract(places, low)
            index = engine.cast(low, "int32")
            choices.append([(index, engine.subtract(1.0, upper)), (engine.add(index, 1), upper)])

    total = None
    for corner in itertools.product(*choices):
        inside: Any = None
        weight: Any = None
        columns = [] if batch is None else [batch]
        for (index, share), size in zip(corner, sizes, strict=True):
            columns.append(_brought_in(engine, index, size, fill_mode))
            if fill_mode == "constant":
                here = engine.logical_and(engine.greater_equal(index, 0), engine.less(index, size))
                inside = here if inside is None else engine.logical_and(inside, here)
            if share is not None:
                weight = share if weight is None else engine.multiply(weight, share)
        values = engine.gather_nd(wide, engine.stack(columns, len(engine.shape_of(columns[0]))))

        def beside(part: Tensor) -> Tensor:
            rank = len(engine.shape_of(part))
            return engine.expand_dims(part, range(rank, rank + rest)) if rest else part

        if inside is not None:
            values = engine.where(beside(inside), values, fill)
        if weight is not None:
            values = engine.multiply(values, beside(engine.like(weight, values)))
        total = values if total is None else engine.add(total, values)
    if order == 0 or dtypes.is_float(engine.dtype_of(x)):
        return engine.like(total, x)
    return saturate_cast(_rounded(engine, total), engine.dtype_of(x))


@operation
def map_coordinates(inputs: TensorLike, coordinates: TensorLike, order: int, fill_mode: str = "constant", fill_value: float = 0) -> Tensor:
    """A tensor looked at between its elements.

    Args:
        inputs: tensor of n axes.
        coordinates: tensor (n, ...): the places, an axis of `inputs` after the other.
        order: 0 for the nearest element, 1 for a linear mixture of the neighbours.
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest" (the outermost element), "wrap" (the other
            side), "mirror" (mirrored about the outermost element), "reflect" (mirrored about its edge).
        fill_value: the value outside, for "constant".

    Returns:
        A tensor (...) of the dtype of `inputs` (integers are rounded).

    Raises:
        ArgumentError: an unknown `order` or `fill_mode`.
        ShapeError: `coordinates` do not fit `inputs`.

    Example:
        >>> from amalthea import ops
        >>> ops.image.map_coordinates([0.0, 10.0, 20.0], [[0.5, 1.0]], 1).tolist()
        [5.0, 10.0]
    """
    if order not in (0, 1):
        raise ArgumentError(f"`order` must be 0 (nearest) or 1 (linear). Received: order={order!r}.")
    _check("nearest", fill_mode)
    engine = current()
    x, places = as_tensor(engine, inputs), as_tensor(engine, coordinates)
    if not dtypes.is_float(engine.dtype_of(places)):
        places = engine.cast(places, "float32")
    shape, wanted = engine.shape_of(x), engine.shape_of(places)
    if len(wanted) < 2 or wanted[0] != len(shape):
        raise ShapeError(f"`coordinates` must have shape ({len(shape)}, ...), a row for each axis of `inputs`. Received shape {wanted}.")
    if None in shape:  # shapes only
        return engine.zeros(wanted[1:], engine.dtype_of(x))
    return sampled(engine, x, engine.unstack(places, 0), order, fill_mode, fill_value)


def _grid(engine: Engine, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rows (height, 1) and columns (1, width) of the pixels, float32."""
    rows = engine.reshape(engine.arange(0, height, 1, "float32"), (height, 1))
    return rows, engine.reshape(engine.arange(0, width, 1, "float32"), (1, width))


def _warped(engine: Engine, x: Tensor, rows: Tensor, columns: Tensor, interpolation: str, fill_mode: str, fill_value: Any) -> Tensor:
    """Images (batch, height, width, channels) at places (batch or 1, height, width)."""
    batch, height, width, _ = engine.shape_of(x)
    shape = (batch, height, width)
    which = engine.broadcast_to(engine.reshape(engine.arange(0, batch, 1, "int32"), (batch, 1, 1)), shape)
    places = [engine.broadcast_to(rows, shape), engine.broadcast_to(columns, shape)]
    return sampled(engine, x, places, _ORDERS[interpolation], fill_mode, fill_value, which)


def _projected(engine: Engine, x: Tensor, coefficients: Tensor, interpolation: str, fill_mode: str, fill_value: Any) -> Tensor:
    """Images looked at as eight `coefficients` (batch or 1, 8) say."""
    _, height, width, _ = engine.shape_of(x)
    y, x_ = _grid(engine, height, width)
    a0, a1, a2, b0, b1, b2, c0, c1 = (engine.expand_dims(engine.index_axis(coefficients, 1, i), (1, 2)) for i in range(8))

    def line(u: Tensor, v: Tensor, w: Tensor | float) -> Tensor:
        return engine.add(engine.add(engine.multiply(u, x_), engine.multiply(v, y)), w)

    depth = line(c0, c1, 1.0)
    columns, rows = engine.divide(line(a0, a1, a2), depth), engine.divide(line(b0, b1, b2), depth)
    return _warped(engine, x, rows, columns, interpolation, fill_mode, fill_value)


@operation
def affine_transform(
    images: TensorLike,
    transform: TensorLike,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Turn, stretch, shear and move images.

    Args:
        images: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        transform: tensor (batch, 8) or (8,): a0, a1, a2, b0, b1, b2, c0, c1. The result at (x, y) is the image at
            `((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k)` with `k = c0 x + c1 y + 1`.
        interpolation: "nearest" or "bilinear".
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest" (the outermost pixel), "wrap" (the other
            side), "mirror" (mirrored about the outermost pixel), "reflect" (mirrored about its edge).
        fill_value: the value outside, for "constant".
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor of the shape and dtype of `images` (integers are rounded).

    Raises:
        ArgumentError: an unknown `interpolation` or `fill_mode`.
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> image = ops.reshape(ops.arange(3.0), (1, 1, 3, 1))
        >>> ops.image.affine_transform(image, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0])[0, 0, :, 0].tolist()
        [1.0, 2.0, 0.0]
    """
    _check(interpolation, fill_mode)
    engine = current()
    x, layout = images_in(engine, images, data_format)
    coefficients = as_tensor(engine, transform, "float32")
    given = engine.shape_of(coefficients)
    if len(given) == 1:
        coefficients = engine.expand_dims(coefficients, 0)
    batch, height, width, _ = engine.shape_of(x)
    if len(given) not in (1, 2) or given[-1] != 8 or (len(given) == 2 and None not in (given[0], batch) and given[0] not in (1, batch)):
        raise ShapeError(f"`transform` must have shape (8,) or (batch, 8). Received shape {given} for a batch of {batch}.")
    if None in (batch, height, width):  # shapes only
        return layout.restore(engine, x)
    return layout.restore(engine, _projected(engine, x, coefficients, interpolation, fill_mode, fill_value))


@operation
def perspective_transform(
    images: TensorLike,
    start_points: TensorLike,
    end_points: TensorLike,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    """Change the perspective of images, so that four points come to lie elsewhere.

    Args:
        images: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        start_points: tensor (batch, 4, 2) or (4, 2): four points (x, y) of the images, of which no three are on a line.
        end_points: tensor of the same shape: where they lie in the result.
        interpolation: "nearest" or "bilinear".
        fill_value: the value outside.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor of the shape and dtype of `images` (integers are rounded).

    Raises:
        ArgumentError: an unknown `interpolation`.
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> corners = ops.array([[0.0, 0.0], [0.0, 3.0], [3.0, 0.0], [3.0, 3.0]])
        >>> ops.image.perspective_transform(ops.ones((4, 4, 1)), corners, corners).shape
        (4, 4, 1)
    """
    _check(interpolation, "constant")
    engine = current()
    x, layout = images_in(engine, images, data_format)
    points = [as_tensor(engine, part, "float32") for part in (start_points, end_points)]
    shapes = [engine.shape_of(part) for part in points]
    batch, height, width, _ = engine.shape_of(x)
    for shape in shapes:
        if len(shape) not in (2, 3) or shape[-2:] != (4, 2) or (len(shape) == 3 and None not in (shape[0], batch) and shape[0] not in (1, batch)):
            raise ShapeError(f"Points must have shape (4, 2) or (batch, 4, 2). Received shapes {shapes[0]} and {shapes[1]} for a batch of {batch}.")
    if None in (batch, height, width, *shapes[0], *shapes[1]):  # shapes only
        return layout.restore(engine, x)
    start, end = (engine.expand_dims(part, 0) if len(shape) == 2 else part for part, shape in zip(points, shapes, strict=True))
    return layout.restore(engine, _projected(engine, x, _homography(engine, end, start), interpolation, "constant", fill_value))


def _homography(engine: Engine, source: Tensor, target: Tensor) -> Tensor:
    """(batch, 8): the coefficients that take four points `source` (batch, 4, 2) to `target`."""
    count = max(engine.shape_of(source)[0], engine.shape_of(target)[0])
    source, target = (engine.broadcast_to(points, (count, 4, 2)) for points in (source, target))
    (x, y), (u, v) = ([engine.index_axis(points, 2, i) for i in range(2)] for points in (source, target))
    ones, zeros = engine.ones_like(x), engine.zeros_like(x)

    def rows(left: list[Tensor], right: list[Tensor], result: Tensor) -> Tensor:
        return engine.stack([*left, *right, engine.negative(engine.multiply(x, result)), engine.negative(engine.multiply(y, result))], 2)

    matrix = engine.concatenate([rows([x, y, ones], [zeros] * 3, u), rows([zeros] * 3, [x, y, ones], v)], 1)
    wanted = engine.expand_dims(engine.concatenate([u, v], 1), 2)
    return engine.squeeze(engine.solve(matrix, wanted), (2,))


@operation
def elastic_transform(
    images: TensorLike,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Tensor:
    """Distort images by a random, smooth field of shifts, another one for each image.

    Args:
        images: tensor (batch, height, width, channels), or without the batch; channels after the batch for "channels_first".
        alpha: how great the shifts are, before they are smoothed.
        sigma: how smooth they are: the standard deviation of a Gaussian blur, in pixels.
        interpolation: "nearest" or "bilinear".
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest" (the outermost pixel), "wrap" (the other
            side), "mirror" (mirrored about the outermost pixel), "reflect" (mirrored about its edge).
        fill_value: the value outside, for "constant".
        seed: None, an integer or a `SeedGenerator`.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor of the shape and dtype of `images` (integers are rounded).

    Raises:
        ArgumentError: an unknown `interpolation` or `fill_mode`, or a `sigma` that is not positive.
        ShapeError: `images` have neither three nor four axes.

    Reference:
        Simard et al., 2003, Best practices for convolutional neural networks applied to visual document analysis.

    Example:
        >>> from amalthea import ops
        >>> ops.image.elastic_transform(ops.ones((2, 8, 8, 3)), seed=1).shape
        (2, 8, 8, 3)
    """
    from amalthea.random.seed import draw_seed

    _check(interpolation, fill_mode)
    if sigma <= 0:
        raise ArgumentError(f"`sigma` must be positive. Received: sigma={sigma}.")
    engine = current()
    x, layout = images_in(engine, images, data_format)
    batch, height, width, _ = engine.shape_of(x)
    if None in (batch, height, width):  # shapes only
        return layout.restore(engine, x)
    weights = gaussian(int(6.0 * float(sigma)) | 1, float(sigma))
    noise = engine.random_normal(draw_seed(seed), (batch, height, width, 2), "float32")
    shifts = filtered(engine, filtered(engine, noise, weights[:, None, None]), weights[None, :, None])
    shifts = engine.multiply(shifts, float(alpha))
    rows, columns = _grid(engine, height, width)
    rows, columns = (engine.add(part, engine.index_axis(shifts, 3, i)) for i, part in enumerate((rows, columns)))
    return layout.restore(engine, _warped(engine, x, rows, columns, interpolation, fill_mode, fill_value))
