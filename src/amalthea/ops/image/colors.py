"""Color spaces."""

from __future__ import annotations

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentTypeError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.ops.image.layout import Layout, images_in
from amalthea.ops.operation import operation

_LUMA = (0.2989, 0.5870, 0.1140)


def _three_channels(engine: Engine, images: TensorLike, data_format: str | None) -> tuple[Tensor, Layout]:
    x, layout = images_in(engine, images, data_format)
    if engine.shape_of(x)[-1] not in (3, None):
        raise ShapeError(
            f"`images` must have three channels. Received {engine.shape_of(x)[-1]} (shape with the channels last: {engine.shape_of(x)})."
        )
    if not dtypes.is_float(engine.dtype_of(x)):
        raise ArgumentTypeError(f"`images` must be floating, with values from 0 to 1. Received dtype {engine.dtype_of(x)}.")
    return x, layout


@operation
def rgb_to_grayscale(images: TensorLike, data_format: str | None = None) -> Tensor:
    """The brightness of colored images.

    Args:
        images: tensor (batch, height, width, 3), or without the batch; channels after the batch for "channels_first".
            Images of one channel are returned as they are.
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor of the same dtype, with one channel (integers are cut off).

    Raises:
        ShapeError: neither three nor four axes, or neither one nor three channels.

    Example:
        >>> from amalthea import ops
        >>> ops.image.rgb_to_grayscale(ops.ones((2, 4, 4, 3))).shape
        (2, 4, 4, 1)
    """
    engine = current()
    x, layout = images_in(engine, images, data_format)
    channels = engine.shape_of(x)[-1]
    if channels not in (1, 3, None):
        raise ShapeError(f"`images` must have three channels (colors) or one. Received {channels}.")
    if channels == 1:
        return layout.restore(engine, x)
    wide = engine.widened(x) if dtypes.is_float(engine.dtype_of(x)) else engine.cast(x, "float32")
    weights = engine.from_host([[weight] for weight in _LUMA], engine.dtype_of(wide))
    return layout.restore(engine, engine.like(engine.matmul(wide, weights), x))


@operation
def rgb_to_hsv(images: TensorLike, data_format: str | None = None) -> Tensor:
    """Red, green and blue as hue, saturation and value.

    Args:
        images: floating tensor (batch, height, width, 3) with values from 0 to 1, or without the batch; channels after
            the batch for "channels_first".
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor of the same shape and dtype: hue (as a share of the circle), saturation, value.

    Raises:
        ArgumentTypeError: `images` are not floating.
        ShapeError: neither three nor four axes, or not three channels.

    Reference:
        Smith, 1978, Color gamut transform pairs.

    Example:
        >>> from amalthea import ops
        >>> ops.image.rgb_to_hsv([[[0.0, 1.0, 0.0]]])[0, 0].tolist()[1:]
        [1.0, 1.0]
    """
    engine = current()
    x, layout = _three_channels(engine, images, data_format)
    red, green, blue = (engine.slice_axis(x, 3, i, i + 1) for i in range(3))
    value = engine.max(x, (3,), True)
    spread = engine.subtract(value, engine.min(x, (3,), True))
    gray = engine.less_equal(spread, 0.0)
    unit = engine.where(gray, 1.0, spread)
    saturation = engine.where(engine.greater(value, 0.0), engine.divide(spread, engine.where(engine.greater(value, 0.0), value, 1.0)), 0.0)
    # In sixths of the circle: from red by way of green and blue.
    from_red = engine.divide(engine.subtract(green, blue), unit)
    from_green = engine.add(engine.divide(engine.subtract(blue, red), unit), 2.0)
    from_blue = engine.add(engine.divide(engine.subtract(red, green), unit), 4.0)
    hue = engine.where(engine.equal(red, value), from_red, engine.where(engine.equal(green, value), from_green, from_blue))
    hue = engine.where(gray, 0.0, engine.divide(hue, 6.0))
    hue = engine.where(engine.less(hue, 0.0), engine.add(hue, 1.0), hue)
    return layout.restore(engine, engine.concatenate([hue, saturation, value], 3))


@operation
def hsv_to_rgb(images: TensorLike, data_format: str | None = None) -> Tensor:
    """Hue, saturation and value as red, green and blue.

    Args:
        images: floating tensor (batch, height, width, 3) with values from 0 to 1, or without the batch; channels after
            the batch for "channels_first".
        data_format: "channels_last" or "channels_first"; by default the one of `config.image_data_format()`.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ArgumentTypeError: `images` are not floating.
        ShapeError: neither three nor four axes, or not three channels.

    Reference:
        Smith, 1978, Color gamut transform pairs.

    Example:
        >>> from amalthea import ops
        >>> ops.image.hsv_to_rgb([[[0.0, 1.0, 1.0]]])[0, 0].tolist()
        [1.0, 0.0, 0.0]
    """
    engine = current()
    x, layout = _three_channels(engine, images, data_format)
    hue, saturation, value = (engine.slice_axis(x, 3, i, i + 1) for i in range(3))
    # How far a color is from its own third of the circle, in sixths: 1 and more is dark.
    sixths = engine.multiply(hue, 6.0)
    shares = []
    for shift in (5.0, 3.0, 1.0):
        place = engine.remainder(engine.add(sixths, shift), 6.0)
        shares.append(engine.clip(engine.minimum(place, engine.subtract(4.0, place)), 0.0, 1.0))
    parts = [engine.multiply(value, engine.subtract(1.0, engine.multiply(saturation, share))) for share in shares]
    return layout.restore(engine, engine.concatenate(parts, 3))
