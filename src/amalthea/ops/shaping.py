"""Shaping: the same elements in another arrangement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.engines.sizes import whole
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError, nearest
from amalthea.ops.arguments import Tensor, TensorLike, as_shape, as_size, as_tensor, normalize_axes, normalize_axis
from amalthea.ops.operation import operation


@operation
def reshape(x: TensorLike, newshape: int | Sequence[int | None]) -> Tensor:
    """The same elements, in the same order, in another shape.

    Args:
        x: tensor of any shape.
        newshape: the sizes. One of them may be -1 (or None): it is worked out.

    Returns:
        A tensor of shape `newshape`.

    Raises:
        ShapeError: `x` does not have so many elements.

    Example:
        >>> from amalthea import ops
        >>> ops.reshape([1, 2, 3, 4], (2, -1)).tolist()
        [[1, 2], [3, 4]]
    """
    engine = current()
    x = as_tensor(engine, x)
    sizes = [newshape] if isinstance(newshape, (int, np.integer)) else list(newshape)
    open_places = [place for place, size in enumerate(sizes) if size is None or (isinstance(size, (int, np.integer)) and size == -1)]
    target = tuple(-1 if place in open_places else as_size(engine, size, "newshape") for place, size in enumerate(sizes))
    if len(open_places) > 1:
        if engine.name == "symbolic" and -1 not in sizes:  # several sizes are not known yet
            return engine.reshape(x, tuple(sizes))  # type: ignore[arg-type]
        raise ShapeError(f"At most one size of `newshape` may be left open. Received: newshape={tuple(sizes)}.")
    shape = engine.shape_of(x)
    if all(isinstance(size, int) for size in (*shape, *target)):
        count, known = math.prod(shape), math.prod(size for size in target if size != -1)
        if any(size < -1 for size in target) or (count != known if not open_places else (known == 0) or count % known != 0):
            raise ShapeError(f"A tensor of shape {shape} has {count} elements and cannot be reshaped to {tuple(sizes)}.")
    return engine.reshape(x, target)


@operation
def transpose(x: TensorLike, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in another order.

    Args:
        x: tensor of any shape.
        axes: which axis of `x` comes at each place; by default in reverse.

    Returns:
        A tensor whose axis i has the size of axis `axes[i]` of `x`.

    Raises:
        ArgumentError: `axes` is not an order of all axes.

    Example:
        >>> from amalthea import ops
        >>> ops.transpose([[1, 2], [3, 4]]).tolist()
        [[1, 3], [2, 4]]
    """
    engine = current()
    x = as_tensor(engine, x)
    rank = len(engine.shape_of(x))
    if axes is None:
        return engine.transpose(x, tuple(reversed(range(rank))))
    order = normalize_axes(axes, rank, "axes")
    assert order is not None
    if len(order) != rank:
        raise ArgumentError(f"`axes` must name each of the {rank} axes once. Received: axes={tuple(axes)}.")
    return engine.transpose(x, order)


@operation
def moveaxis(x: TensorLike, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Some axes at other places, the others in their order.

    Args:
        x: tensor of any shape.
        source: the axis to move, or several.
        destination: its place in the result, or theirs.

    Returns:
        A tensor with the axes in the new order.

    Raises:
        ArgumentError: there are more sources than destinations, or fewer.

    Example:
        >>> from amalthea import ops
        >>> ops.moveaxis(ops.zeros((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    engine = current()
    x = as_tensor(engine, x)
    rank = len(engine.shape_of(x))
    sources, places = normalize_axes(source, rank, "source"), normalize_axes(destination, rank, "destination")
    assert sources is not None
    assert places is not None
    if len(sources) != len(places):
        raise ArgumentError(f"`source` and `destination` must name as many axes. Received: source={source}, destination={destination}.")
    return engine.moveaxis(x, sources, places)


@operation
def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged.

    Args:
        x: tensor of any shape.
        axis1: the one axis.
        axis2: the other.

    Returns:
        A tensor with the sizes of the two axes exchanged.

    Example:
        >>> from amalthea import ops
        >>> ops.swapaxes(ops.zeros((2, 3, 4)), 0, 2).shape
        (4, 3, 2)
    """
    engine = current()
    x = as_tensor(engine, x)
    rank = len(engine.shape_of(x))
    return engine.swapaxes(x, normalize_axis(axis1, rank, "axis1"), normalize_axis(axis2, rank, "axis2"))


@operation
def expand_dims(x: TensorLike, axis: int | Sequence[int]) -> Tensor:
    """New axes of size 1.

    Args:
        x: tensor of any shape.
        axis: the place of the new axis in the result, or several.

    Returns:
        A tensor with so many axes more.

    Example:
        >>> from amalthea import ops
        >>> ops.expand_dims([1, 2], -1).tolist()
        [[1], [2]]
    """
    engine = current()
    x = as_tensor(engine, x)
    count = 1 if isinstance(axis, (int, np.integer)) else len(axis)
    axes = normalize_axes(axis, len(engine.shape_of(x)) + count)
    assert axes is not None
    return engine.expand_dims(x, axes)


@operation
def squeeze(x: TensorLike, axis: int | Sequence[int] | None = None) -> Tensor:
    """Without axes of size 1.

    Args:
        x: tensor of any shape.
        axis: the axis to drop, or several; by default all of size 1.

    Returns:
        A tensor with so many axes fewer.

    Raises:
        ShapeError: an axis to drop is not of size 1.

    Example:
        >>> from amalthea import ops
        >>> ops.squeeze([[[1], [2]]]).tolist()
        [1, 2]
    """
    engine = current()
    x = as_tensor(engine, x)
    shape = engine.shape_of(x)
    if axis is None:
        return engine.squeeze(x, tuple(place for place, size in enumerate(shape) if size == 1))
    axes = normalize_axes(axis, len(shape))
    assert axes is not None
    for place in axes:
        if shape[place] != 1:
            raise ShapeError(f"Only axes of size 1 can be dropped. Received: axis={axis} for a tensor of shape {shape}.")
    return engine.squeeze(x, axes)


@operation
def ravel(x: TensorLike) -> Tensor:
    """All elements in one vector.

    Args:
        x: tensor of any shape.

    Returns:
        A tensor of one axis.

    Example:
        >>> from amalthea import ops
        >>> ops.ravel([[1, 2], [3, 4]]).tolist()
        [1, 2, 3, 4]
    """
    engine = current()
    return engine.ravel(as_tensor(engine, x))


@operation
def broadcast_to(x: TensorLike, shape: Sequence[int]) -> Tensor:
    """Repeated along axes of size 1, and along new axes in front, up to `shape`.

    Args:
        x: tensor of any shape.
        shape: the shape of the result.

    Returns:
        A tensor of shape `shape`.

    Raises:
        ShapeError: the shape of `x` does not broadcast to `shape`.

    Example:
        >>> from amalthea import ops
        >>> ops.broadcast_to([1, 2], (2, 2)).tolist()
        [[1, 2], [1, 2]]
    """
    engine = current()
    x = as_tensor(engine, x)
    target = as_shape(engine, shape)
    own = engine.shape_of(x)
    pairs = zip(reversed(own), reversed(target), strict=False)
    if len(own) > len(target) or any(a not in (1, None) and b is not None and a != b for a, b in pairs):
        raise ShapeError(f"A tensor of shape {own} does not broadcast to {target}.")
    return engine.broadcast_to(x, target)  # type: ignore[arg-type]


# --- joining and cutting -------------------------------------------------------------------------------


def alike(engine: Engine, xs: Sequence[TensorLike], name: str) -> list[Tensor]:
    """The tensors of a sequence (or along the first axis of a tensor), in the dtype to which they all promote."""
    if not isinstance(xs, (list, tuple)):
        whole = as_tensor(engine, xs)
        if not engine.shape_of(whole):
            raise ArgumentTypeError(f"`{name}` must be a sequence of tensors. Received: {xs!r:.80}.")
        return engine.unstack(whole, 0)
    if not xs:
        raise ArgumentError(f"`{name}` is empty: at least one tensor is needed.")
    kinds = [type(x) if isinstance(x, (bool, int, float, complex)) and not isinstance(x, np.generic) else None for x in xs]
    tensors = [as_tensor(engine, x) for x in xs]
    dtype = dtypes.result_type(*(kind or engine.dtype_of(x) for kind, x in zip(kinds, tensors, strict=True)))
    return [x if engine.dtype_of(x) == dtype else engine.cast(x, dtype) for x in tensors]


def _ranks_agree(engine: Engine, xs: list[Tensor], name: str) -> int:
    shapes = [engine.shape_of(x) for x in xs]
    if len({len(shape) for shape in shapes}) > 1:
        raise ShapeError(f"The tensors of `{name}` must have as many axes. Received shapes: {shapes}.")
    return len(shapes[0])


def _sizes_agree(engine: Engine, xs: list[Tensor], name: str, but: int | None = None) -> None:
    shapes = [engine.shape_of(x) for x in xs]
    for place in range(len(shapes[0])):
        if place != but and len({shape[place] for shape in shapes} - {None}) > 1:
            where = "" if but is None else f", but for axis {but}"
            raise ShapeError(f"The tensors of `{name}` must have the same shape{where}. Received shapes: {shapes}.")


@operation
def concatenate(xs: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Tensors one after another along an axis that they have.

    Args:
        xs: tensors of the same shape, but for `axis`.
        axis: the axis.

    Returns:
        A tensor in the promoted dtype; its size along `axis` is the sum of theirs.

    Raises:
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.concatenate([[1, 2], [3]]).tolist()
        [1, 2, 3]
    """
    engine = current()
    tensors = alike(engine, xs, "xs")
    rank = _ranks_agree(engine, tensors, "xs")
    if rank == 0:
        raise ShapeError("Scalars have no axis to concatenate along. Use `ops.stack`.")
    axis = normalize_axis(axis, rank)
    _sizes_agree(engine, tensors, "xs", axis)
    return engine.concatenate(tensors, axis)


@operation
def stack(x: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Tensors side by side along a new axis.

    Args:
        x: tensors of the same shape.
        axis: the place of the new axis in the result.

    Returns:
        A tensor in the promoted dtype, with one axis more, as long as there are tensors.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> from amalthea import ops
        >>> ops.stack([[1, 2], [3, 4]], axis=1).tolist()
        [[1, 3], [2, 4]]
    """
    engine = current()
    tensors = alike(engine, x, "x")
    rank = _ranks_agree(engine, tensors, "x")
    _sizes_agree(engine, tensors, "x")
    return engine.stack(tensors, normalize_axis(axis, rank + 1))


def _raised(engine: Engine, x: Tensor, rank: int) -> Tensor:
    """`x` with at least so many axes: the first new one in front, a third one behind (as NumPy does)."""
    own = len(engine.shape_of(x))
    if own < min(rank, 2):
        x = engine.expand_dims(x, tuple(range(min(rank, 2) - own)))
    return engine.expand_dims(x, 2) if rank == 3 and own < 3 else x


@operation
def hstack(xs: Sequence[TensorLike]) -> Tensor:
    """Tensors one after another from left to right: along the second axis, or the only one of vectors.

    Args:
        xs: tensors of the same shape, but for that axis. Scalars count as vectors.

    Returns:
        A tensor in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.hstack([[[1], [2]], [[3], [4]]]).tolist()
        [[1, 3], [2, 4]]
    """
    engine = current()
    tensors = [_raised(engine, x, 1) for x in alike(engine, xs, "xs")]
    rank = _ranks_agree(engine, tensors, "xs")
    axis = 0 if rank == 1 else 1
    _sizes_agree(engine, tensors, "xs", axis)
    return engine.concatenate(tensors, axis)


@operation
def vstack(xs: Sequence[TensorLike]) -> Tensor:
    """Tensors one below another: along the first axis. Vectors count as rows.

    Args:
        xs: tensors of the same shape, but for the first axis.

    Returns:
        A tensor in the promoted dtype, of at least two axes.

    Example:
        >>> from amalthea import ops
        >>> ops.vstack([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
    """
    engine = current()
    tensors = [_raised(engine, x, 2) for x in alike(engine, xs, "xs")]
    _ranks_agree(engine, tensors, "xs")
    _sizes_agree(engine, tensors, "xs", 0)
    return engine.concatenate(tensors, 0)


@operation
def dstack(xs: Sequence[TensorLike]) -> Tensor:
    """Tensors one behind another: along the third axis. Vectors count as (1, n, 1), matrices as (n, m, 1).

    Args:
        xs: tensors of the same shape, but for the third axis.

    Returns:
        A tensor in the promoted dtype, of at least three axes.

    Example:
        >>> from amalthea import ops
        >>> ops.dstack([[1, 2], [3, 4]]).tolist()
        [[[1, 3], [2, 4]]]
    """
    engine = current()
    tensors = [_raised(engine, x, 3) for x in alike(engine, xs, "xs")]
    _ranks_agree(engine, tensors, "xs")
    _sizes_agree(engine, tensors, "xs", 2)
    return engine.concatenate(tensors, 2)


@operation
def append(x1: TensorLike, x2: TensorLike, axis: int | None = None) -> Tensor:
    """`x2` after `x1`.

    Args:
        x1: tensor of any shape.
        x2: tensor of the same shape, but for `axis`.
        axis: the axis; by default both count as vectors.

    Returns:
        A tensor in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.append([1, 2], [[3], [4]]).tolist()
        [1, 2, 3, 4]
    """
    engine = current()
    tensors = alike(engine, [x1, x2], "x1, x2")
    if axis is None:
        return engine.concatenate([engine.ravel(x) for x in tensors], 0)
    axis = normalize_axis(axis, _ranks_agree(engine, tensors, "x1, x2"))
    _sizes_agree(engine, tensors, "x1, x2", axis)
    return engine.concatenate(tensors, axis)


@operation
def split(x: TensorLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Cut along an axis.

    Args:
        x: tensor of at least one axis.
        indices_or_sections: how many parts, all alike; or where to cut, rising.
        axis: the axis.

    Returns:
        The parts.

    Raises:
        ShapeError: the axis cannot be cut to so many parts that are alike.

    Example:
        >>> from amalthea import ops
        >>> [part.tolist() for part in ops.split([1, 2, 3, 4], 2)]
        [[1, 2], [3, 4]]
        >>> [part.tolist() for part in ops.split([1, 2, 3, 4], [1])]
        [[1], [2, 3, 4]]
    """
    return _cut(x, indices_or_sections, axis, even=True)


@operation
def array_split(x: TensorLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Cut along an axis to parts that need not be alike: the first ones may be longer by one.

    Args:
        x: tensor of at least one axis.
        indices_or_sections: how many parts; or where to cut, rising.
        axis: the axis.

    Returns:
        The parts.

    Example:
        >>> from amalthea import ops
        >>> [part.tolist() for part in ops.array_split([1, 2, 3], 2)]
        [[1, 2], [3]]
    """
    return _cut(x, indices_or_sections, axis, even=False)


def _cut(x: TensorLike, indices_or_sections: Any, axis: int, even: bool) -> list[Tensor]:
    engine = current()
    x = as_tensor(engine, x)
    shape = engine.shape_of(x)
    axis = normalize_axis(axis, len(shape))
    size = shape[axis]
    cuts = [whole(cut, "indices_or_sections") for cut in np.ravel(host_values(engine, indices_or_sections))]
    if not np.ndim(indices_or_sections):
        (count,) = cuts
        if count < 1:
            raise ArgumentError(f"`indices_or_sections` must be at least 1. Received: {count}.")
        if size is None:
            return engine.split(x, (None,) * count, axis)  # type: ignore[arg-type]
        if even and size % count:
            raise ShapeError(f"Axis {axis} of a tensor of shape {shape} cannot be cut to {count} parts that are alike. See `ops.array_split`.")
        return engine.split(x, tuple(size // count + (part < size % count) for part in range(count)), axis)
    return [engine.slice_axis(x, axis, start, stop) for start, stop in zip([0, *cuts], [*cuts, None], strict=True)]


@operation
def hsplit(x: TensorLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Cut from left to right: along the second axis, or the only one of a vector.

    Args:
        x: tensor of at least one axis.
        indices_or_sections: how many parts, all alike; or where to cut, rising.

    Returns:
        The parts.

    Example:
        >>> from amalthea import ops
        >>> [part.tolist() for part in ops.hsplit([[1, 2], [3, 4]], 2)]
        [[[1], [3]], [[2], [4]]]
    """
    engine = current()
    x = as_tensor(engine, x)
    return _cut(x, indices_or_sections, 0 if len(engine.shape_of(x)) == 1 else 1, even=True)


@operation
def vsplit(x: TensorLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Cut from top to bottom: along the first axis.

    Args:
        x: tensor of at least two axes.
        indices_or_sections: how many parts, all alike; or where to cut, rising.

    Returns:
        The parts.

    Example:
        >>> from amalthea import ops
        >>> [part.tolist() for part in ops.vsplit([[1, 2], [3, 4]], 2)]
        [[[1, 2]], [[3, 4]]]
    """
    return _cut(_of_rank(x, 2, "vsplit"), indices_or_sections, 0, even=True)


@operation
def dsplit(x: TensorLike, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """Cut along the third axis.

    Args:
        x: tensor of at least three axes.
        indices_or_sections: how many parts, all alike; or where to cut, rising.

    Returns:
        The parts.

    Example:
        >>> from amalthea import ops
        >>> [part.tolist() for part in ops.dsplit([[[1, 2]]], 2)]
        [[[[1]]], [[[2]]]]
    """
    return _cut(_of_rank(x, 3, "dsplit"), indices_or_sections, 2, even=True)


def _of_rank(x: TensorLike, rank: int, name: str) -> Tensor:
    engine = current()
    x = as_tensor(engine, x)
    if len(engine.shape_of(x)) < rank:
        raise ShapeError(f"`{name}` needs a tensor of at least {rank} axes. Received one of shape {engine.shape_of(x)}.")
    return x


# --- repeating -----------------------------------------------------------------------------------------


@operation
def tile(x: TensorLike, repeats: int | Sequence[int]) -> Tensor:
    """The whole laid out several times along each axis.

    Args:
        x: tensor of any shape.
        repeats: how many times along the last axis, or along each of the last axes. If there are more numbers than
            axes, new axes come in front.

    Returns:
        A tensor whose sizes are multiples of those of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.tile([1, 2], 2).tolist()
        [1, 2, 1, 2]
    """
    engine = current()
    x = as_tensor(engine, x)
    counts = [as_size(engine, count, "repeats") for count in (repeats if isinstance(repeats, (list, tuple)) else np.atleast_1d(np.asarray(repeats)))]
    rank = len(engine.shape_of(x))
    if len(counts) > rank:
        x = engine.expand_dims(x, tuple(range(len(counts) - rank)))
    return engine.tile(x, (1,) * (rank - len(counts)) + tuple(counts))


@operation
def repeat(x: TensorLike, repeats: int | Sequence[int] | TensorLike, axis: int | None = None) -> Tensor:
    """Each element, or each part along an axis, several times in a row.

    Args:
        x: tensor of any shape.
        repeats: how many times; or how many for each part.
        axis: the axis; by default `x` counts as one vector.

    Returns:
        A tensor of the shape of `x` but for `axis`, or a vector.

    Raises:
        ShapeError: there are neither one nor as many numbers in `repeats` as parts.

    Example:
        >>> from amalthea import ops
        >>> ops.repeat([1, 2], 2).tolist()
        [1, 1, 2, 2]
        >>> ops.repeat([1, 2], [1, 3]).tolist()
        [1, 2, 2, 2]
    """
    engine = current()
    x = as_tensor(engine, x)
    if axis is None:
        x = engine.ravel(x)
    place = normalize_axis(axis or 0, len(engine.shape_of(x)))
    if isinstance(repeats, (int, np.integer)):
        return engine.repeat(x, int(repeats), place)
    counts = [whole(count, "repeats") for count in np.ravel(host_values(engine, repeats))]
    if len(counts) == 1:
        return engine.repeat(x, counts[0], place)
    size = engine.shape_of(x)[place]
    if size is not None and size != len(counts):
        raise ShapeError(f"`repeats` has {len(counts)} numbers for the {size} parts along axis {place} of a tensor of shape {engine.shape_of(x)}.")
    return engine.repeat(x, counts, place)


def host_values(engine: Engine, x: Any) -> np.ndarray:
    """The values of `x`, on which the shape of a result depends."""
    if engine.is_tensor(x) or hasattr(x, "assign"):
        return engine.to_host(as_tensor(engine, x))
    return np.asarray(x)


# --- turning and shifting ------------------------------------------------------------------------------


@operation
def flip(x: TensorLike, axis: int | Sequence[int] | None = None) -> Tensor:
    """The elements in reverse order along axes.

    Args:
        x: tensor of any shape.
        axis: the axis, or several; by default all.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.flip([[1, 2], [3, 4]], axis=1).tolist()
        [[2, 1], [4, 3]]
    """
    engine = current()
    x = as_tensor(engine, x)
    rank = len(engine.shape_of(x))
    return engine.flip(x, normalize_axes(axis, rank) or tuple(range(rank)) if axis is not None else tuple(range(rank)))


@operation
def fliplr(x: TensorLike) -> Tensor:
    """The elements in reverse order along the second axis.

    Args:
        x: tensor of at least two axes.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.fliplr([[1, 2], [3, 4]]).tolist()
        [[2, 1], [4, 3]]
    """
    return current().flip(_of_rank(x, 2, "fliplr"), (1,))


@operation
def flipud(x: TensorLike) -> Tensor:
    """The elements in reverse order along the first axis.

    Args:
        x: tensor of at least one axis.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.flipud([[1, 2], [3, 4]]).tolist()
        [[3, 4], [1, 2]]
    """
    return current().flip(_of_rank(x, 1, "flipud"), (0,))


@operation
def roll(x: TensorLike, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Moved on along axes; what falls off at the end comes in at the start.

    Args:
        x: tensor of any shape.
        shift: how far; one number for all axes, or one for each.
        axis: the axis, or several (one may come again); by default `x` counts as one vector.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ArgumentError: there are not as many shifts as axes.

    Example:
        >>> from amalthea import ops
        >>> ops.roll([1, 2, 3, 4], 1).tolist()
        [4, 1, 2, 3]
    """
    engine = current()
    x = as_tensor(engine, x)
    shape = engine.shape_of(x)
    shifts = [whole(step, "shift") for step in np.ravel(host_values(engine, shift))]
    if axis is None:
        return engine.reshape(engine.roll(engine.ravel(x), sum(shifts), 0), shape)
    axes = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    if len(shifts) == 1:
        shifts *= len(axes)
    elif len(axes) == 1:
        axes *= len(shifts)
    if len(shifts) != len(axes):
        raise ArgumentError(f"`shift` and `axis` must have as many numbers. Received: shift={shift}, axis={axis}.")
    for by, place in zip(shifts, axes, strict=True):
        x = engine.roll(x, by, normalize_axis(int(place), len(shape)))
    return x


@operation
def rot90(array: TensorLike, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by right angles in the plane of two axes.

    Args:
        array: tensor of at least two axes.
        k: how many right angles, from the first of `axes` toward the second.
        axes: the two axes.

    Returns:
        A tensor; for odd `k` the sizes of the two axes are exchanged.

    Raises:
        ArgumentError: `axes` are not two different ones.

    Example:
        >>> from amalthea import ops
        >>> ops.rot90([[1, 2], [3, 4]]).tolist()
        [[2, 4], [1, 3]]
    """
    engine = current()
    array = _of_rank(array, 2, "rot90")
    plane = normalize_axes(axes, len(engine.shape_of(array)), "axes")
    assert plane is not None
    if len(plane) != 2:
        raise ArgumentError(f"`axes` must be two different axes. Received: axes={tuple(axes)}.")
    return engine.rot90(array, whole(k, "k"), *plane)


# --- padding -------------------------------------------------------------------------------------------

_LOOKUPS = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric", "wrap": "wrap", "circular": "wrap"}
_STATISTICS = ("maximum", "mean", "median", "minimum")
_PAD_MODES = ("constant", "empty", "linear_ramp", *_LOOKUPS, *_STATISTICS)


@operation
def pad(x: TensorLike, pad_width: Any, mode: str = "constant", constant_values: TensorLike | None = None) -> Tensor:
    """More elements before and after, along each axis.

    Args:
        x: tensor of any shape.
        pad_width: how many: one number, or (before, after), for all axes; or ((before, after), ...), one pair an axis.
        mode: what they are. "constant": `constant_values`. "edge": the outermost element. "reflect", "symmetric": the
            elements mirrored, without and with the outermost one. "wrap", "circular": the elements from the other end.
            "linear_ramp": falling evenly to 0. "maximum", "mean", "median", "minimum": that of the axis. "empty": anything.
        constant_values: with "constant", the value (by default 0), or (before, after), or pairs as in `pad_width`.

    Returns:
        A tensor of the dtype of `x`, longer along each axis.

    Raises:
        ArgumentError: the mode is not known, or `constant_values` is given for another mode.
        ShapeError: `pad_width` does not fit the axes, or is negative.

    Example:
        >>> from amalthea import ops
        >>> ops.pad([1, 2, 3], 1).tolist()
        [0, 1, 2, 3, 0]
        >>> ops.pad([1, 2, 3], (2, 0), mode="reflect").tolist()
        [3, 2, 1, 2, 3]
    """
    engine = current()
    x = as_tensor(engine, x)
    if mode not in _PAD_MODES:
        raise ArgumentError(f"`mode` must be one of {', '.join(_PAD_MODES)}. Received: mode={mode!r}.{nearest(str(mode), _PAD_MODES)}")
    if constant_values is not None and mode != "constant":
        raise ArgumentError(f"`constant_values` goes with mode='constant' only. Received: mode={mode!r}.")
    widths = _pad_widths(engine, pad_width, len(engine.shape_of(x)))
    if mode == "constant":
        return _pad_constant(engine, x, widths, 0 if constant_values is None else constant_values)
    if mode == "empty" or None in engine.shape_of(x):
        return engine.pad(x, widths, 0)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = _pad_axis(engine, x, axis, before, after, mode)
    return x


def _pad_widths(engine: Engine, pad_width: Any, rank: int) -> list[tuple[int, int]]:
    given = host_values(engine, pad_width)
    for width in given.ravel():
        whole(width, "pad_width")
    try:
        pairs = np.broadcast_to(given, (rank, 2))
    except ValueError:
        raise ShapeError(f"`pad_width` must be a number, a pair, or one pair for each of the {rank} axes. Received: {pad_width!r}.") from None
    if (pairs < 0).any():
        raise ShapeError(f"`pad_width` must not be negative. Received: {pad_width!r}.")
    return [(before, after) for before, after in pairs.tolist()]


def _pad_constant(engine: Engine, x: Tensor, widths: list[tuple[int, int]], values: TensorLike) -> Tensor:
    dtype = engine.dtype_of(x)
    if isinstance(values, (bool, int, float, complex)):
        return engine.pad(x, widths, values)
    tensor = as_tensor(engine, values, dtype)
    if not engine.shape_of(tensor):
        return engine.pad(x, widths, tensor)
    pairs = engine.broadcast_to(tensor, (len(widths), 2))
    for axis, (before, after) in enumerate(widths):
        for side, width in enumerate(((before, 0), (0, after))):
            alone = [width if place == axis else (0, 0) for place in range(len(widths))]
            x = engine.pad(x, alone, engine.getitem(pairs, (axis, side)))
    return x


def _pad_axis(engine: Engine, x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    size = engine.shape_of(x)[axis]
    if mode in _LOOKUPS:
        places = np.pad(np.arange(size), (before, after), mode=_LOOKUPS[mode])  # type: ignore[call-overload]
        return engine.take(x, engine.from_host(places, "int32"), axis)
    if mode == "linear_ramp":
        return engine.concatenate(
            [
                _ramp(engine, x, axis, 0, np.arange(before) / max(before, 1)),
                x,
                _ramp(engine, x, axis, size - 1, np.arange(after)[::-1] / max(after, 1)),
            ],
            axis,
        )
    dtype = engine.dtype_of(x)
    if mode in ("maximum", "minimum"):
        value = (engine.max if mode == "maximum" else engine.min)(x, (axis,), True)
    else:
        real = engine.cast(x, "float32") if not dtypes.is_float(dtype) else x
        value = (engine.mean if mode == "mean" else engine.median)(real, (axis,), True)
        value = engine.cast(value if real is x else engine.round(value), dtype)
    parts = [engine.repeat(value, before, axis), x, engine.repeat(value, after, axis)]
    return engine.concatenate(parts, axis)


def _ramp(engine: Engine, x: Tensor, axis: int, place: int, shares: np.ndarray) -> Tensor:
    """The part of `x` at `place`, times `shares`."""
    edge = engine.slice_axis(x, axis, place, place + 1)
    dtype = engine.dtype_of(x)
    real = engine.cast(edge, "float32") if not dtypes.is_float(dtype) else edge
    column = (-1,) + (1,) * (len(engine.shape_of(x)) - 1 - axis)
    ramp = engine.multiply(real, engine.reshape(engine.from_host(shares, engine.dtype_of(real)), column))
    return ramp if real is edge else engine.cast(ramp, dtype)


@operation
def meshgrid(*x: TensorLike, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of a grid, from those along each axis.

    Args:
        *x: vectors (scalars count as vectors of one element).
        indexing: "xy": the first vector runs along the second axis and the second along the first. "ij": each along its own.

    Returns:
        As many tensors as vectors, each of the shape of the grid.

    Raises:
        ArgumentError: another `indexing`.

    Example:
        >>> from amalthea import ops
        >>> [grid.tolist() for grid in ops.meshgrid([1, 2], [3, 4])]
        [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"`indexing` must be 'xy' or 'ij'. Received: indexing={indexing!r}.")
    engine = current()
    return engine.meshgrid([engine.ravel(as_tensor(engine, part)) for part in x], indexing)


# --- what a tensor is ----------------------------------------------------------------------------------


def ndim(x: TensorLike) -> int:
    """The number of axes.

    Args:
        x: tensor of any shape, symbolic or not.

    Returns:
        An integer.

    Example:
        >>> from amalthea import ops
        >>> ops.ndim([[1, 2]])
        2
    """
    return len(x.shape) if hasattr(x, "shape") else len(current().shape_of(as_tensor(current(), x)))


def size(x: TensorLike) -> int | None:
    """The number of elements.

    Args:
        x: tensor of any shape, symbolic or not.

    Returns:
        An integer; None for a symbolic tensor with a size that is not known.

    Example:
        >>> from amalthea import ops
        >>> ops.size([[1, 2], [3, 4]])
        4
    """
    engine = current()
    shape = x.shape if hasattr(x, "shape") else engine.shape_of(as_tensor(engine, x))
    return None if None in tuple(shape) else math.prod(shape)


@operation
def view(x: TensorLike, dtype: Any = None) -> Tensor:
    """The same bytes, read as another dtype.

    The bytes pass through the host, so that this cannot be compiled.

    Args:
        x: tensor of any shape. If its dtype and `dtype` differ in width, of at least one axis.
        dtype: the dtype; by default that of `x`.

    Returns:
        A tensor of dtype `dtype`; its last axis is longer or shorter by the ratio of the widths.

    Raises:
        ShapeError: the last axis does not hold a whole number of elements of `dtype`.

    Example:
        >>> from amalthea import ops
        >>> ops.view(ops.array([1.0]), "int32").tolist()
        [1065353216]
    """
    engine = current()
    x = as_tensor(engine, x)
    if dtype is None:
        return x
    target = dtypes.standardize_dtype(dtype)
    shape = engine.shape_of(x)
    old, new = dtypes.numpy_dtype(engine.dtype_of(x)).itemsize, dtypes.numpy_dtype(target).itemsize
    if old != new and (not shape or (shape[-1] is not None and shape[-1] * old % new)):
        raise ShapeError(f"A tensor of shape {shape} and dtype {engine.dtype_of(x)} cannot be read as {target}.")
    if engine.name == "symbolic":
        last = shape if old == new else (*shape[:-1], None if shape[-1] is None else shape[-1] * old // new)
        return engine.full(last, 0, target)  # type: ignore[arg-type]
    return engine.from_host(np.ascontiguousarray(engine.to_host(x)).view(dtypes.numpy_dtype(target)), target)
