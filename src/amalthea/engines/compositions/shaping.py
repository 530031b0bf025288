"""Shaping and indexing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amalthea.engines.compositions.basics import Basics, times
from amalthea.engines.protocol import Scalar, Shape, Tensor


class Shaping(Basics):
    """Rearranging, cutting and looking up. Any dtype; axes are non-negative."""

    def expand_dims(self, x: Tensor, axis: int | Sequence[int]) -> Tensor:
        """`x` with axes of size 1, at the places `axis` of the result."""
        places = (axis,) if isinstance(axis, int) else tuple(axis)
        shape = list(self.shape_of(x))
        for place in sorted(places):
            shape.insert(place, 1)
        return self.reshape(x, tuple(shape))

    def squeeze(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """`x` without the axes `axes`, which have size 1."""
        return self.reshape(x, tuple(size for i, size in enumerate(self.shape_of(x)) if i not in axes))

    def slice_axis(self, x: Tensor, axis: int, start: int | None, stop: int | None, step: int | None = None) -> Tensor:
        """`x[start:stop:step]` along one axis."""
        return self.getitem(x, (slice(None),) * axis + (slice(start, stop, step),))

    def index_axis(self, x: Tensor, axis: int, index: int) -> Tensor:
        """`x` at `index` of one axis, which goes."""
        return self.getitem(x, (slice(None),) * axis + (index,))

    def stack(self, xs: Sequence[Tensor], axis: int) -> Tensor:
        """Tensors of one shape side by side along a new axis."""
        return self.concatenate([self.expand_dims(x, axis) for x in xs], axis)

    def unstack(self, x: Tensor, axis: int) -> list[Tensor]:
        """The parts of `x` along an axis of known size, which goes."""
        return [self.index_axis(x, axis, i) for i in range(self.shape_of(x)[axis])]

    def split(self, x: Tensor, sizes: Sequence[int], axis: int) -> list[Tensor]:
        """`x` cut along an axis to parts of the given sizes."""
        parts, start = [], 0
        for size in sizes:
            parts.append(self.slice_axis(x, axis, start, start + size))
            start += size
        return parts

    def tile(self, x: Tensor, repeats: Sequence[int]) -> Tensor:
        """`x` laid out `repeats[i]` times along axis i; as many repeats as axes."""
        shape = self.shape_of(x)
        apart = tuple(size for own in shape for size in (1, own))
        spread = tuple(size for count, own in zip(repeats, shape, strict=True) for size in (count, own))
        merged = tuple(times(count, own) for count, own in zip(repeats, shape, strict=True))
        return self.reshape(self.broadcast_to(self.reshape(x, apart), spread), merged)  # type: ignore[arg-type]

    def repeat(self, x: Tensor, repeats: int | Sequence[int], axis: int) -> Tensor:
        """Each part of `x` along `axis` so many times in a row: all alike, or one count for each."""
        shape = self.shape_of(x)
        if isinstance(repeats, int):
            apart = (*shape[: axis + 1], 1, *shape[axis + 1 :])
            spread = (*shape[: axis + 1], repeats, *shape[axis + 1 :])
            merged = (*shape[:axis], times(shape[axis], repeats), *shape[axis + 1 :])
            return self.reshape(self.broadcast_to(self.reshape(x, apart), spread), merged)
        counts = np.asarray(repeats)
        return self.take(x, self.from_host(np.repeat(np.arange(len(counts)), counts), "int32"), axis)

    def roll(self, x: Tensor, shift: int, axis: int) -> Tensor:
        """`x` moved on by `shift` along an axis, what falls off coming in again."""
        size = self.shape_of(x)[axis]
        cut = -shift % size if size else 0
        if cut == 0:
            return x
        return self.concatenate([self.slice_axis(x, axis, cut, None), self.slice_axis(x, axis, None, cut)], axis)

    def moveaxis(self, x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
        """`x` with the axes `source` at the places `destination`, the others in their order."""
        sources = (source,) if isinstance(source, int) else tuple(source)
        places = (destination,) if isinstance(destination, int) else tuple(destination)
        order = [axis for axis in range(len(self.shape_of(x))) if axis not in sources]
        for place, axis in sorted(zip(places, sources, strict=True)):
            order.insert(place, axis)
        return self.transpose(x, tuple(order))

    def swapaxes(self, x: Tensor, axis1: int, axis2: int) -> Tensor:
        """`x` with two axes exchanged."""
        order = list(range(len(self.shape_of(x))))
        order[axis1], order[axis2] = axis2, axis1
        return self.transpose(x, tuple(order))

    def ravel(self, x: Tensor) -> Tensor:
        """`x` as a vector."""
        return self.reshape(x, (-1,))

    def flatten_from(self, x: Tensor, axis: int) -> Tensor:
        """`x` with the axes from `axis` on merged to one."""
        shape = self.shape_of(x)
        return self.reshape(x, (*shape[:axis], times(*shape[axis:])))  # type: ignore[arg-type]

    def tril(self, x: Tensor, k: int) -> Tensor:
        """The matrices `x` with zeros above the `k`-th diagonal."""
        *_, n, m = self.shape_of(x)
        return self.where(self.tri(n, m, k, "bool"), x, 0)

    def triu(self, x: Tensor, k: int) -> Tensor:
        """The matrices `x` with zeros below the `k`-th diagonal."""
        *_, n, m = self.shape_of(x)
        return self.where(self.tri(n, m, k - 1, "bool"), 0, x)

    def diagonal(self, x: Tensor, offset: int, axis1: int, axis2: int) -> Tensor:
        """The `offset`-th diagonal of the axes `axis1`, `axis2`, which go; the diagonal comes last."""
        x = self.moveaxis(x, (axis1, axis2), (len(self.shape_of(x)) - 2, len(self.shape_of(x)) - 1))
        *batch, n, m = self.shape_of(x)
        start = offset if offset >= 0 else -offset * m
        count = max(0, min(n, m - offset) if offset >= 0 else min(n + offset, m))
        flat = self.reshape(x, (*batch, times(n, m)))  # type: ignore[arg-type]
        places = self.from_host(start + np.arange(count) * (m + 1), "int32")
        return self.take(flat, places, len(batch))

    def diag(self, x: Tensor, k: int) -> Tensor:
        """Matrices (..., n + |k|, n + |k|) with the vectors `x` (..., n) on the `k`-th diagonal."""
        *batch, n = self.shape_of(x)
        size = n + abs(k)
        before, after = (0, k) if k >= 0 else (-k, 0)
        column = self.pad(x, [(0, 0)] * len(batch) + [(before, after)], 0)
        return self.where(self.eye(size, size, k, "bool"), self.expand_dims(column, len(batch) + 1), self.zeros((), self.dtype_of(x)))

    def rot90(self, x: Tensor, turns: int, axis1: int, axis2: int) -> Tensor:
        """`x` turned by so many right angles, from `axis1` toward `axis2`."""
        turns %= 4
        if turns == 0:
            return x
        if turns == 2:
            return self.flip(x, (axis1, axis2))
        if turns == 1:
            return self.swapaxes(self.flip(x, (axis2,)), axis1, axis2)
        return self.flip(self.swapaxes(x, axis1, axis2), (axis2,))

    # --- indexing ----------------------------------------------------------------------------------------

    def one_hot(self, indices: Tensor, depth: int, axis: int, dtype: str) -> Tensor:
        """1 at each index along a new axis of size `depth`, else 0; an index out of range gives zeros."""
        rank = len(self.shape_of(indices)) + 1
        classes = self.reshape(self.arange(0, depth, 1, self.dtype_of(indices)), (depth,) + (1,) * (rank - 1 - axis))
        return self.cast(self.equal(self.expand_dims(indices, axis), classes), dtype)

    def gather_nd(self, x: Tensor, indices: Tensor) -> Tensor:
        """`x` at `indices` (..., k), which index its first k axes: (..., *rest)."""
        shape = self.shape_of(x)
        depth = self.shape_of(indices)[-1]
        last = len(self.shape_of(indices)) - 1
        flat = self.zeros(self.shape_of(indices)[:-1], self.dtype_of(indices))
        for i in range(depth):
            index = self.index_axis(indices, last, i)
            index = self.where(self.less(index, 0), self.add(index, shape[i]), index)
            flat = self.add(self.multiply(flat, shape[i]), index)
        return self.take(self.reshape(x, (-1, *shape[depth:])), flat, 0)

    def scatter_into(self, shape: Shape, indices: Tensor, updates: Tensor, how: str, start: Scalar = 0) -> Tensor:
        """`updates` brought in at `indices` of a new tensor of `shape` filled with `start`."""
        return self.scatter(self.full(shape, start, self.dtype_of(updates)), indices, updates, how)

    def segment(self, x: Tensor, segments: Tensor, count: int, how: str, start: Scalar = 0) -> Tensor:
        """(count, *rest): the rows of `x` gathered by their number in `segments`; `how` as in `scatter`."""
        shape = (count, *self.shape_of(x)[1:])
        return self.scatter_into(shape, self.expand_dims(segments, 1), x, how, start)
