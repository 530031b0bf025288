"""What merging layers have in common: several tensors go in, alike in shape but for sizes 1, and one comes out."""

from __future__ import annotations

from functools import reduce
from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentTypeError, ShapeError
from amalthea.layers.layer import Layer


def listed(layer: Layer, inputs: Any) -> list[Any]:
    """The inputs (or their shapes) as a list.

    Raises:
        ArgumentTypeError: they are not a list or tuple of at least one.
    """
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ArgumentTypeError(f"{layer} merges a list of tensors. Received: {inputs!r:.80}.")
    return list(inputs)


def broadcast(layer: Layer, shapes: list[Any]) -> tuple[int | None, ...]:
    """The shape to which `shapes` broadcast: as in NumPy, but aligned after the batch.

    Raises:
        ShapeError: they do not fit.
    """

    def two(one: tuple[int | None, ...], other: tuple[int | None, ...]) -> tuple[int | None, ...]:
        longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
        if len(shorter) < len(longer):
            shorter = (shorter[0], *(1,) * (len(longer) - len(shorter)), *shorter[1:])
        merged: list[int | None] = []
        for a, b in zip(longer, shorter, strict=True):
            if a == b or b == 1:
                merged.append(a)
            elif a == 1:
                merged.append(b)
            elif a is None or b is None:
                merged.append(a if b is None else b)
            else:
                raise ShapeError(
                    f"{layer} cannot merge inputs of the shapes {', '.join(map(str, map(tuple, shapes)))}: the sizes {a} and {b} differ."
                )
        return tuple(merged)

    return reduce(two, map(tuple, shapes))


class Merge(Layer):
    """A layer that merges tensors elementwise. Not for use by itself: subclasses define `_merge`.

    Args:
        **kwargs: arguments of `Layer`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def _merge(self, inputs: list[Any]) -> Any:
        """The result for inputs of one rank."""
        raise ArgumentTypeError(f"{type(self).__name__} does not say how it merges.")

    def build(self, input_shape: Any) -> None:
        broadcast(self, listed(self, input_shape))

    def call(self, inputs: Any) -> Any:
        tensors = listed(self, inputs)
        rank = max(len(x.shape) for x in tensors)
        return self._merge([_of_rank(x, rank) for x in tensors])

    def compute_output_shape(self, input_shape: Any) -> Any:
        return broadcast(self, listed(self, input_shape))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where all inputs count."""
        masks = [part for part in mask or () if part is not None]
        if not masks or len(masks) < len(inputs):
            return None
        return reduce(ops.logical_and, masks)


def _of_rank(x: Any, rank: int) -> Any:
    """`x` with axes of size 1 put in after the batch."""
    missing = rank - len(x.shape)
    return ops.expand_dims(x, tuple(range(1, 1 + missing))) if missing and x.shape else x
