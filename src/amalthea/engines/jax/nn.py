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
from amalthea.engines.jax import convolution, recurrence, windows
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


_lstm = jax.jit(recurrence.lstm, static_argnums=(3, 4), inline=True)
_gru = jax.jit(recurrence.gru, static_argnums=(4, 5, 6), inline=True)


class NN(Engine):
    """Mixed into the engine, before the plain translations."""

    def conv(self, x: Tensor, kernel: Tensor, strides: Sizes, padding: Pairs, dilation: Sizes, groups: int, input_dilation: Sizes) -> Tensor:
        return convolution.conv(x, kernel, convolution.Geometry(strides, padding, dilation, groups, input_dilation), on_cpu())

    def reduce_window(self, x: Tensor, how: str, window: Sizes, strides: Sizes, padding: Pairs) -> Tensor:
        return windows.reduce_window(x, how, window, strides, padding, on_cpu())

    def random_bernoulli(self, key: Tensor, probability: Scalar | Tensor, shape: Shape) -> Tensor:
        return _bernoulli(key, probability, shape)

    def lstm(
        self,
        x: Tensor,
        h: Tensor,
        c: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None,
        mask: Tensor | None = None,
        reverse: bool = False,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        if mask is not None:
            return super().lstm(x, h, c, kernel, recurrent_kernel, bias, mask, reverse, unroll, return_sequences, zero_output_for_mask)
        xs = self._projected(x, kernel, bias, reverse)
        hs, (h, c) = _lstm(xs, (h, c), recurrent_kernel, return_sequences, max(1, min(unroll, len(xs))))
        return (h if hs is None else jnp.swapaxes(hs, 0, 1)), h, c

    def gru(
        self,
        x: Tensor,
        h: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None,
        recurrent_bias: Tensor | None,
        mask: Tensor | None = None,
        reverse: bool = False,
        reset_after: bool = True,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Tensor, Tensor]:
        if mask is not None:
            return super().gru(
                x, h, kernel, recurrent_kernel, bias, recurrent_bias, mask, reverse, reset_after, unroll, return_sequences, zero_output_for_mask
            )
        xs = self._projected(x, kernel, bias, reverse)
        recurrent_bias = recurrent_bias if reset_after else None
        hs, h = _gru(xs, h, recurrent_kernel, recurrent_bias, reset_after, return_sequences, max(1, min(unroll, len(xs))))
        return (h if hs is None else jnp.swapaxes(hs, 0, 1)), h
