"""Windows along one axis, as an axis of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea.engines.derived import Engine
from amalthea.engines.sizes import at_least
from amalthea.ops.arguments import Tensor


def window_count(size: int | None, window: int, stride: int, dilation: int = 1, padded: int = 0) -> Any:
    """How many windows fit; None where the size is not known."""
    return None if size is None else at_least(0, (size + padded - dilation * (window - 1) - 1) // stride + 1)


def windows_along(engine: Engine, x: Tensor, axis: int, window: int, stride: int, dilation: int = 1) -> Tensor:
    """`x` with `axis` replaced by two: which window, and where in it. The size along `axis` must be known."""
    shape = engine.shape_of(x)
    count = window_count(shape[axis], window, stride, dilation)
    if stride == window and dilation == 1:  # nothing is seen twice: no values have to be looked up
        whole = engine.slice_axis(x, axis, 0, count * window)
        return engine.reshape(whole, (*shape[:axis], count, window, *shape[axis + 1 :]))
    places = np.arange(count)[:, None] * stride + np.arange(window) * dilation
    return engine.take(x, engine.from_host(places, "int32"), axis)
