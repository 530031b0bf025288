"""The loop of an LSTM with a gradient of its own.

JAX's gradient of the loop adds the gradient of the recurrent kernel up step by step and splits gates inside of loops. Here the loop
back collects the gradients of the gates only, and one product at its end gives that of the kernel.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

States = tuple[jax.Array, jax.Array]


def _gates(x: jax.Array) -> list[jax.Array]:
    """i, f, new and o, from sums (batch, 4 * units): one tanh gives all of them, since sigmoid(x) = tanh(x / 2) / 2 + 1 / 2."""
    units = x.shape[-1] // 4
    scale = jnp.repeat(jnp.array([0.5, 0.5, 1.0, 0.5], x.dtype), units)
    return jnp.split(jnp.tanh(x * scale) * scale + (1 - scale), 4, -1)


def _step(recurrent: jax.Array, states: States, x: jax.Array) -> tuple[States, list[jax.Array], jax.Array]:
    """New states, the gates, and the tanh of the new memory."""
    h, c = states
    gates = _gates(x + h @ recurrent)
    i, f, new, o = gates
    c = f * c + i * new
    shown = jnp.tanh(c)
    return (o * shown, c), gates, shown


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def lstm(xs: jax.Array, states: States, recurrent: jax.Array, sequences: bool, unroll: int) -> tuple[jax.Array | None, States]:
    """All h (time, batch, units) if `sequences`, else None, and the last (h, c).

    Args:
        xs: the inputs times their kernel, plus the bias: (time, batch, 4 * units), gates i, f, new, o.
        states: the first h and c.
        recurrent: (units, 4 * units).
        sequences: whether all h are wanted.
        unroll: how many steps one turn of the loop takes.
    """

    def body(states: States, x: jax.Array) -> tuple[States, jax.Array | None]:
        states, _, _ = _step(recurrent, states, x)
        return states, states[0] if sequences else None

    states, hs = lax.scan(body, states, xs, unroll=unroll)
    return hs, states


def _forward(xs: jax.Array, states: States, recurrent: jax.Array, sequences: bool, unroll: int) -> tuple[Any, Any]:
    def body(states: States, x: jax.Array) -> tuple[States, Any]:
        after, gates, shown = _step(recurrent, states, x)
        return after, (states, gates, shown)

    last, kept = lax.scan(body, states, xs, unroll=unroll)
    (before, _), _, _ = kept
    hs = lax.concatenate([before[1:], last[0][None]], 0) if sequences else None
    return (hs, last), (kept, recurrent)


def _backward(sequences: bool, unroll: int, kept: Any, gradients: Any) -> tuple[jax.Array, States, jax.Array]:
    (((before, memories), gates, shown), recurrent), (dhs, dlast) = kept, gradients

    def body(carry: States, at: Any) -> tuple[States, jax.Array]:
        (dh, dc), (dout, c, (i, f, new, o), shown) = carry, at
        dh = dh if dout is None else dh + dout
        dc = dc + dh * o * (1 - shown * shown)
        di, df, do = dc * new * i * (1 - i), dc * c * f * (1 - f), dh * shown * o * (1 - o)
        dsums = lax.concatenate([di, df, dc * i * (1 - new * new), do], 1)
        return (dsums @ recurrent.T, dc * f), dsums

    states, dxs = lax.scan(body, dlast, (dhs, memories, gates, shown), reverse=True, unroll=unroll)
    return dxs, states, before.reshape(-1, before.shape[-1]).T @ dxs.reshape(-1, dxs.shape[-1])


lstm.defvjp(_forward, _backward)
