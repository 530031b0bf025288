"""Sorting, and what sorted values answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.engines.sizes import whole
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, normalize_axis, promote_all
from amalthea.ops.operation import operation


def _to_sort(engine: Engine, x: TensorLike, axis: int | None) -> tuple[Tensor, int]:
    """What to sort, and along which axis."""
    x = as_tensor(engine, x)
    if dtypes.is_complex(engine.dtype_of(x)):
        raise ArgumentTypeError("Complex numbers have no order. Take `ops.absolute` or `ops.real` first.")
    if axis is None:
        return engine.ravel(x), 0
    return x, normalize_axis(axis, len(engine.shape_of(x)))


@operation
def sort(x: TensorLike, axis: int | None = -1) -> Tensor:
    """The elements in rising order along an axis, NaN last.

    Args:
        x: real tensor of at least one axis.
        axis: the axis; None: `x` counts as one vector.

    Returns:
        A tensor of the shape and dtype of `x`, or a vector.

    Example:
        >>> from amalthea import ops
        >>> ops.sort([3, 1, 2]).tolist()
        [1, 2, 3]
    """
    engine = current()
    x, place = _to_sort(engine, x, axis)
    if engine.dtype_of(x) == "bool":
        return engine.cast(engine.sort(engine.cast(x, "int32"), place), "bool")
    return engine.sort(x, place)


@operation
def argsort(x: TensorLike, axis: int | None = -1) -> Tensor:
    """The places of the elements in rising order along an axis; equals in the order in which they stand.

    Args:
        x: real tensor of at least one axis.
        axis: the axis; None: `x` counts as one vector.

    Returns:
        An int32 tensor of the shape of `x`, or a vector.

    Example:
        >>> from amalthea import ops
        >>> ops.argsort([3, 1, 2]).tolist()
        [1, 2, 0]
    """
    engine = current()
    x, place = _to_sort(engine, x, axis)
    return engine.argsort(engine.cast(x, "int32") if engine.dtype_of(x) == "bool" else x, place)


@operation
def argpartition(x: TensorLike, kth: int, axis: int | None = -1) -> Tensor:
    """Places such that the `kth` smallest element stands in its place, the smaller ones before it and the others after it.

    Args:
        x: real tensor of at least one axis.
        kth: which element, counted from 0.
        axis: the axis; None: `x` counts as one vector.

    Returns:
        An int32 tensor of the shape of `x`, or a vector. (The elements before and after are in order too.)

    Raises:
        ArgumentError: `kth` is out of range.

    Example:
        >>> from amalthea import ops
        >>> int(ops.argpartition([30, 10, 20], 0)[0])
        1
    """
    engine = current()
    x, place = _to_sort(engine, x, axis)
    size = engine.shape_of(x)[place]
    if size is not None and not -size <= kth < size:
        raise ArgumentError(f"`kth` must be in [{-size}, {size}). Received: kth={kth}.")
    return engine.argsort(engine.cast(x, "int32") if engine.dtype_of(x) == "bool" else x, place)


@operation
def top_k(x: TensorLike, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The greatest elements along the last axis.

    Args:
        x: real tensor of at least one axis.
        k: how many.
        sorted: whether they must come in falling order (they always do).

    Returns:
        The elements, in the dtype of `x`, and their places (int32); both of the shape of `x` with the last axis of size `k`.
        Of equals, the first comes first.

    Raises:
        ArgumentError: `k` exceeds the size of the last axis, or is negative.

    Example:
        >>> from amalthea import ops
        >>> values, places = ops.top_k([3, 9, 5], 2)
        >>> values.tolist(), places.tolist()
        ([9, 5], [1, 2])
    """
    engine = current()
    x = as_tensor(engine, x)
    if not engine.shape_of(x):
        raise ShapeError("`top_k` needs a tensor of at least one axis. Received a scalar.")
    x, place = _to_sort(engine, x, -1)
    size = engine.shape_of(x)[place]
    k = whole(k, "k")
    if k < 0 or (size is not None and k > size):
        raise ArgumentError(f"`k` must be between 0 and the size {size} of the last axis. Received: k={k}.")
    if engine.dtype_of(x) == "bool":
        values, places = engine.top_k(engine.cast(x, "int32"), k)
        return engine.cast(values, "bool"), places
    return engine.top_k(x, k)


@operation
def searchsorted(sorted_sequence: TensorLike, values: TensorLike, side: str = "left") -> Tensor:
    """Where values have to be put in so that a sorted vector stays sorted.

    Args:
        sorted_sequence: vector in rising order.
        values: tensor of any shape.
        side: "left": before elements that are equal. "right": after them.

    Returns:
        An int32 tensor of the shape of `values`.

    Raises:
        ShapeError: `sorted_sequence` is not a vector.
        ArgumentError: another `side`.

    Example:
        >>> from amalthea import ops
        >>> ops.searchsorted([1, 3, 5], [3, 4]).tolist()
        [1, 2]
    """
    if side not in ("left", "right"):
        raise ArgumentError(f"`side` must be 'left' or 'right'. Received: side={side!r}.")
    engine = current()
    sequence, values = promote_all(engine, as_tensor(engine, sorted_sequence), values)
    if len(engine.shape_of(sequence)) != 1:
        raise ShapeError(f"`sorted_sequence` must be a vector. Received shape: {engine.shape_of(sequence)}.")
    return engine.searchsorted(sequence, values, side)


@operation
def digitize(x: TensorLike, bins: TensorLike) -> Tensor:
    """In which bin each element falls.

    Args:
        x: real tensor of any shape.
        bins: vector of the edges in rising order; an edge belongs to the bin above it.

    Returns:
        An int32 tensor of the shape of `x`: 0 below the first edge, as many as there are edges from the last one on.

    Example:
        >>> from amalthea import ops
        >>> ops.digitize([0.5, 1.0, 7.0], [0.0, 1.0, 2.0]).tolist()
        [1, 2, 3]
    """
    return searchsorted(bins, x, "right")


@operation
def unique(
    x: TensorLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements, or the different parts along an axis.

    How many there are depends on the values, so that this cannot be compiled.

    Args:
        x: tensor of any shape.
        sorted: whether they must come in rising order (they always do).
        return_index: whether to give where each occurs first.
        return_inverse: whether to give which of them stands at each place of `x`.
        return_counts: whether to give how often each occurs.
        axis: the axis whose parts are compared; by default all elements are.
        size: how many to give: more are left out, missing ones filled up.
        fill_value: what to fill up with; by default the least one.

    Returns:
        The different elements or parts; if more was asked for, a tuple of them with, in this order, the places of the first ones, the
        inverse (of the shape of `x`, or a vector along `axis`), the counts, all int32.

    Example:
        >>> from amalthea import ops
        >>> ops.unique([3, 1, 3]).tolist()
        [1, 3]
    """
    engine = current()
    x = as_tensor(engine, x)
    shape = engine.shape_of(x)
    place = None if axis is None else normalize_axis(axis, len(shape))
    asked = (return_index, return_inverse, return_counts)
    if engine.name == "symbolic":
        return _unique_symbolic(engine, x, asked, place, size)
    values, index, inverse, counts = np.unique(engine.to_host(x), return_index=True, return_inverse=True, return_counts=True, axis=place)
    inverse = inverse.reshape(shape if place is None else (-1,))
    if size is not None:
        along = place or 0
        fill = np.take(values, [0], along) if fill_value is None else np.full_like(np.take(values, [0], along), fill_value)
        missing = max(size - values.shape[along], 0)
        values = np.concatenate([np.take(values, range(min(size, values.shape[along])), along), np.repeat(fill, missing, along)], along)
        index = np.concatenate([index[:size], np.full(missing, index[0])])
        counts = np.concatenate([counts[:size], np.zeros(missing, counts.dtype)])
    results = [engine.from_host(values, engine.dtype_of(x))]
    results += [engine.from_host(part, "int32") for part, wanted in zip((index, inverse, counts), asked, strict=True) if wanted]
    return tuple(results) if len(results) > 1 else results[0]


def _unique_symbolic(engine: Engine, x: Tensor, asked: tuple[bool, bool, bool], place: int | None, size: int | None) -> Any:
    shape = engine.shape_of(x)
    found = (size,) if place is None else (*shape[:place], size, *shape[place + 1 :])
    shapes = ((size,), shape if place is None else (shape[place],), (size,))
    results = [engine.full(found, 0, engine.dtype_of(x))]  # type: ignore[arg-type]
    results += [engine.full(part, 0, "int32") for part, wanted in zip(shapes, asked, strict=True) if wanted]  # type: ignore[arg-type]
    return tuple(results) if len(results) > 1 else results[0]
