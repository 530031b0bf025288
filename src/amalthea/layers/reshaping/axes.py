"""Layers that change the axes of a sample and keep its numbers: `Reshape`, `Permute`, `RepeatVector`."""

from __future__ import annotations

import math
from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.layers.weighted import positive


class Reshape(Layer):
    """The same numbers in another shape.

    Args:
        target_shape: the new shape of a sample, without the batch; one size may be -1, which stands for what is left.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, ...)`.

    Output shape:
        `(batch, *target_shape)`.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Reshape((-1, 2))(amalthea.ops.ones((3, 8))).shape
        (3, 4, 2)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)
        if sum(size == -1 for size in sizes) > 1 or any(not isinstance(size, int) or size < -1 for size in sizes):
            raise ArgumentError(f"`target_shape` of Reshape must hold sizes, at most one of them -1. Received: target_shape={target_shape!r}.")
        self.target_shape = sizes
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        given = input_shape[1:]
        if None in given:
            return (input_shape[0], *(None if size == -1 else size for size in self.target_shape))
        total, wanted = math.prod(given), math.prod(size for size in self.target_shape if size != -1)
        if total != wanted if -1 not in self.target_shape else wanted == 0 or total % wanted:
            raise ShapeError(f"{self} cannot give a sample of shape {tuple(given)} ({total} numbers) the shape {self.target_shape}.")
        return (input_shape[0], *(total // wanted if size == -1 else size for size in self.target_shape))

    def call(self, inputs: Any) -> Any:
        return ops.reshape(inputs, self.compute_output_shape(inputs.shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """The axes of a sample in another order.

    Args:
        dims: the axes in their new order, counted from 1: the batch is not among them.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, ...)`.

    Output shape:
        The same sizes in the new order.

    Example:
        >>> import amalthea
        >>> amalthea.layers.Permute((2, 1))(amalthea.ops.ones((5, 10, 64))).shape
        (5, 64, 10)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ArgumentError(f"`dims` of Permute must hold each of 1, 2, ... once. Received: dims={dims!r}.")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, axes=(0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """A vector, `n` times.

    Args:
        n: how often.
        **kwargs: arguments of `Layer`.

    Input shape:
        `(batch, size)`.

    Output shape:
        `(batch, n, size)`.

    Example:
        >>> import amalthea
        >>> amalthea.layers.RepeatVector(3)(amalthea.ops.ones((2, 5))).shape
        (2, 3, 5)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive("RepeatVector", "n", n)
        self.input_spec = InputSpec(ndim=2)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.n, input_shape[1])

    def call(self, inputs: Any) -> Any:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
