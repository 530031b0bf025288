"""Windows that slide over space, as views of the tensor that they slide over.

One window position seen at every place is a strided slice. XLA's CPU backend fuses arithmetic on such slices into one pass over
memory, where its own window reductions and (grouped) convolutions go element by element; the numbers stand in
docs/design/0002-jax-lowerings.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial, reduce
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

MOST_VIEWS = 32
"""Beyond so many positions in a window the programs get long, and what they gain is gone."""


def pad_space(x: jax.Array, padding: Pairs, value: float = 0, spread: Sizes | None = None) -> jax.Array:
    """`x` with `value` around its space (less than nothing cuts), and `spread - 1` times between its elements."""
    spread = spread or (1,) * len(padding)
    if not any(low or high for low, high in padding) and prod(spread) == 1:
        return x
    inner = [(low, high, step - 1) for (low, high), step in zip(padding, spread, strict=True)]
    return lax.pad(x, np.asarray(value, x.dtype), [(0, 0, 0), *inner, (0, 0, 0)])


def places(size: int, window: int, stride: int, dilation: int = 1) -> int:
    """At how many places a window fits into `size` elements."""
    return max(0, (size - dilation * (window - 1) - 1) // stride + 1)


def view(x: jax.Array, axis: int, start: int, count: int, stride: int) -> jax.Array:
    """Every `stride`-th of `x` along `axis`, `count` of them from `start`."""
    return lax.slice_in_dim(x, start, start + (count - 1) * stride + 1 if count else start, stride, axis)


def views(x: jax.Array, window: Sizes, strides: Sizes, dilation: Sizes | None = None) -> Iterator[tuple[Sizes, jax.Array]]:
    """Each position in the window, and what stands there at every place: (batch, *places, channels)."""
    dilation = dilation or (1,) * len(window)
    counts = [places(*sizes) for sizes in zip(x.shape[1:-1], window, strides, dilation, strict=True)]
    for position in itertools.product(*map(range, window)):
        seen = x
        for axis, (at, count, stride, step) in enumerate(zip(position, counts, strides, dilation, strict=True), 1):
            seen = view(seen, axis, at * step, count, stride)
        yield position, seen


def least(dtype: np.dtype[Any]) -> float:
    """The least value of a dtype."""
    return -np.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).min


def _tiles(x: jax.Array, window: Sizes) -> jax.Array:
    """`x` with each axis of space split to (places, window), the remainder cut."""
    counts = [size // k for size, k in zip(x.shape[1:-1], window, strict=True)]
    for axis, (count, k) in enumerate(zip(counts, window, strict=True), 1):
        x = lax.slice_in_dim(x, 0, count * k, axis=axis)
    return x.reshape(x.shape[0], *itertools.chain(*zip(counts, window, strict=True)), x.shape[-1])


def _inside(window: Sizes) -> Sizes:
    """The axes of `_tiles` that are windows."""
    return tuple(range(2, 2 * len(window) + 1, 2))


@partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def max_of_views(x: jax.Array, window: Sizes, strides: Sizes) -> jax.Array:
    """The greatest in each window; the gradient goes to the first of equals."""
    if window == strides:
        return _tiles(x, window).max(_inside(window))
    return reduce(jnp.maximum, (seen for _, seen in views(x, window, strides)))


@max_of_views.defjvp
def _max_of_views_jvp(window: Sizes, strides: Sizes, primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    # Without the barrier XLA works out `x` again in each of the loops that compare it, rounding differently.
    x = lax.optimization_barrier(primals[0])  # type: ignore[no-untyped-call]
    seen = [now for _, now in views(x, window, strides)]
    top, where = seen[0], jnp.zeros(seen[0].shape, jnp.int8)
    for number, now in enumerate(seen[1:], 1):
        better = now > top
        top, where = jnp.where(better, now, top), jnp.where(better, jnp.int8(number), where)
    moves = (jnp.where(where == number, move, 0) for number, (_, move) in enumerate(views(tangents[0], window, strides)))
    return max_of_views(x, window, strides), reduce(jnp.add, moves)


def sum_of_views(x: jax.Array, window: Sizes, strides: Sizes) -> jax.Array:
    """The sum of each window."""
    if window == strides and all(size % k == 0 for size, k in zip(x.shape[1:-1], window, strict=True)):
        return _tiles(x, window).sum(_inside(window), dtype=x.dtype)
    return reduce(jnp.add, (seen for _, seen in views(x, window, strides)))


@partial(jax.jit, static_argnames=("how", "window", "strides", "padding", "by_views"), inline=True)
def reduce_window(x: jax.Array, how: str, window: Sizes, strides: Sizes, padding: Pairs, by_views: bool) -> jax.Array:
    """`how` is "max" or "sum"; `by_views` allows views, where the window is small."""
    start = least(x.dtype) if how == "max" else 0
    if by_views and prod(window) <= MOST_VIEWS:
        padded = pad_space(x, padding, start)
        return (max_of_views if how == "max" else sum_of_views)(padded, window, strides)
    combine = lax.max if how == "max" else lax.add
    y: jax.Array = lax.reduce_window(x, np.asarray(start, x.dtype), combine, (1, *window, 1), (1, *strides, 1), ((0, 0), *padding, (0, 0)))
    return y
