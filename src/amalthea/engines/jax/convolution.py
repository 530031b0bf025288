"""Convolutions, each lowered as XLA's CPU backend does it fastest; docs/design/0002-jax-lowerings.md has the numbers.

On other platforms, and for what none of the rules below fits, `general` leaves all to XLA. Tensors are (batch, *space, channels),
kernels (*window, channels // groups, filters).
"""

from __future__ import annotations

import itertools
from functools import partial, reduce
from math import prod
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from amalthea.engines.jax.windows import MOST_VIEWS, Pairs, Sizes, pad_space, places, view, views


class Geometry(NamedTuple):
    """How a window moves: the arguments of a convolution that are not tensors."""

    strides: Sizes
    padding: Pairs
    dilation: Sizes
    groups: int
    input_dilation: Sizes


MOST_DEPTHWISE_VIEWS = 64
"""Depthwise convolutions gain so much that windows of 7 by 7 are worth their long programs."""

MOST_PHASES = 16
"""Beyond so many elements out for one in, a transposed convolution is left to XLA."""


def general(x: jax.Array, kernel: jax.Array, how: Geometry) -> jax.Array:
    """XLA's own.

    It reads past the ends of rows where low padding is negative (https://github.com/openxla/xla/issues/48713), which that of the
    gradient becomes where low padding exceeds the window. So low padding is done before, as far as it is not within the window.
    """
    reach = [step * (k - 1) for step, k in zip(how.dilation, kernel.shape, strict=False)]
    within = [min(max(low, 0), most) for (low, _), most in zip(how.padding, reach, strict=True)]
    before = tuple((low - kept, 0) for (low, _), kept in zip(how.padding, within, strict=True))
    if any(low for low, _ in before):
        x = pad_space(x, before, spread=how.input_dilation)
        padding = tuple((kept, high) for kept, (_, high) in zip(within, how.padding, strict=True))
        how = how._replace(padding=padding, input_dilation=(1,) * len(padding))
    space = "DHW"[-len(how.strides) :]
    return lax.conv_general_dilated(
        x,
        kernel,
        how.strides,
        how.padding,
        lhs_dilation=how.input_dilation,
        rhs_dilation=how.dilation,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
        feature_group_count=how.groups,
    )


def pointwise(x: jax.Array, kernel: jax.Array, how: Geometry) -> jax.Array:
    """A window of one element: a product of matrices."""
    x = pad_space(x, how.padding)
    _, x = next(views(x, (1,) * len(how.strides), how.strides))
    return (x.reshape(-1, x.shape[-1]) @ kernel.reshape(kernel.shape[-2:])).reshape(*x.shape[:-1], kernel.shape[-1])


def depthwise(x: jax.Array, kernel: jax.Array, how: Geometry) -> jax.Array:
    """One channel in for each filter: a sum of scaled views."""
    *window, _, filters = kernel.shape
    channels = x.shape[-1]
    kernel = kernel.reshape(*window, channels, filters // channels)
    seen = views(pad_space(x, how.padding), tuple(window), how.strides, how.dilation)
    y = reduce(jnp.add, (now[..., None] * kernel[position] for position, now in seen))
    return y.reshape(*y.shape[:-2], filters)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def few_channels(x: jax.Array, kernel: jax.Array, how: Geometry) -> jax.Array:
    """A sum of scaled views, each of one channel."""
    seen = views(pad_space(x, how.padding), kernel.shape[:-2], how.strides, how.dilation)
    terms = (now[..., c, None] * kernel[(*position, c)] for position, now in seen for c in range(x.shape[-1]))
    return reduce(jnp.add, terms)


@few_channels.defjvp
def _few_channels_jvp(how: Geometry, primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    # The way in which the tangent of the kernel is brought in is the way in which its gradient comes out.
    (x, kernel), (dx, dkernel) = primals, tangents
    return few_channels(x, kernel, how), general(dx, kernel, how) + _by_rows(x, dkernel, how)


def _by_rows(x: jax.Array, kernel: jax.Array, how: Geometry) -> jax.Array:
    """A sum of products of matrices: one for each position in the window but for its last axis, whose positions lie side by side."""
    *outer, width, channels, filters = kernel.shape
    x = pad_space(x, how.padding)
    axis = len(outer) + 1
    count = places(x.shape[axis], width, how.strides[-1], how.dilation[-1])
    rows = lax.concatenate([view(x, axis, at * how.dilation[-1], count, how.strides[-1]) for at in range(width)], axis + 1)
    kernel = kernel.reshape(*outer, width * channels, filters)
    seen = views(rows, (*outer, 1), (*how.strides[:-1], 1), (*how.dilation[:-1], 1))
    shape = (x.shape[0], *[places(*sizes) for sizes in zip(x.shape[1:axis], outer, how.strides, how.dilation, strict=False)], count, filters)
    return reduce(jnp.add, (now.reshape(-1, width * channels) @ kernel[position[:-1]] for position, now in seen)).reshape(shape)


def grouped(x: jax.Array, kernel: jax.Array, how: Geometry) -> jax.Array:
    """Group by group: the gradient of a grouped convolution is what XLA is slowest at."""
    alone = how._replace(groups=1)
    parts = zip(jnp.split(x, how.groups, -1), jnp.split(kernel, how.groups, -1), strict=True)
    return lax.concatenate([fastest(part, filters, alone) for part, filters in parts], x.ndim - 1)


def transposed(x: jax.Array, kernel: jax.Array, how: Geometry) -> jax.Array:
    """Phase by phase: each element out sees only some positions of the kernel, which are an ordinary convolution."""
    window, space = kernel.shape[:-2], range(len(how.strides))
    spread = how.input_dilation
    sizes = [
        places((n - 1) * step + 1 + low + high, k, 1) for n, step, k, (low, high) in zip(x.shape[1:-1], spread, window, how.padding, strict=True)
    ]
    counts = [-(-size // step) for size, step in zip(sizes, spread, strict=True)]
    phases = []
    for phase in itertools.product(*map(range, spread)):
        # Position t of the kernel meets an element of `x`, not a zero between two, where `phase + t - low` is a multiple of the step.
        first = [(low - at) % step for at, step, (low, _) in zip(phase, spread, how.padding, strict=True)]
        taps = kernel[tuple(slice(start, None, step) for start, step in zip(first, spread, strict=True))]
        if 0 in taps.shape[:-2]:
            phases.append(jnp.zeros((x.shape[0], *counts, kernel.shape[-1]), x.dtype))
            continue
        start = [(phase[i] + first[i] - how.padding[i][0]) // spread[i] for i in space]
        padding = tuple((-start[i], start[i] + counts[i] - 1 + taps.shape[i] - x.shape[i + 1]) for i in space)
        phases.append(fastest(x, taps, how._replace(padding=padding, input_dilation=(1,) * len(spread))))
    y = jnp.stack(phases).reshape(*spread, *phases[0].shape)
    rank = len(spread)
    mixed = itertools.chain(*((rank + 1 + i, i) for i in space))
    y = y.transpose(rank, *mixed, 2 * rank + 1).reshape(x.shape[0], *[n * step for n, step in zip(counts, spread, strict=True)], -1)
    return lax.slice(y, (0,) * y.ndim, (x.shape[0], *sizes, y.shape[-1]))


def fastest(x: jax.Array, kernel: jax.Array, how: Geometry) -> jax.Array:
    """The convolution, by the first rule that fits."""
    window, channels = kernel.shape[:-2], x.shape[-1]
    if prod(how.input_dilation) > 1:
        apt = how.groups == prod(how.strides) == prod(how.dilation) == 1 and prod(how.input_dilation) <= MOST_PHASES
        return (transposed if apt else general)(x, kernel, how)
    if how.groups == channels > 1 and prod(window) <= MOST_DEPTHWISE_VIEWS:
        return depthwise(x, kernel, how)
    if how.groups > 1:
        return grouped(x, kernel, how)
    if prod(window) == 1:
        return pointwise(x, kernel, how)
    if prod(window) * channels <= MOST_VIEWS:
        return few_channels(x, kernel, how)
    return general(x, kernel, how)


@partial(jax.jit, static_argnames=("how", "on_cpu"), inline=True)
def conv(x: jax.Array, kernel: jax.Array, how: Geometry, on_cpu: bool) -> jax.Array:
    """`Protocol.conv`."""
    return (fastest if on_cpu else general)(x, kernel, how)
