"""The TensorFlow engine's indexing and sorting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from amalthea.engines.protocol import Shape, Tensor
from amalthea.engines.tensorflow.arrays import Arrays, as_number, as_shape, narrow, raw, sizes_of, wide
from amalthea.errors import ArgumentError


def _is_basic(part: Any) -> bool:
    """Whether TensorFlow's own indexing knows this part of a key."""
    return part is None or part is Ellipsis or (isinstance(part, (int, np.integer, slice)) and not isinstance(part, (bool, np.bool_)))


def _plain(part: Any) -> Any:
    """A part of a key, its sizes as TensorFlow takes numbers."""
    return slice(*map(as_number, (part.start, part.stop, part.step))) if isinstance(part, slice) else part


def places(indices: Tensor, size: Any) -> Tensor:
    """`indices`, of which negative ones count from the end, as int32 or int64 numbers that are in range."""
    if indices.dtype not in (tf.int32, tf.int64):
        indices = tf.cast(indices, tf.int64)
    low, whole = tf.constant(0, indices.dtype), tf.cast(as_number(size), indices.dtype)
    indices = tf.where(indices < low, indices + whole, indices)
    return tf.clip_by_value(indices, low, tf.maximum(whole - 1, low))


def _index_arrays(part: Any) -> list[Any]:
    """A part of a key that selects by values, as integer tensors: one for each axis that it indexes."""
    if isinstance(part, tf.Tensor) and part.dtype == tf.bool:
        known = tf.get_static_value(part)
        if known is None:
            raise ArgumentError(
                "A tensor was indexed with a bool tensor whose values are not known inside a compiled function, and neither is the size "
                "of the result. Use `ops.where(mask, x, other)`, which keeps the shape."
            )
        part = known
    if not isinstance(part, tf.Tensor):
        part = np.asarray(part)
        if part.dtype == bool:
            return [tf.constant(axis, tf.int64) for axis in np.nonzero(part)]
        part = tf.constant(part, tf.int64)
    return [tf.cast(part, tf.int64)]


def _select(x: Tensor, parts: tuple[Any, ...]) -> Tensor:
    """NumPy's indexing with arrays, where TensorFlow's ends: slices first, then all arrays at once."""
    flat: list[Any] = []
    for part in parts:
        flat.extend([part] if isinstance(part, slice) or part is None or part is Ellipsis else _index_arrays(part))
    used = sum(part is not None and part is not Ellipsis for part in flat)
    at = next((i for i, part in enumerate(flat) if part is Ellipsis), len(flat))
    flat[at : at + 1] = [slice(None)] * (len(x.shape) - used)
    arrays = [(axis, part) for axis, part in enumerate(flat) if isinstance(part, tf.Tensor)]
    axes = [axis for axis, _ in arrays]
    x = x[tuple(slice(None) if isinstance(part, tf.Tensor) else part for part in flat)]
    rest = [axis for axis in range(len(x.shape)) if axis not in axes]
    batch = tuple(np.broadcast_shapes(*(tuple(part.shape) for _, part in arrays)))
    index = tf.stack([tf.broadcast_to(places(part, sizes_of(x)[axis]), batch) for axis, part in arrays], -1)
    found = tf.gather_nd(tf.transpose(x, [*axes, *rest]), index)
    if axes[-1] - axes[0] == len(axes) - 1:  # side by side: what they found stands where they stood
        before = axes[0]
        order = [*range(len(batch), len(batch) + before), *range(len(batch)), *range(len(batch) + before, len(found.shape))]
        found = tf.transpose(found, order)
    return found


def _sortable(x: Tensor) -> Tensor:
    """int32 or int64 numbers that fall where `x` rises, and are least where it is NaN."""
    x = wide(x)
    if x.dtype.is_floating:
        signed = tf.int32 if x.dtype == tf.float32 else tf.int64
        bits = tf.bitcast(tf.where(raw.IsNan(x=x), tf.constant(math.nan, x.dtype), x + tf.zeros_like(x)), signed)
        # The magnitude counts down where the sign bit is set.
        rising = tf.where(bits < tf.constant(0, signed), tf.bitwise.bitwise_xor(bits, tf.constant(signed.max, signed)), bits)
        rising = tf.where(raw.IsNan(x=x), tf.constant(signed.max, signed), rising)
    elif x.dtype == tf.uint64:
        rising = tf.bitwise.bitwise_xor(tf.bitcast(x, tf.int64), tf.constant(tf.int64.min, tf.int64))
    else:
        rising = tf.cast(x, tf.int64 if x.dtype in (tf.uint32, tf.int64) else tf.int32)
    return tf.bitwise.invert(rising)


def _swapped(x: Tensor, axis: int) -> Tensor:
    """`x` with `axis` and the last axis exchanged."""
    order = list(range(len(x.shape)))
    if axis == len(order) - 1:
        return x
    order[axis], order[-1] = order[-1], order[axis]
    return tf.transpose(x, order)


class Indexing(Arrays):
    """Looking up, cutting, bringing in, sorting."""

    def getitem(self, x: Tensor, key: Any) -> Tensor:
        parts = key if type(key) is tuple else (key,)
        if all(map(_is_basic, parts)):
            return x[tuple(map(_plain, parts))] if parts else x
        if len(parts) == 1 and isinstance(parts[0], tf.Tensor) and parts[0].dtype != tf.bool:
            return self.take(x, parts[0], 0)
        return _select(x, parts)

    def take(self, x: Tensor, indices: Tensor, axis: int) -> Tensor:
        return tf.gather(x, places(indices, sizes_of(x)[axis]), axis=axis)

    def take_along_axis(self, x: Tensor, indices: Tensor, axis: int) -> Tensor:
        found = places(indices, sizes_of(x)[axis])
        x, found = _swapped(x, axis), _swapped(found, axis)
        rank = len(x.shape) - 1
        if x.shape[:-1] != found.shape[:-1] or None in x.shape[:-1]:
            batch = tf.broadcast_dynamic_shape(tf.shape(x)[:-1], tf.shape(found)[:-1])
            x, found = (tf.broadcast_to(part, tf.concat([batch, tf.shape(part)[-1:]], 0)) for part in (x, found))
        return _swapped(tf.gather(x, found, axis=rank, batch_dims=rank), axis)

    def dynamic_slice(self, x: Tensor, starts: Sequence[int | Tensor], sizes: Shape) -> Tensor:
        return tf.slice(x, _clamped(x, starts, sizes), as_shape(sizes))

    def dynamic_update(self, x: Tensor, starts: Sequence[int | Tensor], updates: Tensor) -> Tensor:
        begin = _clamped(x, starts, sizes_of(updates))
        strides = tf.ones_like(begin)
        return raw.TensorStridedSliceUpdate(input=x, begin=begin, end=begin + tf.shape(updates), strides=strides, value=updates)

    def scatter(self, x: Tensor, indices: Tensor, updates: Tensor, how: str) -> Tensor:
        depth = indices.shape[-1]
        sizes = tf.cast(as_shape(sizes_of(x)[:depth]), tf.int64)
        indices = tf.cast(indices, tf.int64)
        indices = tf.where(indices < tf.constant(0, tf.int64), indices + sizes, indices)
        if how != "mul":
            return _SCATTERS[how](x, indices, updates)
        # TensorFlow scatters no products: they are formed first, for every place.
        count = math.prod(x.shape[:depth])
        steps = tf.constant([math.prod(x.shape[axis + 1 : depth]) for axis in range(depth)], tf.int64)
        rows = tf.reshape(tf.reduce_sum(indices * steps, -1), [-1])
        rest = list(x.shape[depth:])
        factors = tf.math.unsorted_segment_prod(tf.reshape(wide(updates), [len(rows) if count == 0 else rows.shape[0], *rest]), rows, count)
        return narrow(wide(x) * tf.reshape(factors, x.shape), x)

    # --- sorting ---

    def sort(self, x: Tensor, axis: int) -> Tensor:
        last = _swapped(x, axis)
        order = tf.math.top_k(_sortable(last), as_number(sizes_of(last)[-1])).indices
        return _swapped(tf.gather(last, order, axis=len(x.shape) - 1, batch_dims=len(x.shape) - 1), axis)

    def argsort(self, x: Tensor, axis: int) -> Tensor:
        last = _swapped(x, axis)
        return _swapped(tf.math.top_k(_sortable(last), as_number(sizes_of(last)[-1])).indices, axis)

    def top_k(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        values, found = tf.math.top_k(x, k)
        return values, found

    def searchsorted(self, sorted: Tensor, values: Tensor, side: str) -> Tensor:
        found = tf.searchsorted(sorted, tf.reshape(values, [-1]), side)
        return tf.reshape(found, tf.shape(values))


_SCATTERS = {
    "set": tf.tensor_scatter_nd_update,
    "add": tf.tensor_scatter_nd_add,
    "max": tf.tensor_scatter_nd_max,
    "min": tf.tensor_scatter_nd_min,
}


def _clamped(x: Tensor, starts: Sequence[int | Tensor], sizes: Sequence[int]) -> Tensor:
    """Where a block of `sizes` begins, moved so that it fits into `x`."""
    begin = tf.stack([tf.cast(start, tf.int32) for start in starts])
    most = [whole - size for whole, size in zip(sizes_of(x), sizes, strict=True)]
    return tf.clip_by_value(begin, 0, as_shape(most))
