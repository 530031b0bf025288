"""What convolutions and pooling share: the layout of space, windows, and the arithmetic of padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalthea import config
from amalthea.engines.derived import Engine
from amalthea.engines.shapes import same_padding
from amalthea.engines.sizes import whole
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError, nearest
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def spatial_input(engine: Engine, x: TensorLike, data_format: str | None, name: str = "inputs") -> tuple[Tensor, bool]:
    """`x` with its channels last, and whether they were first.

    Raises:
        ShapeError: `x` does not have one to three axes of space.
    """
    x = as_tensor(engine, x)
    rank = len(engine.shape_of(x))
    if not 3 <= rank <= 5:
        raise ShapeError(
            f"`{name}` must have a batch axis, one to three axes of space, and channels: 3 to 5 axes. Received shape {engine.shape_of(x)}."
        )
    first = config.standardize_data_format(data_format) == "channels_first"
    return (engine.transpose(x, (0, *range(2, rank), 1)) if first else x), first


def spatial_output(engine: Engine, x: Tensor, channels_first: bool) -> Tensor:
    """`x`, whose channels are last, in the layout that the caller uses."""
    if not channels_first:
        return x
    rank = len(engine.shape_of(x))
    return engine.transpose(x, (0, rank - 1, *range(1, rank - 1)))


def per_axis(value: Any, space: int, name: str, least: int = 1) -> Sizes:
    """An integer, or one for each axis of space, as a tuple.

    Raises:
        ArgumentError: another number of values, or one that is too small.
        ArgumentTypeError: no integers.
    """
    values = (value,) * space if isinstance(value, int) else value
    try:
        sizes = tuple(whole(v, name) for v in values)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"`{name}` must be an integer or a tuple of {space} integers. Received: {name}={value!r}.") from error
    if len(sizes) != space or any(size < least for size in sizes):
        raise ArgumentError(f"`{name}` must be an integer of at least {least}, or a tuple of {space} of them. Received: {name}={value!r}.")
    return sizes


def padding_mode(padding: Any, allowed: Sequence[str] = ("valid", "same")) -> str:
    """`padding` in lower case.

    Raises:
        ArgumentError: it is not among `allowed`.
    """
    mode = padding.lower() if isinstance(padding, str) else padding
    if mode not in allowed:
        raise ArgumentError(f"`padding` must be one of {tuple(allowed)}. Received: padding={padding!r}.{nearest(str(padding), allowed)}")
    return mode


def explicit_padding(mode: str, sizes: Sequence[int | None], window: Sizes, strides: Sizes) -> Pairs:
    """`mode` as numbers of elements to add before and after, by axis of space; `window` includes dilation."""
    if mode == "valid":
        return ((0, 0),) * len(window)
    if mode == "causal":
        return tuple((extent - 1, 0) for extent in window)
    return tuple(same_padding(size, extent, stride) for size, extent, stride in zip(sizes, window, strides, strict=True))


def check_fits(what: str, shape: Sequence[int | None], sizes: Sequence[int | None], window: Sizes, padding: Pairs) -> None:
    """Raise `ShapeError` if no window fits into the padded space."""
    for size, extent, (low, high) in zip(sizes, window, padding, strict=True):
        if all(isinstance(width, int) for width in (size, low, high)) and size + low + high < extent:  # type: ignore[operator]
            raise ShapeError(
                f"The input of shape {tuple(shape)} is too small for a {what} whose window spans {window}: not one window fits. "
                'Use padding="same", a smaller window, or greater inputs.'
            )
