"""Indexing: picking elements by place or by condition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.ops.arguments import Tensor, TensorLike, as_shape, as_tensor, normalize_axis, promote
from amalthea.ops.operation import operation
from amalthea.state.variable import Variable


def index_tensor(engine: Engine, indices: TensorLike, name: str = "indices") -> Tensor:
    """`indices` as a tensor of integers."""
    indices = as_tensor(engine, indices)
    dtype = engine.dtype_of(indices)
    if dtypes.is_int(dtype):
        return indices
    if dtype == "bool" or 0 in engine.shape_of(indices):  # an empty list has no dtype of its own
        return engine.cast(indices, "int32")
    raise ArgumentTypeError(f"`{name}` must hold integers. Received dtype {dtype}.")


@operation
def take(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Tensor:
    """The parts of `x` at some places along an axis.

    Args:
        x: tensor of any shape.
        indices: tensor of integers of any shape; negative ones count from the end.
        axis: the axis; by default `x` counts as one vector.

    Returns:
        A tensor of the dtype of `x`, of its shape with that of `indices` in place of the axis.

    Raises:
        ArgumentTypeError: `indices` does not hold integers.

    Example:
        >>> from amalthea import ops
        >>> ops.take([10, 20, 30], [2, 0]).tolist()
        [30, 10]
    """
    engine = current()
    x = as_tensor(engine, x)
    indices = index_tensor(engine, indices)
    if axis is None:
        return engine.take(engine.ravel(x), indices, 0)
    return engine.take(x, indices, normalize_axis(axis, len(engine.shape_of(x))))


@operation
def take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Tensor:
    """The elements of `x` at places along an axis that differ from place to place on the others.

    Args:
        x: tensor of any shape.
        indices: tensor of integers, with as many axes as `x`; the axes but `axis` broadcast with those of `x`.
        axis: the axis; by default both count as vectors.

    Returns:
        A tensor of the dtype of `x`.

    Raises:
        ShapeError: `indices` does not have as many axes as `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.take_along_axis([[1, 5], [7, 2]], [[1], [0]], axis=1).tolist()
        [[5], [7]]
    """
    engine = current()
    x = as_tensor(engine, x)
    indices = index_tensor(engine, indices)
    if axis is None:
        return engine.take_along_axis(engine.ravel(x), engine.ravel(indices), 0)
    shape, places = engine.shape_of(x), engine.shape_of(indices)
    if len(shape) != len(places):
        raise ShapeError(f"`indices` must have as many axes as `x`. Received shapes: indices {places}, x {shape}.")
    return engine.take_along_axis(x, indices, normalize_axis(axis, len(shape)))


@operation
def get_item(x: TensorLike, key: Any) -> Tensor:
    """`x[key]`.

    Args:
        x: tensor of any shape.
        key: what NumPy takes: integers, slices, None, an ellipsis, tensors of integers or bool, and tuples of these.

    Returns:
        A tensor of the dtype of `x`.

    Raises:
        ArgumentError: there are more indices than axes.

    Example:
        >>> from amalthea import ops
        >>> ops.get_item([1, 2, 3, 4], slice(1, 3)).tolist()
        [2, 3]
    """
    engine = current()
    x = as_tensor(engine, x)
    parts = tuple(_key_part(engine, part) for part in key) if isinstance(key, tuple) else (_key_part(engine, key),)
    rank = len(engine.shape_of(x))
    used = sum(_axes_used(engine, part) for part in parts)
    if used > rank:
        raise ArgumentError(f"Too many indices: {used} for a tensor of shape {engine.shape_of(x)}.")
    return engine.getitem(x, parts)


def _key_part(engine: Engine, part: Any) -> Any:
    if part is None or part is Ellipsis or isinstance(part, int):
        return part
    if isinstance(part, slice):
        bounds = (part.start, part.stop, part.step)
        if all(bound is None or isinstance(bound, int) for bound in bounds):
            return part
        return slice(*(None if bound is None else int(bound) for bound in bounds))
    if isinstance(part, np.integer):
        return int(part)
    if isinstance(part, KerasTensor):
        raise ArgumentTypeError(f"{part!r} stands too deep in the key.")
    if isinstance(part, Variable) or engine.is_tensor(part):
        return as_tensor(engine, part)
    array = np.asarray(part)
    if array.dtype.kind not in "iub" and array.size:
        raise ArgumentTypeError(f"A key must be made of integers, slices, None, Ellipsis, and tensors of integers or bool. Received: {part!r:.80}.")
    return array if array.dtype.kind == "b" else engine.from_host(array, "int32")


def _axes_used(engine: Engine, part: Any) -> int:
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    if isinstance(part, (int, slice)):
        return 1
    is_bool = part.dtype.kind == "b" if isinstance(part, np.ndarray) else engine.dtype_of(part) == "bool"
    return len(part.shape) if is_bool else 1


# --- by condition --------------------------------------------------------------------------------------


@operation
def where(condition: TensorLike, x1: TensorLike | None = None, x2: TensorLike | None = None) -> Any:
    """`x1` where a condition holds, `x2` elsewhere; or where it holds.

    Args:
        condition: tensor; what is not bool counts as true where it is not 0.
        x1: tensor that broadcasts with `condition` and `x2`.
        x2: tensor that broadcasts with `condition` and `x1`.

    Returns:
        A tensor of the broadcast shape, in the dtype to which `x1` and `x2` promote. Without them, what `nonzero` gives.

    Raises:
        ArgumentError: only one of `x1` and `x2` is given.

    Example:
        >>> from amalthea import ops
        >>> ops.where([True, False], [1, 2], 0).tolist()
        [1, 0]
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ArgumentError("`where` takes both `x1` and `x2`, or neither.")
    engine = current()
    condition = as_tensor(engine, condition, "bool")
    x1, x2 = promote(engine, x1, x2)
    return engine.where(condition, x1, x2)


@operation
def select(condlist: Sequence[TensorLike], choicelist: Sequence[TensorLike], default: TensorLike = 0) -> Tensor:
    """Each element from the first choice whose condition holds.

    Args:
        condlist: the conditions, bool tensors.
        choicelist: as many tensors to choose from.
        default: what to take where no condition holds.

    Returns:
        A tensor of the shape to which all broadcast, in the dtype to which choices and default promote.

    Raises:
        ArgumentError: there are not as many choices as conditions, or none.

    Example:
        >>> from amalthea import ops
        >>> x = ops.arange(5)
        >>> ops.select([x < 2, x > 3], [x, x * 10], -1).tolist()
        [0, 1, -1, -1, 40]
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ArgumentError(
            f"There must be as many choices as conditions, at least one. Received: {len(condlist)} conditions, {len(choicelist)} choices."
        )
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, choice, result)
    return result


@operation
def nonzero(x: TensorLike) -> tuple[Tensor, ...]:
    """Where the elements are not zero.

    How many there are depends on the values, so that this cannot be compiled.

    Args:
        x: tensor of at least one axis.

    Returns:
        One int32 vector for each axis: together, the places in the order of the elements.

    Example:
        >>> from amalthea import ops
        >>> [places.tolist() for places in ops.nonzero([[0, 1], [2, 0]])]
        [[0, 1], [1, 0]]
    """
    engine = current()
    x = as_tensor(engine, x)
    if engine.name == "symbolic":
        return tuple(engine.full((None,), 0, "int32") for _ in engine.shape_of(x))  # type: ignore[arg-type]
    return tuple(engine.from_host(places, "int32") for places in np.nonzero(engine.to_host(x)))


@operation
def unravel_index(indices: TensorLike, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """Places in a vector as places in a tensor of a shape.

    Args:
        indices: tensor of integers; negative ones count from the end.
        shape: the shape.

    Returns:
        One int32 tensor of the shape of `indices` for each axis of `shape`.

    Example:
        >>> from amalthea import ops
        >>> [places.tolist() for places in ops.unravel_index([5, 7], (2, 4))]
        [[1, 1], [1, 3]]
    """
    engine = current()
    indices = index_tensor(engine, indices)
    sizes = as_shape(engine, shape)
    total = math.prod(sizes)
    rest = engine.where(engine.less(indices, 0), engine.add(indices, total), indices)
    rest = engine.clip(rest, 0, max(total - 1, 0))
    places = []
    for size in reversed(sizes):
        places.append(engine.remainder(rest, size))
        rest = engine.floor_divide(rest, size)
    return tuple(reversed(places))
