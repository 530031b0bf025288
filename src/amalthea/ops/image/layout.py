"""What operations on images share: one image or a batch, channels last or first."""

from __future__ import annotations

from typing import Any

from amalthea import config
from amalthea.engines.derived import Engine
from amalthea.engines.sizes import whole
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor


class Layout:
    """How a caller's images stand, so that a result can be given back in the same way.

    Args:
        single: whether there was one image without a batch axis.
        first: whether channels came before space.
    """

    def __init__(self, single: bool, first: bool) -> None:
        self.single, self.first = single, first

    def restore(self, engine: Engine, x: Tensor) -> Tensor:
        """(batch, height, width, channels) in the caller's layout."""
        if self.first:
            x = engine.transpose(x, (0, 3, 1, 2))
        return engine.squeeze(x, (0,)) if self.single else x


def images_in(engine: Engine, images: TensorLike, data_format: str | None, name: str = "images") -> tuple[Tensor, Layout]:
    """`images` as (batch, height, width, channels), and the layout in which they came.

    Raises:
        ShapeError: they have neither three nor four axes.
    """
    x = as_tensor(engine, images)
    rank = len(engine.shape_of(x))
    if rank not in (3, 4):
        raise ShapeError(f"`{name}` must have three axes (one image) or four (a batch). Received shape {engine.shape_of(x)}.")
    layout = Layout(rank == 3, config.standardize_data_format(data_format) == "channels_first")
    if layout.single:
        x = engine.expand_dims(x, 0)
    return (engine.transpose(x, (0, 2, 3, 1)) if layout.first else x), layout


def pair(value: Any, name: str) -> tuple[int, int]:
    """Height and width, positive integers.

    Raises:
        ArgumentError: something else.
    """
    try:
        height, width = (whole(v, name) for v in value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"`{name}` must be two integers, height and width. Received: {name}={value!r}.") from error
    if height < 1 or width < 1:
        raise ArgumentError(f"`{name}` must be two positive integers, height and width. Received: {name}={value!r}.")
    return height, width
