"""`Dot`: products of two tensors, sample by sample."""

from __future__ import annotations

import string
from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.merging.base import Merge, listed


class Dot(Merge):
    """The products of two tensors, summed over one axis of each, for every sample.

    Args:
        axes: the axis to sum over: one number for both tensors, or one for each; not that of the batch.
        normalize: whether both are scaled to length 1 along that axis first: the result is their cosine.
        **kwargs: arguments of `Layer`.

    Input shape:
        Two tensors `(batch, ...)`.

    Output shape:
        `(batch, ...)`: the axes left of the first, then those of the second; `(batch, 1)` if none is left.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Dot(axes=1)([amalthea.ops.ones((2, 3)), amalthea.ops.ones((2, 3))]).tolist()
        [[3.0], [3.0]]
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = axes if isinstance(axes, (list, tuple)) else (axes, axes)
        if len(pair) != 2 or not all(isinstance(axis, int) and axis != 0 for axis in pair):
            raise ArgumentError(f"`axes` of Dot must be an integer other than 0 (the batch), or two of them. Received: axes={axes!r}.")
        self.axes, self.normalize = axes, normalize

    def _axes(self, shapes: list[Any]) -> list[int]:
        pair = self.axes if isinstance(self.axes, (list, tuple)) else (self.axes, self.axes)
        return [axis % len(shape) for axis, shape in zip(pair, shapes, strict=True)]

    def build(self, input_shape: Any) -> None:
        shapes = listed(self, input_shape)
        if len(shapes) != 2:
            raise ArgumentError(f"{self} takes two inputs. Received {len(shapes)}.")
        sizes = [shape[axis] for shape, axis in zip(shapes, self._axes(shapes), strict=True)]
        if None not in sizes and sizes[0] != sizes[1]:
            raise ShapeError(f"{self} sums over axes={self.axes}, which have the sizes {sizes[0]} and {sizes[1]} in inputs of shapes {shapes}.")

    def call(self, inputs: Any) -> Any:
        one, other = listed(self, inputs)
        axes = self._axes([one.shape, other.shape])
        if self.normalize:
            one, other = ops.normalize(one, axis=axes[0]), ops.normalize(other, axis=axes[1])
        letters = iter(string.ascii_lowercase[2:])
        left = ["a" if i == 0 else "b" if i == axes[0] else next(letters) for i in range(len(one.shape))]
        right = ["a" if i == 0 else "b" if i == axes[1] else next(letters) for i in range(len(other.shape))]
        kept = "a" + "".join(letter for letter in left + right if letter not in "ab")
        result = ops.einsum(f"{''.join(left)},{''.join(right)}->{kept}", one, other)
        return ops.expand_dims(result, -1) if len(kept) == 1 else result

    def compute_output_shape(self, input_shape: Any) -> Any:
        one, other = (list(shape) for shape in listed(self, input_shape))
        axes = self._axes([one, other])
        shape = [size for i, size in enumerate(one) if i != axes[0]] + [size for i, size in enumerate(other) if i not in (0, axes[1])]
        return tuple(shape) if len(shape) > 1 else (*shape, 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot` as a function.

    Args:
        inputs: two tensors.
        axes: the axis to sum over.
        **kwargs: arguments of the layer.
    """
    return Dot(axes=axes, **kwargs)(inputs)
