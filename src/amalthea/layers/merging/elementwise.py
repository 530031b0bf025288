"""Elementwise merging: sums, products, means, extremes."""

from __future__ import annotations

from functools import reduce
from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.layers.merging.base import Merge, listed


class Add(Merge):
    """The sum of the inputs.

    Args:
        **kwargs: arguments of `Layer`.

    Input shape:
        Several tensors whose shapes broadcast.

    Output shape:
        The broadcast shape.

    Example:
        >>> import amalthea
        >>> a, b = amalthea.ops.convert_to_tensor([[1.0, 2.0]]), amalthea.ops.convert_to_tensor([[3.0, 4.0]])
        >>> amalthea.layers.Add()([a, b]).tolist()
        [[4.0, 6.0]]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return reduce(ops.add, inputs)


class Subtract(Merge):
    """The first input less the second.

    Args:
        **kwargs: arguments of `Layer`.

    Input shape:
        Two tensors whose shapes broadcast.

    Output shape:
        The broadcast shape.

    Example:
        >>> import amalthea
        >>> a, b = amalthea.ops.convert_to_tensor([[1.0, 2.0]]), amalthea.ops.convert_to_tensor([[3.0, 4.0]])
        >>> amalthea.layers.Subtract()([a, b]).tolist()
        [[-2.0, -2.0]]
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if len(listed(self, input_shape)) != 2:
            raise ArgumentError(f"{self} takes two inputs. Received {len(input_shape)}.")

    def _merge(self, inputs: list[Any]) -> Any:
        return ops.subtract(*inputs)


class Multiply(Merge):
    """The product of the inputs.

    Args:
        **kwargs: arguments of `Layer`.

    Input shape:
        Several tensors whose shapes broadcast.

    Output shape:
        The broadcast shape.

    Example:
        >>> import amalthea
        >>> a, b = amalthea.ops.convert_to_tensor([[1.0, 2.0]]), amalthea.ops.convert_to_tensor([[3.0, 4.0]])
        >>> amalthea.layers.Multiply()([a, b]).tolist()
        [[3.0, 8.0]]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return reduce(ops.multiply, inputs)


class Average(Merge):
    """The mean of the inputs.

    Args:
        **kwargs: arguments of `Layer`.

    Input shape:
        Several tensors whose shapes broadcast.

    Output shape:
        The broadcast shape.

    Example:
        >>> import amalthea
        >>> a, b = amalthea.ops.convert_to_tensor([[1.0, 2.0]]), amalthea.ops.convert_to_tensor([[3.0, 4.0]])
        >>> amalthea.layers.Average()([a, b]).tolist()
        [[2.0, 3.0]]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return reduce(ops.add, inputs) / len(inputs)


class Maximum(Merge):
    """The largest of the inputs, elementwise.

    Args:
        **kwargs: arguments of `Layer`.

    Input shape:
        Several tensors whose shapes broadcast.

    Output shape:
        The broadcast shape.

    Example:
        >>> import amalthea
        >>> a, b = amalthea.ops.convert_to_tensor([[1.0, 2.0]]), amalthea.ops.convert_to_tensor([[3.0, 4.0]])
        >>> amalthea.layers.Maximum()([a, b]).tolist()
        [[3.0, 4.0]]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return reduce(ops.maximum, inputs)


class Minimum(Merge):
    """The smallest of the inputs, elementwise.

    Args:
        **kwargs: arguments of `Layer`.

    Input shape:
        Several tensors whose shapes broadcast.

    Output shape:
        The broadcast shape.

    Example:
        >>> import amalthea
        >>> a, b = amalthea.ops.convert_to_tensor([[1.0, 2.0]]), amalthea.ops.convert_to_tensor([[3.0, 4.0]])
        >>> amalthea.layers.Minimum()([a, b]).tolist()
        [[1.0, 2.0]]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return reduce(ops.minimum, inputs)


def add(inputs: Any, **kwargs: Any) -> Any:
    """`Add` as a function.

    Args:
        inputs: a list of tensors.
        **kwargs: arguments of the layer.
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """`Subtract` as a function.

    Args:
        inputs: a list of tensors.
        **kwargs: arguments of the layer.
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """`Multiply` as a function.

    Args:
        inputs: a list of tensors.
        **kwargs: arguments of the layer.
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """`Average` as a function.

    Args:
        inputs: a list of tensors.
        **kwargs: arguments of the layer.
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """`Maximum` as a function.

    Args:
        inputs: a list of tensors.
        **kwargs: arguments of the layer.
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """`Minimum` as a function.

    Args:
        inputs: a list of tensors.
        **kwargs: arguments of the layer.
    """
    return Minimum(**kwargs)(inputs)
