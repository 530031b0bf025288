"""What the JAX engine does in its own way for speed: convolutions, pooling, recurrences, dropout.

Each rule here was measured: docs/design/0002-jax-lowerings.md. Those that pay on CPUs only are chosen by the platform on which
computations run by default.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from amalthea.engines.derived import Engine
from amalthea.engines.jax import convolution, windows
from amalthea.engines.protocol import Scalar, Shape, Tensor

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def on_cpu() -> bool:
    """Whether what is computed now is computed by XLA's CPU backend, as far as one knows while tracing."""
    device: Any = jax.config.jax_default_device  # type: ignore[attr-defined]
    return (jax.default_backend() if device is None else getattr(device, "platform", device)) == "cpu"


@partial(jax.jit, static_argnames="shape", inline=True)
def random_bits(key: Tensor, shape: Shape) -> Tensor:
    """uint32: random bits, by mixing a counter with the key twice.

    The mixing is that of a hash (the constants are Wellons's, "hash-prospector", 2018). It is several times faster than the ciphers
    that `jax.random` draws from, and good enough to decide what to drop, but for nothing that must not be guessed.
    """
    bits = jnp.reshape(lax.iota(jnp.uint32, math.prod(shape)), shape)
    for word in key:
        bits = bits * jnp.uint32(0x9E3779B1) + word
        bits = (bits ^ (bits >> 16)) * jnp.uint32(0x7FEB352D)
        bits = (bits ^ (bits >> 15)) * jnp.uint32(0x846CA68B)
        bits = bits ^ (bits >> 16)
    return bits


@partial(jax.jit, static_argnames="shape", inline=True)
def _bernoulli(key: Tensor, probability: Tensor, shape: Shape) -> Tensor:
    return lax.convert_element_type(random_bits(key, shape) >> 8, jnp.float32) * 2.0**-24 < probability


class NN(Engine):
    """Mixed into the engine, before the plain translations."""

    def conv(self, x: Tensor, kernel: Tensor, strides: Sizes, padding: Pairs, dilation: Sizes, groups: int, input_dilation: Sizes) -> Tensor:
        return convolution.conv(x, kernel, convolution.Geometry(strides, padding, dilation, groups, input_dilation), on_cpu())

    def reduce_window(self, x: Tensor, how: str, window: Sizes, strides: Sizes, padding: Pairs) -> Tensor:
        return windows.reduce_window(x, how, window, strides, padding, on_cpu())

    def random_bernoulli(self, key: Tensor, probability: Scalar | Tensor, shape: Shape) -> Tensor:
        return _bernoulli(key, probability, shape)

    # Compiled once for calls that stand outside of a compiled function; inside it says nothing.
    _through_time = jax.jit(Engine._through_time, static_argnames=("self", "cell", "unroll", "sequences"), inline=True)
