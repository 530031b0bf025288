"""Which places attention may look at, as bool tensors: True where it may."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.engines.registry import current
from amalthea.ops.arguments import as_size


def band(target: Any, source: Any, causal: bool, window: int | None) -> Any:
    """(1, target, source): places that are not after the query's own (`causal`), and less than `window` away from it.

    Args:
        target: how many queries there are; None if that is not known yet.
        source: how many places there are to look at.
        causal: whether later places are left out.
        window: how far to see; None for without limit.
    """
    engine = current()
    rows = ops.expand_dims(engine.arange(0, as_size(engine, target), 1, "int32"), (0, 2))
    columns = ops.expand_dims(engine.arange(0, as_size(engine, source), 1, "int32"), (0, 1))
    mask = ops.greater_equal(rows, columns) if causal else None
    if window is None:
        return mask
    near = ops.less(ops.absolute(ops.subtract(rows, columns)), window)
    return both(mask, near)


def both(first: Any, second: Any) -> Any:
    """Where both masks hold; None holds everywhere."""
    if first is None or second is None:
        return first if second is None else second
    return ops.logical_and(first, second)


def combined(query_mask: Any, value_mask: Any, key_mask: Any, attention_mask: Any) -> Any:
    """The masks of the places (batch, length) and the one of pairs of places as one mask of pairs, or None."""
    mask = None
    for places, axis in ((query_mask, -1), (value_mask, -2), (key_mask, -2)):
        if places is not None:
            mask = both(mask, ops.expand_dims(ops.cast(places, "bool"), axis))
    return both(mask, None if attention_mask is None else ops.cast(attention_mask, "bool"))
