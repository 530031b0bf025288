"""`Concatenate`: tensors one after the other."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ShapeError
from amalthea.layers.merging.base import Merge, listed


class Concatenate(Merge):
    """The inputs joined along an axis.

    Args:
        axis: the axis along which they are joined.
        **kwargs: arguments of `Layer`.

    Input shape:
        Several tensors, alike in shape but for `axis`.

    Output shape:
        Theirs, with the sizes along `axis` added up.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Concatenate()([amalthea.ops.ones((2, 3)), amalthea.ops.ones((2, 1))]).shape
        (2, 4)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        shapes = [tuple(shape) for shape in listed(self, input_shape)]
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes) or not -rank <= self.axis < rank:
            raise ShapeError(f"{self} joins tensors of one rank along axis {self.axis}. Received the shapes {', '.join(map(str, shapes))}.")
        for position in range(rank):
            sizes = {shape[position] for shape in shapes} - {None}
            if position != self.axis % rank and len(sizes) > 1:
                raise ShapeError(
                    f"{self} joins along axis {self.axis}, so all other sizes must be the same; axis {position} has the sizes {sorted(sizes)}. "
                    f"Received the shapes {', '.join(map(str, shapes))}."
                )

    def call(self, inputs: Any) -> Any:
        return ops.concatenate(listed(self, inputs), axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = [list(shape) for shape in listed(self, input_shape)]
        joined = shapes[0]
        for shape in shapes[1:]:
            size, more = joined[self.axis], shape[self.axis]
            joined[self.axis] = None if size is None or more is None else size + more
        return tuple(joined)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks joined in the same way; an input without a mask counts whole."""
        if mask is None or all(part is None for part in mask):
            return None
        axis = self.axis % len(inputs[0].shape)
        parts = []
        for x, part in zip(inputs, mask, strict=True):
            if part is None:
                whole = ops.ones_like(x, dtype="bool")
                parts.append(whole if axis == len(x.shape) - 1 and len(x.shape) > 2 else whole[(..., *(0,) * (len(x.shape) - 2))])
            elif len(part.shape) < len(x.shape) and axis >= len(part.shape):
                parts.append(ops.broadcast_to(ops.expand_dims(part, -1), ops.shape(x)))
            else:
                parts.append(part)
        if axis >= len(parts[0].shape):
            axis = len(parts[0].shape) - 1
        joined = ops.concatenate(parts, axis=axis)
        return ops.all(joined, axis=-1) if len(joined.shape) > 2 else joined

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate` as a function.

    Args:
        inputs: a list of tensors.
        axis: the axis along which they are joined.
        **kwargs: arguments of the layer.
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
